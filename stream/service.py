"""How is the Faust app of a worker set up?

Only what differs from Faust's defaults, each with its reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from faust.app import App
from faust.assignor.partition_assignor import PartitionAssignor

from stream.chunks import Chunk
from stream.connection import faust_options
from stream.settings import Settings
from stream.stages import Route
from stream.tables import StateTable, UnsubscribedTables, state_table
from stream.transport import carry_chunks, topic_of_chunks

SESSION_SECONDS = 10.0  # after a hard kill the group waits this long; Faust's 60 s would stop a county for a minute
HEARTBEAT_SECONDS = 3.0
COMMIT_SECONDS = 1.0  # what a crash repeats; a repeat changes nothing
MOST_FETCHED = 4_000  # records; without it one fetch of small messages held 50,000
MOST_CHUNKS_WAITING = 4  # a topic; Faust counts events, and ours are chunks


class SteadyAssignor(PartitionAssignor):
    """Faust's assignor, grouping co-partitioned topics by their clients whatever the order a set is walked in."""

    @classmethod
    def _group_co_subscribed(cls, topics: Any, subscriptions: Any) -> Any:
        # Faust keys groups by tuple(set): two equal sets may come in two orders, and a person's topics be torn apart.
        groups: dict[frozenset[str], set[str]] = {}
        for topic in topics:
            clients = frozenset(client for client, subscribed in subscriptions.items() if topic in subscribed)
            groups.setdefault(clients, set()).add(topic)
        return groups.values()


def new_app(settings: Settings, folder: Path) -> App:
    """A Faust app that carries chunks; tables and agents are still to be declared."""
    app = App(
        settings.group,
        datadir=folder,
        autodiscover=False,
        web_enabled=False,  # it would show table contents: personal data
        topic_allow_declare=False,  # `fundwatch topics create` makes them
        topic_disable_leader=True,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        broker_max_poll_records=MOST_FETCHED,
        stream_buffer_maxsize=MOST_CHUNKS_WAITING,
        consumer_auto_offset_reset="earliest",
        table_standby_replicas=0,
        producer_acks=-1,
        TableManager=UnsubscribedTables,
        PartitionAssignor=SteadyAssignor,
        loghandlers=[],
        **faust_options(settings),
    )
    carry_chunks(app)
    return app


def declare_tables(app: App, changelogs: dict[str, str]) -> dict[str, StateTable]:
    """A table for each stage; `changelogs` names their topics in full."""
    return {stage: state_table(app, stage, topic) for stage, topic in changelogs.items()}


def declare_agent(app: App, route: Route, take: Callable[[str, Chunk], Awaitable[None]]) -> None:
    """An agent that hands each chunk of the route's topic on to `take`."""

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            await take(route.role, event.value)

    app.agent(topic_of_chunks(app, route.topic), name=f"fundwatch.{route.role}")(agent)
