"""Is an excess a spike, a surge, a ramp, or a shift of level?

By its length and by what its days were, in multiples of what was expected of each: a ramp's last third stands well above its
first. Judged on all days from the first of the excess to the last, quiet ones too. A ramp of a tenth a week crosses a limit when
it has long been climbing: so the weeks before are asked as well whether they climb or step.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal, NamedTuple

Shape = Literal["spike", "surge", "ramp", "level_shift"]

SPIKE_DAYS = 3
RAMP_DAYS = 10  # below that, two noisy days at the end make any series rise
SHIFT_DAYS = 14
_RISE = 1.5  # last third over first
_LEAST_WEEKS = 6
_LEAST_CLIMB = 3  # weeks, or it is a step


def shape_of(ratios: Sequence[float]) -> Shape:
    """The name of the excess.

    >>> shape_of([5.0]), shape_of([4.0] * 7), shape_of([4.0] * 20), shape_of([1 + day / 5 for day in range(20)])
    ('spike', 'surge', 'level_shift', 'ramp')
    """
    days = len(ratios)
    if days <= SPIKE_DAYS:
        return "spike"
    third = days // 3
    if days >= RAMP_DAYS and sum(ratios[-third:]) > _RISE * sum(ratios[:third]):
        return "ramp"
    return "level_shift" if days >= SHIFT_DAYS else "surge"


class Climb(NamedTuple):
    """Weeks up to the newest over which a volume has climbed, from ``low`` to ``high``."""

    weeks: int
    low: float
    high: float

    @property
    def weekly(self) -> float:
        """Times the week before."""
        return (self.high / self.low) ** (1.0 / self.weeks) if self.low > 0.0 else 0.0


def climb_of(weeks: Sequence[float]) -> Climb | None:
    """The climb at the end of weekly volumes, the newest last; None where a step, or nothing, explains them better.

    Square roots, whose chance does not depend on their size. A bend and a step are as free as one another: where, from, to; but
    the week in which a step falls may be anything.

    >>> climb_of([20.0, 20.0, 24.0, 30.0, 37.0, 45.0, 54.0]).weeks, climb_of([20.0] * 4 + [40.0] * 4)
    (5, None)
    """
    count = len(weeks)
    if count < _LEAST_WEEKS:
        return None
    roots = [sqrt(max(week, 0.0)) for week in weeks]
    stepped = min(_strayed(roots[:place]) + _strayed(roots[place + 1 :]) for place in range(1, count - 1))
    best, found = stepped, None
    for climbing in range(_LEAST_CLIMB, count):
        low, rise, strayed = _bend(roots, climbing)
        if rise > 0.0 and strayed < best:
            best = strayed
            found = Climb(climbing, max(low, 0.0) ** 2, (low + rise * climbing) ** 2)
    return found


def _strayed(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def _bend(values: Sequence[float], climbing: int) -> tuple[float, float, float]:
    """Least squares of a level that rises evenly over the last ``climbing`` values: level, rise, squared distances."""
    count = len(values)
    steps = [float(max(place - (count - 1 - climbing), 0)) for place in range(count)]
    mean, usual = sum(steps) / count, sum(values) / count
    spread = sum((step - mean) ** 2 for step in steps)
    rise = sum((step - mean) * (value - usual) for step, value in zip(steps, values, strict=True)) / spread
    low = usual - rise * mean
    return low, rise, sum((value - low - rise * step) ** 2 for step, value in zip(steps, values, strict=True))
