"""Who shares a bed with somebody, and what were they billed meanwhile?"""

from __future__ import annotations

from typing import Final

import msgspec

from detectors.books.bed import BedPage, Billed, Occupant, bed_code, bed_key
from detectors.books.visit import VisitPage, visit_key
from detectors.engine.pages import Pages

MOST_BILLED: Final = 60  # days, the newest


def share(page: BedPage, visit: VisitPage, pages: Pages) -> None:
    """Of those who share the bed know what they were billed, of others not."""
    sharing = page.sharing()
    for name, held in page.occupants.items():
        if name not in sharing:
            if held.billed is not None:
                page.occupants[name] = msgspec.structs.replace(held, billed=None)
        elif held.billed is None:
            told = visit if name == visit.visit else pages.get(VisitPage, visit_key(visit.institution, name))
            if told is not None:
                page.occupants[name] = msgspec.structs.replace(held, billed=_billed(told))


def tell(page: BedPage, before: dict[str, Occupant], visit: VisitPage, pages: Pages) -> None:
    """Visits hear whether they share a bed, so that the bills of others need not ask."""
    for name in before.keys() | page.occupants.keys():
        was, now = before.get(name), page.occupants.get(name)
        shares = now is not None and now.billed is not None
        if shares == (was is not None and was.billed is not None) and name != visit.visit:
            continue
        key = visit_key(visit.institution, name)
        told = visit if name == visit.visit else pages.get(VisitPage, key)
        if told is None:
            continue
        anywhere = shares or (told.shares_bed and _shares_any(told, pages))
        if anywhere != told.shares_bed:
            told.shares_bed = anywhere
            pages.changed(key, told)


def rebill(page: BedPage, visit: VisitPage) -> bool:
    """Upsert what one who shares the bed was billed; whether that is new."""
    held = page.occupants.get(visit.visit)
    if held is None or held.billed is None:
        return False
    billed = _billed(visit)
    if billed == held.billed:
        return False
    page.occupants[visit.visit] = msgspec.structs.replace(held, billed=billed)
    return True


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


def _shares_any(visit: VisitPage, pages: Pages) -> bool:
    for taken in visit.beds:
        key = bed_key(visit.institution, taken.department, bed_code(taken.department, taken.bed))
        page = pages.get(BedPage, key)
        held = None if page is None else page.occupants.get(visit.visit)
        if held is not None and held.billed is not None:
            return True
    return False


def _billed_days(visit: VisitPage) -> list[int]:
    return sorted(day for day, known in visit.days.items() if known.routine or known.active)
