"""What do a year's months, taken together, say of an institution among its peers?

A month of few cases proves little, a year of such months may prove much: costs are pooled over the months, each case once,
and their deviation is that of the pool. Other indicators are averaged over all months in which anybody was judged: who was
silent in a month did not stand out in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from detectors.books.indicators import (
    CASE_SIGMA,
    COST_STAYS,
    COST_VISITS,
    FUND,
    GROWTH,
    INPATIENT,
    NATURES,
    OWN,
)
from detectors.books.member import MemberPage, Month
from detectors.models.portrait import Among


def among(member: MemberPage, months: int) -> Among:
    """``months``: how many were judged of anybody."""
    judged = list(member.months.values())
    known = max(months, 1)
    scored = sum(member.scored_days.values())
    groups = [one.group for month in judged for one in month.seen.values()]
    return Among(
        excess=_pooled(judged),
        spending=_mean(judged, FUND, known),
        inpatient=_mean(judged, INPATIENT, known),
        growth=max((month.seen[GROWTH].deviation for month in judged if GROWTH in month.seen), default=0.0),
        own_expense=_mean(judged, OWN, known),
        strange=member.strange_days() / scored if scored else 0.0,
        fund=sum(month.counts.fund for month in judged),
        excess_cost=sum(_excess(month) for month in judged),
        group=min(groups, key=lambda group: (len(group.split()), group), default=""),
    )


def _mean(judged: Sequence[Month], name: str, months: int) -> float:
    return sum(month.seen[name].deviation for month in judged if name in month.seen) / months


def _pooled(judged: Sequence[Month]) -> float:
    """Standard deviations by which all cases together are dearer than the peers'."""
    cases, logs = 0, 0.0
    for month in judged:
        for name, mix in ((COST_STAYS, month.stays), (COST_VISITS, month.visits)):
            if name in month.seen:
                cases += mix.count
                logs += mix.count * (month.seen[name].value - month.seen[name].expected)
    if not cases:
        return 0.0
    return logs / cases / sqrt(NATURES[COST_STAYS].spread ** 2 + CASE_SIGMA**2 / cases)


def _excess(month: Month) -> int:
    return sum(mix.total - mix.expected for mix in (month.stays, month.visits) if mix.ratio is not None)
