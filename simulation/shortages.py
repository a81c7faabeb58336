"""Which drug cannot be had, from when to when, and how much of it is then fetched at once?"""

from dataclasses import dataclass

import numpy as np

from simulation.catalogue import DRUG_GROUPS, Catalogue

EVERY_DAYS = 20  # one drug in so many days
MISSING = (9, 26)  # days
CAUGHT_UP_IN = (6, 15)  # days
MORE = (1.8, 3.0)  # times the usual, while it is made up for
ALWAYS_THERE = 3  # the first drugs of every group: of each group something can be had on any day


@dataclass(frozen=True, slots=True)
class Shortage:
    """One drug; day numbers."""

    item: int
    begin: int
    back: int
    over: int
    more: float

    def factor(self, day: int) -> float:
        """What the day's demand for it is multiplied by."""
        if self.begin <= day < self.back:
            return 0.0
        return self.more if self.back <= day < self.over else 1.0


def shortages(catalogue: Catalogue, days: int, rng: np.random.Generator) -> list[Shortage]:
    """Those of a period; some have begun before it or end after it."""
    members = [np.arange(*catalogue.span[group])[ALWAYS_THERE:] for group in DRUG_GROUPS if group != "herbs"]
    drugs = np.concatenate(members)
    found = []
    for _ in range(int(rng.poisson((days + MISSING[1]) / EVERY_DAYS))):
        begin = int(rng.integers(-MISSING[1], max(1, days)))
        back = begin + int(rng.integers(*MISSING))
        over = back + int(rng.integers(*CAUGHT_UP_IN))
        found.append(Shortage(int(rng.choice(drugs)), begin, back, over, float(rng.uniform(*MORE))))
    return found
