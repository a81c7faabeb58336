"""How many were admitted to an institution, day by day and at which hours, and what was to be expected?

One page an institution. Admissions are counted by the day that their visit's page now gives them, and learned by the same
baseline as an item's volumes (`detectors.books.item_days`): weekdays, Spring Festival, closed days only, what a day should
bring fixed before it comes. Newborns and day surgery, which comes by the list, are no admissions here.

Of these, who *could have waited* is counted apart: nothing explains that many of them come at once, as contagion, accidents,
births or a full hospital next door explain the others. What share they are, at which hours they come and how unevenly, is learned
likewise and fixed week by week. Of a day that is more than ordinary they are kept, each as its visit's page tells it; of
other days only numbers, and for `REMEMBERED` days who came.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.books.item_days import FORGOTTEN, LAG, ItemDays, VolumeDelta
from detectors.books.visit import VisitPage, visit_key
from detectors.engine.page import NEVER, Page
from detectors.engine.pages import Pages
from detectors.models.count_tail import chance
from schemas.china_time import DAY
from schemas.codes import is_birth, is_day_surgery, is_newborn, is_transfer, strikes_together
from schemas.snapshots import STAY, Reference

CALLS: Final = frozenset({"2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"})
BINS: Final = 48  # half hours, so that an hour's crowd is not cut in two by the clock
BIN: Final = DAY // BINS
REMEMBERED: Final = 3  # days, today among them, of which it is known who came
MOST_REMEMBERED: Final = 120  # of a day, the newest
MOST_NAMED: Final = 150  # of a notable day
LEAST: Final = 5  # rules.md; no rule may ask for fewer
SCREEN: Final = 1e-3  # no rule may ask for what is more probable
AHEAD: Final = 3  # days
_WEEKS_KEPT: Final = 3
_FADING: Final = 0.98  # a day: fifty days count
# Before anything is known: half come from eight to twelve, a third in the afternoon; one in two could have waited.
_FIRST_SHAPE: Final = tuple(0.06 if 16 <= b < 24 else 0.04 if 28 <= b < 36 else 0.00625 for b in range(BINS))
_FIRST_SHARE: Final = 0.5
_FIRST_WEIGHT: Final = 10.0  # admissions
_FIRST_LUMPS: Final = 1.2
_FIRST_TOLD: Final = 20.0  # admissions that the first lumps weigh as much as
_LARGEST_NEWS: Final = 6.25  # (2.5 sigma)²: what a day, or a half hour of it, may say about spread
_ORDINARY: Final = 3.0  # times what was expected, and as many more: what a half hour of a day may teach
_EMERGENCY: Final = "24"  # med_type 急诊转住院

# Main diagnoses that bring people when they come, not when it suits: strokes and heart failure, asthma, appendix, gallstones,
# colic, bleeding, seizures; tumours and dialysis, which come in courses; cataracts, for which eye camps fetch a village.
_CANNOT_WAIT: Final = (
    "C", "D0", "D3", "D4", "H25", "H26", "I21", "I22", "I26", "I44", "I46", "I47", "I48", "I49", "I50", "I60", "I61", "I62",
    "I63", "I64", "J44.0", "J44.1", "J45", "J46", "J8", "J9", "K35", "K36", "K37", "K40", "K55", "K56", "K65", "K80", "K81",
    "K83", "K85", "K92", "N10", "N13", "N17", "N20", "N23", "G40", "G41", "G45", "E87", "R10", "R55", "R56", "R57", "Z49", "Z51",
)  # fmt: skip


class Habit(msgspec.Struct, array_like=True, gc=False):
    """What is known, as a week begins, of those who could have waited.

    ``share``: of all admissions, in thousands; ``hours``: of their day, by half hour, in 100,000; ``lumps``: variance over mean
    of their number in a day, ``hour_lumps`` in a half hour, in hundreds.
    """

    share: int
    hours: list[int]
    lumps: int
    hour_lumps: int

    def of_day(self, bins: list[int], level: float, spread: float) -> float:
        """How probable it is that so many come, on a day of ``level`` admissions in all, which strays by ``spread``."""
        mean = level * self.share / 1_000
        return chance(sum(bins), mean, self.lumps / 100 * mean + (spread * mean) ** 2)

    def of_hour(self, bins: list[int], index: int, level: float, spread: float) -> float:
        """How probable it is that in any hour of such a day so many come as in the two half hours from that one on."""
        mean = self.hour_mean(index, level)
        rare = chance(bins[index] + bins[index + 1], mean, self.hour_lumps / 100 * mean + (spread * mean) ** 2)
        return min(rare * (BINS - 1), 1.0)

    def hour_mean(self, index: int, level: float) -> float:
        """How many are expected in that hour."""
        return level * self.share / 1_000 * (self.hours[index] + self.hours[index + 1]) / 100_000


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

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"a"
    has_model: ClassVar[bool] = True

    institution: str
    days: ItemDays = msgspec.field(default_factory=ItemDays)
    recent: dict[int, Day] = {}
    turned: int = -1  # the day up to which days were learned, and weeks begun
    # Numbers that fade: admissions learned, of these who could have waited, and by half hour; how far numbers strayed.
    came: float = 0.0
    waiting: float = 0.0
    hours: list[float] = []
    strayed: tuple[float, float] = (0.0, 0.0)  # a day's squares, and what was expected
    hours_strayed: tuple[float, float] = (0.0, 0.0)
    habits: dict[int, Habit] = {}  # by week

    # -- time -------------------------------------------------------------------------------------------------------

    def turn(self, today: int) -> None:
        """The day is ``today`` now: learn the days that are closed, forget who came when it is too long ago."""
        self.days.turn(today)
        if self.turned < 0 or today - self.turned > FORGOTTEN:
            self._begin(today)
        for day in range(self.turned + 1, today + 1):
            self._learn(day - LAG)
            if day % 7 == 0:
                self._begin_week(day // 7)
        if today <= self.turned:
            return
        self.turned = today
        for day, known in list(self.recent.items()):
            if day <= today - REMEMBERED:
                known.visits = []
            if day < self.days.first_day or (day <= today - LAG and not known.arrivals):
                del self.recent[day]

    def _begin(self, today: int) -> None:
        self.turned, self.came, self.waiting, self.hours = today, 0.0, 0.0, [0.0] * BINS
        self.strayed = self.hours_strayed = (_FIRST_LUMPS * _FIRST_TOLD, _FIRST_TOLD)
        self.habits = {}
        self._begin_week(today // 7)

    def _begin_week(self, week: int) -> None:
        learned = zip(self.hours, _FIRST_SHAPE, strict=True)
        hours = [round(100_000 * (n + _FIRST_WEIGHT * first) / (self.waiting + _FIRST_WEIGHT)) for n, first in learned]
        share = (self.waiting + _FIRST_WEIGHT * _FIRST_SHARE) / (self.came + _FIRST_WEIGHT)
        self.habits = {known: habit for known, habit in self.habits.items() if known > week - _WEEKS_KEPT}
        self.habits[week] = Habit(
            round(1_000 * share), hours, _hundredths(self.strayed), _hundredths(self.hours_strayed)
        )

    def _learn(self, day: int) -> None:
        """A closed day. A crowd teaches no more than a multiple of what was expected."""
        known, habit, expected = self.recent.get(day), self.habits.get(day // 7), self.days.expected(day)
        self.came, self.waiting = self.came * _FADING, self.waiting * _FADING
        self.hours = [n * _FADING for n in self.hours]
        self.strayed, self.hours_strayed = _faded(self.strayed), _faded(self.hours_strayed)
        count = self.count(day)
        if habit is None or count <= 0:
            return
        bins = known.bins if known is not None else [0] * BINS
        total = sum(bins)
        if expected is not None:
            self.strayed = _learned(self.strayed, total, expected.mean * habit.share / 1_000)
        learned = 0.0
        for index, came in enumerate(bins):
            mean = total * habit.hours[index] / 100_000
            self.hours_strayed = _learned(self.hours_strayed, came, mean)
            seen = min(came, _ORDINARY * (mean + 1))
            self.hours[index] += seen
            learned += seen
        self.waiting += learned
        self.came += learned + count - total

    def advance(self, now: int) -> None:
        """Close the days that are due."""
        if now // DAY > self.days.today >= 0:
            self.turn(now // DAY)

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

    def note(self, day: int, visit: VisitPage, pages: Pages) -> None:
        """Keep what is known of those who came on a notable day, of other days nothing."""
        known = self.recent.get(day)
        if known is None:
            return
        if not self.is_notable(day):
            known.arrivals, known.habit = {}, None
            if day <= self.turned - LAG:
                del self.recent[day]
            return
        if known.arrivals:
            told = visit.told_arrival
            is_of_day = told is not None and told[1] and told[0] // DAY == day
            if is_of_day and (visit.visit in known.arrivals or len(known.arrivals) < MOST_NAMED):
                known.arrivals[visit.visit] = _arrival(visit)
            return
        known.habit = self.habits.get(day // 7)
        for name in known.visits:
            page = visit if name == visit.visit else pages.get(VisitPage, visit_key(self.institution, name))
            if page is not None and page.begin is not None:
                known.arrivals[name] = _arrival(page)

    # -- what rules ask ---------------------------------------------------------------------------------------------

    def count(self, day: int) -> int:
        """All admissions of a day."""
        return round(self.days.volume(day))

    def habit(self, day: int) -> Habit | None:
        """What was known when the day's week began; None where it is not kept."""
        known = self.recent.get(day)
        return (known.habit if known is not None else None) or self.habits.get(day // 7)

    def is_notable(self, day: int) -> bool:
        """Whether a rule may find something on that day: more came who could have waited, in all or in an hour."""
        expected, habit, known = self.days.expected(day), self.habit(day), self.recent.get(day)
        if expected is None or habit is None or known is None or sum(known.bins) < LEAST:
            return False
        bins, level, spread = known.bins, expected.mean, expected.spread
        if habit.of_day(bins, level, spread) < SCREEN:
            return True
        full = (index for index in range(BINS - 1) if bins[index] + bins[index + 1] >= LEAST)
        return any(habit.of_hour(bins, index, level, spread) < SCREEN for index in full)


def _hundredths(strayed: tuple[float, float]) -> int:
    return max(round(100 * strayed[0] / strayed[1]), 100)


def _faded(strayed: tuple[float, float]) -> tuple[float, float]:
    """Towards what is known before anything is."""
    return (
        strayed[0] * _FADING + (1 - _FADING) * _FIRST_LUMPS * _FIRST_TOLD,
        strayed[1] * _FADING + (1 - _FADING) * _FIRST_TOLD,
    )


def _learned(strayed: tuple[float, float], came: int, mean: float) -> tuple[float, float]:
    most = _LARGEST_NEWS * max(strayed[0] / strayed[1], 1.0) * mean
    return strayed[0] + min((came - mean) ** 2, most), strayed[1] + mean


def arrivals_key(institution: str) -> bytes:
    """The key of its page."""
    return b"a" + institution.encode()


def could_wait(visit: VisitPage) -> bool:
    """Whether it could as well have come another day: no contagion, injury, birth, transfer or emergency."""
    diagnosis = visit.entry_diagnosis
    return not (
        strikes_together(diagnosis)
        or is_birth(visit.med_type, diagnosis)
        or is_transfer(visit.med_type)
        or visit.med_type.startswith(_EMERGENCY)
        or diagnosis.startswith(_CANNOT_WAIT)
    )


def arrival_of(visit: VisitPage) -> tuple[int, bool] | None:
    """When the visit came as an admission that counts, and whether it could have waited; None where it does not count."""
    if visit.kind != STAY or visit.void or visit.begin is None:
        return None
    if is_day_surgery(visit.med_type) or is_newborn(visit.med_type, visit.entry_diagnosis):
        return None
    return (visit.begin, could_wait(visit)) if visit.begin // DAY <= visit.newest // DAY + AHEAD else None


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, ArrivalsPage]]:
    """Count the visit where its page now puts it, and keep what it says where its day is notable."""
    came, told = arrival_of(visit), visit.told_arrival
    if came is None and told is None:
        return []
    key = arrivals_key(visit.institution)
    page = pages.open(ArrivalsPage, key, lambda: ArrivalsPage(institution=visit.institution))
    days = {one[0] // DAY for one in (told, came) if one is not None}
    if came != told:
        message = visit.messages[-1]
        page.turn(message.inf_time // DAY)
        if told is not None:
            page.post(visit.visit, told, -1, message)
        if came is not None:
            page.post(visit.visit, came, 1, message)
        visit.told_arrival = came
    elif not any((known := page.recent.get(day)) is not None and known.arrivals for day in days):
        return []
    for day in sorted(days):
        page.note(day, visit, pages)
    page.position = max(page.position, offset)
    return [(key, page)]


def _arrival(visit: VisitPage) -> Arrival:
    assert visit.begin is not None
    standing = visit.standing_settlements()
    scope = sum(settled.scope for settled in standing) if standing else visit.scope if visit.end is not None else 0
    return Arrival(
        visit.visit, visit.person, visit.begin, visit.entry_diagnosis, visit.department, visit.end, scope,
        visit.message_of(visit.admission),
    )  # fmt: skip
