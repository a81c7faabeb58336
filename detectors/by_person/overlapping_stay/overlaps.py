"""Which stays of one person lie over one another in two institutions, for longer than a transfer takes?

An overlap is measured where both ends are known. Where a discharge is missing it is certain only that it was longer than the
bound, and only when a discharge within the bound would have been reported; a stay that nobody ever ends says little.
Method and limits: domain.md §4.3.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.person import PersonPage
from detectors.by_person.series import is_newborn, settled_at, stays_of
from schemas.china_time import DAY
from schemas.codes import TRANSFERRED, is_bed_day_package, is_birth, is_day_surgery, is_transfer, same_illness
from schemas.snapshots import VisitSnapshot

_REPEATED_WITHIN: Final = 365 * DAY


class Bounds(NamedTuple):
    """Seconds: what is tolerated, with a transfer too, how late a discharge is reported, when an open stay was forgotten."""

    tolerated: int
    transfer: int
    report: int
    forgotten: int


class Overlap(NamedTuple):
    """Two stays at once, ``first`` the earlier one. ``seconds`` is a lower bound while ``is_open``."""

    first: VisitSnapshot
    second: VisitSnapshot
    seconds: int
    limit: int
    is_open: bool
    weight: float


def overlap_groups(page: PersonPage, bounds: Bounds, now: int) -> dict[str, list[Overlap]]:
    """Overlaps that are certain by ``now``, those that share a stay together, by the first stay of each group."""
    groups: dict[str, list[Overlap]] = {}
    group_of: dict[str, str] = {}
    earlier: list[Overlap] = []
    for first, second in pairs(page):
        overlap = _overlap(first, second, page, bounds, now, earlier)
        if overlap is None:
            continue
        earlier.append(overlap)
        one, other = group_of.get(first.visit, first.visit), group_of.get(second.visit, first.visit)
        into, gone = (one, other) if _order(page, one) <= _order(page, other) else (other, one)
        joined = [*groups.pop(into, []), *(groups.pop(gone, []) if gone != into else []), overlap]
        groups[into] = joined
        for each in joined:
            group_of[each.first.visit] = group_of[each.second.visit] = into
    return groups


def _order(page: PersonPage, visit: str) -> tuple[int, str]:
    return page.visits[visit].begin, visit


def pairs(page: PersonPage) -> list[tuple[VisitSnapshot, VisitSnapshot]]:
    """Stays of two institutions of which the second began before the first is known to have ended, in order of time."""
    stays = [stay for stay in stays_of(page) if not is_newborn(page, stay)]
    found = []
    open_before: list[VisitSnapshot] = []
    for stay in stays:
        open_before = [one for one in open_before if one.end is None or one.end > stay.begin]
        found += [(one, stay) for one in open_before if one.institution != stay.institution]
        open_before.append(stay)
    return found


def next_certainty(page: PersonPage, visit: str, bounds: Bounds, now: int) -> int | None:
    """When an overlap of which ``visit`` is the first stay will be certain, or be put down to a forgotten discharge."""
    times = []
    for first, second in pairs(page):
        if first.visit != visit or (first.end is not None and second.end is not None):
            continue
        begin = second.begin
        times.append(begin + _limit(first, second, bounds) + bounds.report)
        if first.end is None:
            times.append(begin + bounds.forgotten)
    return min((time for time in times if time > now), default=None)


def _limit(first: VisitSnapshot, second: VisitSnapshot, bounds: Bounds) -> int:
    return bounds.transfer if first.way in TRANSFERRED or is_transfer(second.med_type) else bounds.tolerated


def _overlap(
    first: VisitSnapshot, second: VisitSnapshot, page: PersonPage, bounds: Bounds, now: int, earlier: list[Overlap]
) -> Overlap | None:
    begin, limit = second.begin, _limit(first, second, bounds)
    ends = [end for end in (first.end, second.end) if end is not None]
    if ends and min(ends) - begin <= limit:
        return None
    is_open = len(ends) < 2
    if is_open and now < begin + limit + bounds.report:
        return None
    seconds = limit if is_open else min(ends) - begin
    weight = 1.0 if is_open else 1.0 + min(0.2 * ((seconds - bounds.tolerated) // DAY), 1.0)
    if any(_same_places(one, first, second) and begin - one.second.begin <= _REPEATED_WITHIN for one in earlier):
        weight += 0.5
    if same_illness(first.diagnosis, second.diagnosis):
        weight += 0.2
    weight *= _doubt(first, second, page, bounds, now)
    return Overlap(first, second, seconds, limit, is_open, weight)


def _same_places(one: Overlap, first: VisitSnapshot, second: VisitSnapshot) -> bool:
    places = {one.first.institution, one.second.institution}
    return places == {first.institution, second.institution}


def _doubt(first: VisitSnapshot, second: VisitSnapshot, page: PersonPage, bounds: Bounds, now: int) -> float:
    """What makes an innocent reason likely: 1 is none."""
    if first.end is None and _was_forgotten(first, second, page, bounds, now):
        return 0.4
    doubt = 1.0
    if any(is_day_surgery(stay.med_type) or is_birth(stay.med_type, stay.diagnosis) for stay in (first, second)):
        doubt *= 0.5
    if is_bed_day_package(first.med_type) and not is_bed_day_package(second.med_type):
        doubt *= 0.6  # a long-term ward sends its patients out for an acute illness and keeps the bed
    return doubt


def _was_forgotten(
    first: VisitSnapshot, second: VisitSnapshot, page: PersonPage, bounds: Bounds, now: int
) -> bool:  # fmt: skip
    """Whether the first stay has most likely ended, and nobody said so."""
    if second.begin - first.begin > bounds.forgotten or now >= second.begin + bounds.forgotten:
        return True
    settled = settled_at(first)
    if settled is not None and settled <= second.begin and first.source.infno != "2403":
        return True
    return any(
        stay.institution == first.institution and stay.begin > first.begin and not stay.void
        for stay in stays_of(page)
    )  # fmt: skip
