"""药品用量异常: a drug is suddenly, or ever more, or from a day on, dispensed far beyond what the institution is used to.

Blatant: five times as much for days. Careful: twice as much for a week, half as much again from a day on, a tenth more each
week. By more sales, by larger ones, or by the cards of a few people; or a drug that nobody asked for is among the first ten.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from simulation.backstage import Backstage
from simulation.catalogue import DRUG_GROUPS
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.trade import Way, regulars_of, sell
from simulation.truth import Hidden

HISTORY = 0.45  # of the period passes before anything is hidden, at most 35 days: without a past nothing is unusual
TRIES = 60  # drugs that are looked at, each at a place of its own
KINDS = ("pharmacy", "private", "township", "clinic", "county")
LEAST_PACKS = 30  # that a scheme brings beyond the usual: for fewer nobody would bother
NOTICED = 5.0  # standard deviations of what the same days usually bring, of three packs a sale
LONGEST = 84  # days
JUMPS = ((20, 60), (2, 8))  # rank of a drug before and after

Excess = Callable[[float], float]  # days since the begin to what is dispensed on top, as a multiple of the usual


@dataclass(frozen=True, slots=True)
class Course:
    """How a volume goes: for so many days, so much on top, in this way."""

    days: int
    excess: Excess
    way: Way


def hide(backstage: Backstage) -> None:
    """Puts a drug aside at a few pharmacies, clinics and hospitals."""
    chance = backstage.chance
    earliest = min(35, max(3, round(backstage.days * HISTORY)))
    kinds = (_spike, _ramp, _shift, _jump)
    for number in range(backstage.count(per_thousand_people_and_month=0.12, least=4)):
        kind, strength = kinds[number % len(kinds)], backstage.strength()
        latest = backstage.days - (7 if kind is _spike else 21)
        if latest < earliest:
            continue
        first = chance.randint(earliest, latest)
        backstage.on_morning(first, partial(_begin, backstage, kind, strength))


def _spike(backstage: Backstage, room: int, strength: float) -> Course:
    """Twice, three times, five times as much, for a day or a week."""
    times = 2.0 if strength < 0.3 else 3.0 if strength < 0.6 else 5.0
    return Course(min(room, backstage.chance.randint(3, 14)), lambda passed: times - 1, _way(backstage))


def _ramp(backstage: Backstage, room: int, strength: float) -> Course:
    """A tenth more every week, or a quarter."""
    weekly = 1.08 + 0.17 * strength
    return Course(min(LONGEST, room), lambda passed: weekly ** (passed / 7) - 1, _way(backstage))


def _shift(backstage: Backstage, room: int, strength: float) -> Course:
    """Half as much again, up to two and a half times, from a day on."""
    height = 0.5 + strength**2
    return Course(min(LONGEST, room), lambda passed: height, _way(backstage))


def _jump(backstage: Backstage, room: int, strength: float) -> Course:
    """A drug of the lower ranks; its excess is measured in the volume of the rank that it comes to."""
    return Course(min(room, 14 + round(28 * strength)), lambda passed: 1.0, _way(backstage))


def _way(backstage: Backstage) -> Way:
    return backstage.chance.choice(list(Way))


def _begin(backstage: Backstage, kind: Callable[[Backstage, int, float], Course], strength: float, day: int) -> None:
    """Chooses a place and a drug by what has been sold so far, and books the mornings that follow."""
    course = kind(backstage, backstage.days - day, strength)
    found = _worthwhile(backstage, day, course, jumps=kind is _jump)
    if found is None:
        return
    institution, item, usual = found
    backstage.push(institution, item)
    last = day + course.days
    regulars = regulars_of(backstage, institution, 6, day, last) if course.way is Way.PERSONS else []
    if not regulars:
        course = Course(course.days, course.excess, Way.SALES if course.way is Way.PERSONS else course.way)
    backstage.keep(regulars, day, last)
    for offset in range(course.days):
        packs = usual * course.excess(offset + 1)
        morning = partial(_add, backstage, institution, item, packs, course.way, regulars)
        if offset:
            backstage.on_morning(day + offset, morning)
        else:
            morning(day)
    backstage.label(Hidden(backstage.pattern, institution.index, day * DAY, last * DAY, item=item))


def _worthwhile(backstage: Backstage, day: int, course: Course, jumps: bool) -> tuple[Institution, int, float] | None:
    """A place and a drug of which so much more would pay, and the packs a day to which the excess is a multiple."""
    places = backstage.places(KINDS)
    best: tuple[float, Institution, int, float] | None = None
    for _ in range(TRIES):
        institution = backstage.chance.choice(places)
        item, before, measure = _drug(backstage, institution, day, jumps)
        extra = sum(measure * course.excess(offset + 1) for offset in range(course.days))
        noise = NOTICED * math.sqrt(3 * max(before, 0.2) * course.days)
        worth = min(extra / LEAST_PACKS, extra / noise)
        if backstage.is_pushed(institution, item):
            continue
        if best is None or worth > best[0]:
            best = worth, institution, item, measure
        if worth >= 1:
            break
    return best and (best[1], best[2], best[3] / min(1.0, best[0]))  # in a small county more is taken than was meant


def _drug(backstage: Backstage, institution: Institution, day: int, jumps: bool) -> tuple[int, float, float]:
    """One of its drugs, the packs of it on a day so far, and those to which an excess is a multiple."""
    catalogue, chance = backstage.world.catalogue, backstage.chance
    first, last = catalogue.span[DRUG_GROUPS[0]][0], catalogue.span["herbs"][0]
    sold = backstage.world.demand.sold[institution.index, first:last]
    ranked = np.argsort(-sold, kind="stable")
    if not jumps:
        offset = int(ranked[min(int(chance.expovariate(0.4)), 9)])
        usual = max(0.2, float(sold[offset]) / day)
        return first + offset, usual, usual
    kept = [int(o) for o in ranked if backstage.world.demand.keeps(institution.index, first + int(o))]
    low, high = (min(chance.randint(*ranks), len(kept) - 1) for ranks in JUMPS)
    return first + kept[low], float(sold[kept[low]]) / day, max(1.0, float(sold[kept[high]]) / day)


def _add(
    backstage: Backstage, institution: Institution, item: int, packs: float, way: Way, regulars: list[int], day: int
) -> None:
    if way is Way.SALES:
        count = int(backstage.rng.poisson(packs))
    else:  # larger sales come on fewer days
        size = 8 if way is Way.PACKS else 2
        count = size * int(backstage.rng.poisson(packs / size))
    sell(backstage, day, institution, item, count, way, regulars)
