"""What is a company of neighbours, and when did the same people come again?

A *company* is a set of stays of different members, admitted within a day of one another and discharged within a day. Who are
its candidates, `detectors.by_neighbours.gathering` says; how unlikely it is, `detectors.by_neighbours.weighing`.
"""

from __future__ import annotations

from math import log
from typing import Final, NamedTuple

from detectors.books.group_keys import DWELLING, TELEPHONE, VILLAGE, kind_of
from detectors.books.neighbours import MOST_COUNTED, GroupPage, NeighbourStay
from schemas.china_time import DAY

TOWN: Final = 1_500  # persons; who comes from a larger place has no more in common than that it is near
AGAIN: Final = 3.0  # the same people once more
_TEN: Final = log(10)
FAMILY_SIZE: Final = 2.6  # persons a household, census of 2020


class Nearness(NamedTuple):
    """How near counts as together, in calendar days; ``grace``: seconds after which a discharge has been reported."""

    admission: int
    discharge: int
    grace: int

    def parted_after(self, ended: int) -> int:
        """When one that stayed behind has done so for certain, after the other's end."""
        return (ended // DAY + self.discharge + 1) * DAY + self.grace

    def left_together(self, one: NeighbourStay, other: NeighbourStay, now: int) -> bool:
        """Discharged within the bound of each other, or so it still may be while one of them is open."""
        if one.end is not None and other.end is not None:
            return abs(one.end // DAY - other.end // DAY) <= self.discharge
        ended = one.end if one.end is not None else other.end
        return ended is None or now < self.parted_after(ended)


class Company(NamedTuple):
    """Stays in order of admission. ``expected``: companions of the first, by chance. ``nats``: how surprising all of it is."""

    stays: tuple[NeighbourStay, ...]
    parties: tuple[frozenset[str], ...]  # persons
    expected: float
    nats: float

    @property
    def begin(self) -> int:
        """Admission of the first."""
        return self.stays[0].begin

    @property
    def is_over(self) -> bool:
        """All have been discharged."""
        return all(stay.end is not None for stay in self.stays)

    @property
    def persons(self) -> frozenset[str]:
        """Who was there."""
        return frozenset(stay.person for stay in self.stays)

    def came_again(self, other: Company) -> bool:
        """Whether two or more, not of one party, were there both times."""
        again = self.persons & other.persons
        return len(again) > 1 and all(sum(1 for p in one.parties if p & again) > 1 for one in (self, other))


def is_crowd(page: GroupPage, company: Company, crowd: int, share: float) -> bool:
    """Whether the address is a nursing home's, or the telephone nobody's, and so few of it were there that it means nothing.

    Those who share a telephone are families: of each that one came from, all are counted as there.
    """
    kind = kind_of(page.group)
    if kind not in (DWELLING, TELEPHONE):
        return False
    there = float(len(company.stays))
    if kind == TELEPHONE:
        there = max(there, FAMILY_SIZE * len(company.parties))
    size = page.size()
    return size > crowd and there < share * size


def is_town(page: GroupPage) -> bool:
    """Whether it is so large a place that only its parts are villages."""
    if len(page.counted) < MOST_COUNTED or kind_of(page.group) != VILLAGE:
        return False
    return page.size() >= TOWN


def series_of(found: list[Company]) -> list[list[Company]]:
    """Companies in which the same two or more came again, each with all others of its series; in order."""
    series: list[list[Company]] = []
    for company in found:
        met = [one for one in series if any(company.came_again(earlier) for earlier in one)]
        joined = [earlier for one in met for earlier in one] + [company]
        series = [one for one in series if one not in met] + [joined]
    return series


def powers_of(series: list[Company]) -> float:
    """How unlikely it is altogether, in powers of ten."""
    return (sum([company.nats for company in series]) + AGAIN * (len(series) - 1)) / _TEN
