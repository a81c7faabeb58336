"""What volume is ordinary for this series on this day, and how far does it ordinarily stray?

An exponentially weighted level with multiplicative weekday factors (Holt–Winters without trend, for a trend is what must be
found), and two sources of spread, kept apart because they tell a storm of small counts from a change:

* ``lumpiness``: variance over mean from day to day, in packs; a delivery in big boxes has a large one (an overdispersed
  Poisson, McCullagh & Nelder, 1989);
* ``drift``: the squared coefficient of variation that weeks show beyond it: custom that comes and goes.

A day above its limit is learned as if it stood at the limit, and at a quarter of the pace; one that has lasted
for `ACCEPTANCE` days is the new level. Empty days that are no chance teach nothing for four
weeks, nor that the level fell before they could be told from chance: an item that could not be had is missed as it was used.
``river.stats.EWMean`` and ``EWVar`` take no weight that changes with the day, as the clipping, the holidays and the first weeks
need; as ten objects they would take ten times the room of these numbers.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Final, NamedTuple, TypeAlias

from detectors.models.spring_festival import is_quiet, is_unsettled
from detectors.models.tail import LARGEST, limit, surprise

MEMORY: Final = 35  # days: five weeks, so that a month's refills weigh alike
SPREAD_MEMORY: Final = 84  # days, of lumpiness
DRIFT_MEMORY: Final = 26  # weeks
ACCEPTANCE: Final = 21  # days above the limit that make a new level
CLIP: Final = 6.9  # nats, one in a thousand: what lies above is learned as if it stood there
_SLOWLY: Final = 0.25  # the pace at which clipped and holiday days are learned
# Packs a day: one in seven weeks; keeps a history of zeros from making one pack infinite news.
_SMALLEST_LEVEL: Final = 0.02
_FIRST_LUMPINESS: Final = 3.0  # packs: a line is of one to four, and a prescription of a few lines
_FIRST_DRIFT: Final = 0.0225  # 15 % a week
_LARGEST_DRIFT: Final = 1.0
_SMALLEST_DRIFT: Final = 0.0025  # 5 %: nobody's custom is steadier
_LARGEST_WEEK: Final = 9.0  # times what a week was thought to stray, (3 sigma)²: what one may say about drift
_LARGEST_NEWS: Final = 9.0  # times the spread known, (3 sigma)²: what one day may say about spread
FESTIVAL_DRIFT: Final = 0.09  # 30 %: buying ahead and catching up
DRUGS_FESTIVAL_DRIFT: Final = 0.04  # … of drugs, which are bought ahead but stray less than admissions do: 20 %
_FIRST_WEEK: Final = 7  # days in which a mean is made, and nothing is clipped
_SMALLEST_FACTOR: Final = 0.1
_EVENTS: Final = 12  # days with volume that the memory must span, or a monthly delivery would be forgotten between two
_LONGEST_MEMORY: Final = 182
MISSING_DAYS: Final = 5  # empty ones, at least
_LONGEST_MISSING: Final = 28  # days: what is empty for longer is not used any more
MISSING_NATS: Final = 7.0  # one in a thousand
_LEAST_OVERDISPERSION: Final = 1.01
_THOUSAND: Final = 1_000


SavedBaseline: TypeAlias = tuple[
    int, float, list[float], float, float, float, int, float, float, int, float, float, float, int, int
]  # fmt: skip


class Expected(NamedTuple):
    """What is ordinary on a day: mean and lumpiness in packs, ``spread`` the coefficient of variation of the level, of which
    ``drift`` is what weeks stray; the rest is what is not known of the level, and the festival."""

    mean: float
    lumpiness: float
    spread: float
    drift: float

    def variance(self, days: float = 1.0) -> float:
        """Of the sum of ``days`` such days."""
        mean = self.mean * days
        return self.lumpiness * mean + (self.spread * mean) ** 2


def silence(mean: float, variance: float) -> float:
    """Nats of surprise where nothing comes: of a negative binomial."""
    overdispersion = max(variance / mean, _LEAST_OVERDISPERSION)
    return mean / (overdispersion - 1.0) * log(overdispersion)


class VolumeBaseline:
    """The state, in plain numbers; volumes in packs (any unit), one value a day without gaps, never NaN.

    A plain class, not a struct: it is compiled (see ``setup.py``), for a county's items learn millions of days.
    """

    def __init__(self) -> None:
        self.days = 0
        self.level = 0.0
        self.weekdays = [1.0] * 7
        self.lumpiness = _FIRST_LUMPINESS
        self.drift = _FIRST_DRIFT
        self.activity = 1.0  # share of days with volume
        self.events = 0  # days with volume
        self.event_volume = 0.0  # mean over the last events
        self.event_square = 0.0  # mean square over the last events
        self.held = 0  # days above the limit, lately
        self.held_level = 0.0
        self.week_volume = 0.0
        self.week_expected = 0.0
        self.idle = 0  # empty days up to the newest
        self.kept_level = 0  # before them, thousandths

    def saved(self) -> SavedBaseline:
        """All of it as plain numbers; equal models give equal ones."""
        return (
            self.days, self.level, self.weekdays, self.lumpiness, self.drift, self.activity, self.events,
            self.event_volume, self.event_square, self.held, self.held_level, self.week_volume, self.week_expected,
            self.idle, self.kept_level,
        )  # fmt: skip

    @staticmethod
    def restored(saved: SavedBaseline) -> VolumeBaseline:
        """What was `saved`. Raises `ValueError` where a week has not seven days."""
        model = VolumeBaseline()
        (
            model.days, model.level, model.weekdays, model.lumpiness, model.drift, model.activity, model.events,
            model.event_volume, model.event_square, model.held, model.held_level, model.week_volume, model.week_expected,
            model.idle, model.kept_level,
        ) = saved  # fmt: skip
        if len(model.weekdays) != 7:
            raise ValueError("a week has seven factors")
        return model

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VolumeBaseline) and self.saved() == other.saved()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def expected(self, day: int) -> Expected:
        """What ``day`` should bring, from what was learned so far. Finite, and positive also after a history of zeros."""
        return Expected(*self.expect(day))

    def expect(self, day: int) -> tuple[float, float, float, float]:
        """`expected`, as plain numbers."""
        level, lumps, seen = self.level, self.lumps(), self.memory()
        if level < _SMALLEST_LEVEL:
            level = _SMALLEST_LEVEL
        if self.days < seen:
            seen = float(max(self.days, 1))
        strayed = self.drift + lumps / (level * seen)
        if is_unsettled(day):
            strayed += FESTIVAL_DRIFT
        return level * self.weekdays[(day + 3) % 7], lumps, sqrt(strayed), sqrt(self.drift)

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
        if volume > 0.0:
            self.idle = self.kept_level = 0
        elif self._is_missing():
            self.level = self.kept_level / _THOUSAND
            self.days += 1
            self._end_week(day)
            return
        which = (day + 3) % 7
        mean = (self.level if self.level > _SMALLEST_LEVEL else _SMALLEST_LEVEL) * self.weekdays[which]
        learned, pace = volume, 1.0
        if volume > mean and self.days >= _FIRST_WEEK:
            _, lumps, spread, _ = self.expect(day)
            variance = lumps * mean + (spread * mean) ** 2
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
        self._end_week(day)
        if self.held >= ACCEPTANCE:
            self.level, self.held = self.held_level, 0

    def _end_week(self, day: int) -> None:
        if self.days % 7 == 0:
            self._learn_week(is_unsettled(day) or is_unsettled(day - 6))

    def _is_missing(self) -> bool:
        """One more empty day: whether so many are no chance."""
        if self.idle == 0 and self.days > _FIRST_WEEK:
            self.kept_level = int(min(self.level, LARGEST / _THOUSAND) * _THOUSAND)
        self.idle += 1
        mean = self.kept_level / _THOUSAND * self.idle
        if (
            not MISSING_DAYS <= self.idle <= _LONGEST_MISSING or mean < MISSING_NATS
        ):  # fewer packs are no rarer than that
            return False
        return silence(mean, self.lumps() * mean + self.drift * mean * mean) >= MISSING_NATS

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
        distance = volume - mean
        strayed = distance * distance - self.drift * mean * mean
        strayed = strayed / (mean if mean > _SMALLEST_LEVEL else _SMALLEST_LEVEL) if strayed > 0 else 0.0
        if strayed > _LARGEST_NEWS * self.lumpiness and self.days > ACCEPTANCE:
            strayed = _LARGEST_NEWS * self.lumpiness
        weight = self.days + 7
        self.lumpiness += pace * (strayed - self.lumpiness) / (weight if weight < SPREAD_MEMORY else SPREAD_MEMORY)
        if self.lumpiness < 1.0:
            self.lumpiness = 1.0

    def _learn_week(self, is_festival: bool) -> None:
        """What a week strays beyond chance: beyond what its days scatter, and what was not known of the level.

        A week that strays less than chance counts as well: of steady custom most do. How far the weeks around Spring Festival
        stray says nothing of the others.
        """
        expected = self.week_expected
        if expected < _SMALLEST_LEVEL:
            expected = _SMALLEST_LEVEL
        seen = min(float(self.days), self.memory())
        noise = self.lumpiness * (1.0 / expected + 7.0 / (expected * seen))
        distance = (self.week_volume - expected) / expected
        strayed = min(distance * distance, _LARGEST_WEEK * (noise + self.drift))
        telling = expected / (expected + 5 * self.lumpiness)
        rate = 0.0 if is_festival else telling / min(self.days / 7 + 4, DRIFT_MEMORY)
        self.drift += rate * (min(strayed - noise, _LARGEST_DRIFT) - self.drift)
        self.drift = max(self.drift, _SMALLEST_DRIFT)
        self.week_volume = self.week_expected = 0.0
        mean = sum(self.weekdays) / 7
        self.weekdays = [factor / mean for factor in self.weekdays]
