"""挂床: people lie in a bed on paper and are at home.

Blatant: a day of tests, then nothing but bed, nursing and rounds until the discharge. Careful: three or four idle days
in the middle of an otherwise ordinary stay.
"""

from dataclasses import replace

from simulation.backstage import Backstage
from simulation.truth import Hidden

ILLNESSES = (
    "M51.202",
    "M47.200",
    "I63.900",
    "I25.103",
    "I10.x05",
    "H81.000",
    "K29.500",
    "J44.100",
    "E11.900",
    "J20.900",
)
FIRST_DAY, LAST_DAYS = 2, 7  # of the period: the idle days and the wait for late lines should mostly lie inside it
OPEN_EVERY = 10  # one in so many is still open when the period ends
SHORTEST_IDLE = 3  # days, the least that inspectors call a held bed


def hide(backstage: Backstage) -> None:
    """Books stays with idle days in a few dishonest hospitals."""
    hospitals = backstage.dishonest(("private", "township"), 0.25)
    latest = backstage.days - LAST_DAYS
    if latest <= FIRST_DAY:
        return
    for number in range(backstage.count(per_thousand_people_and_month=0.5, least=4)):
        hospital = backstage.chance.choice(hospitals)
        day = backstage.chance.randint(FIRST_DAY, latest)
        strength = backstage.strength()
        length = backstage.chance.randint(6, 9) + round(9 * strength * backstage.chance.random())
        if number % OPEN_EVERY == 3:
            day, length = max(FIRST_DAY, latest - backstage.chance.randint(0, 2)), length + 3
        person = backstage.person_near(hospital, day, day + length, ages=(30, 95))
        if person is None:
            continue
        plan = backstage.plan(person, hospital, day, backstage.illness(ILLNESSES), length)
        begin = day + 1 if strength > 0.4 else day + backstage.chance.randint(1, 2)
        idle = max(SHORTEST_IDLE, round((plan.last_day - begin) * (0.45 + 0.55 * strength)))
        quiet = frozenset(range(begin, min(plan.last_day, begin + idle)))
        backstage.keep([person], day, plan.last_day)
        stay = backstage.admit(replace(plan, quiet=quiet))
        backstage.label(Hidden(backstage.pattern, hospital.index, plan.begin, plan.end, [stay], least=1))
