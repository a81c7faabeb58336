"""How rare is it that a measure is so large, by what it was before?

The tail beyond a high quantile of the measure's own past is taken for a power law, whose index is the mean of the logarithms of
what lay above the quantile (Hill, *A simple general approach to inference about the tail of a distribution*, 1975). So the unit
does not matter, a stream that always had bursts is not alarmed by one more, and a stream that never had any is. Quantile, share
above it and index are learned online, the index from a cautious prior on; where little is known, less is called rare. Rarity is
counted in *zeros*: 4 are once in 10,000 readings.
"""

from __future__ import annotations

from math import exp, log
from typing import Final, TypeAlias

ABOVE: Final = 0.02  # share of the past that lies above the quantile
_PRIOR_WEIGHT: Final = 8.0  # readings above the quantile that the prior index counts for
_MEMORY: Final = 4_000.0  # readings, of the share
_BAR_MEMORY: Final = 1_000.0  # readings: what was strange before a daily course was known must be forgotten
_MOST_COUNTED: Final = 30.0  # readings above the quantile
_FIRST: Final = 50  # readings in which nothing is judged
_CLIP: Final = 8.0  # times the index: one reading far out must not teach that such ones are ordinary
_LEAST_CLIP: Final = 0.5
_SMALLEST_SHARE: Final = 0.004
_SMALLEST_STEP: Final = 1e-6
_LN10: Final = 2.302585092994046

SavedRarity: TypeAlias = tuple[int, float, float, float, float, int, list[float]]


class Rarity:
    """The past of one measure, given by its natural logarithm; ``prior`` is the index before anything is known."""

    def __init__(self, prior: float) -> None:
        self.prior = prior
        self.seen = 0
        self.bar = 0.0  # the quantile
        self.share = ABOVE  # above it
        self.excess = 0.0  # sum of the logarithms above it
        self.count = 0.0  # of them
        self.run = 0  # readings above the quantile, one after the other
        self.first: list[float] = []  # the readings from which the quantile will be made

    def saved(self) -> SavedRarity:
        """All of it as plain numbers."""
        return self.seen, self.bar, self.share, self.excess, self.count, self.run, list(self.first)

    def restore(self, saved: SavedRarity) -> None:
        """Go on from what was `saved`."""
        self.seen, self.bar, self.share, self.excess, self.count, self.run, first = saved
        self.first = list(first)

    def index(self) -> float:
        """Mean logarithm above the quantile: 0.15 of a normal measure, 1 and more of bursts."""
        return (self.excess + self.prior * _PRIOR_WEIGHT) / (self.count + _PRIOR_WEIGHT)

    def zeros(self, measure: float) -> float:
        """How rare so large a measure is; 0 until enough was seen."""
        if self.seen < _FIRST:
            return 0.0
        above = measure - self.bar
        known = -log(self.share) / _LN10
        if above <= 0.0:
            return known * exp(2.0 * above)
        doubt: float = 1.0 + 1.0 / (self.count + 4.0) ** 0.5  # the index is itself known from few readings
        return known + float(above / (self.index() * doubt * _LN10))

    def learn(self, measure: float) -> None:
        """Take in a measure, after it was judged."""
        self.seen += 1
        if self.seen <= _FIRST:
            self.first.append(measure)
            if self.seen == _FIRST:
                self._begin()
            return
        memory = float(self.seen) if self.seen < _MEMORY else _MEMORY
        index = self.index()
        is_above = measure > self.bar + _SMALLEST_STEP
        self.run = self.run + 1 if is_above else 0
        # An excursion is one event: what stays above must not teach within an hour that it is ordinary.
        weight = 1.0 / (self.run * self.run) if self.run else 1.0
        if is_above:
            self._learn_excess(measure - self.bar, index, weight)
        self.share += ((1.0 if is_above else 0.0) - self.share) / (memory if memory > 200.0 else 200.0)
        if self.share < _SMALLEST_SHARE:
            self.share = _SMALLEST_SHARE
        # The step is the spread of the tail over its weight, and small while the first quantile is all there is.
        pace = memory if memory < _BAR_MEMORY else _BAR_MEMORY
        step = 2.0 * index / (ABOVE * pace) * (1.0 if memory > 150.0 else memory / 150.0)
        self.bar += step * ((1.0 - ABOVE) * weight if is_above else -ABOVE)

    def _begin(self) -> None:
        ordered = sorted(self.first)
        self.bar = ordered[int(_FIRST * (1.0 - ABOVE)) - 1]
        for measure in ordered:
            if measure > self.bar + _SMALLEST_STEP:
                self._learn_excess(measure - self.bar, self.prior / 2.0, 1.0)
        self.first = []

    def _learn_excess(self, above: float, index: float, weight: float) -> None:
        most = _CLIP * index if _CLIP * index > _LEAST_CLIP else _LEAST_CLIP
        self.excess += weight * (above if above < most else most)
        self.count += weight
        if self.count > _MOST_COUNTED:
            self.excess *= _MOST_COUNTED / self.count
            self.count = _MOST_COUNTED
