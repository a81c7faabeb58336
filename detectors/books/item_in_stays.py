"""What of an item was given in stays, and in how many? By part of a month, as peers are told of it.

A stay's daily lines are not so many sales: two patients with fifteen doses each are two courses, and what chance makes of two
is much. So of each part are kept the lines and the money that stays brought, and the stays whose first day with the item in
that month lies there. By parts and not by days, for more is never asked: a look covers whole parts, and a list of days would
be half as large again as the page.
"""

from __future__ import annotations

from detectors.books.item_days import ItemDays
from detectors.books.peer_calendar import days_of, part_of, parts_of
from detectors.books.volumes import VolumeDelta
from schemas.peer_items import LARGEST_SUM, InStays


def post_in_stays(given: dict[int, tuple[int, int, int]], days: ItemDays, changes: list[VolumeDelta]) -> None:
    """Count what one message billed in stays or took back there: lines, fen and stays, of days that ``days`` keeps."""
    first = days.first_day
    end = first + len(days.volumes)
    for change in changes:
        if not change.in_stay or not first <= change.day < end:
            continue
        part = part_of(change.day)
        lines, fen, stays = given.get(part, (0, 0, 0))
        if change.quantity > 0:
            lines += 1
        elif change.quantity < 0:
            lines -= 1
        fen, stays = fen + change.scope, stays + change.stays
        if lines or fen or stays:
            given[part] = (lines, fen, stays)
        else:
            given.pop(part, None)


def kept_in_stays(given: dict[int, tuple[int, int, int]], days: ItemDays) -> dict[int, tuple[int, int, int]]:
    """Without parts whose days are forgotten."""
    return {part: told for part, told in given.items() if days_of(part).stop > days.first_day}


def sum_in_stays(given: dict[int, tuple[int, int, int]], month: int, through: int) -> InStays:
    """Of the month's parts that end on ``through`` at the latest."""
    if not given:
        return InStays()
    parts = [given[part] for part in parts_of(month) if part in given and days_of(part).stop <= through + 1]
    lines, fen, stays = (min(max(sum(part[index] for part in parts), 0), LARGEST_SUM) for index in range(3))
    return InStays(lines, fen, stays)
