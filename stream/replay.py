"""What would the service have said to this history? The engine over files or topics, without a clock of its own.

The newest revision of every alert is kept; nothing else grows with the length of the history. The same input gives the
same bytes, whatever the number of processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final

import msgspec

from detectors.engine.incoming import Incoming
from detectors.engine.rule import Rule
from detectors.engine.stage import FIRST
from schemas.alerts import Alert, decode_alert, encode_alert
from schemas.china_time import parse_time
from schemas.dead_letters import DeadLetter
from schemas.fields import Undecodable
from stream.block_pipeline import Between, BlockPipeline
from stream.blocks import SHARDS, Block, Cut, Cutter
from stream.errors import OperatorError
from stream.known import KnownReferences
from stream.line_files import LineFile
from stream.pipeline import Stores
from stream.process_usage import Usage
from stream.shard_processes import ShardProcesses
from stream.shards import Front, Shards
from stream.sources import FileSource
from stream.visit_courses import Courses

_LOOKED_AT: Final = 10


class Window(msgspec.Struct, frozen=True):
    """What of the history counts, seconds of China time.

    Alerts raised before ``start`` are left out, whatever becomes of them: what comes before is warm-up. Records of before
    ``warm_up_from`` and after ``end`` are not taken.
    """

    start: int | None = None
    end: int | None = None
    warm_up_from: int | None = None


class Progress(msgspec.Struct, array_like=True):
    """What a run that was saved in the middle has said so far (`stream.snapshot`)."""

    cut: Cut
    between: Between
    stores: list[tuple[str, int, dict[bytes, bytes]]]
    newest: dict[str, bytes] = {}
    trials: dict[str, bytes] = {}
    open_before: list[str] = []
    dead_letters: dict[str, int] = {}
    transactions: int = 0
    persons: int = 0


class Replay:
    """One run. Reference records first, then transactions, then `finish`, then `alerts` or `write`.

    ``jobs``: processes for the first stages; with one, all is done here. ``history`` gets every revision. ``clock`` reads
    nanoseconds for the rule-time metric. ``with_courses``: the courses of visits that alerts name are noted.
    """

    def __init__(
        self,
        rules: Iterable[Rule[Any]],
        started_ms: int,
        window: Window | None = None,
        history: BinaryIO | None = None,
        clock: Callable[[], int] | None = None,
        finish_alert: Callable[[Alert], Alert] = lambda alert: alert,
        jobs: int = 1,
        with_courses: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.references = KnownReferences()
        self.newest: dict[str, bytes] = {} if progress is None else progress.newest
        self.trials: dict[str, bytes] = {} if progress is None else progress.trials
        self.open_before: set[str] = set() if progress is None else set(progress.open_before)
        self.dead_letters: Counter[str] = Counter() if progress is None else Counter(progress.dead_letters)
        self.first_dead: dict[str, DeadLetter] = {}
        self.notes: list[str] = []
        self.transactions = 0 if progress is None else progress.transactions
        self.window = window or Window()
        self.started_ms = started_ms
        self.resumed_at = None if progress is None else progress.cut
        self._rules = list(rules)
        self._clock = clock
        self._history = history
        self._finish_alert = finish_alert
        self._jobs = jobs
        self._with_courses = with_courses
        self._progress = progress
        self._cutter = Cutter(
            started_ms, self.window.warm_up_from, self.window.end, None if progress is None else progress.cut
        )
        saved = [] if progress is None else progress.stores
        self._stores: Stores = {(stage, number): store for stage, number, store in saved}
        self._front: Front | None = self._processes() if jobs > 1 else None
        self._opened: BlockPipeline | None = None
        self._last_file: FileSource | None = None
        self._person_offset = 0 if progress is None else progress.persons
        self._is_finished = False
        self._is_begun = jobs == 1
        self._held: list[Block] = []
        self._leave_out()

    def _leave_out(self) -> None:
        """What a snapshot holds may begin before this run's window."""
        if self.window.start is None:
            return
        for kept in (self.newest, self.trials):
            for alert_id, encoded in list(kept.items()):
                alert = decode_alert(encoded)
                if parse_time(alert.raised_at) < self.window.start:
                    del kept[alert_id]
                    if kept is self.newest and alert.status == "open":
                        self.open_before.add(alert_id)

    @property
    def pipeline(self) -> BlockPipeline:
        """The stages; opened with the first record, when the references are known."""
        if self._opened is None:
            between = None if self._progress is None else self._progress.between
            if self._front is None:
                self._front = Shards(
                    range(SHARDS),
                    SHARDS,
                    self._rules,
                    self.references,
                    self._clock,
                    self._first_stores(),
                    self._with_courses,
                )
            self._opened = BlockPipeline(
                self._rules, self.references, self._publish, self._park, self._front, self._cutter.home_of, self._clock,
                self._stores, between, self._hear_trial,
            )  # fmt: skip
        return self._opened

    def _processes(self) -> ShardProcesses:
        """They get ready while this one reads references, and work from their first blocks on."""
        jobs = min(self._jobs, SHARDS)
        return ShardProcesses(jobs, SHARDS, self._rules, self.references, self._first_stores(), self._with_courses)

    def _first_stores(self) -> dict[int, dict[bytes, bytes]]:
        return {number: store for (stage, number), store in self._stores.items() if stage == FIRST}

    @property
    def stream_time(self) -> int | None:
        """How far the history has come, None before its first record."""
        return self._cutter.now

    @property
    def transactions_taken(self) -> int:
        """How many were read and lie in the window or before it; some may wait for their block."""
        return self.transactions + self._cutter.cut.transactions

    @property
    def institutions(self) -> Iterable[str]:
        """All that the history has named so far."""
        return self._cutter.cut.homes.keys()

    @property
    def first_time(self) -> int | None:
        """The stream time at which it began."""
        return self._cutter.cut.first

    @property
    def is_over(self) -> bool:
        """Whether the window's end has come."""
        return self._cutter.is_over

    @property
    def skipped(self) -> int:
        """Records of before the warm-up."""
        return self._cutter.skipped

    # -- references -------------------------------------------------------------------------------------------------

    def read_institutions(self, file: LineFile) -> None:
        """Raises `OperatorError` for a line that is no institution: a reference that is wrong should be mended first."""
        self._read_references(file, self.references.put_institution)

    def read_catalogue(self, file: LineFile) -> None:
        """Raises `OperatorError` likewise."""
        self._read_references(file, self.references.put_item)

    def _read_references(self, file: LineFile, put: Callable[[bytes], None]) -> None:
        number = 0
        for lines in reads(file):
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
        """A line that cannot be read is parked, as in the service. After institutions and catalogue."""
        for lines in reads(file):
            batch = [self._person(line) for line in lines if line]
            if batch:
                self.pipeline.take_persons(batch)

    def _person(self, line: bytes) -> Incoming:
        self._person_offset += 1
        return Incoming(0, self._person_offset - 1, self.started_ms, None, line)

    # -- transactions -----------------------------------------------------------------------------------------------

    def read_transactions(self, file: LineFile, progress: Callable[[int], None] = lambda lines: None) -> None:
        """Apply a file's transactions in its order; ``progress`` hears how many lines were read."""
        source = FileSource(file, self.started_ms, self._last_file)
        for run in source.runs():
            self.take(run)
            progress(len(run))
            if self.is_over:
                break
        self._last_file = source
        self.notes += source.notes

    def take(self, records: Iterable[Incoming]) -> None:
        """Apply records in their order."""
        for block in self._cutter.take(records):
            self._apply(block)

    def _apply(self, block: Block) -> None:
        """Processes begin when some blocks show how much each shard has to do."""
        self.transactions += block.transactions
        if self._is_begun:
            self.pipeline.take_block(block)
            return
        self._held.append(block)
        if len(self._held) == _LOOKED_AT:
            self._begin()

    def _begin(self) -> None:
        if self._is_begun:
            return
        self._is_begun = True
        pipeline, held, self._held = self.pipeline, self._held, []
        if isinstance(self._front, ShardProcesses):
            self._front.begin(held)
        for block in held:
            pipeline.take_block(block)

    def finish(self) -> None:
        """Bring everything that was read to its end; nothing is read after it."""
        if self._is_finished:
            return
        self._is_finished = True
        for block in self._cutter.rest():
            self._apply(block)
        self._begin()
        self.pipeline.finish()

    def courses(self, visits: Iterable[tuple[str, str]]) -> Courses:
        """How those visits (institution, visit) went, as far as it is still known; the run is finished by it."""
        self.finish()
        if self._front is None:
            return Courses()
        return self._front.courses([(self._cutter.home_of(place), place, visit) for place, visit in visits])

    def peak_rss_elsewhere(self) -> int:
        """The most memory that its other processes have had, together."""
        return sum(used.peak_rss_bytes for used in self._used_elsewhere())

    def cpu_elsewhere(self) -> list[float]:
        """CPU seconds of each of its other processes, from their very start on."""
        return [used.cpu_seconds for used in self._used_elsewhere()]

    def _used_elsewhere(self) -> list[Usage]:
        return [] if self._front is None else self._front.usage()

    def close(self) -> None:
        """End the processes."""
        if self._front is not None:
            self._front.close()

    def progress(self) -> Progress:
        """All that is needed to go on from here as if nothing had been saved."""
        self._begin()
        between = self.pipeline.settle()
        self.pipeline.save()
        stores = [(stage, number, store) for (stage, number), store in sorted(self.pipeline.stores.items())]
        return Progress(
            self._cutter.cut, between, stores, self.newest, self.trials, sorted(self.open_before),
            dict(self.dead_letters), self.transactions, self._person_offset,
        )  # fmt: skip

    # -- results ----------------------------------------------------------------------------------------------------

    def _counts(self, alert: Alert) -> bool:
        """Whether the revision lies within the window."""
        start, end = self.window.start, self.window.end
        if start is not None and parse_time(alert.raised_at) < start:
            return False
        return end is None or parse_time(alert.revised_at) <= end

    def _publish(self, alert: Alert) -> None:
        if not self._counts(alert):
            if self.window.start is not None and parse_time(alert.revised_at) < self.window.start:
                (self.open_before.add if alert.status == "open" else self.open_before.discard)(alert.alert_id)
            return
        encoded = encode_alert(self._finish_alert(alert))
        self.newest[alert.alert_id] = encoded
        if self._history is not None:
            self._history.write(encoded + b"\n")

    def _hear_trial(self, alert: Alert) -> None:
        if self._counts(alert):
            self.trials[alert.alert_id] = encode_alert(self._finish_alert(alert))

    def _park(self, letter: DeadLetter) -> None:
        self.dead_letters[letter.reason] += 1
        self.first_dead.setdefault(letter.reason, letter)

    def alerts(self) -> Iterator[Alert]:
        """The newest revision of every alert, in order of id; the run is finished by it."""
        self.finish()
        for alert_id in sorted(self.newest):
            yield decode_alert(self.newest[alert_id])

    def write(self, out: BinaryIO) -> None:
        """The newest revisions, one a line, in order of id; the run is finished by it."""
        self.finish()
        for alert_id in sorted(self.newest):
            out.write(self.newest[alert_id] + b"\n")


def reads(file: LineFile) -> Iterator[list[bytes]]:
    """A file's lines, as they come."""
    while (lines := file.read()) is not None:
        if lines:
            yield lines
