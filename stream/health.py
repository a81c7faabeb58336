"""Is the worker alive, that is: does it make progress, or is there nothing to do?

Every few seconds the ends of its partitions are asked for with a client of its own (the group's consumer may be the very
thing that has gone silent) and compared with what was processed. A partition that has something to do and has not moved
for a minute stops the worker, so that its orchestrator starts it again; so does a group that does not say who has which.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.errors import OperatorError
from stream.worker import Worker, group_less_consumer

STALL_SECONDS = 60.0
UNASSIGNED_SECONDS = 180.0  # a rebalance waits up to a minute for a member that has died with work in hand
LOOK_SECONDS = 2.0
Place = tuple[str, int]

log = logging.getLogger(__name__)


class Stalled(OperatorError):
    """The worker has work to do and does not do it.

    Operator action: start it again (an orchestrator does); if it stalls again, see the log and the broker.
    """


class _Look(NamedTuple):
    position: int
    since: float  # monotonic, when this position was first seen


class Progress:
    """Positions and lags of the assigned partitions, as of the last look."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._looks: dict[Place, _Look] = {}
        self._ready_at = clock()
        self.looked_at = clock()
        self.lags: dict[Place, int] = {}

    def look(self, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Compare positions (next offset to process) with ends; raises `Stalled`."""
        now = self.looked_at = self._ready_at = self._clock()
        self.lags = {place: max(end - positions[place], 0) for place, end in ends.items()}
        looks = {}
        for place, lag in self.lags.items():
            before = self._looks.get(place)
            if before is None or before.position != positions[place] or not lag:
                before = _Look(positions[place], now)
            looks[place] = before
        self._looks = looks
        for (topic, partition), look in looks.items():
            if now - look.since > STALL_SECONDS:
                raise Stalled(
                    f"{topic}/{partition} has stood at offset {look.position} for {now - look.since:.0f} s "
                    f"with {self.lags[topic, partition]} records to do",
                    "the worker ends so that it is started again",
                )

    def idle(self, has_answer: bool) -> None:
        """Nothing is assigned at this moment; raises `Stalled` when that lasts without an answer of the group. With one, state is
        being restored, or the group has more members than partitions, and this one stands by."""
        now = self.looked_at = self._clock()
        self._looks.clear()
        self.lags = {}
        if has_answer:
            self._ready_at = now
        elif now - self._ready_at > UNASSIGNED_SECONDS:
            raise Stalled(
                f"the group has not given out partitions for {now - self._ready_at:.0f} s",
                "see the log of the other workers and of the broker",
            )

    @property
    def is_alive(self) -> bool:
        """Somebody has looked lately, and did not find a stall."""
        return self._clock() - self.looked_at < STALL_SECONDS


async def watch_progress(worker: Worker, progress: Progress) -> None:
    """Look every few seconds, for ever. Raises `Stalled`."""
    consumer = await group_less_consumer(worker.settings)
    try:
        while True:
            places = worker.assigned()
            if places:
                ends, positions = await _ends(consumer, places), await _positions(worker, consumer, places)
                progress.look({place: positions.get(place, 0) for place in ends}, ends)
            else:
                progress.idle(worker.ownership.is_restoring or worker.is_ready)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await consumer.stop()


async def _ends(consumer: AIOKafkaConsumer, places: set[Place]) -> dict[Place, int]:
    ends = await consumer.end_offsets([TopicPartition(*place) for place in places])
    return {(place.topic, place.partition): end for place, end in ends.items()}


async def _positions(worker: Worker, consumer: AIOKafkaConsumer, places: set[Place]) -> dict[Place, int]:
    """What was processed, else what was committed, else the beginning."""
    known = {place: worker.processed_to(place) for place in places}
    unknown = [TopicPartition(*place) for place, offset in known.items() if offset is None]
    begins = await consumer.beginning_offsets(unknown) if unknown else {}
    begun = {(place.topic, place.partition): begin for place, begin in begins.items()}
    return {place: begun.get(place, 0) if offset is None else offset for place, offset in known.items()}
