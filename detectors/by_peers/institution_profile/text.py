"""What does an inspector read of an institution whose days look like no others?"""

from __future__ import annotations

from typing import Final

from detectors.books import profile
from detectors.books.member import MemberPage
from detectors.books.peer_calendar import name_of
from detectors.by_peers import judging
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import format_day

_INDICATORS: Final = {
    profile.ADMISSIONS: Text("入院人次", "admissions"),
    profile.VISITS: Text("门诊人次", "visits"),
    profile.FUND: Text("基金支付", "what the fund pays"),
    profile.STAY_COST: Text("住院均次费用", "cost of a stay"),
    profile.VISIT_COST: Text("门诊均次费用", "cost of a visit"),
    profile.NIGHTS: Text("住院天数", "nights of a stay"),
    profile.INPATIENT: Text("收住院比例", "inpatient share"),
    profile.OWN: Text("目录外占比", "share outside of the catalogue"),
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
