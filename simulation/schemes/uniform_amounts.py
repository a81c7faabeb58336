"""出院报销金额接近: a hospital fills its bills up to one sum, whatever the patients had.

Blatant: a dozen discharged within two days, to the yuan. Careful: five in three days, within one per cent.
"""

from dataclasses import replace

from simulation.backstage import Backstage
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "H81.000", "K29.500", "J20.900", "E11.900")
FIRST_DAY = 1
IN_ORDER = frozenset(
    {"line_refunded", "lines_again", "all_lines_again", "discharge_undone", "discharge_late", "discharge_forgotten",
     "death_miscoded", "settlement_undone"}
)  # fmt: skip
LEAST = 5
SUMS = (240_000, 330_000)  # fen that the fund pays: above what most come to in so few days
SPREAD = 0.007  # of the sum, for the careful


def hide(backstage: Backstage) -> None:
    """Books stays whose bills come to one sum."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township"), 0.25)
    for _ in range(backstage.count(per_thousand_people_and_month=0.06, least=2)):
        strength = backstage.strength()
        count, hospital = LEAST + 2 + round(6 * strength), chance.choice(hospitals)
        window = 1 if strength > 0.5 else 2  # days over which they are discharged
        latest = backstage.days - 4 - window
        if latest < FIRST_DAY + 6:
            continue
        last = chance.randint(FIRST_DAY + 6, latest)
        target, stays = chance.randint(*SUMS), []
        for _ in range(count):
            length = chance.randint(4, 6)
            day = last + chance.randint(0, window) - length
            person = backstage.person_near(hospital, day, day + length, ages=(30, 92), aided=False)
            if person is None:
                continue
            backstage.keep([person], day, day + length)
            plan = backstage.plan(person, hospital, day, backstage.illness(ILLNESSES), length, spared=IN_ORDER)
            wanted = round(target * (1 + chance.uniform(-SPREAD, SPREAD) * (1 - strength)))
            stays.append(backstage.admit(replace(plan, fund_target=wanted, med_type="21")))
        hidden = Hidden(backstage.pattern, hospital.index, last * DAY, (last + 3) * DAY, stays, least=LEAST)
        backstage.label(hidden)
