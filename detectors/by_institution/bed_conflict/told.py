"""What of a conflict is told while it goes on?

Who is in the bed is there as far as his bills reach, and they come every day: how long an overlap has lasted so far is told in
whole days, and only in steps. What a stay cost, and its papers beside the admission, are told once it has ended. All of it
follows from what was sent, whenever it is asked.
"""

from __future__ import annotations

from detectors.books.bed import BedPage, Occupant
from detectors.by_institution.bed_conflict.conflict import Conflict, Overlap
from schemas.china_time import DAY
from schemas.snapshots import Reference

_STEPS = (2, 3, 5, 8, 14, 30, 60)  # days; a conflict that lasts longer than five weighs more


def as_told(conflict: Conflict) -> Conflict:
    """The same conflict, with overlaps that go on as long as they are told to be."""
    return conflict._replace(overlaps=tuple(_overlap_as_told(one) for one in conflict.overlaps))


def _overlap_as_told(one: Overlap) -> Overlap:
    if one.is_over:
        return one
    return one._replace(
        end=one.begin + max((days * DAY for days in _STEPS if days * DAY <= one.seconds), default=one.seconds)
    )


def papers(one: Occupant) -> tuple[Reference, ...]:
    """A stay's admission, and its discharge once it has left; its settlements only where no discharge was sent."""
    cited = () if one.billed is None else one.billed.evidence
    if one.until is None:
        return tuple(reference for reference in cited if reference.infno == "2401")
    if any(reference.infno == "2402" for reference in cited):
        return tuple(reference for reference in cited if reference.infno in ("2401", "2402"))
    return cited


def _scope(one: Occupant) -> int:
    return 0 if one.billed is None or one.until is None else one.billed.scope


def at_risk(page: BedPage, conflict: Conflict) -> int:
    """Scope of what cannot all have been: of all, less the dearest that could have had the bed one after another, fen."""
    stays = sorted(
        (_ends(page.occupants[visit]), page.occupants[visit].since, _scope(page.occupants[visit]))
        for visit in conflict.visits
    )
    best: list[int] = []
    for index, (_, since, scope) in enumerate(stays):
        before = max((best[i] for i in range(index) if stays[i][0] <= since), default=0)
        best.append(max(before + scope, best[-1] if best else 0))
    return sum(scope for _, _, scope in stays) - (best[-1] if best else 0)


def _ends(one: Occupant) -> int:
    return one.since + 400 * DAY if one.until is None else one.until
