"""How is the history of a Kafka topic read for a replay? From each partition's beginning to the end it had at the start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from kafka import KafkaConsumer, TopicPartition
from msgspec import structs

from detectors.engine.incoming import Incoming
from stream.connection import BOOTSTRAP_TIMEOUT_MS, kafka_errors_explained, kafka_python_options
from stream.errors import OperatorError
from stream.settings import Settings

SCHEME = "kafka"
_BATCH = 500


class Place:
    """``kafka://host:port/topic``."""

    def __init__(self, source: str) -> None:
        parts = urlsplit(source)
        self.broker = parts.netloc
        self.topic = parts.path.strip("/")
        if parts.scheme != SCHEME or not self.broker or not self.topic:
            raise OperatorError(f"{source} is not a topic", "write it as kafka://host:port/topic")


class TopicHistory:
    """One topic's records. Partitions are read side by side and handed out in turns by record timestamp."""

    def __init__(self, place: Place, settings: Settings) -> None:
        there = structs.replace(settings, broker=place.broker)
        with kafka_errors_explained(there):
            self._consumer = KafkaConsumer(
                **kafka_python_options(there),
                bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
                enable_auto_commit=False,
                group_id=None,
            )
            partitions = self._consumer.partitions_for_topic(place.topic)
        if not partitions:
            raise OperatorError(
                f"topic {place.topic} does not exist on {place.broker}", "check the name with `fundwatch topics check`"
            )
        self._topic_partitions = [TopicPartition(place.topic, number) for number in sorted(partitions)]
        self._consumer.assign(self._topic_partitions)
        self._begin = self._consumer.beginning_offsets(self._topic_partitions)
        self._end = self._consumer.end_offsets(self._topic_partitions)
        self._consumer.seek_to_beginning(*self._topic_partitions)

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return len(self._topic_partitions)

    @property
    def records(self) -> int:
        """How many records there are to read, about: compaction and transactions leave holes."""
        return sum(self._end[tp] - self._begin[tp] for tp in self._topic_partitions)

    @property
    def notes(self) -> list[str]:
        """What of the history is gone already."""
        gone = [
            f"partition {tp.partition} begins at offset {self._begin[tp]}"
            for tp in self._topic_partitions
            if self._begin[tp] > 0
        ]
        return [f"the topic's beginning is gone: {'; '.join(gone)}"] if gone else []

    def batches(self, progress: Callable[[int], None]) -> Iterator[list[Incoming]]:
        """Batches of one partition each, the partition whose next record is oldest first."""
        waiting: dict[int, deque[Incoming]] = {tp.partition: deque() for tp in self._topic_partitions}
        open_partitions = {tp.partition for tp in self._topic_partitions if self._end[tp] > self._begin[tp]}
        while open_partitions or any(waiting.values()):
            self._fill(waiting, open_partitions)
            ready = [number for number, records in waiting.items() if records]
            if not ready:
                continue
            oldest = min(ready, key=lambda number: (waiting[number][0].timestamp_ms, number))
            records = waiting[oldest]
            batch = [records.popleft() for _ in range(min(_BATCH, len(records)))]
            progress(len(batch))
            yield batch
        self._consumer.close()

    def _fill(self, waiting: dict[int, deque[Incoming]], open_partitions: set[int]) -> None:
        """Poll until every partition that is not at its end has records waiting."""
        while any(not waiting[number] for number in open_partitions):
            for tp, records in self._consumer.poll(timeout_ms=1000, max_records=5000).items():
                waiting[tp.partition].extend(
                    Incoming(
                        tp.partition,
                        record.offset,
                        record.timestamp,
                        record.key,
                        record.value,
                        _is_mark(record.headers),
                    )
                    for record in records
                    if record.offset < self._end[tp]
                )
            for tp in self._topic_partitions:
                if tp.partition in open_partitions and self._consumer.position(tp) >= self._end[tp]:
                    open_partitions.discard(tp.partition)


def _is_mark(headers: list[tuple[str, bytes]]) -> bool:
    return any(name == "mark" for name, _ in headers)
