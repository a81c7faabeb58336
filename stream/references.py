"""How does a worker get to know institutions and the catalogue, and stay up to date?

Both are small compacted topics. They are read to their end before the group is joined, then followed. What cannot be read
is parked like any other record; the reference that stood before it stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.dead_letters import DeadLetter
from schemas.fields import Undecodable
from stream import topics
from stream.chunks import Record
from stream.known import KnownReferences
from stream.settings import Settings
from stream.topic_access import partitions_of
from stream.worker import group_less_consumer

log = logging.getLogger(__name__)
Park = Callable[[DeadLetter], None]


@contextlib.asynccontextmanager
async def reference_topics(settings: Settings, known: KnownReferences, park: Park) -> AsyncIterator[ReferenceTopics]:
    """The topics, read to their end, for the time of a `with` block."""
    consumer = await group_less_consumer(settings)
    try:
        references = ReferenceTopics(settings, known, park, consumer)
        await references.read()
        yield references
    finally:
        await consumer.stop()


class ReferenceTopics:
    """Fills a `KnownReferences` from its topics: `read`, then `follow`."""

    def __init__(self, settings: Settings, known: KnownReferences, park: Park, consumer: AIOKafkaConsumer) -> None:
        self._settings = settings
        self._known = known
        self._park = park
        self._consumer = consumer

    async def read(self) -> None:
        """Read everything that is there now."""
        consumer = self._consumer
        names = [self._settings.topic(name) for name in (topics.INSTITUTIONS, topics.CATALOGUE)]
        client = consumer._client
        places = [TopicPartition(name, p) for name in names for p in await partitions_of(client, self._settings, name)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        waiting = {place for place, end in ends.items() if end}
        while waiting:
            self._take(await consumer.getmany(*waiting, timeout_ms=500))
            waiting = {place for place in waiting if await consumer.position(place) < ends[place]}
        log.info("references read", extra={"records": sum(ends.values())})

    async def follow(self) -> None:
        """Take what comes, for ever; `read` came first."""
        while True:
            self._take(await self._consumer.getmany(timeout_ms=1000))
            await asyncio.sleep(0)

    def _take(self, fetched: dict[TopicPartition, list[Record]]) -> None:
        for place, records in fetched.items():
            for record in records:
                self._take_one(place, record)

    def _take_one(self, place: TopicPartition, record: Record) -> None:
        topic = place.topic.removeprefix(self._settings.prefix)
        is_institution = topic == topics.INSTITUTIONS
        if record.value is None:
            drop = self._known.drop_institution if is_institution else self._known.drop_item
            drop((record.key or b"").decode(errors="replace"))
            return
        try:
            (self._known.put_institution if is_institution else self._known.put_item)(record.value)
        except Undecodable as problem:
            self._park(
                DeadLetter(
                    "decode",
                    problem.reason,
                    problem.detail,
                    topic,
                    place.partition,
                    record.offset,
                    record.key,
                    record.value,
                )
            )
