"""What should the next reading of a numeric series be, and how far does it ordinarily stray?

A slow level; above it the seasons of an hour, a day, a week, a year, each as much as it has lately been worth (weights by a
power of past errors, after Herbster & Warmuth, *Tracking the best expert*, 1998); and the distance that the last readings kept
from both, likewise. Outliers are learned clipped; a distance that stays is a new level. All of it is learned as it comes: no
reading is looked at before it was expected.
"""

from __future__ import annotations

from math import exp
from typing import Final, TypeAlias

from detectors.models.season import DAY, HOUR, WEEK, YEAR, SavedSeason, Season

SMALLEST: Final = 1e-9  # a floor in no unit: what is exactly constant has a spread all the same
_SHARE_OF_LEVEL: Final = 0.01  # a constant's unit: a hundredth of it is a change
_FIRST: Final = 30  # readings that are learned as they are
_STEP_KNOWN: Final = 20  # readings from which the step between them is taken
_GAPS: Final = 39  # of which the step is the median
_LOOK_AGAIN: Final = 64
_CLIP: Final = 6.0  # times the usual distance: what lies beyond is learned as if it stood there
_SPREAD_CLIP: Final = 5.0
_ERROR_CLIP: Final = 8.0
_SPREAD_MEMORY: Final = 1_500.0  # readings
_POWER: Final = 8.0
_MOST_ADVANTAGE: Final = 32.0  # times: 32**8 leaves the others nothing
_HANDICAP: Final = 1.02  # a season must be worth something
_NEAR_MEMORY: Final = 300.0
_NEAR_RATES: Final[list[float]] = [0.0, 0.1, 0.3, 1.0]  # no distance, its mean over ten readings, over three, the last
_SHIFTED: Final = 2.5  # times the usual distance, kept over ten readings: the level has moved
_LARGEST: Final = 1e300

SavedCourse: TypeAlias = tuple[
    int, float, list[float], float, float, float, float, float, list[float], list[float], list[float], float, int,
    list[SavedSeason],
]  # fmt: skip


class Course:
    """The state. Readings are finite numbers, times are seconds."""

    def __init__(self) -> None:
        self.seen = 0
        self.time = 0.0
        self.gaps: list[float] = []
        self.step = 0.0  # seconds between readings, 0 while not known
        self.level = 0.0
        self.unit = 0.0  # the smallest change between two readings, 0 while there was none
        self.stray = 0.0  # mean distance from level and seasons
        self.surprise = 0.0  # mean distance from what was expected
        self.errors: list[float] = [0.0]  # of the level alone, then of it with each season
        self.near: list[float] = [0.0, 0.0, 0.0, 0.0]  # distances that the last readings kept
        self.near_errors: list[float] = [0.0, 0.0, 0.0, 0.0]
        self.held = 0.0  # the distance of a level that may have moved
        self.held_for = 0  # readings
        self.seasons: list[Season] = []
        self.usual = 0.0  # level and seasons at `time`
        self._above: list[float] = []

    def saved(self) -> SavedCourse:
        """All of it as plain numbers."""
        return (
            self.seen, self.time, list(self.gaps), self.step, self.level, self.unit, self.stray, self.surprise, list(self.errors),
            list(self.near), list(self.near_errors), self.held, self.held_for, [each.saved() for each in self.seasons],
        )  # fmt: skip

    def restore(self, saved: SavedCourse) -> None:
        """Go on from what was `saved`."""
        (
            self.seen, self.time, gaps, self.step, self.level, self.unit, self.stray, self.surprise, errors,
            near, near_errors, self.held, self.held_for, seasons,
        ) = saved  # fmt: skip
        self.gaps, self.errors, self.near, self.near_errors = list(gaps), list(errors), list(near), list(near_errors)
        self.seasons = []
        for kept in seasons:
            season = Season(kept[0], kept[1])
            season.restore(kept)
            self.seasons.append(season)

    # -- expecting -------------------------------------------------------------------------------------------------------

    def arrive(self, time: float) -> float:
        """A reading comes at ``time``, whatever it is: how many readings lie between it and the last, 1 as a rule.

        After a gap the last readings say less of the next. A time that does not go forward is no gap.
        """
        passed = 1.0
        if self.seen and time > self.time:
            gap = time - self.time
            self._learn_step(gap)
            if self.step > 0.0 and gap > 3.0 * self.step:
                passed = gap / self.step
                keep = exp(-min(passed, 500.0) / 10.0)
                for place in range(1, 4):
                    self.near[place] *= keep
        self.time = time
        return passed

    def base(self) -> float:
        """Level and seasons now: what is usual at this time, whatever the last readings were."""
        self._above = []
        total, weights, first = 0.0, 1.0, self.errors[0] + 1e-300
        for place, season in enumerate(self.seasons):
            above = season.at(self.time)
            self._above.append(above)
            advantage = first / (self.errors[place + 1] * _HANDICAP + 1e-300)
            if advantage > 0.5:
                weight = (advantage if advantage < _MOST_ADVANTAGE else _MOST_ADVANTAGE) ** _POWER
                weights += weight
                total += weight * above
        self.usual = self.level + total / weights
        return self.usual

    def lately(self) -> float:
        """The distance from `base` that the last readings let expect."""
        best = min(self.near_errors) + 1e-300
        total, weights = 0.0, 0.0
        for place in range(4):
            weight = (best / (self.near_errors[place] + 1e-300)) ** _POWER
            weights += weight
            total += weight * self.near[place]
        return total / weights

    def floor(self) -> float:
        """The smallest distance that means anything."""
        return SMALLEST + self.unit + _SHARE_OF_LEVEL * abs(self.level)

    def learn_unit(self, change: float) -> None:
        """What one reading differs from the last by; how far the first change of a constant goes cannot be judged."""
        if change > 0.0 and (self.unit == 0.0 or change < self.unit):
            self.unit = change

    # -- learning --------------------------------------------------------------------------------------------------------

    def learn(self, value: float, expected: float) -> bool:
        """Take in the reading of the time that `arrive` was told; whether a distance that stayed became the level."""
        self.seen += 1
        seen = float(self.seen)
        if self.seen == 1:
            self.level = self.usual = value
        strayed = value - self.usual
        stray = self.stray + self.floor()
        clipped = self._clipped(strayed, _CLIP * stray)
        self._learn_seasons(value, strayed, clipped, stray, seen)
        memory = self._level_memory()
        self.level += clipped / (seen if seen < memory else memory)
        weight = seen if seen < _SPREAD_MEMORY else _SPREAD_MEMORY
        self.stray += (self._clipped(abs(strayed), _SPREAD_CLIP * stray) - self.stray) / weight
        surprised = self._clipped(abs(value - expected), _SPREAD_CLIP * (self.surprise + self.floor()))
        self.surprise += (surprised - self.surprise) / weight
        self._learn_near(strayed, clipped, stray, seen)
        return self._shift(strayed, stray)

    def _clipped(self, distance: float, most: float) -> float:
        if self.seen <= _FIRST or -most <= distance <= most:
            return distance if -_LARGEST < distance < _LARGEST else (_LARGEST if distance > 0 else -_LARGEST)
        return most if distance > 0.0 else -most

    def _level_memory(self) -> float:
        """A day of readings, within reason."""
        if self.step <= 0.0:
            return 50.0
        return min(max(DAY / self.step, 50.0), 1_500.0)

    def _learn_seasons(self, value: float, strayed: float, clipped: float, stray: float, seen: float) -> None:
        if self.seen == _STEP_KNOWN or (not self.seasons and self.seen > _STEP_KNOWN):
            self._begin_seasons()
        if not self.seasons:
            return
        memory = min(max(2.0 * DAY / self.step, 200.0), 1_000.0)
        rate = 1.0 / (seen if seen < memory else memory)
        above = value - self.level
        most = _ERROR_CLIP * stray
        for place in range(len(self.errors)):
            distance = abs(above - (self._above[place - 1] if 0 < place <= len(self._above) else 0.0))
            self.errors[place] += rate * ((distance if distance < most else most) - self.errors[place])
        learned = above - strayed + clipped
        for season in self.seasons if self._above else ():
            season.learn(learned)

    def _begin_seasons(self) -> None:
        step = self.step
        if step <= 0.0:
            return
        periods = [(HOUR, step <= 600.0), (DAY, step <= 21_600.0), (WEEK, step <= 172_800.0), (YEAR, step > 21_600.0)]
        self.seasons = [Season(period, step) for period, is_fit in periods if is_fit]
        self.errors = [self.stray] * (len(self.seasons) + 1)

    def _learn_step(self, gap: float) -> None:
        if self.seen >= 2 * _STEP_KNOWN and self.seen % _LOOK_AGAIN:
            return
        self.gaps.append(gap)
        if len(self.gaps) > _GAPS:
            del self.gaps[0]
        step = sorted(self.gaps)[len(self.gaps) // 2]
        if self.step == 0.0 or abs(step / self.step - 1.0) > 0.2:
            self.step = step

    def _learn_near(self, strayed: float, clipped: float, stray: float, seen: float) -> None:
        rate = 1.0 / (seen if seen < _NEAR_MEMORY else _NEAR_MEMORY)
        for place in range(4):
            error = self._clipped(abs(strayed - self.near[place]), _ERROR_CLIP * stray)
            self.near_errors[place] += rate * (error - self.near_errors[place])
            if place:
                learned = strayed if place == 3 else clipped
                self.near[place] += _NEAR_RATES[place] * (learned - self.near[place])

    def _shift(self, strayed: float, stray: float) -> bool:
        """A distance that was kept for an eighth of a day (24 to 72 readings) is where the level is now."""
        if not self.seasons or abs(self.near[1]) <= _SHIFTED * stray:
            self.held, self.held_for = 0.0, 0
            return False
        self.held_for += 1
        self.held += (strayed - self.held) / (self.held_for if self.held_for < 30 else 30)
        if self.held_for < min(max(DAY / self.step / 8.0, 24.0), 72.0):
            return False
        self.level += self.held
        for place in range(1, 4):
            self.near[place] -= self.held
        self.held, self.held_for = 0.0, 0
        return True
