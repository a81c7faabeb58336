"""What is taken at a visit or a purchase?

What the person came for, and what the institution's own demand adds: drugs for the illness, fees, tests, care.
"""

from dataclasses import dataclass

import numpy as np

from simulation.diagnoses import DIAGNOSES, KIDNEY_FAILURE, Diagnosis
from simulation.draws import Ints
from simulation.messages.lines import Line
from simulation.world import World

# How many drugs are taken, none to four.
DRUGS_OF_A_VISIT = (0.08, 0.32, 0.34, 0.18, 0.08)
DRUGS_OF_A_PURCHASE = (0.0, 0.3, 0.36, 0.22, 0.12)
DRUGS_BESIDES = (0.45, 0.35, 0.15, 0.05, 0.0)  # besides what the person came for
A_WEEK = 7  # what is taken lasts so many days unless the order says otherwise
EXTRAS_OF_A_VISIT = 0.02  # of the visits have something that the patient pays alone
EXTRAS_FOR_A_SHARE = 3.0  # so many more for each unit of `own_paid`: an extra is about a third of a bill
TABLE: tuple[Diagnosis, ...] = (*DIAGNOSES, KIDNEY_FAILURE)
DIALYSIS = len(DIAGNOSES)  # its place in the table


@dataclass(frozen=True, slots=True)
class Party:
    """People who go somewhere on one day; arrays of equal length."""

    persons: Ints
    institutions: Ints
    diagnoses: Ints  # places in the table of diagnoses


@dataclass(frozen=True, slots=True)
class Orders:
    """Lines that are taken in any case: whose (place in the party), which item, how much, for how many days (7)."""

    owners: Ints
    items: Ints
    counts: Ints
    days: Ints | None = None

    @classmethod
    def none(cls) -> "Orders":
        """No such line."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty)


class Baskets:
    """Fills the baskets of a whole party at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        numbers = world.demand.group_number
        self._drugs = np.array([[numbers[d.drugs[k % len(d.drugs)]] for k in range(4)] for d in TABLE])

    def drawn(self, party: Party, rng: np.random.Generator, in_clinic: bool, plain: bool) -> Orders:
        """What the institution's own demand adds: drugs for the illness, and in a clinic fees, tests and care."""
        world, count = self._world, len(party.persons)
        number = world.demand.group_number
        owner = np.arange(count)
        shares = DRUGS_BESIDES if plain else DRUGS_OF_A_VISIT if in_clinic else DRUGS_OF_A_PURCHASE
        zeal, own = world.practice.zeal[party.institutions], world.practice.own_paid[party.institutions]
        more = rng.random(count) < zeal - 1
        drugs = np.repeat(owner, rng.choice(5, count, p=shares) + (more & (not plain)))
        owners, groups = [drugs], [self._drugs[party.diagnoses[drugs], rng.integers(0, 4, len(drugs))]]
        if in_clinic:
            clinic = np.array([i.kind.key in ("clinic", "township") for i in world.institutions])[party.institutions]
            owners.append(owner)
            groups.append(np.where(clinic, number["general"], number["consult"]))
            for group, share in (("lab", 0.32), ("lab", 0.1), ("exam", 0.15), ("drip", 0.13), ("rehab", 0.06)):
                some = owner[rng.random(count) < zeal * (share * 0.15 if plain else share)]
                owners.append(some)
                groups.append(np.full(len(some), number[group]))
            extras = owner[rng.random(count) < EXTRAS_OF_A_VISIT + EXTRAS_FOR_A_SHARE * own]
            owners.append(extras)
            groups.append(np.full(len(extras), number["extras"]))
        who, group_of = np.concatenate(owners), np.concatenate(groups)
        items = world.demand.draw(party.institutions[who], group_of, rng.random(len(who)))
        return Orders(who, items, self._counts(party, who, items, rng))

    def _counts(self, party: Party, owners: Ints, items: Ints, rng: np.random.Generator) -> Ints:
        world = self._world
        first, last = world.catalogue.span["digestive"][0], world.catalogue.span["herbs"][0]
        herbs = (items >= last) & (items < world.catalogue.span["herbs"][1])
        packs = np.minimum(rng.geometric(0.55, len(items)), 6)
        counts = np.where((items >= first) & (items < last), packs, 1)
        counts = np.where(herbs, rng.integers(5, 16, len(items)) * 7, counts)
        bulk: Ints = world.demand.bulk[party.institutions[owners], items]
        return np.where((bulk > 1) & ~herbs, bulk + packs - 1, counts)

    def lines(self, party: Party, drawn: Orders, ordered: Orders) -> list[list[Line]]:
        """Lines by member of the party, an item once."""
        world = self._world
        owners = np.concatenate([ordered.owners, drawn.owners])
        items = np.concatenate([ordered.items, drawn.items])
        counts = np.concatenate([ordered.counts, drawn.counts])
        lasting = _days(ordered) + _days(drawn)
        world.demand.count_sold(party.institutions[owners], items, counts)
        prices = world.demand.price_fen[party.institutions[owners], items]
        catalogue = world.catalogue.items
        lines: list[dict[int, Line]] = [{} for _ in party.persons]
        for owner, item, count, price, days in zip(
            owners.tolist(), items.tolist(), counts.tolist(), prices.tolist(), lasting, strict=True
        ):
            taken = lines[owner]
            if item not in taken:
                taken[item] = Line(catalogue[item], count, price, "", days=days)
        return [list(taken.values()) for taken in lines]


def _days(orders: Orders) -> list[int]:
    return [A_WEEK] * len(orders.owners) if orders.days is None else orders.days.tolist()
