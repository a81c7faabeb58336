"""How does a worker write its log? One JSON object a line on standard error, without personal data.

Fields: `at` (UTC), `level`, `logger`, `message`, whatever the call gave as `extra`, and of an exception its kind and place.
The text of an exception is kept only where we or Kafka wrote it: any other may quote what it choked on.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb
from typing import TextIO

from aiokafka.errors import KafkaError

from stream.errors import OperatorError

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "data"}
_SPEAKING = (KafkaError, OperatorError, OSError)
_FRAMES = 8


class JsonLines(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((name, value) for name, value in record.__dict__.items() if name not in _STANDARD)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def describe(error: BaseException) -> dict[str, object]:
    """Kind and place of an exception, and its text where that cannot hold personal data."""
    frames = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
    described: dict[str, object] = {"kind": type(error).__name__, "at": frames[-_FRAMES:]}
    if isinstance(error, _SPEAKING):
        described["text"] = str(error)
    if error.__cause__ is not None:
        described["cause"] = describe(error.__cause__)
    return described


def write_logs(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send the log of the whole process to `stream`; Faust's and aiokafka's own from warnings on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("stream").setLevel(level)
    logging.getLogger("stream.transport").setLevel(
        logging.WARNING
    )  # Faust tells there of each service's start and stop
