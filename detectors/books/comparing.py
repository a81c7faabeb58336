"""How does an institution's month compare with its peers'? Measured first, by every member; then compared.

Cost is held against what the *same cases* cost others: of each kind of case the peers' mean, the member itself left out,
drawn towards that of wider groups where they have few of them (empirical Bayes), so a hospital of grave cases is not a dear
one. How far a member may lie from the others is judged by their median and median absolute deviation, which one large or
dishonest member does not move.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

from detectors.books import item_bins
from detectors.books.activity import LOG_SCALE
from detectors.books.indicators import FUND, NATURES, Indicator, measured, summed
from detectors.books.item_bins import BILL, CASES, size_bin
from detectors.books.member import MOST_TOP, CaseMix, Compared, DaysPage, MemberPage, Month, days_keys
from detectors.books.peer_groups import LEAST_PEERS, OUTSIDE, bin_of, count_bins, norm, others
from detectors.engine.pages import Pages
from schemas.peer_days import STAYS, DayCounts

_BELIEVED: Final = 5.0  # cases that wider groups' mean counts as
_FEW: Final = 4.0  # members that the spread believed beforehand counts as
_MAD: Final = 1.4826  # a normal distribution's standard deviation in median absolute deviations
_USUAL: Final = 3.0  # standard deviations that are drawn as usual
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
    kinds: dict[str, list[int]] = {}
    for held in days.values():
        for case in held.cases:
            sums = kinds.setdefault(case.kind, [0, 0, 0])
            sums[0] += case.count
            sums[1] += case.total
            sums[2] += case.logs
    counts = summed(held.counts for held in days.values())
    active = sum(1 for held in days.values() if held.counts.visits or held.counts.admissions or held.counts.discharges)
    seen = {} if before is None else before.seen
    stays = {kind: sums for kind, sums in kinds.items() if kind[0] == STAYS}
    visits = {kind: sums for kind, sums in kinds.items() if kind[0] != STAYS}
    known = Month(
        through, active, counts, _mix(pages, groups, month, stays), _mix(pages, groups, month, visits), seen=seen
    )
    member.months[month] = known
    found = measured(month, known, member.months)
    known.bins = {name: bin_of(one.value) for name, one in found.items()}
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


def _of_class(groups: tuple[str, ...], has_stays: bool, has_sales: bool) -> tuple[str, ...]:
    """All of a region is too wide: who has beds, who has none, and who sells are not compared with one another."""
    kind = "住院" if has_stays else "药店" if has_sales else "门诊"
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
    expected, weight, logs, parts = 0.0, 0.0, 0.0, []
    for kind, (cases, cost, log_cost) in sorted(kinds.items()):
        if cases <= 0:
            continue
        common = kind[0] + "*"
        usual = _usual(pages, groups, month, kind, (cases, cost, log_cost), common, own_of[common])
        if usual is None:
            return CaseMix(count, total)
        mean, log_mean, trust = usual
        expected += cases * mean
        weight += cases * trust
        logs += trust * (log_cost - cases * log_mean)
        parts.append((kind[1:], cases, cost, round(cases * mean)))
    top = sorted(parts, key=lambda part: (part[3] - part[2], part[0]))[:MOST_TOP]
    strange = round(_strange(pages, groups, month, kinds, own_of), 3)
    return CaseMix(count, total, round(expected), logs / weight / LOG_SCALE, tuple(top), strange)


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


def _usual(
    pages: Pages, groups: tuple[str, ...], month: int, kind: str, own: tuple[int, int, int], common: str, own_common: list[int]
) -> tuple[float, float, float] | None:  # fmt: skip
    """What such a case costs others: mean (fen), mean of the logarithm (`LOG_SCALE`), and how far that is to be trusted."""
    cases, cost, logs = _less(norm(pages, groups[-1], common, month), own_common)
    if cases <= 0:
        return None
    mean, log_mean, of_kind = cost / cases, logs / cases, 0
    for group in reversed(groups):
        cases, cost, logs = _less(norm(pages, group, kind if len(kind) > 1 else common, month), own)
        if cases > 0:
            mean = (cost + _BELIEVED * mean) / (cases + _BELIEVED)
            log_mean = (logs + _BELIEVED * log_mean) / (cases + _BELIEVED)
            of_kind = max(of_kind, cases)
    return mean, log_mean, (of_kind + 0.5) / (of_kind + _BELIEVED)


def _less(sums: tuple[int, int, int], own: tuple[int, int, int] | list[int]) -> tuple[int, int, int]:
    return sums[0] - own[0], sums[1] - own[1], sums[2] - own[2]


def compare(pages: Pages, member: MemberPage, month: int) -> None:
    """Hold the measured month against the other members of its groups."""
    known = member.months.get(month)
    if known is None:
        return
    found = measured(month, known, member.months)
    seen = {name: _compared(pages, known, month, name, one) for name, one in found.items() if name in known.bins}
    known.seen = {name: one for name, one in seen.items() if one is not None}
    member.model_group = next(
        (group for group in known.groups[:-1] if others(pages, group, month, FUND, OUTSIDE).members > LEAST_PEERS), ""
    )


def _compared(pages: Pages, known: Month, month: int, name: str, one: Indicator) -> Compared | None:
    """By the narrowest group with enough others; None where there is none."""
    for group in known.groups:
        peers = others(pages, group, month, name, known.bins[name])
        if peers.members >= LEAST_PEERS:
            believed = NATURES[name].spread
            variance = (peers.members * (_MAD * peers.distance) ** 2 + _FEW * believed**2) / (peers.members + _FEW)
            deviation = sqrt(variance + one.noise**2)
            return Compared(
                one.value, peers.median, peers.median - _USUAL * deviation, peers.median + _USUAL * deviation,
                (one.value - peers.median) / deviation, group, peers.members,
            )  # fmt: skip
    return None
