"""Which nights does a stay count in its institution's census, and how does the census hear of it?"""

from __future__ import annotations

from functools import partial
from typing import Final

from detectors.books.census import BLOCK, MOST_NAMED, NAMED, CensusPage, InBed, census_key
from detectors.books.visit import VisitPage
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import is_day_surgery, is_newborn
from schemas.snapshots import STAY

CALLS: Final[frozenset[str]] = frozenset({"2301", "2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"})
UNHEARD_WEEKS: Final = 4  # from the week in which it was last heard of: 22 to 28 days
AHEAD: Final = 3  # days: an admission dated further ahead is a wrong clock's
_WEEK: Final = 7 * DAY


def is_counted(visit: VisitPage) -> bool:
    """Whether it is a stay that takes a bed overnight."""
    return (
        visit.kind == STAY
        and not visit.void
        and visit.begin is not None
        and not visit.at_home
        and not is_day_surgery(visit.med_type)
        and not is_newborn(visit.med_type, visit.diagnosis)
    )


def nights_of(visit: VisitPage) -> tuple[int, int] | None:
    """Its first night and the one after its last, as far as is known; None where it has none."""
    if not is_counted(visit):
        return None
    assert visit.begin is not None
    first, heard = visit.begin // DAY, visit.newest // DAY
    until = _unheard_from(visit)
    if visit.end is not None:
        until = min(until, visit.end // DAY)
    elif (settled := visit.settled_at()) is not None:
        until = min(until, settled // DAY)
    return (first, until) if first < until and first <= heard + AHEAD else None


def _unheard_from(visit: VisitPage) -> int:
    """The night from which it does not count any more unless it is heard of again; it moves once a week."""
    return (visit.newest // _WEEK + UNHEARD_WEEKS) * 7


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, CensusPage]]:
    """Count the visit's nights as it now tells them; nothing for a message that says nothing new of them."""
    told, is_bill = visit.told_nights, visit.messages[-1].infno == "2301"
    if told is not None and is_bill and told[1] == _unheard_from(visit):  # nearly every bill
        return []
    if visit.kind != STAY:
        return []
    stay = nights_of(visit)
    if stay == told and (stay is None or is_bill):
        return []
    key = census_key(visit.institution)
    page = pages.open(CensusPage, key, partial(_blank, visit.institution))
    if page.first_night < 0:
        page.first_night = (visit.newest // DAY - NAMED) // BLOCK * BLOCK
    if not _name(page, visit, stay) and stay == told:
        return []
    if told is not None:
        page.count(told, -1)
    if stay is not None:
        page.count(stay, 1)
    visit.told_nights = stay
    page.position = max(page.position, offset)
    return [(key, page)]


def _blank(institution: str) -> CensusPage:
    return CensusPage(institution=institution)


def _name(page: CensusPage, visit: VisitPage, stay: tuple[int, int] | None) -> bool:
    """Keep what it says by name; whether that is new."""
    known = page.stays.get(visit.visit)
    if stay is None or page.is_past(stay[1]):
        return page.stays.pop(visit.visit, None) is not None
    if known is None:
        page.forget_names(visit.messages[-1].inf_time // DAY)
        if len(page.stays) >= MOST_NAMED:
            return False
    standing = visit.standing_settlements()
    scope = sum(settled.scope for settled in standing) if standing else visit.scope if visit.end is not None else 0
    admission = known.admission if known is not None else None
    if known is None and page.has_room_to_cite():
        admission = visit.message_of(visit.admission)
    named = InBed(visit.person, stay[0], stay[1], scope, admission)
    page.stays[visit.visit] = named
    return named != known
