"""What does a worker show of itself between batches? Its state, its time, its lag, and what stands open everywhere."""

from __future__ import annotations

import asyncio
import itertools
import logging

import msgspec

from detectors.engine.stage import Stage as EngineStage
from schemas.alerts import decode_alert
from schemas.china_time import to_unix
from stream import topics
from stream.health import Progress
from stream.ledger import OpenAlerts
from stream.metrics import Metrics
from stream.portraits import among_peers, portraits
from stream.settings import Settings
from stream.topic_access import records_as_they_come
from stream.worker import Worker

SHOW_SECONDS = 2.0
_STANDINGS_EVERY = 150  # times: every page of the peers' stage is looked at

log = logging.getLogger(__name__)


async def follow_alerts(settings: Settings, ledger: OpenAlerts) -> None:
    """Read the alerts topic from its beginning, for ever: every worker shows what stands open everywhere."""
    async for record in records_as_they_come(settings, settings.topic(topics.ALERTS), from_beginning=True):
        if record.value is not None:
            try:
                ledger.observe(decode_alert(record.value))
            except msgspec.DecodeError:
                log.warning("not an alert", extra={"partition": record.partition, "offset": record.offset})


async def show(worker: Worker, metrics: Metrics, progress: Progress, ledger: OpenAlerts) -> None:
    """Bring the gauges up to date every two seconds, for ever; standings, which change by the week, more seldom."""
    are_shown = False
    for number in itertools.count():
        show_once(worker, metrics, progress, ledger)
        if number % _STANDINGS_EVERY == 0 or not are_shown:
            are_shown = show_standings(worker, metrics, ledger)
        await asyncio.sleep(SHOW_SECONDS)


def show_once(worker: Worker, metrics: Metrics, progress: Progress, ledger: OpenAlerts) -> None:
    """Bring the gauges up to date."""
    for stage, table in worker.sites.tables.items():
        times = worker.sites.stream_times(stage)
        metrics.set_stream_times(stage, {p: to_unix(time) for p, time in times.items() if time is not None})
        metrics.set_state(stage, *table.size())
    metrics.set_consumer_lags({(_short(worker, topic), p): lag for (topic, p), lag in progress.lags.items()})
    metrics.set_models(_models(worker))
    metrics.set_pages_to_ask_again(_pages_to_ask_again(worker))
    for stage, restored in worker.ownership.restored.items():
        metrics.restored(stage, restored.seconds, restored.keys, restored.records)
    metrics.set_open_alerts(ledger)


def show_standings(worker: Worker, metrics: Metrics, ledger: OpenAlerts) -> bool:
    """How the institutions stand whose peers' stage runs here; whether there are any."""
    stages = [stage for stage in worker.sites.stages() if isinstance(stage, EngineStage)]
    known = among_peers(stages)
    found = portraits(known, known, ledger)
    metrics.set_standings({code: one.portrait.standing for code, one in found.items()})
    return bool(found)


def _models(worker: Worker) -> dict[str, tuple[int, int]]:
    totals: dict[str, tuple[int, int]] = {}
    for stage in worker.sites.stages():
        if isinstance(stage, EngineStage):
            for rule, (models, warming_up) in stage.models().items():
                before = totals.get(rule, (0, 0))
                totals[rule] = before[0] + models, before[1] + warming_up
    return totals


def _pages_to_ask_again(worker: Worker) -> dict[str, int]:
    left: dict[str, int] = {}
    for stage in worker.sites.stages():
        if isinstance(stage, EngineStage):
            left[stage.name] = left.get(stage.name, 0) + (0 if stage.walk is None else stage.walk.left)
    return left


def _short(worker: Worker, topic: str) -> str:
    return topic.removeprefix(worker.settings.prefix)
