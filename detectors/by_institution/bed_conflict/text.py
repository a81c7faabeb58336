"""What does an inspector read of a bed with several patients, and where does he look first?"""

from __future__ import annotations

from detectors.books.bed import BedPage
from detectors.by_institution.bed_conflict.conflict import Conflict, hours
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import format_time


def describe(page: BedPage, conflict: Conflict, limit: int, is_beds_own: bool, view: View) -> Text:
    """How many had the bed at once, since when and for how long, and where to look first."""
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    first = conflict.overlaps[0]
    since = format_time(first.begin)[:16]
    longest, persons = hours(conflict.longest), len(conflict.visits)
    goes_on_zh = "已结束" if conflict.is_over else "仍在继续"
    goes_on_en = "it is over" if conflict.is_over else "it goes on"
    again_zh = f"，先后{conflict.times}次" if conflict.times > 1 else ""
    again_en = f", {conflict.times} times" if conflict.times > 1 else ""
    doubt_zh = "" if is_beds_own else "该机构床号多超出批准床位数，且此床少有他人使用，请先核实是否为真实床号。"
    doubt_en = (
        ""
        if is_beds_own
        else "Bed numbers there go beyond the approved beds and hardly anybody else had this one: see first whether it is a bed. "
    )
    return Text(
        f"{place}：{page.department}科室{page.bed}床自{since}起同时登记{conflict.at_once}名在院患者{again_zh}，"
        f"涉及{persons}次住院，最长重叠{longest}小时（限值{limit}小时），{goes_on_zh}，涉嫌一床多人、虚假住院。{doubt_zh}"
        f"请先到病房核对该床实际患者与床头卡，再核对各次住院的入出院登记、护理记录和床位费。",
        f"{place}: bed {page.bed} of department {page.department} was held by {conflict.at_once} patients at once from "
        f"{since} on{again_en}; {persons} stays, overlapping for up to {longest} hours (limit {limit}); {goes_on_en}. "
        f"Suspected several to a bed. {doubt_en}Look first who really lies in the bed, then at admissions, discharges, "
        "nursing notes and bed fees of each stay.",
    )
