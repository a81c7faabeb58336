"""On which days does a visit count, and how do those days hear of it?"""

from __future__ import annotations

from typing import Final

from detectors.books.activity import KEPT, ActivityPage, Share, activity_key, open_activity
from detectors.books.visit import VisitPage
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.peer_days import SALES, STAYS, VISITS
from schemas.snapshots import PHARMACY, STAY

CALLS: Final[frozenset[str]] = frozenset(
    {"2102", "2103", "2207", "2208", "2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"}
)
AHEAD: Final = 2  # days: what is dated further ahead is a wrong clock's
_NOTHING: tuple[Share, ...] = ()


def shares_of(visit: VisitPage) -> tuple[Share, ...]:
    """What the visit counts, by its page."""
    if visit.kind != STAY:
        return _of_service(visit)
    if visit.void or visit.begin is None:
        return _NOTHING
    arrived = Share(visit.begin // DAY, "")
    end = visit.left_at()
    if end is None:
        return (arrived,)
    nights = max(end // DAY - arrived.day, 0)
    return arrived, _billed(visit, end // DAY, STAYS + visit.diagnosis[:3], nights)


def _of_service(visit: VisitPage) -> tuple[Share, ...]:
    for settled in visit.settlements:
        if not settled.void:
            kind = SALES if visit.kind == PHARMACY else VISITS + visit.entry_diagnosis[:3]
            return (_billed(visit, settled.time // DAY, kind, 0),)
    return _NOTHING


def _billed(visit: VisitPage, day: int, kind: str, nights: int) -> Share:
    total = own = fund = 0
    for settled in visit.settlements:
        if not settled.void:
            total += settled.total
            own += settled.own
            fund += settled.fund
    return Share(day, kind, nights, max(total, 0), max(min(own, total), 0), max(min(fund, total), 0))


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, ActivityPage]]:
    """Count the visit on the days on which its page now puts it; those of them that are closed already are to be looked at."""
    told, at = visit.told_activity, visit.newest
    shares = tuple(share for share in shares_of(visit) if share.day <= at // DAY + AHEAD)
    if shares == told:
        return []
    visit.told_activity = shares
    late: list[tuple[bytes, ActivityPage]] = []
    for share in told:
        if share not in shares:
            _post(visit, share, -1, pages, at, offset, late)
    for share in shares:
        if share not in told:
            _post(visit, share, 1, pages, at, offset, late)
    return late


def _post(
    visit: VisitPage, share: Share, by: int, pages: Pages, at: int, offset: int,
    late: list[tuple[bytes, ActivityPage]],
) -> None:  # fmt: skip
    day = share.day
    if day <= at // DAY - KEPT:
        return
    page = open_activity(pages, visit.institution, day)
    page.count(share, by)
    page.position = max(page.position, offset)
    page.newest = max(page.newest, at)
    key = activity_key(visit.institution, day)
    pages.changed(key, page)
    if page.is_closed or page.closes_at <= at:
        late.append((key, page))
    else:
        pages.sleep(key, page, page.closes_at)
