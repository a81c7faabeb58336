"""Every rule of the registry × every common check. A rule that is added is tested by being there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from detectors.engine.registry import all_rules
from tests.checks import (
    CHECKS,
    MOST_CUTS,
    Story,
    Subject,
    check_a_first_message_raises_nothing,
    check_goes_on_alike_from_every_cut,
    check_its_page_stays_small,
    check_wakes_before_its_answer_changes,
)
from tests.test_golden import read, references_of, shortest

# Messages of a rule's hits, and of its other cases, of which the default run asks everything; `test_golden` asks every case what
# it must say, and a soak everything of all.
MOST_MESSAGES = 1_000
ALL_OF_THEM = 10**6


@cache
def subject_of(rule_id: str, messages: int = MOST_MESSAGES) -> Subject:
    """The rule with its golden cases: what must end open, and what must never be said."""
    rule = all_rules()[rule_id]
    hits, quiet = [], []
    for path in sorted(shortest(rule_id, messages)):
        head, messages_of_it = read(path)
        story = Story(path.stem, references_of(head), tuple(messages_of_it))
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
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "rule_id", [rule_id for rule_id in all_rules() if subject_of(rule_id) != subject_of(rule_id, ALL_OF_THEM)]
)
def test_a_rule_keeps_it_over_long_stories_too(rule_id: str, check: Callable[[Subject], int]) -> None:
    assert check(subject_of(rule_id, ALL_OF_THEM)) > 0


@pytest.mark.soak
@pytest.mark.parametrize("rule_id", all_rules())
def test_a_page_stays_small_for_three_times_as_long(rule_id: str) -> None:
    assert check_its_page_stays_small(subject_of(rule_id), facts=12_000) > 0


@pytest.mark.soak
@pytest.mark.parametrize("rule_id", all_rules())
def test_a_long_story_is_looked_at_all_along(rule_id: str) -> None:
    """What the default run asks of fewer of its places."""
    subject = subject_of(rule_id)
    assert check_goes_on_alike_from_every_cut(subject, fewest=MOST_CUTS) > 0
    assert check_a_first_message_raises_nothing(subject, most=50) > 0
    assert check_wakes_before_its_answer_changes(subject, most=100_000) > 0
