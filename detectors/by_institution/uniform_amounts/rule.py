"""Do an institution's inpatient settlements come to the same amount?

Amounts of stays that were treated each for its own illness are spread; where several of a few days agree to one per cent they
were made out to a plan. In a large hospital some agree by chance, so a cluster is judged by how the institution's own amounts
are spread (`detectors.by_institution.uniform_amounts.clusters`), not by its number alone. What is paid as a package is left
out, also when only the settlement list (4101) says so, weeks later. Method and limits: rules.md, domain.md §4.5 (ENG).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.amounts import AmountsPage
from detectors.books.amounts_lately import FEWEST, WIDEST, WINDOW
from detectors.by_institution.uniform_amounts.clusters import Cluster, Limits, clusters
from detectors.by_institution.uniform_amounts.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY

_SOURCE = "rules.md; domain.md §4.5 (ENG)"
_PROBABLE, _CERTAIN, _PLAIN = 5.5, 12.0, 25.0  # nats
_MANY = 8  # stays


class UniformAmounts(Rule[AmountsPage], frozen=True, kw_only=True):
    """出院报销金额接近."""

    rule_id: ClassVar[str] = "uniform_amounts"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = AmountsPage
    title: ClassVar[Text] = Text("出院报销金额接近", "Inpatient settlements of one amount")
    notice: ClassVar[str] = "出院报销金额接近"
    question: ClassVar[Text] = Text(
        "同一机构短期内多人的住院结算金额是否几乎相同？",
        "Do an institution's inpatient settlements of a few days come to the same amount?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = "rules.md uniform_amounts; domain.md §4.5"
    blind_spots: ClassVar[Text] = Text(
        "按病种、按床日、DRG/DIP付费的住院不判断；金额分成几档、或相隔一周以上才出现一次的看不见；结算量很大的医院中少数几笔相近"
        "而其他方面并不相似的，与偶然无法区分。",
        "Stays paid by case, bed-day, DRG or DIP are not judged. Amounts made out in several steps, or more than a week apart,"
        " are not seen. In a hospital with very many settlements a few that agree in nothing but the amount cannot be told"
        " from chance.",
    )

    stays: Annotated[
        int, parameter(FEWEST, 100, "stays", "结算笔数", "settlements of one amount", _SOURCE)
    ] = 5  # fmt: skip
    window_days: Annotated[
        int, parameter(1, WINDOW // DAY, "days", "几日之内", "within so many days", "rules.md (“a few days”; ENG)")
    ] = 7
    within: Annotated[
        float, parameter(0.001, WIDEST / 2, "share", "金额相差", "of the amount, to either side", _SOURCE)
    ] = 0.01

    def concerns(self, page: AmountsPage) -> bool:
        """As many stays as a cluster has."""
        return len(page.cases) >= self.stays

    def anchors(self, page: AmountsPage) -> Iterable[str]:
        """A cluster is named by its first visit."""
        return [cluster.cases[0].visit for cluster in self._clusters(page)]

    def ask(self, page: AmountsPage, anchor: str, view: View) -> Finding | None:
        """The cluster that begins with the visit ``anchor``."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: AmountsPage, view: View) -> dict[str, Finding | None]:
        """All clusters at one look."""
        return {cluster.cases[0].visit: self._finding(page, cluster, view) for cluster in self._clusters(page)}

    def _clusters(self, page: AmountsPage) -> list[Cluster]:
        limits = Limits(self.stays, self.window_days, self.within)
        return [cluster for cluster in clusters(page, limits) if cluster.nats >= _PROBABLE]

    def _finding(self, page: AmountsPage, cluster: Cluster, view: View) -> Finding:
        cases, persons = cluster.cases, {case.person for case in cluster.cases}
        is_strong = cluster.nats >= (_CERTAIN if cluster.is_alike else _PLAIN) and cluster.core >= _MANY
        severity: Severity = "high" if is_strong else "medium"
        return Finding(
            severity=severity,
            score=1 - 0.5 ** (1 + cluster.nats / _CERTAIN + (cluster.core - self.stays) / _MANY),
            begin=cases[0].time,
            end=cases[-1].time,
            institution=page.institution,
            persons=tuple(sorted(persons)),
            visits=tuple(case.visit for case in cases),
            measures=(
                Measure("settlements_of_one_amount", cluster.core, self.stays, "stays", round(cluster.expected, 2)),
                Measure("amount_spread", round(cluster.spread, 4), self.within, "share"),
                Measure("settlements_in_cluster", len(cases), None, "stays"),
                Measure("evidence_weight", round(cluster.nats, 1), _PROBABLE, "weight"),
            ),
            evidence=tuple(Cited(case.source, case.visit) for case in cases),
            fund_at_risk=max(sum(case.scope for case in cases), 0),
            text=describe(page, cluster, Limits(self.stays, self.window_days, self.within), view),
        )
