"""Which beds did a visit have, from when to when?"""

from __future__ import annotations

from detectors.books.bed import Span, bed_code
from detectors.books.visit import BedTaken, VisitPage
from schemas.snapshots import STAY


def beds_of(visit: VisitPage) -> dict[tuple[str, str], tuple[Span, ...]]:
    """When the visit had which bed, by department and code; no times for beds that it never had after all.

    Who is said to be back in a bed never left it: a wrong 2403 and the one that puts it right leave no trace.
    """
    if len(visit.beds) == 1 and visit.admission is not None:
        return _only_bed(visit)
    taken: list[BedTaken] = []
    found: dict[tuple[str, str], tuple[Span, ...]] = {}
    for one in _known_beds(visit):
        here = (one.department, bed_code(one.department, one.bed))
        found[here] = ()
        same = [
            index for index, held in enumerate(taken) if (held.department, bed_code(held.department, held.bed)) == here
        ]
        if same:
            del taken[same[0] + 1 :]
        else:
            taken.append(one)
    if visit.void or visit.kind != STAY:
        return found
    end = visit.left_at()
    for index, one in enumerate(taken):
        following = taken[index + 1].since if index + 1 < len(taken) else None
        moved = following is not None and (end is None or following < end)
        until = following if moved else end
        if until is None or until > one.since:
            here = (one.department, bed_code(one.department, one.bed))
            found[here] = (*found[here], Span(one.since, until, moved))
        if not moved:
            break
    return found


def _only_bed(visit: VisitPage) -> dict[tuple[str, str], tuple[Span, ...]]:
    one = visit.beds[0]
    here = (one.department, bed_code(one.department, one.bed))
    if visit.void or visit.kind != STAY:
        return {here: ()}
    end = visit.left_at()
    return {here: (Span(one.since, end, False),) if end is None or end > one.since else ()}


def _known_beds(visit: VisitPage) -> list[BedTaken]:
    """Its beds; of a stay whose admission was never sent, the first one only since a 2403 named it."""
    if visit.admission is not None or not visit.beds:
        return visit.beds
    told = min((sent.inf_time for sent in visit.messages if sent.infno == "2403"), default=0)
    first = visit.beds[0]
    return [BedTaken(first.department, first.bed, max(first.since, told)), *visit.beds[1:]]
