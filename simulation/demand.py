"""Which item of a group is taken at an institution on a day, and for how much?

Each institution keeps an assortment of its own: a few best sellers, a long tail, items that are only there on some
weekdays, items that are listed in the middle of the period, a bulk seller here and there. Now and then a drug cannot be had
anywhere for some weeks; then everybody fetches what was missed.
"""

import numpy as np
from numpy.typing import NDArray

from simulation.catalogue import DRUG_GROUPS, Catalogue
from simulation.draws import Floats, Ints
from simulation.institutions import Institution
from simulation.shortages import Shortage, shortages
from simulation.timeline import Timeline

TAIL = 1.15  # exponent of the rank–volume law of drugs in an assortment
LEAST_IN_GROUP = 3  # drugs of every group that even a village clinic keeps
NEW_SHARE, WEEKDAY_SHARE, BULK_SHARE = 0.02, 0.015, 0.012  # of the drugs of an assortment


class Demand:
    """Draws items; `open_day` must be called with every day in turn before anything is drawn."""

    def __init__(
        self, catalogue: Catalogue, institutions: list[Institution], timeline: Timeline, rng: np.random.Generator
    ) -> None:
        self._timeline = timeline
        self._width = len(catalogue.items)
        self._weights = np.ones((len(institutions), self._width))
        self._starts = np.array([catalogue.span[group][0] for group in catalogue.span])
        self._ends = np.array([catalogue.span[group][1] for group in catalogue.span])
        self.group_number = {group: number for number, group in enumerate(catalogue.span)}
        for group in DRUG_GROUPS:
            begin, end = catalogue.span[group]
            for institution in institutions:
                self._weights[institution.index, begin:end] = _assortment(end - begin, institution, rng)
        self._drugs = slice(catalogue.span[DRUG_GROUPS[0]][0], catalogue.span[DRUG_GROUPS[-1]][1])
        self._seasonal = {
            name: np.arange(*catalogue.span[group]) for name, group in (("winter", "cold"), ("summer", "digestive"))
        }
        self._shortages: list[Shortage] = shortages(catalogue, timeline.days, rng)
        self._weekday_factor = rng.normal(1.0, 0.07, (7, self._width)).clip(0.7, 1.3)
        self._listed_from, self._only_on, bulk = self._peculiar(rng)
        self.bulk = np.where(bulk, rng.integers(4, 11, bulk.shape), 1)
        factor = np.array([i.kind.price for i in institutions])[:, None] * rng.uniform(0.93, 1.0, self._weights.shape)
        limits = np.array([item.limit_fen for item in catalogue.items])
        self.price_fen: NDArray[np.int64] = np.maximum(1, np.floor(limits * factor)).astype(np.int64)
        self.prices: list[list[int]] = self.price_fen.tolist()  # the same, quicker to read one by one
        self.sold: NDArray[np.int64] = np.zeros(self._weights.shape, np.int64)
        self._cumulative: Floats = np.zeros(0)

    def open_day(self, day: int) -> None:
        """Makes the day's weights; draws until the next call are of this day."""
        weights = self._weights * self._weekday_factor[self._timeline.weekday(day)]
        for season, items in self._seasonal.items():
            weights[:, items] *= self._timeline.season(season, day) ** 0.5
        weights[:, self._drugs] *= self._listed_from <= day
        weekday = self._timeline.weekday(day)
        weights[:, self._drugs] *= (self._only_on < 0) | (self._only_on == weekday)
        for shortage in self._shortages:
            weights[:, shortage.item] *= shortage.factor(day)
        self._cumulative = np.concatenate([[0.0], np.cumsum(weights)])

    def draw(self, institutions: Ints, groups: Ints, chances: Floats) -> Ints:
        """An item for each pair of institution and group number; the same chance (0–1) mostly gives the same item."""
        first = institutions * self._width + self._starts[groups]
        last = institutions * self._width + self._ends[groups]
        low, high = self._cumulative[first], self._cumulative[last]
        found = np.searchsorted(self._cumulative, low + chances * (high - low), side="right") - 1
        items: Ints = np.clip(found, first, last - 1) - institutions * self._width
        return items

    def keeps(self, institution: int, item: int) -> bool:
        """Whether the institution ever has the item."""
        return bool(self._weights[institution, item] > 0)

    def count_sold(self, institutions: Ints, items: Ints, counts: Ints) -> None:
        """Keeps the volume so far, from which a scheme knows what is usual."""
        np.add.at(self.sold, (institutions, items), counts)

    def _peculiar(self, rng: np.random.Generator) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        shape = self._weights[:, self._drugs].shape
        days = self._timeline.days
        listed_from = np.where(rng.random(shape) < NEW_SHARE, rng.integers(0, days + 1, shape), 0)
        only_on = np.where(rng.random(shape) < WEEKDAY_SHARE, rng.integers(0, 5, shape), -1)
        bulk = np.zeros(self._weights.shape, bool)
        bulk[:, self._drugs] = rng.random(shape) < BULK_SHARE
        # The first three of each group are always there: whoever asks for a group must get something on any day.
        kept = np.zeros(self._weights.shape, bool)
        for start in self._starts:
            kept[:, start : start + LEAST_IN_GROUP] = True
        kept = kept[:, self._drugs]
        return np.where(kept, 0, listed_from), np.where(kept, -1, only_on), bulk


def _assortment(count: int, institution: Institution, rng: np.random.Generator) -> Floats:
    ranks = rng.permutation(count) + 1.0
    weights: Floats = ranks**-TAIL * rng.lognormal(0.0, 0.35, count)
    missing = rng.random(count) > institution.kind.assortment
    missing[:LEAST_IN_GROUP] = False
    weights[missing] = 0.0
    return weights
