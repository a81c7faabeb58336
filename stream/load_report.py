"""What is an operator told about a load: while it runs, and when it is done?"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from stream import loading
from stream.errors import OperatorError
from stream.line_files import LineFile
from stream.loading import Lines, Loaded

_WORTH_A_BAR_SECONDS = 1.0


class LoadIncomplete(OperatorError):
    """Something of the files is not in the topic. Operator action: mend what the message names and load it again."""


@contextlib.contextmanager
def progress_bar(topic: str, files: Sequence[LineFile]) -> Iterator[loading.Progress]:
    """A bar on standard error, where that is a terminal and the load takes over a second; else nothing is shown."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda file, sent: None
        return
    columns = (TextColumn(f"{topic}: {{task.fields[sent]:,}} sent"), BarColumn(), TimeRemainingColumn())
    sizes = [file.size for file in files]
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None  # of a pipe nobody knows how much is to come
    before = {id(file): sum(known[:index]) for index, file in enumerate(files)} if total is not None else {}
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=total, sent=0, visible=False)

        def show(file: LineFile, sent: int) -> None:
            if time.monotonic() - began > _WORTH_A_BAR_SECONDS:
                bar.update(
                    task, completed=before.get(id(file), 0) + file.bytes_read, sent=sent, visible=True, refresh=True
                )

        yield show


def summary(done: Loaded) -> str:
    """The one line of a finished load."""
    marked = f", time mark {done.mark} in {_count(done.partitions, 'partition')}" if done.mark else ""
    speed = f" in {done.seconds:.1f} s ({done.per_second:,.0f} per second)" if done.sent else ""
    return f"{done.topic}: {done.sent:,} sent{speed}{marked}"


def notes(done: Loaded) -> list[str]:
    """What is out of the ordinary, though nothing is lost."""
    found = [f"{name}: the file is empty, nothing to send" for name in done.empty]
    if done.unkeyed.count:
        found.append(
            f"{_count(done.unkeyed.count, 'line')} without a readable fixmedins_code: sent to partition 0 without a key, "
            f"the service parks them with the reason ('fundwatch dead-letters list'): {_places(done.unkeyed)}"
        )
    found += [f"{place}: the file ends in the middle of this line; is the file whole?" for place in done.ended_mid_line]
    return found


def raise_if_incomplete(done: Loaded) -> None:
    """Raises `LoadIncomplete` with everything that was not sent."""
    faults = [f"{name}: {why}; the lines before were sent, without a time mark" for name, why in done.cut_off.items()]
    if done.refused.count:
        faults.append(f"{_count(done.refused.count, 'line')} without a readable key not sent: {_places(done.refused)}")
    if done.too_large.count:
        faults.append(
            f"{_count(done.too_large.count, 'line')} larger than the topic takes not sent: {_places(done.too_large)}"
        )
    if faults:
        raise LoadIncomplete("; ".join(faults), "mend the file and load these again")


def _places(lines: Lines) -> str:
    more = lines.count - len(lines.places)
    return ", ".join(lines.places) + (f" and {more:,} more" if more else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
