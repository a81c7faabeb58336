"""Does a transaction cost more in a larger county?

The same days in counties of 10,000, 30,000 and 100,000 people: each person makes the same number of transactions a day, and
every page is as old. All state is kept, and the caches are bounded as in production. What counts is the steady cost: CPU time
a transaction over the last third of the days. Beside it instructions a transaction, counted by valgrind where it is
installed: time depends on the machine's caches and neighbours, instructions do not.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from benchmarks.commands import in_own_process
from benchmarks.counties import county
from benchmarks.instructions import instructions_from, is_countable
from benchmarks.replaying import apply_transactions, opened
from benchmarks.results import Row, Section, Tell, median, spread, table
from stream.process_usage import peak_rss_bytes
from stream.replay import Replay

MUST = 1.15


class Cost(msgspec.Struct, frozen=True):
    """What the last third of the days cost."""

    transactions: int
    cpu_us: float  # a transaction
    reads: float  # of pages, a transaction
    misses: float  # of those, pages that had to be decoded
    pages: int  # kept at the end
    peak_rss: int


def measure(
    tell: Tell, sizes: tuple[int, ...] = (10_000, 30_000, 100_000), days: int = 60, rounds: int = 3, counted_days: int = 20
) -> Section:  # fmt: skip
    """The medians over the rounds, and the ratio of the largest to the smallest."""
    costs: dict[int, list[Cost]] = {persons: [] for persons in sizes}
    for number in range(rounds):
        for persons in sizes:
            costs[persons].append(in_own_process(steady_cost, county(persons, days), days * 2 // 3))
            tell(f"round {number + 1}: {persons:,} persons: {costs[persons][-1].cpu_us:.1f} µs a transaction")
    counted = {}
    if is_countable():
        for persons in (sizes[0], sizes[-1]):
            counted[persons] = instructions_from(county(persons, counted_days), counted_days - 2)
            tell(f"{persons:,} persons: {counted[persons]:,.0f} instructions a transaction")
    return _section(costs, counted, counted_days, days, rounds)


def steady_cost(folder: Path, from_day: int) -> Cost:
    """Replay the county and measure from that day on."""
    replay = opened(folder)
    began: list[tuple[float, ...]] = []

    def begin(day: int) -> None:
        if day >= from_day and not began:
            began.append(_so_far(replay))

    apply_transactions(replay, folder, begin)
    cpu, transactions, reads, misses = (now - then for now, then in zip(_so_far(replay), *began, strict=True))
    replay.pipeline.save()
    kept = sum(len(store) for store in replay.pipeline.stores.values())
    return Cost(
        int(transactions), cpu * 1e6 / transactions, reads / transactions, misses / transactions, kept, peak_rss_bytes()
    )


def _so_far(replay: Replay) -> tuple[float, ...]:
    pages = [stage.pages for stage in replay.pipeline.stages]
    hits, misses = sum(each.hits for each in pages), sum(each.misses for each in pages)
    return time.process_time(), replay.transactions, hits, misses


def _section(
    costs: dict[int, list[Cost]], counted: dict[int, float], counted_days: int, days: int, rounds: int
) -> Section:
    rows = []
    for persons, each in costs.items():
        one = each[-1]
        instructions = f"{counted[persons]:,.0f}" if persons in counted else "–"
        cpu = spread([cost.cpu_us for cost in each], ".1f")
        reads = f"{one.reads:.1f}, {one.misses:.3f} decoded"
        sizes = (f"{one.pages:,}", f"{one.peak_rss / 2**20:,.0f}")
        rows.append((f"{persons:,}", f"{one.transactions:,}", cpu, instructions, reads, *sizes))
    small, *_, large = costs
    ratio = median(cost.cpu_us for cost in costs[large]) / median(cost.cpu_us for cost in costs[small])
    head = ("persons", "transactions", "CPU µs each", "instructions each", "page reads each", "pages kept", "peak MiB")
    text = f"""`python -m benchmarks growth`: {days} days each, the last third measured, {rounds} rounds, medians (least–most);
each run in a fresh process. Instructions are of the last two days of {counted_days}, counted by callgrind.

{table(head, rows)}"""
    measured = f"× {ratio:.2f} in CPU time"
    if counted:
        measured += f", × {counted[large] / counted[small]:.2f} in instructions"
    what = f"cost a transaction as the county grows × {large // small}"
    return Section("As the county grows", [Row(what, f"≤ × {MUST}", measured, ratio <= MUST)], text)
