"""Which indicators are compared among peers, in which scale, and how far do they spread by nature?

Amounts and quotients are compared by their logarithm, shares as they are or by their root. What a member's own number of
cases leaves uncertain counts as spread, and so does what is believed of a group before its members have shown it: few members
prove little.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, exp, log, pi, sin, sqrt
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import structs

from detectors.books.member import OF_WEEKS, Compared, Month
from detectors.books.peer_calendar import first_day
from schemas.peer_days import DayCounts

COST_STAYS: Final = "cost_stays"
COST_VISITS: Final = "cost_visits"
INPATIENT: Final = "inpatient_share"
GROWTH: Final = "growth"
OWN: Final = "own_share"
FUND: Final = "fund"
NIGHT: Final = "night_share"
REFUNDS: Final = "refund_share"

_CLUSTERED: Final = 1.2  # who is admitted comes with family, or in an outbreak: more uneven than coins
_UNEVEN: Final = 1.6  # a share of money is made of bills, and these of all sizes
_WHOLE_DAYS: Final = 20  # a month of which less is known is no measure for growth


# Of a share the angle whose sine's square it is: chance moves it as far at a tenth as at a half.
Scale: TypeAlias = Literal["plain", "log", "root"]


class Indicator(NamedTuple):
    """Its value in its scale; ``noise`` is the standard deviation that chance alone gives it."""

    value: float
    noise: float


class Nature(NamedTuple):
    """``spread``: standard deviation among honest peers that is believed beforehand, ``wobble``: how far one of them moves from
    month to month beyond chance (ENG); ``scale``: how amounts, quotients and shares are made comparable."""

    spread: float
    wobble: float
    scale: Scale


NATURES: Final[dict[str, Nature]] = {
    COST_STAYS: Nature(0.12, 0.06, "log"),
    COST_VISITS: Nature(0.15, 0.075, "log"),
    INPATIENT: Nature(0.04, 0.02, "root"),
    GROWTH: Nature(0.15, 0.1, "log"),
    OWN: Nature(0.03, 0.015, "plain"),
    FUND: Nature(0.6, 0.1, "log"),
    NIGHT: Nature(0.06, 0.03, "root"),
    REFUNDS: Nature(0.05, 0.03, "root"),
    **dict.fromkeys(OF_WEEKS[GROWTH], Nature(0.15, 0.1, "log")),
    # How far they move among honest peers within weeks (ENG).
    **dict.fromkeys(OF_WEEKS[INPATIENT], Nature(0.03, 0.02, "root")),
    **dict.fromkeys(OF_WEEKS[OWN], Nature(0.02, 0.015, "plain")),
    **dict.fromkeys(OF_WEEKS[COST_STAYS], Nature(0.1, 0.06, "log")),
    **dict.fromkeys(OF_WEEKS[COST_VISITS], Nature(0.1, 0.06, "log")),
}
USUAL: Final = 3.0  # standard deviations that are drawn as usual


def measured(month: int, known: Month, months: dict[int, Month]) -> dict[str, Indicator]:
    """Every indicator that the month's numbers give."""
    counts, found = known.counts, dict[str, Indicator]()
    for name, mix in ((COST_STAYS, known.stays), (COST_VISITS, known.visits)):
        if mix.ratio is not None:
            found[name] = Indicator(mix.ratio, mix.noise)
    if counts.admissions + counts.visits > 0:
        found[INPATIENT] = share_of_stays(counts.admissions, counts.visits)
    if counts.total > 0:
        found[OWN] = share_of_own(counts.own, counts.total, known.stays.count + known.visits.count)
    if counts.timed > 0 and counts.visits > 0:
        found[NIGHT] = Indicator(angle(counts.by_night / counts.timed), _UNEVEN / (2 * sqrt(counts.visits)))
    if counts.settlements > 0:
        share = angle(counts.refunds / counts.settlements)
        found[REFUNDS] = Indicator(share, _CLUSTERED / (2 * sqrt(counts.settlements)))
    if counts.fund > 0:
        found[FUND] = Indicator(log(counts.fund / max(known.active, 1)), known.noise)
        reference = _reference(month, months)
        if reference and known.active:
            whole = sum(one.counts.fund for one in reference)
            before = whole / sum(one.active for one in reference)
            uncertain = sum((one.noise * one.counts.fund) ** 2 for one in reference) / whole**2
            found[GROWTH] = Indicator(log(counts.fund / known.active / before), sqrt(known.noise**2 + uncertain))
    return found


def share_of_stays(admissions: int, visits: int) -> Indicator:
    """Admissions among admissions, outpatient visits and sales; not of none."""
    return Indicator(angle(admissions / (admissions + visits)), _CLUSTERED / (2 * sqrt(admissions + visits)))


def share_of_own(own: int, total: int, cases: int) -> Indicator:
    """What lies outside of the catalogue among bills of so many cases; not of none."""
    return Indicator(own / total, 0.3 / sqrt(max(cases, 1)))


def angle(share: float) -> float:
    """A share in its scale, where chance moves it as far at a tenth as at a half."""
    return asin(sqrt(min(max(share, 0.0), 1.0)))


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
    scale = NATURES[name].scale
    if scale == "root":
        return sin(min(max(value, 0.0), pi / 2)) ** 2
    return exp(value) if scale == "log" else value


def variance_of_peers(seen: Compared) -> float:
    """How far honest peers lie apart, as the comparison took it: its band without what chance alone makes of it."""
    return max(((seen.high - seen.expected) / USUAL) ** 2 - seen.noise**2, 0.0)


def summed(days: Iterable[DayCounts]) -> DayCounts:
    """Counts of several days."""
    sums = [0] * len(DayCounts.__struct_fields__)
    for one in days:
        sums = [held + more for held, more in zip(sums, structs.astuple(one), strict=True)]
    return DayCounts(*sums)
