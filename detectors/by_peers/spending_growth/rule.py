"""Does what the fund pays an institution grow far more than its own season and its peers explain?

The fund's payment per active day of a month against that of the same month last year, or, while that is not known, of up to
three months before; the growth against the growth of its peers in the same month, which holds season, epidemics and tariffs.
Source: rules.md spending_growth.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp
from typing import Annotated, ClassVar

from detectors.books.indicators import GROWTH
from detectors.books.member import MemberPage
from detectors.by_peers import judging
from detectors.by_peers.spending_growth.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Text

_SOURCE = "rules.md spending_growth (ENG)"
_DEAR = 5_000_000  # fen


class SpendingGrowth(Rule[MemberPage], frozen=True, kw_only=True):
    """结算费用增长异常."""

    rule_id: ClassVar[str] = "spending_growth"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = MemberPage
    title: ClassVar[Text] = Text("结算费用增长异常", "Spending grows far more than the peers'")
    notice: ClassVar[str] = "结算费用排名靠前、增长不合理"
    question: ClassVar[Text] = Text(
        "该机构的基金支付增长是否远超其自身季节规律和同类机构？",
        "Does what the fund pays an institution grow far more than its own season and its peers explain?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = _SOURCE
    silences: ClassVar[tuple[str, ...]] = judging.SILENCES
    blind_spots: ClassVar[Text] = Text(
        "新开业或扩建的机构增长是正常的；缓慢增长分摊到多个月时看不出来；没有上一年数据时只与前三个月比较。",
        "An institution that opens or builds grows honestly; slow growth over many months is not seen; without last year's data"
        " only the three months before are compared.",
    )

    deviation: Annotated[
        float, parameter(2, 20, "deviations", "偏离同组的标准差倍数", "standard deviations from the peers", _SOURCE)
    ] = 3.5
    ratio: Annotated[
        float, parameter(1.05, 20, "times", "增长倍数高出同组", "growth over the peers' growth", _SOURCE)
    ] = 1.4  # fmt: skip
    least_excess: Annotated[
        int, parameter(0, 1_000_000_000, "fen", "至少超出金额", "excess, at least", _SOURCE)
    ] = 500_000  # fmt: skip

    def concerns(self, page: MemberPage) -> bool:
        """A month was compared."""
        return any(GROWTH in known.seen for known in page.months.values())

    def silence(self, page: MemberPage, view: View) -> str | None:
        """Silent about whom nobody has described, and who has no peers."""
        return judging.silence(page, GROWTH)

    def anchors(self, page: MemberPage) -> Iterable[str]:
        """The months."""
        return judging.anchors(page, GROWTH)

    def ask(self, page: MemberPage, anchor: str, view: View) -> Finding | None:
        """The month's growth beside the peers'."""
        one = judging.judged_in(page, GROWTH, anchor)
        if one is None:
            return None
        seen, fund = one.seen, one.known.counts.fund
        beyond = exp(seen.value - seen.expected)
        excess = round(fund * (1 - 1 / beyond)) if beyond > 1 else 0
        if seen.deviation < self.deviation or beyond < self.ratio or excess < self.least_excess:
            return None
        return Finding(
            severity=judging.severity_of(seen.deviation, self.deviation, excess, _DEAR),
            score=judging.score_of(seen.deviation, self.deviation),
            begin=judging.begin_of(one.month),
            end=judging.end_of(one.known),
            institution=page.institution,
            group=seen.group,
            measures=(
                Measure("growth_over_peers", round(beyond, 3), self.ratio, "times", 1.0),
                Measure("growth", round(exp(seen.value), 3), None, "times", round(exp(seen.expected), 3)),
                Measure("deviation_from_peers", round(seen.deviation, 2), self.deviation, "deviations"),
                Measure("fund_of_month", fund, None, "fen", fund - excess),
                Measure("peers", seen.peers, None, "institutions"),
            ),
            fund_at_risk=min(excess, fund),
            text=describe(page, one, excess, view),
            series=judging.history(page, GROWTH, one.month, "times"),
        )
