"""Who comes back to a ward soon after leaving it, in all honesty?

The chronically ill whose illness flares up again, those who left against advice and think better of it, those whose
second operation was planned with the first. Such a return is announced with the first stay, so that nothing else is
booked for the person meanwhile.
"""

import random
from dataclasses import replace

from simulation.diagnoses import BY_CODE, Diagnosis
from simulation.plans import make_plan
from simulation.stays import StayPlan
from simulation.timeline import DAY
from simulation.ward import HOUR
from simulation.world import World

FLARES_UP = ("I50.900", "J44.100", "C34.900", "I63.900", "I25.103", "E11.900", "J18.900")
STAGED = ("N20.100", "K80.200", "S72.000")
AGAIN = {"flares": 0.055, "staged": 0.07, "against_advice": 0.25}  # shares of the stays that may come back
SOONEST, LATEST = 2, 15  # days at home, most of those who come back have been there for more than a week
EMERGENCY = 0.4  # of the flare-ups come through the emergency room
OTHER_PLACE, OTHER_ILLNESS = 0.25, 0.3
IN_ORDER = frozenset({"discharge_undone", "discharge_late", "discharge_forgotten", "death_miscoded"})  # still at home


def with_return(world: World, plan: StayPlan, chance: random.Random) -> tuple[StayPlan, StayPlan | None]:
    """The plan as it is with regard to what follows, and the second stay if there is one."""
    draw, code = chance.random(), plan.diagnosis.code
    if plan.follow is not None or plan.discharge_way == "5" or plan.med_type not in ("21", "24", "26"):
        return plan, None
    if plan.discharge_way == "4" and draw < AGAIN["against_advice"]:
        again = _stay(world, plan, plan.end + chance.randint(5 * HOUR, 3 * DAY), plan.diagnosis, chance)
    elif code in FLARES_UP and draw < AGAIN["flares"]:
        days = SOONEST + round((LATEST - SOONEST) * chance.random() ** 0.6)
        other = _fitting(world, plan, chance) if chance.random() < OTHER_ILLNESS else plan.diagnosis
        again = _stay(world, plan, plan.end + days * DAY, other, chance)
        if chance.random() < EMERGENCY:
            again = replace(again, med_type="24")
    elif code in STAGED and draw < AGAIN["staged"]:
        plan = replace(plan, comes_back=True)
        again = _stay(world, plan, plan.end + chance.randint(6, 14) * DAY, plan.diagnosis, chance)
    else:
        return plan, None
    return replace(plan, spared=plan.spared | IN_ORDER, may_go_wrong=False), again


def _stay(world: World, plan: StayPlan, about: int, diagnosis: Diagnosis, chance: random.Random) -> StayPlan:
    """The second stay, beginning about then, in the same place or in the county's hospital."""
    institution = plan.institution
    if chance.random() < OTHER_PLACE and not plan.comes_back:
        village = int(world.people.village[world.people.household[plan.person]])
        institution = world.catchment.near("county", village)[0]
    again = make_plan(world, plan.person, institution, about // DAY, diagnosis, chance)
    begin = max(again.begin, plan.end + 2 * HOUR)
    return replace(again, begin=begin, end=max(again.end, begin + 5 * HOUR))


def _fitting(world: World, plan: StayPlan, chance: random.Random) -> Diagnosis:
    """Another of the illnesses that flare up, at the person's age."""
    age = world.people.age(plan.person, world.timeline.date(plan.first_day).toordinal())
    fits = [BY_CODE[code] for code in FLARES_UP if BY_CODE[code].ages[0] <= age]
    return chance.choice(fits)
