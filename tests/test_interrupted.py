"""Is the service itself, with all its rules, asked to stop under load or frozen past its session, as exact as the toy is?

`tests/test_worker.py` and `tests/test_worker_soak.py` count every record with a toy; here are the real engine's alerts.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import msgspec
import pytest

from stream.service import SESSION_SECONDS
from stream.settings import Settings
from tests.crews import (
    alert_records,
    assert_alerts_are,
    assert_nothing_was_published_twice_differently,
    crew,
    prepare,
    run_fundwatch,
    wait_until_done,
)
from tests.service_runs import CUT, County, replayed
from tests.toy_runs import wait_until

STOP_SECONDS = 15.0  # the worker gives itself nine


@pytest.mark.timeout(300)
def test_a_stop_under_load_is_clean_and_nothing_is_lost_or_said_again(kafka_settings: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(kafka_settings, partitions=4)
    simulated = ["simulate", str(tmp_path / "county"), "--days", "30", "--persons", "20000", "--seed", "11"]
    assert run_fundwatch(settings, *simulated).wait() == 0
    county = County(tmp_path / "county", ".jsonl")
    history = county.file("transactions")
    expected = replayed(tmp_path, history, county)
    assert len(expected) >= 10
    prepare(settings, county)
    with crew(settings, tmp_path, 1) as some:
        [worker] = some.members
        assert run_fundwatch(settings, "load", str(history)).wait() == 0
        wait_until(lambda: bool(alert_records(settings)), 60, "the first alert")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(STOP_SECONDS) == 0, worker.log[-3000:]
        before = len(alert_records(settings))
        some.members.remove(worker)
        some.start_one()
        wait_until_done(settings)
        assert len(alert_records(settings)) > before, "it was not stopped in the midst of the load"
    assert_alerts_are(settings, expected)
    assert assert_nothing_was_published_twice_differently(settings) == 0


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_worker_that_was_frozen_past_its_session_changes_no_alert(kafka_settings: Settings, tmp_path: Path) -> None:
    """The other one goes on with its partitions meanwhile; awake again it ends, or joins anew if nothing was in hand."""
    settings = msgspec.structs.replace(kafka_settings, partitions=4)
    history = tmp_path / "transactions.jsonl"
    history.write_bytes(b"\n".join(CUT.transactions()) + b"\n")
    expected = replayed(tmp_path, history, CUT)
    prepare(settings, CUT)
    with crew(settings, tmp_path, 2) as some:
        frozen, other = some.members
        wait_until(lambda: other.log.count("partitions assigned") > 0, 60, "two that share the work")
        with run_fundwatch(settings, "load", str(history), "--rate", "80") as sender:
            time.sleep(3)
            frozen.process.send_signal(signal.SIGSTOP)
            assigned = other.log.count("partitions assigned")
            try:
                other.wait_for_log("partitions assigned", assigned + 1)
                time.sleep(SESSION_SECONDS / 5)
            finally:
                frozen.process.send_signal(signal.SIGCONT)
            while sender.poll() is None:
                some.tend()
                time.sleep(0.1)
        wait_until_done(settings, some.tend)
        assert set(some.reasons) <= {"LeaseLost"}, some.reasons
    assert_alerts_are(settings, expected)
    assert_nothing_was_published_twice_differently(settings)
