"""Do an institution's cases cost far more than the same cases cost its peers?

Each month's settled stays, and its outpatient visits, are held against what the same diagnoses (three characters)
cost the other institutions of its group in the same month, the institution itself left out; the quotient, a geometric mean so
that one dear case is not a dear hospital, is judged by the median and the median absolute deviation of the peers' own
quotients. The excess is in money what the cases cost beyond that. Where a group has too few members, the wider one of that
kind is asked (`detectors.books.comparing`). Months are judged alone and up to three together, stays and visits alone and
together, against the peers and against the institution's own months before (`detectors.books.standing`); and some weeks against
the eight before them (`detectors.books.weeks_changed`), for a month dilutes what began in its middle. Source: rules.md
cost_level; domain.md §4.13 (z over 3).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp
from typing import Annotated, ClassVar

from msgspec import structs

from detectors.books.indicators import COST_STAYS, COST_VISITS, OWN
from detectors.books.member import CaseMix, MemberPage, Week
from detectors.books.peer_groups import SELLS_ONLY
from detectors.books.standing import Standing, joint, standing, together
from detectors.books.weeks_changed import Changed, most_changed, seen_at
from detectors.by_peers import judging
from detectors.by_peers.cost_level.text import describe, describe_weeks
from detectors.by_peers.judging import Judged
from detectors.by_peers.monthly import MonthlyRule
from detectors.by_peers.weekly import begin_of, end_of, weekly
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import Measure, RuleClass, Text

_SOURCE = "domain.md §4.13 (z > 3 by the peers' spread; here what chance adds is in it as well, ENG: 2.7)"
_DEAR = 2_000_000  # fen
_MOST = 20.0  # deviations that one of two counts as
_NAMES = {"stays": COST_STAYS, "visits": COST_VISITS}


class CostLevel(MonthlyRule[MemberPage], frozen=True, kw_only=True):
    """均次费用异常."""

    rule_id: ClassVar[str] = "cost_level"
    version: ClassVar[int] = 5
    page: ClassVar[type[Page]] = MemberPage
    title: ClassVar[Text] = Text("均次费用异常偏高", "Cost far above the peers' for the same cases")
    notice: ClassVar[str] = "均次费用、住院费用异常偏高；小病大治"
    question: ClassVar[Text] = Text(
        "同样的病种，该机构的均次费用是否远高于同级同类机构？",
        "Do an institution's cases cost far more than the same cases cost its peers?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = "rules.md cost_level; domain.md §4.13"
    silences: ClassVar[tuple[str, ...]] = judging.SILENCES
    subjects: ClassVar[tuple[str, ...]] = tuple(_NAMES)
    blind_spots: ClassVar[Text] = Text(
        "只比较主诊断前三位，同一病种中病情更重、做了手术的病人较多时费用偏高是正常的；全组机构一起偏高时看不出来；"
        "诊断编码被升级"
        "（高靠诊断）会掩盖偏高；未结算的住院不计入；药店销售没有诊断、同组机构过少的类别都不比较。",
        "Only the main diagnosis' three characters are compared: graver patients and operations within a diagnosis cost more"
        " honestly. What all of a group do is not seen; a diagnosis that is coded up hides a cost; stays that are not settled"
        " do not count. Sales have no diagnosis and are not compared, nor is a kind of which the region has too few.",
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
    ratio: Annotated[
        float, parameter(1.05, 10, "times", "与同组费用之比", "over the peers' cost of the same cases", _SOURCE)
    ] = 1.25
    least_stays: Annotated[
        int, parameter(3, 1_000, "stays", "至少住院结算数", "settled stays, at least", "domain.md §4.13 (n≥30; ENG)")
    ] = 8
    least_visits: Annotated[
        int, parameter(10, 10_000, "visits", "至少门诊、购药人次", "settled visits or sales, at least", "ENG")
    ] = 60
    least_excess: Annotated[
        int, parameter(0, 100_000_000, "fen", "至少超出金额", "excess, at least", "ENG: worth a look at the bills")
    ] = 200_000

    def concerns(self, page: MemberPage) -> bool:
        """A month was compared."""
        return any(name in known.seen for known in page.months.values() for name in _NAMES.values())

    def silence(self, page: MemberPage, view: View) -> str | None:
        """Silent about whom nobody has described, and who has no peers."""
        return judging.silence(page, *_NAMES.values())

    def months(self, page: MemberPage, subject: str) -> Iterable[int]:
        """Those whose stays, or visits, were compared."""
        return judging.months_of(page, _NAMES[subject])

    def ask_month(self, page: MemberPage, month: int, subject: str, view: View) -> Finding | None:
        """The month's stays or visits beside the peers', or those of some of its weeks, whichever stand out further."""
        one = judging.judged_in(page, _NAMES[subject], month)
        if one is None or one.known.groups[-1].endswith(SELLS_ONLY):
            return None
        found = [self._by_weeks(page, one, subject, view)]
        if judging.is_of_its_kind(one.seen):
            found.append(self._by_months(page, one, subject, view))
        return max((found for found in found if found is not None), key=lambda found: found.score, default=None)

    def _by_weeks(self, page: MemberPage, one: Judged, what: str, view: View) -> Finding | None:
        rose = most_changed(page, _NAMES[what], one.month)
        if rose is None:
            return None
        rose = _without_own(page, rose)
        mix, of_month = _of_weeks(rose.weeks, what), _of_weeks(rose.of_month, what)
        beyond = exp(rose.distance)
        excess = round(mix.total * (1 - 1 / beyond)) if beyond > 1 else 0
        limit = judging.limit_beside(self.weeks_deviation, rose.last)
        is_far = rose.deviation >= limit and beyond >= self.ratio
        if mix.count < self._least(what) or not is_far or excess < self.least_excess:
            return None
        counts, more = one.known.counts, of_month.total * (1 - 1 / beyond)
        risk = round(more * counts.fund / counts.total) if counts.total else 0
        return Finding(
            severity=judging.severity_of(rose.deviation, limit, risk, _DEAR),
            score=judging.score_of(rose.deviation, limit),
            begin=begin_of(rose),
            end=end_of(rose),
            institution=page.institution,
            group=rose.last.group,
            measures=(
                Measure("cost_over_peers", round(beyond, 3), self.ratio, "times", 1.0),
                Measure("deviation_from_peers", round(rose.deviation, 2), round(limit, 2), "deviations"),
                Measure("mean_cost", round(mix.total / mix.count), None, "fen", round(mix.total / mix.count / beyond)),
                Measure("excess_cost", excess, self.least_excess, "fen"),
                Measure("cases_compared", mix.count, None, what),
                Measure("peers", rose.last.peers, None, "institutions"),
            ),
            fund_at_risk=max(min(risk, sum(week.fund for week in rose.of_month)), 0),
            text=describe_weeks(page, what, rose, mix, view),
            series=weekly(page, _NAMES[what], rose.until, "times"),
        )

    def _least(self, what: str) -> int:
        return self.least_stays if what == "stays" else self.least_visits

    def _by_months(self, page: MemberPage, one: Judged, what: str, view: View) -> Finding | None:
        stood = _stood(page, _NAMES[what], one.month)
        if stood is None:
            return None
        stood = judging.without_own(page, one.month, stood)
        mix = _mix(page, what, stood.since, one.month)
        excess = mix.total - mix.expected
        is_far = stood.deviation >= self.deviation and exp(stood.distance) >= self.ratio
        if mix.count < self._least(what) or not is_far or excess < self.least_excess:
            return None
        return self._finding(page, what, one, stood, mix, view)

    def _finding(
        self, page: MemberPage, what: str, one: Judged, stood: Standing, mix: CaseMix, view: View
    ) -> Finding:  # fmt: skip
        seen, counts, name = one.seen, one.known.counts, _NAMES[what]
        excess = mix.total - mix.expected
        of_month = _mix(page, what, one.month, one.month)
        risk = round((of_month.total - of_month.expected) * counts.fund / counts.total) if counts.total else 0
        return Finding(
            severity=judging.severity_of(stood.deviation, self.deviation, risk, _DEAR),
            score=judging.score_of(stood.deviation, self.deviation),
            begin=judging.begin_of(one.month),
            end=judging.end_of(one.known),
            institution=page.institution,
            group=seen.group,
            measures=(
                Measure(
                    "cost_over_peers", round(exp(stood.distance), 3), self.ratio, "times",
                    1.0 if stood.before is None else round(exp(stood.before), 3),
                ),
                Measure("deviation_from_peers", round(stood.deviation, 2), self.deviation, "deviations"),
                Measure("mean_cost", round(mix.total / mix.count), None, "fen", round(mix.expected / mix.count)),
                Measure("excess_cost", excess, self.least_excess, "fen"),
                Measure("cases_compared", mix.count, None, what),
                Measure("peers", seen.peers, None, "institutions"),
            ),
            fund_at_risk=max(min(risk, counts.fund), 0),
            text=describe(page, what, one, stood, mix, view),
            series=judging.history(page, name, one.month, "times"),
        )  # fmt: skip


def _stood(page: MemberPage, name: str, month: int) -> Standing | None:
    """How far it stands out by itself, or, of stays and visits the one that does more, together with the other."""
    alone, both = standing(page, name, month), together(page, _NAMES.values(), month, _MOST)
    deviation, mine = joint(both.values(), _MOST), both.get(name)
    is_first = mine is not None and mine.deviation >= max(one.deviation for one in both.values())
    if mine is None or not is_first or (alone is not None and deviation <= alone.deviation):
        return alone
    return mine._replace(deviation=deviation)


def _mix(page: MemberPage, what: str, since: int, until: int) -> CaseMix:
    """The cases of these months together; their diagnoses are those of the last."""
    mixes = [known.stays if what == "stays" else known.visits for known in judging.stretch(page, since, until)]
    return structs.replace(_sum_of(mixes), top=mixes[-1].top)


def _sum_of(mixes: Iterable[CaseMix]) -> CaseMix:
    compared = [mix for mix in mixes if mix.ratio is not None]
    count, total = sum(mix.count for mix in compared), sum(mix.total for mix in compared)
    return CaseMix(count, total, sum(mix.expected for mix in compared))


def _of_weeks(weeks: Iterable[Week], what: str) -> CaseMix:
    mixes = [week.of_stays if what == "stays" else week.of_visits for week in weeks]
    return _sum_of(mixes)


def _without_own(page: MemberPage, rose: Changed) -> Changed:
    """Less what the bills hold for the patients to pay alone, beyond what they did: that is another rule's case."""
    seen, total = seen_at(page.months, OWN, rose.until), sum(week.total for week in rose.weeks)
    if seen is None or seen.value <= seen.expected or total <= 0:
        return rose
    usual = sum(week.own for week in rose.weeks) / total - (seen.value - seen.expected)
    rest = judging.without_share(rose.distance, usual, seen.value - seen.expected)
    return rose._replace(distance=rest, deviation=rose.deviation * rest / rose.distance)
