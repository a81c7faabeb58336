"""药品用量高于同级机构: from the beginning on a drug is dispensed far more often than at the other places of its kind.

Blatant: ten times as much per visit as its peers. Careful: three times. Against its own past nothing is unusual.
"""

from functools import partial

import numpy as np

from simulation.backstage import Backstage
from simulation.catalogue import DRUG_GROUPS
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.trade import Way, sell
from simulation.truth import Hidden

FIRST_DAYS = (5, 10)  # after these what the peers sell can be known, and nobody knows yet what is usual here
SHORTEST_PERIOD = 40  # days
KINDS = ("pharmacy", "township", "private", "clinic")
SHARE_OF_VISITS = 0.15  # in which the drug is taken on top, at least: it has to be worth it


def hide(backstage: Backstage) -> None:
    """Has a few places push a drug, each one of its own."""
    if backstage.days < SHORTEST_PERIOD:
        return
    for number in range(backstage.count(per_thousand_people_and_month=0.03, least=2)):
        kind = KINDS[number % len(KINDS)]
        first = backstage.chance.randint(*FIRST_DAYS)
        backstage.on_morning(first, partial(_begin, backstage, kind, backstage.strength()))


def _begin(backstage: Backstage, kind: str, strength: float, day: int) -> None:
    place = backstage.claim((kind,))
    if place is None:
        return
    peers = [i.index for i in backstage.places((kind,)) if i.index != place.index]
    item, per_visit = _drug(backstage, place, peers)
    backstage.push(place, item)
    more = max(SHARE_OF_VISITS, per_visit * (2 + 7 * strength))
    backstage.label(Hidden(backstage.pattern, place.index, day * DAY, backstage.days * DAY, item=item))
    _push(backstage, place, item, more, day)


def _drug(backstage: Backstage, place: Institution, peers: list[int]) -> tuple[int, float]:
    """One of its drugs, and the packs of it that the peers dispense per visit."""
    world, came = backstage.world, backstage.visits.came
    first, last = world.catalogue.span[DRUG_GROUPS[0]][0], world.catalogue.span["herbs"][0]
    kept = [item for item in range(first, last) if world.demand.keeps(place.index, item)]
    sold = np.array([world.demand.sold[peers, item].sum() for item in kept])
    ranked = np.argsort(-sold, kind="stable")
    chosen = int(ranked[min(int(backstage.chance.expovariate(0.15)), len(kept) - 1)])
    return kept[chosen], float(sold[chosen]) / max(1.0, float(came[peers].sum()))


def _push(backstage: Backstage, place: Institution, item: int, more: float, day: int) -> None:
    """So many packs more per visit, today and on every day that follows."""
    today = backstage.usual_visits(place, day) * backstage.world.timeline.visits(day)
    sell(backstage, day, place, item, int(backstage.rng.poisson(more * today)), Way.SALES)
    backstage.on_morning(day + 1, partial(_push, backstage, place, item, more))
