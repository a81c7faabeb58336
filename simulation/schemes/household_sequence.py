"""同户接续住院: one member of a household after another lies in the same hospital, as if taking turns with a bed.

Blatant: four members, the next on the day the last one leaves. Careful: three, with gaps of up to three days.
"""

from simulation.backstage import Backstage
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "K29.500", "H81.000")
FIRST_DAY = 2
LONGEST_GAP = 3  # days


def hide(backstage: Backstage) -> None:
    """Books chains of stays of households."""
    hospitals = backstage.dishonest(("private", "township"), 0.2)
    for _ in range(backstage.count(per_thousand_people_and_month=0.08, least=2)):
        strength = backstage.strength()
        members = 4 if strength > 0.75 else 3
        lengths = [backstage.chance.randint(4, 7) for _ in range(members)]
        gaps = [backstage.chance.randint(0, round(LONGEST_GAP * (1 - strength))) for _ in range(members)]
        needed = sum(lengths) + sum(gaps) + 1
        room = backstage.days - needed - 1
        if room < FIRST_DAY:
            continue
        hospital = backstage.chance.choice(hospitals)
        first = backstage.chance.randint(FIRST_DAY, room)
        family = backstage.household_near(hospital, members, first, first + needed)
        if family is None:
            continue
        backstage.keep(family, first, first + needed)
        illness = backstage.illness(ILLNESSES)
        stays, day = [], first
        for person, length, gap in zip(family, lengths, gaps, strict=True):
            plan = backstage.plan(person, hospital, day, illness, length)
            stays.append(backstage.admit(plan))
            day = plan.last_day + gap
        begin, end = stays[0].plan.begin, stays[-1].plan.end
        household = int(backstage.world.people.household[family[0]])
        backstage.label(Hidden(backstage.pattern, hospital.index, begin, end, stays, least=3, household=household))
