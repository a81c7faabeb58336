"""Golden cases: a rule's words held against whole stories in the wire's form, with what must be said of them."""

from __future__ import annotations

import json
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.engine.registry import all_rules
from schemas.alerts import encode_alert
from tests.engine_run import EngineRun, References
from tests.golden_cases import DETECTORS, files

FILES = sorted(DETECTORS.glob("by_*/*/golden/*.jsonl"))
KINDS = ("hit", "near", "exclude", "correct")  # of each rule at least one


def read(path: Path) -> tuple[dict[str, Any], list[bytes]]:
    head, *messages = path.read_bytes().splitlines()
    stated: dict[str, Any] = json.loads(head)
    return stated, messages


def references_of(head: dict[str, Any]) -> References:
    def encoded(name: str) -> tuple[bytes, ...]:
        return tuple(json.dumps(record).encode() for record in head.get(name, ()))

    return References(encoded("institutions"), encoded("persons"), encoded("catalogue"))


def shortest(rule_id: str, messages: int) -> list[Path]:
    """The shortest of a rule's cases: of the hits, and of the others, as many as come to so many messages, and one at least."""
    lengths = {path: len(read(path)[1]) for path in FILES if path.parent.parent.name == rule_id}
    kept: list[Path] = []
    for is_hit in (True, False):
        cases = [path for path in lengths if path.stem.startswith("hit") == is_hit]
        cases.sort(key=lambda path: (lengths[path], path))
        within = bisect_right(list(accumulate(lengths[path] for path in cases)), messages)
        kept += cases[: max(within, 1)]
    return kept


def run(path: Path) -> EngineRun:
    head, messages = read(path)
    return EngineRun(references_of(head)).take(messages, batch=1)  # so that what comes and goes is seen to


def is_as_expected(alert: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Every field that the case names; of measures and texts those that it names."""
    for name, value in expected.items():
        stated = alert[name]
        if name == "measures":
            stated = {measure["name"]: measure["value"] for measure in stated}
        if isinstance(value, dict) and stated is not None:
            stated = {key: stated.get(key) for key in value}
        if isinstance(value, float):
            stated = pytest.approx(stated, abs=1e-3)
        if value != stated:
            return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_what_must_be_said_is_said_and_nothing_else(path: Path) -> None:
    rule = path.parent.parent.name
    engine = run(path)
    assert not engine.dead_letters
    said = [msgspec.json.decode(encode_alert(alert)) for alert in engine.newest().values() if alert.rule == rule]
    expected = read(path)[0]["expect"]
    assert len(said) == len(expected), said
    for one in expected:
        assert any(is_as_expected(alert, one) for alert in said), said


@pytest.mark.parametrize("rule", all_rules())
def test_every_rule_has_cases_of_every_kind(rule: str) -> None:
    names = [path.stem for path in FILES if path.parent.parent.name == rule]
    missing = [kind for kind in KINDS if not any(name.startswith(kind) for name in names)]
    assert not missing, f"{rule} has no golden case that begins with {missing}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_a_case_says_what_it_is_and_why(path: Path) -> None:
    head, messages = read(path)
    assert head["case"] == path.stem
    assert head["why"]
    assert messages
    if path.stem.startswith(("near", "exclude")) and head["expect"]:
        assert {expected["severity"] for expected in head["expect"]} == {"low"}


def test_the_files_are_what_the_stories_say() -> None:
    """`python -m tests.golden_cases` writes them anew."""
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, path
