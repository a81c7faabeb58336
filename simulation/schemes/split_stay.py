"""分解住院: one illness is billed as two or three stays, the patient being discharged and admitted again at once.

Blatant: admitted again on the very day, and once more after that. Careful: a week or two at home in between.
"""

from dataclasses import replace

from simulation.backstage import Backstage
from simulation.diagnoses import Diagnosis
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "J44.100", "I63.900")
RELATED = {"M51.202": "M47.200", "M47.200": "M51.202"}  # of one block of the ICD
FIRST_DAY = 2
IN_ORDER = frozenset({"discharge_undone", "discharge_late", "discharge_forgotten", "death_miscoded"})
AT_HOME = 3_600  # seconds, the least between discharge and admission


def hide(backstage: Backstage) -> None:
    """Books stays that are continued after a paper discharge."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township", "tcm"), 0.25)
    for _ in range(backstage.count(per_thousand_people_and_month=0.2, least=3)):
        strength = backstage.strength()
        lengths = [chance.randint(4, 9) for _ in range(3 if strength > 0.85 else 2)]
        gaps = [_gap(backstage, strength) for _ in lengths]
        room = backstage.days - sum(lengths[:-1]) - sum(gaps) - 2
        if room < FIRST_DAY:
            continue
        hospital, day = chance.choice(hospitals), chance.randint(FIRST_DAY, room)
        end_day = day + sum(lengths) + sum(gaps) + 1
        person = backstage.person_near(hospital, day, end_day, ages=(50, 95))
        if person is None:
            continue
        backstage.keep([person], day, end_day)
        illness = backstage.illness(ILLNESSES)
        stays, free_from = [], 0
        for length, gap in zip(lengths, gaps, strict=True):
            plan = backstage.plan(person, hospital, day, illness, length, spared=IN_ORDER)
            plan = replace(plan, begin=max(plan.begin, free_from + chance.randint(AT_HOME, 4 * AT_HOME)))
            stays.append(backstage.admit(plan))
            day, free_from, illness = plan.last_day + gap, plan.end, _next(backstage, illness)
        backstage.label(Hidden(backstage.pattern, hospital.index, stays[0].begin, stays[-1].end, stays, least=2))


def _gap(backstage: Backstage, strength: float) -> int:
    if strength > 0.6:
        return backstage.chance.randint(0, 1)
    return backstage.chance.randint(2, 7) if strength > 0.12 else backstage.chance.randint(8, 14)


def _next(backstage: Backstage, illness: Diagnosis) -> Diagnosis:
    """Mostly the same illness; a back is now and then a neck."""
    other = RELATED.get(illness.code)
    return backstage.illness((other,)) if other and backstage.chance.random() < 0.3 else illness
