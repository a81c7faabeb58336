"""What happens to a chunk, in which order, and what if the process dies in between?

1. **Fetched.** The chunk waits in an agent's queue or its lane. Dies here: its offsets are not committed, it comes again.
2. **Taken.** The stage applies the records in memory and encodes the pages that changed. Nothing has left the process.
   Dies here: as 1; the pages at the broker are those before the chunk, so the same effects come out again.
3. **Published.** Alerts, forwards, the mark and dead letters are sent together, and the broker has acknowledged all of
   them (`await`) before 4. Dies here: some are out and come out once more, with the same ids and the same content,
   because the pages are still those before the chunk; consumers see a repeat of a revision they know.
4. **Written.** Changed pages go to the changelog, twice a second, in one transaction. Dies here: none of them holds
   (the next owner's start aborts what is open), or all do. The chunk comes again; what holds says so with the offset that
   it includes, and changes nothing.
   While pages wait or are on their way the stage takes the next chunks and publishes what follows from them. Dies here:
   no page since the last write holds, all these chunks come again, and the same follows from them.
5. **Settled.** `chunk.settled`: from here on its offsets may be committed. Dies here, or before Faust has committed: the
   chunk comes again and changes nothing.
6. **Committed** by Faust's commit task once a second, and at a rebalance or stop when nothing is in hand.

Anything that fails in 3 or 4 is trouble with the infrastructure: commits are refused, the worker stops with the reason,
and the chunk comes again elsewhere. An exception in 2 is a fault of ours in the engine: the stage is opened again from its
saved pages and the chunk is halved until the record is found that it cannot take; that one is parked as `engine_error`,
each part going through 2–5 of its own. When twenty in a row fail, it is not the records: the worker stops.

A worker that was frozen for longer than the session and wakes up must not write over its successor. Pages are safe: the
successor's writer has shut its own out before the pages were read, whenever it wakes. Before 3 and before 4 it also
asks when the group last heard of it, and stops if that is longer ago than the session lasts. What remains is a freeze
between that question and the sending of alerts and snapshots, a few milliseconds: those then arrive late and a second
time. Snapshots are passed over by their version; an alert's old revision may stand behind a newer one on the topic, and
consumers go by ``revision``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import monotonic, perf_counter
from traceback import extract_tb
from typing import Protocol

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from detectors.engine.incoming import Effects, Incoming
from detectors.engine.page import UnreadableState
from schemas.alerts import Alert, encode_alert
from schemas.dead_letters import DeadLetter
from stream.chunks import Chunk, Record, is_marked
from stream.errors import OperatorError
from stream.outbox import Outbox, partition_of
from stream.stages import Part, Site, Sites

MARK = "mark"
SINCE = "since"  # header of a forward: Kafka timestamp (ms) of the newest transaction behind it
ENGINE_ERROR = "engine_error"
MOST_FAILURES = 20
# A transaction costs the broker some five requests, 20 ms on two shared cores: pages wait for one another, alerts do not.
WRITE_SECONDS = 0.5


class EngineBroken(OperatorError):
    """The engine fails on record after record. Operator action: go back to the version before, and report the log."""


class LeaseLost(OperatorError):
    """The group has not heard of this worker for a session: its partitions may have another owner by now.

    Operator action: none, the worker starts again; if it comes again and again, the machine or the broker is overloaded.
    """


class Destinations(msgspec.Struct, frozen=True):
    """Where effects go: full topic names, and the one number of partitions that all of them have."""

    alerts: str
    dead_letters: str
    forwards: dict[str, str]  # by the stage that reads them
    next_stage: dict[str, str]  # whose partitions get a stage's mark
    partitions: int


class Steps(msgspec.Struct, frozen=True):
    """Seconds that the steps of one delivery took."""

    take: float
    publish: float
    write: float  # its share of the write that it was part of
    settle: float  # from the last page at the broker to this report


class Report(Protocol):
    """Who is told about a delivery."""

    def delivered(self, site: Site, batch: Sequence[Incoming], effects: Effects, since_ms: int, steps: Steps) -> None:
        """The batch's effects and pages are safe at the broker."""

    def engine_failed(self, site: Site, error: Exception) -> None:
        """The engine raised on what it was given."""


class Delivery:
    """Takes chunks through steps 2–5 of the contract above."""

    def __init__(
        self,
        sites: Sites,
        producers: Mapping[str, AIOKafkaProducer],
        destinations: Destinations,
        encode_mark: Callable[[int, int], bytes],
        report: Report,
        check_lease: Callable[[], None],
        finish_alert: Callable[[Alert], Alert] = lambda alert: alert,
    ) -> None:
        self._sites = sites
        # aiokafka has one request at a time under way to a broker: with one for all, stages would wait for one another.
        self._producers = producers  # by stage
        self._to = destinations
        self._encode_mark = encode_mark
        self._report = report
        self._check_lease = check_lease
        self._finish_alert = finish_alert
        self._failures = 0

    async def begin(self, role: str, chunks: Sequence[Chunk]) -> Callable[[], Awaitable[None]]:
        """Steps 2 and 3 for chunks of one partition that follow one another; what it returns does 4 and 5.

        The caller holds the site's lock while this runs, and need not while the rest does: the next chunks may begin
        meanwhile. The rests are to be begun in the same order. Both raise on trouble with the infrastructure: then the
        worker must stop.
        """
        partition, newest = chunks[0].partition, chunks[-1].records[-1]
        batch = [_incoming(partition, record) for chunk in chunks for record in chunk.records]
        site = self._sites.at(role, partition)
        parts: list[Part] = []
        await self._take(site, role, batch, _since_ms(newest), parts)
        site.unwritten += parts

        async def finish() -> None:
            async with site.write_lock:  # the first one in writes for all that have come meanwhile
                if parts[0] in site.unwritten:
                    await self._write(site)
            for chunk in chunks:
                chunk.settled = True

        return finish

    async def _take(
        self, site: Site, role: str, batch: Sequence[Incoming], since_ms: int, parts: list[Part]
    ) -> None:  # fmt: skip
        started = perf_counter()
        try:
            effects = site.stage.take(role, batch)
            phases = site.stage.flush()
            self._failures = 0
        except (MemoryError, UnreadableState):
            raise  # neither is the record's fault: parking it would lose it
        except Exception as error:  # noqa: BLE001  # whatever a fault in the engine raises; it is reported and the record parked
            self._report.engine_failed(site, error)
            site.reopen()
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._take(site, role, batch[:middle], since_ms, parts)
                await self._take(site, role, batch[middle:], since_ms, parts)
                return
            effects, phases = self._parked(site, role, batch[0], error), []
        taken = perf_counter()
        await self._publish(site, effects, since_ms)
        # The next chunk is taken over these pages before they are at the broker: if they never get there, neither does it.
        site.table.apply(site.partition, phases)
        parts.append(Part(batch, effects, phases, since_ms, taken - started, perf_counter() - taken))

    def _parked(self, site: Site, role: str, record: Incoming, error: Exception) -> Effects:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            raise EngineBroken(
                f"stage {site.stage_name} failed on {MOST_FAILURES} records in a row",
                "go back to the version before, and report the log; nothing was lost",
            ) from error
        effects = Effects()
        letter = DeadLetter(
            site.stage_name, ENGINE_ERROR, where(error), role, record.partition, record.offset, record.key, record.value
        )
        effects.dead_letters.append(letter)
        return effects

    async def _publish(self, site: Site, effects: Effects, since_ms: int) -> None:
        outbox = Outbox(self._producers[site.stage_name])
        partitions = self._to.partitions
        for alert in effects.alerts:
            key = alert.alert_id.encode()
            outbox.add(self._to.alerts, partition_of(key, partitions), key, encode_alert(self._finish_alert(alert)))
        since = [(SINCE, b"%d" % since_ms)]
        for stage, key, value in effects.forwards:
            outbox.add(self._to.forwards[stage], partition_of(key, partitions), key, value, since)
        if effects.mark is not None:
            self._add_marks(outbox, site, effects.mark)
        _add_letters(outbox, self._to, effects.dead_letters)
        if outbox.records:
            self._check_lease()
            await outbox.delivered()

    def _add_marks(self, outbox: Outbox, site: Site, mark: int) -> None:
        """Behind the forwards: who sees the mark has seen everything before it."""
        stage = self._to.next_stage.get(site.stage_name)
        if stage is not None:
            value = self._encode_mark(site.partition, mark)
            for partition in range(self._to.partitions):
                outbox.add(self._to.forwards[stage], partition, None, value, [(MARK, b"")])

    async def _write(self, site: Site) -> None:
        await asyncio.sleep(max(site.written_at + WRITE_SECONDS - monotonic(), 0.0))
        parts, site.unwritten = site.unwritten, []
        pages = {key: page for part in parts for phase in part.phases for key, page in phase}
        started = perf_counter()
        if pages:
            self._check_lease()
            try:
                await site.table.write(site.writer, site.partition, pages.items())
            except ProducerFenced:
                raise LeaseLost(
                    f"another worker has taken over partition {site.partition} of stage {site.stage_name}",
                    "the worker can be started again",
                ) from None
        site.written_at = monotonic()
        written = perf_counter()
        share = (written - started) / len(parts)
        for part in parts:
            steps = Steps(part.take, part.publish, share, perf_counter() - written)
            self._report.delivered(site, part.batch, part.effects, part.since_ms, steps)


async def park(producer: AIOKafkaProducer, to: Destinations, letters: Iterable[DeadLetter]) -> None:
    """Put records into the dead letters; they are there when this returns."""
    outbox = Outbox(producer)
    _add_letters(outbox, to, letters)
    await outbox.delivered()


def _add_letters(outbox: Outbox, to: Destinations, letters: Iterable[DeadLetter]) -> None:
    for letter in letters:
        key = letter.record_key
        outbox.add(to.dead_letters, partition_of(key, to.partitions), key, letter.value, letter.headers())


def where(error: BaseException) -> str:
    """Kind and place of an exception, without its message, which may hold personal data."""
    frames = extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def _incoming(partition: int, record: Record) -> Incoming:
    headers = record.headers
    marked = bool(headers) and is_marked(headers, MARK)
    return Incoming(partition, record.offset, record.timestamp, record.key, record.value or b"", marked)


def _since_ms(record: Record) -> int:
    for name, value in record.headers:
        if name == SINCE:
            return int(value)
    return record.timestamp
