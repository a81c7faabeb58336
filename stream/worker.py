"""What does a worker do from its start to its end?

Start: settings and topics are checked, references read to their end, then the group is joined; its partitions' state is
restored, and records flow. End: on SIGTERM or SIGINT the chunk in hand is finished and committed, the group is left
(`clean`). When something fails, commits are refused, the reason is logged once, and `run` raises it: what was in hand
comes again, to this worker or another.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer
from faust.app import App
from faust.types import TP

from stream.blueprint import Blueprint
from stream.chunks import MOST_RECORDS, Chunk
from stream.connection import aiokafka_options
from stream.delivery import WRITE_SECONDS, Delivery, LeaseLost
from stream.errors import OperatorError
from stream.lanes import Lanes
from stream.outbox import cut_off, new_producer
from stream.ownership import Ownership
from stream.service import SESSION_SECONDS, declare_agent, declare_tables, new_app
from stream.settings import Settings
from stream.stages import MOST_IN_FLIGHT, Site, Sites
from stream.transport import ChunkConsumer

STOP_SECONDS = 9.0
FAILED_STOP_SECONDS = 4.0  # nothing is committed any more, and the broker may be the very thing that does not answer
_LAST_RESORT_SECONDS = 3.0
T = TypeVar("T")
Companion = Callable[[], Awaitable[None]]
_LIFE_SIGN_SECONDS = 0.2
MOST_UNWRITTEN = MOST_IN_FLIGHT * MOST_RECORDS  # records that a worker has taken and not yet written, in one partition
_PREDECESSOR_SECONDS = 10.0
_WRITES_APART = 3.0  # times as long as a write takes: what came back is a write of its own, and holds up its partition
_LEAST_APART = 0.05

log = logging.getLogger(__name__)


class FaustStopped(OperatorError):
    """Faust ended by itself.

    Operator action: see the log above; the worker can be started again.
    """


class CutOff(OperatorError):
    """Work on a chunk was cancelled: the stage in memory is ahead of its pages and must not go on.

    Operator action: start the worker again.
    """


class Worker:
    """One worker process: `run` it once."""

    def __init__(self, settings: Settings, blueprint: Blueprint, folder: Path) -> None:
        self.settings = settings
        self.blueprint = blueprint
        self.app: App = new_app(settings, folder)
        tables = declare_tables(self.app, blueprint.changelogs)
        self.sites = Sites(blueprint.routes, tables, blueprint.open_stage)
        self.ownership = Ownership(settings, self.sites, lambda: int(self.app.consumer_generation_id))
        self.done: dict[tuple[str, int], int] = {}  # next offset to be processed, by topic and partition
        self.failure: BaseException | None = None
        self._ended = asyncio.Event()
        self.producer = new_producer(settings)  # for what no stage sends
        self._producers = {stage: new_producer(settings) for stage in blueprint.changelogs}
        self._delivery = self._new_delivery()
        self._companions: list[Companion] = []
        self._finishing: set[asyncio.Task[None]] = set()
        self._lanes = Lanes(self._take)
        for route in blueprint.routes:
            declare_agent(self.app, route, self._lanes.put)
        self.app.on_partitions_revoked.connect(cast(Any, self._revoked))
        self.app.on_rebalance_complete.connect(cast(Any, self._assigned))

    @property
    def consumer(self) -> ChunkConsumer:
        """The one consumer of the group's topics."""
        return cast(ChunkConsumer, self.app.consumer)

    @property
    def is_ready(self) -> bool:
        """State is restored and records flow."""
        return self.ownership.is_settled and not self.app.rebalancing and self.failure is None

    def accompany(self, companion: Companion) -> None:
        """Run this beside the worker; the worker ends when it raises, and cancels it at its own end."""
        self._companions.append(companion)

    def assigned(self) -> set[tuple[str, int]]:
        """The topic partitions that are ours now; empty before the group was joined."""
        if not self.ownership.is_settled:
            return set()
        return {(tp.topic, tp.partition) for tp in self.consumer.assignment()}

    def processed_to(self, place: tuple[str, int]) -> int | None:
        """The next offset to be processed in a (topic, partition), None where nothing was processed or committed yet."""
        done = self.done.get(place)
        return self.consumer.committed_to(TP(*place)) if done is None else done

    async def run(self) -> None:
        """Work until a signal comes (returns) or something fails (raises)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        for producer in (self.producer, *self._producers.values()):
            await producer.start()
        work: list[Awaitable[None]] = [self.app.start(), self._watch_faust(), self._watch_lease()]
        work += [companion() for companion in self._companions]
        tasks = [asyncio.ensure_future(self._or_fail(part)) for part in work]
        try:
            await self._ended.wait()
            log.info("stopping", extra={"reason": "failure" if self.failure else "asked to"})
        finally:
            began = monotonic()
            await self._stop(tasks)
            log.info("stopped", extra={"seconds": round(monotonic() - began, 3)})
        if self.failure is not None:
            raise self.failure

    def end(self) -> None:
        """Stop the worker in order, as a signal does."""
        self._ended.set()

    def fail(self, error: BaseException) -> None:
        """Stop the worker with this reason; the first one counts. Nothing is committed from now on."""
        if self.failure is None:
            self.failure = error
            log.error("the worker cannot go on", exc_info=error)
            self.consumer.refuse_commits()
            if isinstance(error, LeaseLost):
                self._cut_off()
        self._ended.set()

    async def _take(self, role: str, chunks: Sequence[Chunk]) -> None:
        """What every lane does with chunks of a partition. Those that are not current are left: they come again."""
        consumer = self.consumer
        if not any(map(consumer.is_current, chunks)):
            return
        site = self.sites.at(role, chunks[0].partition)
        if self.sites.routes[role].comes_back:
            await self._in_its_place(site, chunks[0])
        async with site.lock, AsyncExitStack() as at_work:
            current = [chunk for chunk in chunks if consumer.is_current(chunk)]
            if not current:
                return
            at_work.enter_context(consumer.working_on(current))
            await at_work.enter_async_context(site.in_flight)
            finish = await self._or_never(current, partial(self._delivery.begin, role, current))
            rest = asyncio.create_task(self._finish(finish, current, at_work.pop_all()))
            self._finishing.add(rest)
            rest.add_done_callback(self._finishing.discard)

    async def _in_its_place(self, site: Site, chunk: Chunk) -> None:
        """Let what came back wait for its turn: each is a write of its own."""
        if not site.is_level:
            await self._after_predecessor(site, chunk)
        await asyncio.sleep(max(site.came_back_at + _apart(site) - monotonic(), 0.0))
        site.came_back_at = monotonic()

    async def _after_predecessor(self, site: Site, chunk: Chunk) -> None:
        """Wait until what the partition's former owner may have published has been taken again; not for ever."""
        places = [
            TP(route.topic, site.partition)
            for route in self.sites.routes.values()
            if route.stage == site.stage_name and not route.comes_back
        ]
        until: dict[TP, int] = {}
        deadline = monotonic() + _PREDECESSOR_SECONDS
        while monotonic() < deadline:
            if not self.consumer.is_current(chunk):
                return
            for place in set(places) & set(self.consumer.assignment()):
                end = self.consumer.highwater(place)
                if end is not None:
                    until.setdefault(place, min(end, (self.consumer.committed_to(place) or 0) + MOST_UNWRITTEN))
            if all(place in until and (self.processed_to(place) or 0) >= until[place] for place in places):
                break
            await asyncio.sleep(_LIFE_SIGN_SECONDS)
        site.is_level = True

    async def _finish(
        self, work: Callable[[], Awaitable[None]], chunks: Sequence[Chunk], at_work: AsyncExitStack
    ) -> None:
        async with at_work:
            await self._or_never(chunks, work)
            self.done[chunks[-1].topic, chunks[-1].partition] = chunks[-1].last + 1

    async def _or_never(self, chunks: Sequence[Chunk], work: Callable[[], Awaitable[T]]) -> T:
        """What the work gives; when it, or anything before it, failed, nothing: the next chunk must not be taken."""
        try:
            if self.failure is None:
                return await work()
        except asyncio.CancelledError:
            self.fail(CutOff(f"the work on {chunks[-1]} was cut off", "what was in hand comes again"))
            raise
        except Exception as error:  # noqa: BLE001  # left to Faust, it would restart the agent and go on behind the chunk
            self.fail(error)
        await asyncio.Event().wait()  # until the process ends
        raise AssertionError("this event is never set")

    def _new_delivery(self) -> Delivery:
        plan = self.blueprint
        return Delivery(
            self.sites,
            self._producers,
            plan.destinations,
            plan.encode_mark,
            plan.report,
            self._check_lease,
            plan.finish_alert,
        )

    def _check_lease(self) -> None:
        silent = self.consumer.seconds_since_heartbeat()
        if silent > SESSION_SECONDS:
            raise LeaseLost(
                f"the group has not answered this worker for {silent:.0f} s, longer than a session: "
                "its partitions may have another owner by now",
                "what was in hand comes again; the worker can be started again",
            )

    async def _watch_lease(self) -> None:
        """With the broker out of reach, what is in hand waits in the producers: end before it comes late."""
        while True:
            if self.consumer.is_at_work:
                self._check_lease()
            await asyncio.sleep(_LIFE_SIGN_SECONDS)

    def _cut_off(self) -> None:
        for producer in self._producers.values():
            cut_off(producer)

    async def _revoked(self, app: App, revoked: Any, **kwargs: Any) -> None:
        self.ownership.begin()

    async def _assigned(self, app: App, **kwargs: Any) -> None:
        self.done.clear()
        self.ownership.begin()
        await self.ownership.take({(tp.topic, tp.partition) for tp in self.consumer.assignment()})

    async def _or_fail(self, work: Awaitable[Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  # whatever it is, the worker ends with it
            self.fail(error)

    async def _watch_faust(self) -> None:
        """Faust marks itself as crashed and waits to be stopped."""
        while not self.app.crashed:  # noqa: ASYNC110  # Faust's own event is not for the outside
            await asyncio.sleep(_LIFE_SIGN_SECONDS)
        reason = self.app.crash_reason
        raise FaustStopped(
            f"Faust stopped: {type(reason).__name__}", "see the log, then start the worker again"
        ) from reason

    async def _stop(self, tasks: Sequence[asyncio.Future[None]]) -> None:
        """End everything within `STOP_SECONDS`; what still hangs then does not keep the process from ending."""
        seconds = STOP_SECONDS if self.failure is None else FAILED_STOP_SECONDS
        last_resort = threading.Timer(seconds + _LAST_RESORT_SECONDS, self._end_now)
        last_resort.daemon = True
        last_resort.start()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(self._stop_clients(), seconds)
        except TimeoutError:
            self._cut_off()
            self.fail(OperatorError(f"the worker did not stop within {seconds:.0f} s", "what was in hand comes again"))
        else:
            last_resort.cancel()

    def _end_now(self) -> None:
        """What hangs would also keep the command line from saying why it ends."""
        sys.stderr.write(
            f"fundwatch: {self.failure or 'the worker did not stop in time; what was in hand comes again'}\n"
        )
        sys.stderr.flush()
        os._exit(1)

    async def _stop_clients(self) -> None:
        await self.app.stop()
        await self._lanes.close()
        await self.ownership.close()
        for producer in (self.producer, *self._producers.values()):
            await producer.stop()


def _apart(site: Site) -> float:
    """Seconds from one chunk that came back to the next: often where a write costs little, seldom where the broker is busy."""
    return min(max(_WRITES_APART * site.write_seconds, _LEAST_APART), WRITE_SECONDS)


async def group_less_consumer(settings: Settings) -> AIOKafkaConsumer:
    """A started consumer that is in no group and commits nothing; the caller stops it."""
    consumer = AIOKafkaConsumer(
        group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", **aiokafka_options(settings)
    )
    await consumer.start()
    return consumer
