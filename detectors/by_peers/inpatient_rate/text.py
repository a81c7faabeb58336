"""What does an inspector read of an institution that admits too readily?"""

from __future__ import annotations

from detectors.books.indicators import INPATIENT, summed, told
from detectors.books.member import MemberPage
from detectors.books.peer_calendar import name_of
from detectors.books.standing import Standing
from detectors.by_peers import judging
from detectors.by_peers.judging import Judged
from detectors.engine.rule import View
from schemas.alerts import Text


def describe(page: MemberPage, one: Judged, stood: Standing, view: View) -> Text:
    """The share, the peers', since when, and where to look first."""
    place, month, group = judging.place_of(page, view), judging.period_of(one, stood.since), judging.group_of(one.seen)
    counts = summed(known.counts for known in judging.stretch(page, stood.since, one.month))
    share, usual = told(INPATIENT, one.seen.expected + stood.distance), told(INPATIENT, one.seen.expected)
    since = min(judging.since(page, INPATIENT, one.month), name_of(stood.since))
    return Text(
        f"{place}：{month.zh}入院{counts.admissions}人次、门诊{counts.visits}人次，收住院比例{share:.1%}；"
        f"{group.zh}的中位数为{usual:.1%}（偏离{stood.deviation:.1f}个标准差），自{since}起持续偏高。"
        "请先核查住院时间短、费用低、以检查为主的"
        "病历：是否降低入院指征、门诊转住院、挂床。",
        f"{place}, {month.en}: {counts.admissions} admissions and {counts.visits} outpatient visits, "
        f"{share:.1%} of them stays; the median of {group.en} is {usual:.1%} "
        f"({stood.deviation:.1f} standard deviations), so since {since}. Look "
        "first at short and cheap stays that were mostly examinations: whether these patients had to be admitted.",
    )
