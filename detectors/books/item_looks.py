"""When is an item of an institution measured and compared, and what becomes of what was told of it?

At each look of the month, when its institution has been measured: from a minute later on every item that was told of counts
itself in its groups' bins, and when all have, every one is compared. Either takes ten hours of stream time, each item at a
moment of its own: a region's millions of items within minutes would stop its partition, and all who wait for it. A page sleeps
through the looks of months of which it was told nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from zlib import crc32

from detectors.books.item_among_peers import SoldMonth, SoldPage, sold_key
from detectors.books.item_comparing import compare_item, measure_item
from detectors.books.member import DAYS_KEPT, MemberPage, member_key
from detectors.books.peer_calendar import COMPARE_AFTER, first_day, next_look
from detectors.books.rises_beside import compare_rises, count_rises, told_rises
from detectors.engine.page import NEVER
from detectors.engine.pages import Pages
from schemas.china_time import DAY, HOUR
from schemas.peer_items import ItemMonth
from schemas.returns import RoseBeside

_SPREAD_OVER: Final = 10 * HOUR  # measuring and comparing end on the day of the look
_COMPARE_LATER: Final = _SPREAD_OVER + 60  # than it was measured: by then every item has been


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
    was_compared = held.through == told.through and not held.is_changed and not held.is_measured
    held.through, held.offset, held.is_changed = told.through, told.offset, True
    rises: list[RoseBeside] = []
    if was_compared:
        member = _member_of(pages, page)
        _measure(pages, page, member, told.month)
        rises = _compare(pages, page, member, told.month, now)
    if page.measure_at == NEVER:
        after = _measured_after(page)
        page.measure_at = next_look(now - after).at + after
    return Posted(key, page, was_compared, rises)


def look_at(pages: Pages, page: SoldPage, now: int) -> list[RoseBeside]:
    """Measure what is due; later, when every item has been, compare. What its institution must hear."""
    rises: list[RoseBeside] = []
    if page.measure_at <= now:
        after = _measured_after(page)
        look = next_look(page.measure_at - after - 1)
        member = _member_of(pages, page)
        is_first = look.through < first_day(look.month) + 7
        for month, known in page.months.items():
            if known.is_changed or month == look.month or (is_first and month == look.month - 1):
                _measure(pages, page, member, month)
        page.compare_at = page.measure_at + _COMPARE_LATER
        following = next_look(look.at)
        goes_on = max(page.months) >= following.month - (following.through < first_day(following.month) + 7)
        page.measure_at = following.at + after if goes_on else NEVER
    if page.compare_at <= now:
        member = _member_of(pages, page)
        for month, known in page.months.items():
            if known.is_measured:
                if known.is_changed:  # in the hours between: it must count as what it is compared by
                    _measure(pages, page, member, month)
                rises += _compare(pages, page, member, month, now)
        page.compare_at = NEVER
    return rises


def _measure(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    measure_item(pages, page, member, month)
    if not _is_final(member, month):
        count_rises(pages, page, month)


def _compare(pages: Pages, page: SoldPage, member: MemberPage | None, month: int, now: int) -> list[RoseBeside]:
    compare_item(pages, page, member, month)
    return [] if _is_final(member, month) else compare_rises(pages, page, member, month, now)


def _is_final(member: MemberPage | None, month: int) -> bool:
    return member is not None and month < member.asked_from()


def _measured_after(page: SoldPage) -> int:
    """Seconds after a look, when all members have been measured."""
    return COMPARE_AFTER + crc32(f"{page.institution}\0{page.item}".encode()) % _SPREAD_OVER


def _member_of(pages: Pages, page: SoldPage) -> MemberPage | None:
    return pages.get(MemberPage, member_key(page.region, page.institution))
