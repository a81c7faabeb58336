"""How is a replay asked for on the command line carried out: which sources, in which order, from which snapshot, until when?"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from detectors.engine.rule import Rule
from schemas.china_time import DAY, UnreadableTime, format_time, parse_time
from stream import garbage, replay_summary, snapshot, sources
from stream.cli import Invocation
from stream.errors import OperatorError
from stream.line_files import LineFile
from stream.pseudonyms import pseudonymiser
from stream.replay import Replay, Window
from stream.replay_progress import shown
from stream.replay_summary import Ran, Read
from stream.rules_file import configured_rules
from stream.snapshot import Head, Kind
from stream.sources import FileSource, Source


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says is to be replayed, and how. ``warm_up_days``: None for all there is before ``start``."""

    sources: tuple[str, ...]
    institutions: Path | None = None
    persons: Path | None = None
    catalogue: Path | None = None
    rules_file: Path | None = None
    assignments: tuple[str, ...] = ()
    only: str | None = None
    start: str | None = None
    end: str | None = None
    warm_up_days: float | None = None
    jobs: int = 1
    snapshot: Path | None = None
    snapshot_at: str | None = None


def run(asked: Asked, invocation: Invocation, out: Path, history: bool, json_file: Path | None) -> tuple[str, bool]:
    """Replay, write alerts and summary; the summary's text, and whether the run was stopped before its end."""
    with replacing(out) as written:
        rules = configured_rules(asked.rules_file, asked.assignments, asked.only)
        with running(asked, invocation, rules, written if history else None) as ran:
            if not history:
                ran.replay.write(written)
            data = replay_summary.as_data(ran)
    if json_file is not None:
        with replacing(json_file, "--json") as written:
            written.write(replay_summary.as_json(data))
    return replay_summary.as_text(data), ran.is_partial


@contextlib.contextmanager
def running(
    asked: Asked, invocation: Invocation, rules: Sequence[Rule[Any]], history: BinaryIO | None = None,
    with_courses: bool = False,
) -> Iterator[Ran]:  # fmt: skip
    """The run, brought to its end, or to where Ctrl-C stopped it; its processes end with the `with` block."""
    found = sources.find(asked.sources)
    references = found.references | _given(asked)
    window = window_of(asked)
    head, saved = _start(asked, rules, references, window)
    replay = Replay(
        rules,
        int(time.time() * 1000),
        window,
        history,
        time.perf_counter_ns,
        pseudonymiser(invocation.settings().pseudonym_key),
        asked.jobs,
        with_courses,
        saved,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(replay.close)
        rows = _opened(found, invocation, replay, stack, window)
        _read_references(replay, references, head is not None)
        _ = replay.pipeline  # its stages are opened before the clock starts
        garbage.tame()
        stopped = stack.enter_context(interruptible())
        run = _Run(asked, rules, references, replay, head, stopped)
        began = time.perf_counter()
        read = run.through(rows)
        run.save_at_end()
        replay.finish()
        ran = Ran(replay, time.perf_counter() - began, read, run.is_partial)
        _note(ran, head, window)
        yield ran


class _Run:
    """One run through its sources, saved where that is asked for."""

    def __init__(
        self, asked: Asked, rules: Sequence[Rule[Any]], references: Mapping[str, Path], replay: Replay,
        head: Head | None, stopped: Stopped,
    ) -> None:  # fmt: skip
        self._asked, self._rules, self._references = asked, rules, references
        self._replay, self._head, self._stopped = replay, head, stopped
        self._at = None if head is not None else moment(asked.snapshot_at, "--snapshot-at")
        self.is_partial = False

    def through(self, rows: Sequence[Source]) -> list[Read]:
        """Replay the sources in their order."""
        read = []
        with shown(self._replay, rows) as show:
            for number, row in enumerate(rows):
                before = self._replay.transactions_taken
                self._one(row, lambda number=number: show(number))
                read.append(Read(row.name, self._replay.transactions_taken - before, row.notes))
                if self._replay.is_over or self._stopped.is_set:
                    break
        self.is_partial = self._stopped.is_set
        return read

    def _one(self, row: Source, show: Any) -> None:
        with contextlib.closing(row.runs()) as runs:
            for run in runs:
                self._replay.take(run)
                show()
                if self._at is not None and (self._replay.stream_time or self._at - 1) >= self._at:
                    self._save("start")
                    self._at = None
                if self._replay.is_over or self._stopped.is_set:
                    return

    def save_at_end(self) -> None:
        """Where the run has come to, unless the snapshot is a start that others begin at."""
        if self._asked.snapshot is None or self._replay.stream_time is None:
            return
        if self._asked.snapshot_at is not None or (self._head is not None and self._head.kind == "start"):
            if self.is_partial or self._at is not None:
                self._replay.notes.append(f"{self._asked.snapshot} was not written: it is kept as a start")
            return
        self._save("stopped" if self.is_partial else "end")

    def _save(self, kind: Kind) -> None:
        file, replay = self._asked.snapshot, self._replay
        if file is None or replay.stream_time is None:
            return
        progress = replay.progress()
        at = replay.stream_time
        snapshot.write(file, snapshot.head_of(kind, at, self._rules, self._references, replay.window), progress)
        replay.notes.append(f"{file}: the run at {format_time(at)}, to go on from")


def _start(
    asked: Asked, rules: Sequence[Rule[Any]], references: Mapping[str, Path], window: Window
) -> tuple[Head | None, Any]:
    if asked.snapshot is None or not asked.snapshot.exists():
        return None, None
    head, progress = snapshot.read(asked.snapshot, rules, references, window)
    if window.end is not None and head.at > window.end:
        raise OperatorError(
            f"{asked.snapshot} is of {format_time(head.at)}, and --until ends before that", "give a later --until"
        )
    return head, progress


def _opened(
    found: sources.Found, invocation: Invocation, replay: Replay, stack: contextlib.ExitStack, window: Window
) -> list[Source]:
    cut = replay.resumed_at
    if found.topic is not None:
        return [sources.open_topic(found.topic, invocation.settings(), window.warm_up_from, cut)]
    rows: list[FileSource] = []
    for name in found.files:
        file = stack.enter_context(LineFile(name))
        rows.append(FileSource(file, replay.started_ms, rows[-1] if rows else None, cut))
    return list(rows)


def _given(asked: Asked) -> dict[str, Path]:
    given = {"institutions": asked.institutions, "persons": asked.persons, "catalogue": asked.catalogue}
    return {name: path for name, path in given.items() if path is not None}


def _read_references(replay: Replay, references: Mapping[str, Path], is_resumed: bool) -> None:
    """Persons last: with the first of them the stages begin. What a snapshot holds they know already."""
    for name, read in (
        ("institutions", replay.read_institutions),
        ("catalogue", replay.read_catalogue),
        ("persons", replay.read_persons),
    ):
        if name in references and not (is_resumed and name == "persons"):
            with LineFile(str(references[name])) as file:
                read(file)


def _note(ran: Ran, head: Head | None, window: Window) -> None:
    notes, replay = ran.replay.notes, ran.replay
    if head is not None:
        notes.insert(0, f"begun with the snapshot of {format_time(head.at)}")
    if replay.open_before:
        notes.append(
            f"{len(replay.open_before)} alerts were open already when the window began; they are left out, "
            "whatever became of them"
        )
    if replay.skipped:
        notes.append(f"{replay.skipped:,} records of before the warm-up were not taken")
    if window.end is not None and not replay.is_over and not ran.is_partial:
        notes.append(f"the history ends before {format_time(window.end)}")
    if ran.is_partial:
        time = "before its first record" if replay.stream_time is None else f"at {format_time(replay.stream_time)}"
        notes.append(f"stopped {time}: what is written counts up to there")


def window_of(asked: Asked) -> Window:
    """The window that is asked for; raises `click.UsageError` for one that cannot be."""
    start, end = moment(asked.start, "--from"), moment(asked.end, "--until")
    if start is not None and end is not None and end <= start:
        raise click.UsageError(f"--until {asked.end} is not after --from {asked.start}")
    if asked.warm_up_days is None:
        return Window(start, end)
    if start is None:
        raise click.UsageError("--warm-up needs --from")
    return Window(start, end, start - round(asked.warm_up_days * DAY))


def moment(text: str | None, option: str) -> int | None:
    """Seconds of China time of an option's value."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except UnreadableTime:
        raise click.UsageError(
            f"{option} {text} is not a time; write yyyy-MM-dd or 'yyyy-MM-dd HH:mm:ss', China time"
        ) from None


class Stopped:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.is_set = False


@contextlib.contextmanager
def interruptible() -> Iterator[Stopped]:
    """The first Ctrl-C asks the run to stop where it is; the second ends it there and then, as ever."""
    stopped = Stopped()

    def stop(*_: object) -> None:
        stopped.is_set = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def replacing(path: Path, option: str = "--out") -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` only when it is whole."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        file = unfinished.open("wb")
    except OSError as error:
        raise OperatorError(f"{path} cannot be written ({error.strerror})", f"give another {option}") from None
    try:
        with file:
            yield file
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.replace(path)
