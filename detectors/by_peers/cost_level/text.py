"""What does an inspector read of an institution that is dear?"""

from __future__ import annotations

from math import exp
from typing import Final

from detectors.books.indicators import COST_STAYS, COST_VISITS
from detectors.books.member import CaseMix, MemberPage
from detectors.books.peer_calendar import name_of
from detectors.books.standing import Standing
from detectors.books.weeks_changed import Changed
from detectors.by_peers import judging
from detectors.by_peers.judging import Judged
from detectors.by_peers.weekly import days_told
from detectors.engine.rule import View
from schemas.alerts import Text

_FIRST: Final = Text(
    "请先抽查费用最高的病历：检查、用药、耗材是否与病情相符，有无小病大治、重复检查、分解项目。",
    "Look first at the dearest files: whether tests, drugs and materials fit the illness.",
)
_CASES = {"stays": Text("次住院", "stays"), "visits": Text("人次门诊或购药", "outpatient visits or sales")}


def describe(page: MemberPage, what: str, one: Judged, stood: Standing, mix: CaseMix, view: View) -> Text:
    """How dear, against whom, since when, by which diagnoses, and where to look first."""
    place, month, group, cases = (
        judging.place_of(page, view),
        judging.period_of(one, stood.since),
        judging.group_of(one.seen),
        _CASES[what],
    )
    times, mean, usual = exp(stood.distance), mix.total / mix.count, mix.expected / mix.count
    above = judging.since(page, COST_STAYS if what == "stays" else COST_VISITS, one.month)
    since, before = min(above, name_of(stood.since)), _before(stood)
    excess, top = judging.money(mix.total - mix.expected), _top(mix)
    return Text(
        f"{place}：{month.zh}结算{mix.count}{cases.zh}，均次{mean / 100:,.0f}元；同样的病种在{group.zh}为{usual / 100:,.0f}元，"
        f"费用为其{times:.2f}倍（偏离{stood.deviation:.1f}个标准差{before.zh}），合计多出{excess}元，自{since}起持续偏高{top.zh}。"
        f"{_FIRST.zh}",
        f"{place}, {month.en}: {mix.count} {cases.en} at {mean / 100:,.0f} yuan each; the same diagnoses cost "
        f"{usual / 100:,.0f} at {group.en}: {times:.2f} times as much ({stood.deviation:.1f} standard deviations{before.en}), "
        f"{excess} yuan in excess, so since {since}{top.en}. {_FIRST.en}",
    )  # fmt: skip


def describe_weeks(page: MemberPage, what: str, rose: Changed, mix: CaseMix, view: View) -> Text:
    """The same of weeks against the eight before them."""
    place, group, (begin, end) = judging.place_of(page, view), judging.group_of(rose.last), days_told(rose)
    times, mean, cases = exp(rose.distance), judging.money(round(mix.total / mix.count)), _CASES[what]
    excess = judging.money(round(mix.total * (1 - 1 / times)))
    return Text(
        f"{place}：{begin}至{end}结算{mix.count}{cases.zh}，均次{mean}元；按同样的病种与{group.zh}之比，为此前八周中位数的{times:.2f}倍"
        f"（偏离{rose.deviation:.1f}个标准差），合计多出{excess}元。{_FIRST.zh}",
        f"{place}, {begin} to {end}: {mix.count} {cases.en} at {mean} yuan each; beside the same diagnoses at {group.en} that is "
        f"{times:.2f} times the median of the eight weeks before ({rose.deviation:.1f} standard deviations), {excess} yuan in "
        f"excess. {_FIRST.en}",
    )


def _before(stood: Standing) -> Text:
    if stood.before is None:
        return Text("", "")
    return Text(f"，此前为{exp(stood.before):.2f}倍", f", {exp(stood.before):.2f} times before")


def _top(mix: CaseMix) -> Text:
    named = [part for part in mix.top if part[0] and part[2] > part[3]][:3]
    if not named:
        return Text("", "")
    zh = "、".join(f"{code}（{cases}例，多{(cost - usual) / 100:,.0f}元）" for code, cases, cost, usual in named)
    en = ", ".join(f"{code} ({cases} cases, {(cost - usual) / 100:,.0f} yuan)" for code, cases, cost, usual in named)
    return Text(f"；主要是{zh}", f"; mostly by {en}")
