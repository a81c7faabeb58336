"""结算费用增长不合理: what the fund pays to a place grows week after week, and no illness explains it.

Blatant: a quarter more every week, up to four times; or three times as much at once. Careful: an eighth more a week.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.trade import crowd
from simulation.truth import Hidden

KINDS = ("pharmacy", "private", "clinic", "township")
ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "J20.900")
SHORTEST_PERIOD, EARLIEST, LASTS = 60, 18, 42  # days
VISITS = 60  # a month, at least: fewer grow by chance
MOST = 4.0  # times the usual
RATE = {"private": 0.17, "township": 0.075}  # stays for each visit


def hide(backstage: Backstage) -> None:
    """Lets a few places grow."""
    if backstage.days < SHORTEST_PERIOD:
        return
    for number in range(backstage.count(per_thousand_people_and_month=0.015, least=2)):
        first = backstage.chance.randint(EARLIEST, max(EARLIEST, min(70, backstage.days - LASTS)))
        strength = backstage.strength()
        at_once = number % 3 == 2
        weekly, begins = (1.0, 1.8 + 1.2 * strength) if at_once else (1.125 + 0.125 * strength, 1.0)
        backstage.on_morning(first, partial(_begin, backstage, KINDS[number % len(KINDS)], weekly, begins))


def _begin(backstage: Backstage, kind: str, weekly: float, begins: float, day: int) -> None:
    place = backstage.claim((kind,), day, VISITS)
    if place is None:
        return
    usual = backstage.usual_visits(place, day)
    backstage.label(Hidden(backstage.pattern, place.index, day * DAY, backstage.days * DAY))
    _morning(backstage, place, usual, weekly, begins, day, day)


def _morning(
    backstage: Backstage, place: Institution, usual: float, weekly: float, begins: float, first: int, day: int
) -> None:
    """Today's share of the growth: visits, and in a hospital stays."""
    factor = min(MOST, begins * weekly ** ((day - first) / 7))
    today = usual * backstage.world.timeline.visits(day) * (factor - 1)
    crowd(backstage, day, place, int(backstage.rng.poisson(today)))
    stays = int(backstage.rng.poisson(today * RATE.get(place.kind.key, 0.0)))
    backstage.fetch(place, day, min(stays, place.beds - backstage.census(place)), ILLNESSES)
    backstage.on_morning(day + 1, partial(_morning, backstage, place, usual, weekly, begins, first))
