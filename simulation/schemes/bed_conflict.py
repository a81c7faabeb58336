"""一床多人: two or three patients are written into one bed, which only one of them can lie in.

Blatant: three in a bed for a week. Careful: two for a day and a half.
"""

from dataclasses import replace

from simulation.backstage import Backstage
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = ("I10.x05", "I25.103", "H81.000", "K29.500", "E11.900", "J44.100")  # of one department
FIRST_DAY = 2
IN_ORDER = frozenset(
    {"moved", "moved_late", "begin_corrected", "discharge_undone", "discharge_late", "discharge_forgotten",
     "admission_timed_out", "death_miscoded"}
)  # fmt: skip
LEAST = round(1.3 * DAY)  # seconds in one bed: a bed changes hands within a day


def hide(backstage: Backstage) -> None:
    """Books stays in beds that are taken."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township"), 0.25)
    for _ in range(backstage.count(per_thousand_people_and_month=0.12, least=2)):
        strength = backstage.strength()
        hospital, length = chance.choice(hospitals), chance.randint(6, 12)
        if backstage.days - length - 4 < FIRST_DAY:
            continue
        day = chance.randint(FIRST_DAY, backstage.days - length - 4)
        persons = []
        for _ in range(3 if strength > 0.8 else 2):
            person = backstage.person_near(hospital, day, day + 2 * length, ages=(50, 95))
            if person is not None:
                backstage.keep([person], day, day + 2 * length)
                persons.append(person)
        if len(persons) < 2:
            continue
        plan = backstage.plan(persons[0], hospital, day, backstage.illness(ILLNESSES), length, spared=IN_ORDER)
        stays = [backstage.admit(plan)]
        together = max(2, round((length - 1) * (0.2 + 0.75 * strength)))  # days
        for person in persons[1:]:
            begin = plan.last_day - together
            late = backstage.plan(person, hospital, begin, backstage.illness(ILLNESSES), length, spared=IN_ORDER)
            earliest = plan.begin + 3_600
            late = replace(late, begin=max(earliest, min(late.begin, plan.end - LEAST)), beside=stays[0])
            stays.append(backstage.admit(late))
        backstage.label(Hidden(backstage.pattern, hospital.index, plan.begin, plan.end, stays, least=2))
