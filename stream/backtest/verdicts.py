"""What have inspectors said of the alerts of a run, as far as it was said by then?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from schemas.china_time import parse_time
from schemas.verdicts import Verdict, decode_verdict
from stream import history_topic
from stream.backtest.intervals import share, wilson
from stream.backtest.result import Verdicts
from stream.errors import OperatorError
from stream.history_topic import Place, TopicHistory
from stream.line_files import LineFile
from stream.settings import Settings


class Words:
    """The newest word on every alert, said at or before ``end``: what was said later nobody knew by then."""

    def __init__(self, verdicts: Iterable[Verdict], end: int | None) -> None:
        self.newest: dict[str, Verdict] = {}
        self.outside: Counter[str] = Counter()
        for verdict in verdicts:
            if end is not None and parse_time(verdict.at) > end:
                self.outside["said after what was replayed"] += 1
                continue
            before = self.newest.get(verdict.alert_id)
            if before is None or before.at <= verdict.at:
                self.newest[verdict.alert_id] = verdict

    def on(self, alert_id: str) -> str | None:
        """The newest word on it."""
        verdict = self.newest.get(alert_id)
        return None if verdict is None else verdict.verdict

    def counted(self, alert_ids: Iterable[str]) -> Verdicts:
        """What was said of these alerts."""
        words = Counter(self.on(alert_id) for alert_id in alert_ids)
        right, wrong = words["confirmed"], words["rejected"]
        return Verdicts(
            confirmed=right,
            rejected=wrong,
            undecided=words["undecided"],
            unjudged=words[None],
            precision=share(right, right + wrong),
            precision_interval=wilson(right, right + wrong),
        )

    def note_others(self, alert_ids: Iterable[str]) -> None:
        """Count the words on alerts that this run does not have."""
        there = set(alert_ids)
        if others := sum(1 for alert_id in self.newest if alert_id not in there):
            self.outside["on alerts that this run does not raise"] += others


def read(source: str, settings: Settings) -> list[Verdict]:
    """The verdicts of a file or of ``kafka://host:port/topic``, in order; raises `OperatorError` for a line that is none."""
    found: list[Verdict] = []
    for alert_id, value, place in _values(source, settings):
        if value:
            found.append(_verdict(value, place))
        else:  # a tombstone takes back what was said
            found = [verdict for verdict in found if verdict.alert_id != alert_id]
    return found


def _values(source: str, settings: Settings) -> Iterator[tuple[str, bytes, str]]:
    if source.startswith(f"{history_topic.SCHEME}://"):
        for record in TopicHistory(Place(source), settings).read():
            place = f"{source}, partition {record.partition}, offset {record.offset}"
            yield (record.key or b"").decode(errors="replace"), record.value, place
        return
    with LineFile(source) as file:
        number = 0
        while (lines := file.read()) is not None:
            for line in lines:
                number += 1
                if line:
                    yield "", line, f"{file.name}, line {number}"


def _verdict(value: bytes, place: str) -> Verdict:
    try:
        return decode_verdict(value)
    except msgspec.DecodeError as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON, or `at` is no time"
        cure = 'write {"alert_id": …, "verdict": "confirmed", "rejected" or "undecided", "at": "yyyy-MM-dd HH:mm:ss"}'
        raise OperatorError(f"{place} is no verdict ({why})", cure) from None
