"""When is an item of an institution measured and compared, and what becomes of what was told of it?

At each look of the month, when its institution has been measured: from a minute later on every item that was told of counts
itself in its groups' bins; when all have, every one that stands out from its peers' counts as such; and when all have, every one
is compared. Each takes six hours of stream time, each item at a moment of its own: a region's millions of items within minutes
would stop its partition, and all who wait for it. A page sleeps through the looks of months of which it was told nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from zlib import crc32

from detectors.books.item_among_peers import SoldMonth, SoldPage, sold_key
from detectors.books.item_comparing import compare_item, count_item, measure_item
from detectors.books.member import DAYS_KEPT, MemberPage, member_key
from detectors.books.peer_calendar import COMPARE_AFTER, first_day, next_look
from detectors.books.rises_beside import compare_rises, count_rises, told_rises
from detectors.engine.page import NEVER
from detectors.engine.pages import Pages
from schemas.china_time import DAY, HOUR
from schemas.peer_items import ItemMonth
from schemas.returns import RoseBeside

_SPREAD_OVER: Final = 6 * HOUR  # all three end on the day of the look
_LATER: Final = _SPREAD_OVER + 60  # than the step before: by then every item has taken it


class Posted(NamedTuple):
    """The page on which something was posted, whether rules must be asked at once, and what its institution must hear."""

    key: bytes
    page: SoldPage
    must_ask: bool
    rises: list[RoseBeside]


def post_item(pages: Pages, told: ItemMonth, now: int) -> Posted | None:
    """Upsert what was told. None where that is old or forgotten.

    A month that was compared already is compared again; one that was not waits for the next look.
    """
    key = sold_key(told.region, told.institution, told.item)
    page = pages.get(SoldPage, key)
    if page is None:
        if (first_day(told.month + 1) - 1 + DAYS_KEPT) * DAY <= now:  # what it was is forgotten
            return None
        page = pages.put(key, SoldPage(institution=told.institution, region=told.region, item=told.item))
    held = page.months.get(told.month)
    if held is None:
        if page.months and told.month < page.asked_from():
            return None
        held = page.months[told.month] = SoldMonth(told.through, told.offset, told.packs, told.fen, told.sales)
        page.forget_months()
    elif (held.through, held.offset) > (told.through, told.offset):
        return None
    elif (held.through, held.offset) == (told.through, told.offset):
        # Sent again: the page of the item may have lost what it was told.
        return Posted(key, page, False, told_rises(page, told.month)) if held.told else None
    held.packs, held.fen, held.sales = told.packs, told.fen, told.sales
    held.in_stays, held.parts = told.in_stays, told.parts
    was_compared = held.through == told.through and not (held.is_changed or held.is_measured or held.is_counted)
    held.through, held.offset, held.is_changed = told.through, told.offset, True
    rises: list[RoseBeside] = []
    if was_compared:
        member = _member_of(pages, page)
        _measure(pages, page, member, told.month)
        rises = _count(pages, page, member, told.month, now)
        compare_item(pages, page, member, told.month)
    if page.measure_at == NEVER:
        after = _measured_after(page)
        page.measure_at = next_look(now - after).at + after
    return Posted(key, page, was_compared, rises)


def look_at(pages: Pages, page: SoldPage, now: int) -> list[RoseBeside]:
    """Measure what is due; when every item has been, count what stands out; then compare. What its institution must hear."""
    rises: list[RoseBeside] = []
    if page.measure_at <= now:
        _measure_due(pages, page)
    if page.count_at <= now:
        member = _member_of(pages, page)
        for month, known in page.months.items():
            if known.is_measured:
                rises += _count_as_is(pages, page, member, month, now)
        page.compare_at, page.count_at = page.count_at + _LATER, NEVER
    if page.compare_at <= now:
        member = _member_of(pages, page)
        for month, known in page.months.items():
            if known.is_counted:
                if known.is_changed:
                    rises += _count_as_is(pages, page, member, month, now)
                compare_item(pages, page, member, month)
        page.compare_at = NEVER
    return rises


def _measure_due(pages: Pages, page: SoldPage) -> None:
    after = _measured_after(page)
    look = next_look(page.measure_at - after - 1)
    member = _member_of(pages, page)
    is_first = look.through < first_day(look.month) + 7
    for month, known in page.months.items():
        if known.is_changed or month == look.month or (is_first and month == look.month - 1):
            _measure(pages, page, member, month)
    page.count_at = page.measure_at + _LATER
    following = next_look(look.at)
    goes_on = max(page.months) >= following.month - (following.through < first_day(following.month) + 7)
    page.measure_at = following.at + after if goes_on else NEVER


def _count_as_is(pages: Pages, page: SoldPage, member: MemberPage | None, month: int, now: int) -> list[RoseBeside]:
    """What has changed since it was measured is measured again: it must count as what it is compared by."""
    if page.months[month].is_changed:
        _measure(pages, page, member, month)
    return _count(pages, page, member, month, now)


def _measure(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    measure_item(pages, page, member, month)
    if not _is_final(member, month):
        count_rises(pages, page, month)


def _count(pages: Pages, page: SoldPage, member: MemberPage | None, month: int, now: int) -> list[RoseBeside]:
    count_item(pages, page, member, month)
    return [] if _is_final(member, month) else compare_rises(pages, page, member, month, now)


def _is_final(member: MemberPage | None, month: int) -> bool:
    return member is not None and month < member.asked_from()


def _measured_after(page: SoldPage) -> int:
    """Seconds after a look, when all members have been measured."""
    return COMPARE_AFTER + crc32(f"{page.institution}\0{page.item}".encode()) % _SPREAD_OVER


def _member_of(pages: Pages, page: SoldPage) -> MemberPage | None:
    return pages.get(MemberPage, member_key(page.region, page.institution))
