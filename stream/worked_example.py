"""What does a rule say to the plainest of its golden cases? Run through the engine, not written down.

Every rule comes with cases in the wire's form, whose outcome was worked out by hand; the tests hold the engine to them. The
first of those that must be found is the example that people read on the rule's page.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from detectors.engine.incoming import Incoming
from detectors.engine.registry import RegistryError
from detectors.engine.rule import Rule
from schemas.alerts import Alert
from schemas.china_time import parse_time, to_unix
from stream.known import KnownReferences
from stream.pipeline import Pipeline

_HIT = "hit"
_AFTER = to_unix(parse_time("2100-01-01")) * 1000  # no message of a case is ahead of its record


class NoExample(RegistryError):
    """A rule has no golden case that must be found. Operator action: none, it is a programming error."""


class Example(msgspec.Struct, frozen=True):
    """A case's name, why it must be found (English), and the alert at its newest revision."""

    name: str
    why: str
    alert: Alert


def worked_example(rule: type[Rule[Any]]) -> Example:
    """The rule's first golden hit and what the rule with its defaults says to it. Raises `NoExample`."""
    cases = sorted((Path(inspect.getfile(rule)).parent / "golden").glob(f"{_HIT}*.jsonl"))
    if not cases:
        raise NoExample(f"{rule.rule_id} has no golden case that begins with {_HIT!r}")
    head, *messages = cases[0].read_bytes().splitlines()
    stated: dict[str, Any] = json.loads(head)
    newest = _newest(rule(), stated, messages)
    found = [alert for alert in newest.values() if alert.rule == rule.rule_id and alert.status == "open"]
    if not found:
        raise NoExample(f"{rule.rule_id} says nothing to its golden case {cases[0].stem}")
    return Example(stated["case"], stated["why"], min(found, key=lambda alert: (alert.begin, alert.alert_id)))


def _newest(rule: Rule[Any], stated: dict[str, Any], messages: list[bytes]) -> dict[str, Alert]:
    known = KnownReferences()
    for name, put in (("institutions", known.put_institution), ("catalogue", known.put_item)):
        for record in stated.get(name, ()):
            put(json.dumps(record).encode())
    newest: dict[str, Alert] = {}
    pipeline = Pipeline([rule], known, lambda alert: newest.update({alert.alert_id: alert}), _refuse)
    persons = [json.dumps(record).encode() for record in stated.get("persons", ())]
    if persons:
        pipeline.take_persons([Incoming(0, place, _AFTER, None, value) for place, value in enumerate(persons)])
    for place, message in enumerate(messages):
        pipeline.take([Incoming(0, place, _AFTER, None, message, message.startswith(b'{"mark"'))])
    return newest


def _refuse(letter: object) -> None:
    raise NoExample(f"a golden case holds what cannot be read: {letter}")
