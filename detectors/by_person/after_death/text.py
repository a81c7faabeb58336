"""What does an inspector read of a person who was served after his death?"""

from __future__ import annotations

from detectors.by_person.after_death.services import Death, Service
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day
from schemas.snapshots import PHARMACY, STAY

_SHOWN = 5


def describe(died: Death, services: list[Service], lives: bool, view: View) -> Text:
    """When he died, what came after, and whether it is rather the record that is wrong."""
    day = format_day(died.day)
    said = Text(f"{day}据参保人员库登记死亡", f"by the register of insured persons died on {day}")
    if died.stay is not None:
        place = _place(died.institution, view)
        said = Text(f"{day}在{place}登记死亡", f"was recorded as having died on {day} at {place}")
    money = sum(service.visit.scope for service in services) / 100
    more = len(services) - _SHOWN
    zh = "；".join(_said(service, view)[0] for service in services[:_SHOWN]) + (f"；另有{more}次" if more > 0 else "")
    en = "; ".join(_said(service, view)[1] for service in services[:_SHOWN]) + (
        f"; and {more} more" if more > 0 else ""
    )
    if lives:
        look_zh = "死亡后仍在多家机构持续就诊，更可能是死亡登记有误（数据质量）：请先向死亡登记机构和民政、公安核实本人是否在世"
        look_en = (
            "He goes on being served at several institutions for weeks: rather a wrong record of death (data quality). Ask the "
            "institution that recorded it and the civil register first whether he is alive"
        )
    else:
        look_zh = "请先核对死亡登记是否有误，再查就诊、取药的经手人与身份核验记录，有无冒用死者凭证"
        look_en = (
            "Look first whether the record of death is right, then who came, who fetched the drugs and how identity was checked: "
            "somebody may be using the card of a dead person"
        )
    return Text(
        f"参保人{said.zh}，此后仍有{len(services)}次服务：{zh}；符合政策范围费用合计{money:.2f}元。{look_zh}。",
        f"A person {said.en}; {len(services)} service"
        f"{'s' if len(services) > 1 else ''} followed: {en}; covered charges {money:.2f} yuan. {look_en}.",
    )


def _place(code: str, view: View) -> str:
    known = view.references.institution(code)
    return known.name if known is not None and known.name else code


def _said(service: Service, view: View) -> tuple[str, str]:
    place, first = _place(service.visit.institution, view), format_day(service.days[0])
    if service.goes_on:
        begun = format_day(service.visit.begin // DAY)
        return f"{begun}起在{place}的住院至{first}才出院", f"a stay at {place} from {begun} that ended only on {first}"
    if service.visit.kind == STAY:
        return f"{first}在{place}入院", f"admitted to {place} on {first}"
    zh, en = ("购药", "drugs bought") if service.visit.kind == PHARMACY else ("就诊", "seen")
    return f"{first}在{place}{zh}", f"{en} at {place} on {first}"
