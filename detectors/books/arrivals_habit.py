"""Of those who could have waited, what share of all admissions are they, at which hours do they come, and how unevenly?

Learned day by day from closed days, in numbers that fade, and fixed week by week: a day is judged by what was known before it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from detectors.models.count_tail import chance
from schemas.china_time import DAY

BINS: Final = 48  # half hours, so that an hour's crowd is not cut in two by the clock
BIN: Final = DAY // BINS
_WEEKS_KEPT: Final = 3
_FADING: Final = 0.98  # a day: fifty days count
_CROWD_TELLS: Final = 0.25  # of what another day tells: who was brought must not make the next bus look usual
# Before anything is known: half come from eight to twelve, a third in the afternoon; one in two could have waited.
_FIRST_SHAPE: Final = tuple(0.06 if 16 <= b < 24 else 0.04 if 28 <= b < 36 else 0.00625 for b in range(BINS))
_FIRST_SHARE: Final = 0.5
_FIRST_WEIGHT: Final = 10.0  # admissions
_FIRST_LUMPS: Final = 1.2
_FIRST_TOLD: Final = 20.0  # admissions that the first lumps weigh as much as
_LARGEST_NEWS: Final = 6.25  # (2.5 sigma)²: what a day, or a half hour of it, may say about spread
_ORDINARY: Final = 3.0  # times what was expected, and as many more: what a half hour of a day may teach


class Besides(NamedTuple):
    """Who is expected on a day beside those who could have waited."""

    mean: float
    variance: float


NOBODY: Final = Besides(0.0, 0.0)


class Habit(msgspec.Struct, array_like=True, gc=False):
    """What is known as a week begins.

    ``share``: of all admissions, in thousands; ``hours``: of their day, by half hour, in 100,000; ``lumps``: variance over mean
    of their number in a day, ``hour_lumps`` in a half hour, in hundreds.
    """

    share: int
    hours: list[int]
    lumps: int
    hour_lumps: int

    def of_day(self, bins: list[int], level: float, spread: float, besides: Besides = NOBODY) -> float:
        """How probable it is that so many come, on a day of ``level`` admissions in all, which strays by ``spread``."""
        mean = level * self.share / 1_000
        return chance(sum(bins), mean + besides.mean, self.variance(mean, spread) + besides.variance)

    def of_hour(self, bins: list[int], index: int, level: float, spread: float, besides: Besides = NOBODY) -> float:
        """How probable it is that in any hour of such a day so many come as in the two half hours from that one on."""
        mean, part = self.hour_mean(index, level), self.hour_share(index)
        variance = self.hour_lumps / 100 * mean + (spread * mean) ** 2 + besides.variance * part
        rare = chance(bins[index] + bins[index + 1], mean + besides.mean * part, variance)
        return min(rare * (BINS - 1), 1.0)

    def hour_share(self, index: int) -> float:
        """The part of a day's number that comes in that hour."""
        return (self.hours[index] + self.hours[index + 1]) / 100_000

    def hour_mean(self, index: int, level: float) -> float:
        """How many are expected in that hour."""
        return level * self.share / 1_000 * self.hour_share(index)

    def variance(self, mean: float, spread: float) -> float:
        """Of a day's number."""
        return self.lumps / 100 * mean + (spread * mean) ** 2


class Habits(msgspec.Struct, array_like=True, gc=False):
    """Numbers that fade: admissions learned, of these who could have waited, and by half hour; how far a day's and a half
    hour's numbers strayed, as squares and what was expected. ``by_week``: what was known as each of the last weeks began."""

    came: float = 0.0
    waiting: float = 0.0
    hours: list[float] = []
    strayed: tuple[float, float] = (0.0, 0.0)
    hours_strayed: tuple[float, float] = (0.0, 0.0)
    by_week: dict[int, Habit] = {}

    def begin(self, week: int) -> None:
        """Nothing is known yet."""
        self.came, self.waiting, self.hours = 0.0, 0.0, [0.0] * BINS
        self.strayed = self.hours_strayed = (_FIRST_LUMPS * _FIRST_TOLD, _FIRST_TOLD)
        self.by_week = {}
        self.begin_week(week)

    def begin_week(self, week: int) -> None:
        """Fix what is known."""
        learned = zip(self.hours, _FIRST_SHAPE, strict=True)
        hours = [round(100_000 * (n + _FIRST_WEIGHT * first) / (self.waiting + _FIRST_WEIGHT)) for n, first in learned]
        share = (self.waiting + _FIRST_WEIGHT * _FIRST_SHARE) / (self.came + _FIRST_WEIGHT)
        self.by_week = {known: habit for known, habit in self.by_week.items() if known > week - _WEEKS_KEPT}
        self.by_week[week] = Habit(
            round(1_000 * share), hours, _hundredths(self.strayed), _hundredths(self.hours_strayed)
        )

    def learn(self, day: int, count: int, bins: list[int] | None, expected: float | None, *, is_crowd: bool) -> None:
        """A closed day of ``count`` admissions, ``expected`` before it came; ``bins`` of who could have waited, None where
        nobody. A crowd teaches no more than a multiple of what was expected, and a quarter of that: where one comes
        every week it is usual at last."""
        habit = self.by_week.get(day // 7)
        self.came, self.waiting = self.came * _FADING, self.waiting * _FADING
        self.hours = [n * _FADING for n in self.hours]
        self.strayed, self.hours_strayed = _faded(self.strayed), _faded(self.hours_strayed)
        if habit is None or count <= 0:
            return
        total, tells = 0 if bins is None else sum(bins), _CROWD_TELLS if is_crowd else 1.0
        if expected is not None:
            self.strayed = _learned(self.strayed, total, expected * habit.share / 1_000, tells)
        learned = 0.0 if bins is None or total == 0 else self._learn_hours(bins, total, habit, tells)
        self.waiting += learned
        self.came += learned + (count - total) * tells

    def _learn_hours(self, bins: list[int], total: int, habit: Habit, tells: float) -> float:
        """By half hour; how many it comes to."""
        strayed, learned = self.hours_strayed, 0.0
        for index, came in enumerate(bins):
            mean = total * habit.hours[index] / 100_000
            strayed = _learned(strayed, came, mean, tells)
            if came:
                seen = tells * min(came, _ORDINARY * (mean + 1))
                self.hours[index] += seen
                learned += seen
        self.hours_strayed = strayed
        return learned


def _hundredths(strayed: tuple[float, float]) -> int:
    return max(round(100 * strayed[0] / strayed[1]), 100)


def _faded(strayed: tuple[float, float]) -> tuple[float, float]:
    """Towards what is known before anything is."""
    return (
        strayed[0] * _FADING + (1 - _FADING) * _FIRST_LUMPS * _FIRST_TOLD,
        strayed[1] * _FADING + (1 - _FADING) * _FIRST_TOLD,
    )


def _learned(strayed: tuple[float, float], came: int, mean: float, tells: float) -> tuple[float, float]:
    squares, told = strayed
    news, most = (came - mean) ** 2, _LARGEST_NEWS * mean
    if squares > told:
        most *= squares / told
    return squares + tells * (news if news < most else most), told + tells * mean
