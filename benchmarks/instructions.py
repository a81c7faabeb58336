"""How many machine instructions does a transaction take? Counted by valgrind's callgrind, so the same on a busy machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.commands import PROJECT
from benchmarks.replaying import apply_transactions, opened


def is_countable() -> bool:
    """Whether valgrind is here."""
    return shutil.which("valgrind") is not None and shutil.which("callgrind_control") is not None


def instructions_from(folder: Path, from_day: int) -> float:
    """A transaction from that day of the county on (from 0), after a replay of all days before it."""
    with tempfile.TemporaryDirectory() as kept:
        counted = Path(kept) / "callgrind.out"
        words = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={counted}"]
        words += [sys.executable, "-m", "benchmarks.instructions", str(folder), str(from_day)]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}  # the order of a set must not make a difference
        process = subprocess.Popen(
            words, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() == "ready\n":
            subprocess.run(["callgrind_control", "-i", "on", str(process.pid)], check=True, capture_output=True)
            process.stdin.write("go\n")
            process.stdin.flush()
        output, log = process.communicate()
        found = re.search(r"Collected : (\d+)", log)
        if process.returncode or found is None:
            raise SystemExit(f"valgrind ended with status {process.returncode}: {log[-1_000:]}")
        return int(found[1]) / int(output)


def main() -> None:
    """What runs under valgrind: the days before; then it waits to be told; then the rest, and how many transactions that was."""
    folder, from_day = Path(sys.argv[1]), int(sys.argv[2])
    replay = opened(folder)
    before: list[int] = []

    def begin(day: int) -> None:
        if day >= from_day and not before:
            before.append(replay.transactions)
            print("ready", flush=True)
            sys.stdin.readline()

    apply_transactions(replay, folder, begin)
    print(replay.transactions - before[0])


if __name__ == "__main__":
    main()
