"""How does a worker write its log? One JSON object a line on standard error, without personal data.

Fields: `at` (UTC), `level`, `logger`, `message`, `process` where it is a worker's second one, whatever the call gave as `extra`,
and of an exception its kind and place. The text of an exception is kept only where we or Kafka wrote it: any other may quote
what it choked on. So may what other packages log: of theirs the first line is kept, exceptions in it by their kind, long numbers
by their length.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from traceback import extract_tb
from typing import TextIO

from aiokafka.errors import KafkaError

from stream.errors import OperatorError
from stream.masking import masked_number

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "data"}
_SPEAKING = (KafkaError, OperatorError, OSError)
_FRAMES = 8
QUIET_SECONDS = 10.0
_MOST_WORDS = 1_000
_OTHERS_OF_OURS = frozenset({"stream.transport"})  # Faust's services write there

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """A log record as one line of JSON; ``process`` is said in each where a worker has several."""

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._always = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **self._always,
        }
        line.update((name, value) for name, value in record.__dict__.items() if name not in _STANDARD)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _message(record: logging.LogRecord) -> str:
    if _is_ours(record):
        return record.getMessage()
    message = str(record.msg)
    if isinstance(record.args, tuple):
        try:
            message = message % tuple(map(_spoken, record.args))
        except (TypeError, ValueError):  # `logging` would print a traceback with all arguments
            message = f"{message} [{len(record.args)} arguments that do not fit]"
    return masked_number(
        message.partition("\n")[0]
    )  # asyncio's further lines are reprs of tasks, with their exceptions


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "stream" and record.name not in _OTHERS_OF_OURS


def _spoken(argument: object) -> object:
    if isinstance(argument, BaseException) and not isinstance(argument, _SPEAKING):
        return _Kind(type(argument).__name__)
    return argument


class _Kind(str):
    """Shown alike by ``%s`` and ``%r``."""

    __slots__ = ()
    __repr__ = str.__str__


def describe(error: BaseException) -> dict[str, object]:
    """Kind and place of an exception, and its text where that cannot hold personal data."""
    frames = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
    described: dict[str, object] = {"kind": type(error).__name__, "at": frames[-_FRAMES:]}
    if isinstance(error, _SPEAKING):
        described["text"] = str(error)
    if error.__cause__ is not None:
        described["cause"] = describe(error.__cause__)
    return described


class SayOnce(logging.Filter):
    """Passes what other packages repeat once in `QUIET_SECONDS`, with how often it was said (``repeated``).

    While a broker is away aiokafka logs hundreds of lines a second; one of each tells as much. Ours all pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if _is_ours(record):
            return True
        words = (record.name, record.levelno, str(record.msg))
        since, unsaid = self._said.get(words, (-QUIET_SECONDS, 0))
        if record.created - since < QUIET_SECONDS:
            self._said[words] = since, unsaid + 1
            return False
        if len(self._said) >= _MOST_WORDS:  # whoever puts numbers into the words would fill the memory
            self._said.clear()
        self._said[words] = record.created, 0
        if unsaid:
            record.repeated = unsaid + 1
        return True


def write_logs(stream: TextIO = sys.stderr, level: str = "info", process: str = "") -> None:
    """Send the log of the whole process to `stream`: ours from `level` on, Faust's and aiokafka's from warnings on.

    With ``debug`` theirs come from ``info`` on, never lower: at their debug level they print requests, and so records and
    passwords.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(process))
    handler.addFilter(SayOnce())
    is_debug = level == "debug"
    logging.basicConfig(handlers=[handler], level=logging.INFO if is_debug else logging.WARNING, force=True)
    logging.getLogger("stream").setLevel(level.upper())
    # Faust tells there of each service's start and stop.
    logging.getLogger("stream.transport").setLevel(logging.DEBUG if is_debug else logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_ended
    sys.unraisablehook = _not_raised


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """Python's own prints the exception's text."""
    log.error("a thread ended with an error", exc_info=ended.exc_value)


def _not_raised(found: sys.UnraisableHookArgs) -> None:
    log.error("an error could not be raised", exc_info=found.exc_value)
