"""What do an institution's cases cost beside what the same cases cost its peers?

Of each kind of case the peers' mean, the member itself left out, drawn towards that of wider groups where they have few of them
(empirical Bayes), so a hospital of grave cases is not a dear one.
"""

from __future__ import annotations

from math import sqrt
from typing import Final, NamedTuple

from detectors.books.activity import LOG_SCALE
from detectors.books.bill_noise import CASE_SIGMA, Sums, variance_of_bill
from detectors.books.member import MOST_TOP, CaseMix
from detectors.books.norms import norm
from detectors.engine.pages import Pages
from schemas.peer_days import STAYS

_BELIEVED: Final = 5.0  # cases that wider groups' mean counts as
_COMPARABLE: Final = 0.5  # of the cases; where peers have fewer of them the rest would be another hospital
_ENOUGH: Final = 200  # cases of others that show which diagnoses a group has
_FAMILIAR: Final = 2.0
_SPECIALTY: Final = 5  # cases of one diagnosis; that a few came is chance


def parted(kinds: Sums) -> tuple[Sums, Sums]:
    """Stays, and what are none."""
    stays = {kind: sums for kind, sums in kinds.items() if kind[0] == STAYS}
    return stays, {kind: sums for kind, sums in kinds.items() if kind[0] != STAYS}


def mix_of(pages: Pages, groups: tuple[str, ...], month: int, kinds: Sums, own: Sums) -> CaseMix:
    """What the cases cost, and what they cost the peers: all of the group's cases of the month without the member's ``own``, of
    which these are some or all. Not which of them the peers have few of (`strange_of`)."""
    count, total = sum(sums[0] for sums in kinds.values()), sum(sums[1] for sums in kinds.values())
    if count <= 0:
        return CaseMix()
    own_of = _by_way(own)
    expected, weight, logs, scatter, parts = 0.0, 0.0, 0.0, 0.0, []
    for kind, (cases, cost, log_cost) in sorted(kinds.items()):
        if cases <= 0:
            continue
        usual = _usual(pages, groups, month, kind, own[kind], kind[0] + "*", own_of[kind[0] + "*"])
        if usual is None:  # peers who have no such case cannot say what it costs
            continue
        expected += cases * usual.mean
        weight += cases * usual.trust
        logs += usual.trust * (log_cost - cases * usual.log_mean)
        scatter += cases * usual.trust**2 * usual.variance
        parts.append((kind[1:], cases, cost, round(cases * usual.mean)))
    compared = sum(part[1] for part in parts)
    if compared < _COMPARABLE * count:
        return CaseMix(count, total)
    top = sorted(parts, key=lambda part: (part[3] - part[2], part[0]))[:MOST_TOP]
    return CaseMix(
        compared, sum(part[2] for part in parts), round(expected), logs / weight / LOG_SCALE, tuple(top),
        noise=sqrt(scatter) / weight,
    )  # fmt: skip


def strange_of(pages: Pages, groups: tuple[str, ...], month: int, kinds: Sums) -> float:
    """The share of its bill that lies in diagnoses beyond `_FAMILIAR` times what they are of the peers' bill."""
    strange = total = 0.0
    for common, own in _by_way(kinds).items():
        group = next((one for one in groups if norm(pages, one, common, month)[0] - own[0] >= _ENOUGH), groups[-1])
        bill = norm(pages, group, common, month)[1] - own[1]
        total += own[1]
        for kind, (cases, cost, _) in kinds.items():
            if kind[0] == common[0] and len(kind) > 1 and cases >= _SPECIALTY:
                share = max(norm(pages, group, kind, month)[1] - cost, 0) / bill if bill > 0 else 0.0
                strange += max(cost - _FAMILIAR * share * own[1], 0.0)
    return round(strange / total, 3) if total > 0 else 0.0


class _Usual(NamedTuple):
    """What such a case costs others: mean (fen), mean of the logarithm (`LOG_SCALE`), variance of one such logarithm, and how
    far all that is to be trusted."""

    mean: float
    log_mean: float
    variance: float
    trust: float


def _usual(
    pages: Pages, groups: tuple[str, ...], month: int, kind: str, own: list[int], common: str, own_common: list[int]
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


def _less(sums: tuple[int, int, int], own: list[int]) -> tuple[int, int, int]:
    return sums[0] - own[0], sums[1] - own[1], sums[2] - own[2]


def _by_way(kinds: Sums) -> Sums:
    """The cases by how they were served: stays, visits, sales."""
    found: Sums = {}
    for kind, sums in kinds.items():
        held = found.setdefault(kind[0] + "*", [0, 0, 0])
        for index in range(3):
            held[index] += sums[index]
    return found
