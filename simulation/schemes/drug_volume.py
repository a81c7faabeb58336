"""药品用量异常: a drug is suddenly, or ever more, or from a day on, dispensed far beyond what the institution is used to.

Blatant: ten times as much for two days. Careful: twice to three times as much, creeping up over weeks.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from simulation.backstage import Backstage
from simulation.catalogue import DRUG_GROUPS
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

HISTORY = 0.45  # of the period passes before anything is hidden, at most 35 days: without a past nothing is unusual
USUAL_LEAST = 1.5  # packs a day; below it "three times the usual" would be a pack now and then
TRIES = 40  # places that are looked at for a drug that sells so well
KINDS = ("pharmacy", "private", "township", "clinic", "county")
Shape = Callable[[float], float]  # progress 0–1 to a multiple of the usual volume on top of it


def hide(backstage: Backstage) -> None:
    """Puts a drug aside at a few pharmacies, clinics and hospitals."""
    chance = backstage.chance
    earliest = min(35, max(3, round(backstage.days * HISTORY)))
    for _ in range(backstage.count(per_thousand_people_and_month=0.12, least=3)):
        days, shape = _course(backstage)
        latest = backstage.days - max(2, min(days, 10))
        if latest < earliest:
            continue
        first = chance.randint(earliest, latest)
        backstage.on_morning(first, partial(_begin, backstage, days, shape))


def _course(backstage: Backstage) -> tuple[int, Shape]:
    """Length in days and shape: a spike, a ramp or a level shift."""
    chance, strength = backstage.chance, backstage.strength()
    kind = chance.choice(("spike", "ramp", "shift"))
    if kind == "spike":
        return chance.randint(1, 3), partial(_level, 5 + 7 * strength)
    if kind == "ramp":
        return chance.randint(12, 21), partial(_rising, 3 + 4 * strength)
    return chance.randint(10, 21), partial(_level, 1.8 + 3 * strength)


def _level(height: float, progress: float) -> float:
    return height


def _rising(height: float, progress: float) -> float:
    return height * progress


def _begin(backstage: Backstage, days: int, shape: Shape, day: int) -> None:
    """Chooses a place and a drug by what has been sold so far, and books the mornings that follow."""
    institution, item, usual = _well_sold(backstage, day)
    for offset in range(days):
        packs = usual * shape((offset + 1) / days)
        if offset:
            backstage.on_morning(day + offset, partial(_add, backstage, institution, item, packs))
        else:
            _add(backstage, institution, item, packs, day)
    begin, end = day * DAY, (day + days) * DAY
    backstage.label(Hidden(backstage.pattern, institution.index, begin, end, item=item))


def _well_sold(backstage: Backstage, day: int) -> tuple[Institution, int, float]:
    """An institution, one of its ten best-selling drugs, and the packs of it that a day is used to."""
    world, chance = backstage.world, backstage.chance
    first, last = world.catalogue.span[DRUG_GROUPS[0]][0], world.catalogue.span["herbs"][0]
    places = [i for i in world.institutions if i.kind.key in KINDS]
    found: list[tuple[float, Institution, int]] = []
    while len(found) < TRIES:
        institution = chance.choice(places)
        sold = world.demand.sold[institution.index, first:last]
        item = int(np.argsort(-sold, kind="stable")[min(int(chance.expovariate(0.4)), 9)])
        found.append((float(sold[item]) / day, institution, first + item))
        if found[-1][0] >= USUAL_LEAST:
            break
    usual, institution, index = max(found, key=lambda each: each[0]) if found[-1][0] < USUAL_LEAST else found[-1]
    return institution, index, max(USUAL_LEAST, usual)


def _add(backstage: Backstage, institution: Institution, item: int, packs: float, day: int) -> None:
    backstage.sell(day, institution, item, int(backstage.rng.poisson(packs)))
