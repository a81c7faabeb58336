"""How does a worker work in several processes, and how do they end together?

One interpreter runs on one core. So a worker is two processes or more: this one has the first stage, one fellow the later ones,
and further fellows share the first stage's partitions, which costs most of a transaction. All are members of the worker's
group, and what flows between them flows through the internal topics as ever. To those who run it they are one worker: one
command, one signal, one port.

* Asked to stop, this process asks its fellows at once, and waits for them.
* When a fellow ends by itself, so does this one, with the fellow's reason.
* When this process is gone, whatever took it, the lines between them break, and the fellows end on the spot, as if the same had
  happened to them: what they had in hand comes again, and no orphan keeps partitions or folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any, Final, Literal

import msgspec

from detectors.engine.rule import Rule
from stream import spawned
from stream.delivery import where
from stream.errors import OperatorError
from stream.merged_metrics import Family
from stream.settings import Settings

_LOOK_SECONDS: Final = 0.25
_ANSWER_SECONDS: Final = 3.0  # within which a process that works answers, and before who scrapes gives up
_SILENT_SECONDS: Final = 60.0  # after which one that does not answer is not alive
_STOP_SECONDS: Final = 14.0  # a worker ends by itself within 12

Readiness = Literal["joining", "restoring", "consuming"]  # in this order
Work = Callable[["Questions", Settings, tuple[Rule[Any], ...], str], None]

log = logging.getLogger(__name__)


class FellowEnded(OperatorError):
    """A process of the worker has ended by itself.

    Operator action: see the log above; the worker can be started again.
    """


class Silent(OperatorError):
    """A process of the worker does not answer. Operator action: wait; if it lasts, the worker ends by itself."""


class Condition(msgspec.Struct, frozen=True, array_like=True):
    """How a process of a worker was at a moment (monotonic, one clock for all processes of a machine).

    What `/healthz` and `/readyz` say of it, and the newest stream time that its stages have heard of.
    """

    at: float
    is_alive: bool = True
    is_ready: bool = False
    state: Readiness = "joining"
    partitions: int = 0
    lag_records: int = 0
    newest_source_time: int | None = None


class _Question(msgspec.Struct, frozen=True, array_like=True):
    number: int
    about: Literal["condition", "metrics", "stop"]
    newest_source_time: int | None = None


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    number: int
    condition: Condition | None = None
    metrics: list[Family] | None = None


class _Reason(msgspec.Struct, frozen=True, array_like=True):
    message: str
    cure: str


_encode = msgspec.msgpack.Encoder().encode
_read_question = msgspec.msgpack.Decoder(_Question).decode
_read_answer = msgspec.msgpack.Decoder(_Answer).decode
_read_reason = msgspec.msgpack.Decoder(_Reason).decode


class Fellow:
    """A process of the worker, as its first one sees it. ``called``: in logs and reasons."""

    def __init__(self, process: BaseProcess, line: Connection, reason: Connection, called: str) -> None:
        self._process, self._line, self._reason, self._called = process, line, reason, called
        self._newest: Callable[[], int | None] = lambda: None
        self._asking = threading.Lock()
        self._number = 0
        self._condition = Condition(monotonic())  # it has just been started

    @property
    def condition(self) -> Condition:
        """How it was when it was looked at last."""
        if monotonic() - self._condition.at < _SILENT_SECONDS:
            return self._condition
        return msgspec.structs.replace(self._condition, is_alive=False, is_ready=False)

    def keep_told(self, newest_source_time: Callable[[], int | None]) -> None:
        """Tell it, with every look, the newest stream time of any partition: persons' stages, which hear of it, are elsewhere."""
        self._newest = newest_source_time

    def metrics(self) -> Sequence[Family]:
        """What it would show now. Blocks; raises `Silent`."""
        found = self._ask("metrics").metrics
        if found is None:
            raise Silent(f"the process of {self._called} cannot tell its metrics", "its log says why")
        return found

    async def begun(self) -> None:
        """Until it answers: it has to load what this process has loaded already. Raises `FellowEnded` when it failed."""
        while self._process.is_alive():
            with contextlib.suppress(Silent):
                await asyncio.to_thread(self._ask, "condition")
                return
        self._raise_its_reason()

    async def watch(self) -> None:
        """Look at it for ever; returns when it ended as if asked to, raises `FellowEnded` when it failed.

        It is asked to stop when this is cancelled.
        """
        try:
            while self._process.is_alive():
                with contextlib.suppress(Silent):  # `condition` says so when it lasts
                    self._condition = (await asyncio.to_thread(self._ask, "condition")).condition or self._condition
                await asyncio.sleep(_LOOK_SECONDS)
            self._raise_its_reason()
        finally:
            self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """It ends in order, by itself, in its own time."""
        with contextlib.suppress(OSError):  # it has ended
            self._line.send_bytes(_encode(_Question(0, "stop")))

    async def stop(self) -> None:
        """Until it has ended; by force where it does not."""
        self.ask_to_stop()
        await asyncio.to_thread(self._process.join, _STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        self._line.close()

    def _raise_its_reason(self) -> None:
        self._process.join()
        if self._process.exitcode == 0:
            return
        if self._reason.poll():
            with contextlib.suppress(EOFError):
                reason = _read_reason(self._reason.recv_bytes())
                raise FellowEnded(f"{self._called}: {reason.message}", reason.cure)
        raise FellowEnded(
            f"the process of {self._called} ended with status {self._process.exitcode}",
            "see the log above; what was in hand comes again",
        )

    def _ask(self, about: Literal["condition", "metrics"]) -> _Answer:
        with self._asking:
            self._number += 1
            with contextlib.suppress(OSError, EOFError):  # it has ended, and is silent as well
                self._line.send_bytes(_encode(_Question(self._number, about, self._newest())))
                while self._line.poll(_ANSWER_SECONDS):
                    answer = _read_answer(self._line.recv_bytes())
                    if answer.number == self._number:  # an older one was given up
                        return answer
        raise Silent(f"the process of {self._called} does not answer", "it has ended, or its machine is overloaded")


@contextlib.asynccontextmanager
async def fellow_process(
    work: Work, settings: Settings, rules: tuple[Rule[Any], ...], name: str, called: str
) -> AsyncIterator[Fellow]:
    """A process that does this work, for the time of a `with` block."""
    ours, theirs = spawned.pipe()
    reason, of_reason = spawned.pipe(duplex=False)
    process = spawned.start(_work, work, theirs, of_reason, settings, rules, name)
    theirs.close()
    of_reason.close()
    fellow = Fellow(process, ours, reason, called)
    try:
        yield fellow
    finally:
        await fellow.stop()
        reason.close()


# -- in the other process -----------------------------------------------------------------------------------------------


class Questions:
    """What the first process asks, answered by a thread: also while the work is at its hardest."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.condition = Condition(monotonic())  # the work brings it up to date
        self.newest_source_time: int | None = None  # of any partition, as far as the first process knows
        self._metrics: Callable[[], list[Family]] = list
        self._stop: Callable[[], None] = lambda: os._exit(0)  # nothing is in hand yet
        threading.Thread(target=self._answer_all, name="questions", daemon=True).start()

    def answer(self, metrics: Callable[[], list[Family]], stop: Callable[[], None]) -> None:
        """From now on so. They are called from another thread, ``stop`` perhaps more than once."""
        self._metrics, self._stop = metrics, stop

    def _answer_all(self) -> None:
        try:
            while True:
                self._answer(_read_question(self._line.recv_bytes()))
        except (EOFError, OSError):
            os._exit(1)  # the first process is gone, and nobody would ever stop this one

    def _answer(self, question: _Question) -> None:
        if question.about == "stop":
            self._stop()
        elif question.about == "metrics":
            self._line.send_bytes(_encode(_Answer(question.number, metrics=self._told())))
        else:
            self.newest_source_time = question.newest_source_time
            self._line.send_bytes(_encode(_Answer(question.number, self.condition)))

    def _told(self) -> list[Family] | None:
        try:
            return self._metrics()
        except Exception as error:  # whatever it is, who asked hears that there is no answer
            log.error("metrics cannot be told", exc_info=error)
            return None


def _work(
    work: Work, line: Connection, reason: Connection, settings: Settings, rules: tuple[Rule[Any], ...], name: str
) -> None:
    try:
        work(Questions(line), settings, rules, name)
    except Exception as error:  # noqa: BLE001  # the first process raises it; Python would print its text, which may quote a record
        said = error if isinstance(error, OperatorError) else OperatorError(f"unexpected {where(error)}")
        reason.send_bytes(_encode(_Reason(said.message, said.cure)))
        raise SystemExit(1) from None
