"""Do members of one household follow one another into the same institution, one bed after the other?

A *chain* is a series of stays of different members in one institution with a similar diagnosis (of one ICD block), each
beginning no more than a few calendar days after the one before ended, and not while it still ran. Illness in a family
overlaps; one after another is how a card is used. What goes on for more than 180 days is told of as a new chain. Method and
limits: rules.md, domain.md §4.4 (ENG defaults; no public threshold exists).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Annotated, ClassVar

from detectors.books.household import HouseholdPage
from detectors.by_household.household_sequence.text import describe
from detectors.by_household.occasions import called, is_crowd, is_judged
from detectors.engine.page import NEVER, Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR
from schemas.codes import strikes_together
from schemas.icd_blocks import related
from schemas.snapshots import VisitSnapshot

_SOURCE = "rules.md; domain.md §4.4 (ENG)"
_NEXT_DAY = 1


class HouseholdSequence(Rule[HouseholdPage], frozen=True, kw_only=True):
    """同户接续住院."""

    rule_id: ClassVar[str] = "household_sequence"
    version: ClassVar[int] = 4
    page: ClassVar[type[Page]] = HouseholdPage
    title: ClassVar[Text] = Text("同户接续住院", "Household members admitted one after another")
    notice: ClassVar[str] = "同户接续住院"
    question: ClassVar[Text] = Text(
        "同一户的不同成员是否以相近诊断在同一机构前后相接地住院？",
        "Do members of one household follow one another into one institution with a similar diagnosis?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "rules.md household_sequence; domain.md §4.4"
    silences: ClassVar[tuple[str, ...]] = ("too_many_stays",)
    blind_spots: ClassVar[Text] = Text(
        "换机构、换诊断大类或相隔较久的接续住院看不见；没有户信息的参保人按门牌相同的住址归户（异地同名门牌视为同一），住址上超过大户人数的不归户；"
        "户信息与住址都没有的看不见，也不与同一住址上有户信息的人相连；十三个月内住院超过200次的户不判断。",
        "A chain that changes institution or the kind of diagnosis, or leaves longer gaps, is not seen. Who have no household"
        " record and live at one address (two of one name are taken for one) are one household, unless more live there than a"
        " large household has; who has neither is not seen, and who has none is not joined to those at his address who have one."
        " A household of more than 200 stays in thirteen months is not judged.",
    )

    stays: Annotated[
        int,
        parameter(2, 20, "stays", "接续住院次数", "stays in a chain", _SOURCE),
    ] = 3
    gap_days: Annotated[int, parameter(0, 30, "days", "相隔天数", "calendar days between stays", _SOURCE)] = 3
    overlap_hours: Annotated[
        int,
        parameter(0, 240, "hours", "允许重叠", "overlap still in sequence", _SOURCE),
    ] = 24
    crowd: Annotated[
        int, parameter(2, 1000, "persons", "大户人数", "a household above this is judged by share", _SOURCE)
    ] = 12
    crowd_share: Annotated[
        float, parameter(0.0, 1.0, "share", "大户接续比例", "share of a large household", _SOURCE)
    ] = 0.3

    def silence(self, page: HouseholdPage, view: View) -> str | None:
        """Silent about a household of more stays than are kept: it is none, and its chains have lost their heads."""
        return "too_many_stays" if view.now < page.overfull_until else None

    def kept_from(self, page: HouseholdPage) -> int:
        """Meanwhile what was said of it is final."""
        return NEVER if page.overfull_until > -NEVER else page.kept_from()

    def concerns(self, page: HouseholdPage) -> bool:
        """As many stays as a chain has."""
        return len(page.stays) >= self.stays

    def anchors(self, page: HouseholdPage) -> Iterable[str]:
        """A chain is named by its first stay."""
        return [chain[0].visit for chain in self._counted(page)]

    def ask(self, page: HouseholdPage, anchor: str, view: View) -> Finding | None:
        """The chain that begins with the visit ``anchor``."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: HouseholdPage, view: View) -> dict[str, Finding | None]:
        """All chains at one look."""
        return {chain[0].visit: self._finding(page, chain, view) for chain in self._counted(page)}

    def _counted(self, page: HouseholdPage) -> Iterator[list[VisitSnapshot]]:
        counted = page.counted()
        for series in page.series():
            for chain in self._chains([held.stay for held in series if held.stay.visit in counted and is_judged(held)]):
                if self._counts(page, chain):
                    yield chain

    def _counts(self, page: HouseholdPage, chain: list[VisitSnapshot]) -> bool:
        persons = len({stay.person for stay in chain})
        if persons < self.stays or not page.is_its_own(stay.visit for stay in chain):
            return False
        return not is_crowd(page, persons, self.crowd, self.crowd_share)

    def _chains(self, stays: list[VisitSnapshot]) -> list[list[VisitSnapshot]]:
        """Chains among stays of one institution; every stay continues the chain that it follows most closely."""
        chains: list[list[VisitSnapshot]] = []
        open_ones: list[list[VisitSnapshot]] = []  # those that a stay to come, which begins later, may continue
        for stay in stays:
            open_ones = [chain for chain in open_ones if self._may_go_on(chain, stay)]
            before = [chain for chain in open_ones if self._follows(chain, stay)]
            if before:
                max(before, key=lambda chain: (chain[-1].end or 0, chain[-1].visit)).append(stay)
            else:
                chains.append([stay])
                open_ones.append(chains[-1])
        return chains

    def _may_go_on(self, chain: list[VisitSnapshot], stay: VisitSnapshot) -> bool:
        end = chain[-1].end
        return end is not None and _days_between(end, stay.begin) <= self.gap_days

    def _follows(self, chain: list[VisitSnapshot], stay: VisitSnapshot) -> bool:
        last = chain[-1]
        if last.end is None or last.person == stay.person:
            return False
        is_in_turn = stay.begin >= last.end - self.overlap_hours * HOUR
        is_near = _days_between(last.end, stay.begin) <= self.gap_days
        return is_in_turn and is_near and related(last.diagnosis, stay.diagnosis)

    def _finding(self, page: HouseholdPage, chain: list[VisitSnapshot], view: View) -> Finding:
        gaps = [_days_between(earlier.end or later.begin, later.begin) for earlier, later in pairwise(chain)]
        is_contagious = all(strikes_together(stay.diagnosis) for stay in chain)
        persons = {stay.person for stay in chain}
        strength = len(chain) - self.stays + (max(gaps) <= _NEXT_DAY) - is_contagious
        severity: Severity = "high" if strength >= 1 else "medium" if strength == 0 else "low"
        return Finding(
            severity=severity,
            score=min(1.0, max(0.2, 0.6 + 0.15 * strength)),
            begin=chain[0].begin,
            end=chain[-1].end,
            institution=chain[0].institution,
            persons=tuple(sorted(persons)),
            visits=tuple(stay.visit for stay in chain),
            household=page.number,
            group=page.home,
            measures=(
                Measure("stays_in_sequence", len(chain), self.stays, "stays", 1),
                Measure("members", len(persons), self.stays, "persons", 1),
                Measure("longest_gap_days", max(gaps), self.gap_days, "days"),
                Measure("household_size", page.size(), None, "persons"),
            ),
            evidence=tuple(Cited(reference, stay.visit) for stay in chain for reference in stay.evidence),
            fund_at_risk=sum(stay.scope for stay in chain),
            text=describe(called(page, chain), chain, self.stays, self.gap_days, view),
        )


def _days_between(end: int, begin: int) -> int:
    """Calendar days: who leaves in the morning and who comes in the afternoon three days later are three apart."""
    return begin // DAY - end // DAY
