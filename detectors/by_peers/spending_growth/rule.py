"""Does what the fund pays an institution grow far more than its own season and its peers explain?

The fund's payment per active day of a month against that of the same month last year, or, while that is not known, of up to
three months before; the growth against the growth of its peers in the same month, which holds season, epidemics and tariffs.
Or up to three months together against those before them, by how far it lies from the peers in each
(`detectors.books.standing`): a growth of months shows less in each of them. Or some weeks against the eight before them
(`detectors.books.weeks_changed`): a month dilutes what began in its middle.
Source: rules.md spending_growth.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp
from typing import Annotated, ClassVar

from detectors.books.indicators import FUND, GROWTH, summed
from detectors.books.member import Compared, MemberPage, Month
from detectors.books.standing import stretches
from detectors.books.weeks_changed import most_changed
from detectors.by_peers import judging
from detectors.by_peers.monthly import MonthlyRule
from detectors.by_peers.spending_growth.text import Grown, describe, describe_weeks
from detectors.by_peers.weekly import begin_of, end_of, weekly
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import Measure, RuleClass, Series, Text

_SOURCE = "rules.md spending_growth (ENG)"
_DEAR = 5_000_000  # fen
_SETTLED = 25  # days
_BEFORE = 4  # months
_ENDED = 0.5  # discharges for an admission


class SpendingGrowth(MonthlyRule[MemberPage], frozen=True, kw_only=True):
    """结算费用增长异常."""

    rule_id: ClassVar[str] = "spending_growth"
    version: ClassVar[int] = 6
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
        "新开业或扩建的机构增长是正常的；缓慢增长分摊到多个月时看不出来；没有上一年数据时只与前三个月、几周合看时只与前八周比较；头四周没有可比的周。",
        "An institution that opens or builds grows honestly; slow growth over many months is not seen; without last year's data"
        " only the three months before are compared, weeks with the eight before them; the first four weeks have none.",
    )

    deviation: Annotated[
        float, parameter(2, 20, "deviations", "偏离同组的标准差倍数", "standard deviations from the peers", _SOURCE)
    ] = 2.6
    weeks_deviation: Annotated[
        float,
        parameter(
            2, 20, "deviations", "几周合看偏离同组的标准差倍数", "… of some weeks against those before them", "ENG"
        ),
    ] = 3.0
    ratio: Annotated[
        float, parameter(1.05, 20, "times", "增长倍数高出同组", "growth over the peers' growth", _SOURCE)
    ] = 1.4  # fmt: skip
    least_excess: Annotated[
        int, parameter(0, 1_000_000_000, "fen", "至少超出金额", "excess, at least", _SOURCE)
    ] = 500_000  # fmt: skip

    enough_cases: Annotated[
        int,
        parameter(10, 100_000, "cases", "足够的人次，不足时偏离须高四分之一", "cases, or a quarter farther", "ENG")
    ] = 60  # fmt: skip

    def concerns(self, page: MemberPage) -> bool:
        """A month was compared."""
        return any(FUND in known.seen for known in page.months.values())

    def silence(self, page: MemberPage, view: View) -> str | None:
        """Silent about whom nobody has described, and who has no peers."""
        return judging.silence(page, FUND)

    def months(self, page: MemberPage, subject: str) -> Iterable[int]:
        """Those whose payments were compared."""
        return judging.months_of(page, FUND)

    def _grown(self, page: MemberPage, number: int) -> Grown | None:
        """Of the two ways in which it is seen the one by which it stands out more."""
        level = judging.judged_in(page, FUND, number)
        if level is None:
            return None
        since = [
            one for one in stretches(page, FUND, level.month) if one.before is not None and _is_settled(page, one.since)
        ]
        found = [Grown(level, one.deviation, exp(one.distance - (one.before or 0.0)), one.since) for one in since]
        month = judging.judged_in(page, GROWTH, number)
        if month is not None and _have_ended(judging.stretch(page, number - _BEFORE, number - 1)):
            beyond = exp(month.seen.value - month.seen.expected)
            is_yearly = month.month - 12 in page.months
            found.append(Grown(month, month.seen.deviation, beyond, month.month, is_yearly))
        return max(found, key=lambda one: one.deviation, default=None)

    def ask_month(self, page: MemberPage, month: int, subject: str, view: View) -> Finding | None:
        """The month's growth beside the peers', or that of some of its weeks, whichever stands out further."""
        found = (self._by_months(page, month, view), self._by_weeks(page, month, view))
        return max((one for one in found if one is not None), key=lambda one: one.score, default=None)

    def _limit(self, deviations: float, seen: Compared, cases: int) -> float:
        return judging.limit_of(judging.limit_beside(deviations, seen), cases, self.enough_cases)

    def _by_weeks(self, page: MemberPage, month: int, view: View) -> Finding | None:
        grown = most_changed(page, GROWTH, month)
        if grown is None or not _have_ended(judging.stretch(page, month - _BEFORE, month - 1)):
            return None
        beyond, fund = exp(grown.distance), sum(week.fund for week in grown.weeks)
        excess = round(fund * (1 - 1 / beyond)) if beyond > 1 else 0
        limit = self._limit(self.weeks_deviation, grown.last, sum(week.cases for week in grown.weeks))
        if grown.deviation < limit or beyond < self.ratio or excess < self.least_excess:
            return None
        return Finding(
            severity=judging.severity_of(grown.deviation, limit, excess, _DEAR),
            score=judging.score_of(grown.deviation, limit),
            begin=begin_of(grown),
            end=end_of(grown),
            institution=page.institution,
            group=grown.last.group,
            measures=(
                Measure("growth_over_peers", round(beyond, 3), self.ratio, "times", 1.0),
                Measure("deviation_from_peers", round(grown.deviation, 2), round(limit, 2), "deviations"),
                Measure("fund_of_weeks", fund, None, "fen", fund - excess),
                Measure("peers", grown.last.peers, None, "institutions"),
            ),
            # Weeks of the month before are at risk there.
            fund_at_risk=round(sum(week.fund for week in grown.of_month) * (1 - 1 / beyond)),
            text=describe_weeks(page, grown, excess, view),
            series=weekly(page, GROWTH, grown.until, "fen"),
        )

    def _by_months(self, page: MemberPage, month: int, view: View) -> Finding | None:
        grown = self._grown(page, month)
        if grown is None:
            return None
        seen, fund = grown.one.seen, grown.one.known.counts.fund
        excess = round(fund * (1 - 1 / grown.beyond)) if grown.beyond > 1 else 0
        counts = [known.counts for known in judging.stretch(page, grown.since, grown.one.month)]
        cases = sum(one.admissions + one.visits for one in counts)
        limit = self._limit(self.deviation, seen, cases)  # one dear stay is no growth
        if grown.deviation < limit or grown.beyond < self.ratio or excess < self.least_excess:
            return None
        return Finding(
            severity=judging.severity_of(grown.deviation, limit, excess, _DEAR),
            score=judging.score_of(grown.deviation, limit),
            begin=judging.begin_of(grown.one.month),
            end=judging.end_of(grown.one.known),
            institution=page.institution,
            group=seen.group,
            measures=(
                Measure("growth_over_peers", round(grown.beyond, 3), self.ratio, "times", 1.0),
                Measure("deviation_from_peers", round(grown.deviation, 2), round(limit, 2), "deviations"),
                Measure("fund_of_month", fund, None, "fen", fund - excess),
                Measure("peers", seen.peers, None, "institutions"),
            ),
            fund_at_risk=min(excess, fund),
            text=describe(page, grown, excess, view),
            series=_history(page, grown),
        )


def _is_settled(page: MemberPage, month: int) -> bool:
    """Whether it was there for as good as a month before: who has just opened grows honestly."""
    before = judging.stretch(page, month - _BEFORE, month - 1)
    return sum(known.active for known in before) >= _SETTLED and _have_ended(before)


def _have_ended(before: list[Month]) -> bool:
    """Whether the stays of those months have ended, by and large: they are paid as they end, and where they last for months a
    history that has just begun shows nothing yet of what they cost."""
    counts = summed(known.counts for known in before)
    return counts.discharges >= _ENDED * counts.admissions


def _history(page: MemberPage, grown: Grown) -> Series:
    """Growth month by month, and where nothing is known to grow from, what was paid a day."""
    month = grown.one.month
    if GROWTH in page.months[month].seen:
        return judging.history(page, GROWTH, month, "times")
    return judging.history(page, FUND, month, "fen")
