"""What does one person do at one place at one minute? For whatever is not drawn in the batches of a whole day."""

import numpy as np

from simulation.baskets import TABLE, Baskets, Orders, Party
from simulation.diagnoses import Diagnosis
from simulation.messages.lines import Line
from simulation.outpatient import OutPatients, Visit
from simulation.pharmacy import Pharmacies, Purchase
from simulation.world import World

Item = int  # place in the catalogue


class Appointments:
    """Books single visits and purchases of today; every line is charged as at any other counter."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clinics, self._pharmacies, self._baskets = OutPatients(world), Pharmacies(world), Baskets(world)

    def lines(
        self, person: int, institution: int, diagnosis: Diagnosis, rng: np.random.Generator, items: dict[Item, int]
    ) -> list[Line]:
        """What is taken: these items and pieces, or what the illness and the place suggest where there are none."""
        party = Party(np.array([person]), np.array([institution]), np.array([TABLE.index(diagnosis)]))
        if items:
            ordered = Orders(np.zeros(len(items), np.int64), np.array([*items]), np.array([*items.values()]))
            return self._baskets.lines(party, Orders.none(), ordered)[0]
        shop = self._world.institutions[institution].is_pharmacy
        drawn = self._baskets.drawn(party, rng, in_clinic=not shop, plain=False)
        return self._baskets.lines(party, drawn, Orders.none())[0]

    def visit(self, settled_at: int, visit: Visit) -> Visit:
        """Books a visit that is settled at the moment, unless something goes wrong with it."""
        self._clinics.book(settled_at - sum(visit.pauses), visit)
        return visit

    def purchase(self, at: int, purchase: Purchase) -> Purchase:
        """Books a purchase."""
        self._pharmacies.book(at, purchase)
        return purchase
