"""住院期间门诊、院外购药: somebody who lies in a ward is seen at the counters of other places.

Blatant: out every second day, and nothing is done in the ward on those days. Careful: one visit to a clinic, between two
ordinary days of an ordinary stay.
"""

from dataclasses import replace
from functools import partial

from simulation.backstage import Backstage
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "M17.900")
FIRST_DAY = 2
IN_ORDER = frozenset({"begin_corrected", "death_miscoded"})
CLINICS = ("clinic", "township", "county", "tcm", "private")


def hide(backstage: Backstage) -> None:
    """Books stays of people who are somewhere else meanwhile."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township", "tcm"), 0.25)
    for _ in range(backstage.count(per_thousand_people_and_month=0.2, least=3)):
        strength = backstage.strength()
        length, hospital = chance.randint(6, 12), chance.choice(hospitals)
        if backstage.days - length - 1 < FIRST_DAY:
            continue
        day = chance.randint(FIRST_DAY, backstage.days - length - 1)
        person = backstage.person_near(hospital, day, day + length, ages=(30, 90))
        if person is None:
            continue
        backstage.keep([person], day, day + length)
        plan = backstage.plan(person, hospital, day, backstage.illness(ILLNESSES), length, spared=IN_ORDER)
        inside = range(plan.first_day + 1, plan.last_day)
        outings = sorted(chance.sample(inside, min(len(inside), 1 + round(4 * strength))))
        if strength > 0.6:  # with never three idle days in a row, which would be a held bed besides
            plan = replace(plan, quiet=frozenset(outings[::2]))
        hidden = Hidden(backstage.pattern, hospital.index, plan.begin, plan.end, [backstage.admit(plan)], least=2)
        backstage.label(hidden)
        for number, outing in enumerate(outings):
            kinds = ("pharmacy",) if number and chance.random() < 0.5 else CLINICS
            backstage.on_morning(outing, partial(_go, backstage, hidden, person, hospital, kinds))


def _go(
    backstage: Backstage, hidden: Hidden, person: int, hospital: Institution, kinds: tuple[str, ...], day: int
) -> None:
    places = [backstage.shop_near(person, kinds) for _ in range(4)]
    elsewhere = [place for place in places if place.index != hospital.index]
    if not elsewhere:
        return
    hours = PHARMACY_HOURS if elsewhere[0].is_pharmacy else CLINIC_HOURS
    at = max(day * DAY + hours.one(backstage.chance), day * DAY + 3_000)
    hidden.visits.append(backstage.swipe(person, elsewhere[0], at))
