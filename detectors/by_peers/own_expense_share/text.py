"""What does an inspector read of an institution whose patients pay for too much?"""

from __future__ import annotations

from typing import Final

from detectors.books.indicators import OWN
from detectors.books.member import MemberPage, Month
from detectors.books.peer_calendar import name_of
from detectors.books.weeks_changed import Changed
from detectors.by_peers import judging
from detectors.by_peers.weekly import days_told
from detectors.engine.rule import View
from schemas.alerts import Text

_FIRST: Final = Text(
    "请先看哪些药品、耗材和项目在目录外，患者是否知情同意，目录内有无可替代的，是否把目录内项目串换成自费。",
    "Look first which drugs, materials and services these are, whether patients agreed, and whether the catalogue has something "
    "for the same purpose.",
)


def describe(page: MemberPage, month: int, known: Month, limit: float, view: View) -> Text:
    """The share, the limit, the peers', and where to look first."""
    place, name, counts, seen = judging.place_of(page, view), name_of(month), known.counts, known.seen.get(OWN)
    peers = Text("", "")
    if seen is not None:
        group = judging.group_of(seen)
        peers = Text(f"；{group.zh}的中位数为{seen.expected:.1%}", f"; the median of {group.en} is {seen.expected:.1%}")
    own, total, share = judging.money(counts.own), judging.money(counts.total), counts.own / counts.total
    return Text(
        f"{place}：{name}医疗总费用{total}元，其中目录外{own}元，占{share:.1%}，约定上限{limit:.0%}{peers.zh}。{_FIRST.zh}",
        f"{place}, {name}: bills of {total} yuan, of them {own} outside of the catalogue, {share:.1%}, agreed are "
        f"{limit:.0%} at "
        f"most{peers.en}. {_FIRST.en}",
    )


def describe_weeks(page: MemberPage, rose: Changed, usual: float, limit: float, view: View) -> Text:
    """The same of weeks against the eight before them; ``usual`` is the share that these and the peers' change let expect."""
    place, group, (begin, end) = judging.place_of(page, view), judging.group_of(rose.last), days_told(rose)
    own, total = sum(week.own for week in rose.weeks), sum(week.total for week in rose.weeks)
    bills, outside = judging.money(total), judging.money(own)
    return Text(
        f"{place}：{begin}至{end}医疗总费用{bills}元，其中目录外{outside}元，占{own / total:.1%}；"
        f"按此前八周的中位数、扣除{group.zh}同期的变化，应为{usual:.1%}（偏离{rose.deviation:.1f}个标准差），约定上限{limit:.0%}。{_FIRST.zh}",
        f"{place}, {begin} to {end}: bills of {bills} yuan, of them {outside} outside of the catalogue, {own / total:.1%}; by "
        f"the median of the eight weeks before and what changed at {group.en} it would be {usual:.1%} "
        f"({rose.deviation:.1f} standard deviations), agreed are {limit:.0%} at most. {_FIRST.en}",
    )
