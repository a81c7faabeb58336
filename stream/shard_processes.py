"""How do several processes share the shards of a replay? This one has some; each other has some, and talks to it in msgpack.

This process has the later stages to do besides, so its shards are few, and none where there are many processes: two processes
are two at work, not a third one that shares their cores. A block's shares go out before this process does its own; what comes
back is put in the order of shards, so nothing depends on who was quicker. Nothing that came from a topic is unpickled.
"""

from __future__ import annotations

import tempfile
import traceback
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import msgspec

from detectors.engine.incoming import Effects, Forward, Reached
from detectors.engine.registry import all_rules
from detectors.engine.rule import Rule
from detectors.engine.stage import Stage
from detectors.engine.trial import on_trial, tried, values_of
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from stream import garbage, spawned
from stream.block_pipeline import AHEAD
from stream.blocks import Block
from stream.errors import OperatorError
from stream.known import Contents, KnownReferences
from stream.process_line import ProcessLine
from stream.process_usage import Usage, usage
from stream.shards import Shards, Share, Store
from stream.visit_courses import Courses

_HERE: Final = 0  # this process among all
_LATER: Final = 0.6  # what the later stages cost of what the first ones do (docs/performance.md, Backtests)
_FIRST_END, _OTHER_END = "first", "other"
_SLOTS: Final = AHEAD + 3  # blocks that are under way, the task before them, and the question behind them


class _Said(msgspec.Struct, array_like=True):
    """The effects of a share, as bytes carry them."""

    alerts: list[Alert]
    trials: list[Alert]
    forwards: list[Forward]
    mark: Reached | None
    dead_letters: list[DeadLetter]
    counts: list[tuple[tuple[str, ...], int]]


class _Block(msgspec.Struct, array_like=True, tag="block"):
    shares: Sequence[Share]


class _Save(msgspec.Struct, array_like=True, tag="save"):
    pass


class _Look(msgspec.Struct, array_like=True, tag="look"):
    visits: Sequence[tuple[int, str, str]]


class _Measure(msgspec.Struct, array_like=True, tag="measure"):
    pass


class _Task(msgspec.Struct, array_like=True):
    """What a process is to be. A rule is told by its id, its trial and its values."""

    shards: list[int]
    total: int
    rules: list[tuple[str, str, dict[str, Any]]]
    known: Contents
    stores: dict[int, Store]
    with_courses: bool


_Asked = _Block | _Save | _Look | _Measure
_FAILED = b"!"
_encode = msgspec.msgpack.Encoder().encode
_read_asked = msgspec.msgpack.Decoder(_Asked).decode
_read_task = msgspec.msgpack.Decoder(_Task).decode
_read_said = msgspec.msgpack.Decoder(list[_Said]).decode
_read_stores = msgspec.msgpack.Decoder(dict[int, Store]).decode
_read_courses = msgspec.msgpack.Decoder(Courses).decode


class ProcessEnded(OperatorError):
    """A process of the replay is gone. Operator action: give it memory, or ask for fewer ``--jobs``."""


class ShardProcesses:
    """A `stream.shards.Front` over so many processes, of which this is one.

    The others get ready at once, and work from `begin` on.
    """

    def __init__(
        self, jobs: int, total: int, rules: Sequence[Rule[Any]], references: KnownReferences,
        stores: dict[int, Store], with_courses: bool,
    ) -> None:  # fmt: skip
        self._total, self._stores = total, stores
        self._rules, self._references, self._with_courses = rules, references, with_courses
        self._owners: list[int] = []
        self._here = Shards((), total, rules, references)
        self._lines: dict[int, ProcessLine] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="fundwatch-replay-")
        self._own: deque[list[Share]] = deque()  # what this process has still to do of blocks that were sent
        self._done: deque[list[Effects]] = deque()
        self._expected: set[int] = set()  # who has not said yet that it is there, or why not
        self._processes: list[BaseProcess] = []
        for number in range(jobs):
            if number != _HERE:
                self._start(number)

    def _start(self, number: int) -> None:
        ours, theirs = spawned.pipe()
        folder = Path(self._folder.name, str(number))
        folder.mkdir()
        process = spawned.start(_work, theirs, folder)
        theirs.close()
        self._lines[number] = ProcessLine(ours, folder, _FIRST_END, _OTHER_END, _SLOTS)
        self._processes.append(process)

    def begin(self, blocks: Sequence[Block]) -> None:
        """Each process gets shards that together have about as much to do in these blocks as any other's."""
        self._owners = _owners(len(self._lines) + 1, self._total, blocks)
        rules = [(*tried(rule.rule_id), values_of(rule)) for rule in self._rules]
        for number in self._lines:
            task = _Task(
                self._of(number),
                self._total,
                rules,
                self._references.contents,
                self._stores_of(number),
                self._with_courses,
            )
            self._tell(number, task)
        self._here = Shards(
            self._of(_HERE),
            self._total,
            self._rules,
            self._references,
            None,
            self._stores_of(_HERE),
            self._with_courses,
        )
        self._expected = set(self._lines)

    def _of(self, number: int) -> list[int]:
        return [shard for shard, owner in enumerate(self._owners) if owner == number]

    def _stores_of(self, number: int) -> dict[int, Store]:
        return {shard: self._stores.pop(shard) for shard in self._of(number) if shard in self._stores}

    def send(self, shares: Sequence[Share]) -> None:
        """See `Front`."""
        for number in self._lines:
            self._tell(number, _Block([share for share in shares if self._owners[share.shard] == number]))
        self._own.append([share for share in shares if self._owners[share.shard] == _HERE])

    def receive(self) -> list[Effects]:
        """See `Front`. Its own share of a block is done while the others are not ready with the one before; else first comes
        what they wait for."""
        if not self._done:
            self._do_own()
        while self._own and not all(line.has_message() for line in self._lines.values()):
            self._do_own()
        said = {_HERE: iter(self._done.popleft())}
        for number in self._lines:
            said[number] = map(_effects, _read_said(self._hear(number)))
        return [next(said[owner]) for owner in self._owners]

    def _do_own(self) -> None:
        self._done.append(self._here.run(self._own.popleft()))

    def saved(self) -> dict[int, Store]:
        """See `Front`."""
        found = dict(self._here.saved())
        for number in self._lines:
            self._tell(number, _Save())
            found |= _read_stores(self._hear(number))
        return dict(sorted(found.items()))

    def courses(self, visits: Sequence[tuple[int, str, str]]) -> Courses:
        """See `Front`."""
        found = self._here.courses([visit for visit in visits if self._owners[visit[0]] == _HERE])
        for number in self._lines:
            self._tell(number, _Look([visit for visit in visits if self._owners[visit[0]] == number]))
            found.by_visit |= _read_courses(self._hear(number)).by_visit
        return found

    def stages(self) -> list[Stage]:
        """See `Front`."""
        return self._here.stages()

    def usage(self) -> list[Usage]:
        """See `Front`."""
        for number in self._lines:
            self._tell(number, _Measure())
        return [msgspec.msgpack.decode(self._hear(number), type=Usage) for number in self._lines]

    def close(self) -> None:
        """See `Front`."""
        for line in self._lines.values():
            line.close()
        for process in self._processes:
            process.join(timeout=10)
            if process.is_alive():
                process.terminate()
                process.join()
        self._folder.cleanup()

    def _tell(self, number: int, message: _Asked | _Task) -> None:
        try:
            self._lines[number].send(_encode(message))
        except (BrokenPipeError, ConnectionResetError):
            self._hear(number)  # it may have said why
            raise
        except OSError as error:
            raise OperatorError(
                f"{self._folder.name} cannot be written ({error.strerror})",
                "processes hand each other blocks there: name a folder with room in TMPDIR, or ask for --jobs 1",
            ) from None

    def _hear(self, number: int) -> bytes:
        if number in self._expected:
            self._expected.remove(number)
            self._hear(number)
        try:
            answer = self._lines[number].receive()
        except (EOFError, OSError):
            raise ProcessEnded(
                f"process {number + 1} of {len(self._lines) + 1} has ended",
                "if the system was short of memory, ask for fewer --jobs",
            ) from None
        if answer[:1] == _FAILED:
            raise RuntimeError(answer[1:].decode())
        return answer[1:]


def _owners(jobs: int, total: int, blocks: Sequence[Block]) -> list[int]:
    """The fullest shard first, to whoever has least so far; a bill of many lines takes longer than a registration."""
    full = [sum(len(record.value) for block in blocks for record in block.shares[shard]) for shard in range(total)]
    owners, loads = [0] * total, [0.0] * jobs
    loads[_HERE] = _LATER * sum(full)
    for shard in sorted(range(total), key=lambda each: -full[each]):
        owners[shard] = loads.index(min(loads))
        loads[owners[shard]] += full[shard] + 1
    return owners


def _effects(said: _Said) -> Effects:
    effects = Effects()
    effects.alerts, effects.trials, effects.forwards = said.alerts, said.trials, said.forwards
    effects.mark, effects.dead_letters = said.mark, said.dead_letters
    effects.counts.update(dict(said.counts))
    return effects


# -- in the other process -----------------------------------------------------------------------------------------------


def _work(pipe: Connection, folder: Path) -> None:
    """Answer until the line is closed."""
    line = ProcessLine(pipe, folder, _OTHER_END, _FIRST_END, _SLOTS)
    try:
        shards = _opened(_read_task(line.receive()))
        garbage.tame()
        line.send(b".")
        while True:
            line.send(b"." + _answer(shards, _read_asked(line.receive())))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception:  # noqa: BLE001 - the first process raises it
        line.send(_FAILED + traceback.format_exc().encode())


def _opened(task: _Task) -> Shards:
    references = KnownReferences(task.known)
    known = all_rules()
    rules = [
        on_trial(known[rule], trial, _read(known[rule], values)) if trial else known[rule](**_read(known[rule], values))
        for rule, trial, values in task.rules
    ]
    return Shards(task.shards, task.total, rules, references, None, task.stores, task.with_courses)


def _read(rule: type[Rule[Any]], values: dict[str, Any]) -> dict[str, Any]:
    types = {field.name: field.type for field in msgspec.structs.fields(rule)}
    return {name: msgspec.convert(value, types[name]) for name, value in values.items()}


def _answer(shards: Shards, asked: _Asked) -> bytes:
    if isinstance(asked, _Block):
        return _encode([_said(effects) for effects in shards.run(asked.shares)])
    if isinstance(asked, _Save):
        return _encode(shards.saved())
    if isinstance(asked, _Look):
        return _encode(shards.courses(asked.visits))
    return _encode(usage())


def _said(effects: Effects) -> _Said:
    counts = list(effects.counts.items())
    return _Said(effects.alerts, effects.trials, effects.forwards, effects.mark, effects.dead_letters, counts)
