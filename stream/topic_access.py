"""How does a command read a topic as an outsider, from its beginning, to its end, or for ever?

Outsiders join no group and commit nothing, so reading changes nothing for anybody. Everything goes through aiokafka, which
reads and writes lz4 with the package that the service needs anyway; kafka-python would want another one.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from stream.connection import aiokafka_options, unreachable
from stream.errors import OperatorError
from stream.outbox import partition_of
from stream.settings import Settings

_POLL_MS = 200
_RECORDS_A_POLL = 2_000


class TopicMissing(OperatorError):
    """The topic is not there. Operator action: create the topics, or correct the prefix."""


@contextlib.contextmanager
def client_errors_explained(settings: Settings) -> Iterator[None]:
    """Turns what aiokafka raises inside into a `BrokerUnreachable` that names the address and the cure."""
    try:
        yield
    except KafkaError as error:
        raise unreachable(settings, error) from error


def quiet_client_log() -> None:
    """For commands: aiokafka's log repeats the same trouble a dozen times before it raises what the command then says."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)


async def partitions_of(client: AIOKafkaClient, settings: Settings, topic: str) -> list[int]:
    """The partitions of a topic (full name), in order; raises `TopicMissing`."""
    metadata = await client.fetch_all_metadata()
    partitions = metadata.partitions_for_topic(topic)
    if not partitions:
        raise TopicMissing(
            f"the topic {topic} is not at {settings.broker}",
            "create it with 'fundwatch topics create', or correct FUNDWATCH_PREFIX",
        )
    return sorted(partitions)


async def records_to_end(settings: Settings, topic: str, key: bytes | None = None) -> AsyncIterator[ConsumerRecord]:
    """Every record that the topic (full name) holds at the moment of the call, or only those with that key.

    Order holds within a partition only. Raises `TopicMissing` and `BrokerUnreachable`.
    """
    async with _consumer(settings, topic, key, from_beginning=True) as consumer:
        with client_errors_explained(settings):
            ends = await consumer.end_offsets(consumer.assignment())
        waiting = {place for place, end in ends.items() if end > 0}
        while waiting:
            with client_errors_explained(settings):
                fetched = await consumer.getmany(*waiting, timeout_ms=_POLL_MS, max_records=_RECORDS_A_POLL)
            for place, records in fetched.items():
                for record in records:
                    if record.offset < ends[place] and key in (None, record.key):
                        yield record
            # Asked of the position, not of the last record: a compacted or expired end has none.
            waiting = {place for place in waiting if await consumer.position(place) < ends[place]}


async def records_as_they_come(settings: Settings, topic: str, from_beginning: bool) -> AsyncIterator[ConsumerRecord]:
    """The topic's records, for ever: from its beginning, or those that come after the call."""
    async with _consumer(settings, topic, None, from_beginning) as consumer:
        while True:
            with client_errors_explained(settings):
                fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_A_POLL)
            for records in fetched.values():
                for record in records:
                    yield record


@contextlib.asynccontextmanager
async def _consumer(
    settings: Settings, topic: str, key: bytes | None, from_beginning: bool
) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(enable_auto_commit=False, auto_offset_reset="earliest", **aiokafka_options(settings))
    try:
        with client_errors_explained(settings):
            await consumer.start()
            there = await partitions_of(consumer._client, settings, topic)
            asked = there if key is None else [partition_of(key, len(there))]
            places = [TopicPartition(topic, partition) for partition in asked]
            consumer.assign(places)
            await (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*places)
        yield consumer
    finally:
        await consumer.stop()
