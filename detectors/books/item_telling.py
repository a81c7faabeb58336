"""When are an institution's peers told of one of its items, and what?

Every item whose month has come to `TELLING` fen, at each look of the month once its days have closed, and at once when a day
that was told changes later. Not the dearest few: a drug that one place pushes is on its list and on nobody else's, and would be
compared with nothing. What is not told is known as well, to be less than that.

A page is asked only when it may have something to tell: ``slack`` counts down what may come before that, so that cheap items
are never summed and never woken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

from msgspec import structs

from detectors.books.activity import LATE
from detectors.books.item import TELLING, ItemPage, ToldMonth
from detectors.books.item_in_stays import sum_in_stays
from detectors.books.item_wave import week_before
from detectors.books.peer_calendar import days_of, first_day, looks_of, month_of, parts_of
from detectors.books.volumes import VolumeDelta
from detectors.engine.page import NEVER
from schemas.china_time import DAY
from schemas.peer_items import LARGEST_SUM, PartTold

# Seconds: all items of a partition at one moment would stop it. Peers look an hour after the close.
_SPREAD_OVER: Final = 2_400
_BEFORE: Final = 2  # months before the one that closes, in which late bills may reach `TELLING`
_LAST: Final = 3  # … and in which what was told may change: no page keeps more days


class News(NamedTuple):
    """A month that is to be told, and what was told before, None where nothing was."""

    month: int
    told: ToldMonth
    before: ToldMonth | None


def closes_after(page: ItemPage) -> int:
    """Seconds after its end at which a look's last day counts as closed: 72 hours, and a moment of the item's own."""
    return LATE + crc32(f"{page.institution}\0{page.item}".encode()) % _SPREAD_OVER


def may_tell(page: ItemPage, changes: list[VolumeDelta]) -> bool:
    """Whether `news` must be asked after these changes. On the path of every bill, so it sums nothing."""
    closed, is_due = page.closed, False
    for change in changes:
        if change.day <= closed:
            is_due = True
        if change.scope > 0:
            page.slack -= change.scope
    return is_due or (page.slack <= 0 and page.tell_at == NEVER)


def news(page: ItemPage, region: str, now: int) -> list[News]:
    """The months whose closed days are otherwise than they were told; sets when the page is to be asked again."""
    closed_day = (now - closes_after(page)) // DAY - 1
    newest = month_of(closed_day)
    found = []
    for month in sorted({*page.told, *range(newest - _BEFORE, newest + 1)}):
        through = max((day for day in looks_of(month) if day <= closed_day), default=-1)
        if through < 0:
            continue
        page.closed = max(page.closed, through)
        if month < newest - _LAST or not _is_whole(page, month):
            page.told.pop(month, None)  # its first days are forgotten: what was told of it is final
            continue
        before, told = page.told.get(month), _sum(page, month, through, region)
        if before is not None or told.fen >= TELLING:
            told = structs.replace(told, parts=_parts(page, month, through, before))
        if told.fen >= TELLING if before is None else _differs(told, before):
            page.told[month] = told
            found.append(News(month, told, before))
    _arm(page, closed_day, month_of(now // DAY))
    return found


def _differs(told: ToldMonth, before: ToldMonth) -> bool:
    """That more days have closed without a sale is no news, unless some were to be expected."""
    return told != structs.replace(before, through=told.through)


def _arm(page: ItemPage, closed_day: int, today: int) -> None:
    """Wake up at the next look of a month that is told already, or has reached `TELLING`; else count down to it."""
    page.tell_at, most = NEVER, 0
    for month in range(month_of(closed_day + 1), today + 1):
        through = min(day for day in looks_of(month) if day > closed_day)
        fen = _sum(page, month, first_day(month + 1) - 1, "").fen
        most = max(most, fen)
        if fen >= TELLING or month in page.told:
            page.tell_at = min(page.tell_at, (through + 1) * DAY + closes_after(page))
    page.slack = TELLING - most


def _is_whole(page: ItemPage, month: int) -> bool:
    days = page.days
    return first_day(month) >= days.first_day or days.born < 0 or days.first_day <= days.born


def _sum(page: ItemPage, month: int, through: int, region: str) -> ToldMonth:
    days, sales = page.days, page.sales
    begin, end = first_day(month), through + 1
    packs, fen = _total(days.volumes, days.first_day, begin, end), _total(days.scopes, days.first_day, begin, end)
    lines = _total(sales.counts, sales.first_day, begin, end)
    return ToldMonth(through, packs, fen, lines, region, sum_in_stays(page.in_stays, month, through))


def _parts(page: ItemPage, month: int, through: int, before: ToldMonth | None) -> tuple[PartTold, ...]:
    """What each part that has closed brought, and what its baseline expected; as it was told, where that week is forgotten."""
    known = {} if before is None else {part.number: part.expected for part in before.parts}
    days, found = page.days, list[PartTold]()
    for number, part in enumerate(parts_of(month)):
        closed = days_of(part)
        if closed.stop > through + 1:
            break
        week = week_before(days, closed.start)
        expected = known.get(number, 0) if week is None else _bounded(sum(week[day % 7] for day in closed))
        if expected:
            packs = _total(days.volumes, days.first_day, closed.start, closed.stop)
            found.append(PartTold(number, packs, expected))
    return tuple(found)


def _total(kept: Sequence[int], first_day: int, begin: int, end: int) -> int:
    """Of the days from ``begin`` to before ``end``, as far as they are kept; ``kept`` begins with ``first_day``."""
    return _bounded(sum(kept[max(begin - first_day, 0) : max(end - first_day, 0)]))


def _bounded(count: int) -> int:
    return min(max(count, 0), LARGEST_SUM)
