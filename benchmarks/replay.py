"""How many transactions a second does a replay carry on one core, beside decoding alone?

Three things, each alone in a fresh process, round after round: a generic msgspec decode of every line to dicts (the physical
limit), our typed decode to facts, and the whole replay with every rule. CPU time and wall clock; medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.commands import in_own_process
from benchmarks.counties import county
from benchmarks.profile import sampled_replay, shares
from benchmarks.replaying import apply_transactions, lines_of, opened
from benchmarks.results import Row, Section, Tell, median, table
from schemas.decode import decode
from stream import garbage
from stream.process_usage import peak_rss_bytes

MUST, MUST_SHARE = 20_000, 1 / 3  # transactions a second; of the generic decode's speed
GENERIC, TYPED, WHOLE = "decode to dicts (the physical limit)", "our typed decode to facts", "replay, every rule"


class Spent(msgspec.Struct, frozen=True):
    """What one run took."""

    transactions: int
    wall: float
    cpu: float
    size: int  # of the lines, bytes, where they were held in memory
    peak_rss: int
    alerts: int = 0

    @property
    def per_second(self) -> float:
        """By the clock on the wall."""
        return self.transactions / self.wall

    @property
    def per_cpu_second(self) -> float:
        """By the process's own time."""
        return self.transactions / self.cpu


def measure(tell: Tell, persons: int = 20_000, days: int = 60, rounds: int = 5) -> Section:
    """The medians over the rounds."""
    folder = county(persons, days)
    runs: dict[str, list[Spent]] = {GENERIC: [], TYPED: [], WHOLE: []}
    for number in range(rounds):
        for name, run in ((GENERIC, generic), (TYPED, typed), (WHOLE, whole)):
            runs[name].append(in_own_process(run, folder))
        tell(f"round {number + 1}: " + ", ".join(f"{each[-1].per_second:,.0f}/s" for each in runs.values()))
    layers = shares(in_own_process(sampled_replay, folder))
    return _section(runs, layers, rounds)


def generic(folder: Path) -> Spent:
    """Every line to dicts."""
    return _each(msgspec.json.Decoder().decode, folder)


def typed(folder: Path) -> Spent:
    """Every line to facts."""
    return _each(decode, folder)


def _each(call: Callable[[bytes], object], folder: Path) -> Spent:
    lines = lines_of(folder)
    garbage.tame()
    wall, cpu = time.perf_counter(), time.process_time()
    for line in lines:
        call(line)
    return _spent(len(lines), sum(map(len, lines)), wall, cpu)


def whole(folder: Path) -> Spent:
    """The history, reading the file included; the reference records are there already, as in the command's own summary."""
    replay = opened(folder)
    wall, cpu = time.perf_counter(), time.process_time()
    apply_transactions(replay, folder)
    return _spent(replay.transactions, 0, wall, cpu, len(replay.newest))


def _spent(transactions: int, size: int, wall: float, cpu: float, alerts: int = 0) -> Spent:
    now, used = time.perf_counter(), time.process_time()
    return Spent(transactions, now - wall, used - cpu, size, peak_rss_bytes(), alerts)


def _section(runs: dict[str, list[Spent]], layers: str, rounds: int) -> Section:
    wall = {name: median(run.per_second for run in each) for name, each in runs.items()}
    cpu = {name: median(run.per_cpu_second for run in each) for name, each in runs.items()}
    rows = [
        (name, f"{wall[name]:,.0f}", f"{cpu[name]:,.0f}", f"{1e6 / cpu[name]:.1f}", f"{cpu[name] / cpu[GENERIC]:.2f}")
        for name in runs
    ]
    [first, *_], [last, *_] = runs[GENERIC], runs[WHOLE]
    text = f"""`python -m benchmarks replay`: {first.transactions:,} transactions of
{first.size / first.transactions:,.0f} bytes, each line alone in a fresh process, {rounds} rounds,
medians; {last.alerts} alerts, {last.peak_rss / 2**20:,.0f} MiB at most.

{table(("", "a second", "a CPU second", "CPU µs each", "of the generic decode"), rows)}

Where the replay's time goes (sampled; `python -m benchmarks.profile COUNTY` shows functions too):

{layers}"""
    share, of_ours = cpu[WHOLE] / cpu[GENERIC], cpu[WHOLE] / cpu[TYPED]
    must = f"≥ {MUST:,}/s and ≥ 1/3 of decode alone"
    measured = f"{wall[WHOLE]:,.0f}/s, {share:.2f} of the generic decode alone, {of_ours:.2f} of our own"
    row = Row("replay from a file, one core, all rules", must, measured, wall[WHOLE] >= MUST and share >= MUST_SHARE)
    return Section("Replay, one core, every rule", [row], text)
