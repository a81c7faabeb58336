"""Do the same transactions give the same alerts, whatever is killed and doubled on the way? (docs/guarantees.md)

A real Kafka, the real engine and all its rules. Every tenth message comes twice, workers are killed with SIGKILL at random
moments (under load, in a rebalance, in a restore) and others take over. What then stands is compared with a replay that
nobody disturbed, and everything that was ever published with itself: an alert that was published again must be the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.alerts import decode_alert
from stream import topics
from stream.settings import Settings, environment_name
from stream.topic_access import records_to_end
from stream.worker_process import WorkerProcess, running_worker
from tests.service_runs import CUT, REFERENCES, County, comparable, published, replayed
from tests.toy_runs import wait_until

SECONDS_A_KILL = 12.0  # the group waits a session, ten seconds, for who was killed


def test_five_kills_change_no_alert(kafka_settings: Settings, tmp_path: Path) -> None:
    """Messages trickle in: kills fall between batches, into rebalances and restores."""
    survive(kafka_settings, tmp_path, CUT, partitions=4, workers=2, kills=5, seed=7, trickles=True)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("partitions", "workers", "kills"), [(1, 1, 10), (1, 2, 10), (4, 1, 15), (4, 3, 25), (16, 2, 20), (16, 3, 20)]
)
def test_a_hundred_kills_under_load_change_no_alert(
    kafka_settings: Settings, tmp_path: Path, partitions: int, workers: int, kills: int
) -> None:
    """A backlog of a county's two months: kills fall into batches, flushes and commits."""
    simulated = ["simulate", str(tmp_path / "county"), "--days", "60", "--persons", "40000", "--seed", "5"]
    assert _fundwatch(kafka_settings, partitions, *simulated).wait() == 0
    county = County(tmp_path / "county", ".jsonl")
    survive(kafka_settings, tmp_path, county, partitions, workers, kills, 100 * partitions + workers, trickles=False)


def survive(
    settings: Settings, folder: Path, county: County, partitions: int, workers: int, kills: int, seed: int, trickles: bool
) -> None:  # fmt: skip
    """One run with that many kills; asserts all that is promised."""
    history = folder / "transactions.jsonl"
    lines = _every_tenth_twice(county.transactions())
    history.write_bytes(b"\n".join(lines) + b"\n")
    expected = comparable(replayed(folder, history, county))
    assert len(expected) >= 10
    _fundwatch(settings, partitions, "topics", "create").wait()
    for name in REFERENCES:
        assert _fundwatch(settings, partitions, "load", "--topic", name, str(county.file(name))).wait() == 0
    rate = ["--rate", f"{max(len(lines) / (kills * SECONDS_A_KILL * 0.8), 1.0):.1f}"] if trickles else []
    chance = random.Random(seed)
    with _crew(settings, folder, workers) as crew:
        with _fundwatch(settings, partitions, "load", str(history), *rate) as sender:
            for _ in range(kills):
                time.sleep(chance.uniform(0.3, 2 * SECONDS_A_KILL - 0.3))
                crew.kill_one(chance)
            assert sender.wait() == 0
        wait_until(
            lambda: comparable(published(settings)) == expected, 240, f"the {len(expected)} alerts of the replay"
        )
    _assert_nothing_was_published_twice_differently(settings)


class _Crew:
    """Workers of one group; for every one that is killed another starts at once."""

    def __init__(self, stack: contextlib.ExitStack, settings: Settings, folder: Path) -> None:
        self._stack, self._settings, self._folder = stack, settings, folder
        self._workers: list[WorkerProcess] = []
        self._started = 0

    def start_one(self) -> WorkerProcess:
        self._started += 1
        folder = self._folder / f"worker{self._started}"
        folder.mkdir()
        worker = self._stack.enter_context(running_worker(self._settings, folder, "look at its log"))
        self._workers.append(worker)
        return worker

    def kill_one(self, chance: random.Random) -> None:
        victim = self._workers.pop(chance.randrange(len(self._workers)))
        victim.check()  # or it had ended by itself, and something is wrong
        victim.kill()
        self.start_one()


@contextlib.contextmanager
def _crew(settings: Settings, folder: Path, workers: int) -> Iterator[_Crew]:
    with contextlib.ExitStack() as stack:
        crew = _Crew(stack, settings, folder)
        for _ in range(workers):
            crew.start_one().wait_until_ready()
        yield crew


def _every_tenth_twice(lines: list[bytes]) -> list[bytes]:
    return [line for number, line in enumerate(lines) for line in ([line, line] if number % 10 == 0 else [line])]


def _fundwatch(settings: Settings, partitions: int, *words: str) -> subprocess.Popen[bytes]:
    names = ("broker", "prefix", "group", "data")
    environment = {environment_name(name): str(getattr(settings, name)) for name in names}
    environment[environment_name("partitions")] = str(partitions)
    code = [sys.executable, "-c", "from stream.cli import main; main()", *words]
    return subprocess.Popen(code, env=environment, cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL)


def _assert_nothing_was_published_twice_differently(settings: Settings) -> None:
    first: dict[tuple[str, int], bytes] = {}
    again = 0
    for value in asyncio.run(_every_revision(settings)):
        alert = decode_alert(value)
        before = first.setdefault((alert.alert_id, alert.revision), value)
        again += before is not value
        assert before == value, f"{alert.alert_id} revision {alert.revision} was published with two contents"
    print(f"\n{len(first)} revisions, {again} of them published again after a kill")


async def _every_revision(settings: Settings) -> list[bytes]:
    return [record.value async for record in records_to_end(settings, settings.topic(topics.ALERTS))]
