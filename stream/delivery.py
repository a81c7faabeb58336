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
   Then they go to the store on disk, with the changelog's offset. Dies in between: the store is behind, and the next start
   reads on from its offset.
   While pages wait or are on their way the stage takes the next chunks and publishes what follows from them. Dies here:
   no page since the last write holds, all these chunks come again, and the same follows from them.
5. **Settled.** `chunk.settled`: from here on its offsets may be committed. Dies here, or before Faust has committed: the
   chunk comes again and changes nothing.
6. **Committed** by Faust's commit task once a second, and at a rebalance or stop when nothing is in hand.

Anything that fails in 3 or 4 is trouble with the infrastructure: commits are refused, the worker stops with the reason,
and the chunk comes again elsewhere. An exception in 2 is a fault of ours in the engine: the stage is opened again from its
saved pages and the chunk is halved until the record is found that it cannot take; that one is parked as `engine_error`,
each part going through 2–5 of its own. When twenty in a row fail, it is not the records: the worker stops. A record that
would make a page, a snapshot or an alert larger than its topic takes is parked in the same way, as `too_large`: at the
broker it would be refused at every start again.

**What comes back.** A stage that reads what later stages return to it must take it in the same place among its other
records if those come again, or the same revision would go out with two contents. So a chunk that came back is written (4)
at once, before the next chunk is taken, as often as such writes leave two thirds of the time; and after a start it waits
until its stage has taken again what a predecessor may have published, for ten seconds at most. What remains is a death
between 3 and 4 of such a chunk, some 40 ms: then an alert that it concerns may go out again with other neighbours, or under
the next number; its newest revision is right all the same.

A worker that was frozen for longer than the session and wakes up must not write over its successor. Pages are safe: the
successor's writer has shut its own out before the pages were read, whenever it wakes. Before 3 and before 4 it also
asks when the group last heard of it, and stops if that is longer ago than the session lasts. What remains is a freeze
between that question and the sending of alerts and snapshots, a few milliseconds: those then arrive late and a second
time. Snapshots are passed over by their version; an alert's old revision may stand behind a newer one on the topic, and
consumers go by ``revision``.

The same holds while the broker cannot be reached. For less than a session the producers try again and all goes on. After
a session with anything in hand the worker ends by itself and resets its connections (`stream.outbox.cut_off`): an
idempotent producer tries for ever, and what it holds would arrive whenever the line is mended, behind its successor's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic, perf_counter
from traceback import extract_tb
from typing import Protocol

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from detectors.engine.incoming import Effects, Incoming, Reached
from detectors.engine.page import UnreadableState
from schemas.alerts import Alert, encode_alert
from schemas.dead_letters import DeadLetter
from stream.chunks import Chunk, Record, is_marked
from stream.errors import OperatorError
from stream.letters import add_letters
from stream.outbox import Outbox, partition_of
from stream.stages import Part, Site, Sites
from stream.tables import Writes
from stream.topics import LARGEST_PAGE_BYTES

Encoded = tuple[bytes, bytes]  # key and value

MARK = "mark"
SINCE = "since"  # header of a forward: Kafka timestamp (ms) of the newest transaction behind it
_DIGITS_OF_A_TIME = 15
ENGINE_ERROR = "engine_error"
TOO_LARGE = "too_large"
MOST_FAILURES = 20
LARGEST_RECORD = 1_000_000  # bytes; topics take Kafka's 1 MiB but where `stream.topics` says more
LARGEST_PAGE = LARGEST_PAGE_BYTES - 64 * 1024  # the batch around it has bytes too; a full visit is smaller
# A transaction costs the broker some five requests, 20 ms on two shared cores: pages wait for one another, alerts do not.
WRITE_SECONDS = 0.5


class EngineBroken(OperatorError):
    """The engine fails on record after record. Operator action: go back to the version before, and report the log."""


class LeaseLost(OperatorError):
    """The group has not heard of this worker for a session: its partitions may have another owner by now.

    Operator action: none, the worker starts again; if it comes again and again, the machine or the broker is overloaded.
    """


class TooLarge(Exception):
    """A page, a snapshot or an alert has become larger than its topic takes."""


class Destinations(msgspec.Struct, frozen=True):
    """Where effects go: full topic names, and the one number of partitions that all of them have."""

    alerts: str
    dead_letters: str
    forwards: dict[str, str]  # by the stage that reads them
    next_stages: dict[str, tuple[str, ...]]  # whose partitions get a stage's mark
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
        encode_mark: Callable[[int, Reached], bytes],
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
        if self._sites.routes[role].comes_back:
            site.in_haste.set()
            await self._write_those(site, parts)

        async def finish() -> None:
            await self._write_those(site, parts)
            for chunk in chunks:
                chunk.settled = True

        return finish

    async def _take(
        self, site: Site, role: str, batch: Sequence[Incoming], since_ms: int, parts: list[Part]
    ) -> None:  # fmt: skip
        started = perf_counter()
        try:
            effects = site.stage.take(role, batch)
            writes = site.stage.flush()
            alerts = [(alert.alert_id.encode(), encode_alert(self._finish_alert(alert))) for alert in effects.alerts]
            _check_sizes(writes, effects, alerts)
            self._failures = 0
        except (MemoryError, UnreadableState, OperatorError):
            raise  # none is the record's fault: parking it would lose it
        except Exception as error:  # noqa: BLE001  # whatever a fault in the engine raises; it is reported and the record parked
            self._report.engine_failed(site, error)
            site.reopen()
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._take(site, role, batch[:middle], since_ms, parts)
                await self._take(site, role, batch[middle:], since_ms, parts)
                return
            effects, writes, alerts = self._parked(site, role, batch[0], error), [], []
        taken = perf_counter()
        await self._publish(site, effects, alerts, since_ms)
        # The next chunk is taken over these pages before they are at the broker: if they never get there, neither does it.
        site.pages.apply(writes)
        parts.append(Part(batch, effects, writes, since_ms, taken - started, perf_counter() - taken))

    def _parked(self, site: Site, role: str, record: Incoming, error: Exception) -> Effects:
        self._failures += not isinstance(error, TooLarge)  # of those the record is the cause, however many there are
        if self._failures >= MOST_FAILURES:
            raise EngineBroken(
                f"stage {site.stage_name} failed on {MOST_FAILURES} records in a row",
                "go back to the version before, and report the log; nothing was lost",
            ) from error
        effects = Effects()
        reason, detail = (TOO_LARGE, str(error)) if isinstance(error, TooLarge) else (ENGINE_ERROR, where(error))
        letter = DeadLetter(
            site.stage_name, reason, detail, role, record.partition, record.offset, record.key, record.value
        )
        effects.dead_letters.append(letter)
        return effects

    async def _publish(self, site: Site, effects: Effects, alerts: Sequence[Encoded], since_ms: int) -> None:
        outbox = Outbox(self._producers[site.stage_name])
        partitions = self._to.partitions
        for key, value in alerts:
            outbox.add(self._to.alerts, partition_of(key, partitions), key, value)
        since = [(SINCE, b"%d" % since_ms)]
        for stage, key, value in effects.forwards:
            outbox.add(self._to.forwards[stage], partition_of(key, partitions), key, value, since)
        if effects.mark is not None:
            self._add_marks(outbox, site, effects.mark)
        add_letters(outbox, self._to.dead_letters, partitions, effects.dead_letters)
        if outbox.records:
            self._check_lease()
            await outbox.delivered()

    def _add_marks(self, outbox: Outbox, site: Site, mark: Reached) -> None:
        """Behind the forwards: who sees the mark has seen everything before it."""
        value = self._encode_mark(site.partition, mark)
        for stage in self._to.next_stages.get(site.stage_name, ()):
            for partition in range(self._to.partitions):
                outbox.add(self._to.forwards[stage], partition, None, value, [(MARK, b"")])

    async def _write_those(self, site: Site, parts: Sequence[Part]) -> None:
        async with site.write_lock:  # the first one in writes for all that have come meanwhile
            if parts[0] in site.unwritten:
                await self._write(site)

    async def _write(self, site: Site) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(site.in_haste.wait(), max(site.written_at + WRITE_SECONDS - monotonic(), 0.0))
        site.in_haste = asyncio.Event()
        parts, site.unwritten = site.unwritten, []
        pages = {key: page for part in parts for key, page in part.writes}
        started = perf_counter()
        if pages:
            self._check_lease()
            try:
                await site.table.write(site.writer, site.partition, site.pages, list(pages.items()))
            except ProducerFenced:
                raise LeaseLost(
                    f"another worker has taken over partition {site.partition} of stage {site.stage_name}",
                    "the worker can be started again",
                ) from None
        site.written_at = monotonic()
        written = perf_counter()
        site.write_seconds = written - started
        share = (written - started) / len(parts)
        for part in parts:
            steps = Steps(part.take, part.publish, share, perf_counter() - written)
            self._report.delivered(site, part.batch, part.effects, part.since_ms, steps)


def _check_sizes(writes: Writes, effects: Effects, alerts: Sequence[Encoded]) -> None:
    """Raises `TooLarge`. At the broker it would be refused each time that the worker is started, and nothing go on."""
    for key, page in writes:
        if page is not None and len(key) + len(page) > LARGEST_PAGE:
            raise TooLarge(f"a page would have {len(page)} bytes")
    for _, key, value in effects.forwards:
        if len(key) + len(value) > LARGEST_RECORD:
            raise TooLarge(f"a record for the next stage would have {len(value)} bytes")
    for key, value in alerts:
        if len(key) + len(value) > LARGEST_RECORD:
            raise TooLarge(f"an alert would have {len(value)} bytes")


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
        if name == SINCE and (value or b"").isdigit() and len(value) <= _DIGITS_OF_A_TIME:
            return int(value)
    return record.timestamp  # also where somebody else uses that name for a header of his
