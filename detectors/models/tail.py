"""How surprising is a volume, and how large would a surprising one be?

Volumes are counts of packs that come in lumps, so their upper tail is that of a negative binomial with the mean and the variance
that were learned (Poisson where the variance is no larger than the mean): at a mean of 0.3 packs a z-score of 4 is an
ordinary Tuesday. The tail is bounded by Chernoff's inequality (Chernoff, 1952),

    P(Y ≥ y) ≤ exp(−I(y)),   I(y) = y ln(y/m) − (y + r) ln((y + r)/(m + r)),   r = m²/(variance − m),

which never overstates the surprise, is finite for all finite input, and costs two logarithms. ``river.proba`` has no
negative binomial, and scipy's takes ten times as long to say more than an alert needs. Surprise is counted in *nats*:
13.8 are one in a million.
"""

from __future__ import annotations

from functools import lru_cache
from math import log, sqrt
from typing import Final

SMALLEST_MEAN: Final = 1e-9
LARGEST: Final = 1e15  # beyond it floats lose single packs; every argument is brought below
_LARGEST_VARIANCE: Final = 1e30


def surprise(value: float, mean: float, variance: float) -> float:
    """Nats of surprise at a volume of ``value`` or more; 0 where it is no more than expected. Finite for finite input.

    >>> round(surprise(30, 2.0, 4.0), 1), surprise(1, 2.0, 4.0)
    (14.7, 0.0)
    """
    if mean < SMALLEST_MEAN:
        mean = SMALLEST_MEAN
    elif mean > LARGEST:
        mean = LARGEST
    if value > LARGEST:
        value = LARGEST
    if value <= mean:
        return 0.0
    lumps = (variance if variance < _LARGEST_VARIANCE else _LARGEST_VARIANCE) - mean
    if lumps <= mean * 1e-6:
        nats = value * log(value / mean) - value + mean
    else:
        size = mean * mean / lumps
        nats = value * log(value / mean) - (value + size) * log((value + size) / (mean + size))
    return nats if nats > 0.0 else 0.0


@lru_cache(maxsize=65_536)
def limit(mean: float, variance: float, nats: float) -> float:
    """The volume at which `surprise` reaches ``nats``, to a thousandth of its distance from the mean.

    Cached, for the same band is drawn again and again.
    """
    mean = min(max(mean, SMALLEST_MEAN), LARGEST)
    low, high = mean, mean + nats + sqrt(2 * nats * min(variance, LARGEST * LARGEST))
    while surprise(high, mean, variance) < nats and high < LARGEST:
        low, high = high, high * 2
    for _ in range(60):  # at large means floats end before a thousandth is reached
        middle = (low + high) / 2
        if high - low <= 1e-3 * (high - mean):
            break
        if surprise(middle, mean, variance) < nats:
            low = middle
        else:
            high = middle
    return high
