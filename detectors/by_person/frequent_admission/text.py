"""What does an inspector read of somebody who is admitted again and again?"""

from __future__ import annotations

from typing import Final

from detectors.by_person.frequent_admission.weighing import Year
from detectors.by_person.series import is_mild
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day
from schemas.snapshots import VisitSnapshot

_SHOWN: Final = 5  # stays; the newest say most


def describe(year: Year, view: View) -> Text:
    """How often, by which limit, where, what for, and where to look first."""
    stays = year.stays
    places = len({stay.institution for stay in stays})
    mild = sum(1 for stay in stays if is_mild(stay.diagnosis))
    idle = sum(stay.idle_days for stay in stays)
    begin, end = format_day(stays[0].begin // DAY), format_day(stays[-1].begin // DAY)
    group_zh, group_en = ("重点人群", "the special groups") if year.is_special else ("一般人员", "everybody else")
    idle_zh = f"，合计{idle}天无诊疗" if idle else ""
    idle_en = f", {idle} days of them without treatment" if idle else ""
    zh = "；".join(_stay_zh(stay, view) for stay in stays[-_SHOWN:])
    en = "; ".join(_stay_en(stay, view) for stay in stays[-_SHOWN:])
    return Text(
        f"一人在{begin}至{end}间住院{len(stays)}次（{group_zh}上限{year.limit}次，放化疗、透析、分娩、转院和计划内再入院不计），"
        f"涉及{places}家机构，{mild}次为轻症{idle_zh}：{zh}。涉及金额为达到上限的一次及以后各次住院的政策范围内费用。"
        "请先核对最近一次的入院指征与在院情况，再看历次诊断、治疗是否雷同，是否有人组织接送。",
        f"One person was admitted {len(stays)} times from {begin} to {end} (limit for {group_en}: {year.limit}; courses of "
        f"chemotherapy and dialysis, births, transfers and planned readmissions left out), in {places} institutions, "
        f"{mild} times for a mild illness{idle_en}: {en}. The money counted is that of the stay that reached the limit and "
        "those after it. Look first at the newest stay: its grounds, and whether the patient is there; then whether the stays "
        "are copies of one another, and whether somebody drives the patients around.",
    )


def _place(stay: VisitSnapshot, view: View) -> str:
    known = view.references.institution(stay.institution)
    return known.name if known is not None and known.name else stay.institution


def _stay_zh(stay: VisitSnapshot, view: View) -> str:
    return f"{format_day(stay.begin // DAY)}{_place(stay, view)}（{stay.diagnosis}）"


def _stay_en(stay: VisitSnapshot, view: View) -> str:
    return f"{format_day(stay.begin // DAY)} {_place(stay, view)} ({stay.diagnosis})"
