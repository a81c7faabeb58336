"""How probable are so many, or more, by chance?

The upper tail of a count with the mean and the variance that were learned: negative binomial, Poisson where the variance is
no larger than the mean. Summed, not bounded as in `detectors.models.tail`: of a dozen admissions Chernoff's bound gives away
a factor of ten, which a limit of one in ten thousand feels. Finite for all finite input; some dozen steps for counts up to
thousands.
"""

from __future__ import annotations

from math import exp, lgamma, log
from typing import Final

SMALLEST_MEAN: Final = 1e-6
_MOST_STEPS: Final = 5_000
_NEGLIGIBLE: Final = 1e-9


def chance(count: int, mean: float, variance: float) -> float:
    """P(Y ≥ count); 1 where it is no more than the mean.

    >>> round(chance(12, 3.0, 3.0) * 1e5, 1), chance(2, 3.0, 3.0)
    (7.1, 1.0)
    """
    mean = max(mean, SMALLEST_MEAN)
    if count <= mean:
        return 1.0
    lumps = variance - mean
    if lumps <= mean * 1e-6:
        ratio, size = mean, 0.0
        term = exp(count * log(mean) - mean - lgamma(count + 1))
    else:
        size = mean * mean / lumps
        ratio = mean / (mean + size)
        term = exp(lgamma(count + size) - lgamma(size) - lgamma(count + 1) + size * log(1 - ratio) + count * log(ratio))
    total = 0.0
    for step in range(count, count + _MOST_STEPS):
        total += term
        term *= (ratio if size == 0.0 else (step + size) * ratio) / (step + 1)
        if term <= total * _NEGLIGIBLE:
            break
    return min(total, 1.0)
