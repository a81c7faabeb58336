"""Do the same transactions give the same alerts, whatever is killed and doubled on the way? (docs/guarantees.md)

A real Kafka, the real engine and all its rules. Every tenth message comes twice. Workers are killed with SIGKILL, one in
three under load, one while its group rebalances, one while a state is being restored (each told from what broker and log
say, counted, and asked for at the end), and another starts at once. What then stands is compared with a replay that nobody
disturbed, and everything that was ever published with itself: an alert that was published again must be the same.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from stream.settings import Settings
from tests.crews import (
    Crew,
    Member,
    assert_alerts_are,
    assert_nothing_was_published_twice_differently,
    crew,
    group_is_rebalancing,
    prepare,
    run_fundwatch,
    wait_until_done,
)
from tests.service_runs import CUT, County, replayed

LOAD, REBALANCE, RESTORE = "load", "rebalance", "restore"
LONGEST_LOAD_SECONDS = 15.0
SECONDS_A_KILL = 10.0  # under load half of the above; a rebalance begins with the new worker, a restore a session later
LONGEST_AIM_SECONDS = 60.0
ONE_PROCESS = 0.5  # of those under load: one of its further processes alone
STARVED = {"LeaseLost", "KafkaTimeoutError"}  # who is starved for a session, or cannot send for as long, must end

Found = TypeVar("Found")


@pytest.mark.timeout(600)
def test_five_kills_change_no_alert(kafka_settings: Settings, tmp_path: Path) -> None:
    """Under load, in a rebalance, while state is restored."""
    survive(msgspec.structs.replace(kafka_settings, partitions=4, processes=3), tmp_path, CUT, workers=2, kills=5)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """Two months of a county, 40,000 insured."""
    folder = tmp_path_factory.mktemp("county")
    simulated = ["simulate", str(folder), "--days", "60", "--persons", "40000", "--seed", "5"]
    assert run_fundwatch(Settings(), *simulated).wait() == 0
    return County(folder, ".jsonl")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("partitions", "workers", "kills"),
    [(1, 1, 10), (1, 2, 10), (1, 3, 10), (4, 1, 11), (4, 2, 11), (4, 3, 12), (16, 1, 12), (16, 2, 12), (16, 3, 12)],
)
def test_a_hundred_kills_change_no_alert(
    kafka_settings: Settings, tmp_path: Path, county: County, partitions: int, workers: int, kills: int
) -> None:
    processes = 3 if partitions > 1 else 2  # one partition has nothing to share
    settings = msgspec.structs.replace(kafka_settings, partitions=partitions, processes=processes)
    survive(settings, tmp_path, county, workers, kills)


def survive(settings: Settings, folder: Path, county: County, workers: int, kills: int) -> Counter[str]:
    """One run with that many kills, the sender sending all the time; asserts all that is promised. Kills by their moment."""
    history = folder / "transactions.jsonl"
    lines = _every_tenth_twice(county.transactions())
    history.write_bytes(b"\n".join(lines) + b"\n")
    expected = replayed(folder, history, county)
    assert len(expected) >= 10
    prepare(settings, county)
    rate = max(len(lines) / (kills * SECONDS_A_KILL), 1.0)
    chance = random.Random(100 * settings.partitions + workers)
    moments = Counter[str]()
    with crew(settings, folder, workers) as some:
        with run_fundwatch(settings, "load", str(history), "--rate", f"{rate:.1f}") as sender:
            aims = cycle((LOAD, REBALANCE, RESTORE))
            aim = next(aims)
            for _ in range(kills):
                moment = _kill(settings, some, aim, chance)
                moments[moment] += 1
                # What was missed is aimed at again: a restore may take less than a second.
                if aim in (LOAD, moment):
                    aim = next(aims)
            assert sender.wait() == 0
        wait_until_done(settings, some.tend)
        assert set(some.reasons) <= STARVED, some.reasons
    assert_alerts_are(settings, expected)
    again = assert_nothing_was_published_twice_differently(settings)
    print(f"{settings.partitions} partitions, {workers} workers: {dict(moments)}, {again} revisions published again")
    assert min(moments[REBALANCE], moments[RESTORE]) >= max(kills // 6, 1), "half of those that were aimed there"
    return moments


def _kill(settings: Settings, some: Crew, aim: str, chance: random.Random) -> str:
    """Kill one worker; gives the moment that it fell into, as it can be proved."""
    some.tend()
    if aim == RESTORE and (victim := _found(lambda: _one_restoring(some))) is not None:
        some.kill(victim)
        return RESTORE if _is_restoring(victim) else LOAD  # it may have been done in the same moment
    if aim == REBALANCE and _found(lambda: group_is_rebalancing(settings) or None):
        # One with partitions where there is one: nobody restores what an idle worker leaves behind, and a restore is next.
        some.kill(chance.choice([member for member in some.members if member.has_partitions] or some.members))
        return REBALANCE
    if aim == LOAD:
        time.sleep(chance.uniform(0.3, LONGEST_LOAD_SECONDS))
    some.tend()
    victim = chance.choice(some.members)
    if aim == LOAD and victim.state and chance.random() < ONE_PROCESS:
        some.kill_fellow(victim, chance)
    else:
        some.kill(victim)
    return LOAD


def _one_restoring(some: Crew) -> Member | None:
    return next((member for member in some.members if _is_restoring(member) and member.state == "restoring"), None)


def _is_restoring(member: Member) -> bool:
    """Some stages of one of its processes are restored, and not yet all: it goes through them one by one, and then says what it
    was given."""
    entries = member.entries()
    processes = {one.get("process") for one in entries}  # as their logs call them
    said = {process: [one["message"] for one in entries if one.get("process") == process] for process in processes}
    return any("state restored" in _behind(messages, "partitions assigned") for messages in said.values())


def _behind(messages: list[str], last: str) -> list[str]:
    """Those after the last such message."""
    return messages[len(messages) - messages[::-1].index(last) :] if last in messages else messages


def _found(look: Callable[[], Found | None]) -> Found | None:
    """What is looked for, as soon as it is there; None when it does not come."""
    deadline = time.monotonic() + LONGEST_AIM_SECONDS
    while (found := look()) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return found


def _every_tenth_twice(lines: list[bytes]) -> list[bytes]:
    return [line for number, line in enumerate(lines) for line in ([line, line] if number % 10 == 0 else [line])]
