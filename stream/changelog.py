"""Which changelog is this, and can a store that mirrored it go on from where it was?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from kafka.admin import ConfigResource, ConfigResourceType

from stream.connection import administration
from stream.errors import OperatorError
from stream.page_store import Header, Origin
from stream.settings import Settings

_AHEAD_MS = 5 * 60_000  # a wall clock that was set back by more says nothing about the age of a store


class Changelog(msgspec.Struct, frozen=True):
    """A changelog topic as the broker has it now."""

    cluster: str
    topic: str
    topic_id: str
    tombstones_ms: int  # delete.retention.ms: a tombstone may be gone that long after it was written

    def origin(self, partition: int) -> Origin:
        """What a store of that partition mirrors."""
        return Origin(self.cluster, self.topic, self.topic_id, partition)


def look_up(settings: Settings, topics: Iterable[str]) -> dict[str, Changelog]:
    """Ask the broker; blocks. Raises `BrokerUnreachable`, and `OperatorError` where a topic is missing."""
    names = sorted(topics)
    with administration(settings) as admin:
        cluster = str(admin.describe_cluster()["cluster_id"])
        described = {topic["name"]: topic for topic in admin.describe_topics(names)}
        for name in names:
            if described[name]["error_code"]:
                raise OperatorError(
                    f"the changelog {name} is not there (Kafka's error {described[name]['error_code']})",
                    "run 'fundwatch topics create'",
                )
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        configs = admin.describe_configs(resources, config_filter="all")["topic"]
    kept = {name: int(configs[name]["delete.retention.ms"]["value"]) for name in names}
    return {name: Changelog(cluster, name, str(described[name]["topic_id"]), kept[name]) for name in names}


def why_whole(header: Header | None, changelog: Changelog, partition: int, begin: int, end: int, now_ms: int) -> str:
    """Why a store must be restored whole and not from its offset; empty where it may go on.

    ``begin`` and ``end`` are the first and the next offset of the changelog partition, ``now_ms`` the wall clock.
    """
    if header is None:
        return "there is none"
    origin = changelog.origin(partition)
    if header.origin.cluster != origin.cluster:
        return f"it belongs to another cluster, {header.origin.cluster}"
    if header.origin != origin:
        return "its changelog was made anew"
    if not begin <= header.offset <= end:
        return f"its offset {header.offset} is not in the changelog, which has {begin} to {end}"
    age_ms = now_ms - header.synced_ms
    if age_ms < -_AHEAD_MS:
        return f"it was written by a clock {-age_ms // 60_000} minutes ahead"
    if age_ms > changelog.tombstones_ms / 2:
        return f"it is {age_ms / 3_600_000:.1f} hours old, and tombstones are kept for {changelog.tombstones_ms / 3_600_000:.1f}"
    return ""
