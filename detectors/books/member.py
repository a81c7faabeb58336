"""What is known of one institution among its peers? Its closed days, and months as they were judged.

Three kinds of pages: the member's own, with a year of months; its days, a page a part of a month, so that a day that changes
takes back exactly what it was; and days that wait for the watermark, because their partition is ahead of others. So whatever
the partitions' speeds, days are counted, learned and judged in one order, that of time.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.books.peer_calendar import PARTS_OF_MONTH, first_day, month_of, parts_of
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.peer_days import Cases, DayCounts, InstitutionDay
from schemas.peer_items import ItemMonth

MONTHS_KEPT: Final = 14  # the same month of last year, and the one before it
DAYS_KEPT: Final = 110  # a day changes for 75; then two months can still be measured
MONTHS_ASKED: Final = (
    5  # whose days may change: when the fifth month after it begins, its last day lies 120 days back at least
)
FORGOTTEN: Final = (
    5 * 366
)  # days without a word: who has closed is not cleared by it (行政处罚法: what harms health, five years)
MOST_TOP: Final = 5
# Of a month's parts, each against those before it (`detectors.books.weeks_changed`): what only asking needs, by indicator.
OF_WEEKS: Final = {
    name: tuple(f"{name}_{number + 1}" for number in range(PARTS_OF_MONTH))
    for name in ("growth", "inpatient_share", "own_share", "cost_stays", "cost_visits")
}
NAMES_OF_WEEKS: Final = frozenset(name for names in OF_WEEKS.values() for name in names)
WEEKS_BEFORE: Final = 8  # parts of a month that one is held against
_MONTHS_BEFORE: Final = WEEKS_BEFORE // PARTS_OF_MONTH
_STANDS: Final = 0.8  # of its cases; with fewer a strange day is another day


class DayHeld(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The newest snapshot of a day, and the groups in whose norms its cases count."""

    offset: int
    counts: DayCounts
    cases: tuple[Cases, ...]
    groups: tuple[str, ...]


class DaysPage(Page, kw_only=True):
    """Days of a part of a month."""

    layout: ClassVar[int] = 3
    prefix: ClassVar[bytes] = b"D"

    last: int  # of the part's days
    days: dict[int, DayHeld] = {}

    def forgets_at(self) -> int:
        """When its days do not change any more."""
        return (self.last + DAYS_KEPT) * DAY


class WaitingPage(Page, kw_only=True):
    """Snapshots of a day, or of an item's month, that are ahead of the watermark, in the order in which they came."""

    layout: ClassVar[int] = 4
    prefix: ClassVar[bytes] = b"W"

    waiting: list[InstitutionDay | ItemMonth] = []

    def take_due(self, now: int) -> list[InstitutionDay | ItemMonth]:
        """Those whose time has come."""
        due = [one for one in self.waiting if one.time <= now]
        self.waiting = [one for one in self.waiting if one.time > now]
        return due

    def next_change(self) -> int:
        """When the first of them is due."""
        return min((one.time for one in self.waiting), default=NEVER)

    def forgets_at(self) -> int:
        """With the last of them."""
        return NEVER if self.waiting else 0


class Compared(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One indicator beside those of the peers, in its own scale (`detectors.books.indicators`).

    ``low`` and ``high`` bound what is usual, ``deviation`` is the distance from ``expected`` in standard deviations, among
    ``peers`` others of ``group``.
    """

    value: float
    expected: float
    low: float
    high: float
    deviation: float
    group: str
    peers: int
    noise: float = 0.0  # standard deviation that chance alone gives the distance, anew every month; 0: not known


class CaseMix(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Settled cases of a month: what they cost, what the same cases cost the peers (fen), and the mean logarithm of the
    quotient; ``ratio`` None where the peers have no such cases. ``top``: the diagnoses that make most of the excess, each with
    its cases, cost and expected cost. ``strange``: the share of the cost that lies in diagnoses beyond twice what they are of
    the peers' cost. Cases of which the peers have none are left out of the rest."""

    count: int = 0
    total: int = 0
    expected: int = 0
    ratio: float | None = None
    top: tuple[tuple[str, int, int, int], ...] = ()
    strange: float = 0.0
    noise: float = 0.0  # standard deviation that chance alone gives the mean

    def without_top(self) -> CaseMix:
        """Without what only a text about a month tells."""
        return msgspec.structs.replace(self, top=())


class Strange(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A day whose vector was strange to its peers' model: score and limit, and the indicators that set it apart, with how far
    they lie from the middle (-1 to 1). ``size`` are its cases as it was scored."""

    score: float
    limit: float
    size: int
    apart: tuple[tuple[str, float], ...]


class OddDay(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A day far from the institution's own others by one number (`detectors.books.odd_days`): ``part`` of the ``whole`` is visits
    of a day, fen by night of those that say when, settlements taken back of all, outpatients tested, treated or given drugs of
    those whose lines say. ``usual`` is the part of one; ``busiest`` the
    most visits of a day before; ``fund`` what the fund paid on it (fen)."""

    name: str
    part: int
    whole: int
    usual: float
    busiest: int
    fund: int

    @property
    def expected(self) -> float:
        """What of such a day is usual."""
        return self.usual * self.whole


class Week(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A part of a month, over the ``days`` on which the institution was known: what the fund paid (fen), for so many cases that
    were settled, with the standard deviation ``noise`` that chance alone gives its logarithm; who was admitted, who came as
    outpatients or customers; the bills and what of them lay outside of the catalogue (fen); what the cases cost beside the
    peers'."""

    days: int
    fund: int
    cases: int
    noise: float
    admissions: int = 0
    visits: int = 0
    total: int = 0
    own: int = 0
    of_stays: CaseMix = CaseMix()
    of_visits: CaseMix = CaseMix()


class Month(msgspec.Struct, array_like=True, gc=False):
    """A month as it was last measured: by its days up to ``through``, on ``active`` of which the institution was known."""

    through: int
    active: int
    counts: DayCounts
    stays: CaseMix
    visits: CaseMix
    bins: dict[str, int] = {}  # what it counts as in its groups, by indicator
    groups: tuple[str, ...] = ()
    seen: dict[str, Compared] = {}
    strange: int = 0  # days of it that were; counted when nothing asks any more which
    sizes: dict[
        int, int
    ] = {}  # what its items are measured by, as it counts in its groups (`detectors.books.item_bins`)
    noise: float = 0.0  # standard deviation that chance alone gives the logarithm of what was paid
    weeks: tuple[Week, ...] = ()  # its parts that have closed

    def settle(self, strange: int) -> None:
        """Keep what later months are held against, and nothing that only a comparison needs."""
        self.stays, self.visits = self.stays.without_top(), self.visits.without_top()
        self.bins, self.groups, self.sizes = {}, (), {}
        self.seen = {name: seen for name, seen in self.seen.items() if name not in NAMES_OF_WEEKS}
        self.strange += strange


class Past(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What months that are forgotten have come to: sums (`detectors.books.among_peers`)."""

    first: int = NEVER  # the first of them
    cases: int = 0  # whose cost was compared …
    logs: float = 0.0  # … and the sum of how far their logarithms lay above what was expected
    spending: float = 0.0  # deviations
    inpatient: float = 0.0
    own_expense: float = 0.0
    growth: float = 0.0  # the largest
    strange: int = 0  # days …
    scored: int = 0  # … of so many
    fund: int = 0  # fen
    excess_cost: int = 0
    group: str = ""  # the widest that it was held against
    chance: float = 0.0  # variance that chance alone gives ``logs``
    apart: float = 0.0  # sum over the cases of the variance among honest peers


class MemberPage(Page, kw_only=True):
    """One institution among its peers."""

    layout: ClassVar[int] = 9
    prefix: ClassVar[bytes] = b"M"
    has_model: ClassVar[bool] = True  # that of its group

    institution: str
    region: str
    newest_day: int = 0
    measure_at: int = NEVER
    compare_at: int = NEVER
    months: dict[int, Month] = {}
    past: Past = Past()
    habits: dict[str, float] = {}  # its own usual day, by count
    learned_days: int = 0
    lately: dict[str, float] = {}  # its days' vectors, averaged with those before (`detectors.books.profile`)
    scored_days: dict[int, int] = {}  # by month
    strange: dict[int, Strange] = {}  # by day
    odd: dict[int, tuple[OddDay, ...]] = {}  # by day
    model_group: str = ""  # whose model scores its days: the narrowest that has members enough; "": all of the region's
    is_profiled: bool = False  # its group's model has learned enough

    def next_change(self) -> int:
        """When it is measured or compared."""
        return min(self.measure_at, self.compare_at)

    def forgets_at(self) -> int:
        """Years after its last day."""
        return (self.newest_day + FORGOTTEN) * DAY

    def kept_from(self) -> int:
        """What was said of a month whose days do not change any more is final."""
        return first_day(self.asked_from()) * DAY

    def asked_from(self) -> int:
        """The oldest month that rules are asked about; those before it are history."""
        return month_of(self.newest_day) - MONTHS_ASKED + 1

    def take_back(self, day: int, counts: DayCounts) -> None:
        """The day has changed since it was scored: one of which much was taken back is no longer strange."""
        held = self.strange.get(day)
        if held is not None and counts.visits + counts.admissions + counts.discharges < _STANDS * held.size:
            del self.strange[day]

    def forget_months(self) -> list[tuple[int, Month, int]]:
        """Keep a year, and of months that are final little; which months are forgotten, with their scored days."""
        begin = first_day(self.asked_from())
        strange = [month_of(day) for day in self.strange if day < begin]
        self.strange = {day: one for day, one in self.strange.items() if day >= begin}
        self.odd = {day: found for day, found in self.odd.items() if day >= begin}
        for month, known in self.months.items():
            if month < self.asked_from():
                known.settle(strange.count(month))
            if month < self.asked_from() - _MONTHS_BEFORE:
                known.weeks = ()
        oldest = month_of(self.newest_day) - MONTHS_KEPT + 1
        gone = [(month, self.months.pop(month)) for month in sorted(self.months) if month < oldest]
        return [(month, known, self.scored_days.pop(month, 0)) for month, known in gone]

    def strange_days(self) -> int:
        """How many were strange of those that are scored (`scored_days`)."""
        return len(self.strange) + sum(known.strange for known in self.months.values())


def member_key(region: str, institution: str) -> bytes:
    """The key of its page."""
    return f"M{region}\0{institution}".encode()


def days_key(region: str, institution: str, part: int) -> bytes:
    """The key of its days of a part of a month."""
    return f"D{region}\0{institution}\0{part}".encode()


def waiting_key(region: str, institution: str, day: int) -> bytes:
    """The key of what waits of a day."""
    return f"W{region}\0{institution}\0{day}".encode()


def days_keys(region: str, institution: str, month: int) -> list[bytes]:
    """The keys of all its days of a month."""
    return [days_key(region, institution, part) for part in parts_of(month)]
