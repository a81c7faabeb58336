"""A bare Faust agent as the manual has it: it counts, and says how long it took from the first message to the last.

`python -m benchmarks.stock_agent BROKER TOPIC GROUP MESSAGES FOLDER`, to be measured beside the service.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

import faust


async def count(broker: str, topic: str, group: str, messages: int, folder: str) -> dict[str, float]:
    """Messages and seconds, decoding nothing."""
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
    done = asyncio.Event()
    seen, started = 0, 0.0

    async def agent(stream: Any) -> None:
        nonlocal seen, started
        async for _ in stream:
            started = started or perf_counter()
            seen += 1
            if seen == messages:
                done.set()

    app.agent(app.topic(topic, key_type=bytes, value_type=bytes))(agent)
    await app.start()
    await done.wait()
    seconds = perf_counter() - started
    await app.stop()
    return {"messages": messages, "seconds": seconds}


if __name__ == "__main__":
    result = asyncio.run(count(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]))
    print(json.dumps(result))
