"""数据指标异常: nothing that a place does is far out, but all of it at once is.

More patients, more of them in beds, for longer, dearer, with more to pay themselves. Blatant: each by seven tenths.
Careful: each by four tenths.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.trade import crowd
from simulation.truth import Hidden

KINDS = ("private", "township")
ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "J20.900")
SHORTEST_PERIOD, EARLIEST, LASTS = 60, 18, 40  # days
VISITS, STAYS = 80, 4  # a month, at least: of fewer all of it is chance
RATE = {"private": 0.17, "township": 0.075}  # stays for each visit


def hide(backstage: Backstage) -> None:
    """Changes a few hospitals for the rest of the period."""
    if backstage.days < SHORTEST_PERIOD:
        return
    for _ in range(backstage.count(per_thousand_people_and_month=0.012, least=2)):
        first = backstage.chance.randint(EARLIEST, max(EARLIEST, min(60, backstage.days - LASTS)))
        backstage.on_morning(first, partial(_begin, backstage, 0.4 + 0.3 * backstage.strength()))


def _begin(backstage: Backstage, shift: float, day: int) -> None:
    place, practice = backstage.claim(KINDS, day, VISITS, STAYS), backstage.world.practice
    if place is None:
        return
    practice.zeal[place.index] *= 1 + 0.6 * shift
    practice.stretch[place.index] *= 1 + shift / 2
    practice.own_paid[place.index] += shift / 6
    backstage.label(Hidden(backstage.pattern, place.index, day * DAY, backstage.days * DAY))
    _morning(backstage, place, backstage.usual_visits(place, day), shift, day)


def _morning(backstage: Backstage, place: Institution, usual: float, shift: float, day: int) -> None:
    """Today's visits and stays beyond the usual."""
    today = usual * backstage.world.timeline.visits(day)
    crowd(backstage, day, place, int(backstage.rng.poisson(shift * today)))
    stays = int(backstage.rng.poisson(2 * shift * today * RATE[place.kind.key]))
    backstage.fetch(place, day, min(stays, place.beds - backstage.census(place)), ILLNESSES)
    backstage.on_morning(day + 1, partial(_morning, backstage, place, usual, shift))
