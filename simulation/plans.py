"""How is a stay planned? From when to when, what kind, with which quiet days: for ordinary people and schemes alike."""

import random
from dataclasses import replace

from simulation.diagnoses import Diagnosis
from simulation.draws import ADMISSION_HOURS, DISCHARGE_HOURS
from simulation.stays import StayPlan, quiet_days
from simulation.timeline import DAY
from simulation.ward import HOUR
from simulation.world import World


def make_plan(
    world: World,
    person: int,
    institution: int,
    day: int,
    diagnosis: Diagnosis,
    chance: random.Random,
    length: int | None = None,
) -> StayPlan:
    """A stay from the day on, for `length` days or as long as the illness lasts, with times of day as they are."""
    begin = day * DAY + ADMISSION_HOURS.one(chance)
    if length is None:
        length = length_of_stay(diagnosis, chance, float(world.practice.stretch[institution]))
    if diagnosis.trait == "day_surgery" and length == 0:
        begin = day * DAY + chance.randint(25_200, 32_400)
        end = begin + chance.randint(5 * HOUR, 9 * HOUR)
    else:
        end = max((day + length) * DAY + DISCHARGE_HOURS.one(chance), begin + 4 * HOUR)
    quiet = quiet_days(chance, day, end // DAY, world.timeline)
    return StayPlan(
        person, institution, diagnosis, med_type(diagnosis, chance), begin, end, quiet, chance.getrandbits(48)
    )


def length_of_stay(diagnosis: Diagnosis, chance: random.Random, stretch: float = 1.0) -> int:
    """Days; log-normal round the illness's median, `stretch` times as long, at most 120."""
    if diagnosis.trait == "day_surgery":
        return int(chance.random() < 0.4)
    return min(120, max(1, round(diagnosis.days * stretch * chance.lognormvariate(0.0, 0.38))))


def med_type(diagnosis: Diagnosis, chance: random.Random) -> str:
    """The kind of stay that goes with an illness."""
    if diagnosis.code == "F20.900":
        return "2105"
    if diagnosis.trait == "day_surgery":
        return "28"
    if diagnosis.trait == "injury":
        return "22"
    if diagnosis.code == "Z38.000":
        return "9921"
    if diagnosis.code.startswith("O8"):
        return "52"
    if diagnosis.operation and chance.random() < 0.2:
        return "26"
    return "24" if chance.random() < 0.03 else "21"


def with_way(plan: StayPlan, way: str, follow: StayPlan | None = None) -> StayPlan:
    """The plan with another way of leaving."""
    return replace(plan, discharge_way=way, follow=follow)


def transfer(world: World, plan: StayPlan, institution: int, begin: int, days: int, chance: random.Random) -> StayPlan:
    """The stay in the hospital that takes a patient over."""
    last = begin // DAY + days
    end = max(last * DAY + DISCHARGE_HOURS.one(chance), begin + 4 * HOUR)
    quiet = quiet_days(chance, begin // DAY, last, world.timeline)
    return StayPlan(plan.person, institution, plan.diagnosis, "23", begin, end, quiet, chance.getrandbits(48))
