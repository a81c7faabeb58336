"""Whom to inspect first? One number from 0 to 1 for an institution (机构画像), and the parts that it is made of.

Each part says how strongly one kind of evidence speaks, from 0 to 1; together they count as independent reasons do: what is
left unsaid by all of them is the product of what each leaves unsaid (noisy or). The weights are a judgement (ENG): what
inspectors confirm will tell better ones. It ranks, it accuses nobody: a large honest hospital spends much, and beside others
of its kind that alone lifts it little. Of institutions that nobody has described it cannot be told who should spend much, so
that who takes most of the money is looked at first, unless something else speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

_SEVERITIES: Final = {"low": 0.04, "medium": 0.2, "high": 0.4}  # what one open alert says
_WEIGHTS: Final = {
    "findings": 0.7,  # open alerts, by severity
    "fund_at_risk": 0.3,  # what they are about, of all that the fund paid
    "excess": 0.45,  # cost over that of the peers' same cases
    "spending": 0.35,  # what the fund paid, beside others of its kind
    "rank": 0.7,  # by how much money there is to be lost (结算费用排名), where the others are many
    "inpatient": 0.15,  # how readily it admits
    "growth": 0.15,
    "own_expense": 0.05,
    "profile": 0.15,  # strange days
}
_RISK_HALF: Final = 0.05  # of the fund's payments: half of the part
_STRANGE_HALF: Final = 0.2  # of the scored days, likewise
_DEVIATIONS_HALF: Final = 3.0  # what is drawn as usual ends here; one deviation, which half of all have, says a tenth
_LARGEST_OF_A_YEAR: Final = 1.6  # deviations: so far does chance alone lift the largest of twelve


class Among(msgspec.Struct, frozen=True):
    """An institution among its peers, over the months that were judged: how many standard deviations it lies above them, by
    indicator; the share of strange days; what the fund paid and what its cases cost beyond its peers' (fen); the widest
    group that it was held against (``""``: none had members enough). ``growth`` is that of its largest month. ``rank``:
    `detectors.books.paid_most`; None where there are too few others."""

    excess: float = 0.0
    spending: float = 0.0
    inpatient: float = 0.0
    growth: float = 0.0
    own_expense: float = 0.0
    strange: float = 0.0
    fund: int = 0
    excess_cost: int = 0
    group: str = ""
    rank: float | None = None


class Portrait(msgspec.Struct, frozen=True):
    """``standing`` 0 to 1; ``parts`` likewise, before they are weighed."""

    standing: float
    parts: dict[str, float]


def portrait(alerts: Mapping[str, int], fund_at_risk: int, among: Among | None) -> Portrait:
    """``alerts``: how many stand open, by severity; ``fund_at_risk`` in fen, what they share counted once.

    >>> portrait({}, 0, None).standing
    0.0
    >>> portrait({"high": 1}, 0, None)
    Portrait(standing=0.28, parts={'findings': 0.4})
    """
    parts = {"findings": 1.0 - _unsaid(alerts)}
    if among is not None:
        parts |= {
            "excess": _beyond(among.excess),
            "spending": _beyond(among.spending),
            "inpatient": _beyond(among.inpatient),
            "growth": _beyond(among.growth - _LARGEST_OF_A_YEAR),
            "own_expense": _beyond(among.own_expense),
            "profile": _half_at(among.strange, _STRANGE_HALF),
        }
        if among.rank is not None:
            parts["rank"] = among.rank
        if among.fund > 0:
            parts["fund_at_risk"] = _half_at(fund_at_risk / among.fund, _RISK_HALF)
    unsaid = 1.0
    for name, value in parts.items():
        unsaid *= 1 - _WEIGHTS[name] * value
    return Portrait(round(1 - unsaid, 4), {name: round(value, 4) for name, value in parts.items()})


def _unsaid(alerts: Mapping[str, int]) -> float:
    unsaid = 1.0
    for severity, count in alerts.items():
        unsaid *= (1 - _SEVERITIES[severity]) ** count
    return unsaid


def _beyond(deviations: float) -> float:
    """By the square: many small deviations, which the honest have too, must not add up to what one large one says."""
    return _half_at(max(deviations, 0.0) ** 2, _DEVIATIONS_HALF**2)


def _half_at(value: float, half: float) -> float:
    """0 at 0, a half at ``half``, towards 1."""
    return value / (value + half) if value > 0 else 0.0
