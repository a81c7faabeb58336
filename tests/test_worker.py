"""Does a worker stop cleanly, keep its state, and get past what its engine cannot take? (stream/worker.py)"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

from schemas.dead_letters import DeadLetter, from_record
from stream.settings import Settings
from stream.topic_access import records_to_end
from tests.toy_runs import alert_ids, create_toy_topics, every_record, fill, send, tallies, toy_worker, wait_for_alerts
from tests.toy_worker import POISON


def test_a_stop_under_load_takes_seconds_and_neither_loses_nor_repeats(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    partitions, each = 2, 15_000
    create_toy_topics(kafka_settings, partitions)
    fill(kafka_settings, partitions, each)
    with toy_worker(kafka_settings, partitions, tmp_path, "a") as first:
        wait_for_alerts(kafka_settings, 1)
        began = time.monotonic()
        assert first.stop() == 0, first.log
        assert time.monotonic() - began < 10
    before = alert_ids(kafka_settings)
    assert 0 < len(before) < partitions * each, "the stop was not in the midst of the flow"
    with toy_worker(kafka_settings, partitions, tmp_path, "b") as second:
        wait_for_alerts(kafka_settings, partitions * each)
        assert second.stop() == 0
    assert alert_ids(kafka_settings) == Counter(every_record(partitions, each))
    assert sum(tallies(kafka_settings).values()) == partitions * each


def test_state_survives_a_restart(kafka_settings: Settings, tmp_path: Path) -> None:
    create_toy_topics(kafka_settings, 1)
    for number, name in ((1, "a"), (2, "b")):
        asyncio.run(send(kafka_settings, 0, [(b"key", b"v")] * 10))
        with toy_worker(kafka_settings, 1, tmp_path, name) as worker:
            wait_for_alerts(kafka_settings, 10 * number)
            assert worker.stop() == 0
    assert tallies(kafka_settings) == {(0, b"key"): 20}


def test_what_the_engine_cannot_take_is_parked_and_the_next_record_is_processed(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    create_toy_topics(kafka_settings, 1)
    rows = [(b"key", b"v")] * 40 + [(b"key", POISON)] + [(b"key", b"v")] * 40
    asyncio.run(send(kafka_settings, 0, rows))
    with toy_worker(kafka_settings, 1, tmp_path) as worker:
        wait_for_alerts(kafka_settings, 80)
        assert worker.stop() == 0
    assert alert_ids(kafka_settings) == Counter({f"0-{n}": 1 for n in range(81) if n != 40})
    assert tallies(kafka_settings) == {(0, b"key"): 80}, "the half-applied record must not have been counted"
    [letter] = asyncio.run(_dead_letters(kafka_settings))
    assert (letter.stage, letter.reason, letter.topic, letter.offset) == ("toy", "engine_error", "transactions", 40)
    assert (letter.key, letter.value) == (b"key", POISON)
    assert "13" not in letter.detail
    assert letter.detail.startswith("ValueError at toy_worker.py:")


async def _dead_letters(settings: Settings) -> list[DeadLetter]:
    return [
        from_record(record.key or b"", list(record.headers), record.value or b"")
        async for record in records_to_end(settings, settings.topic("dead-letters"))
    ]
