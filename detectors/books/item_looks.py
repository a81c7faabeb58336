"""When is an item of an institution measured and compared, and what becomes of what was told of it?

At each look of the month, when its institution has been measured: from a minute later on every item that was told of counts
itself in its groups' bins, and when all have, every one is compared. Either takes ten hours of stream time, each item at a
moment of its own: a region's millions of items within minutes would stop its partition, and all who wait for it. A page sleeps
through the looks of months of which it was told nothing.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from detectors.books.item_among_peers import SoldMonth, SoldPage, sold_key
from detectors.books.item_comparing import compare_item, measure_item
from detectors.books.member import DAYS_KEPT, MemberPage, member_key
from detectors.books.peer_calendar import COMPARE_AFTER, first_day, next_look
from detectors.engine.page import NEVER
from detectors.engine.pages import Pages
from schemas.china_time import DAY, HOUR
from schemas.peer_items import ItemMonth

_SPREAD_OVER: Final = 10 * HOUR  # measuring and comparing end on the day of the look
_COMPARE_LATER: Final = _SPREAD_OVER + 60  # than it was measured: by then every item has been


def post_item(pages: Pages, told: ItemMonth, now: int) -> tuple[bytes, SoldPage, bool] | None:
    """Upsert what was told. None where that is old or forgotten; else the page, and whether rules must be asked at once.

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
    elif (held.through, held.offset) >= (told.through, told.offset):
        return None
    else:
        held.packs, held.fen, held.sales = told.packs, told.fen, told.sales
    was_compared = held.through == told.through and not held.is_changed and not held.is_measured
    held.through, held.offset, held.is_changed = told.through, told.offset, True
    if was_compared:
        member = _member_of(pages, page)
        measure_item(pages, page, member, told.month)
        compare_item(pages, page, member, told.month)
    if page.measure_at == NEVER:
        after = _measured_after(page)
        page.measure_at = next_look(now - after).at + after
    return key, page, was_compared


def look_at(pages: Pages, page: SoldPage, now: int) -> None:
    """Measure what is due; later, when every item has been, compare."""
    if page.measure_at <= now:
        after = _measured_after(page)
        look = next_look(page.measure_at - after - 1)
        member = _member_of(pages, page)
        is_first = look.through < first_day(look.month) + 7
        for month, known in page.months.items():
            if known.is_changed or month == look.month or (is_first and month == look.month - 1):
                measure_item(pages, page, member, month)
        page.compare_at = page.measure_at + _COMPARE_LATER
        following = next_look(look.at)
        goes_on = max(page.months) >= following.month - (following.through < first_day(following.month) + 7)
        page.measure_at = following.at + after if goes_on else NEVER
    if page.compare_at <= now:
        member = _member_of(pages, page)
        for month, known in page.months.items():
            if known.is_measured:
                if known.is_changed:  # in the hours between: it must count as what it is compared by
                    measure_item(pages, page, member, month)
                compare_item(pages, page, member, month)
        page.compare_at = NEVER


def _measured_after(page: SoldPage) -> int:
    """Seconds after a look, when all members have been measured."""
    return COMPARE_AFTER + crc32(f"{page.institution}\0{page.item}".encode()) % _SPREAD_OVER


def _member_of(pages: Pages, page: SoldPage) -> MemberPage | None:
    return pages.get(MemberPage, member_key(page.region, page.institution))
