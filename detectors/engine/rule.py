"""What is a rule? A pure question to a page of a book, with its words and its parameters.

A rule is a frozen struct: its fields are its parameters, its class variables its identity and words. It keeps no state,
opens nothing and retracts nothing: it is asked, for an anchor on a page, what it sees now (`Rule.ask`) and when its
answer could change without any new fact (`Rule.wake`). `detectors.engine.compare` does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from detectors.engine.page import Page
from schemas.alerts import Measure, RuleClass, Series, Severity, Text
from schemas.references import CatalogueItem, Institution
from schemas.snapshots import Reference

PageT = TypeVar("PageT", bound=Page)


def parameter(low: float, high: float, unit: str, zh: str, en: str, source: str) -> msgspec.Meta:
    """The bounds (inclusive), unit, words and source of a rule's parameter, for its annotation."""
    return msgspec.Meta(ge=low, le=high, extra={"unit": unit, "zh": zh, "en": en, "source": source})


class References(Protocol):
    """Institutions and the catalogue, as far as they are known."""

    def institution(self, fixmedins_code: str) -> Institution | None:
        """Its master record."""

    def item(self, med_list_codg: str) -> CatalogueItem | None:
        """Its catalogue record."""


class View(msgspec.Struct, frozen=True):
    """What a rule may look at beside its page. ``now`` is stream time, seconds of China time."""

    now: int
    references: References
    neighbour: Any = None  # the institution's own page, for rules that ask about its stays


class Cited(msgspec.Struct, frozen=True, array_like=True):
    """Evidence: a message, and the visit that it speaks of."""

    reference: Reference
    visit: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a rule sees. Times in seconds, money in fen, ``score`` 0–1 comparable within the rule.

    Equal findings are one alert: whatever is in here and changes makes a revision that consumers see.
    """

    severity: Severity
    score: float
    begin: int
    end: int | None
    institution: str
    persons: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    household: str | None = None
    item: str | None = None
    group: str | None = None
    measures: tuple[Measure, ...] = ()
    evidence: tuple[Cited, ...] = ()
    fund_at_risk: int = 0
    text: Text
    series: Series | None = None


class Rule(msgspec.Struct, Generic[PageT], frozen=True, kw_only=True):
    """A configured rule. Subclasses live in a folder of their own under ``detectors/by_…`` and are found there."""

    rule_id: ClassVar[str]
    version: ClassVar[int]
    page: ClassVar[type[Page]]
    title: ClassVar[Text]
    notice: ClassVar[str]  # 通知用语
    question: ClassVar[Text]
    rule_class: ClassVar[RuleClass]
    basis: ClassVar[tuple[str, ...]]
    blind_spots: ClassVar[Text]
    source: ClassVar[str]
    has_models: ClassVar[bool] = False  # it judges by a model that learns on the page
    silences: ClassVar[tuple[str, ...]] = ()  # all that `silence` may answer; labels of a metric

    def concerns(self, page: PageT) -> bool:
        """Cheap: whether the page can hold anything for this rule at all."""
        return True

    def anchors(self, page: PageT) -> Iterable[str]:
        """What on this page can be asked about; stable names, ``""`` where it is the page itself."""
        return ("",)

    def ask(self, page: PageT, anchor: str, view: View) -> Finding | None:
        """What is to be seen about ``anchor`` at ``view.now``. Never changes the page."""
        raise TypeError(f"{self.rule_id} does not say what it asks")

    def ask_all(self, page: PageT, view: View) -> dict[str, Finding | None]:
        """`ask` for each of `anchors`; for rules that see all of them at one look."""
        return {anchor: self.ask(page, anchor, view) for anchor in self.anchors(page)}

    def wake(self, page: PageT, anchor: str, view: View) -> int | None:
        """The next stream time, after ``view.now``, at which `ask` may answer otherwise with no new fact."""
        return None

    def wake_all(self, page: PageT, anchors: Iterable[str], view: View) -> int | None:
        """The first `wake` of these anchors; for rules that see all of them at one look."""
        wakes = [due for anchor in anchors if (due := self.wake(page, anchor, view)) is not None]
        return min(wakes) if wakes else None

    def see(self, page: PageT, view: View) -> tuple[dict[str, Finding | None], int | None]:
        """`ask_all`, and `wake_all` of its anchors; for rules that find both at one look."""
        seen = self.ask_all(page, view)
        return seen, self.wake_all(page, seen, view)

    def kept_from(self, page: PageT) -> int:
        """Business time before which the page has forgotten what this rule looks at: what stands on it is final."""
        return page.kept_from()

    def is_warm(self, page: PageT) -> bool:
        """Whether the page's model has learned enough to judge; asked of rules that have models."""
        return True

    def silence(self, page: PageT, view: View) -> str | None:
        """Why the rule cannot judge this page for lack of reference data or history; one of `silences`."""
        return None
