"""How do tests run the graph of stages over a history? Without Kafka, cut, doubled or restored as a test wants it."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from detectors.engine.incoming import Incoming
from detectors.engine.registry import all_rules
from detectors.engine.rule import Rule
from schemas.alerts import Alert, encode_alert
from schemas.china_time import format_time, parse_time, to_unix
from schemas.dead_letters import DeadLetter
from stream.known import KnownReferences
from stream.pipeline import Pipeline, Returned, Stores

TIMESTAMP_MS = to_unix(parse_time("2030-01-01")) * 1000  # of every record: the day on which a history is replayed
_NOT_THE_SAME = ("revision", "raised_at", "revised_at", "source")  # design.md, the invariant


class References(NamedTuple):
    """Reference records of a history, as the topics hold them."""

    institutions: tuple[bytes, ...] = ()
    persons: tuple[bytes, ...] = ()
    catalogue: tuple[bytes, ...] = ()

    def known(self) -> KnownReferences:
        """Institutions and catalogue, looked up as the engine does."""
        known = KnownReferences()
        for value in self.institutions:
            known.put_institution(value)
        for value in self.catalogue:
            known.put_item(value)
        return known


def every_rule() -> list[Rule[Any]]:
    """Every rule with its defaults."""
    return [rule() for rule in all_rules().values()]


class Kept(dict[tuple[str, int], dict[bytes, bytes]]):
    """Saved pages, and what had come back to the first stage and was not in them yet."""

    def __init__(self) -> None:
        super().__init__()
        self.returned: Returned = {}


class EngineRun:
    """One run; `stores` may be another run's, whose saved pages it then goes on from."""

    def __init__(
        self, references: References | None = None, *, partitions: int = 1, stores: Stores | None = None,
        rules: Sequence[Rule[Any]] | None = None,
    ) -> None:  # fmt: skip
        references = references or References()
        self.published: list[Alert] = []
        self.dead_letters: list[DeadLetter] = []
        self.partitions = partitions
        self.rules = every_rule() if rules is None else list(rules)
        kept = Kept() if stores is None else stores
        returned = kept.returned if isinstance(kept, Kept) else None
        self.pipeline = Pipeline(
            self.rules, references.known(), self.published.append,
            self.dead_letters.append, partitions, stores=kept, returned=returned, partition_of=_spread,
        )  # fmt: skip
        self._next = Counter[int]()
        if stores is None and references.persons:
            persons = [Incoming(0, n, TIMESTAMP_MS, None, value) for n, value in enumerate(references.persons)]
            self.pipeline.take_persons(persons)

    @property
    def stores(self) -> Stores:
        """The saved pages, as far as they were saved."""
        return self.pipeline.stores

    def stores_as_saved(self) -> Stores:
        """A copy of them, that another run may go on from while this one goes on too."""
        kept = Kept()
        kept.update({stage: dict(pages) for stage, pages in self.stores.items()})
        if isinstance(self.stores, Kept):
            kept.returned = {partition: list(records) for partition, records in self.stores.returned.items()}
        return kept

    def record(self, value: bytes, offset: int | None = None) -> Incoming:
        """The value as the next record of its institution's partition, or as the record at ``offset``."""
        partition = partition_of(value, self.partitions)
        if offset is None:
            offset = self._next[partition]
            self._next[partition] += 1
        return Incoming(partition, offset, TIMESTAMP_MS, None, value, value.startswith(b'{"mark"'))

    def take(self, values: Iterable[bytes], batch: int = 7) -> EngineRun:
        """Apply values in order, in batches of at most ``batch`` records of one partition."""
        self.take_records([self.record(value) for value in values], batch)
        return self

    def take_records(self, records: Sequence[Incoming], batch: int = 7) -> EngineRun:
        """Apply records in order, likewise."""
        waiting: list[Incoming] = []
        for record in records:
            if waiting and (record.partition != waiting[0].partition or len(waiting) == batch):
                self.pipeline.take(waiting)
                waiting = []
            waiting.append(record)
        if waiting:
            self.pipeline.take(waiting)
        return self

    def mark(self, time: int, offset: int | None = None) -> EngineRun:
        """A time mark in every partition, as `fundwatch load` ends a file."""
        value = json.dumps({"mark": format_time(time)}).encode()
        for partition in range(self.partitions):
            at = self._next[partition] if offset is None else offset
            self.pipeline.take([Incoming(partition, at, TIMESTAMP_MS, None, value, True)])
            self._next[partition] = at + 1
        return self

    def save_later_stages(self) -> None:
        """Write what a crash may leave: each stage writes for itself, and the later ones were quicker than the first."""
        self.pipeline.save_later()

    def then(self, later: EngineRun) -> EngineRun:
        """This run with what a later one over the same stores published after it."""
        self.published += later.published
        return self

    def newest(self) -> dict[str, Alert]:
        """The newest revision of every alert."""
        return {alert.alert_id: alert for alert in self.published}

    def open_alerts(self) -> dict[str, dict[str, Any]]:
        """What stands open, but for what may differ between two runs of the same transactions."""
        return {
            alert_id: _comparable(alert) for alert_id, alert in sorted(self.newest().items()) if alert.status == "open"
        }


def partition_of(value: bytes, partitions: int) -> int:
    """By a hash of the institution, as a producer spreads keys; what has no institution goes to partition 0."""
    if partitions == 1:
        return 0
    institution = json.loads(value).get("fixmedins_code", "")
    return _spread(str(institution).encode(), partitions)


def _spread(institution: bytes, partitions: int) -> int:
    return zlib.crc32(institution) % partitions


def _comparable(alert: Alert) -> dict[str, Any]:
    stated: dict[str, Any] = msgspec.json.decode(encode_alert(alert))
    return {name: value for name, value in stated.items() if name not in _NOT_THE_SAME}


def time_of(value: bytes) -> int:
    """A transaction's ``inf_time``."""
    return parse_time(json.loads(value)["inf_time"])
