"""Which labels count in a window, and which alerts hit them? (wire.md, "A label")"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from detectors.engine.registry import all_rules
from schemas.alerts import Alert
from schemas.china_time import HOUR, parse_time
from schemas.labels import BEFORE, Label, decode_label, hits
from stream.errors import OperatorError
from stream.line_files import LineFile


class Detected(msgspec.Struct, frozen=True):
    """A label that was hit. ``delay_hours``: None where every alert that hits it was raised before it began."""

    alert_id: str
    raised_at: str
    delay_hours: float | None
    in_time: bool | None  # None where it has no end, or no delay


class Labels:
    """The labels of a file. Those that count are numbered from 0; the others still tell that an alert is right.

    A label counts where its rule runs and it begins within what was replayed and counted, ``start`` to ``end``: what began in
    the warm-up may have been found there, and what begins after the end nobody could have found. A label of no rule there is
    is counted among the others by its name.
    """

    def __init__(self, labels: Iterable[Label], rules: Iterable[str], start: int | None, end: int | None) -> None:
        running = set(rules)
        self.counted: list[Label] = []
        self.outside: Counter[str] = Counter()
        self._by_visit: dict[tuple[str, str], list[int]] = {}
        self._by_place: dict[tuple[str, str | None, str | None], list[int]] = {}
        others = []
        for label in labels:
            reason = _why_not(label, running, start, end)
            if reason is None:
                self.counted.append(label)
            else:
                self.outside[reason] += 1
                others.append(label)
        self._all = [*self.counted, *others]
        for number, label in enumerate(self._all):
            for visit in label.visits:
                self._by_visit.setdefault((label.pattern, visit), []).append(number)
            if not label.visits:
                self._by_place.setdefault((label.pattern, label.institution, label.item), []).append(number)

    def of(self, rule: str) -> list[int]:
        """The numbers of a rule's labels that count."""
        return [number for number, label in enumerate(self.counted) if label.pattern == rule]

    def knows(self, rule: str) -> bool:
        """Whether there is any label of the rule, counted or not: without one, nobody can say that its alerts are wrong."""
        return any(label.pattern == rule for label in self._all)

    def hit_by(self, alert: Alert) -> list[int]:
        """The numbers of the labels that it hits; from ``len(counted)`` on those that do not count."""
        near = {number for visit in alert.visits for number in self._by_visit.get((alert.rule, visit), ())}
        near.update(self._by_place.get((alert.rule, alert.institution, alert.item), ()))
        return sorted(number for number in near if hits(alert, self._all[number]))

    def detected(self, alerts: Sequence[Alert]) -> dict[int, Detected]:
        """By number, every label that counts and is hit by one of these open alerts, with the first that does."""
        found: dict[int, list[Alert]] = {}
        for alert in alerts:
            for number in self.hit_by(alert):
                if number < len(self.counted):
                    found.setdefault(number, []).append(alert)
        return {number: _detected(self.counted[number], found[number]) for number in sorted(found)}


def _detected(label: Label, alerts: Sequence[Alert]) -> Detected:
    begin = parse_time(label.begin)
    raised = sorted((alert.raised_at, alert.alert_id) for alert in alerts)
    since = [one for one in raised if parse_time(one[0]) >= begin - BEFORE]
    at, alert_id = (since or raised)[0]
    if not since:
        return Detected(alert_id, at, None, None)
    in_time = None if label.end is None else parse_time(at) < parse_time(label.end)
    return Detected(alert_id, at, (parse_time(at) - begin) / HOUR, in_time)


def _why_not(label: Label, running: set[str], start: int | None, end: int | None) -> str | None:
    if label.pattern not in running:
        return "its rule does not run" if label.pattern in all_rules() else f"{label.pattern} is no rule"
    begin = parse_time(label.begin)
    if start is not None and begin < start:
        return "begun before the window"
    if end is None or begin > end:
        return "begins after what was replayed"
    return None


def read(files: Sequence[Path]) -> list[Label]:
    """The labels of files of lines; raises `OperatorError` for a line that is none."""
    found = []
    for path in files:
        with LineFile(str(path)) as file:
            number = 0
            while (lines := file.read()) is not None:
                for line in lines:
                    number += 1
                    if line:
                        found.append(_label(line, f"{file.name}, line {number}"))
    return found


def _label(line: bytes, place: str) -> Label:
    try:
        label = decode_label(line)
        parse_time(label.begin)
        parse_time(label.end or label.begin)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON, or a time is none"
        raise OperatorError(f"{place} is no label ({why})", "mend the line or take it out") from None
    return label
