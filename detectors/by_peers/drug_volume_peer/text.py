"""What does an inspector read of an item that one institution bills far more of than its peers?"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from detectors.books.item import TELLING
from detectors.books.item_among_peers import FarOut, SoldMonth, SoldPage, Told
from detectors.books.peer_calendar import first_day, name_of
from detectors.by_peers import judging
from detectors.engine.rule import View
from schemas.alerts import Measure, Point, Series, Text
from schemas.china_time import DAY, format_day, format_time

_THOUSAND = 1_000
_TOLD = TELLING // 100  # yuan


class Story(NamedTuple):
    """A month's item in numbers: ``deviation`` the lesser of both distances, ``limit`` what it crossed,
    ``excess`` fen beyond the peers' median, ``has_risen`` whether it has come up among the institution's own items."""

    month: int
    known: SoldMonth
    far: FarOut
    deviation: float
    limit: float
    excess: int
    has_risen: bool


def measures(story: Story, ratio: float, least_excess: int, least_served: int) -> tuple[Measure, ...]:
    """What crossed which limit, and what it was held against."""
    known, far = story.known, story.far
    seen = far.compared
    ranks = [Measure("rank_in_month", known.rank, None, "places", known.before or None)] if known.rank else []
    return (
        Measure("volume_over_peers", round(exp(seen.value - seen.expected), 2), ratio, "times", 1),
        Measure("deviation_from_peers", round(story.deviation, 2), round(story.limit, 2), "deviations"),
        Measure("money_per_case", round(exp(seen.value)), None, "fen", round(exp(seen.expected))),
        Measure("excess_volume", story.excess, least_excess, "fen"),
        Measure("packs_in_month", _packs(far.told.packs), None, "packs", _packs(_usual_packs(story))),
        Measure("served_with_the_item", far.told.served, least_served, "visits"),
        Measure("cases_served", far.cases, None, "visits"),
        Measure("peers", seen.peers, None, "institutions"),
        Measure("peers_with_the_item", far.sellers, None, "institutions"),
        Measure("items_as_far_elsewhere", round(far.elsewhere, 2), None, "items an institution"),
        *ranks,
    )


def drawn(page: SoldPage, story: Story) -> Series:
    """Fen a case month by month, with the band in which the peers lay."""
    points = [
        Point(
            format_time(first_day(month) * DAY),
            round(exp(value)),
            round(exp(2 * median - high)),
            round(exp(high)),
        )
        for month, known in sorted(page.months.items())
        if known.usual is not None and month <= story.month
        for value, median, high in (known.usual,)
    ]
    return Series("fen", points)


def describe(page: SoldPage, story: Story, view: View) -> Text:
    """How much of it, against whom, since when, how its rank has changed, and where to look first."""
    far, seen = story.far, story.far.compared
    place, item, unit = _known(page, view)
    month, group, since, rank = _period(story), judging.group_of(seen), _since(page, story), _rank(story)
    packs, fen, excess = _written(_packs(far.told.packs)), judging.money(far.told.fen), judging.money(story.excess)
    own, usual = f"{exp(seen.value):,.0f}", f"{exp(seen.expected):,.0f}"  # fen a case are yuan a hundred
    times, served = exp(seen.value - seen.expected), _served(far.told)
    return Text(
        f"{place}：{month.zh}{item}共{packs}{unit}、{served.zh}、政策范围内{fen}元，每百人次{own}元；{group.zh}"
        f"中位数为每百人次{usual}元（其中{far.sellers}家当月达到{_TOLD}元，其余按{_TOLD}元计），是其{times:.1f}倍"
        f"（偏离{story.deviation:.1f}个标准差），同组{far.above}家更高；按同组水平多出约{excess}元，自{since}起持续偏高。{rank.zh}"
        "请先看开方医师和购药人是否集中、诊断与用药是否相符，再核对采购（3503）、库存与追溯码；有无新设专科、协议或停用替代品。",
        f"{place}, {month.en}: {item}, {packs} packs in {served.en} for {fen} yuan in scope, {own} yuan for a hundred "
        f"cases; the median of {group.en} is {usual} ({far.sellers} of them reached {_TOLD} yuan, the others count as that): "
        f"{times:.1f} times as much ({story.deviation:.1f} standard deviations), {far.above} of them have more; some {excess} "
        f"yuan in excess, so since {since}. {rank.en} Look first whether few doctors or persons stand behind it and whether it "
        "fits the diagnoses, then at purchases (3503), stock and trace codes; ask for a new department, a contract, or a "
        "substitute that ran out.",
    )  # fmt: skip


def _served(told: Told) -> Text:
    """In how many sales and stays."""
    stays, lines = told.in_stays.stays, told.in_stays.lines
    if not stays:
        return Text(f"{told.sales}笔", f"{told.sales} lines")
    zh, en = f"{stays}次住院{lines}笔", f"{lines} lines of {stays} stays"
    sales = told.sales_outside
    return Text(f"{sales}笔门诊或购药、{zh}", f"{sales} sales and {en}") if sales else Text(zh, en)


def _rank(story: Story) -> Text:
    known = story.known
    if not known.before:
        return Text(
            f"该机构上月无同类记录，无法判断名次变化（现按金额排第{known.rank}位）。",
            f"Nothing is known of its month before: whether it has risen cannot be said (place {known.rank} by money).",
        )
    if story.has_risen:
        return Text(
            f"在该机构全部品种中按金额由上月第{known.before}位（或以后）升至第{known.rank}位。",
            f"Among its own items by money it has come from place {known.before} (or beyond) the month before to {known.rank}.",
        )
    return Text(
        f"在该机构全部品种中按金额排第{known.rank}位（上月第{known.before}位）。",
        f"Among its own items by money it is at place {known.rank} (the month before: {known.before}).",
    )


def _period(story: Story) -> Text:
    name = name_of(story.month)
    if story.far.told.through >= first_day(story.month + 1) - 1:
        return Text(name, name)
    until = format_day(story.far.told.through)
    return Text(f"{name}（截至{until}）", f"{name} (until {until})")


def _since(page: SoldPage, story: Story) -> str:
    """The month from which on, without a gap, it has lain above the band of its peers."""
    begin = story.month
    while (before := page.months.get(begin - 1)) is not None and _is_above(before):
        begin -= 1
    return name_of(begin)


def _is_above(known: SoldMonth) -> bool:
    return known.usual is not None and known.usual[0] > known.usual[2]


def _known(page: SoldPage, view: View) -> tuple[str, str, str]:
    institution, item = view.references.institution(page.institution), view.references.item(page.item)
    place = institution.name if institution is not None and institution.name else page.institution
    if item is None or not item.name:
        return place, page.item, "单位"
    return place, f"{item.name}（{page.item}）", item.unit or "单位"


def _usual_packs(story: Story) -> int:
    """What its own cases would have brought as the peers' median does, at its own price."""
    told = story.far.told
    return round(told.packs * (told.fen - story.excess) / told.fen) if told.fen else 0


def _packs(thousandths: int) -> float:
    return round(thousandths / _THOUSAND, 1)


def _written(packs: float) -> str:
    return f"{packs:,.0f}" if packs >= 20 or packs.is_integer() else f"{packs:.1f}"
