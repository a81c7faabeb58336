"""What does an inspector read of a patient who is in two hospitals at once?"""

from __future__ import annotations

from detectors.by_person.overlapping_stay.overlaps import Overlap
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, HOUR, format_day
from schemas.snapshots import VisitSnapshot


def describe(group: list[Overlap], strongest: Overlap, view: View) -> Text:
    """The overlap that says most, how many there are, and where to look first."""
    first, second = strongest.first, strongest.second
    hours, limit = strongest.seconds // HOUR, strongest.limit // HOUR
    long_zh = f"重叠超过{limit}小时，且有一处尚未出院" if strongest.is_open else f"重叠{hours}小时（上限{limit}小时）"
    long_en = (
        f"an overlap of more than {limit} hours, one of them not discharged yet"
        if strongest.is_open
        else f"an overlap of {hours} hours (limit {limit})"
    )
    more_zh = f"另有{len(group) - 1}处重叠。" if len(group) > 1 else ""
    more_en = f"There are {len(group) - 1} more overlaps. " if len(group) > 1 else ""
    return Text(
        f"同一人同时在两家机构住院：{_stay_zh(first, view)}，{_stay_zh(second, view)}，{long_zh}。{more_zh}"
        "涉及金额为除费用最高者外各次住院的政策范围内费用。请先到后入院的机构核对住院者身份，再查两处的护理记录、医嘱执行单，"
        "并核实是否漏办出院或转院。",
        f"One person is an inpatient of two institutions at once: {_stay_en(first, view)} and {_stay_en(second, view)}, "
        f"{long_en}. {more_en}The money counted is that of all stays but the dearest. Look first at who lies in the later "
        "one, then at the nursing notes and executed orders of both, and whether a discharge or a transfer was not registered.",
    )


def _place(stay: VisitSnapshot, view: View) -> str:
    known = view.references.institution(stay.institution)
    return known.name if known is not None and known.name else stay.institution


def _stay_zh(stay: VisitSnapshot, view: View) -> str:
    end = "尚未出院" if stay.end is None else f"{format_day(stay.end // DAY)}出院"
    return f"{_place(stay, view)}（{format_day(stay.begin // DAY)}入院，{end}，诊断{stay.diagnosis}）"


def _stay_en(stay: VisitSnapshot, view: View) -> str:
    end = "not discharged yet" if stay.end is None else f"out on {format_day(stay.end // DAY)}"
    return f"{_place(stay, view)} (in on {format_day(stay.begin // DAY)}, {end}, {stay.diagnosis})"
