"""What is put together when the service runs? Checks, references, engine, worker, metrics, probes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from importlib.metadata import version
from time import monotonic
from typing import Any, Final, NamedTuple, get_args

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from prometheus_client.registry import CollectorRegistry

from detectors.engine.graph import STAGES
from detectors.engine.rule import Rule
from schemas.dead_letters import DeadLetter
from stream import garbage, topics
from stream.blueprint import engine_blueprint, vocabulary
from stream.connection import BrokerUnreachable, aiokafka_options
from stream.errors import OperatorError
from stream.fellow_process import Condition, Fellow, Questions, Readiness, fellow_process
from stream.gauges import follow_alerts, show
from stream.health import Progress, watch_progress
from stream.known import KnownReferences
from stream.ledger import OpenAlerts
from stream.letters import park
from stream.logs import write_logs
from stream.marks import mark_quiet_partitions, newest_source_time
from stream.merged_metrics import families, merged_registry
from stream.metrics import Metrics
from stream.probes import State, probes
from stream.references import reference_topics
from stream.reporting import FIRST, MetricsReport
from stream.settings import Settings
from stream.topic_access import partitions_of
from stream.worker import Worker

LATER: Final = tuple(stage for stage in STAGES if stage != FIRST)
_STATES: Final = get_args(Readiness)
_TELL_SECONDS: Final = 0.25

log = logging.getLogger(__name__)


class TopicsDiffer(OperatorError):
    """The topics are not as the service needs them. Operator action: `fundwatch topics create`, or what the message says."""


def check_topics(settings: Settings) -> None:
    """Raises `TopicsDiffer` with everything that differs, and `BrokerUnreachable`."""
    differences = topics.check(settings)
    if differences:
        raise TopicsDiffer(
            "the topics are not as the service needs them: " + " | ".join(map(str, differences)),
            "'fundwatch topics check' shows the same list",
        )


async def serve(settings: Settings, rules: Iterable[Rule[Any]], name: str) -> None:
    """Run the service until a signal (returns) or a failure (raises `OperatorError`). `check_topics` came first."""
    configured = tuple(rules)
    if settings.processes == 1:
        async with _opened(settings, configured, name, (FIRST, *LATER)) as made:
            await _serve(made, name, made.metrics.registry, lambda: condition(made.worker, made.progress))
        return
    parts = [_Part("later stages", "later", LATER)]
    parts += [_Part(f"first stage, share {number}", str(number), (FIRST,)) for number in range(2, settings.processes)]
    async with contextlib.AsyncExitStack() as stack:
        fellows = [
            await stack.enter_async_context(
                fellow_process(partial(_work, part), settings, configured, name, f"the {part.called}")
            )
            for part in parts
        ]

        def newest() -> int | None:
            return fellows[0].condition.newest_source_time  # of the later stages, which hear of every partition

        made = await stack.enter_async_context(_opened(settings, configured, name, (FIRST,), newest))
        for fellow in fellows:
            fellow.keep_told(newest)
            await fellow.begun()  # or the first to ask for metrics would wait for it
            made.worker.accompany(partial(_end_together, made.worker, fellow))
        all_of_them = merged_registry(made.metrics.registry, *(fellow.metrics for fellow in fellows))
        await _serve(
            made, name, all_of_them,
            lambda: joined(condition(made.worker, made.progress), *(fellow.condition for fellow in fellows)),
        )  # fmt: skip


class _Part(NamedTuple):
    """What a fellow has of a worker's work: what logs call it, the end of its folder's name, and its stages."""

    called: str
    suffix: str
    stages: tuple[str, ...]


def _work(part: _Part, questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str) -> None:
    """What a fellow does from its start to its end."""
    write_logs(level=settings.log_level, process=part.called)
    asyncio.run(_serve_as_fellow(part, questions, settings, rules, name))


async def _serve_as_fellow(
    part: _Part, questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str
) -> None:
    def newest() -> int | None:
        return questions.newest_source_time

    async with _opened(settings, rules, f"{name}-{part.suffix}", part.stages, newest, is_fellow=True) as made:
        loop = asyncio.get_running_loop()

        def end() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it is ending
                loop.call_soon_threadsafe(made.worker.end)

        async def tell() -> None:
            while True:
                questions.condition = condition(made.worker, made.progress)
                await asyncio.sleep(_TELL_SECONDS)

        made.worker.accompany(tell)
        questions.answer(lambda: families(made.metrics.registry), end)
        log.info("serving", extra={"worker": name, "stages": part.stages})
        await made.worker.run()


class _Made(NamedTuple):
    """A worker, or one of its processes, that is ready to run."""

    worker: Worker
    progress: Progress
    metrics: Metrics


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings,
    rules: tuple[Rule[Any], ...],
    name: str,
    stages: tuple[str, ...],
    newest_elsewhere: Callable[[], int | None] | None = None,
    *,
    is_fellow: bool = False,
) -> AsyncIterator[_Made]:
    """The stages with all that runs beside them. ``newest_elsewhere``: see `stream.marks`; where persons' stages are not here.
    ``is_fellow``: the first process of the worker parks what cannot be read of the references."""
    metrics = Metrics(vocabulary(rules), version("fundwatch"))
    known, unreadable = KnownReferences(), asyncio.Queue[DeadLetter]()
    try:
        async with reference_topics(settings, known, unreadable.put_nowait) as references:
            partitions = await _partitions(settings)
            blueprint = engine_blueprint(settings, partitions, known, rules, MetricsReport(metrics), stages)
            folder = settings.data / f"worker-{name}"
            folder.mkdir(parents=True, exist_ok=True)
            worker, progress, ledger = Worker(settings, blueprint, folder), Progress(), OpenAlerts()
            worker.accompany(references.follow)
            worker.accompany(lambda: watch_progress(worker, progress))
            worker.accompany(lambda: show(worker, metrics, progress, ledger))
            if FIRST in stages:
                newest = newest_elsewhere or (lambda: newest_source_time(worker))
                transactions = settings.topic(topics.TRANSACTIONS)
                worker.accompany(lambda: mark_quiet_partitions(worker, progress, transactions, FIRST, newest))
                if not is_fellow:
                    worker.accompany(lambda: _park_unreadable(worker, metrics, unreadable))
            if set(LATER) <= set(stages):  # once a worker is enough for what stands open everywhere
                worker.accompany(lambda: follow_alerts(settings, ledger))
            garbage.tame()
            yield _Made(worker, progress, metrics)
    except KafkaError as error:
        raise BrokerUnreachable(
            f"the broker at {settings.broker} failed ({type(error).__name__}: {error})",
            "what was in hand comes again; start the worker again when the broker is well",
        ) from error


async def _serve(made: _Made, name: str, registry: CollectorRegistry, now: Callable[[], Condition]) -> None:
    settings = made.worker.settings
    async with probes(settings.metrics_host, settings.metrics_port, registry, *states(now)) as port:
        partitions = made.worker.blueprint.destinations.partitions
        log.info(
            "serving",
            extra={"worker": name, "port": port, "partitions": partitions, "processes": settings.processes},
        )
        await made.worker.run()


async def _end_together(worker: Worker, fellow: Fellow) -> None:
    await fellow.watch()
    worker.end()


def condition(worker: Worker, progress: Progress) -> Condition:
    """How a worker's process is now."""
    return Condition(
        at=monotonic(),
        is_alive=progress.is_alive and worker.failure is None,
        is_ready=worker.is_ready,
        state="restoring" if worker.ownership.is_restoring else "consuming" if worker.is_ready else "joining",
        partitions=len(worker.assigned()),
        lag_records=sum(progress.lags.values()),
        newest_source_time=newest_source_time(worker),
    )


def joined(*conditions: Condition) -> Condition:
    """How a worker of several processes is: as the one that is least far."""
    heard = [one.newest_source_time for one in conditions if one.newest_source_time is not None]
    return Condition(
        at=min(one.at for one in conditions),
        is_alive=all(one.is_alive for one in conditions),
        is_ready=all(one.is_ready for one in conditions),
        state=min((one.state for one in conditions), key=_STATES.index),
        partitions=sum(one.partitions for one in conditions),
        lag_records=sum(one.lag_records for one in conditions),
        newest_source_time=max(heard, default=None),
    )


def states(now: Callable[[], Condition]) -> tuple[State, State]:
    """What `/healthz` and `/readyz` answer."""

    def alive() -> tuple[bool, dict[str, object]]:
        seen = now()
        return seen.is_alive, {"alive": seen.is_alive, "lag_records": seen.lag_records}

    def ready() -> tuple[bool, dict[str, object]]:
        seen = now()
        return seen.is_ready, {"ready": seen.is_ready, "state": seen.state, "partitions": seen.partitions}

    return alive, ready


async def _park_unreadable(worker: Worker, metrics: Metrics, unreadable: asyncio.Queue[DeadLetter]) -> None:
    """Send references that cannot be read to the dead letters; a record parked twice has the same key."""
    to = worker.blueprint.destinations
    while True:
        letter = await unreadable.get()
        await park(worker.producer, to.dead_letters, to.partitions, [letter])
        metrics.dead_lettered({(letter.stage, letter.reason): 1})
        metrics.decode_failed({letter.reason: 1})


async def _partitions(settings: Settings) -> int:
    client = AIOKafkaClient(**aiokafka_options(settings))
    await client.bootstrap()
    try:
        return len(await partitions_of(client, settings, settings.topic(topics.TRANSACTIONS)))
    finally:
        await client.close()
