"""Does every common check reject a rule that is broken in exactly its way? And do they all pass the sound one?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from msgspec import structs

from detectors.books.visit import VisitPage
from detectors.by_stay.bed_holding.rule import BedHolding
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import Measure, Text
from tests import checks
from tests.checks import CHECKS, Subject
from tests.test_contract import subject_of

SOUND = subject_of("bed_holding")


def subject(rule: Callable[[], Any]) -> Subject:
    return SOUND._replace(new=rule)


class Altered(BedHolding, frozen=True, kw_only=True):
    """Bed-holding, but for what `alter` does to its answers."""

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        finding = super().ask(page, anchor, view)
        return finding if finding is None else self.alter(finding, page, view)

    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return finding


ASKED: list[str] = []


class RemembersWhatItWasAsked(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        ASKED.append(page.visit)
        return structs.replace(finding, fund_at_risk=len(ASKED))


class WritesOnThePage(Altered, frozen=True, kw_only=True):
    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        page.doctor += "x"
        return super().ask(page, anchor, view)


class SleepsThrough(BedHolding, frozen=True, kw_only=True):
    def wake(self, page: VisitPage, anchor: str, view: View) -> int | None:
        return None


class WakesAtAnotherTime(BedHolding, frozen=True, kw_only=True):
    def wake_all(self, page: VisitPage, anchors: Iterable[str], view: View) -> int | None:
        due = super().wake_all(page, anchors, view)
        return None if due is None else due + 1


class TrustsItsAnchor(BedHolding, frozen=True, kw_only=True):
    def anchors(self, page: VisitPage) -> list[str]:
        return [page.visit]

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        assert anchor == page.visit
        return super().ask(page, anchor, view)


class SpeaksInSentences(BedHolding, frozen=True, kw_only=True):
    def silence(self, page: VisitPage, view: View) -> str | None:
        return f"{page.institution} has sent nothing" if super().silence(page, view) else None


class DividesByNothing(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return structs.replace(finding, score=math.nan)


class GivesNoReasons(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return structs.replace(finding, measures=(Measure("idle_share", 0.5, None, "share"),))


class HasNoEnglish(BedHolding, frozen=True, kw_only=True):
    question: ClassVar[Text] = Text("是否挂床？", "")


class FailsAtItsBound(Altered, frozen=True, kw_only=True):
    sharpness: Annotated[int, parameter(0, 9, "steps", "灵敏度", "sharpness", "a test")] = 1

    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return structs.replace(finding, fund_at_risk=finding.fund_at_risk // self.sharpness)


class SeesNothing(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return None


class SuspectsEverybody(BedHolding, frozen=True, kw_only=True):
    def silence(self, page: VisitPage, view: View) -> str | None:
        return None

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        return everybody(page)


def everybody(page: VisitPage) -> Finding:
    return Finding(severity="low", score=0.5, begin=page.begin or 0, end=None, institution=page.institution,
                   visits=(page.visit,), text=Text("x", "x"))  # fmt: skip


class NeedsItsReferences(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        known = view.references.institution(page.institution)
        return structs.replace(finding, group=known.region)  # type: ignore[union-attr]


class KeepsItsOwnBook(Altered, frozen=True, kw_only=True):
    """What it keeps is not in the saved pages."""

    book: Annotated[dict[str, int], msgspec.Meta(extra={})] = msgspec.field(default_factory=dict)

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        self.book[page.visit] = self.book.get(page.visit, 0) + 1
        return super().ask(page, anchor, view)

    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return structs.replace(finding, score=1.0 / (1 + self.book[page.visit]))


class CountsOffsets(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return structs.replace(finding, fund_at_risk=page.position)


class NeverTakesBack(Altered, frozen=True, kw_only=True):
    """Looks at what was billed without asking whether it stands."""

    def concerns(self, page: VisitPage) -> bool:
        return True

    def silence(self, page: VisitPage, view: View) -> str | None:
        return None

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        found = super().ask(page, anchor, view) if super().concerns(page) else None
        return found or (everybody(page) if len(page.messages) > 4 else None)


class TrustsItsInput(Altered, frozen=True, kw_only=True):
    def alter(self, finding: Finding, page: VisitPage, view: View) -> Finding | None:
        return structs.replace(finding, score=page.scope / 1_000_000)


class NamesEveryLine(BedHolding, frozen=True, kw_only=True):
    """Everything that it ever said stands on the page."""

    def silence(self, page: VisitPage, view: View) -> str | None:
        return None

    def anchors(self, page: VisitPage) -> list[str]:
        return list(page.lines)

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        return structs.replace(everybody(page), text=Text("很长" * 100, "long " * 100))


BROKEN: dict[Callable[[Subject], int], Callable[[], Any]] = {
    checks.check_asking_twice_gives_the_same_answer: RemembersWhatItWasAsked,
    checks.check_asking_changes_no_page: WritesOnThePage,
    checks.check_wakes_before_its_answer_changes: SleepsThrough,
    checks.check_sees_at_one_look_what_it_answers_one_by_one: WakesAtAnotherTime,
    checks.check_knows_nothing_of_a_strange_anchor: TrustsItsAnchor,
    checks.check_silence_is_one_word: SpeaksInSentences,
    checks.check_scores_are_finite: DividesByNothing,
    checks.check_findings_explain_themselves: GivesNoReasons,
    checks.check_has_identity_and_words: HasNoEnglish,
    checks.check_parameters_work_to_their_bounds: FailsAtItsBound,
    checks.check_finds_its_cases_and_no_others: SeesNothing,
    checks.check_a_first_message_raises_nothing: SuspectsEverybody,
    checks.check_works_without_references: NeedsItsReferences,
    checks.check_goes_on_alike_from_every_cut: KeepsItsOwnBook,
    checks.check_a_message_twice_changes_nothing: CountsOffsets,
    checks.check_does_not_care_who_else_sends: CountsOffsets,
    checks.check_nothing_stands_of_what_was_taken_back: NeverTakesBack,
    checks.check_names_the_transaction_by_which_it_speaks: SeesNothing,  # the engine says it, and no rule can say it wrong
    checks.check_takes_any_finite_quantity: TrustsItsInput,
    checks.check_its_page_stays_small: NamesEveryLine,
}


def test_every_check_has_its_broken_rule() -> None:
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_rejects_its_broken_rule(check: Callable[[Subject], int]) -> None:
    """By its own assertion, or by the error that the rule raises."""
    with pytest.raises((AssertionError, ZeroDivisionError, AttributeError, ValueError)):
        check(subject(BROKEN[check]))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_passes_the_same_rule_unbroken(check: Callable[[Subject], int]) -> None:
    assert check(subject(Altered)) > 0


def test_a_rule_that_suspects_everybody_is_not_powered() -> None:
    with pytest.raises(AssertionError):
        checks.check_finds_its_cases_and_no_others(subject(SuspectsEverybody))


def test_a_check_that_sees_no_case_counts_none() -> None:
    """So that `test_contract` can fail it."""
    empty = SOUND._replace(hits=(), quiet=())
    for check in (checks.check_scores_are_finite, checks.check_wakes_before_its_answer_changes):
        assert check(empty) == 0


def test_the_pages_that_checks_copy_are_equal_and_not_the_same() -> None:
    page: Page = VisitPage(institution="H1", visit="V1")
    assert checks.copied(page) == page
    assert checks.copied(page) is not page
