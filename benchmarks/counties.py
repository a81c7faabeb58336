"""Which histories are measured? Simulated counties: the same seed gives the same bytes, so each is made once and kept."""

from __future__ import annotations

import shutil
from hashlib import blake2b
from pathlib import Path

from benchmarks.commands import PROJECT, fundwatch

KEPT = PROJECT / ".cache" / "counties"
SEED = 1
START = "2025-01-01"  # so that no history of up to two years ends in the future


def county(persons: int, days: int) -> Path:
    """The folder of the county of so many people and days, made now if it is not there yet."""
    folder = KEPT / f"{persons}-persons-{days}-days-seed-{SEED}-from-{START}-{_version()}"
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        told = ("--persons", str(persons), "--days", str(days), "--seed", str(SEED), "--start", START)
        fundwatch("simulate", str(unfinished), *told)
        unfinished.rename(folder)
    return folder


def transactions_of(folder: Path) -> Path:
    """A county's history; a county may lie there packed."""
    plain = folder / "transactions.jsonl"
    return plain if plain.exists() else folder / "transactions.jsonl.gz"


def count_lines(file: Path) -> int:
    """How many lines a file has."""
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _version() -> str:
    """Another simulation makes another county."""
    digest = blake2b(digest_size=4)
    for source in sorted((PROJECT / "simulation").rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
