"""How many were admitted to an institution, day by day and at which hours, and what was to be expected?

One page an institution. Admissions are counted by the day that their visit's page now gives them, and learned by the same
baseline as an item's volumes (`detectors.books.item_days`): weekdays, Spring Festival, closed days only, what a day should
bring fixed before it comes. Newborns and day surgery, which comes by the list, are no admissions here.

Of these, who *could have waited* is counted apart: nothing explains that many of them come at once, as contagion, accidents,
births or a full hospital next door explain the others (`detectors.books.arrivals_habit`). Of a day that is more than ordinary
they are kept, each as its visit's page tells it; of other days only numbers, and for `REMEMBERED` days who came.
"""

from __future__ import annotations

from math import sqrt
from typing import ClassVar, Final

import msgspec

from detectors.books.arrivals_habit import BIN, BINS, Habit, Habits
from detectors.books.item_days import FORGOTTEN, LAG, ItemDays, VolumeDelta
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import Reference

REMEMBERED: Final = 3  # days, today among them, of which it is known who came
MOST_REMEMBERED: Final = 120  # of a day, the newest
LEAST: Final = 5  # rules.md; no rule may ask for fewer
SCREEN: Final = 1e-3  # no rule may ask for what is more probable
AHEAD: Final = 3  # days
_SIGMAS: Final = 2.5  # a count skewed to the right is this far above its mean more often than one in a thousand


class Arrival(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Somebody who could have waited, and came. ``scope``: fen, once the stay ended or was settled."""

    visit: str
    person: str
    begin: int
    diagnosis: str
    department: str
    end: int | None
    scope: int
    admission: Reference | None


class Day(msgspec.Struct, array_like=True, gc=False):
    """A day that may still be learned, or that is notable: how many who could have waited came, by half hour.

    ``visits``: who, while it is remembered; ``arrivals`` and ``habit``: of a notable day.
    """

    bins: list[int]
    visits: list[str] = []
    arrivals: dict[str, Arrival] = {}
    habit: Habit | None = None


class ArrivalsPage(Page, kw_only=True):
    """One institution's admissions."""

    layout: ClassVar[int] = 3
    prefix: ClassVar[bytes] = b"a"
    has_model: ClassVar[bool] = True

    institution: str
    days: ItemDays = msgspec.field(default_factory=ItemDays)
    recent: dict[int, Day] = {}
    turned: int = -1  # the day up to which days were learned, and weeks begun
    habits: Habits = msgspec.field(default_factory=Habits)

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

    def _learn(self, day: int) -> None:
        known, expected = self.recent.get(day), self.days.expected(day)
        bins = None if known is None else known.bins
        self.habits.learn(day, self.count(day), bins, None if expected is None else expected.mean)

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

    def post(self, visit: str, came: tuple[int, bool], by: int, message: Reference) -> None:
        """Count an admission (``by`` +1), or take back one that was (-1), as a message says."""
        begin, could_wait = came
        day = begin // DAY
        self.days.post([VolumeDelta("", day, float(by), 0, message)], message.inf_time)
        known = self.recent.get(day)
        if not could_wait:
            return
        if known is None:
            if by < 0 or not self.turned - LAG < day <= self.turned + AHEAD:
                return
            known = self.recent[day] = Day([0] * BINS)
        index = begin % DAY // BIN
        known.bins[index] = max(known.bins[index] + by, 0)
        if by < 0:
            known.arrivals.pop(visit, None)
            if visit in known.visits:
                known.visits.remove(visit)
            if not any(known.bins):
                del self.recent[day]
        elif day > self.turned - REMEMBERED:
            known.visits.append(visit)
            del known.visits[:-MOST_REMEMBERED]

    # -- what rules ask ---------------------------------------------------------------------------------------------

    def count(self, day: int) -> int:
        """All admissions of a day."""
        return round(self.days.volume(day))

    def habit(self, day: int) -> Habit | None:
        """What was known when the day's week began; None where it is not kept."""
        known = self.recent.get(day)
        return (known.habit if known is not None else None) or self.habits.by_week.get(day // 7)

    def is_notable(self, day: int) -> bool:
        """Whether a rule may find something on that day: more came who could have waited, in all or in an hour."""
        known = self.recent.get(day)
        if known is None or (total := sum(known.bins)) < LEAST:
            return False
        expected, habit, bins = self.days.expected(day), self.habit(day), known.bins
        if expected is None or habit is None:
            return False
        level, spread = expected.mean, expected.spread
        mean = level * habit.share / 1_000
        if total > mean + _SIGMAS * sqrt(habit.variance(mean, spread)) and habit.of_day(bins, level, spread) < SCREEN:
            return True
        if 2 * max(bins) < LEAST:
            return False
        full = (index for index in range(BINS - 1) if bins[index] + bins[index + 1] >= LEAST)
        return any(habit.of_hour(bins, index, level, spread) < SCREEN for index in full)


def arrivals_key(institution: str) -> bytes:
    """The key of its page."""
    return b"a" + institution.encode()
