"""On which days does a visit count, and how do those days hear of it?"""

from __future__ import annotations

from typing import Final

from detectors.books.activity import (
    BY_DAY,
    BY_NIGHT,
    KEPT,
    MEDICATED,
    REFUND,
    TESTED,
    TREATED,
    UNTIMED,
    ActivityPage,
    Share,
    activity_key,
)
from detectors.books.visit import VisitPage
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import EXAMINATION, LABORATORY, TREATMENT, is_drug_item
from schemas.peer_days import NIGHT_BEGINS, NIGHT_ENDS, SALES, STAYS, VISITS
from schemas.snapshots import PHARMACY, STAY

CALLS: Final[frozenset[str]] = frozenset(
    {"2102", "2103", "2204", "2205", "2207", "2208", "2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"}
)
AHEAD: Final = 2  # days: what is dated further ahead is a wrong clock's
_NOTHING: tuple[Share, ...] = ()


def shares_of(visit: VisitPage) -> tuple[Share, ...]:
    """What the visit counts, by its page."""
    if not visit.settlements:
        return _of_stay(visit) if visit.kind == STAY else _NOTHING
    return (_of_stay(visit) if visit.kind == STAY else _of_service(visit)) + _taken_back(visit)


def _of_stay(visit: VisitPage) -> tuple[Share, ...]:
    if visit.void or visit.begin is None:
        return _NOTHING
    arrived = Share(visit.begin // DAY, "")
    end = visit.left_at()
    if end is None:
        return (arrived,)
    nights = max(end // DAY - arrived.day, 0)
    return arrived, _billed(visit, end // DAY, STAYS + visit.diagnosis[:3], nights, UNTIMED)


def _of_service(visit: VisitPage) -> tuple[Share, ...]:
    for settled in visit.settlements:
        if not settled.void:
            is_sale = visit.kind == PHARMACY
            kind = SALES if is_sale else VISITS + visit.entry_diagnosis[:3]
            given = 0 if is_sale else _given_in(visit)
            return (_billed(visit, settled.time // DAY, kind, 0, _hour_of(visit, settled.time), given),)
    return _NOTHING


def _hour_of(visit: VisitPage, settled_at: int) -> int:
    """Whether an outpatient or a customer was served by night: by the first of his lines that says an hour, for a settlement may
    be typed in after supper; where none does by when he came, then by the settlement. A date, or midnight to the second, says
    nothing of the hour."""
    at = -1
    for line in visit.lines.values():
        time = line.time
        if time % DAY and line.quantity > line.refunded and (at < 0 or time < at):
            at = time
    if at < 0:
        begin = visit.begin
        at = begin if begin is not None and begin % DAY else settled_at
    second = at % DAY
    if second == 0:
        return UNTIMED
    return BY_NIGHT if second >= NIGHT_BEGINS or second < NIGHT_ENDS else BY_DAY


def _given_in(visit: VisitPage) -> int:
    """What an outpatient was given, by the lines that stand."""
    given = 0
    for line in visit.lines.values():
        if line.quantity <= line.refunded:
            continue
        category = line.category
        if is_drug_item(category, line.item):
            given |= MEDICATED
        elif category == TREATMENT:
            given |= TREATED
        elif category in (EXAMINATION, LABORATORY):
            given |= TESTED
    return given


def _taken_back(visit: VisitPage) -> tuple[Share, ...]:
    """Refunds (2208, 2103, 2305) by the day on which they were sent; what was reversed (2601) never was."""
    refunds: dict[int, int] = {}
    for settled in visit.settlements:
        by = settled.refunded_by
        if by is not None and not settled.reversed:
            day = visit.messages[by].inf_time // DAY
            refunds[day] = refunds.get(day, 0) + 1
    if not refunds:
        return _NOTHING
    return tuple([Share(day, REFUND, refunds=number) for day, number in sorted(refunds.items())])


def _billed(visit: VisitPage, day: int, kind: str, nights: int, hour: int, given: int = 0) -> Share:
    total = own = fund = 0
    for settled in visit.settlements:
        if not settled.void:
            total += settled.total
            own += settled.own
            fund += settled.fund
    return Share(day, kind, nights, max(total, 0), max(min(own, total), 0), max(min(fund, total), 0), hour, given=given)


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, ActivityPage]]:
    """Count the visit on the days on which its page now puts it; those of them that are closed already are to be looked at."""
    told, shares = visit.told_activity, shares_of(visit)
    if shares == told:
        return []
    at = visit.newest
    ahead = at // DAY + AHEAD
    for share in shares:
        if share.day > ahead:
            shares = tuple(one for one in shares if one.day <= ahead)
            break
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
    key = activity_key(visit.institution, day)
    page = pages.get(ActivityPage, key)
    if page is None:
        institution = visit.institution
        page = pages.open(ActivityPage, key, lambda: ActivityPage(institution=institution, day=day))
    page.count(share, by)
    if offset > page.position:
        page.position = offset
    if at > page.newest:
        page.newest = at
    pages.changed(key, page)
    closes_at = page.closes_at
    if page.is_closed or closes_at <= at:
        late.append((key, page))
    elif page.wake != closes_at:
        pages.sleep(key, page, closes_at)
