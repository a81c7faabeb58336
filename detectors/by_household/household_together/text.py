"""What does an inspector read of a household that comes and goes together?"""

from __future__ import annotations

from detectors.by_household.occasions import Occasion
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import HOUR, format_day
from schemas.codes import same_illness

_SHOWN = 4  # occasions; the newest say most
_LIMIT = Text("限值：两人一年内两次，或三人一次", "limit: two members twice in a year, or three once")
_HINT = Text("两人一次，未达限值，但处处相同", "two once are short of the limit, but they are alike in everything")


def describe(who: Text, institution: str, together: list[Occasion], view: View) -> Text:
    """The occasions in order, what was alike about them, and where to look first. ``who``: what they are called."""
    known = view.references.institution(institution)
    place = known.name if known is not None and known.name else institution
    members = len(frozenset().union(*(one.persons for one in together)))
    shown = together[-_SHOWN:]
    zh = "；".join(_occasion_zh(one) for one in shown)
    en = "; ".join(_occasion_en(one) for one in shown)
    total = sum(max(stay.scope, 0) for one in together for stay in one.stays)
    billed_zh = f"；已结算政策范围内费用合计{total / 100:.2f}元" if total else ""
    billed_en = f"; {total / 100:.2f} yuan in scope settled so far" if total else ""
    limit = _HINT if len(together) == 1 and len(together[0].stays) == 2 else _LIMIT
    times_en = {1: "once", 2: "twice"}.get(len(together), f"{len(together)} times")
    return Text(
        f"{who.zh}{members}人{len(together)}次在{place}同进同出（{limit.zh}）：{zh}{billed_zh}。请先核对各次入院指征、病程记录与费用是否雷同，"
        f"并核实住院期间本人是否在院。",
        f"{members} {who.en} were admitted to and discharged from {place} together, {times_en} ({limit.en}): "
        f"{en}{billed_en}. "
        "Look first at the grounds for admission, whether records and charges are copies of one another, and whether "
        "the patients were there.",
    )


def _alike(one: Occasion) -> tuple[str, str]:
    first = one.stays[0]
    same = all(same_illness(first.diagnosis, stay.diagnosis) for stay in one.stays)
    hours = (max(stay.begin for stay in one.stays) - one.begin) // HOUR
    zh = ("同一诊断" + first.diagnosis if same else "诊断不同") + ("，入院相差不到1小时" if hours < 1 else "")
    en = ("the same diagnosis " + first.diagnosis if same else "different diagnoses") + (
        ", within an hour of each other" if hours < 1 else ""
    )
    return zh, en


def _occasion_zh(one: Occasion) -> str:
    begin = format_day(one.begin // (24 * HOUR))
    ends = [stay.end for stay in one.stays if stay.end is not None]
    until = f"{format_day(max(ends) // (24 * HOUR))}出院" if one.is_over else "尚未全部出院"
    return f"{len(one.stays)}人{begin}入院、{until}（{_alike(one)[0]}）"


def _occasion_en(one: Occasion) -> str:
    begin = format_day(one.begin // (24 * HOUR))
    ends = [stay.end for stay in one.stays if stay.end is not None]
    until = f"out on {format_day(max(ends) // (24 * HOUR))}" if one.is_over else "not all discharged yet"
    return f"{len(one.stays)} in on {begin}, {until} ({_alike(one)[1]})"
