"""The physical limit: fetch, decode to dicts with msgspec, forget. No group, no state, nothing but a loop.

`python -m benchmarks.peers.plain_decode BROKER TOPIC GROUP MESSAGES FOLDER`
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.peers.tally import Tally


async def count(broker: str, topic: str, messages: int) -> Tally:
    """Read until all messages have come; ``counted`` are those that decoded to a dict."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    places = [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic) or ())]
    if not places:
        await consumer._client.set_topics([topic])
        places = [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(places)
    decode, tally, counted = msgspec.json.Decoder().decode, Tally(), 0
    while tally.messages < messages:
        for records in (await consumer.getmany(timeout_ms=200, max_records=4_000)).values():
            tally.count(len(records))
            for record in records:
                counted += type(decode(record.value)) is dict
    tally.stop()
    tally.counted = counted
    await consumer.stop()
    return tally


if __name__ == "__main__":
    broker, topic, _, messages, _ = sys.argv[1:]
    asyncio.run(count(broker, topic, int(messages))).tell()
