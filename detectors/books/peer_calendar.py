"""When are institutions held against their peers, and over which days?

By the calendar month, for that is how bills, agreements and notices count. A month is judged four times, when its first 7, 14
and 21 days and its last have closed, so that what is found grows by revision instead of ringing every day.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.china_time import DAY, HOUR
from schemas.peer_items import MOST_PARTS

_EPOCH: Final = date(1970, 1, 1).toordinal()
PARTS_OF_MONTH: Final = MOST_PARTS  # the last of 7 to 10 days
AFTER: Final = 73 * HOUR + 1  # after a part's end: its last day has closed, and an hour for who is a little behind
COMPARE_AFTER: Final = 60  # seconds; by then every member has measured itself


class Look(NamedTuple):
    """A month is judged at stream time ``at``, by its days up to ``through``."""

    at: int
    month: int
    through: int


@lru_cache(maxsize=4_000)  # ten years
def month_of(day: int) -> int:
    """Months since the year 0.

    >>> month_of(0) == 1970 * 12
    True
    """
    on = date.fromordinal(_EPOCH + day)
    return on.year * 12 + on.month - 1


@lru_cache(maxsize=1_200)  # a century
def first_day(month: int) -> int:
    """The month's first day.

    >>> first_day(1970 * 12 + 1)
    31
    """
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH


def name_of(month: int) -> str:
    """As it is written.

    >>> name_of(month_of(31))
    '1970-02'
    """
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


@lru_cache(maxsize=4_000)  # ten years
def part_of(day: int) -> int:
    """The part of a month in which the day lies, numbered through all months."""
    on = date.fromordinal(_EPOCH + day)
    return (on.year * 12 + on.month - 1) * PARTS_OF_MONTH + min((on.day - 1) // 7, PARTS_OF_MONTH - 1)


def parts_of(month: int) -> range:
    """The numbers of its parts."""
    return range(month * PARTS_OF_MONTH, (month + 1) * PARTS_OF_MONTH)


@lru_cache(maxsize=1_200)
def days_of(part: int) -> range:
    """The days of a part.

    >>> days_of(part_of(27)), days_of(part_of(31))
    (range(21, 31), range(31, 38))
    """
    month, number = divmod(part, PARTS_OF_MONTH)
    return range(first_day(month) + 7 * number, looks_of(month)[number] + 1)


@lru_cache(maxsize=1_200)
def looks_of(month: int) -> tuple[int, ...]:
    """The last days that its looks cover."""
    begin = first_day(month)
    return begin + 6, begin + 13, begin + 20, first_day(month + 1) - 1


def next_look(now: int) -> Look:
    """The first look after ``now``."""
    month = month_of(now // DAY) - 1
    while True:
        for through in looks_of(month):
            at = (through + 1) * DAY + AFTER
            if at > now:
                return Look(at, month, through)
        month += 1
