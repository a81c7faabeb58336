"""Which stages run here, on which partitions, and what do they stand on?

The worker sees a stage only through the protocols below, so that delivery can be tested with a stage of a few lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec
from aiokafka import AIOKafkaProducer

from detectors.engine.incoming import Effects, Incoming
from stream.tables import Pages, StateTable, Writes


class Stage(Protocol):
    """One keyed stage on one partition (`detectors.engine`)."""

    @property
    def stream_time(self) -> int | None:
        """Seconds of China time, None before the first message."""

    def take(self, role: str, batch: Sequence[Incoming]) -> Effects:
        """Apply records of the topic with that role."""

    def flush(self) -> Writes:
        """The pages that changed since the last flush; None for one that is gone."""


MOST_IN_FLIGHT = 32  # chunks that were taken and are not yet written: what a crash repeats is bounded

OpenStage = Callable[[str, int, Pages], Stage]


class Route(msgspec.Struct, frozen=True):
    """What is read where: the records of `topic` (full name) go to `stage` as `role`.

    ``comes_back``: from a later stage, beside the topic that the stage reads first (`stream.delivery`, "What comes back").
    """

    role: str
    topic: str
    stage: str
    comes_back: bool = False


class Part(msgspec.Struct, frozen=True, eq=False):
    """Records that were taken and whose effects are published; their pages are still to be written.

    ``take`` and ``publish`` are the seconds that these took.
    """

    batch: Sequence[Incoming]
    effects: Effects
    writes: Writes
    since_ms: int
    take: float
    publish: float


class Site:
    """A stage on its partition. Whoever delivers to it holds the lock: two topics may feed one stage.

    ``writer`` is the one producer that may write its pages: it was started before they were read, and so shut out the
    producer of whoever had them before.
    """

    def __init__(
        self,
        stage_name: str,
        partition: int,
        table: StateTable,
        pages: Pages,
        open_stage: OpenStage,
        writer: AIOKafkaProducer,
    ) -> None:
        self.stage_name = stage_name
        self.partition = partition
        self.table = table
        self.pages = pages
        self.writer = writer
        self.lock = asyncio.Lock()
        self.write_lock = asyncio.Lock()
        self.in_flight = asyncio.Semaphore(MOST_IN_FLIGHT)
        self.unwritten: list[Part] = []  # in the order in which they were taken
        self.written_at = 0.0  # monotonic
        self.write_seconds = 0.0  # that the last write took
        self.in_haste = asyncio.Event()  # pages must not wait for one another now
        self.came_back_at = 0.0  # monotonic; when something that came back was last taken
        self.is_level = False  # whatever a predecessor may have published has been taken again
        self._open = open_stage
        self.stage = self._opened()

    def _opened(self) -> Stage:
        return self._open(self.stage_name, self.partition, self.pages)

    def reopen(self) -> None:
        """Forget everything that was not flushed: the stage begins again from its saved pages."""
        self.stage = self._opened()


class Sites:
    """The stages of the partitions that this worker was given."""

    def __init__(self, routes: Iterable[Route], tables: Mapping[str, StateTable], open_stage: OpenStage) -> None:
        self.routes = {route.role: route for route in routes}
        self.tables = tables
        self._open = open_stage
        self._sites: dict[tuple[str, int], Site] = {}

    def at(self, role: str, partition: int) -> Site:
        """The stage that takes this role on this partition; `KeyError` when it is not ours."""
        return self._sites[self.routes[role].stage, partition]

    def wanted_for(self, assigned: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
        """The (stage, partition) pairs that an assignment of (topic, partition) pairs asks for."""
        stages: dict[str, set[str]] = {}
        for route in self.routes.values():
            stages.setdefault(route.topic, set()).add(route.stage)
        return {(stage, partition) for topic, partition in assigned for stage in stages.get(topic, ())}

    def stream_times(self, stage: str) -> dict[int, int | None]:
        """China time by partition of a stage, None where nothing came yet."""
        return {p: site.stage.stream_time for (name, p), site in self._sites.items() if name == stage}

    def stages(self) -> list[Stage]:
        """All stages that run here."""
        return [site.stage for site in self._sites.values()]

    def keep_only(self, kept: set[tuple[str, int]]) -> list[Site]:
        """Drop all other stages and their pages; the dropped sites, whose writers are the caller's to stop."""
        dropped = [self._sites.pop(place) for place in set(self._sites) - kept]
        for stage_name, table in self.tables.items():
            for partition in table.partitions_kept():
                if (stage_name, partition) not in kept:
                    table.forget(partition)
        return dropped

    def missing(self, wanted: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """Those of the pairs that have no stage yet."""
        return wanted - set(self._sites)

    def install(self, stage_name: str, partition: int, pages: Pages, writer: AIOKafkaProducer) -> Site:
        """Open a stage on restored pages."""
        table = self.tables[stage_name]
        table.adopt(partition, pages)
        site = self._sites[stage_name, partition] = Site(stage_name, partition, table, pages, self._open, writer)
        return site
