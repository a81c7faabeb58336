"""How does a worker get back the pages of the partitions it was given?

A plain consumer without a group reads each changelog partition from its beginning to the end it had at the start, whole
fetches at a time. Newest record of a key wins, an empty one is a tombstone. The previous owner has stopped writing when
this begins: Kafka hands a partition on only after it has left the group, and it leaves with nothing in hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.connection import aiokafka_options
from stream.errors import OperatorError
from stream.settings import Settings
from stream.tables import Pages

FETCH_BYTES = 8 * 1024 * 1024
SILENCE_SECONDS = 60.0


class RestoreStalled(OperatorError):
    """A changelog sends nothing more, and its end is not reached. Operator action: look at the broker's partitions."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore brought back."""

    keys: int
    records: int
    seconds: float


async def restore(
    settings: Settings, into: Mapping[TopicPartition, Pages], wanted: Callable[[], bool] = lambda: True
) -> Restored | None:
    """Fill the pages of each changelog partition; None as soon as they are no longer `wanted`, half filled.

    Raises `RestoreStalled`, and aiokafka's `KafkaError` where a changelog cannot be read.
    """
    started = perf_counter()
    consumer = AIOKafkaConsumer(
        group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        **aiokafka_options(settings),
    )  # fmt: skip
    await consumer.start()
    try:
        records = await _read_to_end(consumer, into, wanted)
    finally:
        await consumer.stop()
    if records is None:
        return None
    return Restored(sum(map(len, into.values())), records, perf_counter() - started)


async def _read_to_end(
    consumer: AIOKafkaConsumer, into: Mapping[TopicPartition, Pages], wanted: Callable[[], bool]
) -> int | None:
    consumer.assign(list(into))
    ends = await consumer.end_offsets(list(into))
    starts = await consumer.beginning_offsets(list(into))
    open_ones = {place for place, end in ends.items() if end > starts[place]}
    records, heard = 0, perf_counter()
    while open_ones:
        if not wanted():
            return None
        fetched = await consumer.getmany(*open_ones, timeout_ms=500, max_records=50_000)
        for place, rows in fetched.items():
            _apply(into[place], rows)
            records += len(rows)
            await asyncio.sleep(0)  # health checks are answered between two fetches
        if fetched:
            heard = perf_counter()
        elif perf_counter() - heard > SILENCE_SECONDS:
            names = ", ".join(f"{place.topic}/{place.partition}" for place in sorted(open_ones))
            raise RestoreStalled(f"{names} sent nothing for {SILENCE_SECONDS:.0f} s", "look at the broker's partitions")
        open_ones = {place for place in open_ones if await consumer.position(place) < ends[place]}
    return records


def _apply(pages: Pages, rows: list[object]) -> None:
    for row in rows:
        key, value = row.key, row.value  # type: ignore[attr-defined]  # aiokafka has no types
        if value is None:
            pages.pop(key, None)
        else:
            pages[key] = value
