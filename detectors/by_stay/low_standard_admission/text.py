"""What does an inspector read of an admission without need, and where does he look first?"""

from __future__ import annotations

from detectors.books.visit import VisitPage
from detectors.by_stay.low_standard_admission.bill import Bill
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.icd_gravity import Gravity

_GRAVE_ZH = {"check-up": "健康检查", "mild": "轻症", "ordinary": "非急重症"}
_GRAVE_EN = {
    "check-up": "a check-up",
    "mild": "mild",
    "ordinary": "not on the list of mild illnesses, nor of grave ones",
}


def describe(page: VisitPage, bill: Bill, days: int, grave: Gravity, limit: float, view: View) -> Text:
    """The bill by what it was for, against the limit, and where to look first."""
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    share, drugs = bill.share(bill.diagnostics), bill.share(bill.drugs)
    kind_zh = "涉嫌体检住院" if bill.is_tests_alone else "涉嫌低标准入院、门诊转住院"
    kind_en = (
        "Suspected admission for a check-up"
        if bill.is_tests_alone
        else "Suspected admission of what outpatients come for"
    )
    return Text(
        f"{place}：以{page.diagnosis}（{_GRAVE_ZH.get(grave, grave)}）住院{days}天，政策范围内费用{bill.total / 100:.2f}元中"
        f"检查化验{bill.diagnostics / 100:.2f}元，占{share:.0%}（限值{limit:.0%}），用药占{drugs:.0%}，无手术、无治疗、无输液，"
        f"{kind_zh}。请先核对入院记录中的入院指征，再看检查结果是否影响处理，并与门诊同类项目比对。",
        f"{place}: admitted with {page.diagnosis} ({_GRAVE_EN.get(grave, grave)}) for {days} days; of {bill.total / 100:.2f} "
        f"yuan in scope {bill.diagnostics / 100:.2f} were tests, {share:.0%} (limit {limit:.0%}), drugs {drugs:.0%}; no "
        f"operation, no treatment, no infusion. {kind_en}. Look first at the grounds for admission, then whether the results "
        "changed anything, and compare with the outpatient department.",
    )
