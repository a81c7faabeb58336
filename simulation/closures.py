"""Which village doctor is away? A week or two now and then; the neighbours' clinics have his patients meanwhile."""

import numpy as np

from simulation.draws import stream
from simulation.world import World

AWAY_EVERY = 200  # days from one absence to the next, on average
AWAY = (5, 14)  # days


class Closures:
    """Closes clinics and opens them again."""

    def __init__(self, world: World) -> None:
        self._world = world
        rng = stream(world.seed, "closures")
        clinics = np.array([i.index for i in world.institutions if i.kind.key == "clinic"])
        count = int(rng.poisson(len(clinics) * world.timeline.days / AWAY_EVERY))
        self._places = rng.choice(clinics, count)
        self._begins = rng.integers(-AWAY[1], max(1, world.timeline.days), count)
        self._ends = self._begins + rng.integers(*AWAY, count, endpoint=True)

    def open_day(self, day: int) -> None:
        """Says who is away today."""
        closed = self._world.catchment.closed
        closed[:] = False
        closed[self._places[(self._begins <= day) & (day < self._ends)]] = True
