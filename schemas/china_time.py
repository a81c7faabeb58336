"""How does the interface write a time, and what number do we count with?

A time on the wire is China Standard Time without a zone, ``yyyy-MM-dd HH:mm:ss`` or ``yyyy-MM-dd``. We count it in whole
seconds since 1970-01-01 00:00:00 *of that same clock* (no zone arithmetic anywhere), so ``seconds // DAY`` is a
calendar day in China. China has had one zone and no summer time since 1991.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

HOUR = 3_600
DAY = 86_400

CHINA = timezone(timedelta(hours=8), "CST")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_TWO_DIGITS = {f"{n:02d}": n for n in range(60)}
_DAY_OF_TEXT: dict[str, int] = {}  # the days of a stream repeat millions of times; a county-year has 366 of them
_DAYS_KEPT = 20_000


class UnreadableTime(ValueError):
    """A text that is neither ``yyyy-MM-dd HH:mm:ss`` nor ``yyyy-MM-dd``."""


def parse_time(text: str) -> int:
    """Seconds since 1970-01-01 00:00:00 China time of either wire form.

    >>> parse_time("1970-01-02 00:00:01")
    86401
    >>> parse_time("1970-01-02")
    86400
    """
    start = _DAY_OF_TEXT.get(text[:10])
    if start is None:
        start = _day_start(text)
    if len(text) == 10:
        return start
    try:
        if len(text) != 19 or text[10] != " " or text[13] != ":" or text[16] != ":":
            raise UnreadableTime(text)
        hours = _TWO_DIGITS[text[11:13]]
        if hours > 23:
            raise UnreadableTime(text)
        return start + hours * 3600 + _TWO_DIGITS[text[14:16]] * 60 + _TWO_DIGITS[text[17:19]]
    except KeyError:
        raise UnreadableTime(text) from None


def _day_start(text: str) -> int:
    day = text[:10]
    try:
        if len(day) != 10 or day[4] != "-" or day[7] != "-":
            raise UnreadableTime(text)
        ordinal = date(int(day[:4]), int(day[5:7]), int(day[8:])).toordinal()
    except ValueError:
        raise UnreadableTime(text) from None
    start = (ordinal - _EPOCH_ORDINAL) * DAY
    if len(_DAY_OF_TEXT) < _DAYS_KEPT:
        _DAY_OF_TEXT[day] = start
    return start


def format_time(seconds: int) -> str:
    """The wire form of a moment.

    >>> format_time(86401)
    '1970-01-02 00:00:01'
    """
    day, rest = divmod(seconds, DAY)
    return f"{format_day(day)} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


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
