"""What becomes of the alerts when the broker is killed, frozen, or out of reach for longer than a session?

A real Kafka of the test's own, the real engine, and a sender that sends on. A worker whose broker is away for less than a
session goes on by itself. After a session it ends, if it has anything in hand: its group may have given its partitions to
another by then, and what it holds must not arrive behind what that one says. An orchestrator starts it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stream.service import SESSION_SECONDS
from stream.settings import Settings
from tests.crews import (
    alert_records,
    assert_alerts_are,
    assert_nothing_was_published_twice_differently,
    at,
    crew,
    prepare,
    run_fundwatch,
    wait_until_done,
)
from tests.own_broker import broker_behind_a_line, own_broker
from tests.service_runs import CUT, replayed
from tests.toy_runs import (
    alert_ids,
    create_toy_topics,
    every_record,
    fill,
    tallies,
    toy_worker,
    wait_for_alerts,
    wait_until,
)

AWAY_SECONDS = SESSION_SECONDS + 4
LONG_SECONDS = 120.0
A_SECOND = 220  # transactions; the history has 1,791
CLEAR_REASONS = ("LeaseLost", "BrokerUnreachable", "the broker at")

Step = Callable[[], None]


def survive(straight: str, over: str, folder: Path, *, trouble: Step, mend: Step, seconds: float) -> list[str]:
    """A county's history through one worker with the broker away in the midst of it; why workers ended by themselves.

    The sender reaches the broker ``straight``, the worker ``over`` another address perhaps. Asserts that nothing is lost,
    doubled or changed.
    """
    settings = Settings(
        broker=straight, prefix="away.", group="away", data=folder / "data", metrics_port=0, processes=2
    )
    history = folder / "transactions.jsonl"
    history.write_bytes(b"\n".join(CUT.transactions()) + b"\n")
    expected = replayed(folder, history, CUT)
    prepare(settings, CUT)
    with (
        crew(at(settings, over), folder, 1) as some,
        run_fundwatch(settings, "load", str(history), "--rate", str(A_SECOND)) as sender,
    ):
        time.sleep(4)
        trouble()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            some.tend()
            time.sleep(0.1)
        mend()
        while sender.poll() is None:
            some.tend()
            time.sleep(0.1)
        assert sender.returncode == 0
        wait_until_done(settings, some.tend)
        assert_alerts_are(settings, expected)
        assert_nothing_was_published_twice_differently(settings)
    print(f"ended by itself: {some.reasons}")
    assert all(any(words in reason for words in CLEAR_REASONS) for reason in some.reasons), some.reasons
    return some.reasons


@pytest.mark.parametrize(
    "seconds",
    [1.0, pytest.param(AWAY_SECONDS, marks=pytest.mark.soak), pytest.param(LONG_SECONDS, marks=pytest.mark.soak)],
)
def test_a_broker_that_is_killed_and_started_again_costs_no_alert(tmp_path: Path, seconds: float) -> None:
    with own_broker(tmp_path / "kafka") as own:
        survive(own.address, own.address, tmp_path, trouble=own.kill, mend=own.start, seconds=seconds)


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [AWAY_SECONDS, LONG_SECONDS])
def test_a_broker_that_does_not_answer_costs_no_alert(tmp_path: Path, seconds: float) -> None:
    with own_broker(tmp_path / "kafka") as own:
        reasons = survive(own.address, own.address, tmp_path, trouble=own.freeze, mend=own.thaw, seconds=seconds)
    assert "LeaseLost" in reasons[0], "it had work in hand for longer than a session"


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [AWAY_SECONDS, LONG_SECONDS])
def test_a_line_that_is_cut_costs_no_alert(tmp_path: Path, seconds: float) -> None:
    with broker_behind_a_line(tmp_path / "kafka") as (straight, over, line):
        reasons = survive(straight, over, tmp_path, trouble=line.cut, mend=line.mend, seconds=seconds)
    assert "LeaseLost" in reasons[0], "it had work in hand for longer than a session"


def test_what_a_worker_holds_that_is_cut_off_does_not_arrive_behind_its_successors_word(tmp_path: Path) -> None:
    """Every record of the toy makes an alert, so some are on their way when the line is cut."""
    partitions, each = 2, 20_000
    with broker_behind_a_line(tmp_path / "kafka") as (straight, over, line):
        settings = Settings(broker=straight, prefix="cut.", group="cut", data=tmp_path / "data")
        create_toy_topics(settings, partitions)
        fill(settings, partitions, each)
        with toy_worker(at(settings, over), partitions, tmp_path, "former") as former:
            wait_for_alerts(settings, 1_000)
            line.cut()
            with toy_worker(settings, partitions, tmp_path, "successor") as successor:
                wait_for_alerts(settings, partitions * each, 180)
                line.mend()
                assert former.process.wait(60) == 1
                assert "LeaseLost" in former.log
                time.sleep(2)  # what was under way has arrived by now
                wait_until(lambda: sum(tallies(settings).values()) == partitions * each, 60, "all counted")
                assert successor.stop() == 0
        assert set(alert_ids(settings)) == every_record(partitions, each)
        assert sum(tallies(settings).values()) == partitions * each
        assert _longest_delay(settings) < SESSION_SECONDS


def _longest_delay(settings: Settings) -> float:
    """Seconds by which a record was written before the newest of those that the topic has in front of it."""
    newest: dict[int, int] = {}
    longest = 0
    for record in alert_records(settings):
        longest = max(longest, newest.get(record.partition, record.timestamp) - record.timestamp)
        newest[record.partition] = max(newest.get(record.partition, 0), record.timestamp)
    return longest / 1000
