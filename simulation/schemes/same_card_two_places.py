"""空间不可能: one card is charged at two counters that nobody can travel between in the time.

Blatant: forty kilometres in a minute. Careful: a quarter of an hour, still faster than any road allows.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution, distance_km
from simulation.timeline import DAY
from simulation.truth import Hidden

KINDS = ("pharmacy", "clinic", "township", "private", "county", "tcm")
LEAST_KM = 22.0
FASTEST = 150.0  # km/h
LONGEST = 28  # minutes
CARDS = ("03", "03", "03", "02")  # what must lie on the counter; an electronic certificate is anywhere


def hide(backstage: Backstage) -> None:
    """Books pairs of visits or purchases."""
    chance = backstage.chance
    places = backstage.places(KINDS, with_clock=True)
    for _ in range(backstage.count(per_thousand_people_and_month=0.15, least=3)):
        strength = backstage.strength()
        here = chance.choice(places)
        far = [place for place in places if distance_km(here, place) >= LEAST_KM]
        day = chance.randint(1, max(1, backstage.days - 2))
        times = 2 if strength > 0.8 else 1
        days = range(day, min(day + 5 * times, backstage.days - 1), 5) or [day]
        person = backstage.person_near(here, days[0], days[-1] + 1, ages=(20, 90))
        if not far or person is None:
            continue
        backstage.keep([person], days[0], days[-1] + 1)
        hidden = Hidden(backstage.pattern, here.index, day * DAY, (days[-1] + 1) * DAY, least=2)
        backstage.label(hidden)
        there = chance.choice(far)
        for each in days:
            backstage.on_morning(each, partial(_pair, backstage, hidden, person, (here, there), strength))


def _pair(
    backstage: Backstage,
    hidden: Hidden,
    person: int,
    places: tuple[Institution, Institution],
    strength: float,
    day: int,
) -> None:
    chance = backstage.chance
    minutes = min(LONGEST, distance_km(*places) / FASTEST * 60)  # what the fastest would need
    wait = round(60 * minutes * (0.8 - 0.75 * strength))
    at = day * DAY + chance.randint(30_000, 60_000)
    first, second = chance.sample(places, 2)
    for place, moment in ((first, at), (second, at + max(20, wait))):
        hidden.visits.append(backstage.swipe(person, place, moment, certificate=chance.choice(CARDS)))
