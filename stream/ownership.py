"""What happens when partitions are given to this worker or taken from it?

After every rebalance, before anything is fetched: stages of partitions that went are dropped, those of new partitions are
restored from their changelogs. A partition that stayed keeps its stage only if this worker took part in the generation
before: a worker that was thrown out and came back may have had a successor in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaProducer, TopicPartition

from stream.outbox import new_producer
from stream.restore import Restored, restore
from stream.settings import Settings
from stream.stages import Sites
from stream.tables import Pages

log = logging.getLogger(__name__)


class Ownership:
    """Brings the stages in line with the assignment."""

    def __init__(self, settings: Settings, sites: Sites, generation: Callable[[], int]) -> None:
        self._settings = settings
        self._sites = sites
        self._generation = generation  # the group's, now
        self._held_in = -1  # generation in which the stages here were last ours
        self.is_settled = False
        self.is_restoring = False
        self.restored: dict[str, Restored] = {}

    def begin(self) -> None:
        """A rebalance has begun: until it ends nothing is ready."""
        self.is_settled = False

    async def take(self, assigned: Iterable[tuple[str, int]]) -> None:
        """Drop, restore and open stages. Does nothing more when another rebalance begins meanwhile: it will be called again."""
        generation = self._generation()
        wanted = self._sites.wanted_for(assigned)
        await _stop(site.writer for site in self._sites.keep_only(wanted if generation == self._held_in + 1 else set()))
        self.is_restoring = True
        try:
            for stage in sorted({stage for stage, _ in wanted}):
                partitions = {partition for name, partition in self._sites.missing(wanted) if name == stage}
                if not await self._restore(stage, partitions, generation):
                    return
        finally:
            self.is_restoring = False
        self._held_in = generation
        self.is_settled = True
        log.info("partitions assigned", extra={"generation": generation, "stages": len(wanted)})

    async def close(self) -> None:
        """Drop all stages and stop their writers."""
        await _stop(site.writer for site in self._sites.keep_only(set()))

    async def _writers(self, stage: str, partitions: Iterable[int]) -> dict[int, AIOKafkaProducer]:
        name = f"{self._settings.prefix}{self._settings.group}.{stage}"
        writers = {partition: new_producer(self._settings, f"{name}.{partition}") for partition in partitions}
        started = await asyncio.gather(*(writer.start() for writer in writers.values()), return_exceptions=True)
        failed = [error for error in started if isinstance(error, BaseException)]
        if failed:
            await _stop(writers.values())
            raise failed[0]
        return writers

    async def _restore(self, stage: str, partitions: set[int], generation: int) -> bool:
        topic = self._sites.tables[stage].changelog_topic_name
        pages: dict[TopicPartition, Pages] = {TopicPartition(topic, partition): {} for partition in sorted(partitions)}
        if not pages:
            return True
        # First shut out whoever had the pages, then read them: nothing can come behind what was read.
        writers = await self._writers(stage, partitions)
        try:
            restored = await restore(self._settings, pages, wanted=lambda: self._generation() == generation)
        except BaseException:
            await _stop(writers.values())
            raise
        if restored is None:
            await _stop(writers.values())
            return False
        for place, kept in pages.items():
            self._sites.install(stage, place.partition, kept, writers[place.partition])
        self.restored[stage] = restored
        log.info(
            "state restored",
            extra={
                "stage": stage,
                "partitions": len(pages),
                "keys": restored.keys,
                "seconds": round(restored.seconds, 3),
            },
        )
        return True


async def _stop(writers: Iterable[AIOKafkaProducer]) -> None:
    """Stop them all; one that was shut out meanwhile may complain, and has nothing left to lose."""
    for problem in await asyncio.gather(*(writer.stop() for writer in writers), return_exceptions=True):
        if isinstance(problem, Exception):
            log.info("a writer stopped with a complaint", extra={"error": type(problem).__name__})
