"""What does an inspector read of an institution that admits too readily?"""

from __future__ import annotations

from typing import Final

from detectors.books.indicators import INPATIENT, summed, told
from detectors.books.member import MemberPage
from detectors.books.peer_calendar import name_of
from detectors.books.standing import Standing
from detectors.books.weeks_changed import Changed
from detectors.by_peers import judging
from detectors.by_peers.judging import Judged
from detectors.by_peers.weekly import days_told
from detectors.engine.rule import View
from schemas.alerts import Text

_FIRST: Final = Text(
    "请先核查住院时间短、费用低、以检查为主的病历：是否降低入院指征、门诊转住院、挂床。",
    "Look first at short and cheap stays that were mostly examinations: whether these patients had to be admitted.",
)


def describe(page: MemberPage, one: Judged, stood: Standing, view: View) -> Text:
    """The share, the peers', since when, and where to look first."""
    place, month, group = judging.place_of(page, view), judging.period_of(one, stood.since), judging.group_of(one.seen)
    counts = summed(known.counts for known in judging.stretch(page, stood.since, one.month))
    share, usual = told(INPATIENT, one.seen.expected + stood.distance), told(INPATIENT, one.seen.expected)
    since = min(judging.since(page, INPATIENT, one.month), name_of(stood.since))
    return Text(
        f"{place}：{month.zh}入院{counts.admissions}人次、门诊{counts.visits}人次，收住院比例{share:.1%}；"
        f"{group.zh}的中位数为{usual:.1%}（偏离{stood.deviation:.1f}个标准差），自{since}起持续偏高。{_FIRST.zh}",
        f"{place}, {month.en}: {counts.admissions} admissions and {counts.visits} outpatient visits, "
        f"{share:.1%} of them stays; the median of {group.en} is {usual:.1%} "
        f"({stood.deviation:.1f} standard deviations), so since {since}. {_FIRST.en}",
    )


def describe_weeks(page: MemberPage, rose: Changed, usual: float, view: View) -> Text:
    """The same of weeks against the eight before them; ``usual`` is the share that these and the peers' change let expect."""
    place, group, (begin, end) = judging.place_of(page, view), judging.group_of(rose.last), days_told(rose)
    admissions, visits = sum(week.admissions for week in rose.weeks), sum(week.visits for week in rose.weeks)
    share = admissions / (admissions + visits)
    return Text(
        f"{place}：{begin}至{end}入院{admissions}人次、门诊{visits}人次，收住院比例{share:.1%}；"
        f"按此前八周的中位数、扣除{group.zh}同期的变化，应为{usual:.1%}（偏离{rose.deviation:.1f}个标准差）。{_FIRST.zh}",
        f"{place}, {begin} to {end}: {admissions} admissions and {visits} outpatient visits, {share:.1%} of them stays; by the "
        f"median of the eight weeks before and what changed at {group.en} it would be {usual:.1%} "
        f"({rose.deviation:.1f} standard deviations). {_FIRST.en}",
    )
