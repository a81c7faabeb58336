"""What did an institution do and bill on one day? A page a day, upserted from its visits, told to its peers once it is closed.

A stay counts as an admission on the day on which it began, and with its bill on the day on which the patient left; an
outpatient visit or a purchase counts on the day of its first settlement that stands, and a settlement that was taken back on
the day on which that was done. What a visit has told stands on its own page, so a correction takes back exactly that.
"""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import ClassVar, Final

import msgspec

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY, HOUR
from schemas.peer_days import LARGEST, Cases, DayCounts

LATE: Final = 72 * HOUR  # after its end a day is closed (domain.md §3.2)
KEPT: Final = 75  # days; a visit is kept for 60 after its end, so most that is taken back finds its day
LOG_SCALE: Final = 1_000
REFUND: Final = "r"  # no case is of this kind
UNTIMED, BY_DAY, BY_NIGHT = range(3)
TESTED, TREATED, MEDICATED = 1, 2, 4


class Share(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a visit counts on one day; money in fen.

    ``kind`` is that of its cases, ``""`` for an admission, `REFUND` for settlements that were taken back on the day. ``hour`` is
    `BY_DAY`, `BY_NIGHT`, or `UNTIMED` where nothing says when it was served. ``given`` is what an outpatient was given, a sum of
    `TESTED`, `TREATED` and `MEDICATED`; 0 where his lines do not say, as of stays and sales.
    """

    day: int
    kind: str
    nights: int = 0
    total: int = 0
    own: int = 0
    fund: int = 0
    hour: int = UNTIMED
    refunds: int = 0
    given: int = 0


class ActivityPage(Page, kw_only=True):
    """One institution's day. ``told`` is the region in which its peers were told of it, None while they were not."""

    layout: ClassVar[int] = 3
    prefix: ClassVar[bytes] = b"y"

    institution: str
    day: int
    visits: int = 0
    admissions: int = 0
    discharges: int = 0
    nights: int = 0
    total: int = 0
    own: int = 0
    fund: int = 0
    timed: int = 0
    by_night: int = 0
    refunds: int = 0
    itemized: int = 0
    tested: int = 0
    treated: int = 0
    medicated: int = 0
    cases: dict[str, list[int]] = {}  # by kind: count, total, logs
    newest: int = 0  # inf_time of the newest message that changed it
    is_closed: bool = False
    told: str | None = None
    told_position: int = -1

    @property
    def closes_at(self) -> int:
        """Stream time at which it is told."""
        return (self.day + 1) * DAY + LATE

    @property
    def is_news(self) -> bool:
        """Whether its peers must hear of it."""
        return self.is_closed and (self.told is None or self.told_position != self.position)

    def count(self, share: Share, by: int) -> None:
        """Count a visit's share ``by`` +1 or -1."""
        if not share.kind:
            self.admissions += by
            return
        if share.kind == REFUND:
            self.refunds += by * share.refunds
            return
        if share.kind[0] == "s":
            self.discharges += by
            self.nights += by * share.nights
        else:
            self.visits += by
            if share.given:
                self._count_given(share.given, by)
        if share.total > 0:
            self.total += by * share.total
            self.own += by * share.own
            self.fund += by * share.fund
            if share.hour != UNTIMED:
                self.timed += by * share.total
                self.by_night += by * share.total * (share.hour == BY_NIGHT)
            self._count_case(share.kind, share.total, by)

    def _count_given(self, given: int, by: int) -> None:
        self.itemized += by
        self.tested += by * bool(given & TESTED)
        self.treated += by * bool(given & TREATED)
        self.medicated += by * bool(given & MEDICATED)

    def _count_case(self, kind: str, total: int, by: int) -> None:
        case = self.cases.get(kind)
        if case is None:
            case = self.cases[kind] = [0, 0, 0]
        case[0] += by
        case[1] += by * total
        case[2] += by * log_of(total)
        if not case[0]:
            del self.cases[kind]

    def counts(self) -> DayCounts:
        """As it is told."""
        row = (
            self.visits, self.admissions, self.discharges, self.nights, self.total, self.own, self.fund,
            self.timed, self.by_night, self.refunds, self.itemized, self.tested, self.treated, self.medicated,
        )  # fmt: skip
        return DayCounts(*(min(max(count, 0), LARGEST) for count in row))

    def told_cases(self) -> tuple[Cases, ...]:
        """In order of their kind."""
        return tuple(
            Cases(kind, *(min(max(count, 0), LARGEST) for count in case)) for kind, case in sorted(self.cases.items())
        )

    def next_change(self) -> int:
        """Its close."""
        return NEVER if self.is_closed else self.closes_at

    def advance(self, now: int) -> None:
        """Close it when it is due."""
        if now >= self.closes_at:
            self.is_closed = True

    def forgets_at(self) -> int:
        """When corrections no longer come."""
        return (self.day + KEPT) * DAY


@lru_cache(maxsize=65_536)
def log_of(total: int) -> int:
    """1,000 × the logarithm of an amount in fen, rounded."""
    return round(LOG_SCALE * log(total))


def activity_key(institution: str, day: int) -> bytes:
    """The key of its page."""
    return b"y%b\0%d" % (institution.encode(), day)
