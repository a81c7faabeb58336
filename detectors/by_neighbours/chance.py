"""How often does a group come to an institution, and so how likely is it that several come at once by chance?

The rate is learned from the days on which nobody came, which a busload does not move: of T days before, d with an admission are
worth −T ln(1 − d/T) admissions. A gamma prior stands before it: what a group of this size has on the whole (its members'
usual admissions, and its own to any institution), a quarter of it here. The number that comes in a window is then negative
binomial, and its tail, bounded as in `detectors.models.tail`, is the surprise in nats.
"""

from __future__ import annotations

from bisect import bisect_left
from math import log
from typing import Final, NamedTuple

from detectors.models.tail import surprise

HISTORY: Final = 90  # days before
ADMISSIONS_A_DAY: Final = 0.25 / 365  # of one insured person; China had some 0.2 a year (domain.md)
GROUP_WEIGHT: Final = 7.0  # days for which that stands
SHARE: Final = 0.25  # of a group's admissions that one institution has, before anything is known
SHARE_WEIGHT: Final = 14.0  # days for which that stands
BUSIEST_DAY: Final = 1.4  # Mondays, and the days after a holiday, over the mean
ACQUAINTED: Final = 0.01  # companions: who know each other come together at times, however rarely they come
LEAST_SHAPE: Final = 1.0  # of the gamma: nothing known of the rate but its mean


class Chance(NamedTuple):
    """``expected``: companions within the window; ``shape``: how much that rests on, in admissions."""

    expected: float
    shape: float

    def nats(self, companions: int) -> float:
        """The surprise at so many."""
        return surprise(companions, self.expected, self.expected + self.expected * self.expected / self.shape)


class History:
    """A group's admissions: ``calendar`` says by institution the days, in order, on which any came; ``size``: its members."""

    def __init__(self, calendar: dict[str, list[int]], size: int) -> None:
        self._calendar = calendar
        self._size = size
        self._first: int | None = min([days[0] for days in calendar.values()], default=None)
        self._before: dict[int, tuple[int, float]] = {}

    def chance(self, institution: str, day: int, window: int) -> Chance:
        """What the history before ``day`` lets one expect there within ``window`` days."""
        length, everywhere = self._known_before(day)
        here = _admissions(self._calendar.get(institution, []), day, length)
        rate = (GROUP_WEIGHT * ADMISSIONS_A_DAY * self._size + everywhere) / (GROUP_WEIGHT + length)
        shape = SHARE_WEIGHT * SHARE * rate + here
        expected = BUSIEST_DAY * window * shape / (SHARE_WEIGHT + length)
        return Chance(max(expected, ACQUAINTED), max(shape, LEAST_SHAPE))

    def _known_before(self, day: int) -> tuple[int, float]:
        """How many days are known, and what the group's admissions in them are worth, wherever they were."""
        found = self._before.get(day)
        if found is None:
            length = 0 if self._first is None else max(0, min(HISTORY, day - self._first))
            everywhere = 0.0
            for days in self._calendar.values():
                everywhere += _admissions(days, day, length)
            found = self._before[day] = (length, everywhere)
        return found


def _admissions(days: list[int], day: int, length: int) -> float:
    """What the days with an admission in the ``length`` days before ``day`` are worth."""
    if not length:
        return 0.0
    found = bisect_left(days, day) - bisect_left(days, day - length)
    return -(length + 1) * log(1 - found / (length + 1))
