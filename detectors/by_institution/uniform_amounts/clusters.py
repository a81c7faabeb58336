"""Which settlements came to the same, and would chance, or likeness of illness, explain it?

A *cluster* is a set of stays of different persons whose amounts lie within so many per cent of their middle, each settled within
some days of the one before. How much it says is counted in nats: how surprising so many are where the institution's own
amounts are spread as they are, less what having looked everywhere costs, and more where the stays are alike in what ought not
to make amounts alike to one per cent: the day of discharge, the length of stay, the diagnosis, the ward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from math import log, pi
from typing import Literal, NamedTuple

from detectors.books.amounts import AmountsPage, Case
from detectors.models.tail import surprise
from schemas.china_time import DAY

Field = Literal["fund", "total"]
_MONTH = 30
_OVERLAP = 3  # windows that slide are more than windows side by side
_MOST_OF_LIKENESS = 6.0
_MOST = 0.8  # share of a cluster that is most of it


class Limits(NamedTuple):
    """What makes a cluster; ``within`` is relative to the middle, to either side."""

    stays: int
    days: int
    within: float


class Cluster(NamedTuple):
    """Cases by time; ``core``: the most of them within the days. ``expected``: how many chance lets expect in these days."""

    field: Field
    cases: tuple[Case, ...]
    core: int
    expected: float
    nats: float
    likeness: float
    is_alike: bool  # in diagnosis or in the day of discharge

    @property
    def amounts(self) -> list[int]:
        """Fen."""
        return [amount_of(case, self.field) for case in self.cases]

    @property
    def spread(self) -> float:
        """Farthest from the middle, relative."""
        low, high = min(self.amounts), max(self.amounts)
        return (high - low) / (high + low)


class _Stays:
    """Cases in order of time, known by their numbers: what is asked of them again and again stands beside them."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = sorted(cases, key=lambda case: (case.time, case.visit))
        self.times = [case.time for case in self.cases]
        self.days = [case.time // DAY for case in self.cases]
        self.persons = [case.person for case in self.cases]


def clusters(page: AmountsPage, limits: Limits) -> list[Cluster]:
    """Of the fund's payments first, then of totals among the stays that are left."""
    found: list[Cluster] = []
    stays = _Stays(page.cases.values())
    left = list(range(len(stays.cases)))
    fields: tuple[Field, ...] = ("fund", "total")
    for field in fields:
        amounts = [amount_of(case, field) for case in stays.cases]
        left.sort(key=lambda stay: (amounts[stay], stay))
        while True:
            cluster = _largest(stays, left, amounts, field, limits)
            if not cluster:
                break
            found.append(_weighed(page, field, stays, cluster, limits))
            taken = set(cluster)
            left = [stay for stay in left if stay not in taken]
    return found


def amount_of(case: Case, field: Field) -> int:
    """Fen."""
    return case.fund if field == "fund" else case.total


def _largest(stays: _Stays, by_amount: list[int], amounts: list[int], field: Field, limits: Limits) -> list[int]:
    """The cluster of most stays, of equal ones the cheapest; empty where none is large enough."""
    best: list[int] = []
    best_core = limits.stays - 1
    high = 0
    for low, least in enumerate(by_amount):
        most = amounts[least] * (1 + limits.within) / (1 - limits.within)
        while high < len(by_amount) and amounts[by_amount[high]] <= most:
            high += 1
        if high - low <= best_core:
            continue
        near = sorted(by_amount[low:high])
        core = _core(stays, near, limits.days, best_core)
        if core and not _is_capped([stays.cases[stay] for stay in core], field):
            best, best_core = _connected(stays, near, core, limits.days), len(core)
    return best


def _core(stays: _Stays, near: list[int], days: int, more_than: int = 0) -> list[int]:
    """The most stays of different persons that were settled within the days; empty where those are no more than that."""
    best: list[int] = []
    end = 0
    for index, first in enumerate(near):
        while end < len(near) and stays.days[near[end]] - stays.days[first] < days:
            end += 1
        if end - index <= more_than:  # nearly always
            continue
        core: dict[str, int] = {}
        for stay in near[index:end]:
            core.setdefault(stays.persons[stay], stay)
        if len(core) > more_than:
            best, more_than = list(core.values()), len(core)
    return best


def _connected(stays: _Stays, near: list[int], core: list[int], days: int) -> list[int]:
    """The core, and what came before and after it with no longer pause than the days."""
    taken = set(core)
    first, last = stays.times[core[0]], stays.times[core[-1]]
    for stay in near:
        if first <= stays.times[stay] <= last + days * DAY:
            taken.add(stay)
            last = max(last, stays.times[stay])
    for stay in reversed(near):
        if first - days * DAY <= stays.times[stay] <= last:
            taken.add(stay)
            first = min(first, stays.times[stay])
    return [stay for stay in near if stay in taken]


def _is_capped(core: list[Case], field: Field) -> bool:
    """The fund paid the same to the fen for bills that differ: its cap, not theirs."""
    funds, totals = {case.fund for case in core}, [case.total for case in core]
    return field == "fund" and len(funds) == 1 and max(totals) > 1.05 * min(totals)


def _weighed(page: AmountsPage, field: Field, stays: _Stays, cluster: list[int], limits: Limits) -> Cluster:
    core = [stays.cases[stay] for stay in _core(stays, cluster, limits.days)]
    last = core[-1].time // DAY
    settled = sum(count for day, count in page.by_day.items() if last - limits.days < day <= last)
    usual = sorted(case.fund_usual if field == "fund" else case.total_usual for case in core)[len(core) // 2]
    usual = min(usual * limits.within / 0.01, 1.0)
    expected = max(settled, len(core)) * usual
    looks = log(max(2 * _OVERLAP * _MONTH / limits.days / usual, 1.0))  # of two fields
    likeness = _likeness(core)
    nats = (
        surprise(len(core), expected, expected) + log(2 * pi * len(core)) / 2 - looks
    )  # Stirling: the bound is that loose
    is_alike = _most(case.diagnosis[:3] for case in core if case.diagnosis) or _same_day(core)
    cases = tuple(stays.cases[stay] for stay in cluster)
    return Cluster(field, cases, len(core), expected, nats + likeness, likeness, is_alike)


def _likeness(core: list[Case]) -> float:
    nights = Counter(_nights(case) for case in core)
    likeness = 2.0 * _most(case.diagnosis[:3] for case in core if case.diagnosis)
    near = max(nights[stay - 1] + nights[stay] + nights[stay + 1] for stay in list(nights))
    likeness += 1.0 * (near >= _MOST * len(core))
    likeness += 2.0 * _same_day(core) + 0.5 * _most(case.department for case in core if case.department)
    for field in ("fund", "total"):
        amounts = [getattr(case, field) for case in core]
        likeness += 1.0 * (max(amounts) <= 1.004 * min(amounts)) - 1.5 * (max(amounts) > 1.05 * min(amounts))
    return min(likeness, _MOST_OF_LIKENESS)


def _nights(case: Case) -> int:
    return (case.time if case.end is None else case.end) // DAY - case.begin // DAY


def _same_day(core: list[Case]) -> bool:
    ends = Counter((case.time if case.end is None else case.end) // DAY for case in core)
    return max(ends.values()) >= _MOST * len(core)


def _most(values: Iterable[Hashable]) -> bool:
    """Whether most of those that are known are one and the same."""
    counts = Counter(values)
    return bool(counts) and max(counts.values()) >= _MOST * counts.total() and counts.total() > 1
