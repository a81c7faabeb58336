"""To which institution does somebody from this village go?"""

import math

import numpy as np
from numpy.typing import NDArray

from simulation.draws import Ints
from simulation.institutions import Institution

_NEAREST = (0.62, 0.22, 0.11, 0.05)  # shares of the nearest, the second nearest …


class Catchment:
    """For each village and kind of institution the nearest ones; people mostly take the nearest."""

    def __init__(self, institutions: list[Institution], villages: int, rng: np.random.Generator) -> None:
        self.places = np.stack([rng.uniform(106.40, 106.90, villages), rng.uniform(29.50, 29.90, villages)])
        self.closed = np.zeros(len(institutions), bool)  # today
        self._nearest: dict[str, NDArray[np.int64]] = {}
        self._cumulative = np.cumsum(_NEAREST)
        for kind in {i.kind.key: None for i in institutions}:
            members = [i for i in institutions if i.kind.key == kind]
            self._nearest[kind] = self._table(members)

    def __contains__(self, kind: str) -> bool:
        return kind in self._nearest

    def choose(self, kind: str, villages: Ints, rng: np.random.Generator) -> Ints:
        """One institution of the kind for each village, as an index into the county's list; an open one if any is near."""
        rank = np.minimum(np.searchsorted(self._cumulative, rng.random(len(villages)), side="right"), 3)
        table = self._nearest[kind]
        chosen = table[villages, rank]
        for rank_tried in range(len(_NEAREST)):
            shut = np.flatnonzero(self.closed[chosen])
            if not len(shut):
                break
            chosen[shut] = table[villages[shut], rank_tried]
        return chosen

    def near(self, kind: str, village: int) -> list[int]:
        """The nearest institutions of the kind that are open, nearest first, without repeats."""
        nearest = dict.fromkeys(int(i) for i in self._nearest[kind][village])
        return [i for i in nearest if not self.closed[i]] or list(nearest)

    def villages_of(self, institution: Institution) -> list[int]:
        """The villages for which it is among the nearest of its kind."""
        table = self._nearest[institution.kind.key]
        return [int(village) for village in np.flatnonzero((table == institution.index).any(axis=1))]

    def _table(self, members: list[Institution]) -> NDArray[np.int64]:
        longitude, latitude = self.places
        squeeze = math.cos(math.radians(29.7))
        distance = np.stack(
            [((longitude - i.longitude) * squeeze) ** 2 + (latitude - i.latitude) ** 2 for i in members], axis=1
        )
        order = np.argsort(distance, axis=1)[:, :4]
        if order.shape[1] < 4:
            order = order[:, np.arange(4) % order.shape[1]]
        return np.array([i.index for i in members])[order]
