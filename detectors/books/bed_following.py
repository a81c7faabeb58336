"""How does a bed's page hear of a visit? Everything that it holds is upserted from what the visit's page says now."""

from __future__ import annotations

from functools import partial
from typing import Final

from detectors.books.bed import BedPage, Occupant, Span, bed_code, bed_key
from detectors.books.bed_codes import BedCodesPage, bed_codes_key
from detectors.books.bed_sharing import rebill, share, tell
from detectors.books.bed_spans import beds_of
from detectors.books.visit import VisitPage
from detectors.engine.page import Page
from detectors.engine.pages import Pages
from schemas.snapshots import STAY

CALLS: Final[frozenset[str]] = frozenset(
    {"2301", "2302", "2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"}
)
BILLS: Final = frozenset({"2301", "2302"})
ADMISSIONS: Final = frozenset({"2401", "2403", "2404", "2601"})  # may say anew which bed a stay had first


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, Page]]:
    """Upsert what the beds' pages hold of the visit; those that changed. Next to nothing for the bill of a stay alone in
    its bed."""
    if not visit.beds:
        return []
    infno = visit.messages[-1].infno
    if infno in BILLS and (visit.end is not None or not visit.settlements):  # else its bills may say when it ended
        if not visit.shares_bed:
            return []
        changed = _billed_beds(visit, pages)
    else:
        beds = _upserted_beds(visit, pages)
        changed = [*beds, *_codes(visit, beds, pages)] if beds or infno in ADMISSIONS else []
    for _, page in changed:
        if page.position < offset:
            page.position = offset
    return changed


def _billed_beds(visit: VisitPage, pages: Pages) -> list[tuple[bytes, Page]]:
    changed: list[tuple[bytes, Page]] = []
    for department, code in dict.fromkeys((one.department, bed_code(one.department, one.bed)) for one in visit.beds):
        key = bed_key(visit.institution, department, code)
        page = pages.get(BedPage, key)
        if page is not None and rebill(page, visit):
            changed.append((key, page))
    return changed


def _upserted_beds(visit: VisitPage, pages: Pages) -> list[tuple[bytes, BedPage]]:
    changed: list[tuple[bytes, BedPage]] = []
    for (department, code), spans in beds_of(visit).items():
        if code and department:
            key = bed_key(visit.institution, department, code)
            page = pages.get(BedPage, key)
            if page is None and spans:
                page = pages.open(BedPage, key, partial(_blank, visit.institution, department, code))
            if page is not None and _upsert(page, visit, spans, pages):
                changed.append((key, page))
    return changed


def _upsert(page: BedPage, visit: VisitPage, spans: tuple[Span, ...], pages: Pages) -> bool:
    held = page.occupants.get(visit.visit)
    if held is None and not spans:
        return False
    if held is not None and held.spans == spans and held.person == visit.person:
        return held.billed is not None and rebill(page, visit)
    if spans and page.is_left_alone(visit.visit, one := Occupant(visit.person, spans)):
        page.occupants[visit.visit] = one
        return True
    before = dict(page.occupants)
    if spans:
        page.occupants[visit.visit] = Occupant(visit.person, spans)
        page.make_room()
    else:
        page.occupants.pop(visit.visit, None)
    share(page, visit, pages)
    tell(page, before, visit, pages)
    return page.occupants != before


def _codes(visit: VisitPage, beds: list[tuple[bytes, BedPage]], pages: Pages) -> list[tuple[bytes, Page]]:
    """The institution's page of bed numbers, and pages of shared beds that hear how far they go; those that changed."""
    key = bed_codes_key(visit.institution)
    codes = pages.open(BedCodesPage, key, partial(_blank_codes, visit.institution))
    code = bed_code(visit.beds[0].department, visit.beds[0].bed)
    is_heard = bool(codes.shared)
    before = codes.reach() if is_heard else 0
    is_changed = codes.post(visit.visit, visit.begin or 0, "" if visit.void or visit.kind != STAY else code)
    for bed, page in beds:
        is_shared = any(one.billed is not None for one in page.occupants.values())
        is_changed |= codes.share(bed, is_shared)
        page.reach = codes.reach() if is_shared else 0
    if not is_changed:
        return []
    changed: list[tuple[bytes, Page]] = [(key, codes)]
    if is_heard and codes.reach() != before:
        mine = {bed for bed, _ in beds}
        for bed in codes.shared:
            other = None if bed in mine else pages.get(BedPage, bed)
            if other is not None:
                other.reach = codes.reach()
                changed.append((bed, other))
    return changed


def _blank(institution: str, department: str, code: str) -> BedPage:
    return BedPage(institution=institution, department=department, bed=code)


def _blank_codes(institution: str) -> BedCodesPage:
    return BedCodesPage(institution=institution)
