"""Which settlements of a person at an institution were made only to be refunded, and how many would be so by chance?

A *pair* is a settlement and its refund (2208, 2103). A bill that was wrong is refunded and settled again: where a settlement of a
like amount follows within a day and stands, the pair is a *correction*. What a 2601 reversed never was.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from typing import Final, NamedTuple

from detectors.books.person import PersonPage
from schemas.china_time import DAY
from schemas.snapshots import STAY, Swipe

_BEFORE: Final = 10 * 60  # seconds: the right bill may be settled just before the wrong one is refunded
_LIKE: Final = 0.2
_SMALLEST: Final = 1e-300  # a chance; rarer than that is no rarer


class Pair(NamedTuple):
    """A settlement that was refunded."""

    visit: str
    begin: int  # of its visit
    swipe: Swipe
    is_correction: bool

    @property
    def minutes(self) -> int:
        """From the settlement to its refund."""
        assert self.swipe.refunded_at is not None
        return max(self.swipe.refunded_at - self.swipe.time, 0) // 60


class Cycle(NamedTuple):
    """The pairs of a window of time, in order, and all settlements made within it."""

    pairs: tuple[Pair, ...]
    corrections: int
    settlements: int

    @property
    def weight(self) -> float:
        """A correction is a quarter of a pair: an institution that mends every bill is odd too."""
        return len(self.pairs) + 0.25 * self.corrections

    def improbability(self, usual: float) -> float:
        """The chance of so many refunds among so many settlements, where ``usual`` is the share of refunds everywhere."""
        made, refunded = self.settlements, len(self.pairs)
        chance = sum(exp(_log_chance(made, n, usual)) for n in range(refunded, made + 1))
        return min(max(chance, _SMALLEST), 1.0)


def _log_chance(made: int, refunded: int, usual: float) -> float:
    """Of the binomial; by logarithms, for a number that stands for many persons makes thousands."""
    ways = lgamma(made + 1) - lgamma(refunded + 1) - lgamma(made - refunded + 1)
    return ways + refunded * log(usual) + (made - refunded) * log1p(-usual)


class _Made(NamedTuple):
    time: int
    settlement: str
    visit: str
    begin: int
    swipe: Swipe


def institutions_with_refunds(page: PersonPage, least: int) -> list[str]:
    """Where so many settlements were refunded."""
    counts: dict[str, int] = {}
    for visit in page.visits.values():
        if visit.kind != STAY:
            for swipe in visit.swipes:
                if swipe.refunded_at is not None:
                    counts[visit.institution] = counts.get(visit.institution, 0) + 1
    return sorted(institution for institution, count in counts.items() if count >= least)


def cycle(page: PersonPage, institution: str, within: int) -> Cycle:
    """The pairs of the ``within`` seconds up to the newest."""
    made = sorted(
        _Made(swipe.time, swipe.settlement, visit.visit, visit.begin, swipe)
        for visit in page.visits.values()
        if visit.kind != STAY and visit.institution == institution
        for swipe in visit.swipes
    )
    pairs = _pairs(made)
    newest = max((pair.swipe.time for pair in pairs if not pair.is_correction), default=0)
    pairs = [pair for pair in pairs if newest - within < pair.swipe.time <= newest]
    pure = tuple(pair for pair in pairs if not pair.is_correction)
    if not pure:
        return Cycle((), 0, 0)
    corrections = len(pairs) - len(pure)
    among = sum(1 for one in made if pure[0].swipe.time <= one.time <= newest)
    return Cycle(pure, corrections, among - corrections)


def _pairs(made: list[_Made]) -> list[Pair]:
    """Each settlement that stands explains one refund at most."""
    spent: set[str] = set()
    pairs = []
    for one in made:
        refunded = one.swipe.refunded_at
        if refunded is None:
            continue
        instead = next(
            (
                other.settlement
                for other in made
                if other.swipe.refunded_at is None
                and other.settlement not in spent
                and other.time > one.time
                and -_BEFORE <= other.time - refunded <= DAY
                and (abs(other.swipe.total - one.swipe.total) <= _LIKE * one.swipe.total or other.visit == one.visit)
            ),
            None,
        )
        if instead is not None:
            spent.add(instead)
        pairs.append(Pair(one.visit, one.begin, one.swipe, instead is not None))
    return pairs
