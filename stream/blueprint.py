"""Which topic feeds which stage, and where does what comes out go?

The graph of stages itself is `detectors.engine.graph`; here it is laid over topics.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from time import perf_counter_ns
from typing import Any, get_args

import msgspec

from detectors.engine import graph, marks
from detectors.engine.incoming import Reached
from detectors.engine.peers_stage import PeersStage
from detectors.engine.rule import References, Rule
from detectors.engine.stage import FIRST
from detectors.models.half_space import load
from schemas import wire
from schemas.alerts import Alert
from schemas.fields import REASONS
from stream import topics
from stream.delivery import ENGINE_ERROR, Destinations, Report
from stream.metric_series import Vocabulary
from stream.pseudonyms import pseudonymiser
from stream.settings import Settings
from stream.stages import OpenStage, Route, Stage
from stream.tables import Pages

_TOPIC_OF_ROLE = {
    "transactions": topics.TRANSACTIONS,
    "persons": topics.PERSONS,
    "visits": topics.VISITS,
    "households": topics.HOUSEHOLDS,
    "returns": topics.RETURNS,
    "peers": topics.PEERS,
}
_STATE = {
    "institution": topics.STATE_INSTITUTION,
    "person": topics.STATE_PERSON,
    "household": topics.STATE_HOUSEHOLD,
    "peers": topics.STATE_PEERS,
}


class Blueprint(msgspec.Struct, frozen=True):
    """What a worker runs: which topics feed which stages, where their pages and effects go."""

    routes: tuple[Route, ...]
    changelogs: dict[str, str]  # full topic names by stage
    destinations: Destinations
    open_stage: OpenStage
    encode_mark: Callable[[int, Reached], bytes]
    report: Report
    finish_alert: Callable[[Alert], Alert] = lambda alert: alert  # the last change before it is published


def engine_blueprint(
    settings: Settings,
    partitions: int,
    references: References,
    rules: Iterable[Rule[Any]],
    report: Report,
    stages: Collection[str] = tuple(graph.STAGES),
) -> Blueprint:
    """The engine's stages, or some of them, over our topics, all of which have that many partitions."""
    if PeersStage.name in stages:
        load()  # seconds of importing, which would hold up the worker while partitions are assigned to it
    configured = tuple(rules)

    def open_stage(name: str, partition: int, pages: Pages) -> Stage:
        return graph.open_stage(name, partition, partitions, pages, references, configured, perf_counter_ns)

    routes = tuple(
        Route(role, settings.topic(_TOPIC_OF_ROLE[role]), name, role == graph.ROLE_OF_FORWARD[FIRST])
        for name, stage in graph.STAGES.items()
        if name in stages
        for role in stage.roles
    )
    forwards = {stage: settings.topic(_TOPIC_OF_ROLE[role]) for stage, role in graph.ROLE_OF_FORWARD.items()}
    destinations = Destinations(
        alerts=settings.topic(topics.ALERTS),
        dead_letters=settings.topic(topics.DEAD_LETTERS),
        forwards=forwards,
        next_stages=graph.NEXT,
        partitions=partitions,
    )
    changelogs = {name: settings.topic(_STATE[name]) for name in graph.STAGES if name in stages}
    finish_alert = pseudonymiser(settings.pseudonym_key)
    return Blueprint(routes, changelogs, destinations, open_stage, marks.encode, report, finish_alert)


def vocabulary(rules: Iterable[Rule[Any]]) -> Vocabulary:
    """The closed sets of the metrics' labels, from those who know them."""
    return Vocabulary(
        rules={rule.rule_id: rule.title for rule in rules},
        infnos=tuple(str(call.__struct_config__.tag) for call in get_args(wire.AnyCall)),
        stages=tuple(graph.STAGES),
        reasons=(*REASONS, "clock_ahead", "too_late", ENGINE_ERROR),
        dead_letter_stages=("decode", "time", *graph.STAGES),
        missing_references=tuple(sorted({word for rule in rules for word in rule.silences})),
    )
