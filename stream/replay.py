"""What would the service have said to this history? The engine over files, without Kafka or a clock of its own.

The newest revision of every alert is kept; nothing else grows with the length of the history. The same input gives the
same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import msgspec

from detectors.engine.incoming import Incoming
from detectors.engine.rule import Rule
from schemas.alerts import Alert, decode_alert, encode_alert
from schemas.china_time import parse_time
from schemas.dead_letters import DeadLetter
from schemas.fields import Undecodable
from stream.errors import OperatorError
from stream.known import KnownReferences
from stream.line_files import LineFile
from stream.pipeline import Pipeline

_BATCH = 500


class Window(msgspec.Struct, frozen=True):
    """What of the history counts: alerts raised before ``start`` are left out (warm-up), messages after ``end`` unread."""

    start: int | None = None
    end: int | None = None


class Replay:
    """One run. Reference records first, then transactions, then `write`."""

    def __init__(
        self,
        rules: Iterable[Rule[Any]],
        started_ms: int,
        window: Window | None = None,
        history: BinaryIO | None = None,
        clock: Callable[[], int] | None = None,
        partitions: int = 1,
        finish_alert: Callable[[Alert], Alert] = lambda alert: alert,
    ) -> None:
        self.references = KnownReferences()
        self.pipeline = Pipeline(rules, self.references, self._publish, self._park, partitions, clock)
        self.newest: dict[str, bytes] = {}
        self.dead_letters: Counter[str] = Counter()
        self.first_dead: dict[str, DeadLetter] = {}
        self.notes: list[str] = []
        self.transactions = 0
        self._window = window or Window()
        self._history = history
        self._finish_alert = finish_alert
        self._started_ms = started_ms
        self._offset = 0
        self._person_offset = 0

    # -- references -------------------------------------------------------------------------------------------------

    def read_institutions(self, file: LineFile) -> None:
        """Raises `OperatorError` for a line that is no institution: a reference that is wrong should be mended first."""
        self._read_references(file, self.references.put_institution)

    def read_catalogue(self, file: LineFile) -> None:
        """Raises `OperatorError` likewise."""
        self._read_references(file, self.references.put_item)

    def _read_references(self, file: LineFile, put: Callable[[bytes], None]) -> None:
        number = 0
        for lines in _reads(file):
            for line in lines:
                number += 1
                if not line:
                    continue
                try:
                    put(line)
                except Undecodable as problem:
                    raise OperatorError(
                        f"{file.name}, line {number}: {problem.reason} {problem.detail}".rstrip(),
                        "mend the line or take it out",
                    ) from None

    def read_persons(self, file: LineFile) -> None:
        """A line that cannot be read is parked, as in the service."""
        for lines in _reads(file):
            batch = [self._person(line) for line in lines if line]
            if batch:
                self.pipeline.take_persons(batch)

    def _person(self, line: bytes) -> Incoming:
        self._person_offset += 1
        return Incoming(0, self._person_offset - 1, self._started_ms, None, line)

    # -- transactions -----------------------------------------------------------------------------------------------

    def read_transactions(self, file: LineFile, progress: Callable[[int], None] = lambda lines: None) -> None:
        """Apply a file's transactions in its order; ``progress`` hears how many lines were read."""
        for lines in _reads(file):
            for start in range(0, len(lines), _BATCH):
                batch = [self._incoming(line) for line in lines[start : start + _BATCH] if line]
                if batch and not self._is_over:
                    self.pipeline.take(batch)
                    self.transactions += len(batch)
            progress(len(lines))
            if self._is_over:
                break
        if file.cut_off:
            self.notes.append(f"{file.name}: {file.cut_off}; what came before was replayed")
        elif file.ends_mid_line:
            self.notes.append(f"{file.name} ends in the middle of a line, or without a line end")

    def take(self, batch: Sequence[Incoming]) -> None:
        """Apply records that are at hand already."""
        self.pipeline.take(batch)
        self.transactions += len(batch)

    @property
    def _is_over(self) -> bool:
        time = self.pipeline.stream_time
        return self._window.end is not None and time is not None and time > self._window.end

    def _incoming(self, line: bytes) -> Incoming:
        self._offset += 1
        is_mark = line.startswith(b'{"mark"')
        return Incoming(0, self._offset - 1, self._started_ms, None, line, is_mark)

    # -- results ----------------------------------------------------------------------------------------------------

    def _publish(self, alert: Alert) -> None:
        raised = parse_time(alert.raised_at)
        if self._window.start is not None and raised < self._window.start:
            return
        if self._window.end is not None and parse_time(alert.revised_at) > self._window.end:
            return
        encoded = encode_alert(self._finish_alert(alert))
        self.newest[alert.alert_id] = encoded
        if self._history is not None:
            self._history.write(encoded + b"\n")

    def _park(self, letter: DeadLetter) -> None:
        self.dead_letters[letter.reason] += 1
        self.first_dead.setdefault(letter.reason, letter)

    def alerts(self) -> Iterator[Alert]:
        """The newest revision of every alert, in order of id."""
        for alert_id in sorted(self.newest):
            yield decode_alert(self.newest[alert_id])

    def write(self, out: BinaryIO) -> None:
        """The newest revisions, one a line, in order of id."""
        for alert_id in sorted(self.newest):
            out.write(self.newest[alert_id] + b"\n")


def _reads(file: LineFile) -> Iterator[list[bytes]]:
    while (lines := file.read()) is not None:
        if lines:
            yield lines
