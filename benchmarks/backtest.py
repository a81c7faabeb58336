"""Do two processes replay nearly twice as fast as one, and what do ten values of a swept parameter cost against one?

    python -m benchmarks backtest

The same county each time, each run in fresh processes. On a machine that does other things besides, the clock on the wall says
little: so CPU time is told too, of all processes together and of the one that had most, and what two idle cores would need at
least, which is the larger of half the one and the other. And two cores of a virtual machine are seldom twice one: two replays
of one process each, which know nothing of one another, are run side by side, and say what the machine gives.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.commands import in_own_process
from benchmarks.counties import county, transactions_of
from benchmarks.results import Row, Section, Tell, median, table
from detectors.engine.rule import Rule
from stream import garbage
from stream.backtest.trials import trials
from stream.line_files import LineFile
from stream.replay import Replay

MUST, MUST_SWEEP = 1.6, 2.0
SWEPT = "bed_holding.idle_days"
TEN = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14)


class Spent(msgspec.Struct, frozen=True):
    """Seconds of one run, from its first transaction on; ``alerts`` as they would be written."""

    wall: float
    own_cpu: float
    other_cpu: list[float]
    transactions: int
    alerts: bytes
    tried: int

    @property
    def cpu(self) -> float:
        """Of all processes."""
        return self.own_cpu + sum(self.other_cpu)

    @property
    def two_cores(self) -> float:
        """What two cores that do nothing else need at least."""
        return max(self.cpu / 2, self.own_cpu, *self.other_cpu, 0.0)


def measure(tell: Tell, persons: int = 30_000, days: int = 60, rounds: int = 3) -> Section:
    """The medians over the rounds."""
    folder = county(persons, days)
    runs: dict[str, list[Spent]] = {}
    apart: list[float] = []
    for number in range(rounds):
        for name, jobs, sweep in (
            ("one process", 1, ()),
            ("two processes", 2, ()),
            ("one value", 1, (f"{SWEPT}={TEN[0]}",)),
            ("ten values", 1, (f"{SWEPT}={','.join(map(str, TEN))}",)),
        ):
            runs.setdefault(name, []).append(in_own_process(replayed, folder, jobs, sweep))
        apart.append(_side_by_side(folder))
        shared = runs["two processes"][-1]
        tell("CPU seconds of the processes: " + ", ".join(f"{s:.1f}" for s in (shared.own_cpu, *shared.other_cpu)))
        tell(f"round {number + 1}: " + ", ".join(f"{name} {each[-1].cpu:.1f} s of CPU" for name, each in runs.items()))
    if len({run.alerts for each in runs.values() for run in each}) != 1:
        raise SystemExit("the runs do not say the same")
    return _section(runs, apart, rounds)


def _side_by_side(folder: Path) -> float:
    """Seconds of two replays at the same time, each of one process and on its own: the longer of the two."""
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(in_own_process, replayed, folder, 1, ()) for _ in range(2)]
        return max(one.result().wall for one in both)


def replayed(folder: Path, jobs: int, sweeps: tuple[str, ...]) -> Spent:
    """One run."""
    rules: list[Rule[Any]] = trials(None, (), None, sweeps, None).all()
    replay = Replay(rules, int(time.time() * 1000), jobs=jobs)
    for name, read in (
        ("institutions", replay.read_institutions),
        ("catalogue", replay.read_catalogue),
        ("persons", replay.read_persons),
    ):
        with LineFile(str(folder / f"{name}.jsonl")) as file:
            read(file)
    garbage.tame()
    wall, cpu = time.perf_counter(), time.process_time()
    with LineFile(str(transactions_of(folder))) as file:
        replay.read_transactions(file)
    replay.finish()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    spent = replay.cpu_elsewhere()
    alerts = b"\n".join(replay.newest[alert_id] for alert_id in sorted(replay.newest))
    replay.close()
    return Spent(wall, cpu, spent, replay.transactions, alerts, len(replay.trials))


def _section(runs: dict[str, list[Spent]], apart: list[float], rounds: int) -> Section:
    cpu = {name: median(run.cpu for run in each) for name, each in runs.items()}
    wall = {name: median(run.wall for run in each) for name, each in runs.items()}
    cores = {name: median(run.two_cores for run in each) for name, each in runs.items()}
    rows = [
        (
            name,
            f"{wall[name]:.1f}",
            f"{cpu[name]:.1f}",
            f"{max(each[0].own_cpu, *each[0].other_cpu, 0):.1f}",
            each[0].tried,
        )
        for name, each in runs.items()
    ]
    transactions = runs["one process"][0].transactions
    gain = wall["one process"] / wall["two processes"]
    bound = cpu["one process"] / cores["two processes"]
    ratio = cpu["ten values"] / cpu["one value"]
    given = 2 * wall["one process"] / median(apart)  # what these two cores do for two who share nothing
    text = f"""`python -m benchmarks backtest`: {transactions:,} transactions, every rule, {rounds} rounds, medians.
All runs write the same alerts, byte for byte.

{table(("", "seconds", "CPU seconds", "of the process with most", "alerts on trial"), rows)}

Two replays side by side that know nothing of one another get x{given:.2f} of one, the most that these cores
give. By CPU time the two processes need at least {cores["two processes"]:.1f} s of two cores: x{bound:.2f}."""
    return Section(
        "Backtests: processes and sweeps",
        [
            Row(
                "replay with --jobs 2 against one process", f"≥ x{MUST} where the cores allow it",
                f"x{gain:.2f} where two replays that share nothing get x{given:.2f}; x{bound:.2f} by CPU time",
                gain >= MUST if given >= MUST else None,  # two cores that do less for anybody say nothing of us
            ),
            Row(
                f"ten values of {SWEPT} in one pass against one", f"< x{MUST_SWEEP}", f"x{ratio:.2f} CPU time",
                ratio < MUST_SWEEP,
            ),
        ],
        text,
    )  # fmt: skip
