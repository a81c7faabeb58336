"""Where does a history come from? Files, folders of files, standard input, or a topic; one row of records."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import click
import msgspec

from detectors.engine.incoming import Incoming
from stream import history_topic
from stream.blocks import Cut
from stream.errors import OperatorError
from stream.history_topic import Place, TopicHistory
from stream.line_files import STANDARD_INPUT, LineFile
from stream.settings import Settings

REFERENCES = ("institutions", "persons", "catalogue")
_BESIDE = {*REFERENCES, "truth", "verdicts", "alerts", "transactions"}
_ENDINGS = (".jsonl", ".jsonl.gz")


class Found(msgspec.Struct):
    """``files``: those of transactions, in order; ``topic``: or where they are. ``references``: each reference's file."""

    files: list[str] = []
    topic: Place | None = None
    references: dict[str, Path] = {}


class Source(Protocol):
    """Records in their order, in runs as they come; ``notes``, once it is read: what of it was not there."""

    name: str
    notes: list[str]

    def runs(self) -> Generator[list[Incoming], None, None]:
        """[] where none came for now."""

    @property
    def done(self) -> float | None:
        """How much of it is read, 0–1; None where nobody knows."""


def find(sources: Sequence[str]) -> Found:
    """What the words of a command line name. A folder gives its transactions, and its reference records beside them."""
    found = Found()
    for source in sources:
        if source.startswith(f"{history_topic.SCHEME}://"):
            if found.topic is not None or found.files:
                raise click.UsageError(
                    "a topic is replayed alone: offsets of several sources would be taken for repeats"
                )
            found.topic = Place(source)
        elif found.topic is not None:
            raise click.UsageError("a topic is replayed alone: offsets of several sources would be taken for repeats")
        elif source != STANDARD_INPUT and Path(source).is_dir():
            found.files += _transactions_in(Path(source))
            for name in REFERENCES:
                if (path := _named(Path(source), name)) is not None:
                    found.references.setdefault(name, path)
        else:
            found.files.append(source)
    if found.files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("standard input can be read once")
    return found


def _transactions_in(folder: Path) -> list[str]:
    """``transactions.jsonl`` where it is there; else every file of lines that is no reference, by name."""
    if (path := _named(folder, "transactions")) is not None:
        return [str(path)]
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name.endswith(_ENDINGS)]
    files = [path for path in files if path.name.partition(".")[0] not in _BESIDE]
    if not files:
        raise OperatorError(
            f"{folder} holds no transactions.jsonl, nor other files of lines",
            "give a file, or a folder made by `fundwatch simulate`",
        )
    return [str(path) for path in files]


def _named(folder: Path, name: str) -> Path | None:
    return next((path for ending in _ENDINGS if (path := folder / f"{name}{ending}").exists()), None)


class FileSource:
    """One file's lines as records of partition 0, numbered on from the file ``before`` it, which is read first.

    An earlier run has come as far as ``cut`` says.
    """

    def __init__(
        self, file: LineFile, started_ms: int, before: FileSource | None = None, cut: Cut | None = None
    ) -> None:
        self.name = file.name
        self.notes: list[str] = []
        self.next = 0
        self._before = before
        self._file = file
        self._started_ms = started_ms
        self._skip_to = 0 if cut is None else cut.positions.get(0, 0)
        self._last = None if cut is None else cut.last

    def runs(self) -> Generator[list[Incoming], None, None]:
        """See `Source`."""
        self.next = 0 if self._before is None else self._before.next
        while (lines := self._file.read()) is not None:
            yield [record for line in lines if line and (record := self._record(line)) is not None]
        self.notes += notes_on(self._file)

    @property
    def done(self) -> float | None:
        """See `Source`."""
        size = self._file.size
        return None if size is None else self._file.bytes_read / max(size, 1)

    def _record(self, line: bytes) -> Incoming | None:
        offset, self.next = self.next, self.next + 1
        if offset >= self._skip_to:
            return Incoming(0, offset, self._started_ms, None, line, line.startswith(b'{"mark"'))
        if self._last is not None and offset == self._last.offset and line != self._last.value:
            raise OperatorError(
                f"{self.name} is not what the snapshot was made from: its line {offset + 1:,} is another one",
                "give the same files in the same order, or begin without the snapshot",
            )
        return None


class TopicSource:
    """A topic's records."""

    def __init__(self, history: TopicHistory) -> None:
        self.name = history.name
        self.notes = history.notes
        self._history = history
        self._read = 0

    def runs(self) -> Generator[list[Incoming], None, None]:
        """See `Source`."""
        run: list[Incoming] = []
        for record in self._history.read():
            run.append(record)
            if len(run) == 500:
                self._read += len(run)
                yield run
                run = []
        yield run

    @property
    def done(self) -> float | None:
        """See `Source`."""
        return min(self._read / max(self._history.records, 1), 1.0)


def notes_on(file: LineFile) -> list[str]:
    """What is missing of a file that was read to its end."""
    if file.cut_off:
        return [f"{file.name}: {file.cut_off}; what came before was replayed"]
    if file.ends_mid_line:
        return [f"{file.name} ends in the middle of a line, or without a line end"]
    return []


def open_topic(place: Place, settings: Settings, since: int | None, cut: Cut | None) -> TopicSource:
    """The topic from a stream time on, or from where a run stopped."""
    positions: Mapping[int, int] | None = None if cut is None else cut.positions
    return TopicSource(TopicHistory(place, settings, since, positions))
