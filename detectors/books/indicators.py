"""Which indicators are compared among peers, in which scale, and how far do they spread by nature?

Amounts and quotients are compared by their logarithm, shares as they are. What a member's own number of cases leaves
uncertain counts as spread, and so does what is believed of a group before its members have shown it: few members prove
little.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, sqrt
from typing import Final, NamedTuple

from detectors.books.member import Month
from detectors.books.peer_calendar import first_day
from schemas.peer_days import DayCounts

COST_STAYS: Final = "cost_stays"
COST_VISITS: Final = "cost_visits"
INPATIENT: Final = "inpatient_share"
GROWTH: Final = "growth"
OWN: Final = "own_share"
FUND: Final = "fund"

_WHOLE_DAYS: Final = 20  # a month with fewer active days is no measure for growth
CASE_SIGMA: Final = 0.8
_STAY_SIGMA, _VISIT_SIGMA = CASE_SIGMA, 0.9  # of one bill's logarithm about its diagnosis' (ENG: of bills in general)
_FUND_SIGMA: Final = 1.2


class Indicator(NamedTuple):
    """Its value in its scale; ``noise`` is the standard deviation that chance alone gives it."""

    value: float
    noise: float


class Nature(NamedTuple):
    """``spread``: standard deviation among honest peers that is believed beforehand (ENG); ``is_log``: the scale."""

    spread: float
    is_log: bool


NATURES: Final[dict[str, Nature]] = {
    COST_STAYS: Nature(0.12, True),
    COST_VISITS: Nature(0.15, True),
    INPATIENT: Nature(0.04, False),
    GROWTH: Nature(0.15, True),
    OWN: Nature(0.03, False),
    FUND: Nature(0.6, True),
}


def measured(month: int, known: Month, months: dict[int, Month]) -> dict[str, Indicator]:
    """Every indicator that the month's numbers give."""
    counts, found = known.counts, dict[str, Indicator]()
    for name, mix, sigma in ((COST_STAYS, known.stays, _STAY_SIGMA), (COST_VISITS, known.visits, _VISIT_SIGMA)):
        if mix.ratio is not None:
            found[name] = Indicator(mix.ratio, sigma / sqrt(mix.count))
    cases = counts.admissions + counts.visits
    if cases > 0:
        share = max(counts.admissions, 0) / cases
        found[INPATIENT] = Indicator(share, sqrt((share * (1 - share) + 0.25 / cases) / cases))
    if counts.total > 0:
        found[OWN] = Indicator(counts.own / counts.total, 0.3 / sqrt(max(known.stays.count + known.visits.count, 1)))
    if counts.fund > 0:
        found[FUND] = Indicator(log(counts.fund), _FUND_SIGMA / sqrt(_cases(known)))
        reference = _reference(month, months)
        if reference:
            size = sum(_cases(one) for one in reference)
            before = sum(one.counts.fund for one in reference) / sum(one.active for one in reference)
            growth = log(counts.fund / known.active / before)
            found[GROWTH] = Indicator(growth, _FUND_SIGMA * sqrt(1 / _cases(known) + 1 / size))
    return found


def _cases(known: Month) -> int:
    return max(known.stays.count + known.visits.count, 1)


def _reference(month: int, months: dict[int, Month]) -> list[Month]:
    """The same month of last year; where that is not known, up to three months before."""
    last_year = _whole(month - 12, months)
    return last_year or [one for before in (1, 2, 3) for one in _whole(month - before, months)]


def _whole(month: int, months: dict[int, Month]) -> list[Month]:
    known = months.get(month)
    is_whole = known is not None and known.through == first_day(month + 1) - 1 and known.active >= _WHOLE_DAYS
    return [known] if known is not None and is_whole and known.counts.fund > 0 else []


def told(name: str, value: float) -> float:
    """The value as people read it: a quotient, an amount or a share."""
    return exp(value) if NATURES[name].is_log else value


def summed(days: Iterable[DayCounts]) -> DayCounts:
    """Counts of several days."""
    sums = [0] * 7
    for one in days:
        row = (one.visits, one.admissions, one.discharges, one.nights, one.total, one.own, one.fund)
        sums = [held + more for held, more in zip(sums, row, strict=True)]
    return DayCounts(*sums)
