"""Is one stay cut into several: discharged, and admitted again soon after with the same illness?

Readmissions of one person to one institution are weighed by the gap (0–1 days, 2–7, 8–15), the illness and the circumstances
(`detectors.by_person.split_stay.chain`). Several in a row are one alert, which grows. It is raised with the second admission;
the second discharge shows how like the stays are. Method and limits: domain.md §4.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.person import PersonPage
from detectors.by_person.split_stay.chain import Chain, Tiers, chains
from detectors.by_person.split_stay.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.snapshots import STAY

_SOURCE = "domain.md §4.2"
_WEIGHT = "domain.md §4.2 (ENG)"


class SplitStay(Rule[PersonPage], frozen=True, kw_only=True):
    """分解住院."""

    rule_id: ClassVar[str] = "split_stay"
    version: ClassVar[int] = 4
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("分解住院", "A stay cut into several")
    notice: ClassVar[str] = "分解住院"
    question: ClassVar[Text] = Text(
        "同一人出院后短期内是否因同一疾病再次入住同一机构，将一次住院分解为多次？",
        "Is one stay cut into several: the same person discharged and soon admitted again, to the same institution, with the "
        "same illness?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = _SOURCE
    blind_spots: ClassVar[Text] = Text(
        "改换主诊断（不同ICD类目块；当日或次日再入院的，为不同ICD章）或改换机构的分解住院看不见；以急诊入院登记的再入院只作提示；心衰、慢阻肺等易反复的重病，间隔8–15天，"
        "或间隔2–7天而夜间（18时至次日7时）来院、前次已住满9天的，多为病情反复，也只作提示；"
        "按疗程的治疗若以原发病编码，间隔2–7天时降级；真实的慢性病短期再入院与分解住院在交易数据中不易区分，需查病历。",
        "A split under another diagnosis (another ICD block; at once: another chapter) or in another institution is not seen; a "
        "readmission registered as an emergency counts for less; so do courses coded by the illness itself. What flares up by "
        "itself, a failing heart or obstructed lungs, is a hint after 8 to 15 days, and after 2 to 7 where he came between 18 "
        "and 7 h or had been in for nine days. A true early readmission looks much like a split in the transactions: the "
        "records must tell.",
    )

    high_days: Annotated[int, parameter(0, 7, "days", "当日或次日再入院", "readmitted at once", _SOURCE)] = 1
    medium_days: Annotated[int, parameter(0, 15, "days", "短期再入院", "readmitted soon", _SOURCE)] = 7
    within_days: Annotated[int, parameter(1, 60, "days", "再入院观察期", "readmission looked for", _SOURCE)] = 15
    bed_day_packages: Annotated[
        int,
        parameter(0, 1, "0 or 1", "按床日付费（2105）也判断：1", "judge stays paid by the day (2105) too: 1", _SOURCE),
    ] = 0
    high_weight: Annotated[
        float, parameter(0.75, 20.0, "weight", "高级权重", "weight of a high alert", _WEIGHT)
    ] = 2.75  # fmt: skip
    medium_weight: Annotated[
        float, parameter(0.75, 20.0, "weight", "中级权重", "weight of a medium alert", _WEIGHT)
    ] = 1.75  # fmt: skip

    def concerns(self, page: PersonPage) -> bool:
        """Two stays at least."""
        return len(page.visits) > 1 and sum(1 for visit in page.visits.values() if visit.kind == STAY) > 1

    def _chains(self, page: PersonPage) -> dict[str, Chain]:
        tiers = Tiers(self.high_days, self.medium_days, self.within_days)
        return chains(page, tiers, self.bed_day_packages > 0)

    def anchors(self, page: PersonPage) -> Iterable[str]:
        """The first stay of each chain."""
        return self._chains(page)

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The chain that begins with the stay ``anchor``."""
        chain = self._chains(page).get(anchor)
        return None if chain is None else self._finding(page, chain, view)

    def ask_all(self, page: PersonPage, view: View) -> dict[str, Finding | None]:
        """All chains at one look."""
        return {first: self._finding(page, chain, view) for first, chain in self._chains(page).items()}

    def _finding(self, page: PersonPage, chain: Chain, view: View) -> Finding:
        stays, strongest, weight = chain.stays, chain.strongest, chain.weight
        severity: Severity = "low"
        if weight >= self.medium_weight:
            severity = "high" if weight >= self.high_weight else "medium"
        limit = self.high_days if strongest.gap <= self.high_days else self.medium_days
        return Finding(
            severity=severity,
            score=1.0 - 0.5 ** (weight / 1.5),
            begin=stays[0].begin,
            end=stays[-1].end,
            institution=stays[0].institution,
            persons=(page.person,),
            visits=tuple(stay.visit for stay in stays),
            measures=(
                Measure(
                    "days_to_readmission",
                    strongest.gap,
                    limit if strongest.gap <= self.medium_days else self.within_days,
                    "days",
                ),
                Measure("stays_in_chain", len(stays), 2, "stays", 1),
                Measure("evidence_weight", round(weight, 2), self.medium_weight, "weight", 0),
            ),
            evidence=tuple(Cited(reference, stay.visit) for stay in stays for reference in stay.evidence),
            fund_at_risk=sum(stay.scope for stay in stays[1:]),
            text=describe(chain, self.within_days, view),
        )
