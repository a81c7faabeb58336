"""How many transactions a second does one worker carry, beside a bare Faust agent, and how long until an alert is out?

`python -m benchmarks.service [--persons N] [--days N]`: a broker, a simulated county, and on the same topic, one after the
other: a stock agent that only counts, and the service with every rule and durable state, until nothing is left to do in any
topic. Then a fresh group of topics and a steady load: the time from a transaction's record to the alert's, at a consumer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.alerts import decode_alert
from stream import topics
from stream.broker import running_broker
from stream.settings import Settings, environment_name
from stream.topic_access import records_to_end
from stream.worker_process import running_worker

REFERENCES = ("institutions", "catalogue", "persons")
RATE = 2_000  # transactions a second, for the time to an alert
PACED_SECONDS = 30
IDLE_SECONDS = 3.0
LOOK_SECONDS = 0.25  # a look is a scrape, and that costs the worker some milliseconds


class _Keyed(msgspec.Struct):
    fixmedins_code: str


class Result(msgspec.Struct, frozen=True):
    """What was measured."""

    transactions: int
    stock_agent_per_second: float
    service_per_second: float
    service_first_stage_per_second: float
    service_per_cpu_second: float
    alerts_timed: int
    seconds_to_alert_p50: float
    seconds_to_alert_p99: float


def fundwatch(settings: Settings, *words: str) -> str:
    """Run a command; its standard output."""
    given = {
        environment_name(n): str(getattr(settings, n)) for n in ("broker", "prefix", "group", "data", "partitions")
    }
    command = [sys.executable, "-c", "from stream.cli import main; main()", *words]
    return subprocess.run(command, env=_environment(given), capture_output=True, text=True, check=True).stdout


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **more}


def prepared(broker: str, prefix: str, folder: Path) -> Settings:
    """Topics of their own with the county's references in them."""
    settings = Settings(broker=broker, prefix=prefix, group=f"{prefix}group", data=folder / prefix, partitions=4)
    fundwatch(settings, "topics", "create")
    for name in REFERENCES:
        fundwatch(settings, "load", "--topic", name, str(folder / f"{name}.jsonl"))
    return settings


def stock(settings: Settings, messages: int, folder: Path) -> float:
    """Messages a second of a bare agent."""
    arguments = [settings.broker, settings.topic(topics.TRANSACTIONS), "stock", str(messages), str(folder / "stock")]
    command = [sys.executable, "-m", "benchmarks.stock_agent", *arguments]
    done = subprocess.run(command, env=_environment({}), capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout.splitlines()[-1])
    return float(measured["messages"]) / float(measured["seconds"])


def service(settings: Settings, history: Path, messages: int, folder: Path) -> tuple[float, float, float]:
    """Transactions a second until every stage is done, until the first one is, and a second of the worker's CPU time."""
    fundwatch(settings, "load", str(history))
    with running_worker(settings, folder, "see its log") as worker:
        worker.wait_until_ready()
        started, spent = time.perf_counter(), cpu_seconds(worker.metrics)
        first = moved = 0.0
        before: dict[str, float] = {}
        while not first or time.perf_counter() - moved < IDLE_SECONDS:
            taken = batch_records(worker.metrics)
            if not first and taken.get("institution", 0) >= messages:
                first = time.perf_counter()
            if taken != before:
                before, moved = taken, time.perf_counter()
            time.sleep(LOOK_SECONDS)
        cpu = cpu_seconds(worker.metrics) - spent
    return messages / (moved - started), messages / (first - started), messages / cpu


def wait_until_idle(metrics: str) -> None:
    """Until no stage has taken anything for a while: what was there before the start is done."""
    before, moved = batch_records(metrics), time.perf_counter()
    while time.perf_counter() - moved < IDLE_SECONDS:
        time.sleep(LOOK_SECONDS)
        taken = batch_records(metrics)
        if taken != before:
            before, moved = taken, time.perf_counter()


def batch_records(metrics: str) -> dict[str, float]:
    """Records taken by each stage so far."""
    start = 'fundwatch_batch_records_sum{stage="'
    return {
        line[len(start) :].split('"')[0]: float(line.split()[-1]) for line in scraped(metrics) if line.startswith(start)
    }


def cpu_seconds(metrics: str) -> float:
    """CPU time of the worker so far."""
    [line] = [line for line in scraped(metrics) if line.startswith("process_cpu_seconds_total ")]
    return float(line.split()[-1])


def scraped(metrics: str) -> list[str]:
    """The worker's metrics, line by line."""
    with urllib.request.urlopen(metrics, timeout=10) as answer:
        return list(answer.read().decode().splitlines())


def seconds_to_alert(settings: Settings, transactions: Path, folder: Path) -> list[float]:
    """From the record of the transaction that an alert names to the alert's own record, for every alert published."""
    with running_worker(settings, folder, "see its log") as worker:
        worker.wait_until_ready()
        wait_until_idle(worker.metrics)
        asyncio.run(sent_evenly(settings, transactions.read_bytes().splitlines()[: RATE * PACED_SECONDS]))
        time.sleep(3)
    return asyncio.run(_delays(settings))


async def sent_evenly(settings: Settings, lines: list[bytes]) -> None:
    """Send lines at `RATE`, in steps of 5 ms: a record's timestamp is when it was sent."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker)
    await producer.start()
    topic, started, sent = settings.topic(topics.TRANSACTIONS), time.perf_counter(), 0
    while sent < len(lines):
        due = min(int((time.perf_counter() - started) * RATE), len(lines))
        for line in lines[sent:due]:
            institution = msgspec.json.decode(line, type=_Keyed).fixmedins_code
            await producer.send(topic, line, key=institution.encode())
        sent = max(sent, due)
        await asyncio.sleep(0.005)
    await producer.stop()


async def _delays(settings: Settings) -> list[float]:
    written = {
        (record.partition, record.offset): record.timestamp
        async for record in records_to_end(settings, settings.topic(topics.TRANSACTIONS))
    }
    delays = []
    async for record in records_to_end(settings, settings.topic(topics.ALERTS)):
        source = decode_alert(record.value or b"").source
        delays.append((record.timestamp - written[source.partition, source.offset]) / 1000)
    return delays


@contextmanager
def county(persons: int, days: int) -> Iterator[Path]:
    """A folder with a simulated county."""
    with tempfile.TemporaryDirectory() as name:
        fundwatch(Settings(), "simulate", name, "--persons", str(persons), "--days", str(days), "--seed", "1")
        yield Path(name)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=60_000)
    parser.add_argument("--days", type=int, default=60)
    given = parser.parse_args()
    with county(given.persons, given.days) as folder, running_broker(folder / "broker") as broker:
        history = folder / "transactions.jsonl"
        settings = prepared(broker, "bench.", folder)
        with history.open("rb") as lines:
            messages = sum(1 for _ in lines)
        all_stages, first_stage, per_cpu = service(settings, history, messages, folder)
        bare = stock(settings, messages, folder)
        delays = sorted(seconds_to_alert(prepared(broker, "paced.", folder), history, folder))
    quantiles = statistics.quantiles(delays, n=100)
    result = Result(messages, bare, all_stages, first_stage, per_cpu, len(delays), quantiles[49], quantiles[98])
    print(msgspec.json.format(msgspec.json.encode(result)).decode())


if __name__ == "__main__":
    main()
