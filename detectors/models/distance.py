"""How far does a vector lie from the middle of those like it, by their own spread?

By each of its numbers in standard deviations that are learned online; together the root of the sum of their squares, as
Mahalanobis' distance is without what is between the numbers. Middle and variance are exponentially weighted means, faster while
few days were seen, and no outlier moves them whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Final

import msgspec

_FREE: Final = 1.0  # standard deviations of each indicator that are nothing
_HALF: Final = 3.0  # standard deviations together that score a half
_LEAST_VARIANCE: Final = 0.0004  # of an indicator between 0 and 1
_BELIEVED, _BELIEVED_DAYS = 0.02, 20  # variance beforehand, and the days that it counts as
_SLOWEST: Final = 0.004  # what a new day weighs at least: two hundred and fifty of the group
_CLIPPED: Final = 3.0  # standard deviations; no day moves middle and spread by more …
_OF_CLIPPED: Final = 1.1  # … which takes a tenth off what heavy tails have of variance


class Spread(msgspec.Struct, array_like=True, gc=False):
    """Where the group's days lie by one indicator: exponentially weighted middle and variance, of so many days."""

    middle: float = 0.5
    variance: float = _BELIEVED
    days: int = 0

    def away(self, value: float) -> float:
        """Standard deviations from the middle."""
        return (value - self.middle) / sqrt(self.variance + _LEAST_VARIANCE)

    def learn(self, value: float) -> None:
        """Never an outlier whole."""
        weight = max(_SLOWEST, 1 / (self.days + _BELIEVED_DAYS))
        most = _CLIPPED * sqrt(self.variance + _LEAST_VARIANCE)
        beyond = min(max(value - self.middle, -most), most)
        self.middle += weight * beyond
        self.variance += weight * (_OF_CLIPPED * beyond * beyond - self.variance)
        self.days += 1


def distance_of(spreads: Mapping[str, Spread], vector: Mapping[str, float]) -> float:
    """0 (usual) to 1: a half at `_HALF` standard deviations beyond the first of each number."""
    squares = 0.0
    for name, spread in spreads.items():
        beyond = abs(spread.away(vector[name])) - _FREE
        if beyond > 0:
            squares += beyond * beyond
    far = sqrt(squares)
    return far / (far + _HALF)
