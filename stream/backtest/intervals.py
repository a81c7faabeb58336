"""How sure is a share that was seen in few cases?"""

from __future__ import annotations

import math
from typing import Final

from stream.backtest.result import Interval

_Z: Final = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


def share(part: int, whole: int) -> float | None:
    """None of nothing is no share.

    >>> share(1, 4), share(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None


def wilson(part: int, whole: int) -> Interval | None:
    """Wilson's 95 % interval (E. B. Wilson, JASA 22, 1927): unlike the textbook's it holds for few cases, and for none or all.

    >>> wilson(0, 0) is None
    True
    >>> interval = wilson(9, 10)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.596, 0.982)
    """
    if not whole:
        return None
    seen, square = part / whole, _Z * _Z
    middle = (seen + square / (2 * whole)) / (1 + square / whole)
    half = _Z / (1 + square / whole) * math.sqrt(seen * (1 - seen) / whole + square / (4 * whole * whole))
    return Interval(max(middle - half, 0.0) if part else 0.0, min(middle + half, 1.0) if part < whole else 1.0)
