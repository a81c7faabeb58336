"""Which stays had a bed at once, for how long, and how many of them could have been real?

Times on paper are not times in a bed. Who was moved is taken to have left up to two days before the 2403 that says so; who
has not been discharged is there only as far as his bills reach, and is judged only once a late discharge would have come.
"""

from __future__ import annotations

from typing import NamedTuple

from detectors.books.bed import BedPage, Billed, Occupant, Span, chained
from schemas.china_time import DAY, HOUR
from schemas.codes import is_birth, is_day_surgery, is_newborn


class Limits(NamedTuple):
    """Seconds: how long is too long, and how late a discharge or a move may be told."""

    overlap: int
    late: int


class Overlap(NamedTuple):
    """Two visits in one bed from ``begin`` to ``end``; ``is_over``: one of them has left, and the other was there till then.

    ``billed_days``: those with lines for both; None where one of them has no lines at all. ``known_from``: the stream time
    from which it can be told from a discharge that is late.
    """

    one: str
    other: str
    begin: int
    end: int
    is_over: bool
    billed_days: int | None
    known_from: int

    @property
    def seconds(self) -> int:
        """How long."""
        return self.end - self.begin


class Conflict(NamedTuple):
    """Overlaps of one bed that belong together, and their visits in the order in which they had it.

    ``times``: how many of them follow one another with the bed empty, or one's own, in between.
    """

    visits: tuple[str, ...]
    overlaps: tuple[Overlap, ...]
    at_once: int
    times: int

    @property
    def longest(self) -> int:
        """Seconds of the longest overlap."""
        return max(overlap.seconds for overlap in self.overlaps)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it goes on."""
        return all(overlap.is_over for overlap in self.overlaps)


def shared(page: BedPage) -> list[tuple[str, Occupant, Billed]]:
    """Visits that shared the bed and are judged, in order: day surgery is left out."""
    return [
        (visit, one, one.billed)
        for visit, one in page.in_order()
        if one.billed is not None and not is_day_surgery(one.billed.med_type)
    ]


def overlaps(page: BedPage, limits: Limits, first: str | None = None) -> list[Overlap]:
    """All that are, or with time may turn out to be, longer than the limit, by begin; of the visit ``first`` with those
    that came after it, or of all."""
    judged, found = shared(page), list[Overlap]()
    for index, (visit, one, billed) in enumerate(judged):
        if first is not None and visit != first:
            continue
        for other_visit, other, other_billed in judged[index + 1 :]:
            if one.until is not None and other.since >= one.until:
                break
            if one.person == other.person or _belong_together(billed, other_billed):
                continue
            for mine in one.spans:
                for theirs in other.spans:
                    overlap = _overlap(visit, mine, billed, other_visit, theirs, other_billed, limits)
                    if overlap is not None:
                        found.append(overlap)
    return sorted(found, key=lambda overlap: (overlap.begin, overlap.one, overlap.other))


def conflicts(page: BedPage, limits: Limits, now: int) -> list[Conflict]:
    """The groups of overlaps that can be told by now."""
    known = [overlap for overlap in overlaps(page, limits) if overlap.known_from <= now]
    since = {visit: one.since for visit, one in page.occupants.items()}
    spans: dict[str, tuple[int, int]] = {}
    for overlap in known:
        for visit in (overlap.one, overlap.other):
            begin, end = spans.get(visit, (overlap.begin, overlap.end))
            spans[visit] = min(begin, overlap.begin), max(end, overlap.end)
    order = sorted((begin, end, visit) for visit, (begin, end) in spans.items())
    found = []
    for group in chained([(begin, end, visit) for begin, end, visit in order]):
        mine = tuple(overlap for overlap in known if overlap.one in group)
        if not mine:  # who shared only with the group before
            continue
        members = {visit for overlap in mine for visit in (overlap.one, overlap.other)}
        visits = tuple(sorted(members, key=lambda visit: (since[visit], visit)))
        found.append(Conflict(visits, mine, _at_once(page, mine), _times(mine)))
    return found


def _overlap(
    visit: str, mine: Span, billed: Billed, other_visit: str, theirs: Span, other_billed: Billed, limits: Limits
) -> Overlap | None:
    begin = max(mine.since, theirs.since)
    if (mine.until is not None and mine.until <= begin) or (theirs.until is not None and theirs.until <= begin):
        return None
    end = min(_proven(mine, billed, limits.late), _proven(theirs, other_billed, limits.late))
    if end - begin <= limits.overlap:
        return None
    both_left = mine.until is not None and theirs.until is not None
    left = mine.until if theirs.until is None else theirs.until
    is_over = both_left or (left is not None and end >= left - limits.late * (mine.moved or theirs.moved))
    days = None
    if billed.days and other_billed.days:
        days = len({day for day in billed.days if begin // DAY <= day <= end // DAY} & set(other_billed.days))
    return Overlap(
        visit, other_visit, begin, end, is_over, days,
        begin if both_left else begin + limits.overlap + limits.late,
    )  # fmt: skip


def _proven(span: Span, billed: Billed, late: int) -> int:
    """Until when he had the bed for certain."""
    if span.until is None:
        return max(span.since, (billed.days[-1] + 1) * DAY) if billed.days else span.since
    return max(span.since, span.until - late) if span.moved else span.until


def _belong_together(one: Billed, other: Billed) -> bool:
    """A newborn lies with his mother, and with his twin."""
    newborns = is_newborn(one.med_type, one.diagnosis), is_newborn(other.med_type, other.diagnosis)
    mothers = is_birth(one.med_type, one.diagnosis), is_birth(other.med_type, other.diagnosis)
    return any(newborns) and all(mothers)


def _at_once(page: BedPage, mine: tuple[Overlap, ...]) -> int:
    """The largest number of persons who had the bed at one time."""
    most = 2
    for overlap in mine:
        here = {
            page.occupants[visit].person
            for other in mine
            if other.begin <= overlap.begin < other.end
            for visit in (other.one, other.other)
        }
        most = max(most, len(here))
    return most


def _times(mine: tuple[Overlap, ...]) -> int:
    times, until = 0, None
    for overlap in mine:
        if until is None or overlap.begin >= until:
            times += 1
        until = overlap.end if until is None else max(until, overlap.end)
    return times


def hours(seconds: int) -> int:
    """Whole hours."""
    return seconds // HOUR
