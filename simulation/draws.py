"""Where does chance come from?

Every part of the county has a stream of its own, named by what it is for, so that one more scheme does not change
what an ordinary patient does. Nothing here depends on the hash seed of the process.
"""

import random
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A generator for batches, the same for the same seed and names."""
    return np.random.default_rng([seed, *(zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names)])


def single(rng: np.random.Generator) -> random.Random:
    """A generator for one thing's own small choices (a stay, a scheme); ten times quicker than numpy one by one."""
    return random.Random(int(rng.integers(1 << 62)))


class Hours:
    """Times of day, drawn from 24 hourly weights."""

    def __init__(self, weights: Sequence[float]) -> None:
        total = sum(weights)
        self._cumulative = [share / total for share in accumulate(weights)]
        self._array = np.array(self._cumulative)

    def batch(self, rng: np.random.Generator, count: int) -> Ints:
        """Seconds of the day."""
        hours = np.minimum(np.searchsorted(self._array, rng.random(count), side="right"), 23)
        return hours * 3600 + rng.integers(0, 3600, count)

    def one(self, chance: random.Random) -> int:
        """A second of the day."""
        hour = min(bisect_right(self._cumulative, chance.random()), 23)
        return hour * 3600 + int(chance.random() * 3600)


CLINIC_HOURS = Hours([0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 4, 11, 14, 12, 6, 2, 3, 8, 9, 7, 3, 2, 2, 1.5, 1, 0.5, 0.2])
PHARMACY_HOURS = Hours([0.02, 0.01, 0.01, 0.01, 0.01, 0.02, 0.3, 2, 6, 8, 8, 6, 4, 4, 6, 6, 7, 7, 7, 8, 6, 3, 0.6, 0.1])
ADMISSION_HOURS = Hours([0.4, 0.3, 0.3, 0.3, 0.3, 0.4, 0.7, 2, 8, 14, 14, 8, 3, 4, 9, 9, 7, 4, 2, 2, 2, 1.5, 1, 0.6])
DISCHARGE_HOURS = Hours([0, 0, 0, 0, 0, 0, 0.1, 1, 8, 18, 20, 12, 3, 5, 12, 11, 7, 3, 1, 0.5, 0.2, 0.1, 0, 0])
