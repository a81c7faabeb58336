"""Does a changelog give back exactly the newest pages? (stream/restore.py)"""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition

from stream.outbox import Outbox, new_producer
from stream.restore import Restored, restore
from stream.settings import Settings
from stream.tables import Pages
from stream.topics import STATE_PERSON

Rows = list[tuple[bytes, bytes | None]]


async def _write_and_restore(settings: Settings, written: dict[int, Rows]) -> tuple[Restored | None, dict[int, Pages]]:
    topic = settings.topic(STATE_PERSON)
    producer = new_producer(settings)
    await producer.start()
    outbox = Outbox(producer)
    for partition, rows in written.items():
        outbox.add_all(topic, partition, rows)
    await outbox.delivered()
    await producer.stop()
    into: dict[TopicPartition, Pages] = {TopicPartition(topic, partition): {} for partition in written}
    restored = await restore(settings, into)
    return restored, {place.partition: pages for place, pages in into.items()}


def test_the_newest_page_of_a_key_comes_back_and_a_forgotten_one_does_not(kafka_topics: Settings) -> None:
    rows: Rows = [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"c", b"1"), (b"c", None), (b"c", b"3")]
    restored, pages = asyncio.run(_write_and_restore(kafka_topics, {0: rows, 1: [(b"a", b"other")]}))
    assert pages == {0: {b"a": b"2", b"c": b"3"}, 1: {b"a": b"other"}}
    assert restored is not None
    assert (restored.keys, restored.records) == (3, 8)


def test_an_empty_changelog_is_restored_at_once(kafka_topics: Settings) -> None:
    restored, pages = asyncio.run(_write_and_restore(kafka_topics, {0: [], 1: []}))
    assert restored is not None
    assert (restored.keys, pages) == (0, {0: {}, 1: {}})
    assert restored.seconds < 5


def test_a_restore_that_is_no_longer_wanted_gives_up(kafka_topics: Settings) -> None:
    async def scenario() -> Restored | None:
        await _write_and_restore(kafka_topics, {0: [(b"a", b"1")]})
        into: dict[TopicPartition, Pages] = {TopicPartition(kafka_topics.topic(STATE_PERSON), 0): {}}
        return await restore(kafka_topics, into, wanted=lambda: False)

    assert asyncio.run(scenario()) is None


@pytest.mark.bench
def test_restoring_reads_a_hundred_thousand_keys_a_second(kafka_topics: Settings) -> None:
    rows: dict[int, Rows] = {p: [(b"%010d" % n, b"x" * 300) for n in range(200_000)] for p in range(2)}
    restored, _ = asyncio.run(_write_and_restore(kafka_topics, rows))
    assert restored is not None
    print(f"\n{restored.keys:,} keys of 300 B in {restored.seconds:.2f} s: {restored.keys / restored.seconds:,.0f}/s")
    assert restored.keys / restored.seconds > 100_000
