"""超量开药, 倒卖医保药品: with one card far more of a drug is fetched than a patient can use, to be sold again.

Blatant: a dozen purchases a month in five places, ten packs each. Careful: five times in a month in three places, no more
packs at a time than others take; or a few times so much that it lasts for half a year.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.diagnoses import BY_CODE, CHRONIC, Diagnosis
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

KINDS = ("pharmacy", "pharmacy", "clinic", "township", "private")
LEAST_TIMES = 5  # in a calendar month
LEAST_PLACES = 3
SHORTEST_PERIOD = 20  # days
MOST_MONTHS = 3


def hide(backstage: Backstage) -> None:
    """Books series of purchases and visits, each for one drug of one person."""
    chance = backstage.chance
    if backstage.days < SHORTEST_PERIOD:
        return
    for number in range(backstage.count(per_thousand_people_and_month=0.12, least=3)):
        strength = backstage.strength()
        days = _heaps(backstage) if number % 3 == 2 else _often(backstage, strength)
        if not days:
            continue
        home = chance.choice(backstage.places(("pharmacy",)))
        person = backstage.person_near(home, days[0], days[-1] + 1, ages=(40, 88))
        if person is None:
            continue
        backstage.keep([person], days[0], days[-1] + 1)
        backstage.on_morning(days[0], partial(_begin, backstage, person, home, days, strength, number % 3 == 2))


def _months(backstage: Backstage) -> list[list[int]]:
    """The days of the period by calendar month, months of which most is inside it."""
    found: dict[tuple[int, int], list[int]] = {}
    for day in range(1, backstage.days - 1):
        date = backstage.world.timeline.date(day)
        found.setdefault((date.year, date.month), []).append(day)
    return [days for days in found.values() if len(days) >= 18]


def _often(backstage: Backstage, strength: float) -> list[int]:
    """Days of a month, or of several: more than anybody goes for one drug."""
    chance, months = backstage.chance, _months(backstage)
    if not months:
        return []
    count = min(len(months), 1 + round((MOST_MONTHS - 1) * chance.random()))
    first = chance.randint(0, len(months) - count)
    times = LEAST_TIMES + round(7 * strength)
    return sorted(day for month in months[first : first + count] for day in chance.sample(month, times))


def _heaps(backstage: Backstage) -> list[int]:
    """Few days, each with a heap."""
    chance = backstage.chance
    return sorted(chance.sample(range(1, backstage.days - 1), min(3 + chance.randint(0, 1), backstage.days - 2)))


def _begin(
    backstage: Backstage, person: int, home: Institution, days: list[int], strength: float, heaps: bool, day: int
) -> None:
    """Chooses the drug and the places; the first purchase is today."""
    chance = backstage.chance
    code, group = chance.choice(CHRONIC)
    places = {home.index: home}
    for _ in range(12):
        if len(places) >= LEAST_PLACES + round(3 * strength):
            break
        near = backstage.shop_near(person, KINDS)
        places[near.index] = near
    item = _dear_drug(backstage, list(places.values()), group)
    hidden = Hidden(backstage.pattern, home.index, day * DAY, (days[-1] + 1) * DAY, least=3, item=item)
    backstage.label(hidden)
    fetched = 24 + round(30 * strength) if heaps else 2 + round(8 * strength)
    turn = list(places.values())
    for number, each in enumerate(days):
        place = home if heaps and strength > 0.5 else turn[number % len(turn)]
        packs = max(1, fetched + chance.randint(-1, 1))
        act = partial(_fetch, backstage, hidden, person, place, BY_CODE[code], {item: packs})
        if each == day:
            act(day)
        else:
            backstage.on_morning(each, act)


def _dear_drug(backstage: Backstage, places: list[Institution], group: str) -> int:
    """One of the dearer drugs of the group that all of the places keep, as far as there is one."""
    demand, members = backstage.world.demand, backstage.world.catalogue.members(group)
    kept = [item for item in members if all(demand.keeps(place.index, item.index) for place in places)] or members[:1]
    kept.sort(key=lambda item: -item.limit_fen)
    return kept[min(int(backstage.chance.expovariate(0.5)), len(kept) - 1)].index


def _fetch(
    backstage: Backstage,
    hidden: Hidden,
    person: int,
    place: Institution,
    illness: Diagnosis,
    items: dict[int, int],
    day: int,
) -> None:
    hours = PHARMACY_HOURS if place.is_pharmacy else CLINIC_HOURS
    at = min(max(day * DAY + hours.one(backstage.chance), day * DAY + 3_000), day * DAY + 80_000)
    hidden.visits.append(backstage.swipe(person, place, at, items, illness, lasting=backstage.chance.choice((7, 30))))
