"""How does the interface write a time, and what number do we count with?

A time on the wire is China Standard Time without a zone, ``yyyy-MM-dd HH:mm:ss`` or ``yyyy-MM-dd``. We count it in whole
seconds since 1970-01-01 00:00:00 *of that same clock* (no zone arithmetic anywhere), so ``seconds // DAY`` is a
calendar day in China. China has had one zone and no summer time since 1991.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

HOUR: Final = 3_600
DAY: Final = 86_400

CHINA = timezone(timedelta(hours=8), "CST")
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
# The texts of a stream's days repeat millions of times, and a day has no more minutes than these.
_DAY_OF_TEXT: dict[str, int] = {}
_MINUTE_OF_TEXT = {f" {minute // 60:02d}:{minute % 60:02d}:": minute * 60 for minute in range(1440)}
_SECOND_OF_TEXT = {f"{second:02d}": second for second in range(60)}
_DAYS_KEPT: Final = 20_000
_MINUTE_STARTS: dict[str, int] = {}  # messages of one minute come together
_MINUTES_KEPT: Final = 20_000


class UnreadableTime(ValueError):
    """A text that is neither ``yyyy-MM-dd HH:mm:ss`` nor ``yyyy-MM-dd``."""


def parse_time(text: str) -> int:
    """Seconds since 1970-01-01 00:00:00 China time of either wire form.

    >>> parse_time("1970-01-02 00:00:01")
    86401
    >>> parse_time("1970-01-02")
    86400
    """
    if len(text) == 10:
        return _day_start(text)
    if len(text) != 19:
        raise UnreadableTime(text)
    minute = _MINUTE_STARTS.get(text[:17])
    if minute is None:
        minute = _minute_start(text)
    second = _SECOND_OF_TEXT.get(text[17:])
    if second is None:
        raise UnreadableTime(text)
    return minute + second


def _minute_start(text: str) -> int:
    minute = _MINUTE_OF_TEXT.get(text[10:17])
    if minute is None:
        raise UnreadableTime(text)
    start = _day_start(text) + minute
    if len(_MINUTE_STARTS) >= _MINUTES_KEPT:
        _MINUTE_STARTS.clear()
    _MINUTE_STARTS[text[:17]] = start
    return start


def _day_start(text: str) -> int:
    day = text[:10]
    start = _DAY_OF_TEXT.get(day)
    if start is not None:
        return start
    try:
        digits = day[:4] + day[5:7] + day[8:]
        if len(day) != 10 or day[4] != "-" or day[7] != "-" or not (digits.isascii() and digits.isdigit()):
            raise UnreadableTime(text)  # `int` would take signs, blanks and other scripts' digits
        ordinal = date(int(day[:4]), int(day[5:7]), int(day[8:])).toordinal()
    except ValueError:
        raise UnreadableTime(text) from None
    start = (ordinal - _EPOCH_ORDINAL) * DAY
    if len(_DAY_OF_TEXT) < _DAYS_KEPT:
        _DAY_OF_TEXT[day] = start
    return start


@lru_cache(maxsize=16_384)
def format_time(seconds: int) -> str:
    """The wire form of a moment.

    >>> format_time(86401)
    '1970-01-02 00:00:01'
    """
    day, rest = divmod(seconds, DAY)
    return f"{format_day(day)} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


@lru_cache(maxsize=4_096)
def format_day(day: int) -> str:
    """The wire form of a calendar day (days since 1970-01-01).

    >>> format_day(1)
    '1970-01-02'
    """
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def weekday(day: int) -> int:
    """0 is Monday; 1970-01-01 was a Thursday."""
    return (day + 3) % 7


def from_unix(unix_seconds: float) -> int:
    """A moment of the Unix clock, on China's clock."""
    return int(unix_seconds) + 8 * HOUR


def to_unix(seconds: int) -> int:
    """A moment of China's clock, on the Unix clock."""
    return seconds - 8 * HOUR


def now_of(moment: datetime) -> int:
    """China's clock at an aware moment."""
    return from_unix(moment.timestamp())
