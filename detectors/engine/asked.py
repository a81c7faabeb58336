"""With which rules were the pages of a stage last asked?

One small page a stage and partition. It is written after all other pages of a flush, so what it says was asked was asked.
While pages are being asked again (`detectors.engine.walk`) it also holds how far that has come, and what the settings were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from detectors.engine.page import Page
from detectors.engine.rule import Rule

ASKED_KEY = b"r"


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """A rule as it ran: its version, its parameters, and what an alert says of it should its class be gone."""

    rule_id: str
    version: int
    prefix: str  # of the pages that it asks
    rule_class: str
    basis: tuple[str, ...]
    parameters: dict[str, Any]

    def asks_like(self, other: Setting | None) -> bool:
        """Whether both give the same answers; words and basis do not count."""
        return other is not None and (self.version, self.prefix, self.parameters) == (
            other.version, other.prefix, other.parameters,
        )  # fmt: skip


class Asked(Page, kw_only=True):
    """``rules``: what runs now. The rest is of the walk that is on: ``before``, what pages behind ``reached`` were last
    asked with (None: nobody knows); ``positions``, the newest offset by topic that drove it; ``heard_ms``, that record's
    timestamp.
    """

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = ASKED_KEY

    rules: dict[str, Setting] = {}
    before: dict[str, Setting] | None = {}
    is_walking: bool = False
    reached: bytes = b""
    positions: dict[str, int] = {}
    heard_ms: int = -1

    def reopen(self, rules: dict[str, Setting]) -> bool:
        """Take what runs now; whether pages must be asked again, from ``reached`` on.

        Where a walk is cut short by other settings, pages on both sides of it were asked differently: what changed then or
        now begins anew for all of them.
        """
        changed = {name for name, setting in rules.items() if not setting.asks_like(self.rules.get(name))}
        changed |= self.rules.keys() - rules.keys()
        if not changed:
            self.rules = rules
            return self.is_walking
        if self.is_walking and self.before is not None:
            before = {name: setting for name, setting in self.before.items() if name not in changed}
            self.before = before | {name: setting for name, setting in self.rules.items() if name in changed}
        elif not self.is_walking:
            self.before = self.rules
        self.rules, self.is_walking, self.reached = rules, True, b""
        self.positions, self.heard_ms = {}, -1
        return True

    def arrive(self) -> None:
        """All pages have been asked with what runs now."""
        self.before, self.is_walking, self.reached, self.positions, self.heard_ms = {}, False, b"", {}, -1


def settings_of(rules: Iterable[Rule[Any]]) -> dict[str, Setting]:
    """What is remembered of rules, by id."""
    return {
        rule.rule_id: Setting(
            rule.rule_id,
            rule.version,
            rule.page.prefix.decode(),
            rule.rule_class,
            rule.basis,
            msgspec.msgpack.decode(msgspec.msgpack.encode(rule)),  # as it will be read back
        )
        for rule in rules
    }
