"""Which quiet partitions get a time mark, and which one? (stream/marks.py)"""

from __future__ import annotations

from schemas.china_time import HOUR, from_unix
from schemas.decode import decode_mark
from stream.marks import QuietPartitions, Seen, mark_value

NOW = 1_800_000_000.0
CHINA_NOW = from_unix(NOW)
QUIET = 60.0


def after(seconds: float, partitions: dict[int, Seen], step: float = 10.0) -> list[dict[int, int]]:
    """The marks of looks every ten seconds, for so long."""
    quiet = QuietPartitions(QUIET)
    return [quiet.marks(partitions, NOW + step * n) for n in range(int(seconds / step) + 1)]


def test_a_partition_that_is_quiet_for_a_minute_gets_the_time_of_a_minute_ago() -> None:
    looks = after(60, {0: Seen(10, 0, CHINA_NOW - 5)})
    assert not any(looks[:-1])
    assert looks[-1] == {0: CHINA_NOW + 60 - 60}


def test_history_and_a_partition_that_still_has_work_get_none() -> None:
    yesterday = Seen(10, 0, CHINA_NOW - 24 * HOUR)
    assert not any(after(600, {0: yesterday, 1: Seen(10, 3, CHINA_NOW)}))


def test_a_clock_of_tomorrow_is_not_marked_back() -> None:
    assert not any(after(120, {0: Seen(10, 0, CHINA_NOW + HOUR // 2)}))


def test_a_partition_that_never_had_a_record_follows_the_living_and_not_the_loading() -> None:
    empty = Seen(0, 0, None)
    assert 1 in after(60, {0: Seen(10, 0, CHINA_NOW), 1: empty})[-1]
    assert not any(after(600, {0: Seen(10, 0, CHINA_NOW - 24 * HOUR), 1: empty}))


def test_a_worker_that_has_only_empty_partitions_follows_those_of_the_others() -> None:
    empty = {1: Seen(0, 0, None), 3: Seen(0, 0, None)}
    quiet = QuietPartitions(QUIET)
    assert not quiet.marks(empty, NOW, CHINA_NOW)
    assert quiet.marks(empty, NOW + QUIET, CHINA_NOW).keys() == {1, 3}
    assert not quiet.marks(empty, NOW + QUIET, CHINA_NOW - 24 * HOUR), "they are loading history"
    assert not quiet.marks(empty, NOW + QUIET, None), "they have not spoken"


def test_a_partition_that_moves_is_not_quiet() -> None:
    quiet = QuietPartitions(QUIET)
    for n in range(30):
        assert quiet.marks({0: Seen(10 + n, 0, CHINA_NOW)}, NOW + 10 * n) == {}


def test_a_mark_reads_as_the_wire_has_it() -> None:
    assert mark_value(CHINA_NOW) == b'{"mark": "2027-01-15 16:00:00"}'
    assert decode_mark(mark_value(CHINA_NOW)).time == CHINA_NOW
