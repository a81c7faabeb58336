"""Does a changelog give back exactly the newest pages, and a store on disk only need its tail? (stream/restore.py)"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from stream.changelog import look_up
from stream.connection import administration
from stream.outbox import Outbox, new_producer
from stream.page_store import PageStore
from stream.restore import restore
from stream.settings import Settings
from stream.store_memory import StoreMemory
from stream.topics import STATE_PERSON
from tests.stores import restored
from tests.toy_runs import wait_until

Rows = list[tuple[bytes, bytes | None]]


async def _write(settings: Settings, written: dict[int, Rows]) -> None:
    producer = new_producer(settings)
    await producer.start()
    outbox = Outbox(producer)
    for partition, rows in written.items():
        outbox.add_all(settings.topic(STATE_PERSON), partition, rows)
    await outbox.delivered()
    await producer.stop()


def _restored(settings: Settings, folder: Path, *partitions: int) -> tuple[int, int, dict[int, dict[bytes, bytes]]]:
    """Partitions read whole, records read, and what is there then."""
    result, pages = asyncio.run(restored(settings, settings.topic(STATE_PERSON), folder, partitions))
    return result.whole, result.records, pages


def _created(admin: KafkaAdminClient, topic: str) -> bool:
    try:
        admin.create_topics({topic: {"num_partitions": 2}})
    except TopicAlreadyExistsError:
        return False
    return True


def test_the_newest_page_of_a_key_comes_back_and_a_forgotten_one_does_not(
    kafka_topics: Settings, tmp_path: Path
) -> None:
    rows: Rows = [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"c", b"1"), (b"c", None), (b"c", b"3")]
    asyncio.run(_write(kafka_topics, {0: rows, 1: [(b"a", b"other")]}))
    pages = {0: {b"a": b"2", b"c": b"3"}, 1: {b"a": b"other"}}
    assert _restored(kafka_topics, tmp_path, 0, 1) == (2, 8, pages)


def test_an_empty_changelog_is_restored_at_once(kafka_topics: Settings, tmp_path: Path) -> None:
    assert _restored(kafka_topics, tmp_path, 0, 1) == (2, 0, {0: {}, 1: {}})
    assert _restored(kafka_topics, tmp_path, 0, 1) == (0, 0, {0: {}, 1: {}})


def test_a_store_that_is_there_needs_only_what_came_after_it(kafka_topics: Settings, tmp_path: Path) -> None:
    asyncio.run(_write(kafka_topics, {0: [(b"a", b"1"), (b"b", b"1"), (b"c", b"1")]}))
    assert _restored(kafka_topics, tmp_path, 0)[1] == 3
    assert _restored(kafka_topics, tmp_path, 0) == (0, 0, {0: {b"a": b"1", b"b": b"1", b"c": b"1"}})
    asyncio.run(_write(kafka_topics, {0: [(b"b", None), (b"c", b"2")]}))
    assert _restored(kafka_topics, tmp_path, 0) == (0, 2, {0: {b"a": b"1", b"c": b"2"}})


def test_a_restore_that_is_cut_off_goes_on_where_it_was(kafka_topics: Settings, tmp_path: Path) -> None:
    """A rebalance in its midst; after a kill it is the same, but for what was not yet in files."""
    values = [b"%d" % number * 500 for number in range(2)]
    for value in values:
        asyncio.run(_write(kafka_topics, {p: [(b"%06d" % n, value) for n in range(30_000)] for p in range(2)}))
    store = {partition: PageStore(tmp_path / str(partition), StoreMemory()) for partition in range(2)}
    asked = iter([True, True, False])
    topic = kafka_topics.topic(STATE_PERSON)
    changelog = look_up(kafka_topics, [topic])[topic]
    assert asyncio.run(restore(kafka_topics, changelog, store, lambda: next(asked))) is None
    for half_filled in store.values():
        half_filled.close()
    whole, records, pages = _restored(kafka_topics, tmp_path, 0, 1)
    assert whole < 2
    assert 0 < records < 120_000
    assert [len(kept) for kept in pages.values()] == [30_000, 30_000]
    assert {page for kept in pages.values() for page in kept.values()} == {values[1]}


def test_a_changelog_that_was_made_anew_is_read_whole(kafka_topics: Settings, tmp_path: Path) -> None:
    topic = kafka_topics.topic(STATE_PERSON)
    asyncio.run(_write(kafka_topics, {0: [(b"old", b"1")]}))
    assert _restored(kafka_topics, tmp_path, 0)[2] == {0: {b"old": b"1"}}
    with administration(kafka_topics) as admin:
        before = look_up(kafka_topics, [topic])[topic]
        admin.delete_topics([topic])
        wait_until(lambda: _created(admin, topic), 30, "the topic gone, and there again")
        admin.wait_for_topics([topic])
    assert look_up(kafka_topics, [topic])[topic].topic_id != before.topic_id
    asyncio.run(_write(kafka_topics, {0: [(b"new", b"1"), (b"new", b"2")]}))
    assert _restored(kafka_topics, tmp_path, 0) == (1, 2, {0: {b"new": b"2"}})


def test_a_store_that_is_older_than_its_tombstones_is_restored_whole(kafka_topics: Settings, tmp_path: Path) -> None:
    """The tombstone that would have told of `gone` may have been compacted away."""
    asyncio.run(_write(kafka_topics, {0: [(b"gone", b"1"), (b"gone", None), (b"here", b"1")]}))
    _restored(kafka_topics, tmp_path, 0)
    store = PageStore(tmp_path / "0", StoreMemory())
    assert store.header is not None
    topic = kafka_topics.topic(STATE_PERSON)
    half_a_day = look_up(kafka_topics, [topic])[topic].tombstones_ms // 2
    old = msgspec.structs.replace(store.header, synced_ms=store.header.synced_ms - half_a_day - 60_000)
    store.write([(b"gone", b"1")], old)
    store.close()
    assert _restored(kafka_topics, tmp_path, 0) == (1, 3, {0: {b"here": b"1"}})


def test_a_store_behind_the_end_of_its_changelog_is_restored_whole(kafka_topics: Settings, tmp_path: Path) -> None:
    asyncio.run(_write(kafka_topics, {0: [(b"here", b"1")]}))
    _restored(kafka_topics, tmp_path, 0)
    store = PageStore(tmp_path / "0", StoreMemory())
    assert store.header is not None
    store.write([(b"lost", b"1")], msgspec.structs.replace(store.header, offset=900))
    store.close()
    assert _restored(kafka_topics, tmp_path, 0) == (1, 1, {0: {b"here": b"1"}})


@pytest.mark.bench
def test_restoring_reads_a_hundred_thousand_keys_a_second(kafka_topics: Settings, tmp_path: Path) -> None:
    rows: dict[int, Rows] = {p: [(b"%010d" % n, b"x" * 300) for n in range(200_000)] for p in range(2)}
    asyncio.run(_write(kafka_topics, rows))
    result, _ = asyncio.run(restored(kafka_topics, kafka_topics.topic(STATE_PERSON), tmp_path, (0, 1)))
    rate = result.records / result.seconds
    print(f"\n{result.records:,} keys of 300 B in {result.seconds:.2f} s: {rate:,.0f}/s")
    assert rate > 100_000
