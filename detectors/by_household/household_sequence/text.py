"""What does an inspector read of a household whose members follow one another into hospital?"""

from __future__ import annotations

from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day
from schemas.snapshots import VisitSnapshot

_SHOWN = 6  # stays; the newest say most


def describe(who: Text, chain: list[VisitSnapshot], least: int, gap_days: int, view: View) -> Text:
    """The chain's stays in order, by which limits, how much, and where to look first. ``who``: what they are called."""
    first = chain[0]
    known = view.references.institution(first.institution)
    place = known.name if known is not None and known.name else first.institution
    members = len({stay.person for stay in chain})
    total = sum(max(stay.scope, 0) for stay in chain)
    billed_zh = f"；已结算政策范围内费用合计{total / 100:.2f}元" if total else ""
    billed_en = f"; {total / 100:.2f} yuan in scope settled so far" if total else ""
    zh = "、".join(_dates(stay, "至", "今") for stay in chain[-_SHOWN:])
    en = ", ".join(_dates(stay, " to ", "now") for stay in chain[-_SHOWN:])
    return Text(
        f"{who.zh}{members}人先后接续在{place}住院{len(chain)}次，诊断相近（{first.diagnosis}；限值：{least}次、每次相隔不超过{gap_days}天）："
        f"{zh}{billed_zh}。"
        "请先核对各次入院指征与病程记录是否雷同，核实住院者本人身份，并查是否有人组织、接送或减免自付费用。",
        f"{members} {who.en} were in {place} one after another, {len(chain)} stays with a similar diagnosis "
        f"({first.diagnosis}; limit: {least} stays, no more than {gap_days} days between them): {en}{billed_en}. Look first "
        "whether the records are copies of one another and who really lay in the bed, then for organised transport or waived "
        "co-payments.",
    )


def _dates(stay: VisitSnapshot, until: str, now: str) -> str:
    return format_day(stay.begin // DAY) + until + (now if stay.end is None else format_day(stay.end // DAY))
