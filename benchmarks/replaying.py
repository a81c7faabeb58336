"""How is a county replayed in this process, as `fundwatch replay` does it?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.counties import transactions_of
from schemas.china_time import DAY, parse_time
from stream import garbage
from stream.line_files import LineFile
from stream.replay import Replay
from stream.rules_file import configured_rules


class _Timed(msgspec.Struct):
    inf_time: str


def opened(folder: Path) -> Replay:
    """A replay with every rule that knows the county's references, ready for its transactions."""
    return with_references(Replay(configured_rules(), int(time.time() * 1000)), folder)


def with_references(replay: Replay, folder: Path) -> Replay:
    """The same, which then knows the county's references and is ready for its transactions."""
    for name, read in (
        ("institutions", replay.read_institutions),
        ("catalogue", replay.read_catalogue),
        ("persons", replay.read_persons),
    ):
        for path in folder.glob(f"{name}.jsonl*"):
            with LineFile(str(path)) as file:
                read(file)
    garbage.tame()
    return replay


def apply_transactions(replay: Replay, folder: Path, each_day: Callable[[int], None] = lambda day: None) -> None:
    """The county's whole history; ``each_day`` hears that so many days of it are done, within a block of the file."""
    first, done = _first_day(folder), -1

    def look(lines: int) -> None:
        nonlocal done
        now = replay.stream_time
        if now is not None and now // DAY - first > done:
            done = now // DAY - first
            each_day(done)

    with LineFile(str(transactions_of(folder))) as file:
        replay.read_transactions(file, look)
    replay.finish()


def _first_day(folder: Path) -> int:
    with LineFile(str(transactions_of(folder))) as file:
        lines = file.read()
    assert lines, f"{folder} has no history"
    return parse_time(msgspec.json.decode(lines[0], type=_Timed).inf_time) // DAY


def lines_of(folder: Path) -> list[bytes]:
    """The history's lines, in memory."""
    read: list[bytes] = []
    with LineFile(str(transactions_of(folder))) as file:
        while (lines := file.read()) is not None:
            read += [line for line in lines if line]
    return read
