"""同村、同单位、同电话: people who are no family are fetched together, and go home together.

Blatant: a busload of one village on one morning, all with the same back. Careful: five colleagues, a day apart, with
different illnesses.
"""

import numpy as np

from simulation.backstage import Backstage
from simulation.draws import Ints
from simulation.institutions import Institution
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "H81.000", "K29.500", "I25.103", "M17.900")
FIRST_DAY = 2
LEAST = 5  # people
AGES = (30, 92)
STAFF = (12, 120)  # of an employer of whom enough are free and who is not half the county


def hide(backstage: Backstage) -> None:
    """Books groups of a village, of a telephone, of an employer."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township"), 0.3)
    bonds = [_of_a_village, _of_a_telephone, _of_an_employer]
    for number in range(backstage.count(per_thousand_people_and_month=0.08, least=3)):
        strength, hospital = backstage.strength(), chance.choice(hospitals)
        length = chance.randint(4, 8)
        if backstage.days - length - 4 < FIRST_DAY:
            continue
        day = chance.randint(FIRST_DAY, backstage.days - length - 4)
        size = LEAST + round(5 * strength)
        group = bonds[number % len(bonds)](backstage, hospital, size, day, day + length + 2)
        if group is None:
            continue
        backstage.keep(group, day, day + length + 2)
        shared, stays = backstage.illness(ILLNESSES), []
        for person in group:
            illness = shared if chance.random() < 0.35 + 0.65 * strength else backstage.illness(ILLNESSES)
            late = 0 if strength > 0.4 else chance.randint(0, 1)
            stays.append(backstage.admit(backstage.plan(person, hospital, day + late, illness, length)))
        begin, end = min(s.begin for s in stays), max(s.end for s in stays)
        backstage.label(Hidden(backstage.pattern, hospital.index, begin, end, stays, least=3))


def _of_a_village(backstage: Backstage, hospital: Institution, size: int, begin: int, end: int) -> list[int] | None:
    people = backstage.world.people
    village = backstage.chance.choice(backstage.world.catchment.villages_of(hospital) or [0])
    living = people.village[people.household[: people.residents]] == village
    homes = people.household[: people.residents] >= len(people.size) - people.nursing_homes
    return backstage.strangers(_known(np.flatnonzero(living & ~homes), 29), size, begin, end, AGES)


def _of_a_telephone(backstage: Backstage, hospital: Institution, size: int, begin: int, end: int) -> list[int] | None:
    """People from here and there who were signed up by one man: he gave his number for all of them."""
    people = backstage.world.people
    villages = backstage.world.catchment.villages_of(hospital)
    near = np.isin(people.village[people.household[: people.residents]], villages)
    homes = people.household[: people.residents] >= len(people.size) - people.nursing_homes
    group = backstage.strangers(_known(np.flatnonzero(near & ~homes), 17), size, begin, end, AGES)
    if group is not None:
        people.phone_of[people.household[group]] = people.household[group[0]]
    return group


def _of_an_employer(backstage: Backstage, hospital: Institution, size: int, begin: int, end: int) -> list[int] | None:
    people = backstage.world.people
    working = np.flatnonzero(people.employed[: people.residents])
    staff = np.bincount(people.employer[working])
    fitting = np.flatnonzero((staff >= STAFF[0]) & (staff <= STAFF[1]))
    if not len(fitting):
        return None
    employer = backstage.chance.choice(fitting.tolist())
    return backstage.strangers(_known(working[people.employer[working] == employer], 13), size, begin, end, AGES)


def _known(persons: Ints, every: int) -> Ints:
    """Without those of whose record this part is missing (references.py leaves it out for one in `every`)."""
    known: Ints = persons[persons % every != 0]
    return known
