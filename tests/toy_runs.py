"""Toy workers in processes of their own, and what they left behind at the broker."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from stream.connection import administration
from stream.settings import Settings
from stream.topic_access import records_to_end
from tests.toy_worker import Tally

ROOT = Path(__file__).parent.parent
TOPICS = ("transactions", "alerts", "dead-letters", "state.toy")


def create_toy_topics(settings: Settings, partitions: int) -> None:
    """The topics of the toy, and wait for them."""
    with administration(settings) as admin:
        admin.create_topics({settings.topic(name): {"num_partitions": partitions} for name in TOPICS})
        admin.wait_for_topics([settings.topic(name) for name in TOPICS])


async def send(settings: Settings, partition: int, rows: Sequence[tuple[bytes, bytes]]) -> None:
    """Put (key, value) rows into a partition of the transactions."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker, enable_idempotence=True)
    await producer.start()
    try:
        batch = producer.create_batch()
        for key, value in rows:
            if batch.append(key=key, value=value, timestamp=None) is None:
                await (await producer.send_batch(batch, settings.topic("transactions"), partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        await (await producer.send_batch(batch, settings.topic("transactions"), partition=partition))
    finally:
        await producer.stop()


def fill(settings: Settings, partitions: int, each: int) -> None:
    """`each` records into every partition, under 50 keys."""
    for partition in range(partitions):
        asyncio.run(send(settings, partition, [(b"key%d" % (n % 50), b"%0100d" % n) for n in range(each)]))


class ToyRun:
    """A toy worker that was started."""

    def __init__(self, settings: Settings, partitions: int, folder: Path, log: Path, first: str = "") -> None:
        self._log = log
        code = f"import sys; from tests import toy_worker; {first}\ntoy_worker.main(*sys.argv[1:])"
        arguments = (settings.broker, settings.prefix, settings.group, str(partitions), str(folder))
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, *arguments],
                cwd=ROOT,
                stderr=errors,
                stdin=subprocess.DEVNULL,
            )

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def wait_for(self, words: str, seconds: float = 30.0, times: int = 1) -> None:
        """Until its log has the words."""
        wait_until(lambda: self.log.count(words) >= times, seconds, f"{words!r} in\n{self.log}")

    def stop(self, seconds: float = 15.0) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)


@contextmanager
def toy_worker(
    settings: Settings, partitions: int, tmp_path: Path, name: str = "a", data: str | None = None, first: str = ""
) -> Iterator[ToyRun]:
    """A toy worker for the time of a `with` block, with a data folder of its own or that one.

    ``first`` is Python that it runs before it begins.
    """
    run = ToyRun(settings, partitions, tmp_path / f"data-{data or name}", tmp_path / f"{name}.log", first)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


def wait_until(reached: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def wait_for_alerts(settings: Settings, wanted: int, seconds: float = 60.0) -> None:
    """Until so many different alerts are there; says how many it were, and where the first one is missing."""
    deadline = time.monotonic() + seconds
    while len(there := alert_ids(settings)) < wanted:
        assert time.monotonic() < deadline, f"{len(there)} of {wanted} alerts after {seconds} s, {tallies(settings)}"
        time.sleep(0.1)


def alert_ids(settings: Settings) -> Counter[str]:
    """How often each alert was published."""
    return asyncio.run(_alert_ids(settings))


async def _alert_ids(settings: Settings) -> Counter[str]:
    topic = settings.topic("alerts")
    return Counter([(record.key or b"").decode() async for record in records_to_end(settings, topic)])


def tallies(settings: Settings) -> dict[tuple[int, bytes], int]:
    """The counts that the changelog holds, by partition and key."""
    return asyncio.run(_tallies(settings))


async def _tallies(settings: Settings) -> dict[tuple[int, bytes], int]:
    found: dict[tuple[int, bytes], int] = {}
    async for record in records_to_end(settings, settings.topic("state.toy")):
        assert record.value is not None
        found[record.partition, record.key or b""] = msgspec.msgpack.decode(record.value, type=Tally).count
    return found


def every_record(partitions: int, each: int) -> set[str]:
    """The ids of the alerts that must be there: one a record."""
    return {f"{partition}-{offset}" for partition in range(partitions) for offset in range(each)}
