"""What does a stage take in, and what does it want published?"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """One record of a topic, as Kafka or a file gave it. ``timestamp_ms`` is the record's own, Unix."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    is_mark: bool = False


class Forward(NamedTuple):
    """A record for the next stage's topic."""

    stage: str
    key: bytes
    value: bytes


class Effects:
    """What one batch brought about, in order. Nothing has left the engine until the caller publishes it."""

    __slots__ = ("alerts", "counts", "dead_letters", "forwards", "mark")

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.forwards: list[Forward] = []
        self.mark: int | None = None
        self.dead_letters: list[DeadLetter] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
