"""What does an inspector read of an institution whose spending grows?"""

from __future__ import annotations

from math import exp

from detectors.books.member import MemberPage
from detectors.by_peers import judging
from detectors.by_peers.judging import Judged
from detectors.engine.rule import View
from schemas.alerts import Text


def describe(page: MemberPage, one: Judged, excess: int, view: View) -> Text:
    """How much more than before, the peers' growth, the money, and where to look first."""
    place, month, group = judging.place_of(page, view), judging.period_of(one), judging.group_of(one.seen)
    fund, more = judging.money(one.known.counts.fund), judging.money(excess)
    last_year = one.month - 12 in page.months
    before = Text("去年同月", "the same month last year") if last_year else Text("前三个月", "the months before")
    return Text(
        f"{place}：{month.zh}基金支付{fund}元，日均为{before.zh}的{exp(one.seen.value):.2f}倍；{group.zh}同期为"
        f"{exp(one.seen.expected):.2f}倍（偏离{one.seen.deviation:.1f}个标准差），超出约{more}元。"
        "请先看增长来自哪些科室、医师、病种和参保人，是否新开业、扩建或新增项目，"
        "再抽查新增病例。",
        f"{place}, {month.en}: the fund paid {fund} yuan, by the day {exp(one.seen.value):.2f} times {before.en}; "
        f"{group.en} came to "
        f"{exp(one.seen.expected):.2f} times ({one.seen.deviation:.1f} standard deviations); some {more} yuan "
        "beyond. Look first which "
        "departments, doctors, diagnoses and persons it comes from, and whether it has opened or built, then at new cases.",
    )
