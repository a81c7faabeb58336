"""Times of the wire: both forms, every day once, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.china_time import (
    CHINA,
    DAY,
    UnreadableTime,
    format_day,
    format_time,
    from_unix,
    now_of,
    parse_time,
    to_unix,
    weekday,
)

MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001 — the wire has no zone


@given(MOMENTS)
def test_every_moment_is_read_as_it_is_written(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    text = moment.isoformat(sep=" ")
    seconds = parse_time(text)
    assert seconds == (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)  # noqa: DTZ001
    assert format_time(seconds) == text
    assert parse_time(text[:10]) == seconds // DAY * DAY
    assert weekday(seconds // DAY) == moment.weekday()
    assert format_day(seconds // DAY) == text[:10]


@pytest.mark.parametrize(
    "text",
    [
        "", "2026", "2026-03", "2026-3-05", "2026-03-5", "20260305", "2026/03/05", "2026-13-01", "2026-02-29", "2026-00-10",
        "0000-01-01", "2026-03-05 ", "2026-03-05 09:00", "2026-03-05T09:00:00", "2026-03-05 9:00:00", "2026-03-05 24:00:00",
        "2026-03-05 23:60:00", "2026-03-05 23:59:60", "2026-03-05 09:00:00Z", "2026-03-05 09:00:00.000", "2026-03-05 09-00-00",
        "２０２６-03-05", "2026-+3-05", "2026- 3-05", "20_6-03-05", "-026-03-05", "2026-03-05 +9:00:00", "tomorrow", "15:08:21",
    ],
)  # fmt: skip
def test_nothing_else_is_a_time(text: str) -> None:
    with pytest.raises(UnreadableTime):
        parse_time(text)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_is_not(text: str) -> None:
    try:
        seconds = parse_time(text)
    except UnreadableTime:
        return
    assert text in (format_time(seconds), format_day(seconds // DAY))


def test_a_time_stays_unreadable_however_often_it_is_read() -> None:
    """The days that were seen are remembered; a day that is none must not be."""
    for _ in range(2):
        with pytest.raises(UnreadableTime):
            parse_time("2026-02-30 10:00:00")


def test_chinas_clock_is_eight_hours_ahead_of_the_unix_clock() -> None:
    moment = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
    assert format_time(now_of(moment)) == "2026-03-05 09:30:00"
    assert now_of(moment) == now_of(moment.astimezone(CHINA)) == from_unix(moment.timestamp())
    assert to_unix(from_unix(1_772_674_200)) == 1_772_674_200
