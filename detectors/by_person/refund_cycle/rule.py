"""Is a card swiped and the money given back, again and again?

Settle-and-refund pairs of one person at one institution within 60 days (`detectors.by_person.refund_cycle.pairs`). Corrections
of a bill hardly count, and neither do as many refunds as anyone has: one settlement in twenty is refunded, so who settles often
must have more of them than chance gives. Refunds within the hour and like amounts make it heavier. Limits: domain.md §3.4,
§4.10, §4.16.
"""

from __future__ import annotations

from math import log10
from typing import Annotated, ClassVar, Final

from detectors.books.person import PersonPage
from detectors.by_person.refund_cycle.pairs import Cycle, cycle, institutions_with_refunds
from detectors.by_person.refund_cycle.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY

_SOURCE = "domain.md §4.16"
_QUICK: Final = 5  # times the chance that is borne with where every refund came within the hour: low
_CHANCE = "domain.md §3.4 (5.24 % of settlement rows are refunds)"


class RefundCycle(Rule[PersonPage], frozen=True, kw_only=True):
    """刷卡退费循环."""

    rule_id: ClassVar[str] = "refund_cycle"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("刷卡退费循环", "Settled and refunded again and again")
    notice: ClassVar[str] = "刷卡退费循环"
    question: ClassVar[Text] = Text(
        "同一人在同一机构是否反复刷卡结算后又退费？",
        "Is one person's card settled and refunded at one institution again and again?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "domain.md §3.4, §4.10, §4.16"
    blind_spots: ClassVar[Text] = Text(
        "住院结算的撤销不计；退费后一日内以相近金额重新结算且未再退的视为更正；药品是否相同、个人账户金额在本规则中看不见；"
        "结算次数很多的人需有超出偶然的退费次数才报。",
        "Refunds of inpatient settlements do not count; a refund that is settled again within a day for a like amount is taken "
        "for a correction; whether the drugs were the same, and what the personal account paid, is not seen here; who settles "
        "very often is raised only for more refunds than chance gives.",
    )

    least_pairs: Annotated[
        int, parameter(2, 100, "times", "刷退次数下限", "pairs of settlement and refund", _SOURCE)
    ] = 3  # fmt: skip
    within_days: Annotated[int, parameter(1, 60, "days", "观察期", "within", _SOURCE)] = 60
    usual_share: Annotated[
        float, parameter(0.001, 0.5, "share", "通常退费率", "share of settlements refunded everywhere", _CHANCE)
    ] = 0.05  # fmt: skip
    chance: Annotated[
        float, parameter(1e-6, 0.5, "share", "偶然概率上限", "chance of as many refunds, at most", "ENG")
    ] = 0.005  # fmt: skip
    quick_minutes: Annotated[
        int, parameter(1, 1440, "minutes", "快速退费", "a quick refund comes within", "domain.md §4.10 (10 minutes)")
    ] = 60  # fmt: skip

    def concerns(self, page: PersonPage) -> bool:
        """Refunds enough at one institution."""
        return bool(self.anchors(page))

    def anchors(self, page: PersonPage) -> list[str]:
        """Institutions with refunds enough; one alert a person and institution."""
        return institutions_with_refunds(page, self.least_pairs)

    def kept_from(self, page: PersonPage) -> int:
        """Outpatient visits and purchases are forgotten before stays are."""
        return page.others_kept_from()

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The pairs at the institution ``anchor`` of the last `within_days`."""
        seen = cycle(page, anchor, self.within_days * DAY)
        if len(seen.pairs) < 2 or seen.weight < self.least_pairs:
            return None
        begin = min(pair.begin for pair in seen.pairs)
        if begin < page.others_kept_from():  # settlements of that time are forgotten: the share would be wrong
            return None
        chance = seen.improbability(self.usual_share)
        is_quick = all(pair.minutes <= self.quick_minutes for pair in seen.pairs)
        if chance > self.chance * (_QUICK if is_quick else 1):
            return None
        return self._finding(page, anchor, seen, begin, chance, view)

    def _severity(self, seen: Cycle, chance: float) -> Severity:
        if chance > self.chance or len(seen.pairs) < self.least_pairs:
            return "low"
        quick = sum(1 for pair in seen.pairs if pair.minutes <= self.quick_minutes)
        many = len(seen.pairs) >= 2 * self.least_pairs
        return "high" if many or (len(seen.pairs) > self.least_pairs and 2 * quick > len(seen.pairs)) else "medium"

    def _finding(
        self, page: PersonPage, institution: str, seen: Cycle, begin: int, chance: float, view: View
    ) -> Finding:
        pairs = seen.pairs
        quick = sum(1 for pair in pairs if pair.minutes <= self.quick_minutes)
        amounts = [pair.swipe.total for pair in pairs]
        alike = 0.1 if min(amounts) > 0 and max(amounts) <= 1.2 * min(amounts) else 0.0
        excess = 1.0 - 0.5 ** ((seen.weight - self.least_pairs + 1) / 3)
        ends = [pair.swipe.refunded_at for pair in pairs if pair.swipe.refunded_at is not None]
        evidence = [(pair.visit, ref) for pair in pairs for ref in (pair.swipe.source, pair.swipe.refund)]
        return Finding(
            severity=self._severity(seen, chance),
            score=min(1.0, 0.3 + 0.4 * excess + 0.2 * quick / len(pairs) + alike),
            begin=begin,
            end=max(ends),
            institution=institution,
            persons=(page.person,),
            visits=tuple(dict.fromkeys(pair.visit for pair in pairs)),
            measures=(
                Measure(
                    "refund_pairs", len(pairs), self.least_pairs, "times", round(self.usual_share * seen.settlements, 2)
                ),
                Measure("settlements_made", seen.settlements, None, "times"),
                Measure("improbability", round(-log10(chance), 2), round(-log10(self.chance), 2), "powers of ten"),
                Measure("quick_refunds", quick, None, "times"),
            ),
            evidence=tuple(Cited(ref, visit) for visit, ref in evidence if ref is not None),
            fund_at_risk=sum(pair.swipe.fund for pair in pairs),
            text=describe(institution, seen, self.quick_minutes, view),
        )
