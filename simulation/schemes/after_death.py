"""死亡后就诊: the card of somebody who died in a ward goes on being charged.

Blatant: visits and drugs for weeks, even another stay. Careful: one purchase, some days later.
"""

from dataclasses import replace
from functools import partial

from simulation.backstage import Backstage
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS
from simulation.plans import with_way
from simulation.timeline import DAY
from simulation.truth import Hidden

DEADLY = ("I50.900", "I63.900", "J44.100", "C34.900", "J18.900", "I25.103")
MILD = ("M51.202", "M47.200", "H81.000", "K29.500")
FIRST_DAY = 1
SOONEST, LATEST = 2, 40  # days after the death
WARDS = ("county", "tcm", "township", "private")


def hide(backstage: Backstage) -> None:
    """Books deaths, and what is charged to the dead."""
    chance = backstage.chance
    hospitals = backstage.places(WARDS)
    for _ in range(backstage.count(per_thousand_people_and_month=0.1, least=2)):
        strength = backstage.strength()
        hospital, length = chance.choice(hospitals), chance.randint(3, 10)
        room = backstage.days - length - SOONEST - 4
        if room < FIRST_DAY:
            continue
        day = chance.randint(FIRST_DAY, room)
        person = backstage.person_near(hospital, day, backstage.days, ages=(65, 100))
        if person is None:
            continue
        backstage.keep([person], day, backstage.days)
        plan = with_way(backstage.plan(person, hospital, day, backstage.illness(DEADLY), length), "5")
        backstage.admit(plan)
        last = min(plan.last_day + LATEST, backstage.days - 1)
        possible = range(plan.last_day + SOONEST, last + 1)
        if not possible:
            continue
        hidden = Hidden(backstage.pattern, hospital.index, plan.end, plan.end + DAY, least=1)
        for moment in sorted(chance.sample(possible, min(len(possible), 1 + round(5 * strength * chance.random())))):
            backstage.on_morning(moment, partial(_charge, backstage, hidden, person))
        if strength > 0.8 and possible[-1] - possible[0] > 8:
            _lie(backstage, hidden, person, chance.randint(possible[0], possible[-1] - 6))
        backstage.label(hidden)


def _charge(backstage: Backstage, hidden: Hidden, person: int, day: int) -> None:
    place = backstage.shop_near(person, ("pharmacy", "pharmacy", "clinic", "private"))
    hours = PHARMACY_HOURS if place.is_pharmacy else CLINIC_HOURS
    at = max(day * DAY + hours.one(backstage.chance), day * DAY + 3_000)
    hidden.visits.append(backstage.swipe(person, place, at))
    if not hidden.stays:
        hidden.institution = place.index


def _lie(backstage: Backstage, hidden: Hidden, person: int, day: int) -> None:
    """Somebody lies in a ward under the name of the dead."""
    hospital = backstage.shop_near(person, ("private", "township"))
    plan = backstage.plan(person, hospital, day, backstage.illness(MILD), backstage.chance.randint(4, 8))
    hidden.stays.append(backstage.admit(replace(plan, discharge_way="1")))
    hidden.institution = hospital.index
