"""What do the stages behind the first do alike? Their time is a watermark, and moves by marks alone.

The watermark is the least of the newest marks of all partitions before: so what is asked and told does not depend on how those
come in turn.
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors.engine.clock import BEGINNING, CLOCK_KEY, Watermark
from detectors.engine.compare import Cause
from detectors.engine.incoming import Incoming
from detectors.engine.marks import fault_of
from detectors.engine.stage import Stage
from schemas.returns import Elsewhere, RoseBeside
from schemas.snapshots import Mark


class LaterStage(Stage):
    """A stage that hears from all partitions of the stage before it; its kinds hold `Watermark`."""

    def _begin(self) -> None:
        self._watermark = self._pages.open(Watermark, CLOCK_KEY, Watermark)
        self._time = self._watermark.now(self._layout.partitions)  # asked for every message, so held

    def _now(self) -> int:
        return self._time

    def _moved_by(self) -> tuple[int, int]:
        return self._watermark.moved_by

    @property
    def newest_source_time(self) -> int | None:
        """The stream time of the source partition that is furthest; None before the first mark."""
        newest = self._watermark.newest()
        return None if newest == BEGINNING else newest

    def _take_mark(self, mark: Mark, role: str, record: Incoming) -> None:
        """Let time go as far as all sources have come, and wake what was due by then."""
        fault = fault_of(mark, self._layout.partitions, record.timestamp_ms)
        if fault is not None:
            self._park(self.name, fault, "not a mark of a stage of ours", role, record)
        elif self._watermark.post(mark):
            self._time = self._watermark.now(self._layout.partitions)
            self._keep_clock(self._watermark)
            self._fire_until(self._time, Cause(mark.partition, mark.offset, mark.time, "", "", mark.time))

    def _return_all(self, told: Iterable[Elsewhere | RoseBeside]) -> None:
        """What the pages of stays and items must know of what lies elsewhere."""
        for fact in told:
            self._return(fact.institution, fact)
