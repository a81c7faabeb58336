"""On which days did far more people come than usual, and what do they have in common?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import log, log10, sqrt
from typing import NamedTuple

from detectors.books.arrivals import SINGLY, Arrival, ArrivalsPage, Day, besides, ways
from detectors.books.arrivals_habit import BIN, BINS, Besides, Habit
from detectors.models.tail import limit
from schemas.china_time import DAY

DRAWN = 21  # days before a surge that its alert draws
_CLOSED, _REOPENED = 10, 3  # days before a day in which it could have been closed, and days in which it catches up
_CLOSED_SHARE = 0.5  # of what was expected
_CLOSED_SIGMAS = 2.5  # a quiet week of a small hospital is no closure
_SIGMAS = 1.0  # the others' number is a count too; two would leave hardly anything of six
_LEAST_SHARE = 0.1
_MORE_WAYS = 2.0  # times more probable, because a day with strokes is counted in twice as many ways
SMALLEST = 1e-30


class Surge(NamedTuple):
    """A day of it: admissions in all and expected, what is owed after a closure among them; of these such as nothing brings about
    together.

    ``kinds``: which were counted; ``besides``: what was expected of others than those who could have waited. ``probability`` of
    so many by chance. ``hour``: the first half hour of the fullest hour, where that hour alone is out of the ordinary, with how
    many came in it. ``named``: whom it is about.
    """

    day: int
    admissions: int
    admissions_expected: float
    came: int
    expected: float
    kinds: frozenset[int]
    besides: Besides
    probability: float
    hour: int | None
    hour_count: int
    hour_expected: float
    named: tuple[Arrival, ...]

    def named_of(self, kind: int) -> int:
        """How many of those whom it names are of that kind."""
        return sum([one.kind == kind for one in self.named])


class Limits(NamedTuple):
    """What a day, or an hour of it, must cross."""

    least: int
    probability: float
    warm_up: int


def owed(page: ArrivalsPage, day: int) -> float:
    """Admissions that a closure just before the day has put off: they come when it opens again, and are ordinary."""
    days, caught_up = page.days, 0.0
    for back in range(_REOPENED):
        missing = _missing(page, day - 1 - back)
        if missing:
            return max(missing - caught_up, 0.0)
        before = days.expected(day - 1 - back)
        if before is None:
            return 0.0
        caught_up += max(days.volume(day - 1 - back) - before.mean, 0.0)
    return 0.0


def _missing(page: ArrivalsPage, last: int) -> float:
    """What did not come in the quiet days up to ``last``; 0 where chance explains them."""
    came = mean = variance = 0.0
    for day in range(last, last - _CLOSED, -1):
        expected = page.days.expected(day)
        if expected is None or page.days.volume(day) > _CLOSED_SHARE * expected.mean:
            break
        came += page.days.volume(day)
        mean += expected.mean
        variance += expected.variance()
    return mean - came if mean - came > _CLOSED_SIGMAS * sqrt(variance) > 0 else 0.0


def step(count: int) -> int:
    """Numbers as they are told of a day that runs: each up to ten, then only with every fifth more.

    >>> [step(count) for count in (7, 10, 11, 12, 15, 20)]
    [7, 10, 10, 12, 14, 19]
    """
    told = min(count, 10)
    while count > 10 and (more := told + told // 5) <= count:
        told = more
    return told


class _Count(NamedTuple):
    """One way to count a day: by half hour, and how probable so many are, in all and in the fullest hour."""

    kinds: frozenset[int]
    bins: list[int]
    besides: Besides
    whole: float
    rare: float
    hour: int

    @property
    def probability(self) -> float:
        return min(self.whole, self.rare)


def surge_of(page: ArrivalsPage, day: int, limits: Limits, told: list[Arrival] | None = None) -> Surge | None:
    """The day, if more came who could have waited than chance explains, given how many others came; ``told``: as if only
    these had come who could have waited."""
    known, expected, habit = page.recent.get(day), page.days.expected(day), page.habit(day)
    if known is None or not known.arrivals or expected is None or habit is None:
        return None
    if page.history(day) < limits.warm_up:
        return None
    usual, best = expected.mean + owed(page, day), None
    seen = known if told is None else _day_of(told)
    colds, spread = page.colds_expected(day, habit), expected.spread
    for kinds, counted in ways(seen):
        level = max(usual, _level_of_others(page.count(day) - known.came(kinds), 1 - habit.share / 1_000))
        more = besides(kinds, colds, level, spread, habit)
        count = _count(kinds, counted, more, habit, level, spread, limits.least)
        if count is not None and (best is None or count.probability < best.probability):
            best = count
    if best is None or best.probability >= limits.probability:
        return None
    is_hour, hour = best.rare < limits.probability, best.hour
    arrivals = sorted(known.arrivals.values(), key=lambda one: (one.begin, one.visit)) if told is None else told
    arrivals = [one for one in arrivals if one.kind in best.kinds]
    if best.whole >= limits.probability:
        arrivals = [one for one in arrivals if hour <= one.begin % DAY // BIN <= hour + 1]
    if not arrivals:
        return None
    admissions = page.count(day) if told is None else max(step(page.count(day)), len(told))
    return Surge(
        day, admissions, usual, sum(best.bins), usual * habit.share / 1_000 + best.besides.mean, best.kinds, best.besides,
        max(best.probability, SMALLEST), hour if is_hour else None, best.bins[hour] + best.bins[hour + 1] if is_hour else 0,
        habit.hour_mean(hour, usual) + best.besides.mean * habit.hour_share(hour), tuple(arrivals),
    )  # fmt: skip


def _count(
    kinds: frozenset[int], bins: list[int], besides: Besides, habit: Habit, level: float, spread: float, least: int
) -> _Count | None:  # fmt: skip
    """None where fewer came than any rule asks for."""
    if sum(bins) < least:
        return None
    full = [index for index in range(BINS - 1) if bins[index] + bins[index + 1] >= least]
    rare, hour = min(((habit.of_hour(bins, index, level, spread, besides), index) for index in full), default=(1.0, 0))
    times = _MORE_WAYS if SINGLY in kinds else 1.0
    return _Count(kinds, bins, besides, times * habit.of_day(bins, level, spread, besides), times * rare, hour)


def most_expected(page: ArrivalsPage, day: int, rarity: int, told: Surge | None) -> float | None:
    """Where a day's admissions become one in ten to the ``rarity``; None while that is not known. A day that is told of is
    drawn as it was judged: those who could not wait are as many as came, the others are counted against their habit."""
    expected, habit = page.days.expected(day), page.habit(day)
    if expected is None:
        return None
    nats = rarity * log(10)
    if told is None or habit is None:
        return round(limit(expected.mean, expected.variance(), nats), 1)
    share, others = habit.share / 1_000, told.admissions - told.came
    mean = max(expected.mean + owed(page, day), _level_of_others(others, 1 - share)) * share
    variance = habit.variance(mean, expected.spread) + told.besides.variance
    return round(others + limit(mean + told.besides.mean, variance, nats), 1)


def _day_of(arrivals: list[Arrival]) -> Day:
    """A day as if only these had come."""
    day = Day([0] * BINS, colds=[0] * BINS, singly=[0] * BINS)
    for one in arrivals:
        day.bins_of(one.kind)[one.begin % DAY // BIN] += 1
    return day


def _level_of_others(others: int, share: float) -> float:
    """What those who could not wait say at least of how busy the day was: in a full hospital's neighbour all kinds come."""
    return max(others - _SIGMAS * sqrt(max(others, 0)), 0.0) / max(share, _LEAST_SHARE)


def final_before(page: ArrivalsPage) -> int:
    """The day before which a surge stays as it was told: of the days before it some are forgotten."""
    days = page.days
    return days.first_day if days.born < 0 or days.first_day <= days.born else days.first_day + DRAWN


def surges(page: ArrivalsPage, limits: Limits, gap: int) -> Iterator[list[Surge]]:
    """Days of one surge together: no more than ``gap`` other days between two of them. None that is final."""
    since = final_before(page)
    group: list[Surge] = []
    for day in sorted(page.recent):
        one = surge_of(page, day, limits) if page.recent[day].arrivals else None
        if one is None:
            continue
        if group and day - group[-1].day - 1 > gap:
            if group[0].day >= since:
                yield group
            group = []
        group.append(one)
    if group and group[0].day >= since:
        yield group


class Likeness(NamedTuple):
    """What those who came have in common: the commonest diagnosis and how many have it, how many left on one day, and how
    many are still in."""

    illness: str
    same_illness: int
    left_together: int
    still_in: int
    department: str
    same_department: int


def likeness(named: Iterable[Arrival]) -> Likeness:
    """Ties by name."""
    named = list(named)
    illness, ill = _commonest(one.diagnosis[:3] for one in named)
    department, there = _commonest(one.department for one in named)
    ends = Counter(one.end // DAY for one in named if one.end is not None)
    return Likeness(
        illness, ill, max(ends.values(), default=0), sum(one.end is None for one in named), department, there
    )


def _commonest(names: Iterable[str]) -> tuple[str, int]:
    counts = Counter(name for name in names if name)
    return min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))


def zeros(group: list[Surge]) -> float:
    """How improbable its days are together: one in ten to this."""
    return -sum(log10(one.probability) for one in group)
