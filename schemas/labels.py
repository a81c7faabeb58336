"""What is a label, and when does an alert hit it? (wire.md, "A label")"""

from __future__ import annotations

import msgspec

from schemas.alerts import Alert
from schemas.china_time import DAY, parse_time

BEFORE = DAY  # a label's period is stretched by this much before …
AFTER = 7 * DAY  # … and after


class Label(msgspec.Struct, frozen=True):
    """One scheme that is known: ``pattern`` is a rule id."""

    pattern: str
    institution: str | None
    begin: str
    end: str | None
    persons: list[str] = []
    visits: list[str] = []
    household: str | None = None
    item: str | None = None


def decode_label(value: bytes) -> Label:
    """Raises `msgspec.DecodeError`."""
    return _decoder.decode(value)


_decoder = msgspec.json.Decoder(Label)


def hits(alert: Alert, label: Label) -> bool:
    """Whether the alert is about the label, by the wire's rule."""
    if alert.rule != label.pattern:
        return False
    if label.visits:
        return not set(label.visits).isdisjoint(alert.visits)
    if alert.institution != label.institution or alert.item != label.item:
        return False
    begin = parse_time(alert.begin)
    end = parse_time(alert.end) if alert.end else begin
    label_begin = parse_time(label.begin) - BEFORE
    label_end = (parse_time(label.end) if label.end else parse_time(label.begin)) + AFTER
    return begin <= label_end and end >= label_begin
