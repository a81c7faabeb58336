"""入院时间较为集中: on one day a hospital admits many more than it ever does.

Blatant: everybody within two hours, from one village. Careful: over the day, as many as chance can hardly bring.
"""

import math
from dataclasses import replace
from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "M17.900")
HISTORY = 0.45  # of the period passes first, at most four weeks: without a past nothing is unusual
LEAST = 6  # on top of the usual


def hide(backstage: Backstage) -> None:
    """Brings many people to a hospital on one day."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township"), 0.4)
    earliest = min(28, max(7, round(backstage.days * HISTORY)))
    for _ in range(backstage.count(per_thousand_people_and_month=0.06, least=2)):
        if backstage.days - 4 < earliest:
            continue
        day = chance.randint(earliest, backstage.days - 4)
        backstage.on_morning(day, partial(_bring, backstage, chance.choice(hospitals), backstage.strength()))


def _bring(backstage: Backstage, hospital: Institution, strength: float, day: int) -> None:
    world, chance = backstage.world, backstage.chance
    usual = max(0.3, backstage.usual_admissions(hospital, day))
    extra = max(LEAST, _beyond_chance(usual, 10 ** -(6 + 5 * strength)))
    people, villages = world.people, world.catchment.villages_of(hospital)
    village = people.village[people.household[: people.residents]]
    some = backstage.rng.permutation(people.residents)
    local = some[village[some] == chance.choice(villages)] if strength > 0.5 and villages else some
    group = backstage.strangers(local, extra, day, day + 9, ages=(45, 92))
    if group is None:
        return
    backstage.keep(group, day, day + 9)
    hour = chance.randint(27_000, 50_000)
    begins = []
    for person in group:
        plan = backstage.plan(person, hospital, day, backstage.illness(ILLNESSES), chance.randint(3, 9))
        if strength > 0.4:
            plan = replace(plan, begin=day * DAY + hour + chance.randint(0, 7_200))
        backstage.admit(plan)
        begins.append(plan.begin)
    hidden = Hidden(backstage.pattern, hospital.index, min(begins), max(begins) + 3_600, persons=group)
    backstage.label(hidden)


def _beyond_chance(mean: float, unlikely: float) -> int:
    """The least count whose Poisson tail is below the probability."""
    probability = left = math.exp(-mean)
    count = 0
    while 1 - left > unlikely and count < 200:
        count += 1
        probability *= mean / count
        left += probability
    return count + 1
