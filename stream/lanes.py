"""How do partitions not wait for one another, and small chunks not each for the broker?

A delivery spends most of its time waiting for the broker. So each partition of each topic has a lane of its own, in which
work goes on one piece after the other, while an agent goes on to the next partition's chunk; what has come meanwhile is
taken up as one piece. Faust acknowledges a chunk when the agent goes on; nothing rests on that (`stream.transport`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from stream.chunks import MOST_RECORDS, Chunk

Work = Callable[[str, Sequence[Chunk]], Awaitable[None]]


class Lane:
    """Chunks of one partition on their way to the work; at most `MOST_RECORDS` records wait, more than that only alone."""

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self._records = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    async def put(self, chunk: Chunk) -> None:
        """Wait until there is room, and go in behind the others."""
        while self._records >= MOST_RECORDS:
            self._emptied.clear()
            await self._emptied.wait()
        self._chunks.append(chunk)
        self._records += len(chunk)
        self._filled.set()

    async def take(self) -> list[Chunk]:
        """Wait for a chunk, and take it with those behind it, together at most `MOST_RECORDS` records (one may have more)."""
        while not self._chunks:
            self._filled.clear()
            await self._filled.wait()
        taken = [self._chunks.popleft()]
        records = len(taken[0])
        while self._chunks and records + len(self._chunks[0]) <= MOST_RECORDS:
            taken.append(self._chunks.popleft())
            records += len(taken[-1])
        self._records -= records
        self._emptied.set()
        return taken


class Lanes:
    """A lane and a task for each (role, partition) that ever had a chunk."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def put(self, role: str, chunk: Chunk) -> None:
        """Put a chunk into its lane; waits while that is full, and so keeps Faust from fetching more."""
        lane = self._lanes.get((role, chunk.partition))
        if lane is None:
            lane = self._lanes[role, chunk.partition] = Lane()
            self._tasks.append(asyncio.create_task(self._run(role, lane), name=f"lane {role}/{chunk.partition}"))
        await lane.put(chunk)

    async def _run(self, role: str, lane: Lane) -> None:
        while True:
            await self._work(role, await lane.take())

    async def close(self) -> None:
        """End all lanes; what is in hand is cut off, so see to it before that nothing is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
