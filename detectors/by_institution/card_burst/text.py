"""What does an inspector read of cards that were swiped one upon the other?"""

from __future__ import annotations

from detectors.books.terminal import TerminalPage
from detectors.books.terminal_swipes import Swiped
from detectors.by_institution.card_burst.bursts import Burst
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day, format_time

_SHOWN = 6  # days, of which the newest say most; operators


def describe(
    page: TerminalPage, swipes: list[Swiped], bursts: list[Burst], days: list[int], limit: Text, view: View
) -> Text:
    """``days``: those on which the same set came, where it came often enough; ``limit``: what it crossed."""
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    told = _told_set(swipes, days) if days else _told_burst(max(bursts, key=lambda burst: (burst.persons, burst.nats)))
    money = f"{max(sum(one.scope for one in swipes), 0) / 100:,.2f}"
    by = _by({one.operator for one in swipes})
    return Text(
        f"{place}{by.zh}{told.zh}{limit.zh}，涉及政策范围内费用{money}元。请先调取结算时段的监控录像，核实持卡人是否到场、卡证是否留存在机构，"
        "再核对处方、签名与药品去向（追溯码）。",
        f"{place}{by.en}: {told.en}{limit.en}; {money} yuan within policy scope. Look first at the cameras of those minutes, "
        "whether the owners were there and whether cards are kept at the counter, then at prescriptions, signatures and where "
        "the drugs went (trace codes).",
    )


def _by(operators: set[str]) -> Text:
    """At whose terminals it was."""
    named = sorted(operators - {""})
    if not named:
        return Text("", "")
    if len(named) == 1:
        return Text(f"（经办人{named[0]}）", f" (operator {named[0]})")
    shown = named[:_SHOWN]
    return Text(f"（{len(named)}个经办人：{'、'.join(shown)}）", f" ({len(named)} operators: {', '.join(shown)})")


def _told_burst(burst: Burst) -> Text:
    begin, end = burst.swipes[0].time, burst.swipes[-1].time
    first, last = format_time(begin), format_time(end)[11:]
    return Text(
        f"在{first}至{last}的{end - begin}秒内连续结算{burst.persons}人，相邻间隔不超过{burst.longest_gap}秒，"
        f"其中{burst.same}笔项目相同" + ("且金额相同" if burst.is_one_sum else ""),
        f"{burst.persons} persons were settled in {end - begin} seconds, {first} to {last}, never more than "
        f"{burst.longest_gap} seconds apart, {burst.same} of {len(burst.swipes)} with the same items"
        + (" and the same amount" if burst.is_one_sum else ""),
    )


def _told_set(swipes: list[Swiped], days: list[int]) -> Text:
    persons = len({one.person for one in swipes})
    shown = [format_day(day) for day in days[-_SHOWN:]]
    each = {day: [one.time for one in swipes if one.time // DAY == day] for day in days}
    shortest = min(max(times) - min(times) for times in each.values())
    return Text(
        f"在{len(days)}天（{'、'.join(shown)}）内反复集中结算同一批参保人，共{persons}人{len(swipes)}笔，"
        f"最快一次在{shortest}秒内结算完毕",
        f"the same set of cards was swiped one upon the other on {len(days)} days ({', '.join(shown)}), {persons} persons,"
        f" {len(swipes)} settlements, once within {shortest} seconds",
    )
