"""How does a worker get back the pages of the partitions it was given?

A plain consumer without a group reads each changelog partition to the end that it had at the start, whole fetches at a
time: from where the store on disk ends, or from its beginning where that cannot be trusted. Newest record of a key wins,
an empty one is a tombstone. The previous owner cannot write any more when this begins: it was shut out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter, time
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.changelog import Changelog, why_whole
from stream.connection import aiokafka_options
from stream.errors import OperatorError
from stream.page_store import Header, PageStore
from stream.settings import Settings

FETCH_BYTES = 8 * 1024 * 1024
SILENCE_SECONDS = 60.0

log = logging.getLogger(__name__)


class RestoreStalled(OperatorError):
    """A changelog sends nothing more, and its end is not reached. Operator action: look at the broker's partitions."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore brought back: partitions in all and those read whole, pages there now (about), records read."""

    partitions: int
    whole: int
    keys: int
    records: int
    seconds: float

    def said(self) -> dict[str, object]:
        """The same for a line of the log."""
        return {**msgspec.structs.asdict(self), "seconds": round(self.seconds, 3)}


class _Filling:
    """A store that takes up what its changelog has beyond it."""

    def __init__(self, store: PageStore, changelog: Changelog, partition: int, begin: int, end: int) -> None:
        self._store = store
        self.end = end
        now_ms = int(time() * 1000)
        header = store.header
        why = why_whole(header, changelog, partition, begin, end, now_ms)
        self.is_whole = bool(why)
        if why:
            reason = store.why_empty or why
            log.info(
                "state is restored whole", extra={"topic": changelog.topic, "partition": partition, "reason": reason}
            )
            if header is not None:
                store.clear(why)
            header = Header(changelog.origin(partition), begin, now_ms)
        assert header is not None
        self._before = header
        self._began_ms = now_ms
        self.offset = header.offset

    def add(self, rows: Sequence[Any]) -> None:
        """Take up rows that follow what is there. Unlogged while all is read: twice as little is written to the disk."""
        self.offset = rows[-1].offset + 1
        header = msgspec.structs.replace(self._before, offset=self.offset)
        self._store.write({row.key: row.value for row in rows}.items(), header, is_logged=not self.is_whole)

    def finish(self) -> None:
        """All is there: no tombstone behind the end can have gone before this began."""
        header = msgspec.structs.replace(self._before, offset=max(self.offset, self.end), synced_ms=self._began_ms)
        if self.is_whole:
            self._store.flush()
        self._store.write((), header)


async def restore(
    settings: Settings,
    changelog: Changelog,
    stores: Mapping[int, PageStore],
    wanted: Callable[[], bool] = lambda: True,
) -> Restored | None:
    """Bring the stores of partitions up to the end of the changelog; None as soon as they are no longer `wanted`.

    What was taken up by then, or before an error, is kept and gone on from the next time. Raises `RestoreStalled`, aiokafka's
    `KafkaError` where the changelog cannot be read, and `StoreFailed` where the disk cannot be written.
    """
    started = perf_counter()
    consumer = AIOKafkaConsumer(
        group_id=None, enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        **aiokafka_options(settings),
    )  # fmt: skip
    await consumer.start()
    try:
        fillings = await _begun(consumer, changelog, stores)
        records = await _read_to_end(consumer, fillings, wanted)
    finally:
        await consumer.stop()
    if records is None:
        return None
    keys = sum(store.size()[0] for store in stores.values())
    whole = sum(filling.is_whole for filling in fillings.values())
    return Restored(len(stores), whole, keys, records, perf_counter() - started)


async def _begun(
    consumer: AIOKafkaConsumer, changelog: Changelog, stores: Mapping[int, PageStore]
) -> dict[TopicPartition, _Filling]:
    places = {TopicPartition(changelog.topic, partition): store for partition, store in stores.items()}
    consumer.assign(list(places))
    ends = await consumer.end_offsets(list(places))
    begins = await consumer.beginning_offsets(list(places))
    fillings = {}
    for place, store in places.items():
        fillings[place] = _Filling(store, changelog, place.partition, begins[place], ends[place])
        consumer.seek(place, fillings[place].offset)
    return fillings


async def _read_to_end(
    consumer: AIOKafkaConsumer, fillings: Mapping[TopicPartition, _Filling], wanted: Callable[[], bool]
) -> int | None:
    records, heard = 0, perf_counter()
    open_ones = set(fillings)
    while True:
        for place in [place for place in open_ones if await consumer.position(place) >= fillings[place].end]:
            fillings[place].finish()
            open_ones.remove(place)
        if not open_ones:
            return records
        if not wanted():
            return None
        fetched = await consumer.getmany(*open_ones, timeout_ms=500, max_records=50_000)
        for place, rows in fetched.items():
            fillings[place].add(rows)
            records += len(rows)
            await asyncio.sleep(0)  # health checks are answered between two fetches
        if fetched:
            heard = perf_counter()
        elif perf_counter() - heard > SILENCE_SECONDS:
            names = ", ".join(f"{place.topic}/{place.partition}" for place in sorted(open_ones))
            raise RestoreStalled(f"{names} sent nothing for {SILENCE_SECONDS:.0f} s", "look at the broker's partitions")
