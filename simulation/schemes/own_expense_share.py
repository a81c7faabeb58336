"""目录外费用占比过高: a hospital has its patients pay for things that the fund does not pay for at all.

Blatant: a third of the bill. Careful: a little above the agreed limit.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.timeline import DAY
from simulation.truth import Hidden

KINDS = ("private", "township", "tcm")
SHORTEST_PERIOD, EARLIEST, LASTS = 60, 5, 40  # days
VISITS = 25  # a month, at least
LEAST, MOST = 0.17, 0.34  # of the bill; the agreed limit is 0.15


def hide(backstage: Backstage) -> None:
    """Changes the ways of a few hospitals for the rest of the period."""
    if backstage.days < SHORTEST_PERIOD:
        return
    for _ in range(backstage.count(per_thousand_people_and_month=0.012, least=2)):
        first = backstage.chance.randint(EARLIEST, max(EARLIEST, min(60, backstage.days - LASTS)))
        backstage.on_morning(first, partial(_begin, backstage, backstage.strength()))


def _begin(backstage: Backstage, strength: float, day: int) -> None:
    place = backstage.claim(KINDS, day, VISITS)
    if place is None:
        return
    backstage.world.practice.own_paid[place.index] = LEAST + (MOST - LEAST) * strength
    backstage.label(Hidden(backstage.pattern, place.index, day * DAY, backstage.days * DAY))
