"""What volume is ordinary for this series on this day, and how far does it ordinarily stray?

An exponentially weighted level with multiplicative weekday factors (Holt–Winters without trend, for a trend is what must be
found), and two sources of spread, kept apart because they tell a storm of small counts from a change:

* ``lumpiness``: variance over mean from day to day, in packs; a delivery in big boxes has a large one (an overdispersed
  Poisson, McCullagh & Nelder, 1989);
* ``drift``: the squared coefficient of variation that weeks show beyond it: custom that comes and goes.

A day above its limit is learned as if it stood at the limit, and at a quarter of the pace; one that has lasted
for `ACCEPTANCE` days is the new level. ``river.stats.EWMean`` and ``EWVar`` take no weight that changes with the day, as the
clipping, the holidays and the first weeks need; as ten objects they would take ten times the room of these numbers.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import msgspec

from detectors.models.spring_festival import is_quiet, is_unsettled
from detectors.models.tail import LARGEST, limit, surprise

MEMORY = 35  # days: five weeks, so that a month's refills weigh alike
SPREAD_MEMORY = 84  # days, of lumpiness
DRIFT_MEMORY = 26  # weeks
ACCEPTANCE = 21  # days above the limit that make a new level
CLIP = 6.9  # nats, one in a thousand: what lies above is learned as if it stood there
_SLOWLY = 0.25  # the pace at which clipped and holiday days are learned
# Packs a day: one in seven weeks; keeps a history of zeros from making one pack infinite news.
_SMALLEST_LEVEL = 0.02
_FIRST_LUMPINESS = 3.0  # packs: a line is of one to four, and a prescription of a few lines
_FIRST_DRIFT = 0.0225  # 15 % a week
_LARGEST_DRIFT = 1.0
_SMALLEST_DRIFT = 0.0025  # 5 %: nobody's custom is steadier
_LARGEST_WEEK = 6.0  # times the drift known, (2.5 sigma)²: what one week may say about it
_LARGEST_NEWS = 9.0  # times the spread known, (3 sigma)²: what one day may say about spread
_FESTIVAL_DRIFT = 0.09  # 30 %: buying ahead and catching up
_FIRST_WEEK = 7  # days in which a mean is made, and nothing is clipped
_SMALLEST_FACTOR = 0.1
_EVENTS = 12  # days with volume that the memory must span, or a monthly delivery would be forgotten between two
_LONGEST_MEMORY = 182


class Expected(NamedTuple):
    """What is ordinary on a day: mean and lumpiness in packs, ``spread`` the coefficient of variation of the level."""

    mean: float
    lumpiness: float
    spread: float

    def variance(self, days: float = 1.0) -> float:
        """Of the sum of ``days`` such days."""
        mean = self.mean * days
        return self.lumpiness * mean + (self.spread * mean) ** 2


class VolumeBaseline(msgspec.Struct, array_like=True, gc=False):
    """The state, in plain numbers; volumes in packs (any unit), one value a day without gaps, never NaN."""

    days: int = 0
    level: float = 0.0
    weekdays: list[float] = msgspec.field(default_factory=lambda: [1.0] * 7)
    lumpiness: float = _FIRST_LUMPINESS
    drift: float = _FIRST_DRIFT
    activity: float = 1.0  # share of days with volume
    events: int = 0  # days with volume
    event_volume: float = 0.0  # mean over the last events
    event_square: float = 0.0  # mean square over the last events
    held: int = 0  # days above the limit, lately
    held_level: float = 0.0
    week_volume: float = 0.0
    week_expected: float = 0.0

    def expected(self, day: int) -> Expected:
        """What ``day`` should bring, from what was learned so far. Finite, and positive also after a history of zeros."""
        level, lumps = self.level, self.lumps()
        if level < _SMALLEST_LEVEL:
            level = _SMALLEST_LEVEL
        seen = self.memory()
        if self.days < seen:
            seen = self.days or 1
        drift = self.drift + lumps / (level * seen)
        if is_unsettled(day):
            drift += _FESTIVAL_DRIFT
        return Expected(level * self.weekdays[(day + 3) % 7], lumps, sqrt(drift))

    def lumps(self) -> float:
        """Lumpiness, for rare volume by the size of what came when it came: days without a delivery tell nothing of it."""
        if not self.event_volume:
            return self.lumpiness
        rare = (1 + 2 / self.events) * self.event_square / self.event_volume - self.level
        if rare <= self.lumpiness:
            return self.lumpiness
        return self.lumpiness + (1 - self.activity) * (rare - self.lumpiness)

    def memory(self) -> float:
        """Days over which the level is averaged: longer where volume is rare."""
        if self.activity > _EVENTS / MEMORY:
            return MEMORY
        return _EVENTS / self.activity if self.activity > _EVENTS / _LONGEST_MEMORY else _LONGEST_MEMORY

    def learn(self, day: int, volume: float) -> None:
        """Take in the volume of ``day``, once it is closed. Clipped at its limit."""
        if volume > LARGEST:
            volume = LARGEST
        which = (day + 3) % 7
        mean = (self.level if self.level > _SMALLEST_LEVEL else _SMALLEST_LEVEL) * self.weekdays[which]
        learned, pace = volume, 1.0
        if volume > mean and self.days >= _FIRST_WEEK:
            variance = self.expected(day).variance()
            if surprise(volume, mean, variance) > CLIP:
                learned, pace = limit(mean, variance, CLIP), _SLOWLY
                self._hold(volume / max(self.weekdays[which], _SMALLEST_FACTOR))
        if volume < mean:
            self.held = self.held - 1 if self.held else 0
            if is_quiet(day):
                pace = _SLOWLY
        self.days += 1
        self.activity += ((volume > 0) - self.activity) / (
            self.days if self.days < _LONGEST_MEMORY else _LONGEST_MEMORY
        )
        if learned > 0:
            self._learn_event(learned)
        self._learn_level(which, learned, pace)
        self._learn_spread(learned, mean if self.days > _FIRST_WEEK else self.level, pace)
        self.week_volume += learned
        self.week_expected += mean
        if self.days % 7 == 0:
            self._learn_week()
        if self.held >= ACCEPTANCE:
            self.level, self.held = self.held_level, 0

    def _hold(self, level: float) -> None:
        self.held += 1
        self.held_level = level if self.held == 1 else self.held_level + (level - self.held_level) / min(self.held, 14)

    def _learn_event(self, volume: float) -> None:
        self.events += 1
        rate = 1 / min(self.events, _EVENTS)
        self.event_volume += rate * (volume - self.event_volume)
        self.event_square += rate * (volume * volume - self.event_square)

    def _learn_level(self, which: int, volume: float, pace: float) -> None:
        factor, memory = self.weekdays[which], self.memory()
        rate = pace / (self.days if self.days < memory else memory)
        self.level += rate * (volume - factor * self.level)  # so a closed Sunday teaches nothing of the level
        level = self.level
        if self.days < _FIRST_WEEK or level <= _SMALLEST_LEVEL:
            return
        # A weekday's factor moves as fast as its counts are telling: 50 packs tell more than one.
        noise = self.lumpiness / level
        weeks, most = self.days / 7 + 2 * noise, 12 + 12 * noise
        seen = volume / level
        self.weekdays[which] += pace / (weeks if weeks < most else most) * ((seen if seen < 7 else 7) - factor)

    def _learn_spread(self, volume: float, mean: float, pace: float) -> None:
        strayed = (volume - mean) ** 2 - self.drift * mean * mean
        strayed = strayed / (mean if mean > _SMALLEST_LEVEL else _SMALLEST_LEVEL) if strayed > 0 else 0.0
        if strayed > _LARGEST_NEWS * self.lumpiness and self.days > ACCEPTANCE:
            strayed = _LARGEST_NEWS * self.lumpiness
        weight = self.days + 7
        self.lumpiness += pace * (strayed - self.lumpiness) / (weight if weight < SPREAD_MEMORY else SPREAD_MEMORY)
        if self.lumpiness < 1.0:
            self.lumpiness = 1.0

    def _learn_week(self) -> None:
        expected = self.week_expected
        noise = self.lumpiness * expected
        telling = expected / (expected + 5 * self.lumpiness)
        strayed = max((self.week_volume - expected) ** 2 - noise, 0.0) / max(expected * expected, _SMALLEST_LEVEL)
        rate = telling / min(self.days / 7 + 4, DRIFT_MEMORY)
        self.drift += rate * (min(strayed, _LARGEST_DRIFT, _LARGEST_WEEK * self.drift) - self.drift)
        self.drift = max(self.drift, _SMALLEST_DRIFT)
        self.week_volume = self.week_expected = 0.0
        mean = sum(self.weekdays) / 7
        self.weekdays = [factor / mean for factor in self.weekdays]
