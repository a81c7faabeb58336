"""What does a restart find on disk, and what if the disk fails? Toy workers on a real Kafka.

Each run ends with the same question: has every record had its effect once, in the alerts and in the counts?
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import msgspec

from stream.settings import Settings
from tests.toy_runs import ToyRun, create_toy_topics, send, tallies, toy_worker, wait_for_alerts, wait_until

KEYS = 2_000
MOST_BYTES = 60_000  # a file; all pages together have 90,000
RESTORED = '"message": "state restored"'


def _send(settings: Settings, rounds: int, partitions: int = 1) -> None:
    """So many records for every key of every partition."""
    rows = [(b"key%06d" % number, b"x") for _ in range(rounds) for number in range(KEYS)]
    for partition in range(partitions):
        asyncio.run(send(settings, partition, rows))


def _counted(settings: Settings, partitions: int = 1) -> set[int]:
    counts = tallies(settings)
    assert len(counts) == KEYS * partitions
    return set(counts.values())


def _restores(run: ToyRun) -> list[dict[str, object]]:
    run.wait_for(RESTORED, 60)
    return [msgspec.json.decode(line) for line in run.log.splitlines() if RESTORED in line]


def test_a_restart_with_the_same_data_folder_reads_only_the_tail(kafka_settings: Settings, tmp_path: Path) -> None:
    create_toy_topics(kafka_settings, 2)
    _send(kafka_settings, 1, partitions=2)
    with toy_worker(kafka_settings, 2, tmp_path, "a", data="d") as first:
        wait_for_alerts(kafka_settings, 2 * KEYS)
        assert first.stop() == 0
        assert _restores(first)[0]["whole"] == 2
    with toy_worker(kafka_settings, 2, tmp_path, "b", data="d") as second:
        [restore] = _restores(second)
        assert (restore["whole"], restore["records"], restore["partitions"]) == (0, 0, 2)
        _send(kafka_settings, 1, partitions=2)
        wait_for_alerts(kafka_settings, 4 * KEYS)
        assert second.stop() == 0
    assert _counted(kafka_settings, 2) == {2}


def test_a_machine_that_had_the_partition_before_catches_up_with_what_others_did(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    create_toy_topics(kafka_settings, 1)
    for rounds, (name, data) in enumerate((("a", "one"), ("b", "two"), ("c", "one")), start=1):
        _send(kafka_settings, 1)
        with toy_worker(kafka_settings, 1, tmp_path, name, data) as worker:
            [restore] = _restores(worker)
            wait_for_alerts(kafka_settings, rounds * KEYS)
            assert worker.stop() == 0
    assert restore["whole"] == 0, "machine one has its store of the first time"
    assert KEYS <= int(str(restore["records"])) < 2 * KEYS + KEYS // 2, "what machine two wrote, and not what one had"
    assert _counted(kafka_settings) == {3}


def test_killed_between_the_transaction_and_the_disk_it_reads_that_transaction_again(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    create_toy_topics(kafka_settings, 1)
    _send(kafka_settings, 1)
    killed_there = """
import os
from stream.tables import Pages
written, calls = Pages.written, []
def killed(self, pages, end):
    calls.append(end)
    if len(calls) == 2:
        os.kill(os.getpid(), 9)
    written(self, pages, end)
Pages.written = killed"""
    with toy_worker(kafka_settings, 1, tmp_path, "a", "d", first=killed_there) as first:
        wait_until(lambda: first.process.poll() is not None, 60, "the kill")
    with toy_worker(kafka_settings, 1, tmp_path, "b", "d") as second:
        [restore] = _restores(second)
        assert restore["whole"] == 0
        assert 0 < int(str(restore["records"])) < KEYS
        _send(kafka_settings, 1)
        wait_for_alerts(kafka_settings, 2 * KEYS)
        assert second.stop() == 0
    assert _counted(kafka_settings) == {2}


def test_killed_while_it_restores_it_begins_again_and_ends_the_same(kafka_settings: Settings, tmp_path: Path) -> None:
    create_toy_topics(kafka_settings, 1)
    _send(kafka_settings, 1)
    with toy_worker(kafka_settings, 1, tmp_path, "a") as first:
        wait_for_alerts(kafka_settings, KEYS)
        assert first.stop() == 0
    killed_there = """
import os
from stream import restore
def killed(self):
    self._store.flush()
    os.kill(os.getpid(), 9)
restore._Filling.finish = killed"""
    with toy_worker(kafka_settings, 1, tmp_path, "b", "d", first=killed_there) as second:
        wait_until(lambda: second.process.poll() is not None, 60, "the kill")
    _send(kafka_settings, 1)
    with toy_worker(kafka_settings, 1, tmp_path, "c", "d") as third:
        wait_for_alerts(kafka_settings, 2 * KEYS)
        assert third.stop() == 0
    assert _counted(kafka_settings) == {2}


def test_two_workers_share_one_data_folder_and_a_partition_takes_its_pages_along(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    create_toy_topics(kafka_settings, 4)
    _send(kafka_settings, 1, partitions=4)
    with toy_worker(kafka_settings, 4, tmp_path, "a", "d") as first:
        wait_for_alerts(kafka_settings, 4 * KEYS)
        with toy_worker(kafka_settings, 4, tmp_path, "b", "d") as second:
            second.wait_for(RESTORED, 60)
            assert _restores(second)[-1]["whole"] == 0
            assert first.stop() == 0
            second.wait_for(RESTORED, 60, times=2)
            assert [restore["whole"] for restore in _restores(second)] == [0, 0]
            _send(kafka_settings, 1, partitions=4)
            wait_for_alerts(kafka_settings, 8 * KEYS)
            assert second.stop() == 0
    assert _counted(kafka_settings, 4) == {2}


def test_a_frozen_worker_keeps_its_store_and_nobody_waits_for_it(kafka_settings: Settings, tmp_path: Path) -> None:
    create_toy_topics(kafka_settings, 1)
    _send(kafka_settings, 1)
    with toy_worker(kafka_settings, 1, tmp_path, "a", "d") as first:
        wait_for_alerts(kafka_settings, KEYS)
        first.process.send_signal(signal.SIGSTOP)
        with toy_worker(kafka_settings, 1, tmp_path, "b", "d") as second:
            assert _restores(second)[0]["whole"] == 1
            _send(kafka_settings, 1)
            wait_for_alerts(kafka_settings, 2 * KEYS)
            first.process.send_signal(signal.SIGCONT)
            wait_until(lambda: first.process.poll() not in (None, 0), 60, f"the end of the frozen one\n{first.log}")
            assert second.stop() == 0
    assert _counted(kafka_settings) == {2}


def test_a_full_disk_stops_the_worker_with_a_clear_word_and_nothing_is_acknowledged(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    """No file of the process may grow beyond the limit: its disk is full, for all it can tell."""
    create_toy_topics(kafka_settings, 1)
    _send(kafka_settings, 1)
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({MOST_BYTES}, {MOST_BYTES}))"
    with toy_worker(kafka_settings, 1, tmp_path, "a", "d") as first:
        wait_for_alerts(kafka_settings, KEYS)
        assert first.stop() == 0
    _send(kafka_settings, 3)
    with toy_worker(kafka_settings, 1, tmp_path, "b", "d", first=full) as second:
        wait_until(lambda: second.process.poll() is not None, 60, f"its end\n{second.log}")
        assert second.process.returncode == 1
        assert "StoreFailed" in second.log
        assert f"the state folder {tmp_path}/data-d/state/" in second.log
        assert "make room on its disk" in second.log
    with toy_worker(kafka_settings, 1, tmp_path, "c", "d") as third:
        assert _restores(third)[0]["whole"] == 0
        wait_for_alerts(kafka_settings, 4 * KEYS)
        assert third.stop() == 0
    assert _counted(kafka_settings) == {4}
