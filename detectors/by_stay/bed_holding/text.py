"""What does an inspector read of a held bed, and where does he look first?"""

from __future__ import annotations

from detectors.books.elsewhere import Served
from detectors.books.visit import VisitPage
from detectors.by_stay.bed_holding.idle_run import IdleRun
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import format_day


def describe(
    page: VisitPage, run: IdleRun, idle: int, judged: int, is_settled: bool, away: list[Served], view: View
) -> Text:
    """The longest run of idle days, and where he was served meanwhile, in Chinese and in English."""
    first, last = format_day(run.first), format_day(run.first + run.days - 1)
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    where = f"{page.department}科室{page.bed}床" if page.bed else "病房"
    state_zh, state_en = "患者已出院", "the patient has been discharged"
    if page.left_at() is None:
        state_zh, state_en = "患者尚未出院", "the patient is still in"
    elif page.end is None:
        state_zh, state_en = "已结算但未办出院登记", "the stay is settled, no discharge was registered"
    proof_zh = "迟报期（72小时）已过" if is_settled else "后几日仍在迟报期内，如有补传将自动更新"
    proof_en = "the time for late lines has passed" if is_settled else "late lines may still come and would revise this"
    away_zh, away_en = _meanwhile(away, view)
    return Text(
        f"{place}：住院{judged}天中{idle}天无诊疗，其中{first}至{last}连续{run.days}天只有床位、护理、诊察费或无任何收费，"
        f"涉嫌挂床住院；{away_zh}{state_zh}，{proof_zh}。请先查{where}：患者是否在床，再核对体温单、护理记录和医嘱执行单。",
        f"{place}: {idle} of {judged} days of the stay saw no treatment; from {first} to {last}, {run.days} days running, "
        "nothing but bed, nursing and consulting fees, or nothing at all. Suspected bed-holding; "
        f"{away_en}{state_en}, {proof_en}. "
        "Look first whether the patient is in the bed, then at temperature chart, nursing notes and executed orders.",
    )


_MOST_TOLD = 3


def _meanwhile(away: list[Served], view: View) -> tuple[str, str]:
    """Where else he was on those days, each with its beginning of the sentence; nothing where he was not."""
    if not away:
        return "", ""
    zh, en = [], []
    for one in away[:_MOST_TOLD]:
        known = view.references.institution(one.place)
        place, day = known.name if known is not None and known.name else one.place, format_day(one.days[0])
        zh.append(f"{day}在{place}{'购药' if one.drugs_only else '就诊'}")
        en.append(f"{'bought drugs' if one.drugs_only else 'was served'} at {place} on {day}")
    return f"其间患者{'、'.join(zh)}；", f"meanwhile the patient {', '.join(en)}; "
