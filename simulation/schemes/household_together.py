"""同进同出: a family comes and goes together, again and again.

Blatant: three members on one day with one illness. Careful: two members twice, a day apart, with different illnesses.
"""

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.stays import Stay
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "H81.000", "K29.500", "I25.103", "M17.900")
FIRST_DAY = 2
ROOM = 12  # days that one round needs


def hide(backstage: Backstage) -> None:
    """Books rounds of stays of households."""
    hospitals = backstage.dishonest(("private", "township"), 0.2)
    if backstage.days < FIRST_DAY + ROOM:
        return
    for _ in range(backstage.count(per_thousand_people_and_month=0.12, least=2)):
        _family(backstage, backstage.chance.choice(hospitals))


def _family(backstage: Backstage, hospital: Institution) -> None:
    chance = backstage.chance
    strength = backstage.strength()
    three_at_once = strength > 0.6 or backstage.days < FIRST_DAY + 3 * ROOM
    gap = chance.randint(ROOM + 4, max(ROOM + 4, min(45, backstage.days - FIRST_DAY - 2 * ROOM)))
    needed = ROOM if three_at_once else gap + ROOM
    first = chance.randint(FIRST_DAY, max(FIRST_DAY, backstage.days - needed - 1))
    members = backstage.household_near(hospital, 3 if three_at_once else 2, first, first + needed)
    if members is None:
        return
    backstage.keep(members, first, first + needed)
    stays = _round(backstage, hospital, members, first, strength)
    if not three_at_once:
        stays += _round(backstage, hospital, members, first + gap, strength)
    household = int(backstage.world.people.household[members[0]])
    begin, end = min(s.plan.begin for s in stays), max(s.plan.end for s in stays)
    hidden = Hidden(backstage.pattern, hospital.index, begin, end, stays, least=len(stays), household=household)
    backstage.label(hidden)


def _round(backstage: Backstage, hospital: Institution, members: list[int], day: int, strength: float) -> list[Stay]:
    """One time in hospital together; the careful shift the days by one and vary the illness."""
    chance = backstage.chance
    length = chance.randint(5, 8)
    shared = backstage.illness(ILLNESSES)
    shift = chance.choice((0, 1)) if strength < 0.45 else 0
    stays = []
    for place, person in enumerate(members):
        late = shift if place else 0
        illness = backstage.illness(ILLNESSES) if strength < 0.35 else shared
        stays.append(backstage.admit(backstage.plan(person, hospital, day + late, illness, length)))
    return stays
