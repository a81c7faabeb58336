"""How is a replay asked for on the command line carried out: which files, in which order, with what shown meanwhile?"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from schemas.china_time import UnreadableTime, format_time, parse_time
from stream import garbage, history_topic, replay_summary
from stream.cli import Invocation
from stream.errors import OperatorError
from stream.history_topic import Place, TopicHistory
from stream.line_files import LineFile
from stream.pseudonyms import pseudonymiser
from stream.replay import Replay, Window
from stream.rules_file import configured_rules

_WORTH_A_BAR_SECONDS = 1.0
_REFERENCES = ("institutions", "persons", "catalogue")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says is to be replayed, and how."""

    sources: tuple[str, ...]
    institutions: Path | None = None
    persons: Path | None = None
    catalogue: Path | None = None
    rules_file: Path | None = None
    assignments: tuple[str, ...] = ()
    only: str | None = None
    start: str | None = None
    end: str | None = None


def run(asked: Asked, invocation: Invocation, out: Path, history: bool, json_file: Path | None) -> str:
    """Replay, write alerts and summary, and return the summary's text."""
    transactions, references = _files(asked)
    rules = configured_rules(asked.rules_file, asked.assignments, asked.only)
    window = Window(_moment(asked.start, "--from"), _moment(asked.end, "--until"))
    with contextlib.ExitStack() as stack:
        written = stack.enter_context(_replacing(out))
        topics = [TopicHistory(Place(source), invocation.settings()) for source in transactions if _is_topic(source)]
        files = [stack.enter_context(LineFile(source)) for source in transactions if not _is_topic(source)]
        partitions = max((topic.partitions for topic in topics), default=1)
        replay = Replay(
            rules,
            int(time.time() * 1000),
            window,
            written if history else None,
            time.perf_counter_ns,
            partitions=partitions,
            finish_alert=pseudonymiser(invocation.settings().pseudonym_key),
        )
        for name, path in references.items():
            with LineFile(str(path)) as file:
                {
                    "institutions": replay.read_institutions,
                    "persons": replay.read_persons,
                    "catalogue": replay.read_catalogue,
                }[name](file)
        garbage.tame()
        seconds = _timed(replay, files, topics)
        if not history:
            replay.write(written)
    data = replay_summary.as_data(replay, seconds)
    if json_file is not None:
        json_file.write_bytes(replay_summary.as_json(data))
    return replay_summary.as_text(data)


def _timed(replay: Replay, files: list[LineFile], topics: list[TopicHistory]) -> float:
    sizes = [file.size for file in files]
    total = None if topics or None in sizes else sum(size for size in sizes if size is not None)
    began = time.perf_counter()
    done = 0
    with _progress(replay, total) as show:
        for file in files:
            before = done
            replay.read_transactions(file, lambda lines, file=file, before=before: show(before + file.bytes_read))  # type: ignore[misc]
            done = before + (file.size or 0)
        for topic in topics:
            replay.notes += topic.notes
            for batch in topic.batches(lambda records: show(0)):
                replay.take(batch)
    return time.perf_counter() - began


@contextlib.contextmanager
def _progress(replay: Replay, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error with rate, remaining time and stream time, where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    columns = (
        TextColumn("{task.fields[time]}"),
        BarColumn(),
        TextColumn("{task.fields[count]:,} transactions, {task.fields[rate]:,}/s"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=total, time="", count=0, rate=0, visible=False)

        def show(done: int) -> None:
            spent = time.monotonic() - began
            if spent > _WORTH_A_BAR_SECONDS:
                now = replay.pipeline.stream_time
                bar.update(
                    task,
                    completed=done,
                    time="" if now is None else format_time(now),
                    count=replay.transactions,
                    rate=int(replay.transactions / spent),
                    visible=True,
                    refresh=True,
                )

        yield show


def _is_topic(source: str) -> bool:
    return source.startswith(f"{history_topic.SCHEME}://")


def _files(asked: Asked) -> tuple[list[str], dict[str, Path]]:
    """The transactions' sources, and each reference's file; a folder gives its own, an option goes before it."""
    transactions: list[str] = []
    references: dict[str, Path] = {}
    for source in asked.sources:
        folder = Path(source)
        if not folder.is_dir():
            transactions.append(source)
            continue
        transactions.append(str(_named(folder, "transactions", required=True)))
        for name in _REFERENCES:
            found = _named(folder, name)
            if found is not None:
                references.setdefault(name, found)
    given = {"institutions": asked.institutions, "persons": asked.persons, "catalogue": asked.catalogue}
    return transactions, references | {name: path for name, path in given.items() if path is not None}


def _named(folder: Path, name: str, required: bool = False) -> Path | None:
    for ending in (".jsonl", ".jsonl.gz"):
        if (path := folder / f"{name}{ending}").exists():
            return path
    if required:
        raise OperatorError(f"{folder} holds no {name}.jsonl", "give a file, or a folder made by `fundwatch simulate`")
    return None


def _moment(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except UnreadableTime:
        raise OperatorError(
            f"{option} {text} is not a time", "write yyyy-MM-dd or 'yyyy-MM-dd HH:mm:ss', China time"
        ) from None


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` only when it is whole."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("wb") as file:
            yield file
    except OSError as error:
        raise OperatorError(f"{path} cannot be written ({error.strerror})", "give another --out") from None
    unfinished.replace(path)
