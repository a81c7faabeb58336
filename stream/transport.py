"""How do records get from the broker to an agent, 1,000 at a time and none lost in a rebalance?

Stock Faust makes four asyncio tasks a message and carries about 7,000 a second. Here an agent's event is a `Chunk`: one
partition's consecutive records, taken from a fetch as they came.

**Nothing is skipped.** When a rebalance stops the flow, what is left of a fetch has left aiokafka's fetcher for good, and
what waits in the agents' queues is cleared. So every stop begins a new *epoch*; a fetch of an older epoch is thrown away
whole, and before the first fetch of the new epoch every partition goes back to its committed offset, or to its beginning
where nothing was committed. Stock Faust goes on behind the hole and commits past it; seeking to the first record that was
not handed over is not enough either, since chunks before it may have been cleared from a queue unprocessed.

**Nothing is committed early.** A partition's offset is the end of its last chunk in an unbroken row of settled ones, in
the order they were handed over. It does not matter what Faust acknowledges (it does so after an exception, and for a
message that it skipped), nor which offsets the log no longer has (compaction leaves holes).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, cast

from aiokafka.errors import ConsumerStoppedError, IllegalStateError
from faust.app import App
from faust.serializers.schemas import Schema
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, Message

from stream.chunks import Chunk, HandedOver, Record, in_turn
from stream.patience import Patience

FETCH_SECONDS = 1.0  # how long a fetch may wait for a record, and so how long a stop may take
# aiokafka fetches nothing at all from a broker for a tenth of a second while any partition's records are not yet taken:
# with a hundred chunks a second that made half of the time to an alert.
PREFETCH_BACKOFF_SECONDS = 0.0


class ChunkSchema(Schema[Any, Any]):
    """A topic's schema whose events hold the chunk itself; nothing is decoded here."""

    def compile(self, app: AppT, **kwargs: Any) -> Callable[..., Awaitable[Any]]:
        """The function that makes an event of a message."""

        async def decode(message: Message, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, None, message)

        return decode


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka fetches and keeps the group membership alive."""

    logger = driver.logger
    last_heartbeat: float = float("-inf")
    patience: Patience

    async def on_start(self) -> None:
        """Start the consumer and listen to its heart."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        fetcher._prefetch_backoff = PREFETCH_BACKOFF_SECONDS
        self.patience = Patience(fetcher)
        coordinator = self._ensure_consumer()._coordinator
        beat = coordinator._do_heartbeat

        async def heard() -> bool:
            sent_at = monotonic()
            success = bool(await beat())
            if success:
                self.last_heartbeat = sent_at
            return success

        coordinator._do_heartbeat = heard

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Being given partitions is as good as a heartbeat; the first of those comes three seconds later."""
        self.last_heartbeat = monotonic()
        await super().on_partitions_assigned(assigned, generation_id)


class ChunkConsumer(driver.Consumer):
    """Faust's consumer, with chunks for messages."""

    logger = driver.logger  # its starts and stops are Faust's talk, not ours
    _thread: ChunkConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.epoch = 0
        self._positioned_in = -1  # epoch in which every partition was last sent to its committed offset
        self.stale = False  # positions are not to be trusted; see the module's docstring
        self.commits_refused = False
        self._handed_over: defaultdict[TP, HandedOver] = defaultdict(HandedOver)
        self._at_work: set[Chunk] = set()
        self._work_ended = asyncio.Event()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- for the agents

    def is_current(self, chunk: Chunk) -> bool:
        """Whether the chunk was fetched after the last stop of the flow. An older one will come again: leave it."""
        return chunk.epoch == self.epoch

    @contextmanager
    def working_on(self, chunks: Sequence[Chunk]) -> Iterator[None]:
        """A rebalance and a stop wait until the work on chunks has ended."""
        self._at_work.update(chunks)
        try:
            yield
        finally:
            self._at_work.difference_update(chunks)
            self._work_ended.set()

    @property
    def is_at_work(self) -> bool:
        """Whether the work on a chunk has begun and not ended."""
        return bool(self._at_work)

    def refuse_commits(self) -> None:
        """From now on nothing is committed: something failed, and what was in hand must come again."""
        self.commits_refused = True
        self._work_ended.set()

    def committed_to(self, tp: TP) -> int | None:
        """The committed offset as far as it is known, None where nothing was committed."""
        return self._committed_offset.get(tp)

    def seconds_since_heartbeat(self) -> float:
        """Since the group's coordinator last took a heartbeat of ours; infinite before the first."""
        return monotonic() - self._thread.last_heartbeat

    # -- fetching

    async def _drain_messages(self, fetcher: Any) -> None:
        stopped = self._stopped.is_set
        try:
            while not (stopped() or fetcher._stopped.is_set()):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # mode's own Event, but any will do
                    continue
                epoch = self.epoch
                if self.stale and not await self._back_to_committed(epoch):
                    continue
                self._thread.patience.look()
                fetched, _ = await self._wait_next_records(FETCH_SECONDS)
                if not await self._hand_over(cast(Mapping[Any, Sequence[Record]], fetched or {}), epoch):
                    self.stale = True
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _hand_over(self, fetched: Mapping[Any, Sequence[Record]], epoch: int) -> bool:
        """Whether all records reached their agents' queues while the flow was on."""
        for place, records in in_turn(fetched):
            if self.epoch != epoch:
                return False
            tp = ensure_TP(place)
            chunk = Chunk(tp.topic, tp.partition, records, epoch)
            message = self._to_message(tp, records[-1])
            message.key, message.headers, message.value = None, None, cast(bytes, chunk)
            self._handed_over[tp].add(chunk)
            await self.callback(message)
            self._read_offset[tp] = chunk.last
        return self.epoch == epoch

    async def _back_to_committed(self, epoch: int) -> bool:
        """Whether the positions are right again; False when another stop came between."""
        try:
            if self.assignment():
                await self.perform_seek()
        except IllegalStateError:
            return False  # partitions were revoked meanwhile
        self.stale = self.epoch != epoch
        return not self.stale

    async def perform_seek(self) -> None:
        """Every partition goes back to its committed offset, or to its beginning where nothing was committed."""
        epoch = self.epoch
        self._handed_over.clear()
        committed = await self.seek_to_committed()
        # aiokafka leaves a partition without a committed offset where it is: behind what it fetched and we dropped.
        fresh = [tp for tp, offset in committed.items() if not offset]
        if fresh:
            await self._thread.seek_to_beginning(*fresh)
        for tp, offset in committed.items():
            self._read_offset[ensure_TP(tp)] = offset or None
            self._committed_offset[ensure_TP(tp)] = offset or None
        self._positioned_in = epoch

    def stop_flow(self) -> None:
        """Begin a new epoch: what was fetched and not yet taken up by an agent will be fetched again."""
        self.epoch += 1
        super().stop_flow()

    def resume_flow(self) -> None:
        """Begin to fetch, if positions were set since the last stop.

        Faust resumes the flow of an app with tables twice after a rebalance: before its recovery, and after it has gone
        back to the committed offsets, when it clears the queues. What was fetched in between would be lost.
        """
        if self._positioned_in == self.epoch:
            super().resume_flow()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget which partitions were waiting for room in a queue: the queues are about to be cleared."""
        self._buffered_partitions.clear()
        await super().on_partitions_revoked(revoked)

    # -- committing

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self._handed_over[tp].take_settled()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._handed_over if topics is None or tp in topics or tp.topic in topics)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what is settled, unless commits are refused."""
        if self.commits_refused:
            return False
        return bool(await super().force_commit(topics, start_new_transaction))

    async def wait_empty(self) -> None:
        """Wait until the chunks in hand are settled, and commit. Faust's own collects all garbage each time round."""
        while self._at_work and not self.commits_refused:
            self._work_ended.clear()
            await self._work_ended.wait()
        await self.commit_and_end_transactions()

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: stalls are found by `stream.health`, which stops the worker instead of writing a line."""


class ChunkTransport(driver.Transport):
    """Faust's aiokafka transport with chunks for messages."""

    Consumer = ChunkConsumer


def carry_chunks(app: App) -> None:
    """Let all topics of the app come in chunks; call it before the app starts and before its agents are declared."""
    app.transport = ChunkTransport(app.conf.broker_consumer, app)


def topic_of_chunks(app: App, name: str) -> Any:
    """A Faust topic whose events are chunks."""
    return app.topic(name, schema=ChunkSchema(key_type=bytes, value_type=bytes))
