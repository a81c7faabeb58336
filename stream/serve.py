"""What is put together when the service runs? Checks, references, engine, worker, metrics, probes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from detectors.engine.rule import Rule
from schemas.dead_letters import DeadLetter
from stream import garbage, topics
from stream.blueprint import engine_blueprint, vocabulary
from stream.connection import BrokerUnreachable, aiokafka_options
from stream.errors import OperatorError
from stream.gauges import follow_alerts, show
from stream.health import Progress, watch_progress
from stream.known import KnownReferences
from stream.ledger import OpenAlerts
from stream.letters import park
from stream.marks import mark_quiet_partitions
from stream.metrics import Metrics
from stream.probes import State, probes
from stream.references import reference_topics
from stream.reporting import FIRST, MetricsReport
from stream.settings import Settings
from stream.topic_access import partitions_of
from stream.worker import Worker

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
    metrics = Metrics(vocabulary(configured), version("fundwatch"))
    known, unreadable = KnownReferences(), asyncio.Queue[DeadLetter]()
    try:
        async with reference_topics(settings, known, unreadable.put_nowait) as references:
            partitions = await _partitions(settings)
            blueprint = engine_blueprint(settings, partitions, known, configured, MetricsReport(metrics))
            folder = settings.data / f"worker-{name}"
            folder.mkdir(parents=True, exist_ok=True)
            worker, progress = Worker(settings, blueprint, folder), Progress()
            worker.accompany(references.follow)
            worker.accompany(lambda: _park_unreadable(worker, metrics, unreadable))
            _accompany(worker, metrics, progress)
            garbage.tame()
            alive, ready = states(worker, progress)
            async with probes(settings.metrics_host, settings.metrics_port, metrics.registry, alive, ready) as port:
                log.info("serving", extra={"worker": name, "port": port, "partitions": partitions})
                await worker.run()
    except KafkaError as error:
        raise BrokerUnreachable(
            f"the broker at {settings.broker} failed ({type(error).__name__}: {error})",
            "what was in hand comes again; start the worker again when the broker is well",
        ) from error


def _accompany(worker: Worker, metrics: Metrics, progress: Progress) -> None:
    """What runs beside the stages."""
    settings, ledger = worker.settings, OpenAlerts()
    transactions = settings.topic(topics.TRANSACTIONS)
    worker.accompany(lambda: watch_progress(worker, progress))
    worker.accompany(lambda: mark_quiet_partitions(worker, progress, transactions, FIRST))
    worker.accompany(lambda: follow_alerts(settings, ledger))
    worker.accompany(lambda: show(worker, metrics, progress, ledger))


def states(worker: Worker, progress: Progress) -> tuple[State, State]:
    """What `/healthz` and `/readyz` answer."""

    def alive() -> tuple[bool, dict[str, object]]:
        is_alive = progress.is_alive and worker.failure is None
        return is_alive, {"alive": is_alive, "lag_records": sum(progress.lags.values())}

    def ready() -> tuple[bool, dict[str, object]]:
        state = "restoring" if worker.ownership.is_restoring else "consuming" if worker.is_ready else "joining"
        return worker.is_ready, {"ready": worker.is_ready, "state": state, "partitions": len(worker.assigned())}

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
