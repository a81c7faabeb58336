"""Which topics does the service need, how are they set, and are they there?

All but the small reference topics are co-partitioned: what is keyed alike lies in the partition of the same number, so
the worker that has a partition of `transactions` has the same partition of everything else.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from stream.connection import administration
from stream.errors import OperatorError
from stream.settings import Settings

MIB: Final = 1024 * 1024
DAY_MS: Final = 86_400_000
_REPAIR_SECONDS = 10.0
_REPAIR_POLL_SECONDS = 0.1

TRANSACTIONS: Final = "transactions"
INSTITUTIONS: Final = "institutions"
PERSONS: Final = "persons"
CATALOGUE: Final = "catalogue"
VERDICTS: Final = "verdicts"
ALERTS: Final = "alerts"
DEAD_LETTERS: Final = "dead-letters"
VISITS: Final = "internal.visits"
HOUSEHOLDS: Final = "internal.households"
RETURNS: Final = "internal.returns"
PEERS: Final = "internal.peers"
STATE_INSTITUTION: Final = "internal.state.institution"
STATE_PERSON: Final = "internal.state.person"
STATE_HOUSEHOLD: Final = "internal.state.household"
STATE_PEERS: Final = "internal.state.peers"

LARGEST_TRANSACTION_BYTES: Final = 6 * MIB  # a settlement list of 5 MB has been seen; and the batch's own bytes
LARGEST_PAGE_BYTES: Final = 14 * MIB  # a full visit and one more message; a producer's request takes 16 MiB
LARGEST_DEAD_LETTER_BYTES: Final = 9 * MIB  # the largest transaction in base64 (4/3 of 6 MiB), and the reason beside it


class Topic(msgspec.Struct, frozen=True):
    """A topic without the prefix of its name."""

    name: str
    configs: Mapping[str, str]
    is_copartitioned: bool = True


# The broker's clock is not the judge of our senders' clocks (by default it refuses what lies an hour ahead, and the
# sender drops it): what comes from 2031 comes in, and is parked with its reason.
_ANY_TIME = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(2**63 - 1)}
_HISTORY = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", **_ANY_TIME}
_NEWEST = {"cleanup.policy": "compact", **_ANY_TIME}
# Between stages records carry last year's business time in their value; they go a week after they were *written*.
_BETWEEN_STAGES = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    "message.timestamp.type": "LogAppendTime",
}
# A page is written again every second while it is busy: an hour's grace lets a standby follow, small segments let the
# cleaner in.
_STATE = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(DAY_MS // 24),
    "segment.bytes": str(64 * MIB),
    "max.message.bytes": str(LARGEST_PAGE_BYTES),
    "message.timestamp.type": "CreateTime",
}

TOPICS: Final = (
    Topic(TRANSACTIONS, {**_HISTORY, "max.message.bytes": str(LARGEST_TRANSACTION_BYTES)}),
    Topic(INSTITUTIONS, _NEWEST, is_copartitioned=False),
    Topic(PERSONS, _NEWEST),
    Topic(CATALOGUE, _NEWEST, is_copartitioned=False),
    Topic(VERDICTS, _NEWEST),
    Topic(ALERTS, _NEWEST),
    Topic(
        DEAD_LETTERS,
        {
            "cleanup.policy": "delete",
            "retention.ms": str(30 * DAY_MS),
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(LARGEST_DEAD_LETTER_BYTES),
        },
    ),
    Topic(VISITS, _BETWEEN_STAGES),
    Topic(HOUSEHOLDS, _BETWEEN_STAGES),
    Topic(RETURNS, _BETWEEN_STAGES),
    Topic(PEERS, _BETWEEN_STAGES),
    Topic(STATE_INSTITUTION, _STATE),
    Topic(STATE_PERSON, _STATE),
    Topic(STATE_HOUSEHOLD, _STATE),
    Topic(STATE_PEERS, _STATE),
)


class Difference(msgspec.Struct, frozen=True):
    """One thing about a topic that is not as the service needs it, and what mends it."""

    topic: str
    what: str
    found: str
    needed: str
    cure: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.found}, needed is {self.needed}; {self.cure}"


class Created(msgspec.Struct, frozen=True):
    """What `create` did: the full names of the topics, with their partitions."""

    created: dict[str, int]
    kept: dict[str, int]
    repaired: dict[str, int]


class _Existing(msgspec.Struct, frozen=True):
    partitions: int
    configs: Mapping[str, str]


def create(settings: Settings, repair: bool = False) -> Created:
    """Creates every topic that is missing and waits until each has its leaders; running it again changes nothing.

    Topics that are there are kept as they are; with `repair` their differing settings are set, never the number of
    partitions. New topics get as many partitions as `transactions` has, or `settings.partitions` where that is new as well.
    """
    with administration(settings) as admin:
        existing = _existing(admin, settings)
        partitions = _copartitions(settings, existing)
        created, kept = {}, {}
        for topic in TOPICS:
            name = settings.topic(topic.name)
            if name in existing:
                kept[name] = existing[name].partitions
            else:
                created[name] = partitions if topic.is_copartitioned else 1
        if created:
            configs = {settings.topic(topic.name): dict(topic.configs) for topic in TOPICS}
            admin.create_topics({name: {"num_partitions": n, "configs": configs[name]} for name, n in created.items()})
            admin.wait_for_topics(list(created))
        repaired = _repair(admin, settings, existing) if repair else set()
    return Created(created, {n: p for n, p in kept.items() if n not in repaired}, {n: kept[n] for n in repaired})


def check(settings: Settings) -> list[Difference]:
    """Everything about the topics that is not as the service needs it; empty when all is well."""
    with administration(settings) as admin:
        existing = _existing(admin, settings)
    partitions = _copartitions(settings, existing)
    differences: list[Difference] = []
    for topic in TOPICS:
        name = settings.topic(topic.name)
        if name not in existing:
            differences.append(Difference(name, "the topic", "missing", "there", "run 'fundwatch topics create'"))
            continue
        differences += _wrong_configs(name, topic.configs, existing[name].configs)
        if topic.is_copartitioned and existing[name].partitions != partitions:
            cure = "stop the workers, delete the topic, run 'fundwatch topics create', and load it again"
            found = str(existing[name].partitions)
            differences.append(Difference(name, "the number of partitions", found, str(partitions), cure))
    return differences


def _copartitions(settings: Settings, existing: Mapping[str, _Existing]) -> int:
    """The partitions of `transactions` rule: it is the one topic that may be there before us, with its history."""
    transactions = existing.get(settings.topic(TRANSACTIONS))
    return settings.partitions if transactions is None else transactions.partitions


def _existing(admin: KafkaAdminClient, settings: Settings) -> dict[str, _Existing]:
    names = {settings.topic(topic.name) for topic in TOPICS}
    # Asked for all topics: to ask for one that is missing is answered with an error, or by creating it.
    partitions = {t["name"]: len(t["partitions"]) for t in admin.describe_topics() if t["name"] in names}
    if not partitions:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in partitions]
    described = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        name: _Existing(count, {key: entry["value"] for key, entry in described[name].items()})
        for name, count in partitions.items()
    }


def _at_least(found: str, needed: str) -> bool:
    return int(found) == -1 or (int(needed) != -1 and int(found) >= int(needed))


# More than we ask for is as good, where more cannot lose anything; all other settings are compared as they stand.
_GOOD_ENOUGH: Mapping[str, Callable[[str, str], bool]] = {
    "retention.ms": _at_least,
    "retention.bytes": _at_least,
    "max.message.bytes": _at_least,
    "min.compaction.lag.ms": _at_least,
    "message.timestamp.after.max.ms": _at_least,
}


def _wrong_configs(name: str, needed: Mapping[str, str], found: Mapping[str, str]) -> list[Difference]:
    cure = "run 'fundwatch topics create --repair'"
    return [
        Difference(name, key, found.get(key, "unknown to this broker"), value, cure)
        for key, value in needed.items()
        if key not in found or not _GOOD_ENOUGH.get(key, str.__eq__)(found[key], value)
    ]


def _repair(admin: KafkaAdminClient, settings: Settings, existing: Mapping[str, _Existing]) -> set[str]:
    """Sets what differs, and waits until the broker shows it: the controller answers before the broker knows."""
    changes = _changes(settings, existing)
    if not changes:
        return set()
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs) for name, configs in changes.items()]
    for name, answer in admin.alter_configs(resources)["topic"].items():
        if answer != "OK":
            raise OperatorError(f"the settings of {name} cannot be changed: {answer}", "ask who may change topics")
    deadline = time.monotonic() + _REPAIR_SECONDS
    while _changes(settings, _existing(admin, settings)):
        if time.monotonic() > deadline:
            raise OperatorError(
                f"the broker does not show the new settings within {_REPAIR_SECONDS:.0f} s", "run it again"
            )
        time.sleep(_REPAIR_POLL_SECONDS)
    return set(changes)


def _changes(settings: Settings, existing: Mapping[str, _Existing]) -> dict[str, dict[str, str]]:
    changes: dict[str, dict[str, str]] = {}
    for topic in TOPICS:
        name = settings.topic(topic.name)
        if name in existing and (wrong := _wrong_configs(name, topic.configs, existing[name].configs)):
            changes[name] = {difference.what: difference.needed for difference in wrong}
    return changes
