"""How many records does the service still have before it?"""

from __future__ import annotations

from types import TracebackType

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from stream import topics
from stream.connection import aiokafka_options
from stream.settings import Settings
from stream.topic_access import client_errors_explained, partitions_of

_READ = (topics.TRANSACTIONS, topics.PERSONS, topics.VISITS, topics.HOUSEHOLDS, topics.PEERS, topics.RETURNS)


class GroupLag:
    """Looks at the offsets that the workers' group has committed; joins nothing, changes nothing.

    Raises `TopicMissing` and `BrokerUnreachable`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer = AIOKafkaConsumer(enable_auto_commit=False, **aiokafka_options(settings))
        self._admin = AIOKafkaAdminClient(**aiokafka_options(settings))
        self._places: list[TopicPartition] = []

    async def __aenter__(self) -> GroupLag:
        with client_errors_explained(self._settings):
            await self._consumer.start()
            await self._admin.start()
            for name in map(self._settings.topic, _READ):
                there = await partitions_of(self._consumer._client, self._settings, name)
                self._places += [TopicPartition(name, partition) for partition in there]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._admin.close()
        await self._consumer.stop()

    async def records(self) -> tuple[int, int]:
        """Records that are not committed yet, and all records there are; both at one moment, about."""
        with client_errors_explained(self._settings):
            committed = await self._admin.list_consumer_group_offsets(self._settings.group)
            ends = await self._consumer.end_offsets(self._places)
        done = {place: stated.offset for place, stated in committed.items()}
        return sum(end - max(0, done.get(place, 0)) for place, end in ends.items()), sum(ends.values())
