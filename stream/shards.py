"""What does one process do of a block? Its shards' institutions: what came back to them, then their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from detectors.engine import graph
from detectors.engine.incoming import Effects, Incoming
from detectors.engine.rule import References, Rule
from detectors.engine.stage import FIRST, Stage
from stream.pipeline import RETURNS, flush, write
from stream.process_usage import Usage
from stream.visit_courses import Courses

Store = dict[bytes, bytes]


class Share(msgspec.Struct, frozen=True, array_like=True):
    """A shard's share of a block: what later stages returned, then records."""

    shard: int
    returned: Sequence[Incoming]
    records: Sequence[Incoming]


class Front(Protocol):
    """The first stages of all shards, here or in other processes. Blocks are sent, and answered in the same order."""

    def send(self, shares: Sequence[Share]) -> None:
        """Begin with a block, one share a shard, in order."""

    def receive(self) -> list[Effects]:
        """What the block that was sent first and not yet answered has brought about, by shard."""

    def saved(self) -> dict[int, Store]:
        """Every page of every shard, saved; nothing may be unanswered."""

    def courses(self, visits: Sequence[tuple[int, str, str]]) -> Courses:
        """The course of visits (shard, institution, visit), as far as they are known."""

    def stages(self) -> list[Stage]:
        """Those of the stages that are in this process."""

    def usage(self) -> list[Usage]:
        """What each other process has used."""

    def close(self) -> None:
        """It is not used any more."""


class Shards:
    """The first stages of some of the shards, in this process."""

    def __init__(
        self, shards: Iterable[int], total: int, rules: Sequence[Rule[Any]], references: References,
        clock: Callable[[], int] | None = None, stores: dict[int, Store] | None = None, with_courses: bool = False,
    ) -> None:  # fmt: skip
        self.stores: dict[int, Store] = {shard: (stores or {}).get(shard, {}) for shard in shards}
        self._stages = {
            shard: graph.open_stage(FIRST, shard, total, store, references, rules, clock)
            for shard, store in self.stores.items()
        }
        for shard, stage in self._stages.items():
            if self.stores[shard]:
                stage.resume()
        self._courses = Courses() if with_courses else None
        self._answers: list[list[Effects]] = []

    def run(self, shares: Sequence[Share]) -> list[Effects]:
        """What they bring about, one by one."""
        return [self._run(share) for share in shares]

    def _run(self, share: Share) -> Effects:
        stage = self._stages[share.shard]
        effects = Effects()
        for role, records in ((RETURNS, share.returned), ("transactions", share.records)):
            if records:
                _add(effects, stage.take(role, records))
        if self._courses is not None:
            for alert in (*effects.alerts, *effects.trials):
                self._courses.keep(stage.pages, alert)
        flush(stage, self.stores[share.shard])
        return effects

    # -- a front of its own -----------------------------------------------------------------------------------------

    def send(self, shares: Sequence[Share]) -> None:
        """See `Front`."""
        self._answers.append(self.run(shares))

    def receive(self) -> list[Effects]:
        """See `Front`."""
        return self._answers.pop(0)

    def saved(self) -> dict[int, Store]:
        """See `Front`."""
        for shard, stage in self._stages.items():
            write(stage, self.stores[shard])
        return self.stores

    def courses(self, visits: Sequence[tuple[int, str, str]]) -> Courses:
        """See `Front`."""
        found = Courses()
        for shard, institution, visit in visits:
            found.look(self._stages[shard].pages, institution, visit, self._courses)
        return found

    def stages(self) -> list[Stage]:
        """See `Front`."""
        return list(self._stages.values())

    def usage(self) -> list[Usage]:
        """See `Front`."""
        return []

    def close(self) -> None:
        """See `Front`."""


def _add(effects: Effects, more: Effects) -> None:
    effects.alerts += more.alerts
    effects.trials += more.trials
    effects.forwards += more.forwards
    effects.dead_letters += more.dead_letters
    effects.counts.update(more.counts)
    effects.mark = more.mark if more.mark is not None else effects.mark
