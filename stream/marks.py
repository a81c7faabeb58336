"""How does time go on in a partition where nothing happens?

A partition that has been quiet for a while gets a time mark, so that what waits for its time (no treatment for three
days) is not held up at night or in a small county. The mark says the wall clock less the quiet time: a transaction on its
way is not overtaken. Marks go only where the partition's time is within an hour of the wall clock, so never while history
is loaded. A partition that never had a record follows the others, whoever works on them: every first stage tells each
person's stage its time, and the one of that partition is in this worker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from detectors.engine.person_stage import PersonStage
from schemas.china_time import HOUR, format_time, from_unix
from stream.delivery import MARK
from stream.health import Progress
from stream.outbox import Outbox
from stream.worker import Worker

LOOKS = 6  # a quiet time; a mark is late by a sixth of it at most


class Seen(msgspec.Struct, frozen=True):
    """A partition of transactions at one look."""

    processed_to: int
    lag: int
    stream_time: int | None  # China time


class QuietPartitions:
    """Decides which partitions get which mark; `quiet` in seconds. Keeps when each partition last moved."""

    def __init__(self, quiet: float) -> None:
        self._quiet = quiet
        self._moved: dict[int, tuple[int, float]] = {}  # offset, and the wall clock when it was first seen

    def marks(self, partitions: Mapping[int, Seen], now: float, elsewhere: int | None = None) -> dict[int, int]:
        """The mark (China time) of every partition that is due at the wall clock `now`.

        ``elsewhere`` is the newest stream time of any partition, other workers' too, as far as it is known.
        """
        moved = {p: self._moved.get(p, (-1, now)) for p in partitions}
        self._moved = {
            p: moved[p] if moved[p][0] == seen.processed_to else (seen.processed_to, now)
            for p, seen in partitions.items()
        }
        mark = from_unix(now - self._quiet)
        living = {p for p, seen in partitions.items() if _is_now(seen.stream_time, now)}
        any_lives = living or _is_now(elsewhere, now)
        followers = {
            p for p, seen in partitions.items() if any_lives and seen.stream_time is None and not seen.processed_to
        }
        return {
            p: mark
            for p in sorted(living | followers)
            if not partitions[p].lag
            and now - self._moved[p][1] >= self._quiet
            and (partitions[p].stream_time or 0) < mark
        }


def mark_value(mark: int) -> bytes:
    """The record's value."""
    return b'{"mark": "%s"}' % format_time(mark).encode()


async def mark_quiet_partitions(
    worker: Worker,
    progress: Progress,
    topic: str,
    stage: str,
    newest_elsewhere: Callable[[], int | None],
    clock: Callable[[], float] = time.time,
) -> None:
    """Look at this worker's partitions of `topic` for ever, and send the marks that are due.

    ``newest_elsewhere`` gives the newest stream time of any partition, as far as it is known (`newest_source_time`).
    """
    quiet = worker.settings.mark_quiet_seconds
    if not quiet:
        return
    deciding = QuietPartitions(quiet)
    while True:
        await asyncio.sleep(quiet / LOOKS)
        times = worker.sites.stream_times(stage)
        seen = dict(_seen(worker, progress, topic, times))
        outbox = Outbox(worker.producer)
        for partition, mark in deciding.marks(seen, clock(), newest_elsewhere()).items():
            outbox.add(topic, partition, None, mark_value(mark), [(MARK, b"")])
        await outbox.delivered()


def _seen(
    worker: Worker, progress: Progress, topic: str, times: Mapping[int, int | None]
) -> Iterable[tuple[int, Seen]]:
    for (name, partition), lag in progress.lags.items():
        if name == topic and partition in times:
            yield partition, Seen(worker.processed_to((name, partition)) or 0, lag, times[partition])


def newest_source_time(worker: Worker) -> int | None:
    """The newest stream time (China time) that persons' stages here have heard of, of whatever partition."""
    times = [stage.newest_source_time for stage in worker.sites.stages() if isinstance(stage, PersonStage)]
    return max((time for time in times if time is not None), default=None)


def _is_now(stream_time: int | None, now: float) -> bool:
    return stream_time is not None and abs(from_unix(now) - stream_time) <= HOUR
