"""What does an inspector read of an institution whose spending grows?"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from detectors.books.member import MemberPage
from detectors.books.weeks_changed import Changed
from detectors.by_peers import judging
from detectors.by_peers.judging import Judged
from detectors.by_peers.weekly import days_told
from detectors.engine.rule import View
from schemas.alerts import Text


class Grown(NamedTuple):
    """A growth that stands out: in which month, and since which the months are taken together."""

    one: Judged
    deviation: float
    beyond: float  # times, over the peers' growth
    since: int
    is_yearly: bool = False  # held against last year


def describe(page: MemberPage, grown: Grown, excess: int, view: View) -> Text:
    """How much more than before, beyond the peers' growth, the money, and where to look first."""
    one = grown.one
    place, group = judging.place_of(page, view), judging.group_of(one.seen)
    month = judging.period_of(one, grown.since)
    fund = judging.money(sum(known.counts.fund for known in judging.stretch(page, grown.since, one.month)))
    more, before = judging.money(excess), Text("此前", "the months before")
    if grown.is_yearly:
        before = Text("去年同月", "the same month last year")
    return Text(
        f"{place}：{month.zh}基金支付{fund}元，扣除{group.zh}同期的变化后，日均为{before.zh}的{grown.beyond:.2f}倍"
        f"（偏离{grown.deviation:.1f}个标准差），最近一个月超出约{more}元。"
        "请先看增长来自哪些科室、医师、病种和参保人，是否新开业、扩建或新增项目，"
        "再抽查新增病例。",
        f"{place}, {month.en}: the fund paid {fund} yuan, by the day {grown.beyond:.2f} times {before.en} beyond what "
        f"changed at {group.en} ({grown.deviation:.1f} standard deviations); in the last month some {more} yuan "
        "more. Look first which "
        "departments, doctors, diagnoses and persons it comes from, and whether it has opened or built, then at new cases.",
    )


def describe_weeks(page: MemberPage, grown: Changed, excess: int, view: View) -> Text:
    """The same of weeks against the eight before them."""
    place, group, beyond = judging.place_of(page, view), judging.group_of(grown.last), exp(grown.distance)
    begin, end = days_told(grown)
    fund, more = judging.money(sum(week.fund for week in grown.weeks)), judging.money(excess)
    cases = sum(week.cases for week in grown.weeks)
    return Text(
        f"{place}：{begin}至{end}基金支付{fund}元、{cases}人次，扣除{group.zh}同期的变化后，日均为此前八周中位数的"
        f"{beyond:.2f}倍（偏离{grown.deviation:.1f}个标准差），超出约{more}元。"
        "请先看增长来自哪些科室、医师、病种和参保人，是否新开业、扩建或新增项目，再抽查新增病例。",
        f"{place}, {begin} to {end}: the fund paid {fund} yuan for {cases} cases, by the day {beyond:.2f} times the median"
        f" of the eight weeks before beyond what changed at {group.en} ({grown.deviation:.1f} standard deviations); some {more}"
        " yuan more. Look first which departments, doctors, diagnoses and persons it comes from, and whether it has opened or"
        " built, then at new cases.",
    )
