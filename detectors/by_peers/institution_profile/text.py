"""What does an inspector read of an institution whose days look like no others?"""

from __future__ import annotations

from typing import Final

from detectors.books import profile
from detectors.books.indicators import COST_STAYS, COST_VISITS, INPATIENT, NIGHT, OWN
from detectors.books.member import MemberPage
from detectors.books.odd_days import MEDICATED, TESTED, TREATED, VISITS
from detectors.books.peer_calendar import name_of
from detectors.books.standing import Standing
from detectors.by_peers import judging
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import format_day

_GIVEN: Final = {
    TESTED: Text("做了检查化验", "were tested"),
    TREATED: Text("做了治疗", "were treated"),
    MEDICATED: Text("开了药", "were given drugs"),
}
_MOST_NAMED: Final = 5  # days that a text names

_INDICATORS: Final = {
    profile.ADMISSIONS: Text("入院人次", "admissions"),
    profile.VISITS: Text("门诊人次", "visits"),
    profile.FUND: Text("基金支付", "what the fund pays"),
    profile.STAY_COST: Text("住院均次费用", "cost of a stay"),
    profile.VISIT_COST: Text("门诊均次费用", "cost of a visit"),
    profile.NIGHTS: Text("住院天数", "nights of a stay"),
    profile.INPATIENT: Text("收住院比例", "inpatient share"),
    profile.OWN: Text("目录外占比", "share outside of the catalogue"),
    profile.BY_NIGHT: Text("夜间（22时至6时）费用占比", "money of services by night, 22:00 to 06:00"),
    profile.REFUNDS: Text("退费占比", "share of refunds"),
}


def describe(
    page: MemberPage, month: int, days: list[int], scored: int, far: list[tuple[str, list[float]]], view: View
) -> Text:
    """How many days, what sets them apart, and where to look first."""
    place, name = judging.place_of(page, view), name_of(month)
    first, last = format_day(days[0]), format_day(days[-1])
    zh = "、".join(_INDICATORS[one].zh + ("偏高" if sum(values) > 0 else "偏低") for one, values in far)
    en = ", ".join(f"{_INDICATORS[one].en} ({'high' if sum(values) > 0 else 'low'})" for one, values in far)
    return Text(
        f"{place}：{name}有{len(days)}天（{first}至{last}，已评分{scored}天）的指标组合与同类机构明显不同，主要是{zh}。"
        "这是指标组合上的异常，不说明原因；请先对照这几天的结算明细，看是哪类病人、科室或项目造成的。",
        f"{place}, {name}: {len(days)} days ({first} to {last}, of {scored} that were scored) look like no days of "
        "its peers, mostly by "
        f"{en}. It says that they differ, not why; look first at those days' settlements: which patients, "
        "departments or items.",
    )


def describe_share(
    page: MemberPage, month: int, name: str, share: float, usual: float, part: int, stood: Standing, view: View
) -> Text:
    """How much by night, or taken back, against whom, and where to look first."""
    place, one = judging.place_of(page, view), judging.Judged(month, page.months[month], page.months[month].seen[name])
    period, group = judging.period_of(one), judging.group_of(one.seen)
    against = Text("偏离同组", "from the peers")
    if stood.before is not None:
        against = Text("较该机构此前各月及同组", "from its own months before and the peers")
    far = f"{stood.deviation:.1f}"
    if name == NIGHT:
        money = judging.money(part)
        return Text(
            f"{place}：{period.zh}门诊、购药费用中{money}元（{share:.1%}）发生在夜间（22时至次日6时），{group.zh}通常为{usual:.1%}，"
            f"{against.zh}{far}个标准差。急诊和值班有夜间服务属正常；请先看这些夜间明细的项目、医师和患者是否集中，"
            "再核对值班、门禁与设备使用记录；补录时间也会造成夜间集中。",
            f"{place}, {period.en}: of what outpatients and customers cost, {money} yuan ({share:.1%}) were served by night "
            f"(22:00 to 06:00); with {group.en} it is {usual:.1%} ({far} standard deviations {against.en}). An emergency "
            "department has its nights. Look first whether few items, doctors or patients stand behind them, then at rosters, "
            "doors and the logs of machines; bills typed in later at their own hour look like this, too.",
        )
    return Text(
        f"{place}：{period.zh}撤销结算{part}笔，占全部结算的{share:.1%}，{group.zh}通常为{usual:.1%}，{against.zh}{far}个标准差。"
        "系统故障、录入错误也会造成退费；请先看退费是否集中于少数人、操作员或刷卡后不久，再核对退费是否退到本人。",
        f"{place}, {period.en}: {part} settlements were taken back, {share:.1%} of all; with {group.en} it is {usual:.1%} "
        f"({far} standard deviations {against.en}). A breakdown or mistakes do that, too. Look first whether few persons or "
        "operators stand behind them, or minutes after the card was used, then whether the money went back to the insured.",
    )


def describe_odd_days(
    page: MemberPage, name: str, days: list[int], part: int, expected: float, busiest: int, view: View
) -> Text:
    """Which days, how much of what, against the institution's own days, and where to look first."""
    place = judging.place_of(page, view)
    zh = "、".join(format_day(day) for day in days[:_MOST_NAMED]) + (
        f"等{len(days)}天" if len(days) > _MOST_NAMED else ""
    )
    en = ", ".join(format_day(day) for day in days[:_MOST_NAMED]) + (
        f" and {len(days) - _MOST_NAMED} more days" if len(days) > _MOST_NAMED else ""
    )
    if name == VISITS:
        return Text(
            f"{place}：{zh}门诊、购药{part}人次，按其平日约为{expected:.0f}人次，此前最多的一天{busiest}人次。义诊、体检、补录也会如此；"
            "请先看当日结算的操作员和时间间隔、患者来自何处，有无集中刷卡、补录或虚假就诊。",
            f"{place}: {part} visits and purchases on {en}, where its usual days bring {expected:.0f}; the busiest day before "
            f"had {busiest}. A day of check-ups or bills typed in late look like this, too. Look first at the day's operators "
            "and at the minutes between settlements, where the patients came from, and whether cards were swiped in a row.",
        )
    if name == NIGHT:
        return Text(
            f"{place}：{zh}夜间（22时至次日6时）门诊、购药费用{judging.money(part)}元，按其平日约为{judging.money(round(expected))}元。"
            "急诊、抢救有夜间服务属正常；请先看这些夜间明细的项目、医师和患者是否集中，再核对值班与门禁记录；补录时间也会造成夜间集中。",
            f"{place}: {judging.money(part)} yuan were served by night (22:00 to 06:00) on {en}, where its usual days bring "
            f"{judging.money(round(expected))}. Emergencies have their nights. Look first whether few items, doctors or patients "
            "stand behind them, then at rosters and doors; bills typed in later at their own hour look like this, too.",
        )
    if name in _GIVEN:
        given = _GIVEN[name]
        return Text(
            f"{place}：{zh}有{part}人次门诊都{given.zh}，按其平日约为{expected:.0f}人次。义诊、集中复查、新设科室也会如此；"
            "请先看这些人次的医师、项目和金额是否雷同，再核对检查报告、治疗记录与设备、人员能力是否相符。",
            f"{place}: {part} outpatients {given.en} on {en}, where its usual days have {expected:.0f}. A day of check-ups or a "
            "new department look like this, too. Look first whether doctors, items and amounts are alike, then at reports and "
            "records of treatment, and whether machines and staff can have done so much.",
        )
    return Text(
        f"{place}：{zh}撤销结算{part}笔，按其平日约为{expected:.1f}笔。系统故障、录入错误也会造成退费；"
        "请先看退费是否集中于少数人、操作员或刷卡后不久，再核对退费是否退到本人。",
        f"{place}: {part} settlements were taken back on {en}, where its usual days have {expected:.1f}. A breakdown or mistakes "
        "do that, too. Look first whether few persons or operators stand behind them, or minutes after the card was used, then "
        "whether the money went back to the insured.",
    )


_MONTHLY: Final = {
    COST_STAYS: _INDICATORS[profile.STAY_COST],
    COST_VISITS: _INDICATORS[profile.VISIT_COST],
    INPATIENT: _INDICATORS[profile.INPATIENT],
    OWN: _INDICATORS[profile.OWN],
}


def describe_months(
    page: MemberPage, month: int, since: int, far: list[tuple[str, Standing]], deviation: float, view: View
) -> Text:
    """Which indicators, how far each and all together, and where to look first."""
    place, until = judging.place_of(page, view), name_of(month)
    period = Text(until, until)
    if since < month:
        period = Text(f"{name_of(since)}至{until}", f"{name_of(since)} to {until}")
    zh = "、".join(f"{_MONTHLY[name].zh}（{one.deviation:+.1f}）" for name, one in far)
    en = ", ".join(f"{_MONTHLY[name].en} ({one.deviation:+.1f})" for name, one in far)
    return Text(
        f"{place}：{period.zh}单项指标都不突出，但合起来明显偏高（合计偏离同类机构{deviation:.1f}个标准差）：{zh}。"
        "这是指标组合上的异常，不说明原因；请先看这几个月新增的病人、医师和项目，再抽查病历。",
        f"{place}, {period.en}: nothing is far out alone, all of it together is ({deviation:.1f} standard deviations from "
        f"its peers): {en}. It says that it differs, not why; look first at the patients, doctors and items that are new "
        "in these months, then at files.",
    )
