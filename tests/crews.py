"""Workers of one group that are killed, end by themselves, and are started again as an orchestrator would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient

from detectors.engine.compare import REVISIONS_LEFT_OUT
from schemas.alerts import Alert, decode_alert
from stream import topics
from stream.group_lag import GroupLag
from stream.settings import Settings, environment_name
from stream.topic_access import records_to_end
from stream.worker_process import WorkerProcess, running_worker
from tests.service_runs import REFERENCES, County, comparable, published
from tests.toy_runs import wait_until

ROOT = Path(__file__).parent.parent
QUIET_LOOKS = 3  # the lag is looked at as often, a second apart: between two stages nothing waits for a moment


def fellows_of(pid: int) -> list[int]:
    """The further processes of a worker, the one of the later stages first; its other child is Python's tracker of resources."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in children if b"resource_tracker" not in Path(f"/proc/{each}/cmdline").read_bytes()]


class Member:
    """One worker process of a crew."""

    def __init__(self, worker: WorkerProcess, folder: Path) -> None:
        self._worker = worker
        self._folder = folder
        self.metrics = worker.metrics
        self._ready = worker.metrics.replace("/metrics", "/readyz")
        self.process = worker._process

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self._folder / "worker.log").read_text(errors="replace")

    def entries(self) -> list[dict[str, Any]]:
        """Its log, entry by entry; a last line that is cut off in the middle is left out."""
        found = []
        for line in self.log.splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found

    @property
    def state(self) -> str:
        """What `/readyz` says: joining, restoring or consuming; "" where it does not answer."""
        try:
            with urllib.request.urlopen(self._ready, timeout=5) as answer:
                return str(json.load(answer)["state"])
        except urllib.error.HTTPError as answer:
            return str(json.load(answer)["state"])
        except OSError:
            return ""

    @property
    def has_partitions(self) -> bool:
        """Whether it was given any when it was last given what it has; with fewer partitions than workers some wait."""
        given = [entry["stages"] for entry in self.entries() if entry["message"] == "partitions assigned"]
        return bool(given) and given[-1] > 0

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self.process.poll() is not None

    @property
    def reason(self) -> str:
        """The kind of error that it says it ended with, "" where it says none."""
        failed = [entry for entry in self.entries() if entry["message"] == "the worker cannot go on"]
        own = [entry["error"]["kind"] for entry in failed if "process" not in entry]
        if own and own[-1] == "FellowEnded":  # for a reason of its own, unless it was killed
            own += [entry["error"]["kind"] for entry in failed if "process" in entry][:1]
        return str(own[-1]) if own else self.log.rpartition("fundwatch: ")[2].strip()

    def kill(self) -> None:
        """SIGKILL."""
        self._worker.kill()

    def kill_fellow(self, chance: random.Random) -> None:
        """SIGKILL to one of its further processes alone; the worker ends by itself."""
        os.kill(chance.choice(fellows_of(self.process.pid)), signal.SIGKILL)
        assert self.process.wait(20) == 1, self.log[-3000:]
        assert self.reason == "FellowEnded", self.log[-3000:]

    def wait_for_log(self, words: str, times: int = 1, seconds: float = 60.0) -> None:
        """Until its log has the words that often."""
        try:
            wait_until(lambda: self.log.count(words) >= times, seconds, f"{times} × {words!r}")
        except AssertionError as error:
            raise AssertionError(f"{error} in\n{self.log[-3000:]}") from None

    def wait_until_ready(self, seconds: float = 120.0) -> None:
        """Until it works on its partitions."""
        try:
            wait_until(lambda: self.has_ended or self.state == "consuming", seconds, "a worker that works")
        except AssertionError as error:
            raise AssertionError(f"{error}; its log:\n{self.log[-3000:]}") from None
        assert not self.has_ended, f"it ended by itself:\n{self.log[-3000:]}"


class Crew:
    """Workers of one group. `tend` starts another for each that has ended by itself, and keeps why it did."""

    def __init__(self, stack: contextlib.ExitStack, settings: Settings, folder: Path) -> None:
        self._stack, self._settings, self._folder = stack, settings, folder
        self._started = 0
        self.members: list[Member] = []
        self.reasons: list[str] = []

    def start_one(self, settings: Settings | None = None, configuration: str = "") -> Member:
        """Start a worker; ``configuration`` is its fundwatch.toml."""
        self._started += 1
        folder = self._folder / f"worker{self._started}"
        folder.mkdir()
        (folder / "fundwatch.toml").write_text(configuration)
        worker = self._stack.enter_context(running_worker(settings or self._settings, folder, "look at its log"))
        member = Member(worker, folder)
        self.members.append(member)
        return member

    def kill(self, victim: Member) -> Member:
        """Kill one that must still run, and start another; gives the new one."""
        return self._replace(victim, victim.kill)

    def kill_fellow(self, victim: Member, chance: random.Random) -> Member:
        """The same by one of its further processes, with which it ends."""
        return self._replace(victim, partial(victim.kill_fellow, chance))

    def _replace(self, victim: Member, kill: Callable[[], None]) -> Member:
        assert not victim.has_ended, f"it had ended by itself:\n{victim.log[-3000:]}"
        self.members.remove(victim)
        kill()
        return self.start_one()

    def tend(self) -> None:
        """Start another for each that has ended by itself."""
        for member in [member for member in self.members if member.has_ended]:
            assert member.process.returncode == 1, member.log[-3000:]
            self.reasons.append(member.reason)
            self.members.remove(member)
            self.start_one()


@contextlib.contextmanager
def crew(settings: Settings, folder: Path, workers: int) -> Iterator[Crew]:
    """So many workers, ready, for the time of a `with` block."""
    with contextlib.ExitStack() as stack:
        some = Crew(stack, settings, folder)
        for _ in range(workers):
            some.start_one().wait_until_ready()
        yield some


# -- what they work on ----------------------------------------------------------------------------------------------


def run_fundwatch(settings: Settings, *words: str) -> subprocess.Popen[bytes]:
    """A command of ours in a process of its own."""
    names = ("broker", "prefix", "group", "data", "partitions")
    environment = {environment_name(name): str(getattr(settings, name)) for name in names}
    code = [sys.executable, "-c", "from stream.cli import main; main()", *words]
    return subprocess.Popen(code, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)


def prepare(settings: Settings, county: County) -> None:
    """Topics, and the county's reference records in them."""
    topics.create(settings)
    for name in REFERENCES:
        assert run_fundwatch(settings, "load", "--topic", name, str(county.file(name))).wait() == 0


def wait_until_done(settings: Settings, tend: Callable[[], None] = lambda: None, seconds: float = 300.0) -> None:
    """Until everything in every topic that is read was processed and committed."""
    quiet = 0

    def is_quiet() -> bool:
        nonlocal quiet
        tend()
        quiet = quiet + 1 if asyncio.run(_lag(settings)) == 0 else 0
        time.sleep(1.0)
        return quiet >= QUIET_LOOKS

    wait_until(is_quiet, seconds, "a lag of zero")


async def _lag(settings: Settings) -> int:
    async with GroupLag(settings) as lag:
        return (await lag.records())[0]


def group_is_rebalancing(settings: Settings) -> bool:
    """What the group's coordinator says at this moment."""
    return asyncio.run(_group_state(settings)) in ("PreparingRebalance", "CompletingRebalance")


async def _group_state(settings: Settings) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await admin.start()
    try:
        [answer] = await admin.describe_consumer_groups([settings.group])
        return str(answer.groups[0][2])
    finally:
        await admin.close()


# -- what came of it ------------------------------------------------------------------------------------------------


def assert_alerts_are(settings: Settings, expected: Mapping[str, Alert]) -> None:
    """Every alert of the replay stands open as it says, and no other; with one partition, retracted ones alike."""
    found = published(settings)
    assert comparable(found) == comparable(dict(expected))
    if settings.partitions == 1:
        assert {key: alert.status for key, alert in found.items()} == {
            key: alert.status for key, alert in expected.items()
        }


def assert_nothing_was_published_twice_differently(settings: Settings) -> int:
    """And no revision is missing; how many were published again."""
    first: dict[tuple[str, int], bytes] = {}
    revisions: defaultdict[str, set[int]] = defaultdict(set)
    again = 0
    for record in alert_records(settings):
        assert record.value is not None
        alert = decode_alert(record.value)
        before = first.setdefault((alert.alert_id, alert.revision), record.value)
        again += before is not record.value
        assert before == record.value, f"{alert.alert_id} revision {alert.revision} was published with two contents"
        revisions[alert.alert_id].add(alert.revision)
    gaps = {key: sorted(numbers) for key, numbers in revisions.items() if not _is_whole(sorted(numbers))}
    assert not gaps, "revisions that consumers never got"
    print(f"\n{len(first)} revisions, {again} of them published again")
    return again


def _is_whole(numbers: list[int]) -> bool:
    """From 1 on, each number or, where the alert came to be about another institution, some thousand later."""
    steps = [after - before for before, after in pairwise([0, *numbers])]
    return all(step == 1 or REVISIONS_LEFT_OUT // 2 < step <= REVISIONS_LEFT_OUT for step in steps)


def alert_records(settings: Settings) -> list[ConsumerRecord]:
    """Every record of the alerts topic, in order by partition."""
    return all_records(settings, topics.ALERTS)


def all_records(settings: Settings, name: str) -> list[ConsumerRecord]:
    """Every record of one of our topics, in order by partition."""

    async def read() -> list[ConsumerRecord]:
        return [record async for record in records_to_end(settings, settings.topic(name))]

    return sorted(asyncio.run(read()), key=lambda record: (record.partition, record.offset))


def at(settings: Settings, broker: str) -> Settings:
    """The same with another way to the broker."""
    return msgspec.structs.replace(settings, broker=broker)
