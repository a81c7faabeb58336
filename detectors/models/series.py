"""How surprising is the newest reading of a numeric series, from 0 to 1?

Six measures of a reading, each against its own past (`detectors.models.rarity`), up and down apart: its distance from what was
expected (`detectors.models.course`); the distance from what is usual at this time, kept for some readings and for many; unrest;
stillness; the distance from the level. The rarest of them speaks, those that need many readings a little lower.

What has been said fades over some hundred readings, and until then only what is rarer is news: a spike, a new level or an
outage is one alarm, not one a reading. A score of one half is one reading in some thousands, 0.9 one in a million.
"""

from __future__ import annotations

from math import exp, log
from typing import Final, TypeAlias

from detectors.models.course import Course, SavedCourse
from detectors.models.rarity import Rarity, SavedRarity

WARM_UP: Final = 100  # readings
_HALF: Final = 3.5  # zeros at which a score is one half
_STEEPNESS: Final = 4.0
_PRIOR: Final = 0.4  # a tail that falls by 10 as the measure grows 2.5 times
_FEW, _MANY = 8.0, 40.0  # readings over which a distance is kept
_UNREST: Final = 12.0
_STILLNESS: Final = 40.0
_FADING: Final = 500.0  # readings
_NEWS: Final = 16.0  # what was said counts by this power: only what is clearly rarer is news
_MARGIN: Final = 4.0  # zeros by which what was told must be outdone: an excess that grows on is no news
_SLOW: Final = 0.85  # weight of what is measured over many readings: their likes are fewer than readings
_STILL: Final = 0.7  # a rare thing is still nearly always: by stillness alone it must be far out
_WEIGHTS: Final[list[float]] = [1.0, 1.0, 1.0, 1.0, _SLOW, _SLOW, _SLOW, _STILL, 1.0, 1.0]  # of the ten pasts
_SMALLEST: Final = 0.02  # of the usual distance: what is below is nothing
_LARGEST: Final = 1e12
_LARGEST_VALUE: Final = 1e300

SavedSeries: TypeAlias = tuple[float, float, float, float, float, float, SavedCourse, list[SavedRarity]]


class SeriesScorer:
    """One series; `score` is told every reading once, in order."""

    def __init__(self) -> None:
        self.course = Course()
        self.pasts = [Rarity(_PRIOR) for _ in _WEIGHTS]
        self.few = 0.0
        self.many = 0.0
        self.unrest = 0.0
        self.moved = 0.0
        self.last = 0.0
        self.said = 0.0  # zeros, fading
        self.expected = 0.0  # of the newest reading

    def saved(self) -> SavedSeries:
        """All of it as plain numbers; equal scorers give equal ones."""
        pasts = [past.saved() for past in self.pasts]
        return self.few, self.many, self.unrest, self.moved, self.last, self.said, self.course.saved(), pasts

    @staticmethod
    def restored(saved: SavedSeries) -> SeriesScorer:
        """What was `saved`. Raises `ValueError` where it is of another layout."""
        scorer = SeriesScorer()
        scorer.few, scorer.many, scorer.unrest, scorer.moved, scorer.last, scorer.said, course, pasts = saved
        if len(pasts) != len(scorer.pasts):
            raise ValueError(f"a scorer has {len(scorer.pasts)} measures")
        scorer.course.restore(course)
        for past, kept in zip(scorer.pasts, pasts, strict=True):
            past.restore(kept)
        return scorer

    def is_warm(self) -> bool:
        """Whether the next reading is judged; until then the score is 0."""
        return self.course.seen >= WARM_UP

    def _expect(self, time: float) -> float:
        passed = self.course.arrive(time)
        if passed > 1.0:
            self.few *= exp(-min(passed, 500.0) / _FEW)
            self.many *= exp(-min(passed, 5_000.0) / _MANY)
            self.said *= exp(-min(passed, 50_000.0) / _FADING)
        return self.course.base() + self.course.lately()

    def score(self, time: float, value: float) -> float:
        """How surprising a finite ``value`` at ``time`` (seconds) is, 0 to 1, and learn it.

        `expected` is then what it should have been.
        """
        if value > _LARGEST_VALUE:
            value = _LARGEST_VALUE
        elif value < -_LARGEST_VALUE:
            value = -_LARGEST_VALUE
        expected = self._expect(time)
        if self.course.seen == 0:
            self.last = self.course.level = self.course.usual = expected = value
        self.expected = expected
        self.course.learn_unit(abs(value - self.last))
        is_warm = self.is_warm()
        zeros = self._measure(value, expected)
        news = self._news(zeros) if is_warm else 0.0
        if self.course.learn(value, expected):
            self.few = self.many = 0.0  # the distances kept were from a level that is no more
        self.last = value
        return score_of(news)

    def _measure(self, value: float, expected: float) -> float:
        """The rarest of the measures, in zeros; each is learned after it was judged."""
        course = self.course
        floor = course.floor()
        usual, surprise = course.stray + floor, course.surprise + floor
        strayed, missed, risen = value - course.usual, value - expected, value - course.level
        self.few += (strayed - self.few) / _FEW
        self.many += (strayed - self.many) / _MANY
        far = abs(missed) / surprise
        self.unrest += (min(far, 30.0) - self.unrest) / _UNREST
        self.moved += (min(abs(value - self.last) / surprise, 5.0) - self.moved) / _STILLNESS
        return max(
            self._rarity(0 if missed > 0.0 else 1, far),
            self._rarity(2 if self.few > 0.0 else 3, abs(self.few) / usual),
            self._rarity(4 if self.many > 0.0 else 5, abs(self.many) / usual),
            self._rarity(6, self.unrest),
            self._rarity(7, 1.0 / (self.moved + _SMALLEST)),
            self._rarity(8 if risen > 0.0 else 9, abs(risen) / usual),
        )

    def _rarity(self, which: int, size: float) -> float:
        measure = log((size if size < _LARGEST else _LARGEST) + _SMALLEST)
        past = self.pasts[which]
        zeros = past.zeros(measure) * _WEIGHTS[which]
        past.learn(measure)
        return zeros

    def _news(self, zeros: float) -> float:
        """How far it goes beyond what was said lately, in zeros."""
        said = self.said
        news: float = (zeros**_NEWS - said**_NEWS) ** (1.0 / _NEWS) if zeros > said else 0.0
        said -= said / _FADING
        told = zeros + _MARGIN * score_of(news)
        self.said = told if told > said else said
        return news


def score_of(zeros: float) -> float:
    """From 0 to 1: one half at 3.5 zeros.

    >>> [round(score_of(zeros), 2) for zeros in (0.0, 1.0, 2.0, 3.5, 6.0, 12.0)]
    [0.0, 0.01, 0.1, 0.5, 0.9, 0.99]
    """
    size: float = (zeros / _HALF) ** _STEEPNESS
    return size / (1.0 + size)
