"""What does an inspector read of neighbours who come and go together? Never where they live or what their telephone is."""

from __future__ import annotations

from typing import Final

from detectors.books.group_keys import DWELLING, EMPLOYER, TELEPHONE, VILLAGE, kind_of
from detectors.by_neighbours.company import Company
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import HOUR, format_day

_SHOWN: Final = 3  # companies; the newest say most
_KIND: Final = {
    VILLAGE: Text("同村（社区）", "of one village or community"),
    EMPLOYER: Text("同一单位", "of one employer"),
    TELEPHONE: Text("登记或入院时留下同一联系电话", "called by one telephone, by the register or their admissions"),
    DWELLING: Text("登记同一住址", "registered at one address"),
}


def describe(group: str, institution: str, told: list[Company], view: View) -> Text:
    """Who, when, how likely that was by chance, what was alike, and where to look first."""
    known = view.references.institution(institution)
    place = known.name if known is not None and known.name else institution
    kind = _KIND.get(kind_of(group), _KIND[VILLAGE])
    members = len(frozenset().union(*(one.persons for one in told)))
    total = sum(max(stay.scope, 0) for one in told for stay in one.stays)
    zh = "；".join(_company_zh(one) for one in told[-_SHOWN:])
    en = "; ".join(_company_en(one) for one in told[-_SHOWN:])
    times_en = {1: "once", 2: "twice"}.get(len(told), f"{len(told)} times")
    billed_zh = f"，已结算符合范围费用{total / 100:.2f}元" if total else ""
    billed_en = f", {total / 100:.2f} yuan in scope settled so far" if total else ""
    return Text(
        f"{kind.zh}的{members}人{len(told)}次在{place}同进同出：{zh}{billed_zh}。请先核实由谁组织接送、是否减免费用或送礼，再核对"
        f"入院指征、病历与费用是否雷同，并查看是否在床。",
        f"{members} people {kind.en} were admitted to and discharged from {place} together, {times_en}: {en}{billed_en}. Look "
        "first at who fetched them and what they were offered, then at the grounds for admission, whether records and "
        "charges are copies of one another, and whether they are in their beds.",
    )


def _alike(one: Company) -> tuple[str, str]:
    illnesses = sorted({stay.diagnosis[:3] for stay in one.stays if stay.diagnosis})
    apart = (one.stays[-1].begin - one.begin) // HOUR
    zh = "同一诊断" + illnesses[0] if len(illnesses) == 1 else f"{len(illnesses)}种诊断"
    en = "one diagnosis, " + illnesses[0] if len(illnesses) == 1 else f"{len(illnesses)} diagnoses"
    if apart < 1:
        return zh + "，入院相差不到1小时", en + ", admitted within an hour"
    return zh, en


def _company_zh(one: Company) -> str:
    ends = [stay.end for stay in one.stays if stay.end is not None]
    until = f"{format_day(max(ends) // (24 * HOUR))}前后出院" if one.is_over else "尚未全部出院"
    begin = format_day(one.begin // (24 * HOUR))
    return (
        f"{len(one.parties)}户{len(one.stays)}人{begin}前后入院、{until}（{_alike(one)[0]}；按该群体以往情况，"
        f"同日另有约{one.expected:.2g}人）"
    )


def _company_en(one: Company) -> str:
    ends = [stay.end for stay in one.stays if stay.end is not None]
    until = f"out by {format_day(max(ends) // (24 * HOUR))}" if one.is_over else "not all discharged yet"
    begin = format_day(one.begin // (24 * HOUR))
    return (
        f"{len(one.stays)} of {len(one.parties)} households in from {begin}, {until} ({_alike(one)[1]}; by the group's own "
        f"history one would expect about {one.expected:.2g} companions)"
    )
