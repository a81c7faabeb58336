"""How surprising is each row of a file of readings? One pass, each row judged by what came before it alone.

The scorer is `detectors.models.series`; here are only the file's rows, its times and its numbers. What is no number or no time
stops the run with its line: a row that is left out or guessed would shift what every later row is held against.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple, TextIO

from detectors.models.series import WARM_UP, SeriesScorer
from stream.errors import OperatorError
from stream.line_files import LineFile

TIMESTAMP, VALUE = "timestamp", "value"
SCORE, EXPECTED = "score", "expected"
_BLANK: Final = frozenset(("", "nan", "na", "n/a", "null", "none"))
# Seconds, milliseconds, microseconds, nanoseconds since 1970: the bounds lie in the year 5138 of the unit below.
_COUNT: Final = re.compile(r"[+-]?(?!(19|20)\d{6}$)\d+(\.\d*)?")  # eight digits such as 20140401 are a date
_FIRST_PARTS: Final = re.compile(r"^(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[ T](\d{1,2}):)?")
_UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))


class Unscorable(OperatorError):
    """The file is no series of readings. Operator action: mend the line that is named, or name the right columns."""


class Scored(NamedTuple):
    """What was done: ``blank`` rows had no reading, ``warm_up_seconds`` is None where the series was too short to be judged."""

    rows: int
    blank: int
    backward: int
    warm_up_seconds: float | None
    highest: float


def write_scores(
    file: LineFile,
    out: TextIO,
    columns: tuple[str, str] = (TIMESTAMP, VALUE),
    progress: Callable[[int], None] = lambda rows: None,
) -> Scored:
    """Write the file's rows with their score and what was expected, each as soon as it is read.

    Raises `Unscorable` for a file that is none of readings.
    """
    lines = _lines(file, out)
    first = next(lines, "")
    delimiter = next((each for each in ";\t" if each in first and "," not in first), ",")
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    time_at, value_at = (_column(file.name, names, wanted) for wanted in columns)
    for taken in (SCORE, EXPECTED):
        if taken in names:
            raise Unscorable(f"{file.name} has a column {taken} already", "rename it or leave it out")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*names, SCORE, EXPECTED])
    scorer, tally = SeriesScorer(), _Tally()
    for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 2):
        if not row:
            continue  # an empty line
        if len(row) != len(names):
            raise Unscorable(
                f"line {number} of {file.name} has {len(row)} fields, its head {len(names)}", "mend the line"
            )
        time = _time(row[time_at], file.name, number)
        value = _value(row[value_at], file.name, number)
        writer.writerow(row + tally.score(scorer, time, value))
        if not number % 1_000:
            progress(tally.rows)
    return tally.scored()


class _Tally:
    """Counts what was scored."""

    def __init__(self) -> None:
        self.rows = self.blank = self.backward = 0
        self.first: float | None = None
        self.last = 0.0
        self.warm_up: float | None = None
        self.highest = 0.0

    def score(self, scorer: SeriesScorer, time: float, value: float | None) -> list[str]:
        """The row's score and what was expected, as they are written: empty where there is no reading."""
        if self.first is None:
            self.first = time
        elif time < self.last:
            self.backward += 1
        self.rows, self.last = self.rows + 1, time
        if value is None:
            self.blank += 1
            return ["", ""]
        if self.warm_up is None and scorer.is_warm():
            self.warm_up = time - self.first
        score = scorer.score(time, value)
        self.highest = max(self.highest, score)
        return [f"{score:.9f}", f"{scorer.expected:.6g}"]

    def scored(self) -> Scored:
        return Scored(self.rows, self.blank, self.backward, self.warm_up, self.highest)


def summary(done: Scored) -> str:
    """One line for standard error."""
    warm_up = (
        f"none of them judged: the first {WARM_UP} readings are warm-up"
        if done.warm_up_seconds is None
        else f"the first {WARM_UP} readings ({done.warm_up_seconds:,.0f} s) were warm-up"
    )
    blank = f", {done.blank:,} without a reading (no score)" if done.blank else ""
    backward = f", {done.backward:,} with a time before the last" if done.backward else ""
    return f"{done.rows:,} rows{blank}{backward}; {warm_up}; highest score {done.highest:.3f}"


def _lines(file: LineFile, out: TextIO) -> Iterator[str]:
    """The file's lines as text; what was written is handed on while a pipe is quiet."""
    number = 0
    while (lines := file.read()) is not None:
        if not lines:
            out.flush()
        for line in lines:
            number += 1
            try:
                yield line.decode()
            except UnicodeDecodeError:
                raise Unscorable(f"line {number} of {file.name} is not UTF-8", "save the file as UTF-8") from None
    if file.cut_off:
        raise Unscorable(f"{file.name} is not whole: {file.cut_off}", "give the whole file")


def _column(file: str, names: Iterable[str], wanted: str) -> int:
    known = [name.lower() for name in names]
    if known.count(wanted.lower()) != 1:
        has = ", ".join(names) or "none"
        raise Unscorable(
            f"{file} has no one column {wanted} (its columns: {has})",
            f"head the columns {TIMESTAMP} and {VALUE}, or name others with --timestamp and --value",
        )
    return known.index(wanted.lower())


def _value(text: str, file: str, number: int) -> float | None:
    text = text.strip()
    if text.lower() in _BLANK:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value) or "_" in text:
        cure = "write a finite number with a decimal point, or leave it empty where nothing was measured"
        raise Unscorable(f"line {number} of {file}: {text!r} is no reading", cure)
    return value


def _time(text: str, file: str, number: int) -> float:
    """Seconds since 1970-01-01 of the file's own clock; of UTC where it says its offset."""
    text = text.strip()
    if _COUNT.fullmatch(text):
        count = float(text)
        return next(count / unit for bound, unit in _UNITS if abs(count) < bound)
    try:
        moment = datetime.fromisoformat(_FIRST_PARTS.sub(_with_zeros, text, count=1))
    except ValueError:
        cure = "write yyyy-MM-dd HH:mm:ss, or seconds since 1970"
        raise Unscorable(f"line {number} of {file}: {text!r} is no time", cure) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _with_zeros(found: re.Match[str]) -> str:
    year, month, day, hour = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f" {hour:0>2}:" if hour else "")
