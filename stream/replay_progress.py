"""What is shown while a replay runs? A bar with stream time, rate and remaining time, where standard error is a terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from schemas.china_time import format_time
from stream.replay import Replay
from stream.sources import Source

_WORTH_A_BAR_SECONDS = 1.0
_BETWEEN_SECONDS = 0.2


@contextlib.contextmanager
def shown(replay: Replay, rows: Sequence[Source]) -> Iterator[Callable[[int], None]]:
    """A function that is told, again and again, the number of the source that is being read."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda number: None
        return
    columns = (
        TextColumn("{task.fields[time]}"),
        BarColumn(),
        TextColumn("{task.fields[count]:,} transactions, {task.fields[rate]:,}/s"),
        TimeRemainingColumn(),
    )
    began = last = time.monotonic()
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None, time="", count=0, rate=0, visible=False)

        def show(number: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - began < _WORTH_A_BAR_SECONDS or now - last < _BETWEEN_SECONDS:
                return
            last = now
            done, count, at = rows[number].done, replay.transactions_taken, replay.stream_time
            bar.update(
                task,
                total=None if done is None else len(rows),
                completed=0 if done is None else number + done,
                time="" if at is None else format_time(at),
                count=count,
                rate=int(count / (now - began)),
                visible=True,
                refresh=True,
            )

        yield show
