"""How does a place come to more patients than come by themselves, or to a larger volume of one drug?

Booked in the batches in which ordinary visits are: with their hours, illnesses, mistakes and refunds.
"""

from collections.abc import Sequence
from enum import Enum

import numpy as np

from simulation.backstage import Backstage
from simulation.baskets import Orders, Party
from simulation.draws import Ints
from simulation.institutions import Institution


class Way(Enum):
    """How a volume grows: by more sales, by larger ones, or by the same few people coming again and again."""

    SALES = "sales"
    PACKS = "packs"
    PERSONS = "persons"


def crowd(backstage: Backstage, day: int, place: Institution, count: int) -> None:
    """So many more visits or purchases today, of people nearby, for whatever ails them."""
    persons = _local(backstage, day, place, count)
    party = Party(persons, np.full(len(persons), place.index), backstage.visits.ill(day, persons, backstage.rng))
    _book(backstage, day, party, None)


def sell(
    backstage: Backstage, day: int, place: Institution, item: int, packs: int, way: Way, regulars: Sequence[int] = ()
) -> None:
    """Visits or purchases today that together take about so many packs of the item; the persons of PERSONS are given."""
    if packs <= 0:
        return
    sizes = _sizes(backstage, packs, way)
    if way is Way.PERSONS:
        free = backstage.visits.at_home(day, np.array(regulars, np.int64))
        persons = backstage.rng.permutation(free)[: len(sizes)]
    else:
        persons = _local(backstage, day, place, len(sizes))
    counts = np.array(sizes[: len(persons)])
    party = Party(persons, np.full(len(persons), place.index), backstage.visits.ill(day, persons, backstage.rng))
    _book(backstage, day, party, Orders(np.arange(len(persons)), np.full(len(persons), item), counts))


def regulars_of(backstage: Backstage, place: Institution, count: int, begin: int, end: int) -> list[int]:
    """People nearby whose cards are used for the sales of PERSONS between the days."""
    found = (backstage.person_near(place, begin, end, ages=(35, 90)) for _ in range(count))
    return list(dict.fromkeys(person for person in found if person is not None))


def _sizes(backstage: Backstage, packs: int, way: Way) -> list[int]:
    rng, sizes = backstage.rng, list[int]()
    while sum(sizes) < packs:
        size = int(rng.integers(4, 13)) if way is Way.PACKS else int(min(rng.geometric(0.45), 6))
        sizes.append(min(size, packs - sum(sizes)))
    return sizes


def _local(backstage: Backstage, day: int, place: Institution, count: int) -> Ints:
    people = backstage.world.people
    near = np.array(backstage.world.catchment.villages_of(place) or [0])
    drawn = backstage.visits.at_home(day, np.unique(people.sick_people(backstage.rng, 40 * count + 200)))
    local = drawn[np.isin(people.village[people.household[drawn]], near)]
    chosen = local if len(local) >= count else drawn
    return backstage.rng.permutation(chosen)[:count]


def _book(backstage: Backstage, day: int, party: Party, orders: Orders | None) -> None:
    if not len(party.persons):
        return
    if backstage.world.institutions[int(party.institutions[0])].is_pharmacy:
        backstage.visits.pharmacy(day, party, backstage.rng, orders)
    else:
        backstage.visits.clinic(day, party, backstage.rng, orders)
