"""How far has time come? The stream time of a partition, and the watermark of a stage behind it.

Time is data (design.md, Time): stream time is the largest ``inf_time`` seen, and nothing here reads a clock. One sender's
wrong clock must not move everybody's time: a jump of more than a day on the word of one institution, while others of its
partition have spoken within that day, waits until a second institution says so too.
"""

from __future__ import annotations

from typing import ClassVar, Final

from detectors.engine.page import Page
from schemas.china_time import DAY
from schemas.snapshots import Mark

BEGINNING: Final = -0x7FFF_FFFF_FFFF_FFFF
CLOCK_KEY: Final = b"c"
LARGEST_STEP = DAY
PACE: Final = b"pace"  # the key of a mark by which a replay keeps its shards in step
_SPEAKERS_KEPT = 64  # enough to know that others spoke; a partition may hold thousands


class StreamClock(Page, kw_only=True):
    """The stream time of one partition of ``fund.transactions``, with who spoke lately and who wanted to jump."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"c"

    now: int = BEGINNING
    speakers: dict[str, int] = {}  # institution: newest inf_time that was believed
    doubted: dict[str, int] = {}  # institution: inf_time that was not

    def hear(self, institution: str, inf_time: int) -> bool:
        """Take one institution's word for the time; False where it was not believed (yet)."""
        if inf_time <= self.now:
            self._note(institution, inf_time)
            return True
        if inf_time <= self.now + LARGEST_STEP or not self._others_spoke(institution):
            self.now = inf_time
            self._note(institution, inf_time)
            return True
        self.doubted[institution] = inf_time
        if len(self.doubted) < 2:
            return False
        self.now = max(self.now, sorted(self.doubted.values())[-2])  # as far as two of them agree
        # From there all is believed that would be if it were said again: a message that comes twice must not move time.
        for name, time in sorted(self.doubted.items(), key=lambda one: (one[1], one[0])):
            if time <= self.now + LARGEST_STEP:
                self.now = max(self.now, time)
                self._note(name, time)
                del self.doubted[name]
        return institution not in self.doubted

    def hear_mark(self, time: int) -> None:
        """A time mark is the platform's own word."""
        self.now = max(self.now, time)

    def hear_pace(self, time: int) -> None:
        """Where all institutions together have come, said before every few records: who jumps from there is doubted."""
        self.now = max(self.now, time)
        self._note("", self.now)

    def _note(self, institution: str, inf_time: int) -> None:
        speakers = self.speakers
        if inf_time > speakers.get(institution, BEGINNING):
            speakers[institution] = inf_time
            if len(speakers) > _SPEAKERS_KEPT:
                newest = sorted(speakers.items(), key=lambda spoke: (-spoke[1], spoke[0]))
                self.speakers = dict(newest[: _SPEAKERS_KEPT // 2])

    def _others_spoke(self, institution: str) -> bool:
        since = self.now - LARGEST_STEP
        return any(time >= since and name != institution for name, time in self.speakers.items())


class Watermark(Page, kw_only=True):
    """The least of the newest marks of all source partitions; until each has sent one, time has not begun."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"c"

    marks: dict[int, int] = {}
    moved_by: tuple[int, int] = (0, 0)  # partition and offset of the transaction behind the newest mark

    def post(self, mark: Mark) -> bool:
        """Take a mark; whether it moved its source on."""
        if mark.time <= self.marks.get(mark.source_partition, BEGINNING):
            return False
        self.marks[mark.source_partition] = mark.time
        self.moved_by = mark.partition, mark.offset
        return True

    def newest(self) -> int:
        """How far the source that is furthest has come, `BEGINNING` before the first mark."""
        return max(self.marks.values(), default=BEGINNING)

    def now(self, source_partitions: int) -> int:
        """The watermark, `BEGINNING` while a source has not spoken."""
        if len(self.marks) < source_partitions:
            return BEGINNING
        return min(self.marks.values())
