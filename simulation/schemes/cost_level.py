"""均次费用异常偏高, 小病大治: from a day on a hospital's patients cost far more than the same patients do elsewhere.

By more (tests, scans and therapies on every day), by dearer (the dearest drug, room and nursing of their kind), or by longer.
Blatant: twice the cost. Careful: a third more.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.timeline import DAY
from simulation.truth import Hidden

KINDS = ("private", "township")
SHORTEST_PERIOD, EARLIEST, LASTS = 60, 14, 40  # days: a month of it, at least, has to be seen
WAYS = ("more", "dearer", "longer")
VISITS, STAYS = 30, 8  # a month, at least: of fewer nobody could tell what they cost by chance


def hide(backstage: Backstage) -> None:
    """Changes the ways of a few hospitals for the rest of the period."""
    if backstage.days < SHORTEST_PERIOD:
        return
    for number in range(backstage.count(per_thousand_people_and_month=0.012, least=2)):
        first = backstage.chance.randint(EARLIEST, max(EARLIEST, min(60, backstage.days - LASTS)))
        way = WAYS[(number + backstage.world.seed) % len(WAYS)]
        backstage.on_morning(first, partial(_begin, backstage, way, backstage.strength()))


def _begin(backstage: Backstage, way: str, strength: float, day: int) -> None:
    place, practice = backstage.claim(KINDS, day, VISITS, STAYS), backstage.world.practice
    if place is None:
        return
    if way == "more":
        practice.zeal[place.index] *= 1.7 + 1.0 * strength  # bed, nursing and operations stay as they are
    elif way == "dearer":
        practice.dear[place.index] = 0.7 + 0.3 * strength
        practice.zeal[place.index] *= 1.3 + 0.4 * strength
    else:
        practice.stretch[place.index] *= 1.5 + 0.7 * strength
    backstage.label(Hidden(backstage.pattern, place.index, day * DAY, backstage.days * DAY))
