"""What happens when partitions are given to this worker or taken from it?

After every rebalance, before anything is fetched: stages of partitions that went are dropped, those of new partitions are
brought up to the end of their changelogs. A partition that stayed keeps its stage only if this worker took part in the generation
before: a worker that was thrown out and came back may have had a successor in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaProducer

from stream.changelog import Changelog, look_up
from stream.outbox import new_producer
from stream.restore import Restored, restore
from stream.settings import Settings
from stream.stages import Sites
from stream.store_room import Claim, StoreRoom
from stream.tables import Pages

log = logging.getLogger(__name__)


class Ownership:
    """Brings the stages in line with the assignment."""

    def __init__(self, settings: Settings, sites: Sites, generation: Callable[[], int]) -> None:
        self._settings = settings
        self._sites = sites
        self._generation = generation  # the group's, now
        self._room = StoreRoom(settings.data / "state")
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
            missing = self._sites.missing(wanted)
            changelogs = await self._changelogs({stage for stage, _ in missing})
            for stage, changelog in changelogs.items():
                partitions = {partition for name, partition in missing if name == stage}
                if not await self._restore(stage, changelog, partitions, generation):
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

    async def _changelogs(self, stages: set[str]) -> dict[str, Changelog]:
        topics = {stage: self._sites.tables[stage].changelog_topic_name for stage in sorted(stages)}
        found = await asyncio.to_thread(look_up, self._settings, topics.values()) if topics else {}
        return {stage: found[topic] for stage, topic in topics.items()}

    async def _claims(self, topic: str, partitions: Iterable[int]) -> dict[int, Claim]:
        claims = {partition: self._room.claim(topic, partition) for partition in partitions}
        claimed = await asyncio.gather(*claims.values(), return_exceptions=True)
        failed = [error for error in claimed if isinstance(error, BaseException)]
        if failed:
            _release(claim for claim in claimed if isinstance(claim, Claim))
            raise failed[0]
        return {partition: claim for partition, claim in zip(claims, claimed, strict=True) if isinstance(claim, Claim)}

    async def _restore(self, stage: str, changelog: Changelog, partitions: set[int], generation: int) -> bool:
        # First shut out whoever had the pages, then read them: nothing can come behind what was read.
        writers = await self._writers(stage, partitions)
        claims: dict[int, Claim] = {}
        restored = None

        def is_wanted() -> bool:
            return self._generation() == generation

        try:
            claims = await self._claims(changelog.topic, partitions)
            stores = {partition: claim.store for partition, claim in claims.items()}
            restored = await restore(self._settings, changelog, stores, is_wanted)
        finally:
            if restored is None or not is_wanted():  # who comes after us waits for these stores
                restored = None
                _release(claims.values())
                await _stop(writers.values())
        if restored is None:
            return False
        for partition, claim in claims.items():
            self._sites.install(stage, partition, Pages(claim), writers[partition])
        self.restored[stage] = restored
        log.info("state restored", extra={"stage": stage, **restored.said()})
        return True


def _release(claims: Iterable[Claim]) -> None:
    for claim in claims:
        claim.release()


async def _stop(writers: Iterable[AIOKafkaProducer]) -> None:
    """Stop them all; one that was shut out meanwhile may complain, and has nothing left to lose."""
    for problem in await asyncio.gather(*(writer.stop() for writer in writers), return_exceptions=True):
        if isinstance(problem, Exception):
            log.info("a writer stopped with a complaint", extra={"error": type(problem).__name__})
