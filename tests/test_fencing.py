"""Can a worker that has lost its partitions still change their state? (stream/ownership.py, stream/tables.py)"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from aiokafka.errors import ProducerFenced

from stream import topics
from stream.outbox import Outbox, new_producer
from stream.settings import Settings
from tests.stores import restored

ID = "fund.fundwatch.institution.0"


async def _write(settings: Settings, producer: object, pages: dict[bytes, bytes | None]) -> None:
    outbox = Outbox(producer)
    outbox.add_all(settings.topic(topics.STATE_INSTITUTION), 0, pages.items())
    await outbox.delivered()


async def _restored(settings: Settings) -> dict[bytes, bytes]:
    """What a worker on another machine would find."""
    with tempfile.TemporaryDirectory() as folder:
        topic = settings.topic(topics.STATE_INSTITUTION)
        _, pages = await asyncio.wait_for(restored(settings, topic, Path(folder)), 30)
    return pages[0]


def test_who_was_shut_out_changes_nothing_any_more(kafka_topics: Settings) -> None:
    async def run() -> None:
        former, owner = new_producer(kafka_topics, ID), new_producer(kafka_topics, ID)
        await former.start()
        async with former.transaction():
            await _write(kafka_topics, former, {b"a": b"1", b"b": b"1"})
        await owner.start()
        async with owner.transaction():
            await _write(kafka_topics, owner, {b"a": b"2", b"b": None})
        with pytest.raises(ProducerFenced):
            async with former.transaction():
                await _write(kafka_topics, former, {b"a": b"late", b"c": b"late"})
        assert await _restored(kafka_topics) == {b"a": b"2"}
        await asyncio.gather(former.stop(), owner.stop(), return_exceptions=True)

    asyncio.run(run())


def test_of_a_write_that_was_cut_off_nothing_holds_once_another_has_started(kafka_topics: Settings) -> None:
    async def run() -> None:
        former, owner = new_producer(kafka_topics, ID), new_producer(kafka_topics, ID)
        await former.start()
        async with former.transaction():
            await _write(kafka_topics, former, {b"a": b"whole"})
        await former.begin_transaction()
        await _write(kafka_topics, former, {b"a": b"torn", b"b": b"torn"})  # acknowledged, not committed: killed here
        await owner.start()
        assert await _restored(kafka_topics) == {b"a": b"whole"}
        await asyncio.gather(former.stop(), owner.stop(), return_exceptions=True)

    asyncio.run(run())


def test_an_empty_changelog_and_one_that_ends_with_an_aborted_write_are_restored(kafka_topics: Settings) -> None:
    async def run() -> None:
        assert await _restored(kafka_topics) == {}
        producer = new_producer(kafka_topics, ID)
        await producer.start()
        await producer.begin_transaction()
        await _write(kafka_topics, producer, {b"a": b"aborted"})
        await producer.abort_transaction()
        assert await _restored(kafka_topics) == {}
        await producer.stop()

    asyncio.run(run())
