"""How is a series that the command line names scored: from which file, to where, with what shown meanwhile?"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from stream.errors import OperatorError
from stream.line_files import LineFile
from stream.score import summary, write_scores

_WORTH_A_BAR_SECONDS = 1.0


def run(source: str, out: Path | None, columns: tuple[str, str]) -> str:
    """Score the file; what was done in one line. A file that is written takes the place of `out` only when it is whole."""
    with LineFile(source) as file, _written(out) as rows, _progress(file) as show:
        return summary(write_scores(file, rows, columns, show))


@contextlib.contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    unfinished = out.with_name(out.name + ".unfinished")
    try:
        with unfinished.open("w", newline="", encoding="utf-8") as rows:
            yield rows
        unfinished.replace(out)
    except OSError as error:
        raise OperatorError(f"{out} cannot be written ({error.strerror})", "give another --out") from None
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress(file: LineFile) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal and the file takes over a second."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda rows: None
        return
    columns = (TextColumn("{task.fields[rows]:,} rows"), BarColumn(), TimeRemainingColumn())
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=file.size, rows=0, visible=False)

        def show(rows: int) -> None:
            if time.monotonic() - began > _WORTH_A_BAR_SECONDS:
                bar.update(task, completed=file.bytes_read, rows=rows, visible=True, refresh=True)

        yield show
