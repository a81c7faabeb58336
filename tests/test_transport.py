"""Do records reach the agents in chunks, all of them, through rebalances and kills? (stream/transport.py, stream/chunks.py)"""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stream.chunks import Chunk, HandedOver, in_turn
from stream.settings import Settings
from tests.toy_runs import alert_ids, create_toy_topics, every_record, fill, tallies, toy_worker, wait_for_alerts


class Row(msgspec.Struct):
    """A record as far as chunks look at it."""

    offset: int
    timestamp: int = 0
    key: bytes | None = b"330102199003071234"
    value: bytes | None = b"secret"
    headers: tuple[tuple[str, bytes], ...] = ()


def a_chunk(*offsets: int) -> Chunk:
    return Chunk("transactions", 0, [Row(offset) for offset in offsets], epoch=1)


def test_a_chunk_never_shows_keys_or_values() -> None:
    assert repr(a_chunk(3, 4, 9)) == "<Chunk transactions/0 3–9>"


@given(st.dictionaries(st.integers(0, 5), st.lists(st.integers(), max_size=40)), st.integers(1, 10))
def test_every_record_comes_once_and_in_the_order_of_its_partition(fetched: dict[int, list[int]], most: int) -> None:
    runs = list(in_turn(fetched, most))
    for place, records in fetched.items():
        assert [record for p, run in runs if p == place for record in run] == records
    assert all(0 < len(run) <= most for _, run in runs)


def test_no_partition_gets_a_second_run_before_each_has_had_its_first() -> None:
    fetched = {place: [Row(n) for n in range(30)] for place in "abc"}
    assert [place for place, _ in in_turn(fetched, most=10)] == list("abcabcabc")


def test_offsets_are_committed_up_to_the_first_chunk_that_is_not_settled() -> None:
    row, chunks = HandedOver(), [a_chunk(0, 1), a_chunk(2, 3), a_chunk(4, 5)]
    for chunk in chunks:
        row.add(chunk)
    chunks[0].settled = chunks[2].settled = True
    assert row.take_settled() == 2
    assert row.take_settled() is None
    chunks[1].settled = True
    assert row.take_settled() == 6


def test_holes_of_compaction_do_not_hold_a_commit_back() -> None:
    row, chunks = HandedOver(), [a_chunk(7, 20), a_chunk(90, 91)]
    for chunk in chunks:
        row.add(chunk)
        chunk.settled = True
    assert row.take_settled() == 92


def test_nothing_is_lost_or_doubled_when_workers_join_and_are_killed(kafka_settings: Settings, tmp_path: Path) -> None:
    partitions, each = 4, 12_000
    create_toy_topics(kafka_settings, partitions)
    fill(kafka_settings, partitions, each)
    with toy_worker(kafka_settings, partitions, tmp_path, "a") as first:
        wait_for_alerts(kafka_settings, 1)
        with toy_worker(kafka_settings, partitions, tmp_path, "b") as second:
            second.wait_for("partitions assigned")
            first.wait_for("partitions assigned", times=2)
            assert len(alert_ids(kafka_settings)) < partitions * each, "the rebalance was not in the midst of the flow"
            second.process.kill()
            second.process.wait()
        first.wait_for("partitions assigned", times=3)
        wait_for_alerts(kafka_settings, partitions * each)
        assert first.stop() == 0
    assert set(alert_ids(kafka_settings)) == every_record(partitions, each)
    assert sum(tallies(kafka_settings).values()) == partitions * each
