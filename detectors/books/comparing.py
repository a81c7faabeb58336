"""How does an institution's month compare with its peers'? Measured first, by every member; then compared.

Cost is held against what the *same cases* cost others: of each kind of case the peers' mean, the member itself left out,
drawn towards that of wider groups where they have few of them (empirical Bayes), so a hospital of grave cases is not a dear
one. How far a member may lie from the others is judged by their median and median absolute deviation, which one large or
dishonest member does not move.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Final, NamedTuple

from detectors.books import item_bins
from detectors.books.activity import LOG_SCALE
from detectors.books.bill_noise import CASE_SIGMA, noise_of_sum, sums_of, variance_of_bill
from detectors.books.indicators import FUND, NATURES, USUAL, Indicator, measured, summed
from detectors.books.item_bins import BILL, CASES, size_bin
from detectors.books.member import MOST_TOP, CaseMix, Compared, DayHeld, DaysPage, MemberPage, Month, days_keys
from detectors.books.norms import norm
from detectors.books.peer_calendar import first_day
from detectors.books.peer_groups import LEAST_PEERS, SELLS_ONLY, WITH_STAYS, WITH_VISITS
from detectors.books.spreads import OUTSIDE, bin_of, count_bins, others
from detectors.books.weeks_grown import grown, weeks_of
from detectors.engine.pages import Pages
from schemas.peer_days import STAYS, DayCounts

_BELIEVED: Final = 5.0  # cases that wider groups' mean counts as
_FEW: Final = 4.0  # members that the spread believed beforehand counts as
_MAD: Final = 1.4826  # a normal distribution's standard deviation in median absolute deviations
_COMPARABLE: Final = 0.5  # of the cases; where peers have fewer of them the rest would be another hospital
_MEDIAN: Final = pi / 2  # variance of a median, in that of a mean
_ENOUGH: Final = 200  # cases of others that show which diagnoses a group has
_FAMILIAR: Final = 2.0
_SPECIALTY: Final = 5  # cases of one diagnosis; that a few came is chance


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
    stays = {kind: sums for kind, sums in kinds.items() if kind[0] == STAYS}
    visits = {kind: sums for kind, sums in kinds.items() if kind[0] != STAYS}
    known = Month(
        through, active, counts, _mix(pages, groups, month, stays), _mix(pages, groups, month, visits),
        seen=seen, noise=noise_of_sum(kinds), weeks=weeks_of(month, through, active, days),
    )  # fmt: skip
    member.months[month] = known
    found = measured(month, known, member.months) | grown(month, member.months)
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


def _mix(pages: Pages, groups: tuple[str, ...], month: int, kinds: dict[str, list[int]]) -> CaseMix:
    """What the cases cost, and what they cost the peers."""
    count, total = sum(sums[0] for sums in kinds.values()), sum(sums[1] for sums in kinds.values())
    if count <= 0:
        return CaseMix()
    own_of: dict[str, list[int]] = {}
    for kind, sums in kinds.items():
        held = own_of.setdefault(kind[0] + "*", [0, 0, 0])
        for index in range(3):
            held[index] += sums[index]
    expected, weight, logs, scatter, parts = 0.0, 0.0, 0.0, 0.0, []
    for kind, (cases, cost, log_cost) in sorted(kinds.items()):
        if cases <= 0:
            continue
        usual = _usual(pages, groups, month, kind, (cases, cost, log_cost), kind[0] + "*", own_of[kind[0] + "*"])
        if usual is None:  # peers who have no such case cannot say what it costs
            continue
        expected += cases * usual.mean
        weight += cases * usual.trust
        logs += usual.trust * (log_cost - cases * usual.log_mean)
        scatter += cases * usual.trust**2 * usual.variance
        parts.append((kind[1:], cases, cost, round(cases * usual.mean)))
    compared = sum(part[1] for part in parts)
    strange = round(_strange(pages, groups, month, kinds, own_of), 3)
    if compared < _COMPARABLE * count:
        return CaseMix(count, total, strange=strange)
    top = sorted(parts, key=lambda part: (part[3] - part[2], part[0]))[:MOST_TOP]
    return CaseMix(
        compared, sum(part[2] for part in parts), round(expected), logs / weight / LOG_SCALE, tuple(top), strange,
        sqrt(scatter) / weight,
    )  # fmt: skip


def _strange(
    pages: Pages, groups: tuple[str, ...], month: int, kinds: dict[str, list[int]], own_of: dict[str, list[int]]
) -> float:
    """The share of its bill that lies in diagnoses beyond `_FAMILIAR` times what they are of the peers' bill."""
    strange = total = 0.0
    for common, own in own_of.items():
        group = next((one for one in groups if norm(pages, one, common, month)[0] - own[0] >= _ENOUGH), groups[-1])
        bill = norm(pages, group, common, month)[1] - own[1]
        total += own[1]
        for kind, (cases, cost, _) in kinds.items():
            if kind[0] == common[0] and len(kind) > 1 and cases >= _SPECIALTY:
                share = max(norm(pages, group, kind, month)[1] - cost, 0) / bill if bill > 0 else 0.0
                strange += max(cost - _FAMILIAR * share * own[1], 0.0)
    return strange / total if total > 0 else 0.0


class _Usual(NamedTuple):
    """What such a case costs others: mean (fen), mean of the logarithm (`LOG_SCALE`), variance of one such logarithm, and how
    far all that is to be trusted."""

    mean: float
    log_mean: float
    variance: float
    trust: float


def _usual(
    pages: Pages, groups: tuple[str, ...], month: int, kind: str, own: tuple[int, int, int], common: str, own_common: list[int]
) -> _Usual | None:  # fmt: skip
    cases, cost, logs = _less(norm(pages, groups[-1], common, month), own_common)
    if cases <= 0:
        return None
    mean, log_mean, of_kind = cost / cases, logs / cases, 0
    variance = CASE_SIGMA**2
    for group in reversed(groups):
        cases, cost, logs = _less(norm(pages, group, kind if len(kind) > 1 else common, month), own)
        if cases > 0:
            if not of_kind:
                variance = variance_of_bill(cases, cost, logs)
            mean = (cost + _BELIEVED * mean) / (cases + _BELIEVED)
            log_mean = (logs + _BELIEVED * log_mean) / (cases + _BELIEVED)
            of_kind = max(of_kind, cases)
    if not of_kind:
        return None
    return _Usual(mean, log_mean, variance, (of_kind + 0.5) / (of_kind + _BELIEVED))


def _less(sums: tuple[int, int, int], own: tuple[int, int, int] | list[int]) -> tuple[int, int, int]:
    return sums[0] - own[0], sums[1] - own[1], sums[2] - own[2]


def compare(pages: Pages, member: MemberPage, month: int) -> None:
    """Hold the measured month against the other members of its groups."""
    known = member.months.get(month)
    if known is None:
        return
    found = measured(month, known, member.months) | grown(month, member.months)
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
