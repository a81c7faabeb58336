"""What does it cost? Every benchmark in turn, its figures in ``docs/performance.md``.

    python -m benchmarks [NAME ...] [--quick]

Without names all of them, in this order. ``--quick`` tries the benchmarks themselves on small counties: it prints what it
measured and writes nothing down.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import backtest, growth, latency, memory, page_sizes, replay, results, service, state, workers, year
from benchmarks.machine import machine
from benchmarks.results import Section, Tell

Measure = Callable[[Tell], Section]
ALL: Mapping[str, Measure] = {
    "service": service.measure,
    "replay": replay.measure,
    "backtest": backtest.measure,
    "latency": latency.measure,
    "growth": growth.measure,
    "workers": workers.measure,
    "page_sizes": page_sizes.measure,
    "state": state.measure,
    "memory": memory.measure,
    "year": year.measure,
}
_TRIAL_CHART = Path(tempfile.gettempdir()) / "fundwatch-year.svg"
QUICK: Mapping[str, Measure] = {
    "service": partial(service.measure, persons=5_000, days=20, rounds=1),
    "replay": partial(replay.measure, persons=5_000, days=20, rounds=1),
    "backtest": partial(backtest.measure, persons=5_000, days=20, rounds=1),
    "latency": partial(latency.measure, persons=5_000, days=20, seconds=1),
    "growth": partial(growth.measure, sizes=(2_000, 5_000, 10_000), days=20, rounds=1, counted_days=12),
    "workers": partial(workers.measure, persons=5_000, days=20, rounds=1),
    "page_sizes": partial(page_sizes.measure, persons=2_000, days=40),
    "state": partial(state.measure, pages=50_000, keys=20_000),
    "memory": partial(memory.measure, sizes=(1_000, 2_000), days=20),
    "year": partial(year.measure, sizes=(2_000, 5_000, 10_000), days=110, compared_days=20, chart=_TRIAL_CHART),
}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(ALL))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in ALL:
            parser.error(f"no benchmark is called {name}; there are {', '.join(ALL)}")
    began = time.monotonic()
    tell = partial(_tell, began)
    tell(machine())
    measured = {}
    for name in asked.names or ALL:
        tell(f"-- {name}")
        section = (QUICK if asked.quick else ALL)[name](tell)
        measured[name] = section
        if asked.quick:
            print(section.text)
        else:
            results.keep(name, section)
    tell("done")
    print(results.overview(measured))


def _tell(began: float, words: str) -> None:
    print(f"[{time.monotonic() - began:6.0f} s] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
