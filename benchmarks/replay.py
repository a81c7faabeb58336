"""How many transactions a second does a replay carry on one core, beside decoding alone?

    python -m benchmarks.replay FOLDER [--runs 3]

FOLDER holds a county as `fundwatch simulate` makes it. Three figures in the same run: a generic msgspec decode to dicts (the
physical limit), our typed decode to facts, and the whole replay with every rule; each the median of the runs.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.machine import machine
from schemas.decode import decode
from stream.line_files import LineFile
from stream.replay import Replay
from stream.replay_summary import peak_rss_bytes
from stream.rules_file import configured_rules


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    lines = _lines(asked.folder)
    mean = sum(map(len, lines)) / len(lines)
    print(f"{machine()}\n{len(lines):,} transactions of {mean:,.0f} bytes, {asked.runs} runs, medians")
    generic = _per_second(lambda: _each(msgspec.json.Decoder().decode, lines), len(lines), asked.runs)
    typed = _per_second(lambda: _each(decode, lines), len(lines), asked.runs)
    whole = _per_second(lambda: _replay(asked.folder), len(lines), asked.runs)
    for name, speed in (("generic decode", generic), ("typed decode to facts", typed), ("replay, all rules", whole)):
        print(f"{name:24} {speed:10,.0f} /s   {speed / generic:5.2f} of the generic decode")
    print(f"peak memory              {peak_rss_bytes() / 2**20:10,.0f} MiB (with the input's lines held)")


def _lines(folder: Path) -> list[bytes]:
    read: list[bytes] = []
    with LineFile(str(_transactions(folder))) as file:
        while (lines := file.read()) is not None:
            read += lines
    return read


def _transactions(folder: Path) -> Path:
    plain = folder / "transactions.jsonl"
    return plain if plain.exists() else folder / "transactions.jsonl.gz"


def _each(call: Callable[[bytes], object], lines: list[bytes]) -> None:
    for line in lines:
        call(line)


def _replay(folder: Path) -> None:
    replay = Replay(configured_rules(), int(time.time() * 1000))
    for name, read in (
        ("institutions", replay.read_institutions),
        ("catalogue", replay.read_catalogue),
        ("persons", replay.read_persons),
    ):
        for path in folder.glob(f"{name}.jsonl*"):
            with LineFile(str(path)) as file:
                read(file)
    with LineFile(str(_transactions(folder))) as file:
        replay.read_transactions(file)


def _per_second(run: Callable[[], None], count: int, runs: int) -> float:
    speeds = []
    for _ in range(runs):
        gc.collect()
        gc.freeze()
        started = time.perf_counter()
        run()
        speeds.append(count / (time.perf_counter() - started))
    return statistics.median(speeds)


if __name__ == "__main__":
    main()
