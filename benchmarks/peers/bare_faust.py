"""A bare Faust agent as the manual has it: it counts, and decodes nothing.

`python -m benchmarks.peers.bare_faust BROKER TOPIC GROUP MESSAGES FOLDER`
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import faust

from benchmarks.peers.tally import Tally


async def count(broker: str, topic: str, group: str, messages: int, folder: str) -> Tally:
    """Read until all messages have come."""
    app = faust.App(
        group,
        broker=f"kafka://{broker}",
        datadir=folder,
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        value_serializer="raw",
        key_serializer="raw",
    )
    tally, done = Tally(), asyncio.Event()

    async def agent(stream: Any) -> None:
        async for _ in stream:
            tally.count()
            if tally.messages == messages:
                done.set()

    app.agent(app.topic(topic, key_type=bytes, value_type=bytes))(agent)
    await app.start()
    await done.wait()
    tally.stop()
    await app.stop()
    return tally


if __name__ == "__main__":
    broker, topic, group, messages, folder = sys.argv[1:]
    asyncio.run(count(broker, topic, group, int(messages), folder)).tell()
