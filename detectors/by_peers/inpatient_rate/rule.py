"""Does an institution make stays of far more of its visits than its peers?

The share of admissions among admissions, outpatient visits and sales of a month, against the median of its group and the
peers' median absolute deviation; months are judged alone and up to three together, against the peers and against the
institution's own months before (`detectors.books.standing`); and some weeks against the eight before them
(`detectors.books.weeks_changed`), for a month dilutes what began in its middle. Source: rules.md inpatient_rate; domain.md §4.8
(the top tenth is inspected).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.indicators import INPATIENT, angle, summed, told
from detectors.books.member import MemberPage
from detectors.books.standing import standing
from detectors.books.weeks_changed import most_changed
from detectors.by_peers import judging
from detectors.by_peers.inpatient_rate.text import describe, describe_weeks
from detectors.by_peers.judging import Judged
from detectors.by_peers.monthly import MonthlyRule
from detectors.by_peers.weekly import begin_of, end_of, weekly
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import Measure, RuleClass, Text

_SOURCE = "rules.md inpatient_rate; domain.md §4.8 (ENG)"
_DEAR = 5_000_000  # fen


class InpatientRate(MonthlyRule[MemberPage], frozen=True, kw_only=True):
    """住院率异常."""

    rule_id: ClassVar[str] = "inpatient_rate"
    version: ClassVar[int] = 5
    page: ClassVar[type[Page]] = MemberPage
    title: ClassVar[Text] = Text("住院率异常", "Far more of the visits become stays than at the peers")
    notice: ClassVar[str] = "住院率异常"
    question: ClassVar[Text] = Text(
        "该机构就诊病人收住院的比例是否远高于同级同类机构？",
        "Does an institution make stays of far more of its visits than its peers?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = _SOURCE
    silences: ClassVar[tuple[str, ...]] = judging.SILENCES
    blind_spots: ClassVar[Text] = Text(
        "门诊自费或未上传的机构、以住院为主的专科医院住院率本来就高；全组一起偏高时看不出来。",
        "Where outpatients pay for themselves or are not sent, and in hospitals that only have beds, the share is "
        "high honestly;"
        " what all of a group do is not seen.",
    )

    deviation: Annotated[
        float, parameter(2, 20, "deviations", "偏离同组的标准差倍数", "standard deviations from the peers", _SOURCE)
    ] = 2.7
    weeks_deviation: Annotated[
        float,
        parameter(
            2, 20, "deviations", "几周合看偏离同组的标准差倍数", "… of some weeks against those before them", "ENG"
        ),
    ] = 2.7
    margin: Annotated[
        float, parameter(0.01, 0.9, "share", "高出同组中位数", "above the peers' median", _SOURCE)
    ] = 0.03  # fmt: skip
    least_admissions: Annotated[
        int, parameter(5, 10_000, "stays", "至少入院人次", "admissions, at least", _SOURCE)
    ] = 15  # fmt: skip

    enough_cases: Annotated[
        int,
        parameter(10, 100_000, "cases", "足够的人次，不足时偏离须高四分之一", "cases, or a quarter farther", "ENG")
    ] = 40  # fmt: skip

    def concerns(self, page: MemberPage) -> bool:
        """A month was compared."""
        return any(INPATIENT in known.seen for known in page.months.values())

    def silence(self, page: MemberPage, view: View) -> str | None:
        """Silent about whom nobody has described, and who has no peers."""
        return judging.silence(page, INPATIENT)

    def months(self, page: MemberPage, subject: str) -> Iterable[int]:
        """Those whose share was compared."""
        return judging.months_of(page, INPATIENT)

    def ask_month(self, page: MemberPage, month: int, subject: str, view: View) -> Finding | None:
        """The month's share beside the peers', or that of some of its weeks, whichever stands out further."""
        found = (self._by_months(page, month, view), self._by_weeks(page, month, view))
        return max((one for one in found if one is not None), key=lambda one: one.score, default=None)

    def _by_weeks(self, page: MemberPage, number: int, view: View) -> Finding | None:
        one, rose = judging.judged_in(page, INPATIENT, number), most_changed(page, INPATIENT, number)
        if one is None or rose is None:
            return None
        admissions, visits = sum(week.admissions for week in rose.weeks), sum(week.visits for week in rose.weeks)
        share = admissions / (admissions + visits)
        usual = told(INPATIENT, angle(share) - rose.distance)
        limit = judging.limit_beside(self.weeks_deviation, rose.last)
        limit = judging.limit_of(limit, admissions + visits, self.enough_cases)
        is_far = rose.deviation >= limit and share >= usual + self.margin
        if not is_far or admissions < self.least_admissions:
            return None
        fund = sum(week.fund for week in rose.of_month)
        risk = round(fund * _of_stays(one) * (share - usual) / share)
        return Finding(
            severity=judging.severity_of(rose.deviation, limit, risk, _DEAR),
            score=judging.score_of(rose.deviation, limit),
            begin=begin_of(rose),
            end=end_of(rose),
            institution=page.institution,
            group=rose.last.group,
            measures=(
                Measure("inpatient_share", round(share, 4), round(usual + self.margin, 4), "share", round(usual, 4)),
                Measure("deviation_from_peers", round(rose.deviation, 2), round(limit, 2), "deviations"),
                Measure("admissions", admissions, self.least_admissions, "stays"),
                Measure("outpatient_visits", visits, None, "visits"),
                Measure("peers", rose.last.peers, None, "institutions"),
            ),
            fund_at_risk=max(min(risk, fund), 0),
            text=describe_weeks(page, rose, usual, view),
            series=weekly(page, INPATIENT, rose.until, "share"),
        )

    def _by_months(self, page: MemberPage, month: int, view: View) -> Finding | None:
        one = judging.judged_in(page, INPATIENT, month)
        if one is None or not judging.is_of_its_kind(one.seen):  # who has clinics and who has beds differ
            return None
        stood = standing(page, INPATIENT, one.month)
        if stood is None:
            return None
        seen, counts = one.seen, summed(known.counts for known in judging.stretch(page, stood.since, one.month))
        share, usual = told(INPATIENT, seen.expected + stood.distance), told(INPATIENT, seen.expected)
        cases = counts.admissions + counts.visits
        limit = judging.limit_of(self.deviation, cases, self.enough_cases)
        # Where few come at all, as to a specialist, months of them together prove no more than one of them.
        admitted = counts.admissions if cases >= self.enough_cases else one.known.counts.admissions
        is_far = stood.deviation >= limit and share >= usual + self.margin
        if not is_far or admitted < self.least_admissions:
            return None
        of_month = one.known.counts
        risk = round(of_month.fund * _of_stays(one) * (share - usual) / share)
        return Finding(
            severity=judging.severity_of(stood.deviation, limit, risk, _DEAR),
            score=judging.score_of(stood.deviation, limit),
            begin=judging.begin_of(one.month),
            end=judging.end_of(one.known),
            institution=page.institution,
            group=seen.group,
            measures=(
                Measure(
                    "inpatient_share", round(share, 4), round(usual + self.margin, 4), "share",
                    round(usual, 4),
                ),
                Measure("deviation_from_peers", round(stood.deviation, 2), round(limit, 2), "deviations"),
                Measure("admissions", counts.admissions, self.least_admissions, "stays"),
                Measure("outpatient_visits", counts.visits, None, "visits"),
                Measure("peers", seen.peers, None, "institutions"),
            ),
            fund_at_risk=max(min(risk, of_month.fund), 0),
            text=describe(page, one, stood, view),
            series=judging.history(page, INPATIENT, one.month, "share"),
        )  # fmt: skip


def _of_stays(one: Judged) -> float:
    """The part of the month's bills that are stays'."""
    total = one.known.counts.total
    return one.known.stays.total / total if total else 0.0
