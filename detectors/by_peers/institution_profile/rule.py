"""Do an institution's days look like no day of its peers?

Every closed day is a vector of indicators: admissions, visits and money against its own usual day; cost, nights, inpatient
and own share against its group's, averaged with the days before it. river's Half-Space Trees (Tan, Ting and Liu, 2011), one
model a group, and its distance from the group's middle score it before they learn it; a day is strange above the score that one
day in two hundred of the group passes, a limit that is itself learned online, and not from heaps (`detectors.books.profile`).
Single strange days are ordinary life; a month in which they heap is not. Among others of no kind of its own a specialist is
always strange: there days are not asked.
A day that brings five times as many patients as its usual one, or two on which much is served by night or taken back where
nothing is, or on which nearly all outpatients are tested, treated or given drugs where some are, are asked about by themselves,
against the institution's own days (`detectors.books.odd_days`).

Where each day passes for an ordinary one, months may not: cost of stays and visits, the share of stays and what patients pay
alone are held together, none counting for more than a little, over up to three months (`detectors.books.standing`). Where one
of them alone is far out it is that indicator's own rule's case. Of two shares there is no other rule, and a few days of them are
enough: of what outpatients and customers cost, how much was served by night (22:00 to 06:00; a date, or midnight to the second,
says no hour, and who types the day's visits in after supper still says when they were), and how many settlements were taken
back. They are asked alone, far beyond the peers. Source: rules.md institution_profile; domain.md §4.10 (night share, refunds).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.indicators import COST_STAYS, COST_VISITS, INPATIENT, NIGHT, OWN, REFUNDS
from detectors.books.member import MemberPage
from detectors.books.odd_days import LEAST_TIMES
from detectors.books.peer_calendar import first_day, month_of
from detectors.books.peer_groups import is_of_one_kind
from detectors.books.profile import FUND as FUND_OF_DAY
from detectors.books.standing import Standing, joint, standing, together
from detectors.by_peers import judging
from detectors.by_peers.institution_profile.shares import ShareAlone, share_alone, told_of
from detectors.by_peers.institution_profile.single_days import Asked, odd_days_of, tell_odd_days
from detectors.by_peers.institution_profile.text import describe, describe_months
from detectors.by_peers.monthly import MonthlyRule
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import Measure, Point, RuleClass, Series, Severity, Text
from schemas.china_time import DAY, format_time

_SOURCE = "rules.md institution_profile (ENG)"
_ALL = (COST_STAYS, COST_VISITS, INPATIENT, OWN)
_COSTS = (COST_STAYS, COST_VISITS)
_OF_OWN = 4 / 3  # of the limit of one alone: own_expense_share asks for so much more
_LEAST = 3  # of them, a deviation or more each: two are no picture


class InstitutionProfile(MonthlyRule[MemberPage], frozen=True, kw_only=True):
    """数据指标异常."""

    rule_id: ClassVar[str] = "institution_profile"
    version: ClassVar[int] = 9
    page: ClassVar[type[Page]] = MemberPage
    title: ClassVar[Text] = Text("数据指标异常", "Days that look like no day of the peers")
    notice: ClassVar[str] = "数据指标异常"
    question: ClassVar[Text] = Text(
        "该机构每日的各项指标组合是否与同类机构明显不同？",
        "Do an institution's days, all indicators together, look like no day of its peers?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = ("《医疗保障基金使用监督管理条例》第十五条",)
    source: ClassVar[str] = _SOURCE
    has_models: ClassVar[bool] = True
    silences: ClassVar[tuple[str, ...]] = (*judging.SILENCES, "warming_up")
    blind_spots: ClassVar[Text] = Text(
        "只说明与同类不同，不说明原因；一开始就异常且一直如此的机构会被模型当作正常；指标之间的先后关系看不出来；"
        "组内机构很少时模型学得慢；同类机构不足五家的不按日判断；住院明细常由夜间批处理入账，其钟点不看；持续约两个月的变化（如新设科室）此后视为常态。",
        "It says that days differ, not why. An institution that was strange from the first day and stays so is "
        "learned; an order of"
        " days is not seen; where a group has few members the model learns slowly, and with fewer than five of its kind days are "
        "not judged; at what hour inpatients were billed is not seen, for night jobs book them; what has lasted for some two "
        "months, as a new department does, is usual from then on.",
    )

    least_days: Annotated[
        int, parameter(2, 31, "days", "一月内异常天数", "strange days of a month, at least", _SOURCE)
    ] = 5  # fmt: skip
    share: Annotated[
        float, parameter(0.02, 1, "share", "占已评分天数", "of the days that were scored, at least", _SOURCE)
    ] = 0.2  # fmt: skip

    deviation: Annotated[
        float,
        parameter(1.5, 20, "deviations", "各指标合计偏离的标准差倍数", "all indicators together, in months", _SOURCE),
    ] = 2.6
    most: Annotated[
        float,
        parameter(1, 20, "deviations", "单项指标最多计入的标准差倍数", "that one indicator counts for, at most", "ENG"),
    ] = 2.0
    alone: Annotated[
        float,
        parameter(
            2, 50, "deviations", "单项偏离达到此值时由该项规则报警", "of one alone, and it is another rule's", "ENG"
        ),
    ] = 3.0
    least_cases: Annotated[
        int,
        parameter(10, 100_000, "cases", "至少入院和门诊人次", "admissions and visits of these months, at least", "ENG"),
    ] = 100
    share_deviation: Annotated[
        float,
        parameter(
            2, 50, "deviations", "夜间费用或退费占比偏离同组的标准差倍数", "share by night or of refunds, from the peers",
            "ENG; docs/quality.md, Services by night",
        ),
    ] = 4.0  # fmt: skip
    share_margin: Annotated[
        float,
        parameter(0.01, 1, "share", "…且超出同组占比", "… and so much more of the whole than at the peers", "ENG"),
    ] = 0.1
    least_by_night: Annotated[
        int,
        parameter(
            0, 100_000_000, "fen", "夜间费用超出同组至少", "money by night beyond the peers' share, at least", "ENG"
        ),
    ] = 200_000
    least_refunds: Annotated[
        int, parameter(2, 10_000, "settlements", "退费至少笔数", "settlements taken back, at least", "ENG")
    ] = 10

    day_times: Annotated[
        float,
        parameter(LEAST_TIMES, 100, "times", "单日门诊人次与平日之比", "visits of one day over the usual day", "ENG"),
    ] = 5.0
    day_visits: Annotated[
        int,
        parameter(
            20, 100_000, "visits", "单日门诊人次至少超出平日", "visits of one day beyond the usual day, at least", "ENG"
        ),
    ] = 40
    night_of_days: Annotated[
        int,
        parameter(
            0,
            100_000_000,
            "fen",
            "数日夜间费用超出平日至少",
            "money by night of odd days beyond the usual, at least",
            "ENG",
        ),
    ] = 100_000
    given_of_days: Annotated[
        int,
        parameter(
            5, 100_000, "visits", "数日同类服务门诊人次至少超出平日",
            "outpatients of odd days given one kind of service, beyond the usual, at least", "ENG",
        ),
    ] = 15  # fmt: skip

    def concerns(self, page: MemberPage) -> bool:
        """Some days were strange or odd, or a month was compared."""
        return bool(page.strange or page.odd) or any(known.seen for known in page.months.values())

    def is_warm(self, page: MemberPage) -> bool:
        """Whether the group's model has learned, and the institution is known."""
        return page.is_profiled

    def silence(self, page: MemberPage, view: View) -> str | None:
        """Silent about whom nobody has described, who has too few of its kind, and while the model warms up; but a single day is
        held against the institution's own."""
        return None if page.odd else self._unknown_among_peers(page)

    def _unknown_among_peers(self, page: MemberPage) -> str | None:
        """Why nothing can be said of it among its peers."""
        if not page.region:
            return judging.NO_PLACE
        newest = page.months.get(max(page.months, default=0))
        if not page.is_profiled and (newest is None or not newest.seen):
            return "warming_up"
        is_alike = newest is not None and any(map(judging.is_of_its_kind, newest.seen.values()))
        return None if is_alike or is_of_one_kind(page.model_group) else judging.NO_PEERS

    def months(self, page: MemberPage, subject: str) -> Iterable[int]:
        """Those that have been looked at."""
        noted = {month_of(day) for days in (page.strange, page.odd) for day in days}
        return [month for month, known in judging.asked(page) if known.seen or month in noted]

    def ask_month(self, page: MemberPage, month: int, subject: str, view: View) -> Finding | None:
        """What was done by night, or taken back, in the month; else single odd days, or strange ones, of those looked at."""
        is_alone = self._unknown_among_peers(page) is not None
        if not is_alone and (of_share := self._of_share(page, month, view)) is not None:
            return of_share
        if (of_days := odd_days_of(page, month, self._asked_of_days())) is not None:
            return tell_odd_days(page, of_days, view)
        if is_alone:
            return None
        through = page.months[month].through
        days = [day for day in judging.days_of(page, month) if day <= through]
        scored = max(min(page.scored_days.get(month, 0), through - first_day(month) + 1), len(days), 1)
        is_few = len(days) < self.least_days or len(days) < self.share * scored
        is_told = not is_few and is_of_one_kind(page.model_group)
        strange = self._finding(page, month, days, scored, view) if is_told else None
        return strange or self._months_together(page, month, view)

    def _finding(self, page: MemberPage, month: int, days: list[int], scored: int, view: View) -> Finding | None:
        strange = [page.strange[day] for day in days]
        share = len(days) / scored
        apart: dict[str, list[float]] = {}
        for one in strange:
            for name, value in one.apart:
                apart.setdefault(name, []).append(value)
        far = sorted(apart.items(), key=lambda item: (-abs(sum(item[1])), item[0]))[:3]
        is_often = share >= 2 * self.share and len(days) >= 2 * self.least_days
        sums = {name: sum(values) for name, values in apart.items()}
        if all(sums[name] < 0 for name, _ in far):  # who does less than others costs nobody anything
            return None
        is_less = sums.get(FUND_OF_DAY, 0.0) < 0  # nor does who is paid less than it was, but it may be paid elsewhere
        severity: Severity = "medium" if is_often and not is_less else "low"
        return Finding(
            severity=severity,
            score=1 - 0.5 ** (share / self.share),
            begin=days[0] * DAY,
            end=(days[-1] + 1) * DAY - 1,
            institution=page.institution,
            group=judging.profile_group(page, view),
            measures=(
                Measure("strange_days", len(days), self.least_days, "days"),
                Measure("strange_share", round(share, 3), self.share, "share"),
                *(Measure(f"apart_{name}", round(sum(values) / len(values), 2), None, "apart", 0.0) for name, values in far),
            ),
            fund_at_risk=0,
            text=describe(page, month, days, scored, far, view),
            series=Series(
                "score",
                [Point(format_time(day * DAY), one.score, 0.0, one.limit) for day, one in zip(days, strange, strict=True)],
            ),
        )  # fmt: skip

    def _of_share(self, page: MemberPage, month: int, view: View) -> Finding | None:
        """What was done by night, or taken back, alone; the graver of both."""
        asked = [one for name in (NIGHT, REFUNDS) if (one := share_alone(page, month, name)) is not None]
        far = [one for one in asked if self._is_far(one)]
        if not far:
            return None
        return told_of(
            page, max(far, key=lambda one: one.stood.deviation), self.share_deviation, self.share_margin, view
        )

    def _asked_of_days(self) -> Asked:
        return Asked(self.day_times, self.day_visits, self.night_of_days, self.least_refunds, self.given_of_days)

    def _is_far(self, one: ShareAlone) -> bool:
        is_enough = one.excess >= self.least_by_night if one.name == NIGHT else one.part >= self.least_refunds
        is_beyond = one.share >= one.usual + self.share_margin
        return is_enough and is_beyond and one.stood.deviation >= self.share_deviation

    def _months_together(self, page: MemberPage, month: int, view: View) -> Finding | None:
        """What no day shows: over some months a little of everything."""
        known = page.months[month]
        if not all(judging.is_of_its_kind(known.seen[name]) for name in _ALL if name in known.seen):
            return None
        stood = together(page, _ALL, month, self.most)
        deviation = joint(stood.values(), self.most)
        above = [one for one in stood.values() if one.deviation >= 1]
        if deviation < self.deviation or len(above) < _LEAST or self._is_anothers(page, month, stood):
            return None
        since = above[0].since
        counts = [one.counts for one in judging.stretch(page, since, month)]
        if sum(one.admissions + one.visits for one in counts) < self.least_cases:
            return None
        return self._of_months(page, month, stood, deviation, view)

    def _is_anothers(self, page: MemberPage, month: int, stood: dict[str, Standing]) -> bool:
        """Whether one of them is far out alone, over whatever stretch; what stays and visits cost is one thing.

        As the rule of that one weighs it, or neither would say anything: costs less what patients pay alone, and of what these
        pay a third more is asked.
        """
        costs = [judging.without_own(page, month, one) for name, one in stood.items() if name in _COSTS]
        alone = {name: one for name in _ALL if (one := standing(page, name, month)) is not None}
        weighed = [joint(costs, self.alone)]
        for name, one in alone.items():
            told = judging.without_own(page, month, one) if name in _COSTS else one
            weighed.append(told.deviation / (_OF_OWN if name == OWN else 1.0))
        return max(weighed) >= self.alone

    def _of_months(
        self, page: MemberPage, month: int, stood: dict[str, Standing], deviation: float, view: View
    ) -> Finding:  # fmt: skip
        known = page.months[month]
        far = sorted(stood.items(), key=lambda item: (-item[1].deviation, item[0]))
        since = far[0][1].since
        return Finding(
            severity=judging.severity_of(deviation, self.deviation, 0, 1),
            score=judging.score_of(deviation, self.deviation),
            begin=judging.begin_of(month),
            end=judging.end_of(known),
            institution=page.institution,
            group=known.seen[far[0][0]].group,
            measures=(
                Measure("deviation_together", round(deviation, 2), self.deviation, "deviations"),
                *(Measure(f"deviation_{name}", round(one.deviation, 2), None, "deviations") for name, one in far),
            ),
            fund_at_risk=0,
            text=describe_months(page, month, since, far, deviation, view),
            series=judging.history(page, far[0][0], month, "share" if far[0][0] in (INPATIENT, OWN) else "times"),
        )
