"""Every rule of the registry × every common check. A rule that is added is tested by being there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from detectors.engine.registry import all_rules
from tests.checks import CHECKS, Story, Subject, check_its_page_stays_small
from tests.test_golden import FILES, read, references_of


@cache
def subject_of(rule_id: str) -> Subject:
    """The rule with its golden cases: what must end open, and what must never be said."""
    rule = all_rules()[rule_id]
    hits, quiet = [], []
    for path in FILES:
        if path.parent.parent.name != rule_id:
            continue
        head, messages = read(path)
        story = Story(path.stem, references_of(head), tuple(messages))
        if path.stem.startswith("hit"):
            hits.append(story)
        elif not head["expect"]:
            quiet.append(story)
    return Subject(rule, tuple(hits), tuple(quiet))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("rule_id", all_rules())
def test_a_rule_keeps_the_contract(rule_id: str, check: Callable[[Subject], int]) -> None:
    subject = subject_of(rule_id)
    assert subject.hits, "a rule without a golden hit is not tested at all"
    assert subject.quiet, "nor is one without a near miss"
    assert check(subject) > 0, "a check that looked at nothing has shown nothing"


@pytest.mark.soak
@pytest.mark.parametrize("rule_id", all_rules())
def test_a_page_stays_small_for_three_times_as_long(rule_id: str) -> None:
    assert check_its_page_stays_small(subject_of(rule_id), facts=12_000) > 0
