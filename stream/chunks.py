"""What does an agent get as one event? A run of consecutive records of one partition."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

MOST_RECORDS = 1_000  # at 8,000 records a second an eighth of a second of work; the next partition waits no longer


class Record(Protocol):
    """What we use of aiokafka's `ConsumerRecord`."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds of the Unix clock."""

    @property
    def key(self) -> bytes | None:
        """None where it has none."""

    @property
    def value(self) -> bytes | None:
        """None for a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and values."""


AnyRecord = TypeVar("AnyRecord")
Place = TypeVar("Place")


class Chunk:
    """Records of one partition in order of offset.

    `settled` is set by whoever processed them, when all that follows from them is safe at the broker; only then may
    their offsets be committed. Faust's own acknowledgement says no more than that an agent's loop went round.
    """

    __slots__ = ("epoch", "partition", "records", "settled", "topic")

    def __init__(self, topic: str, partition: int, records: Sequence[Record], epoch: int) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.epoch = epoch
        self.settled = False

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return self.records[0].offset

    @property
    def last(self) -> int:
        """Offset of the last record."""
        return self.records[-1].offset

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        # Faust writes messages into its log: a chunk must never show keys or values, which are personal data.
        return f"<Chunk {self.topic}/{self.partition} {self.first}–{self.last}>"


class HandedOver:
    """The chunks of one partition in the order in which an agent gets them, those at the front that are settled left out."""

    def __init__(self) -> None:
        self._row: deque[Chunk] = deque()

    def add(self, chunk: Chunk) -> None:
        """The chunk is the next in the row."""
        self._row.append(chunk)

    def take_settled(self) -> int | None:
        """The offset behind the unbroken row of settled chunks at the front, which are forgotten; None without any.

        Only the order of chunks counts, not that offsets follow one another: a compacted log has holes.
        """
        end: int | None = None
        while self._row and self._row[0].settled:
            end = self._row.popleft().last + 1
        return end


def in_turn(
    fetched: Mapping[Place, Sequence[AnyRecord]], most: int = MOST_RECORDS
) -> Iterator[tuple[Place, Sequence[AnyRecord]]]:
    """Runs of at most `most` records, partitions in turn, so that none runs hours ahead of the others.

    >>> [(place, len(run)) for place, run in in_turn({"a": range(5), "b": range(2)}, most=2)]
    [('a', 2), ('b', 2), ('a', 2), ('a', 1)]
    """
    start = 0
    while waiting := {place: records for place, records in fetched.items() if len(records) > start}:
        for place, records in waiting.items():
            yield place, records[start : start + most]
        start += most


def is_marked(headers: Sequence[tuple[str, Any]], name: str = "mark") -> bool:
    """Whether a record bears the header."""
    return any(header[0] == name for header in headers)
