"""What does a stage take in, and what does it want published?"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.returns import Change


class Incoming(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One record of a topic, as Kafka or a file gave it. ``timestamp_ms`` is the record's own, Unix."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    is_mark: bool = False


class Forward(NamedTuple):
    """A record for another stage's topic."""

    stage: str
    key: bytes
    value: bytes


class Reached(NamedTuple):
    """A stream time, and the record of `fund.transactions` by which a stage has come to it."""

    time: int
    partition: int
    offset: int


class Said(NamedTuple):
    """What a rule has to say. ``left``: the institution that the revision before was about, where this one is not."""

    alert: Alert
    change: Change
    left: str = ""


class Effects:
    """What one batch brought about, in order. Nothing has left the engine until the caller publishes it.

    ``alerts`` are to be published; ``said`` is what the rules have said since the last record, which the stage turns into
    alerts or sends on. ``trials`` are what rules on trial have said (`detectors.engine.trial`): nobody else hears of them.
    """

    __slots__ = ("alerts", "counts", "dead_letters", "forwards", "mark", "said", "trials")

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.said: list[Said] = []
        self.trials: list[Alert] = []
        self.forwards: list[Forward] = []
        self.mark: Reached | None = None
        self.dead_letters: list[DeadLetter] = []
        self.counts: Counter[tuple[str, ...]] = Counter()

    def publish(self, alert: Alert, change: Change) -> None:
        """The alert goes out, and is counted."""
        self.alerts.append(alert)
        self.counts["alerts", alert.rule, alert.severity, change] += 1
