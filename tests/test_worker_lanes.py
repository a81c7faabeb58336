"""Does each partition's work go on by itself, in order, and in large pieces when it is behind? (stream/lanes.py)"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stream.chunks import MOST_RECORDS, Chunk
from stream.lanes import Lane, Lanes
from tests.test_transport import Row


def chunk(partition: int, first: int, records: int) -> Chunk:
    return Chunk("transactions", partition, [Row(first + n) for n in range(records)], epoch=1)


def test_what_waits_is_taken_as_one_piece_up_to_the_limit() -> None:
    async def scenario() -> list[list[int]]:
        lane = Lane()
        for number, records in enumerate((300, 300, 300, 300)):
            await lane.put(chunk(0, number, records))
        return [[taken.first for taken in await lane.take()] for _ in range(2)]

    assert asyncio.run(scenario()) == [[0, 1, 2], [3]]


def test_a_full_lane_makes_its_partition_wait_and_no_other() -> None:
    async def scenario() -> tuple[list[tuple[int, int]], bool]:
        gate, done = asyncio.Event(), list[tuple[int, int]]()

        async def work(role: str, chunks: Sequence[Chunk]) -> None:
            if chunks[0].partition == 0:
                await gate.wait()
            done.extend((piece.partition, piece.first) for piece in chunks)

        lanes = Lanes(work)
        await lanes.put("transactions", chunk(0, 0, 10))
        await asyncio.sleep(0)
        await lanes.put("transactions", chunk(0, 10, MOST_RECORDS))
        late = asyncio.create_task(lanes.put("transactions", chunk(0, 5_000, 10)))
        await lanes.put("transactions", chunk(1, 0, 10))
        await asyncio.sleep(0.01)
        was_held = not late.done() and done == [(1, 0)]
        gate.set()
        await late
        await asyncio.sleep(0.01)
        await lanes.close()
        return done, was_held

    done, was_held = asyncio.run(scenario())
    assert was_held
    assert done == [(1, 0), (0, 0), (0, 10), (0, 5_000)]
