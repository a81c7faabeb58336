"""How is the history of a Kafka topic read for a replay? Partitions side by side, from the offset of a time to their present end.

Partitions are handed out in one row, by stream time: the partition whose next record is earliest first, so that none runs ahead
of the others, whatever was written when. What of the history is gone, or was left out on the way, is said.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from queue import Empty, Full, Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from msgspec import structs

from detectors.engine.clock import BEGINNING, StreamClock
from detectors.engine.incoming import Incoming
from detectors.engine.institution_stage import LARGEST_LEAD
from schemas.china_time import HOUR, format_time, from_unix, to_unix
from schemas.decode import decode_mark
from schemas.fields import Undecodable
from stream.blocks import head_of
from stream.connection import BOOTSTRAP_TIMEOUT_MS, kafka_errors_explained, kafka_python_options, unreachable
from stream.errors import OperatorError
from stream.settings import Settings

SCHEME = "kafka"
MOST_READERS = 4  # connections that read side by side
_FETCH = 1_000
_WAITING = 3  # fetches of a partition that wait to be replayed, and as many that wait for room there: some 10 MB
_SILENT_SECONDS = 60.0  # no record for so long, though there are some: the broker is gone


class Place:
    """``kafka://host:port/topic``, or ``kafka://host:port/topic?partitions=0,2`` for some of them."""

    def __init__(self, source: str) -> None:
        parts = urlsplit(source)
        self.source = source
        self.broker = parts.netloc
        self.topic = parts.path.strip("/")
        asked = parse_qs(parts.query, keep_blank_values=True)
        if parts.scheme != SCHEME or not self.broker or not self.topic or set(asked) - {"partitions"}:
            raise OperatorError(
                f"{source} is not a topic", "write it as kafka://host:port/topic, with ?partitions=0,2 for some of them"
            )
        self.partitions = None if not asked else _numbers(asked["partitions"], source)


def _numbers(given: list[str], source: str) -> list[int]:
    words = [word.strip() for word in ",".join(given).split(",")]
    if not all(word.isdecimal() for word in words):
        raise OperatorError(f"{source} names no partitions", "write their numbers, as in ?partitions=0,2")
    return sorted({int(word) for word in words})


class _End(msgspec.Struct, frozen=True):
    """A partition is read to its end, or its reader has failed."""

    error: Exception | None = None


class TopicHistory:
    """One topic's records. ``since``: the stream time from which it is wanted, None from its beginning.

    ``positions``: offsets by partition at which an earlier run stopped.
    """

    def __init__(
        self, place: Place, settings: Settings, since: int | None = None, positions: Mapping[int, int] | None = None
    ) -> None:
        self._settings = structs.replace(settings, broker=place.broker)
        self._place = place
        self.name = place.source
        self.notes: list[str] = []
        self._positions = dict(positions or {})
        self._stopped = threading.Event()
        with kafka_errors_explained(self._settings):
            consumer = self._consumer()
            try:
                self._topic_partitions = self._chosen(consumer.partitions_for_topic(place.topic))
                self._end = consumer.end_offsets(self._topic_partitions)
                self._begin = self._begins(consumer, since)
            finally:
                consumer.close()

    def _consumer(self) -> Any:
        return KafkaConsumer(
            **kafka_python_options(self._settings),
            bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # what is gone meanwhile shows as a gap, and is said
            group_id=None,
            max_poll_records=_FETCH,
        )

    def _chosen(self, there: set[int] | None) -> list[TopicPartition]:
        place = self._place
        if not there:
            raise OperatorError(
                f"topic {place.topic} does not exist on {place.broker}", "check the name with `fundwatch topics check`"
            )
        if place.partitions is not None and (absent := set(place.partitions) - there):
            raise OperatorError(
                f"topic {place.topic} has no partition {min(absent)}", f"it has those from 0 to {max(there)}"
            )
        numbers = sorted(there) if place.partitions is None else place.partitions
        if len(numbers) < len(there):
            self.notes.append(f"{place.source}: {len(numbers)} of the topic's {len(there)} partitions were asked for")
        return [TopicPartition(place.topic, number) for number in numbers]

    def _begins(self, consumer: Any, since: int | None) -> dict[TopicPartition, int]:
        """Where to begin. A record is never written before the time that it states, but for an hour's wrong clock."""
        first = consumer.beginning_offsets(self._topic_partitions)
        begins = dict(first)
        if since is not None:
            wanted = int(to_unix(since - HOUR) * 1000)
            found = consumer.offsets_for_times(dict.fromkeys(self._topic_partitions, wanted))
            begins = {tp: self._end[tp] if at is None else at.offset for tp, at in found.items()}
        for tp in self._topic_partitions:
            position = self._positions.get(tp.partition)
            if position is not None and position < first[tp]:
                raise OperatorError(
                    f"partition {tp.partition} of {tp.topic} begins at offset {first[tp]}, and the run stopped at {position}",
                    "what lies between is gone; begin anew, without the snapshot",
                )
            begins[tp] = begins[tp] if position is None else position
        cut = {tp: first[tp] for tp in self._topic_partitions if 0 < first[tp] == begins[tp] and not self._positions}
        self._note_truncated(consumer, cut, since)
        return begins

    def _note_truncated(self, consumer: Any, cut: Mapping[TopicPartition, int], since: int | None) -> None:
        """Of a log whose beginning is gone it matters whether what is there begins after what is wanted."""
        told = []
        for tp, offset in cut.items():
            begin = _earliest(consumer, tp, offset, self._end[tp])
            if since is None or begin is None or begin > since - HOUR:
                when = "" if begin is None else f", written {format_time(begin)}"
                told.append(f"partition {tp.partition} begins at offset {offset}{when}")
        if told:
            self.notes.append(f"{self._place.source}: the topic's beginning is gone: {'; '.join(told)}")

    @property
    def partitions(self) -> int:
        """How many partitions are read."""
        return len(self._topic_partitions)

    @property
    def records(self) -> int:
        """How many records there are to read, about: compaction and transactions leave holes."""
        return sum(max(self._end[tp] - self._begin[tp], 0) for tp in self._topic_partitions)

    # -- reading ----------------------------------------------------------------------------------------------------

    def read(self) -> Iterator[Incoming]:
        """All records, one partition's in their order; the first by stream time, then by partition. Close it at the end."""
        queues: dict[int, Queue[list[Incoming] | _End]] = {
            tp.partition: Queue(_WAITING) for tp in self._topic_partitions
        }
        readers = [
            threading.Thread(target=self._fetch, args=(own, queues), daemon=True)
            for own in (self._topic_partitions[number::MOST_READERS] for number in range(MOST_READERS))
            if own
        ]
        for reader in readers:
            reader.start()
        rows = [_Row(tp.partition, self._begin[tp], queues[tp.partition]) for tp in self._topic_partitions]
        try:
            yield from self._in_order(rows)
        finally:
            self._stopped.set()
            for reader in readers:
                reader.join(timeout=10)

    def _in_order(self, rows: list[_Row]) -> Iterator[Incoming]:
        try:
            row = [each for each in rows if each.advance()]
            while row:
                first = min(row, key=lambda each: (each.time, each.partition))
                others = [(each.time, each.partition) for each in row if each is not first]
                until = min(others, default=None)
                while until is None or (first.time, first.partition) <= until:
                    record = first.next
                    is_there = first.advance()
                    yield record
                    if not is_there:
                        row.remove(first)
                        break
        except KafkaError as error:
            raise unreachable(self._settings, error) from error
        self._note_gaps(rows)

    def _note_gaps(self, rows: list[_Row]) -> None:
        missing = {row.partition: (row.missing, row.first_gap) for row in rows if row.missing}
        if missing:
            told = [f"partition {number} lacks {many} from {where} on" for number, (many, where) in missing.items()]
            self.notes.append(
                f"{self._place.source}: offsets are missing (compacted, deleted meanwhile, or ends of transactions): "
                f"{'; '.join(told)}"
            )

    def _fetch(
        self, own: list[TopicPartition], queues: Mapping[int, Queue[list[Incoming] | _End]]
    ) -> None:  # fmt: skip
        """In a thread of its own: some partitions, each to its end."""
        try:
            with contextlib.closing(self._consumer()) as consumer:
                consumer.assign(own)
                for tp in own:
                    consumer.seek(tp, self._begin[tp])
                self._fetch_all(consumer, own, queues)
        except Exception as error:  # noqa: BLE001 - whoever waits for its records raises it
            for tp in own:
                self._put(queues[tp.partition], _End(error))

    def _fetch_all(
        self, consumer: Any, own: list[TopicPartition], queues: Mapping[int, Queue[list[Incoming] | _End]]
    ) -> None:
        ahead = {tp: self._begin[tp] for tp in own}
        waiting: dict[TopicPartition, deque[list[Incoming]]] = {tp: deque() for tp in own}
        silent = 0.0
        while ahead and not self._stopped.is_set():
            fetched = consumer.poll(timeout_ms=500)
            silent = 0.0 if fetched or any(waiting.values()) else silent + 0.5
            if silent > _SILENT_SECONDS:
                raise KafkaError(f"no record for {silent:.0f} s")
            for tp, records in fetched.items():
                waiting[tp].append([_incoming(tp, record) for record in records if record.offset < self._end[tp]])
            for tp in list(ahead):
                while waiting[tp] and self._put(queues[tp.partition], waiting[tp][0], wait=False):
                    waiting[tp].popleft()
                (consumer.pause if len(waiting[tp]) > _WAITING else consumer.resume)(tp)
                if consumer.position(tp) >= self._end[tp] and not waiting[tp]:
                    self._put(queues[tp.partition], _End())
                    del ahead[tp]

    def _put(self, queue: Queue[list[Incoming] | _End], what: list[Incoming] | _End, wait: bool = True) -> bool:
        while not self._stopped.is_set():
            try:
                queue.put(what, timeout=0.2 if wait else 0)
                return True
            except Full:
                if not wait:
                    return False
        return True


class _Row:
    """The records of one partition that wait to be handed out. ``time``: the stream time of its next record."""

    def __init__(self, partition: int, begin: int, waiting: Queue[list[Incoming] | _End]) -> None:
        self.partition = partition
        self.time = BEGINNING
        self.missing = 0
        self.first_gap = -1
        self._waiting = waiting
        self._records: deque[Incoming] = deque()
        self._clock = StreamClock()  # so that one wrong clock does not hold up its partition
        self._expected = begin
        self.next: Incoming

    def advance(self) -> bool:
        """Go on to the next record; False at the end. Raises what its reader could not go on for."""
        while not self._records:
            try:
                got = self._waiting.get(timeout=1.0)
            except Empty:
                continue
            if isinstance(got, _End):
                if got.error is not None:
                    raise got.error
                return False
            self._records.extend(got)
        self.next = record = self._records.popleft()
        if record.offset > self._expected:
            self.missing += record.offset - self._expected
            self.first_gap = self._expected if self.first_gap < 0 else self.first_gap
        self._expected = record.offset + 1
        self._hear(record)
        return True

    def _hear(self, record: Incoming) -> None:
        try:
            if record.is_mark:
                self._clock.hear_mark(decode_mark(record.value).time)
            else:
                institution, inf_time = head_of(record.value)
                if inf_time <= from_unix(record.timestamp_ms / 1000) + LARGEST_LEAD:
                    self._clock.hear(institution, inf_time)
        except Undecodable:
            return  # it has no say in the order; its stage parks it
        self.time = self._clock.now


def _incoming(tp: TopicPartition, record: Any) -> Incoming:
    value = record.value if record.value is not None else b""
    return Incoming(tp.partition, record.offset, record.timestamp, record.key, value, _is_mark(record.headers))


def _earliest(consumer: Any, tp: TopicPartition, offset: int, end: int) -> int | None:
    """When the first record that is still there was written, seconds of China time; None where there is none."""
    if offset >= end:
        return None
    consumer.assign([tp])
    consumer.seek(tp, offset)
    for records in consumer.poll(timeout_ms=5_000, max_records=1).values():
        return from_unix(records[0].timestamp / 1000)
    return None


def _is_mark(headers: list[tuple[str, bytes]]) -> bool:
    return any(name == "mark" for name, _ in headers)
