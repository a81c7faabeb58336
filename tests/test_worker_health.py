"""When is a worker alive, and when must it end so that it is started again? (stream/health.py)"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stream import health
from stream.health import STALL_SECONDS, UNASSIGNED_SECONDS, Progress, Stalled, watch_progress
from stream.worker import Worker

PLACE = ("fund.transactions", 3)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress(clock)


def test_a_partition_that_has_work_and_does_not_move_for_a_minute_is_a_stall(progress: Progress, clock: Clock) -> None:
    progress.look({PLACE: 5}, {PLACE: 9})
    clock.now += STALL_SECONDS
    progress.look({PLACE: 5}, {PLACE: 900})
    clock.now += 1
    with pytest.raises(Stalled, match=r"fund.transactions/3 has stood at offset 5 for 61 s with 995 records to do"):
        progress.look({PLACE: 5}, {PLACE: 1000})


def test_slow_is_not_stalled(progress: Progress, clock: Clock) -> None:
    for position in range(50):
        progress.look({PLACE: position}, {PLACE: 1000})
        clock.now += STALL_SECONDS - 1
    assert progress.lags == {PLACE: 951}


def test_a_quiet_partition_is_not_stalled_however_long_nothing_comes(progress: Progress, clock: Clock) -> None:
    for _ in range(10):
        progress.look({PLACE: 7}, {PLACE: 7})
        clock.now += STALL_SECONDS
    progress.look({PLACE: 7}, {PLACE: 8})  # the first record after the quiet must not count as ten minutes' stall


def test_a_partition_that_was_given_anew_has_its_minute_again(progress: Progress, clock: Clock) -> None:
    progress.look({PLACE: 5}, {PLACE: 9})
    clock.now += STALL_SECONDS
    progress.idle(has_answer=True)
    clock.now += STALL_SECONDS
    progress.look({PLACE: 5}, {PLACE: 9})


def test_a_group_that_does_not_answer_is_a_stall_but_a_long_restore_and_standing_by_are_not(
    progress: Progress, clock: Clock
) -> None:
    for _ in range(100):
        clock.now += 60
        progress.idle(has_answer=True)
    progress.idle(has_answer=False)
    clock.now += UNASSIGNED_SECONDS + 1
    with pytest.raises(Stalled, match="not given out partitions"):
        progress.idle(has_answer=False)


class NoConsumer:
    """Asked for nothing, for nothing is assigned."""

    async def stop(self) -> None:
        """Nothing was started."""


@pytest.mark.parametrize(("is_ready", "ends_with"), [(True, TimeoutError), (False, Stalled)])
def test_who_is_given_nothing_stands_by_and_who_is_not_answered_ends(
    monkeypatch: pytest.MonkeyPatch, is_ready: bool, ends_with: type[Exception]
) -> None:
    async def consumer(settings: Any) -> NoConsumer:
        return NoConsumer()

    monkeypatch.setattr(health, "group_less_consumer", consumer)
    monkeypatch.setattr(health, "UNASSIGNED_SECONDS", 0.02)
    monkeypatch.setattr(health, "LOOK_SECONDS", 0.01)
    idle = SimpleNamespace(
        settings=None, assigned=set, is_ready=is_ready, ownership=SimpleNamespace(is_restoring=False)
    )
    with pytest.raises(ends_with):
        asyncio.run(asyncio.wait_for(watch_progress(cast(Worker, idle), Progress()), 0.3))


def test_nobody_having_looked_is_not_alive(progress: Progress, clock: Clock) -> None:
    progress.look({PLACE: 5}, {PLACE: 5})
    assert progress.is_alive
    clock.now += STALL_SECONDS + 1
    assert not progress.is_alive
