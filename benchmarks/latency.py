"""How long from a transaction's arrival at Kafka to its alert's?

    python -m benchmarks.latency FOLDER [--rate 2000] [--seconds 60]

FOLDER holds a county as `fundwatch simulate` makes it. A broker, one worker with every rule and a sender at a fixed rate share
this machine's cores. Measured from outside, by the broker's clock on both ends: the record timestamps of the alert and of
the transaction that it names as its source. Alerts raised by a wake-up count from the message that moved time.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from schemas.alerts import decode_alert
from stream import topics
from stream.broker import running_broker
from stream.settings import Settings, environment_name
from stream.topic_access import records_to_end
from stream.worker_process import running_worker

_SETTLE_SECONDS = 10.0


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept, running_broker(Path(kept) / "kafka") as broker:
        settings = Settings(broker=broker, group="latency", data=Path(kept) / "data", partitions=2, metrics_port=0)
        topics.create(settings)
        for name in ("institutions", "catalogue", "persons"):
            _load(settings, asked.folder / f"{name}.jsonl", "--topic", name)
        with running_worker(settings, Path(kept), "look at its log") as worker:
            worker.wait_until_ready()
            time.sleep(_SETTLE_SECONDS)  # the persons
            history = Path(kept) / "transactions.jsonl"
            _cut(asked.folder / "transactions.jsonl", history, asked.rate * asked.seconds)
            print(f"{machine()}\n{_load(settings, history, '--rate', str(asked.rate))}")
            time.sleep(_SETTLE_SECONDS)
            worker.check()
            milliseconds = asyncio.run(_latencies(settings))
    p50, p90, p99 = np.percentile(milliseconds, [50, 90, 99])
    print(
        f"{len(milliseconds):,} revisions: p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f} ms, most {max(milliseconds)} ms"
    )


def _cut(whole: Path, cut: Path, lines: int) -> None:
    with whole.open("rb") as source, cut.open("wb") as target:
        for _, line in zip(range(lines), source, strict=False):
            target.write(line)


def _load(settings: Settings, file: Path, *options: str) -> str:
    names = ("broker", "group", "data")
    environment = {environment_name(name): str(getattr(settings, name)) for name in names}
    words = [sys.executable, "-c", "from stream.cli import main; main()", "load", str(file), *options]
    return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.strip()


async def _latencies(settings: Settings) -> list[int]:
    sent = {
        (record.partition, record.offset): record.timestamp
        async for record in records_to_end(settings, settings.topic(topics.TRANSACTIONS))
    }
    found = []
    async for record in records_to_end(settings, settings.topic(topics.ALERTS)):
        source = decode_alert(record.value).source
        found.append(record.timestamp - sent[source.partition, source.offset])
    return found


if __name__ == "__main__":
    main()
