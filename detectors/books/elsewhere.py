"""Where was somebody served while he lay in hospital? Told to the stay's page by his own.

A service inside a stay is one of an outpatient or pharmacy visit on a day between the stay's first and last. On those two
anybody may have been elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from detectors.books.person import PersonPage
from schemas.china_time import DAY
from schemas.returns import MOST_CITED, MOST_DAYS, Elsewhere
from schemas.snapshots import STAY, Reference, VisitSnapshot

MOST_ELSEWHERE: Final = 50  # visits that a stay's page holds; the first by what they are


class Served(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One visit of a stay's patient to somebody else; ``partition`` and ``offset`` are its snapshot's."""

    person: str
    visit: str
    place: str
    days: tuple[int, ...]
    drugs_only: bool
    partition: int
    offset: int
    evidence: tuple[Reference, ...]


def post_elsewhere(served: dict[str, Served], fact: Elsewhere) -> bool:
    """Upsert what a stay's page holds; False where it holds that, or something newer."""
    name = f"{fact.place}/{fact.visit}"
    held = served.get(name)
    if held is not None and held.partition == fact.partition and held.offset > fact.offset:
        return False
    if not fact.days:
        if held is None or held.person != fact.person:  # what another's page takes back was never his
            return False
        del served[name]
        return True
    said = Served(
        fact.person, fact.visit, fact.place, fact.days, fact.drugs_only, fact.partition, fact.offset, fact.evidence
    )
    if held == said:
        return False
    served[name] = said
    if len(served) > MOST_ELSEWHERE:
        del served[max(served, key=lambda other: (served[other].days, other))]
    return True


def changes_of(page: PersonPage, before: VisitSnapshot | None, now: VisitSnapshot) -> Iterator[Elsewhere]:
    """What the posting of a snapshot has changed of what is served inside his stays."""
    if before is None and now.void:
        return
    for stay, was, other, had in _pairs(page, before, now):
        days, former = _days_inside(stay, other), () if was is None or had is None else _days_inside(was, had)
        if days != former or (days and other is not had and _said(other) != _said(had)):
            yield _fact(stay, other, days)


def all_of(page: PersonPage, stay: VisitSnapshot) -> Iterator[Elsewhere]:
    """All that is served inside one stay."""
    for other in page.visits.values():
        if other.kind != STAY and (days := _days_inside(stay, other)):
            yield _fact(stay, other, days)


def _pairs(
    page: PersonPage, before: VisitSnapshot | None, now: VisitSnapshot
) -> Iterator[tuple[VisitSnapshot, VisitSnapshot | None, VisitSnapshot, VisitSnapshot | None]]:
    """Each stay and each other visit of which the snapshot is one: as they are and as they were."""
    is_stay = now.kind == STAY
    for visit in page.visits.values():
        if is_stay and visit.kind != STAY:
            yield now, before, visit, visit
        elif not is_stay and visit.kind == STAY:
            yield visit, visit, now, before


def _days_inside(stay: VisitSnapshot, other: VisitSnapshot) -> tuple[int, ...]:
    if stay.void or other.void:
        return ()
    first = stay.begin // DAY
    last = None if stay.end is None else stay.end // DAY
    return tuple(day for day in other.service_days if first < day and (last is None or day < last))[:MOST_DAYS]


def _said(other: VisitSnapshot | None) -> tuple[bool, tuple[Reference, ...]] | None:
    return None if other is None else (other.drugs_only, other.evidence[:MOST_CITED])


def _fact(stay: VisitSnapshot, other: VisitSnapshot, days: tuple[int, ...]) -> Elsewhere:
    return Elsewhere(
        stay.institution,
        stay.visit,
        stay.person,
        other.visit,
        other.institution,
        days,
        other.drugs_only,
        other.partition,
        other.offset,
        other.source,
        other.evidence[:MOST_CITED],
    )
