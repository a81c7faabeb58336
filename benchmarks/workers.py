"""Do two workers on partitions of their own do twice the work of one?

Where a broker wants its share of two cores, two workers cannot show it on the clock. So twice over:

* without a broker: the engine's three stages over sixteen partitions, in one process that has them all, then in two that have
  eight each, on a core each. What one stage sends to partitions of the other process goes by a file between the stages. Beside
  it the same with nothing but a decode: what this machine gives to two processes that share nothing at all.
* on a broker: CPU time a transaction of one worker, and of two that share the partitions. Equal means that neither waits for the
  other nor does anything twice.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.commands import fundwatch
from benchmarks.counties import count_lines, county, transactions_of
from benchmarks.observed import last_change, look, new_settings, ready_worker
from benchmarks.parted import Done, alone_decoding, parted_run
from benchmarks.replaying import apply_transactions, opened
from benchmarks.results import Row, Section, Tell, median, spread, table
from stream.broker import running_broker
from stream.settings import Settings
from stream.worker_process import WorkerProcess

MUST, MUST_CPU = 1.7, 1.10
_OF_MACHINE = 0.95  # of what two processes gain that share nothing: there the cores allow no more
_IDLE_SECONDS = 5.0
ENGINE, DECODE = "the engine, every rule", "decode to dicts, nothing else"


def measure(tell: Tell, persons: int = 30_000, days: int = 60, rounds: int = 3) -> Section:
    """The medians over the rounds."""
    folder = county(persons, days)
    expected = _replayed(folder)
    seconds: dict[tuple[str, int], list[float]] = {}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for name, job in ((ENGINE, parted_run), (DECODE, alone_decoding)):
            for workers in (1, 2):
                done = job(folder, workers)
                seconds.setdefault((name, workers), []).append(max(each.seconds for each in done))
                if name == ENGINE:
                    cpu[workers].append(sum(each.cpu for each in done))
                    _check(done, expected)
        times = ", ".join(f"{name} {each[-1]:.1f} s by {workers}" for (name, workers), each in seconds.items())
        tell(f"round {number + 1}: {times}")
    served = {workers: _served(folder, workers) for workers in (1, 2)}
    tell(f"on a broker: {served[1]:.0f} µs a transaction by one worker, {served[2]:.0f} by two")
    return _section(seconds, cpu, served, count_lines(transactions_of(folder)), rounds)


def _replayed(folder: Path) -> set[str]:
    replay = opened(folder)
    apply_transactions(replay, folder)
    return {alert.alert_id for alert in replay.alerts() if alert.status == "open"}


def _check(done: list[Done], expected: set[str]) -> None:
    found = {alert_id for each in done for alert_id in each.open_alerts}
    if found != expected:
        raise SystemExit(f"{len(done)} processes left {len(found)} alerts, a replay {len(expected)}, or others")


def _served(folder: Path, workers: int) -> float:
    """CPU µs a transaction of so many workers together, on a broker of their own, beyond what they take idle."""
    with tempfile.TemporaryDirectory() as kept, running_broker(Path(kept) / "broker") as broker:
        settings = new_settings(broker, "shared.", Path(kept), folder)
        if workers == 1:
            with ready_worker(settings, Path(kept)) as only:
                return _cpu_us(settings, folder, only)
        second = msgspec.structs.replace(settings, data=Path(kept) / "second")
        with ready_worker(settings, Path(kept)) as one, ready_worker(second, Path(kept) / "other") as other:
            one.wait_until_ready()
            return _cpu_us(settings, folder, one, other)


def _cpu_us(settings: Settings, folder: Path, *workers: WorkerProcess) -> float:
    last_change(*workers)
    idle = _cpu_a_second(*workers)
    before = [look(worker) for worker in workers]
    messages = count_lines(transactions_of(folder))
    fundwatch("load", str(transactions_of(folder)), settings=settings)
    looks = last_change(*workers, transactions=messages)
    if len(workers) > 1 and not all(each.records.get("institution") for each in looks):
        raise SystemExit("one of the workers had nothing to do")
    seconds = max(each.at for each in looks) - before[0].at
    spent = sum(after.cpu_seconds - then.cpu_seconds for after, then in zip(looks, before, strict=True))
    return (spent - idle * seconds) / messages * 1e6


def _cpu_a_second(*workers: WorkerProcess) -> float:
    """What they take together while there is nothing to do."""
    before = [look(worker) for worker in workers]
    time.sleep(_IDLE_SECONDS)
    after = [look(worker) for worker in workers]
    spent = sum(now.cpu_seconds - then.cpu_seconds for now, then in zip(after, before, strict=True))
    return spent / (after[0].at - before[0].at)


def _section(
    seconds: dict[tuple[str, int], list[float]], cpu: dict[int, list[float]], served: dict[int, float], messages: int, rounds: int
) -> Section:  # fmt: skip
    gains = {name: median(seconds[name, 1]) / median(seconds[name, 2]) for name in (ENGINE, DECODE)}
    rows = [
        (name, spread(seconds[name, 1], ".2f"), spread(seconds[name, 2], ".2f"), f"× {gains[name]:.2f}")
        for name in (ENGINE, DECODE)
    ]
    more, more_served = median(cpu[2]) / median(cpu[1]), served[2] / served[1]
    text = f"""`python -m benchmarks workers`: {messages:,} transactions on sixteen partitions, {rounds} rounds, medians
(least–most); the alerts of both are those of a replay. The second line is what the machine gives to two processes
that share nothing.

{table(("", "one process, s", "two processes, s", "gain"), rows)}

CPU time of two beside one: without a broker × {more:.2f}; as workers on a broker {served[1]:.0f} µs a transaction
by one, {served[2]:.0f} µs by two (× {more_served:.2f}), snapshots that cross from one to the other included, what a worker
takes while there is nothing to do (heartbeats, metrics, fetches) not."""
    gain, possible = gains[ENGINE], gains[DECODE]
    row = Row(
        "two workers on separate partitions",
        f"≥ × {MUST} where cores allow; CPU time × ≤ {MUST_CPU}",
        f"× {gain:.2f} where two bare decoders get × {possible:.2f}; CPU time × {more:.2f}, on a broker × {more_served:.2f}",
        gain >= min(MUST, possible * _OF_MACHINE) and more <= MUST_CPU,
    )
    return Section("Two workers", [row], text)
