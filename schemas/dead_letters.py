"""How is a record kept that could not be used?

The Kafka value of a dead letter is the record's own bytes, untouched, so that nothing grows past a topic's limit and
``fundwatch dead-letters retry`` can send it again; why it is here stands in the headers. The key names where it came from.
"""

from __future__ import annotations

import msgspec


class DeadLetter(msgspec.Struct, frozen=True):
    """One parked record. ``stage`` is decode, time, engine or the name of a stage; ``reason`` is from a closed set."""

    stage: str
    reason: str
    detail: str
    topic: str  # without prefix: "transactions", "persons", …
    partition: int
    offset: int
    key: bytes | None
    value: bytes

    @property
    def record_key(self) -> bytes:
        """Source topic, partition and offset: the same record parked twice is one dead letter."""
        return f"{self.topic}/{self.partition}/{self.offset}".encode()

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers of the dead letter; ``key`` only where the record had one."""
        stated = [("stage", self.stage), ("reason", self.reason), ("detail", self.detail)]
        headers = [(name, text.encode()) for name, text in stated]
        return headers if self.key is None else [*headers, ("key", self.key)]


def from_record(key: bytes, headers: list[tuple[str, bytes]], value: bytes) -> DeadLetter:
    """The dead letter of a Kafka record; raises `ValueError` where key or headers are not one's."""
    stated = dict(headers)
    topic, _, place = key.decode().partition("/")
    partition, _, offset = place.partition("/")
    try:
        words = (stated["stage"].decode(), stated["reason"].decode(), stated["detail"].decode())
        return DeadLetter(*words, topic, int(partition), int(offset), stated.get("key"), value)
    except KeyError as missing:
        raise ValueError(f"not a dead letter: header {missing} is missing") from None
