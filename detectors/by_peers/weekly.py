"""How are weeks told by which an institution stands out: which days, and which history is drawn?"""

from __future__ import annotations

from typing import Final

from detectors.books.indicators import told
from detectors.books.member import MemberPage
from detectors.books.peer_calendar import days_of
from detectors.books.weeks import week_at
from detectors.books.weeks_changed import Changed, level_of, seen_at
from schemas.alerts import Point, Series
from schemas.china_time import DAY, format_day, format_time

_DRAWN: Final = 13  # parts of months


def days_told(weeks: Changed) -> tuple[str, str]:
    """The first and the last of their days."""
    return format_day(days_of(weeks.since).start), format_day(days_of(weeks.until).stop - 1)


def begin_of(weeks: Changed) -> int:
    """Their first moment."""
    return days_of(weeks.since).start * DAY


def end_of(weeks: Changed) -> int:
    """Their last."""
    return days_of(weeks.until).stop * DAY - 1


def weekly(page: MemberPage, name: str, until: int, unit: str) -> Series:
    """The indicator part by part, with the band in which its own weeks before and the peers' change let expect it."""
    digits = None if unit == "fen" else 4
    points = []
    for part in range(until - _DRAWN + 1, until + 1):
        week, seen = week_at(page.months, part), seen_at(page.months, name, part)
        level = None if week is None else level_of(name, week)
        if level is None:
            continue
        band = None if seen is None else (level.value + seen.low - seen.value, level.value + seen.high - seen.value)
        points.append(
            Point(
                format_time(days_of(part).start * DAY),
                round(told(name, level.value), digits),
                None if band is None else round(max(told(name, band[0]), 0.0), digits),
                None if band is None else round(told(name, band[1]), digits),
            )
        )
    return Series(unit, points)
