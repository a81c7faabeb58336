"""What is an alert? A clue (疑点) for an inspector, whole at its newest revision (wire.md, "An alert")."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["open", "retracted"]
Severity = Literal["low", "medium", "high"]
RuleClass = Literal["政策类", "管理类", "医疗类"]

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
MOST_EVIDENCE = 50


class Measure(msgspec.Struct, frozen=True):
    """What was measured, the limit that it crossed, and what was expected, all in ``unit``."""

    name: str
    value: float | int
    limit: float | int | None
    unit: str
    expected: float | int | None = None


class Evidence(msgspec.Struct, frozen=True):
    """A message that an inspector can look up at the institution."""

    infno: str
    msgid: str
    inf_time: str
    visit: str | None = None


class Text(msgspec.Struct, frozen=True):
    """What happened, for people: Chinese first."""

    zh: str
    en: str


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """The message, or the wake-up after the message, that raised or revised the alert.

    ``change``: what had changed of the rule (a parameter, its version, whether it runs); left out where nothing had.
    """

    partition: int
    offset: int
    inf_time: str
    msgid: str
    change: Text | None = None


class Point(msgspec.Struct, frozen=True):
    """One step of a series; ``low`` and ``high`` bound what was expected."""

    at: str
    value: float | int  # as it was made: read as a float alone, a whole number would be written otherwise than before
    low: float | int | None = None
    high: float | int | None = None


class Series(msgspec.Struct, frozen=True):
    """What was measured over time, to be drawn."""

    unit: str
    points: list[Point]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """The wire's alert. Money in fen; times ``yyyy-MM-dd HH:mm:ss`` China time; absent is null or []."""

    alert_id: str
    rule: str
    rule_version: int
    revision: int
    status: Status
    severity: Severity
    score: float
    raised_at: str
    revised_at: str
    begin: str
    end: str | None
    institution: str
    institution_name: str | None
    persons: list[str]
    visits: list[str]
    household: str | None
    item: str | None
    group: str | None
    measures: list[Measure]
    evidence: list[Evidence]
    evidence_total: int
    fund_at_risk: int
    rule_class: str = msgspec.field(name="class")
    basis: list[str]
    text: Text
    source: Source
    related: list[str] = msgspec.field(default_factory=list)
    series: Series | None = None
    retraction: Text | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Alert)


def encode_alert(alert: Alert) -> bytes:
    """UTF-8 JSON, fields in a fixed order, so the same alert is the same bytes."""
    return _encoder.encode(alert)


def decode_alert(value: bytes) -> Alert:
    """Raises `msgspec.DecodeError` for what is not an alert."""
    try:
        return _decoder.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(type(error).__name__) from None
