"""刷卡退费循环: a card is charged, the charge taken back, and again, at the same counter.

Blatant: a dozen times in two months, each taken back within minutes. Careful: three times, hours apart.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

LONGEST = 52  # days from the first to the last
KINDS = ("pharmacy", "clinic", "private")
MOST = 12


def hide(backstage: Backstage) -> None:
    """Books purchases and visits that are all taken back."""
    chance = backstage.chance
    places = backstage.places(KINDS, with_clock=True)
    span = min(LONGEST, backstage.days - 2)
    if span < 3:
        return
    for _ in range(backstage.count(per_thousand_people_and_month=0.12, least=3)):
        strength = backstage.strength()
        place = chance.choice(places)
        cycles = min(span, 3 + round((MOST - 3) * strength))
        lasting = max(cycles, round(span * (1 - 0.7 * strength * chance.random())))
        first = chance.randint(1, max(1, backstage.days - lasting - 1))
        person = backstage.person_near(place, first, first + lasting, ages=(25, 90))
        if person is None:
            continue
        backstage.keep([person], first, first + lasting)
        days = sorted(chance.sample(range(first, first + lasting), cycles))
        hidden = Hidden(backstage.pattern, place.index, first * DAY, (days[-1] + 1) * DAY, least=3)
        backstage.label(hidden)
        taken: dict[int, int] = {}
        for day in days:
            backstage.on_morning(day, partial(_cycle, backstage, hidden, person, place, strength, taken))


def _cycle(
    backstage: Backstage,
    hidden: Hidden,
    person: int,
    place: Institution,
    strength: float,
    taken: dict[int, int],
    day: int,
) -> None:
    """One charge and its refund; the shameless always charge the same."""
    chance = backstage.chance
    if not taken or strength < 0.4:
        taken.clear()
        taken |= backstage.drugs(place, chance.randint(1, 3), most=3)
    hours = PHARMACY_HOURS if place.is_pharmacy else CLINIC_HOURS
    at = min(max(day * DAY + hours.one(chance), day * DAY + 3_000), day * DAY + 72_000)
    wait = chance.randint(180, 1_500) if chance.random() < strength + 0.2 else chance.randint(1_800, 10_000)
    hidden.visits.append(backstage.swipe(person, place, at, dict(taken), refund_after=wait))
