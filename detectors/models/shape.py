"""Is an excess a spike, a surge, a ramp, or a shift of level?

By its length and by what its days were, in multiples of what was expected of each: a ramp's last third stands well above its
first. Judged on all days from the first of the excess to the last, quiet ones too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Shape = Literal["spike", "surge", "ramp", "level_shift"]

SPIKE_DAYS = 3
RAMP_DAYS = 10  # below that, two noisy days at the end make any series rise
SHIFT_DAYS = 14
_RISE = 1.5  # last third over first


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
