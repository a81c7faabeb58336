"""Is anything lost or doubled when workers are killed again and again, or frozen? Takes minutes: `make soak`."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.toy_runs import alert_ids, create_toy_topics, every_record, fill, tallies, toy_worker, wait_for_alerts

pytestmark = pytest.mark.soak


def test_nothing_is_lost_or_doubled_through_many_kills(kafka_settings: Settings, tmp_path: Path) -> None:
    partitions, each, kills = 4, 50_000, 8
    create_toy_topics(kafka_settings, partitions)
    fill(kafka_settings, partitions, each)
    chance = random.Random(7)
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(toy_worker(kafka_settings, partitions, tmp_path, name)) for name in "ab"]
        for number in range(kills):
            time.sleep(chance.uniform(1, 6))
            victim = chance.randrange(2)
            workers[victim].process.kill()
            workers[victim].process.wait()
            workers[victim] = stack.enter_context(toy_worker(kafka_settings, partitions, tmp_path, f"again{number}"))
        wait_for_alerts(kafka_settings, partitions * each, 300)
        assert [worker.stop() for worker in workers] == [0, 0]
    published = alert_ids(kafka_settings)
    assert set(published) == every_record(partitions, each)
    assert sum(tallies(kafka_settings).values()) == partitions * each
    print(f"\n{kills} kills, {sum(published.values()) - len(published)} of {len(published)} alerts published again")


def test_a_frozen_worker_does_not_write_over_its_successor(kafka_settings: Settings, tmp_path: Path) -> None:
    partitions, each = 2, 40_000
    create_toy_topics(kafka_settings, partitions)
    fill(kafka_settings, partitions, each)
    with toy_worker(kafka_settings, partitions, tmp_path, "frozen") as frozen:
        wait_for_alerts(kafka_settings, 2_000)
        frozen.process.send_signal(signal.SIGSTOP)
        with toy_worker(kafka_settings, partitions, tmp_path, "successor") as successor:
            successor.wait_for("partitions assigned", seconds=40)
            wait_for_alerts(kafka_settings, 20_000)
            frozen.process.send_signal(signal.SIGCONT)
            assert frozen.process.wait(30) != 0, "it had work in hand and must have ended"
            assert "LeaseLost" in frozen.log
            wait_for_alerts(kafka_settings, partitions * each, 120)
            assert successor.stop() == 0
    assert set(alert_ids(kafka_settings)) == every_record(partitions, each)
    assert sum(tallies(kafka_settings).values()) == partitions * each
