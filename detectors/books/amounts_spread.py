"""How are an institution's amounts usually spread: which share of them comes within one per cent of a given one?

Counts by bin of the logarithm, and a smooth curve by their first moments. A plain class, and no struct, so that it can be
compiled.
"""

from __future__ import annotations

from math import exp, log, pi, sqrt
from typing import Any, Final

import msgspec

BIN: Final = 0.02  # of the logarithm: one per cent to either side
_NEAR: Final = 5  # bins: a tenth to either side
MOST_LEARNED: Final = 16_000  # of weight; then all counts are halved
_MEAN, _SPREAD = 12.6, 0.7  # of the logarithm in fen (3,000 yuan), before anything is known
_WORTH: Final = 40  # of weight, that it counts for

SavedSpread = tuple[int, list[int], int, float, float]


class Spread:
    """Amounts learned, each with its weight: 4, or 1 of a doubtful one."""

    def __init__(self) -> None:
        self.first = 0  # bin of the first count
        self.counts: list[int] = []
        self.learned = 0
        self.mean = _MEAN
        self.variance = _SPREAD * _SPREAD

    def saved(self) -> SavedSpread:
        """All of it as plain numbers; equal ones give equal ones."""
        return self.first, self.counts, self.learned, self.mean, self.variance

    @staticmethod
    def restored(saved: Any) -> Spread:
        """What was `saved`. Raises `ValueError` for anything else."""
        spread = Spread()
        spread.first, spread.counts, spread.learned, spread.mean, spread.variance = msgspec.convert(saved, SavedSpread)
        return spread

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spread) and self.saved() == other.saved()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def learn(self, amount: int, weight: int) -> None:
        """One more amount."""
        place = log(amount)
        index = int(place / BIN)
        if not self.counts:
            self.first = index
        if index < self.first:
            self.counts = [0] * (self.first - index) + self.counts
            self.first = index
        missing = index - self.first + 1 - len(self.counts)
        if missing > 0:
            self.counts.extend([0] * missing)
        self.counts[index - self.first] += weight
        self.learned += weight
        rate = weight / (self.learned + _WORTH)
        off = place - self.mean
        self.mean += rate * off
        self.variance = (1 - rate) * (self.variance + rate * off * off)
        if self.learned >= MOST_LEARNED:
            self.counts = [count // 2 for count in self.counts]
            self.learned = sum(self.counts)

    def usual(self, amount: int) -> float:
        """The share that comes within one per cent: of what was learned there or about it, or of a
        smooth curve, whichever is most."""
        place = log(amount)
        index = int(place / BIN) - self.first
        known = self.learned + _WORTH
        near = [self.counts[n] if 0 <= n < len(self.counts) else 0 for n in range(index - _NEAR, index + _NEAR + 1)]
        pair = 0.7 * (near[_NEAR] + max(near[_NEAR - 1], near[_NEAR + 1])) / (known + _WORTH)
        around = sum(near) / len(near) / known
        variance = max(self.variance, 0.04)
        smooth = BIN * exp(-((place - self.mean) ** 2) / (2 * variance)) / sqrt(2 * pi * variance)
        return min(max(pair, around, smooth, 0.002), 1.0)
