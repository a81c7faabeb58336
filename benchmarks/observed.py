"""What can be seen of a worker from outside while it works: its metrics, and the topics that it writes?"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.commands import fundwatch
from stream import topics
from stream.alert_reading import Selection, newest
from stream.connection import aiokafka_options
from stream.settings import Settings
from stream.worker_process import WorkerProcess, running_worker

REFERENCES = ("institutions", "catalogue", "persons")
PROCESSES = Settings().processes
_IDLE_SECONDS = 3.0
_LOOK_SECONDS = 0.25  # a look is a scrape, and that costs the worker some milliseconds
_LONGEST_SECONDS = 900.0
_RECORDS = 'fundwatch_batch_records_sum{stage="'
_STATE = (topics.STATE_INSTITUTION, topics.STATE_PERSON, topics.STATE_HOUSEHOLD, topics.STATE_PEERS)


class Published(msgspec.Struct, frozen=True):
    """What lies in the topics that a worker writes. ``open_alerts`` are ids; ``pages`` counts the changelogs' records."""

    revisions: int
    open_alerts: frozenset[str]
    pages: int


class Look(msgspec.Struct, frozen=True):
    """One look at a worker's metrics."""

    at: float
    records: dict[str, float]  # delivered so far, with their pages at the broker, by stage
    cpu_seconds: float


def new_settings(
    broker: str, prefix: str, folder: Path, county: Path, partitions: int = 4, processes: int = PROCESSES
) -> Settings:
    """Topics of their own with the county's references in them."""
    settings = Settings(
        broker=broker,
        prefix=prefix,
        group=f"{prefix}group",
        data=folder / prefix,
        partitions=partitions,
        processes=processes,
    )
    fundwatch("topics", "create", settings=settings)
    for name in REFERENCES:
        fundwatch("load", "--topic", name, str(county / f"{name}.jsonl"), settings=settings)
    return settings


@contextmanager
def ready_worker(settings: Settings, folder: Path) -> Iterator[WorkerProcess]:
    """A worker that has its state and its partitions; its log is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_worker(settings, folder, "see its log") as worker:
        worker.wait_until_ready()
        yield worker


def look(worker: WorkerProcess) -> Look:
    """A look at its metrics; raises `WorkerEnded` where it runs no more."""
    worker.check()
    with urllib.request.urlopen(worker.metrics, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    at = time.perf_counter()
    records = {line[len(_RECORDS) :].split('"')[0]: _number(line) for line in lines if line.startswith(_RECORDS)}
    [cpu] = [_number(line) for line in lines if line.startswith("process_cpu_seconds_total ")]
    return Look(at, records, cpu)


def _number(line: str) -> float:
    return float(line.rpartition(" ")[2])


def last_change(*workers: WorkerProcess, transactions: int = 0) -> list[Look]:
    """The look at each worker when the last of them stopped delivering, after so many transactions."""
    deadline = time.perf_counter() + _LONGEST_SECONDS
    seen = [look(worker) for worker in workers]
    while True:
        time.sleep(_LOOK_SECONDS)
        looks = [look(worker) for worker in workers]
        if [one.records for one in looks] != [one.records for one in seen]:
            seen = looks
        taken = sum(one.records.get("institution", 0) for one in seen)
        now = looks[-1].at
        if taken >= transactions and now - max(one.at for one in seen) > _IDLE_SECONDS:
            return seen
        if now > deadline:
            raise SystemExit(f"after {_LONGEST_SECONDS:.0f} s {taken:,.0f} of {transactions:,} transactions are done")


def published(settings: Settings) -> Published:
    """What its topics hold now."""
    complaints: list[str] = []
    alerts = asyncio.run(newest(settings, Selection(), complaints.append))
    assert not complaints, complaints
    revisions, pages = asyncio.run(_ends(settings, [topics.ALERTS], list(_STATE)))
    return Published(revisions, frozenset(alert.alert_id for alert in alerts if alert.status == "open"), pages)


async def _ends(settings: Settings, *groups: list[str]) -> list[int]:
    """Records ever written to each group of topics; a transaction's end counts as one."""
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **aiokafka_options(settings))
    await consumer.start()
    found = []
    for names in groups:
        places = [TopicPartition(settings.topic(name), p) for name in names for p in range(settings.partitions)]
        found.append(sum((await consumer.end_offsets(places)).values()))
    await consumer.stop()
    return found
