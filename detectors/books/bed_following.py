"""How does a bed's page hear of a visit? Everything that it holds is upserted from what the visit's page says now."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from detectors.books.bed import BedPage, Billed, Occupant, Span, bed_code, bed_key
from detectors.books.bed_codes import BedCodesPage, bed_codes_key
from detectors.books.visit import BedTaken, VisitPage, visit_key
from detectors.engine.page import Page
from detectors.engine.pages import Pages
from schemas.snapshots import STAY

CALLS: Final = frozenset({"2301", "2302", "2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"})
BILLS: Final = frozenset({"2301", "2302"})
MOST_BILLED: Final = 60  # days, the newest


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, Page]]:
    """Upsert what the beds' pages hold of the visit; those that changed. Cheap for the bill of a stay alone in its bed."""
    if not visit.beds:
        return []
    if visit.messages[-1].infno in BILLS and visit.end is None and not visit.settlements:
        changed = _billed_beds(visit, pages)
    else:
        beds = _upserted_beds(visit, pages)
        changed = [*beds, *_codes(visit, beds, pages)]
    for _, page in changed:
        page.position = max(page.position, offset)
    return changed


def _billed_beds(visit: VisitPage, pages: Pages) -> list[tuple[bytes, Page]]:
    changed: list[tuple[bytes, Page]] = []
    for department, code in dict.fromkeys((one.department, bed_code(one.department, one.bed)) for one in visit.beds):
        key = bed_key(visit.institution, department, code)
        page = pages.get(BedPage, key)
        if page is not None and _bill(page, visit):
            changed.append((key, page))
    return changed


def _upserted_beds(visit: VisitPage, pages: Pages) -> list[tuple[bytes, BedPage]]:
    changed: list[tuple[bytes, BedPage]] = []
    for (department, code), spans in _beds_of(visit).items():
        if code and department:
            key = bed_key(visit.institution, department, code)
            page = pages.get(BedPage, key)
            if page is None and spans:
                page = pages.open(BedPage, key, partial(_blank, visit.institution, department, code))
            if page is not None and _upsert(page, visit, spans, pages):
                changed.append((key, page))
    return changed


def _codes(visit: VisitPage, beds: list[tuple[bytes, BedPage]], pages: Pages) -> list[tuple[bytes, Page]]:
    """The institution's page of bed numbers, and pages of shared beds that hear how far they go; those that changed."""
    key = bed_codes_key(visit.institution)
    codes = pages.open(BedCodesPage, key, partial(BedCodesPage, institution=visit.institution))
    code = bed_code(visit.beds[0].department, visit.beds[0].bed)
    before = codes.reach()
    is_changed = codes.post(visit.visit, visit.begin or 0, "" if visit.void or visit.kind != STAY else code)
    for bed, page in beds:
        is_shared = any(one.billed is not None for one in page.occupants.values())
        is_changed |= codes.share(bed, is_shared)
        page.reach = codes.reach() if is_shared else 0
    if not is_changed:
        return []
    changed: list[tuple[bytes, Page]] = [(key, codes)]
    if codes.reach() != before:
        mine = {bed for bed, _ in beds}
        for bed in codes.shared:
            other = None if bed in mine else pages.get(BedPage, bed)
            if other is not None:
                other.reach = codes.reach()
                changed.append((bed, other))
    return changed


def _blank(institution: str, department: str, code: str) -> BedPage:
    return BedPage(institution=institution, department=department, bed=code)


def _bill(page: BedPage, visit: VisitPage) -> bool:
    held = page.occupants.get(visit.visit)
    if held is None or held.billed is None:
        return False
    billed = _billed(visit)
    if billed == held.billed:
        return False
    page.occupants[visit.visit] = msgspec.structs.replace(held, billed=billed)
    return True


def _upsert(page: BedPage, visit: VisitPage, spans: tuple[Span, ...], pages: Pages) -> bool:
    before = dict(page.occupants)
    if spans:
        page.occupants[visit.visit] = Occupant(visit.person, spans)
        page.make_room()
    else:
        page.occupants.pop(visit.visit, None)
    sharing = page.sharing()
    for name, held in page.occupants.items():
        if name not in sharing:
            if held.billed is not None:
                page.occupants[name] = msgspec.structs.replace(held, billed=None)
        elif held.billed is None:
            told = visit if name == visit.visit else pages.get(VisitPage, visit_key(visit.institution, name))
            if told is not None:
                page.occupants[name] = msgspec.structs.replace(held, billed=_billed(told))
    return page.occupants != before


def _billed_days(visit: VisitPage) -> list[int]:
    return sorted(day for day, known in visit.days.items() if known.routine or known.active)


def _beds_of(visit: VisitPage) -> dict[tuple[str, str], tuple[Span, ...]]:
    """When the visit had which bed, by department and code; no times for beds that it never had after all.

    Who is said to be back in a bed never left it: a wrong 2403 and the one that puts it right leave no trace.
    """
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


def _known_beds(visit: VisitPage) -> list[BedTaken]:
    """Its beds; of a stay whose admission was never sent, the first one only since a 2403 named it."""
    if visit.admission is not None or not visit.beds:
        return visit.beds
    told = min((sent.inf_time for sent in visit.messages if sent.infno == "2403"), default=0)
    first = visit.beds[0]
    return [BedTaken(first.department, first.bed, max(first.since, told)), *visit.beds[1:]]


def _billed(visit: VisitPage) -> Billed:
    standing = visit.standing_settlements()
    is_over = visit.end is not None or bool(standing)
    scope = sum(settled.scope for settled in standing) if standing else visit.scope
    cited = [visit.message_of(visit.admission), visit.message_of(visit.discharge)]
    cited += [visit.messages[settled.message] for settled in standing]
    return Billed(
        visit.med_type,
        visit.diagnosis,
        tuple(_billed_days(visit)[-MOST_BILLED:]),
        visit.idle_days(),
        scope if is_over else 0,
        tuple(reference for reference in cited if reference is not None)[:8],
    )
