"""What do all its months, taken together, say of an institution among its peers?

A month of few cases proves little, a year of such months may prove much: costs are pooled over the months, each case once,
and their deviation is that of the pool. Its spread is the one that the months' comparisons found among the peers, and the
scatter of the bills as it was seen: those of outpatients may scatter twice as far as is believed beforehand, and who has few of
them would often look dear. Other indicators are averaged over all months in which anybody was judged: who was silent in a month
did not stand out in it. What the fund paid is held against others of the same kind alone: a county's one hospital takes more
than its clinics in all honesty. Months that the page has forgotten count by their sums: who did much harm and closed is not
cleared by time.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

from detectors.books.indicators import COST_STAYS, COST_VISITS, FUND, GROWTH, INPATIENT, OWN, variance_of_peers
from detectors.books.member import MemberPage, Month, Past
from detectors.books.peer_groups import is_of_one_kind
from detectors.models.portrait import Among


def among(member: MemberPage, months: int) -> Among:
    """``months``: in how many anybody was judged."""
    scored = member.scored_days
    whole = with_months(member.past, ((month, known, scored.get(month, 0)) for month, known in member.months.items()))
    known = max(months, 1)
    strange = member.past.strange + member.strange_days()  # of newer months it is not settled yet
    return Among(
        excess=_deviation(whole),
        spending=whole.spending / known,
        inpatient=whole.inpatient / known,
        growth=whole.growth,
        own_expense=whole.own_expense / known,
        strange=strange / whole.scored if whole.scored else 0.0,
        fund=whole.fund,
        excess_cost=whole.excess_cost,
        group=whole.group,
    )


def with_months(past: Past, months: Iterable[tuple[int, Month, int]]) -> Past:
    """The same with these months too, each with its scored days."""
    for number, month, scored in months:
        costs = _costs(month)
        past = Past(
            first=min(past.first, number),
            cases=past.cases + costs.cases,
            logs=past.logs + costs.logs,
            spending=past.spending + _spending(month),
            inpatient=past.inpatient + _deviation_of(month, INPATIENT),
            own_expense=past.own_expense + _deviation_of(month, OWN),
            growth=max(past.growth, _deviation_of(month, GROWTH)),
            strange=past.strange + month.strange,
            scored=past.scored + scored,
            fund=past.fund + month.counts.fund,
            excess_cost=past.excess_cost + _excess_cost(month),
            group=_widest([past.group, *(one.group for one in month.seen.values())]),
            chance=past.chance + costs.chance,
            apart=past.apart + costs.apart,
        )
    return past


def _spending(month: Month) -> float:
    return _deviation_of(month, FUND) if FUND in month.seen and is_of_one_kind(month.seen[FUND].group) else 0.0


def _deviation_of(month: Month, name: str) -> float:
    return month.seen[name].deviation if name in month.seen else 0.0


class _Costs(NamedTuple):
    """Cases that were compared, the sum of how far their logarithms lie above what was expected, and of what variances
    (`Past`)."""

    cases: int
    logs: float
    chance: float
    apart: float


def _costs(month: Month) -> _Costs:
    cases, logs, chance, apart = 0, 0.0, 0.0, 0.0
    for name, mix in ((COST_STAYS, month.stays), (COST_VISITS, month.visits)):
        if name in month.seen:
            one = month.seen[name]
            cases += mix.count
            logs += mix.count * (one.value - one.expected)
            chance += (mix.count * one.noise) ** 2
            apart += mix.count * variance_of_peers(one)
    return _Costs(cases, logs, chance, apart)


def _deviation(whole: Past) -> float:
    """Standard deviations by which all cases together are dearer than the peers'."""
    variance = whole.apart / whole.cases + whole.chance / whole.cases**2 if whole.cases else 0.0
    return whole.logs / whole.cases / sqrt(variance) if variance > 0 else 0.0


def _excess_cost(month: Month) -> int:
    return sum(mix.total - mix.expected for mix in (month.stays, month.visits) if mix.ratio is not None)


def _widest(groups: Iterable[str]) -> str:
    return min((group for group in groups if group), key=lambda group: (len(group.split()), group), default="")
