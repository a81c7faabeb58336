"""How does an institution's month compare with its peers'? Measured first, by every member; then compared.

How far a member may lie from the others is judged by their median and median absolute deviation, which one large or dishonest
member does not move.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Final

from msgspec import structs

from detectors.books import item_bins
from detectors.books.bill_noise import noise_of_sum, sums_of
from detectors.books.case_costs import mix_of, parted, strange_of
from detectors.books.indicators import FUND, NATURES, USUAL, Indicator, measured, summed
from detectors.books.item_bins import BILL, CASES, size_bin
from detectors.books.member import Compared, DayHeld, DaysPage, MemberPage, Month, days_keys
from detectors.books.peer_calendar import first_day
from detectors.books.peer_groups import LEAST_PEERS, SELLS_ONLY, WITH_STAYS, WITH_VISITS
from detectors.books.spreads import OUTSIDE, bin_of, count_bins, others
from detectors.books.weeks import weeks_of
from detectors.books.weeks_changed import changed
from detectors.engine.pages import Pages
from schemas.peer_days import DayCounts

_FEW: Final = 4.0  # members that the spread believed beforehand counts as
_MAD: Final = 1.4826  # a normal distribution's standard deviation in median absolute deviations
_MEDIAN: Final = pi / 2  # variance of a median, in that of a mean


def measure(pages: Pages, member: MemberPage, month: int, through: int, groups: tuple[str, ...]) -> None:
    """Take the month's closed days together, and count as what they show in the member's groups."""
    days = {}
    for key in days_keys(member.region, member.institution, month):
        page = pages.get(DaysPage, key)
        if page is not None:
            days.update(page.days)
    before = member.months.get(month)
    if before is None and not days:
        return
    kinds = sums_of(case for held in days.values() for case in held.cases)
    counts = summed(held.counts for held in days.values())
    active = _known_days(member, month, through, days)
    seen = {} if before is None else before.seen
    of_stays, of_visits = [
        structs.replace(mix_of(pages, groups, month, own, own), strange=strange_of(pages, groups, month, own))
        for own in parted(kinds)
    ]
    weeks = tuple(weeks_of(pages, groups, kinds, days, range(through - active + 1, through + 1)))
    known = Month(through, active, counts, of_stays, of_visits, seen=seen, noise=noise_of_sum(kinds), weeks=weeks)
    member.months[month] = known
    found = measured(month, known, member.months) | changed(month, member.months)
    known.bins = {name: bin_of(one.value, one.noise) for name, one in found.items()}
    known.groups = _of_class(groups, counts.admissions + counts.discharges > 0, any(kind[0] == "p" for kind in kinds))
    if before is not None:
        for group in before.groups:
            count_bins(pages, group, month, before.bins, {})
            item_bins.count_in(pages, group, month, before.sizes, {})
    known.sizes = _sizes(counts)
    for group in known.groups:
        count_bins(pages, group, month, {}, known.bins)
        item_bins.count_in(pages, group, month, {}, known.sizes)


def _sizes(counts: DayCounts) -> dict[int, int]:
    """The bins of its cases and of its bill, by which its items are measured; nothing where it has none."""
    cases = cases_of(counts)
    return {CASES: size_bin(cases), BILL: size_bin(counts.total)} if cases > 0 and counts.total > 0 else {}


def cases_of(counts: DayCounts) -> int:
    """Settled outpatient visits or sales, and stays that ended."""
    return counts.visits + counts.discharges


def _known_days(member: MemberPage, month: int, through: int, days: dict[int, DayHeld]) -> int:
    """The days since it was first heard of: one on which nobody came counts, for more such days would be less spending."""
    if min(member.months, default=month) < month:
        return through - first_day(month) + 1
    busy = [day for day, held in days.items() if held.counts.visits or held.counts.admissions or held.counts.discharges]
    return through - min(busy) + 1 if busy else 0


def _of_class(groups: tuple[str, ...], has_stays: bool, has_sales: bool) -> tuple[str, ...]:
    """All of a region is too wide: who has beds, who has none, and who sells are not compared with one another."""
    kind = WITH_STAYS if has_stays else SELLS_ONLY if has_sales else WITH_VISITS
    return (*groups[:-1], f"{groups[-1]} {kind}")


def compare(pages: Pages, member: MemberPage, month: int) -> None:
    """Hold the measured month against the other members of its groups."""
    known = member.months.get(month)
    if known is None:
        return
    found = measured(month, known, member.months) | changed(month, member.months)
    seen = {name: _compared(pages, known, month, name, one) for name, one in found.items() if name in known.bins}
    known.seen = {name: one for name, one in seen.items() if one is not None}
    member.model_group = next(
        (group for group in known.groups[:-1] if others(pages, group, month, FUND, OUTSIDE).members > LEAST_PEERS), ""
    )


def _compared(pages: Pages, known: Month, month: int, name: str, one: Indicator) -> Compared | None:
    """By the narrowest group with enough others; None where there is none."""
    for group in known.groups:
        believed = NATURES[name].spread
        peers = others(pages, group, month, name, known.bins[name], believed)
        if peers.members >= LEAST_PEERS:
            apart = max((_MAD * peers.distance) ** 2 - peers.chance, 0.0)  # what chance spreads is nobody's way
            variance = (peers.weight * apart + _FEW * believed**2) / (peers.weight + _FEW)
            of_median = _MEDIAN * believed**2 / peers.weight
            noise = sqrt(one.noise**2 + of_median)
            deviation = sqrt(variance + noise**2)
            return Compared(
                one.value, peers.median, peers.median - USUAL * deviation, peers.median + USUAL * deviation,
                (one.value - peers.median) / deviation, group, peers.members, noise,
            )  # fmt: skip
    return None
