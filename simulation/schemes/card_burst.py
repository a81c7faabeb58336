"""集中刷卡, 留存证卡: somebody at the counter charges a stack of cards, one after another, with the same things.

Blatant: a dozen cards within three minutes; a kept stack that is charged on five days. Careful: five cards half a minute
or more apart; a kept stack on three days, not all cards every time.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

KINDS = ("pharmacy", "pharmacy", "clinic", "private")
LEAST = 5  # cards
LONGEST_GAP = 55  # seconds
KEPT_EVERY = 2  # one stack in so many lies in the drawer and is charged again


def hide(backstage: Backstage) -> None:
    """Books bursts, single ones and those of kept cards."""
    chance = backstage.chance
    for number in range(backstage.count(per_thousand_people_and_month=0.15, least=3)):
        strength = backstage.strength()
        kind = chance.choice(KINDS)
        place = chance.choice(backstage.places((kind,), with_clock=True))
        kept = number % KEPT_EVERY == 1 and backstage.days > 8
        times = chance.randint(3, 5) if kept else 1
        span = min(backstage.days - 2, times * chance.randint(2, 9)) if kept else 1
        first = chance.randint(1, max(1, backstage.days - span - 1))
        days = sorted(chance.sample(range(first, first + span), min(span, times)))
        stack = _stack(backstage, place, LEAST + round(8 * strength) + kept, first, first + span)
        if len(stack) < LEAST:
            continue
        hidden = Hidden(backstage.pattern, place.index, first * DAY, (days[-1] + 1) * DAY)
        hidden.least = LEAST * len(days)
        backstage.label(hidden)
        for day in days:
            backstage.on_morning(day, partial(_charge, backstage, hidden, place, stack, strength))


def _stack(backstage: Backstage, place: Institution, size: int, begin_day: int, end_day: int) -> list[int]:
    stack: list[int] = []
    for _ in range(size):
        person = backstage.person_near(place, begin_day, end_day, ages=(30, 92))
        if person is not None:
            backstage.keep([person], begin_day, end_day)
            stack.append(person)
    return stack


def _charge(
    backstage: Backstage, hidden: Hidden, place: Institution, stack: list[int], strength: float, day: int
) -> None:
    """Charges the stack, the kept ones without this or that card; one has an item more now and then."""
    chance = backstage.chance
    absent = 1 if len(stack) > LEAST and hidden.least > LEAST and chance.random() < 0.5 else 0
    goods = backstage.drugs(place, chance.randint(2, 3), most=3)
    at = day * DAY + chance.randint(30_000, 66_000)
    longest = round(LONGEST_GAP - 35 * strength)
    operator = f"{chance.randint(1, place.operators):04}"
    for person in chance.sample(stack, len(stack) - absent):
        items = dict(goods)
        if chance.random() < 0.3 * (1 - strength):
            items |= backstage.drugs(place, 1, most=2)
        card = chance.choice(("03", "03", "03", "02"))
        hidden.visits.append(backstage.swipe(person, place, at, items, certificate=card, operator=operator))
        at += chance.randint(max(6, longest // 2), longest)
