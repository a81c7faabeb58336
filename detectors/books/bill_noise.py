"""How uncertain is a sum of bills by chance alone?

Of so many bills each is by chance there or not, and by chance larger or smaller; few large ones make the sum uncertain.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, sqrt
from typing import Final

from detectors.books.activity import LOG_SCALE
from schemas.peer_days import Cases

CASE_SIGMA: Final = 0.8  # of one bill's logarithm about its diagnosis' (ENG: of bills in general), until it is seen
_SIMILAR: Final = 20.0  # cases that the believed variance of a bill counts as

Sums = dict[str, list[int]]  # by kind of case: how many, their total (fen), the sum of their logarithms (`LOG_SCALE`)


def sums_of(cases: Iterable[Cases]) -> Sums:
    """The cases by kind."""
    kinds: Sums = {}
    for one in cases:
        sums = kinds.setdefault(one.kind, [0, 0, 0])
        sums[0] += one.count
        sums[1] += one.total
        sums[2] += one.logs
    return kinds


def noise_of_sum(kinds: Sums) -> float:
    """The standard deviation that chance alone gives the logarithm of what these cases cost together; 0 of none."""
    counted = [(sums[0], sums[1], sums[2]) for sums in kinds.values() if sums[0] > 0 and sums[1] > 0]
    whole = sum(cost for _, cost, _ in counted)
    if not whole:
        return 0.0
    found = sum(cases * _scatter(cases, cost, logs) for cases, cost, logs in counted)
    free = sum(cases - 1 for cases, _, _ in counted)  # of a single bill nothing is seen
    variance = (found + _SIMILAR * CASE_SIGMA**2) / (free + _SIMILAR)
    return sqrt(sum(cost**2 / cases for cases, cost, _ in counted) * exp(variance)) / whole


def variance_of_bill(cases: int, cost: int, logs: int) -> float:
    """Of one bill's logarithm among such cases; few of them say little."""
    return (cases * _scatter(cases, cost, logs) + _SIMILAR * CASE_SIGMA**2) / (cases + _SIMILAR)


def _scatter(cases: int, cost: int, logs: int) -> float:
    """The variance of a bill's logarithm: in a log-normal distribution the mean lies half of it above the mean logarithm."""
    return max(2 * (log(max(cost, 1) / cases) - logs / cases / LOG_SCALE), 0.0)
