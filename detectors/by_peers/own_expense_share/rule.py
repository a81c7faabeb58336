"""Do patients pay for too much that the catalogue does not have?

The share of a month's bills of stays and outpatient visits that lies outside of the catalogue (fulamt_ownpay_amt; where that
is not sent, what is out of scope): above the agreed limit, or far above the peers'; and the share of some weeks far above that of
the eight before them (`detectors.books.weeks_changed`), for a month dilutes what began in its middle. A pharmacy sells what it
likes for cash, so only such a rise of two weeks or three above the limit is told of there, and is low: it may be a card that
pays for a shop's other goods. Source: rules.md own_expense_share; domain.md §4.13 (targets are local agreements).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.indicators import OWN
from detectors.books.member import MemberPage, Month
from detectors.books.peer_groups import SELLS_ONLY
from detectors.books.weeks_changed import most_changed
from detectors.by_peers import judging
from detectors.by_peers.monthly import MonthlyRule
from detectors.by_peers.own_expense_share.text import describe, describe_weeks
from detectors.by_peers.weekly import begin_of, end_of, weekly
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text

_SOURCE = "rules.md own_expense_share"
_WEEKS_OF_SHOP = 2  # one dear thing makes a week's share
_SMALLER = 4  # times as small a bill is enough where it is of many cases


class OwnExpenseShare(MonthlyRule[MemberPage], frozen=True, kw_only=True):
    """目录外费用占比."""

    rule_id: ClassVar[str] = "own_expense_share"
    version: ClassVar[int] = 5
    page: ClassVar[type[Page]] = MemberPage
    title: ClassVar[Text] = Text("目录外费用占比过高", "Too much outside of the catalogue")
    notice: ClassVar[str] = "目录外费用占比"
    question: ClassVar[Text] = Text(
        "该机构目录外（自费）费用占比是否超过约定或远高于同类机构？",
        "Does too large a share of an institution's bills lie outside of the catalogue?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = ("《医疗保障基金使用监督管理条例》第十五条",)
    source: ClassVar[str] = _SOURCE
    blind_spots: ClassVar[Text] = Text(
        "目录外费用由患者个人负担，本身不损失基金；专科（口腔、整形、生殖）占比本来就高；接口不传自费金额时"
        "按不在支付范围的金额计算，会偏高；现金另收、不上传的看不见；药店一直偏高的看不出来，只看几周内的突增。",
        "Patients pay it, the fund does not lose by it; dental, plastic and reproductive care have a high share "
        "honestly. Where the"
        " amount is not sent, all that is out of scope counts, which is more. What is taken in cash and never sent "
        "is not seen. Of a pharmacy only a rise within weeks is seen, not what it has always sold.",
    )

    limit: Annotated[
        float, parameter(0.02, 0.95, "share", "目录外费用占比上限", "of the month's bills, at most", _SOURCE)
    ] = 0.15  # fmt: skip
    deviation: Annotated[
        float, parameter(2, 20, "deviations", "偏离同组的标准差倍数", "or standard deviations from the peers", _SOURCE)
    ] = 4.0
    weeks_deviation: Annotated[
        float,
        parameter(
            2, 20, "deviations", "几周合看偏离同组的标准差倍数", "… of some weeks against those before them", "ENG"
        ),
    ] = 3.0
    margin: Annotated[
        float, parameter(0.01, 0.9, "share", "且高出同组中位数", "and above the peers' median", "ENG")
    ] = 0.06  # fmt: skip
    least_total: Annotated[
        int, parameter(0, 1_000_000_000, "fen", "当月费用至少", "bills of the month, at least", "ENG")
    ] = 2_000_000
    least_cases: Annotated[
        int,
        parameter(
            1,
            100_000,
            "cases",
            "或至少人次（费用达四分之一）",
            "or so many cases, and a quarter of that money",
            "ENG: no one bill makes the share",
        ),
    ] = 60

    def concerns(self, page: MemberPage) -> bool:
        """Something was paid so."""
        return any(known.counts.own > 0 for known in page.months.values())

    def months(self, page: MemberPage, subject: str) -> Iterable[int]:
        """Those in which something was paid so."""
        return [month for month, known in judging.asked(page) if known.counts.own > 0]

    def ask_month(self, page: MemberPage, month: int, subject: str, view: View) -> Finding | None:
        """The month's share, against the limit and the peers, or that of some of its weeks, whichever stands out further."""
        known = page.months[month]
        is_shop = bool(known.groups) and known.groups[-1].endswith(SELLS_ONLY)
        found = [self._by_weeks(page, month, is_shop, view)]
        if not is_shop and self._is_enough(known.counts.total, known.counts.visits + known.counts.discharges):
            found.append(self._by_month(page, month, known, view))
        return max((one for one in found if one is not None), key=lambda one: one.score, default=None)

    def _is_enough(self, total: int, cases: int) -> bool:
        return total >= self.least_total or (cases >= self.least_cases and _SMALLER * total >= self.least_total)

    def _by_weeks(self, page: MemberPage, month: int, is_shop: bool, view: View) -> Finding | None:
        rose = most_changed(page, OWN, month)
        if rose is None:
            return None
        own, total = sum(week.own for week in rose.weeks), sum(week.total for week in rose.weeks)
        share, usual = own / total, max(own / total - rose.distance, 0.0)
        deviations = judging.limit_beside(self.weeks_deviation, rose.last)
        is_far = rose.deviation >= deviations and share >= usual + self.margin
        if not is_far or not self._is_enough(total, sum(week.cases for week in rose.weeks)):
            return None
        limit = max(self.limit, usual + self.margin) if is_shop else min(self.limit, usual + self.margin)
        if is_shop and (share < limit or len(rose.weeks) < _WEEKS_OF_SHOP):
            return None
        return Finding(
            severity="medium" if share >= self.limit and not is_shop else "low",
            score=1 - 0.5 ** (share / limit),
            begin=begin_of(rose),
            end=end_of(rose),
            institution=page.institution,
            group=rose.last.group,
            measures=(
                Measure("own_share", round(share, 4), round(limit, 4), "share", round(usual, 4)),
                Measure("own_amount", own, None, "fen"),
                Measure("deviation_from_peers", round(rose.deviation, 2), round(deviations, 2), "deviations"),
            ),
            fund_at_risk=0,
            text=describe_weeks(page, rose, usual, self.limit, view),
            series=weekly(page, OWN, rose.until, "share"),
        )

    def _by_month(self, page: MemberPage, month: int, known: Month, view: View) -> Finding | None:
        share, seen = known.counts.own / known.counts.total, known.seen.get(OWN)
        is_far = seen is not None and seen.deviation >= self.deviation and share >= seen.expected + self.margin
        if share < self.limit and not is_far:
            return None
        limit = self.limit if seen is None or not is_far else min(self.limit, seen.expected + self.margin)
        severity: Severity = "medium" if is_far and share >= self.limit else "low"
        measures = [
            Measure("own_share", round(share, 4), round(limit, 4), "share", None if seen is None else round(seen.expected, 4)),
            Measure("own_amount", known.counts.own, None, "fen"),
        ]  # fmt: skip
        if seen is not None:
            measures.append(
                Measure("deviation_from_peers", round(seen.deviation, 2), self.deviation, "deviations")
            )  # fmt: skip
        return Finding(
            severity=severity,
            score=1 - 0.5 ** (share / limit),
            begin=judging.begin_of(month),
            end=judging.end_of(known),
            institution=page.institution,
            group=None if seen is None else seen.group,
            measures=tuple(measures),
            fund_at_risk=0,
            text=describe(page, month, known, self.limit, view),
            series=judging.own_history(page, month, self.limit),
        )
