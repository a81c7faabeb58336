"""What does an inspector read of a patient who was served elsewhere while he was in?"""

from __future__ import annotations

from typing import Final

from detectors.by_person.outpatient_during_stay.services import Service
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day
from schemas.snapshots import PHARMACY, VisitSnapshot

_SHOWN: Final = 4  # services; the rest are in the evidence


def describe(stay: VisitSnapshot, services: list[Service], is_idle: bool, is_empty: bool, view: View) -> Text:
    """The stay, the services inside it, what money is counted, and where to look first."""
    place = place_of(stay.institution, view)
    begin = format_day(stay.begin // DAY)
    until_zh = "尚未出院" if stay.end is None else f"{format_day(stay.end // DAY)}出院"
    until_en = "not discharged yet" if stay.end is None else f"discharged on {format_day(stay.end // DAY)}"
    shown, more = services[:_SHOWN], len(services) - _SHOWN
    zh = "；".join(_service_zh(one, stay, view) for one in shown) + (f"；另有{more}次" if more > 0 else "")
    en = "; ".join(_service_en(one, stay, view) for one in shown) + (f"; and {more} more" if more > 0 else "")
    idle_zh = f"该次住院有{stay.idle_days}天无诊疗，" if is_idle else ""
    idle_en = f"The stay itself has {stay.idle_days} days without treatment. " if is_idle else ""
    money_zh = "涉及金额为该次住院与门诊、购药之和" if is_empty else "涉及金额为门诊、购药的政策范围内费用"
    money_en = "the stay and the services" if is_empty else "the services alone"
    return Text(
        f"患者{begin}在{place}住院（{until_zh}），住院期间另有{len(services)}次门诊或购药（应为0次）：{zh}。{idle_zh}{money_zh}。"
        f"请先查当日护理、查房记录和医嘱执行单，核实患者是否在院，再核对门诊、购药是否本人。",
        f"Admitted to {place} on {begin}, {until_en}; in between at an outpatient desk or a pharmacy "
        f"{'once' if len(services) == 1 else f'{len(services)} times'} (limit: none): "
        f"{en}. {idle_en}The money counted is that of {money_en}. Look first at that day's nursing notes, ward round and "
        "executed orders: was the patient there? Then whether it was he who came to the desk.",
    )


def place_of(institution: str, view: View) -> str:
    """Its name, or its code where no record is known."""
    known = view.references.institution(institution)
    return known.name if known is not None and known.name else institution


def _service_zh(service: Service, stay: VisitSnapshot, view: View) -> str:
    what = "药店购药" if service.visit.kind == PHARMACY else "门诊"
    where = "本机构" if service.visit.institution == stay.institution else place_of(service.visit.institution, view)
    return f"{format_day(service.day)}{where}{what}{service.visit.total / 100:.2f}元"


def _service_en(service: Service, stay: VisitSnapshot, view: View) -> str:
    what = "pharmacy" if service.visit.kind == PHARMACY else "outpatient visit"
    is_same = service.visit.institution == stay.institution
    where = "the same institution" if is_same else place_of(service.visit.institution, view)
    return f"{format_day(service.day)} {what} at {where}, {service.visit.total / 100:.2f} yuan"
