"""How many were admitted to an institution, day by day and at which hours, and what was to be expected?

One page an institution. Admissions are counted by the day that their visit's page now gives them, and learned by the same
baseline as an item's volumes (`detectors.books.item_days`): weekdays, Spring Festival, closed days only, what a day should
bring fixed before it comes. Newborns and day surgery, which comes by the list, are no admissions here.

Of these, who *could have waited* is counted apart: nothing explains that many of them come at once, as contagion, accidents,
births or a full hospital next door explain the others (`detectors.books.arrivals_habit`). Of a day that is more than ordinary
they are kept, each as its visit's page tells it; of other days only numbers, and for `REMEMBERED` days who came.

*Colds* are between the two: an outbreak explains them, but an outbreak has others in the week before. So they are counted by
day, and those of a day are held against the days before it (`ArrivalsPage.colds_expected`), not against a habit. Strokes, failing
hearts and the like cannot wait, but come one by one (*singly*): with those who could have waited they are held against all
that the institution usually admits.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import ClassVar, Final, NamedTuple

import msgspec

from detectors.books.arrivals_habit import BIN, BINS, Besides, Habit, Habits
from detectors.books.item_days import FORGOTTEN, ItemDays
from detectors.books.kept_days import LAG
from detectors.books.volumes import VolumeDelta
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import Reference

REMEMBERED: Final = 3  # days, today among them, of which it is known who came
MOST_REMEMBERED: Final = 120  # of a day, the newest
LEAST: Final = 5  # rules.md; no rule may ask for fewer
SCREEN: Final = 1e-3  # no rule may ask for what is more probable
AHEAD: Final = 3  # days
BY_NEED, COULD_WAIT, COLD, SINGLY = 0, 1, 2, 3  # kinds of arrivals (`detectors.books.arrivals_following`)
_WAITING: Final = frozenset({COULD_WAIT})
_WITH_COLDS: Final = _WAITING | {COLD}
_WITH_SINGLY: Final = _WAITING | {SINGLY}
ALL_COUNTED: Final = _WITH_COLDS | _WITH_SINGLY
_WEEK: Final = 7  # days before a day by which its colds are judged
_LEAST_LEARNED: Final = 5  # closed days with its first admission on
_A_WEEK: Final = 0.5  # colds that are expected where there were none
_SIGMAS: Final = 2.5  # a count skewed to the right is this far above its mean more often than one in a thousand


class Arrival(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Somebody who came, but not by need that strikes together. ``scope``: fen, once the stay ended or was settled."""

    visit: str
    person: str
    begin: int
    diagnosis: str
    department: str
    end: int | None
    scope: int
    admission: Reference | None
    kind: int


class Day(msgspec.Struct, array_like=True, gc=False):
    """A day that may still be learned, or that is notable: how many who could have waited came, by half hour.

    ``colds`` and ``singly`` likewise, empty where none came. ``visits``: who of these, while it is remembered; ``arrivals`` and
    ``habit``: of a notable day.
    """

    bins: list[int]
    visits: list[str] = []
    arrivals: dict[str, Arrival] = {}
    habit: Habit | None = None
    colds: list[int] = []
    singly: list[int] = []

    def bins_of(self, kind: int) -> list[int]:
        """By half hour, how many of that kind came; empty where none did, but for who could have waited."""
        return self.colds if kind == COLD else self.singly if kind == SINGLY else self.bins

    def count(self, kind: int, index: int, by: int) -> None:
        """One more of that kind in a half hour, or one less."""
        if kind == COLD and not self.colds:
            self.colds = [0] * BINS
        if kind == SINGLY and not self.singly:
            self.singly = [0] * BINS
        bins = self.bins_of(kind)
        bins[index] = max(bins[index] + by, 0)

    def came(self, kinds: frozenset[int]) -> int:
        """How many of these kinds."""
        return sum([sum(self.bins_of(kind)) for kind in kinds])


class Way(NamedTuple):
    """One way to count a day: which kinds together, by half hour."""

    kinds: frozenset[int]
    bins: list[int]


class ArrivalsPage(Page, kw_only=True):
    """One institution's admissions."""

    layout: ClassVar[int] = 7
    prefix: ClassVar[bytes] = b"a"
    has_model: ClassVar[bool] = True

    institution: str
    days: ItemDays = msgspec.field(default_factory=ItemDays)
    recent: dict[int, Day] = {}
    turned: int = -1  # the day up to which days were learned, and weeks begun
    habits: Habits = msgspec.field(default_factory=Habits)
    colds: dict[int, int] = {}  # by day, as far as days are kept
    heard: int = NEVER  # the day on which the institution was first heard of

    # -- time -------------------------------------------------------------------------------------------------------

    def turn(self, today: int) -> None:
        """The day is ``today`` now: learn the days that are closed, forget who came when it is too long ago."""
        self.days.turn(today)
        if self.turned < 0 or today - self.turned > FORGOTTEN:
            self.turned = today
            self.habits.begin(today // 7)
        if today <= self.turned:
            return
        for day in range(self.turned + 1, today + 1):
            self._learn(day - LAG)
            if day % 7 == 0:
                self.habits.begin_week(day // 7)
        self.turned = today
        for day, known in list(self.recent.items()):
            if day <= today - REMEMBERED:
                known.visits = []
            if day < self.days.first_day or (day <= today - LAG and not known.arrivals):
                del self.recent[day]
        oldest = self.days.first_day - _WEEK
        if self.colds and min(self.colds) < oldest:
            self.colds = {day: count for day, count in self.colds.items() if day >= oldest}

    def _learn(self, day: int) -> None:
        known, expected = self.recent.get(day), self.days.expected(day)
        bins = None if known is None else known.bins
        is_crowd = known is not None and bool(known.arrivals)
        self.habits.learn(day, self.count(day), bins, None if expected is None else expected.mean, is_crowd=is_crowd)

    def advance(self, now: int) -> None:
        """Close the days that are due."""
        if now // DAY > self.days.today >= 0:
            self.turn(now // DAY)

    def take_judged(self) -> tuple[int, int]:
        """Days since this was last asked, and how many of them lay above their band."""
        return self.days.take_judged()

    def next_change(self) -> int:
        """When the page is forgotten: what time does to it is done when it is next looked at, and comes to the same."""
        return self.forgets_at()

    def forgets_at(self) -> int:
        """After `FORGOTTEN` days without an admission."""
        active_day = self.days.active_day
        return NEVER if active_day < 0 else (active_day + FORGOTTEN) * DAY

    def kept_from(self) -> int:
        """The oldest day that is still kept."""
        return self.days.first_day * DAY

    # -- posting ----------------------------------------------------------------------------------------------------

    def post(self, visit: str, came: tuple[int, int], by: int, message: Reference) -> None:
        """Count an admission (``by`` +1), or take back one that was (-1), as a message says."""
        begin, kind = came
        day = begin // DAY
        self.days.post([VolumeDelta("", day, float(by), 0, message)], message.inf_time)
        if kind == BY_NEED:
            return
        if kind == COLD:
            self._count_cold(day, by)
        known = self.recent.get(day)
        if known is None:
            if by < 0 or not self.turned - LAG < day <= self.turned + AHEAD:
                return
            known = self.recent[day] = Day([0] * BINS)
        known.count(kind, begin % DAY // BIN, by)
        if by < 0:
            known.arrivals.pop(visit, None)
            if visit in known.visits:
                known.visits.remove(visit)
            if not known.came(ALL_COUNTED):
                del self.recent[day]
        elif day > self.turned - REMEMBERED:
            known.visits.append(visit)
            del known.visits[:-MOST_REMEMBERED]

    def _count_cold(self, day: int, by: int) -> None:
        if day < self.days.first_day - _WEEK:
            return
        count = self.colds.pop(day, 0) + by
        if count > 0:
            self.colds[day] = count

    # -- what rules ask ---------------------------------------------------------------------------------------------

    def count(self, day: int) -> int:
        """All admissions of a day."""
        return round(self.days.volume(day))

    def history(self, day: int) -> int:
        """Closed days before a day of which it is known who came; where somebody has, that nobody did before is known too, since
        the institution began to send."""
        learned = self.days.history(day)
        return max(learned, day - LAG - self.heard + 1) if learned >= _LEAST_LEARNED else learned

    def habit(self, day: int) -> Habit | None:
        """What was known when the day's week began; None where it is not kept."""
        known = self.recent.get(day)
        return (known.habit if known is not None else None) or self.habits.by_week.get(day // 7)

    def colds_expected(self, day: int, habit: Habit) -> Besides:
        """What the week before lets one expect of a day's colds: in an outbreak others had theirs before."""
        return _expected_after(self._colds_before(day), habit)

    def colds_expected_of(self, day: int) -> float:
        """How many colds the week before that day lets one expect of it."""
        return _week_of(self._colds_before(day)) / _WEEK

    def _colds_before(self, day: int) -> int:
        return sum([self.colds.get(day - back, 0) for back in range(1, _WEEK + 1)])

    def is_notable(self, day: int) -> bool:
        """Whether a rule may find something on that day: more came who could have waited, in all or in an hour."""
        known = self.recent.get(day)
        if known is None or known.came(ALL_COUNTED) < LEAST:
            return False
        expected, habit = self.days.expected(day), self.habit(day)
        if expected is None or habit is None:
            return False
        level, spread = expected.mean, expected.spread
        # Half of the week's colds may be taken back yet, and who came today is soon forgotten.
        lenient = _expected_after(max(self._colds_before(day) // 2 - 1, 0), habit)
        for kinds, bins in ways(known):
            total, mean = sum(bins), level * habit.share / 1_000
            if total < LEAST:
                continue
            more = besides(kinds, lenient, level, spread, habit)
            sigma = sqrt(habit.variance(mean, spread) + more.variance)
            if total > mean + more.mean + _SIGMAS * sigma and habit.of_day(bins, level, spread, more) < SCREEN:
                return True
            if 2 * max(bins) < LEAST:
                continue
            full = (index for index in range(BINS - 1) if bins[index] + bins[index + 1] >= LEAST)
            if any(habit.of_hour(bins, index, level, spread, more) < SCREEN for index in full):
                return True
        return False


def ways(day: Day) -> Iterator[Way]:
    """Who could have waited; these with those who have colds, with those who come singly, and all: any may be too many."""
    yield Way(_WAITING, day.bins)
    has_colds, has_singly = any(day.colds), any(day.singly)
    if has_colds:
        yield Way(_WITH_COLDS, _together(day.bins, day.colds))
    if has_singly:
        yield Way(_WITH_SINGLY, _together(day.bins, day.singly))
    if has_colds and has_singly:
        yield Way(ALL_COUNTED, _together(_together(day.bins, day.colds), day.singly))


def besides(kinds: frozenset[int], colds: Besides, level: float, spread: float, habit: Habit) -> Besides:
    """Who of these kinds is expected beside those who could have waited, on a day of ``level`` admissions in all: so many
    ``colds``, and of who comes singly at most all who come by need, as unevenly as the others."""
    mean = level * (1 - habit.share / 1_000) if SINGLY in kinds else 0.0
    variance = habit.variance(mean, spread)
    return Besides(mean + colds.mean, variance + colds.variance) if COLD in kinds else Besides(mean, variance)


def _together(some: list[int], others: list[int]) -> list[int]:
    return [one + other for one, other in zip(some, others, strict=True)]


def _expected_after(colds: int, habit: Habit) -> Besides:
    """After so many in a week; they come as unevenly as those who could have waited."""
    before = _week_of(colds)
    mean = before / _WEEK
    return Besides(mean, habit.lumps / 100 * mean + mean * mean / before)


def _week_of(colds: int) -> float:
    return colds + _A_WEEK


def arrivals_key(institution: str) -> bytes:
    """The key of its page."""
    return b"a" + institution.encode()
