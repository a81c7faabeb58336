"""How long from a transaction's arrival at Kafka to its alert's, at a steady load?

A worker with every rule first takes the county's first weeks at full speed, so that its models are warm and stays are open;
then come the days after at a fixed rate. Broker, worker and sender share the cores. Measured from outside, by the broker's
records on both ends: the record timestamps of the alert and of the transaction that it names as its source. Alerts raised
by a wake-up count from the message that moved time.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.commands import fundwatch
from benchmarks.counties import count_lines, county, transactions_of
from benchmarks.observed import last_change, new_settings, ready_worker
from benchmarks.results import Row, Section, Tell, table
from schemas.alerts import decode_alert
from stream import topics
from stream.broker import running_broker
from stream.settings import Settings
from stream.topic_access import records_to_end

MUST_P50, MUST_P99 = 60.0, 250.0  # milliseconds


def measure(tell: Tell, persons: int = 60_000, days: int = 60, rate: int = 2_000, seconds: int = 20) -> Section:
    """Three runs; the quantiles are over the revisions of all of them."""
    folder = county(persons, days)
    found: list[list[int]] = []
    with tempfile.TemporaryDirectory() as kept, running_broker(Path(kept) / "broker") as broker:
        for number in range(3):
            settings = new_settings(broker, f"round{number}.", Path(kept), folder)
            found.append(_paced(settings, folder, Path(kept), rate, rate * seconds))
            tell(f"round {number + 1}: {len(found[-1])} revisions, median {np.median(found[-1]):.0f} ms")
    return _section(found, rate, seconds, days * rate * seconds / count_lines(transactions_of(folder)))


def _paced(settings: Settings, folder: Path, kept: Path, rate: int, paced: int) -> list[int]:
    """Milliseconds to each revision that the last ``paced`` transactions caused."""
    history, rest = kept / "history.jsonl", kept / "rest.jsonl"
    first = max(count_lines(transactions_of(folder)) - paced, 0)
    _split(transactions_of(folder), first, history, rest)
    with ready_worker(settings, kept) as worker:
        fundwatch("load", "--no-mark", str(history), settings=settings)
        last_change(worker, transactions=first)
        began_ms = time.time() * 1000
        fundwatch("load", "--rate", str(rate), str(rest), settings=settings)
        last_change(worker, transactions=first + paced)
    return [took for sent, took in asyncio.run(_delays(settings)) if sent >= began_ms]


def _split(whole: Path, first: int, before: Path, after: Path) -> None:
    with whole.open("rb") as lines, before.open("wb") as head, after.open("wb") as tail:
        for number, line in enumerate(lines):
            (head if number < first else tail).write(line)


async def _delays(settings: Settings) -> list[tuple[int, int]]:
    """For each revision: when its transaction was sent, and how long after that it was published; milliseconds."""
    sent = {
        (record.partition, record.offset): record.timestamp
        async for record in records_to_end(settings, settings.topic(topics.TRANSACTIONS))
    }
    found = []
    async for record in records_to_end(settings, settings.topic(topics.ALERTS)):
        source = decode_alert(record.value or b"").source
        began = sent[source.partition, source.offset]
        found.append((began, record.timestamp - began))
    return found


def _section(found: list[list[int]], rate: int, seconds: int, days: float) -> Section:
    runs = [*found, [took for run in found for took in run]]
    names = [*(f"run {number + 1}" for number in range(len(found))), "all"]
    quantiles = [np.percentile(run, [50, 90, 99, 100]) for run in runs]
    rows = [
        (name, f"{len(run):,}", *(f"{value:.0f}" for value in each))
        for name, run, each in zip(names, runs, quantiles, strict=True)
    ]
    p50, _, p99, _ = quantiles[-1]
    text = f"""`python -m benchmarks latency`: {rate:,} transactions a second offered for {seconds} s, after the
county's weeks before were taken; every rule, both internal topics on the way of the household rules. Each second brings
{days / seconds:.1f} of the county's days, with all that a day closes. Milliseconds:

{table(("", "revisions", "p50", "p90", "p99", "most"), rows)}"""
    must = f"p50 < {MUST_P50:.0f} ms, p99 < {MUST_P99:.0f} ms"
    row = Row(
        f"event to alert at {rate:,}/s offered", must, f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        bool(p50 < MUST_P50 and p99 < MUST_P99),
    )  # fmt: skip
    return Section("From event to alert", [row], text)
