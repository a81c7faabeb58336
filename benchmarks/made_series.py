"""Daily volumes of made items: ordinary ones, and the same with a spike, a ramp or a shift of level in them."""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

Kind = Literal["none", "spike", "ramp", "shift"]

CHANGE_DAY = 100
SPIKE_DAYS = 7
_WEEK = (1.2, 1.1, 1.0, 1.0, 1.1, 0.8, 0.8)
_MEMORY_DAYS = 33  # of the custom that comes and goes


class Made(NamedTuple):
    """What happens to the item: ``size`` is the spike's multiple, the ramp's growth a week, the shift's growth."""

    kind: Kind
    size: float

    def factor(self, day: int) -> float:
        """Times the ordinary on ``day`` of the series."""
        since = day - CHANGE_DAY
        if self.kind == "none" or since < 0:
            return 1.0
        if self.kind == "spike":
            return self.size if since < SPIKE_DAYS else 1.0
        return (1 + self.size) ** (since / 7) if self.kind == "ramp" else 1 + self.size


def made_series(change: Made, mean: float, days: int, seed: int, drift: float = 0.1) -> list[float]:
    """Packs a day: lines of one to three packs (variance 2⅓ times the mean), weekdays, custom that drifts by ``drift``."""
    chance = random.Random(seed)
    keep = 1 - 1 / _MEMORY_DAYS
    custom = chance.gauss(0, drift)
    series = []
    for day in range(days):
        custom = keep * custom + drift * (1 - keep**2) ** 0.5 * chance.gauss(0, 1)
        lines = _poisson(mean / 2 * _WEEK[day % 7] * 2.718281828**custom * change.factor(day), chance)
        series.append(float(sum(chance.choices((1, 2, 3), k=lines))))
    return series


def _poisson(mean: float, chance: random.Random) -> int:
    if mean > 50:
        return max(round(chance.gauss(mean, mean**0.5)), 0)
    count, arrival = 0, chance.expovariate(1.0)
    while arrival < mean:
        count += 1
        arrival += chance.expovariate(1.0)
    return count
