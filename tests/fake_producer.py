"""A producer that writes down what the broker would have got, and when it said that it had it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.errors import KafkaTimeoutError


class Sent(msgspec.Struct, frozen=True):
    """One record at the broker."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Placed(msgspec.Struct, frozen=True):
    """Where the broker put the first record of a batch."""

    offset: int


class FakeBatch:
    """As aiokafka's batch builder: full after some records."""

    def __init__(self, room: int) -> None:
        self.records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = []
        self._room = room

    def append(
        self, *, timestamp: Any, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> Any:
        """None when full, as aiokafka does."""
        if len(self.records) >= self._room:
            return None
        self.records.append((key, value, headers))
        return object()

    def close(self) -> None:
        """Nothing more is appended."""

    def record_count(self) -> int:
        """Records appended."""
        return len(self.records)


class FakeProducer:
    """`log` holds every record in the order of acknowledgement, and the word "acknowledged" behind each batch."""

    def __init__(self, room: int = 1_000, fails_on: str = "") -> None:
        self.log: list[Sent | str] = []
        self._room = room
        self._fails_on = fails_on

    @property
    def sent(self) -> list[Sent]:
        """The records alone."""
        return [entry for entry in self.log if isinstance(entry, Sent)]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """The word "begun" in front of what is sent in it, "committed" behind it where nothing failed."""
        self.log.append("begun")
        yield
        self.log.append("committed")

    def create_batch(self) -> FakeBatch:
        """A batch for some records."""
        return FakeBatch(self._room)

    async def send_batch(self, batch: FakeBatch, topic: str, *, partition: int) -> asyncio.Future[Placed]:
        """Acknowledge in the next turn of the loop, or fail."""
        await asyncio.sleep(0)
        future: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        if topic == self._fails_on:
            future.set_exception(KafkaTimeoutError())
        else:
            offset = sum(sent.topic == topic and sent.partition == partition for sent in self.sent)
            self.log += [Sent(topic, partition, *record) for record in batch.records]
            self.log.append("acknowledged")
            future.set_result(Placed(offset))
        return future
