"""低标准入院, 体检住院: somebody with little or nothing is admitted for two days of tests.

Blatant: a check-up and nothing else. Careful: two thirds of the bill are tests, the rest tablets.
"""

from dataclasses import replace

from simulation.backstage import Backstage
from simulation.truth import Hidden

ILLNESSES = ("J06.900", "K29.500", "H81.000", "M47.200", "M17.900")
FIRST_DAY = 1
LONGEST = 3  # days
IN_ORDER = frozenset({"discharge_undone", "line_refunded", "death_miscoded"})


def hide(backstage: Backstage) -> None:
    """Books short stays of tests."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township", "tcm"), 0.25)
    for _ in range(backstage.count(per_thousand_people_and_month=0.3, least=4)):
        strength = backstage.strength()
        hospital, length = chance.choice(hospitals), chance.randint(1, LONGEST)
        if backstage.days - 6 < FIRST_DAY:
            continue
        day = chance.randint(FIRST_DAY, backstage.days - 6)
        person = backstage.person_near(hospital, day, day + length, ages=(20, 85))
        if person is None:
            continue
        backstage.keep([person], day, day + length)
        plan = backstage.plan(person, hospital, day, backstage.illness(ILLNESSES), length, spared=IN_ORDER)
        quiet = (
            frozenset(range(plan.first_day + 1, plan.last_day + 1)) if strength > 0.5 else frozenset({plan.last_day})
        )
        plan = replace(plan, med_type="21", quiet=quiet, work_up=0.68 + 0.3 * strength)
        backstage.label(
            Hidden(backstage.pattern, hospital.index, plan.begin, plan.end, [backstage.admit(plan)], least=1)
        )
