"""Was somebody admitted for what an outpatient visit could have done?

A short stay for a mild illness whose bill is mostly tests, with no operation, no treatment and nothing given into a vein
(domain.md §4.6); a few yuan of treatment are drawing blood, but only on a day of blood tests. Judged when the stay is over and
its lines can be there: 72 hours after the discharge, or at the final settlement. A list of illnesses alone decides nothing: a
grave or unclear one is never low standard, one that is on no list needs nearly nothing but tests, and drugs beyond a few weaken
what is said.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from detectors.books.institution import InstitutionPage
from detectors.books.visit import VisitPage
from detectors.by_stay.low_standard_admission.bill import Bill, bill_of
from detectors.by_stay.low_standard_admission.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR
from schemas.codes import (
    AGAINST_ADVICE,
    DIED,
    TRANSFERRED,
    is_birth,
    is_day_surgery,
    is_emergency,
    is_packaged,
    is_transfer,
)
from schemas.icd_gravity import Gravity, gravity
from schemas.snapshots import STAY

_SOURCE = "domain.md §4.6 (ENG)"
_NOT_A_CHOICE = TRANSFERRED | {DIED, AGAINST_ADVICE}
_TESTS_ALONE = 0.7  # of the share is enough where the rest is the bed: it is cheap tests that make it small
_UNSORTED = 0.1  # of the bill: what nobody knows the kind of is no operation, nor what he came for
_HELD = 3  # idle days: what is idle that long is a held bed (bed_holding)


class LowStandardAdmission(Rule[VisitPage], frozen=True, kw_only=True):
    """低标准入院."""

    rule_id: ClassVar[str] = "low_standard_admission"
    version: ClassVar[int] = 2
    page: ClassVar[type[Page]] = VisitPage
    title: ClassVar[Text] = Text("低标准入院", "Admission without need")
    notice: ClassVar[str] = "低标准入院、降低入院指征、体检住院、门诊转住院"
    question: ClassVar[Text] = Text(
        "轻症短期住院，费用以检查化验为主而没有治疗，门诊能否解决？",
        "A short stay for a mild illness, mostly tests and no treatment: could an outpatient visit have done it?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = "domain.md §4.6, §3.2"
    blind_spots: ClassVar[Text] = Text(
        "不看病历，只看诊断、天数和费用构成；诊断被写重、虚列治疗或拖长住院的发现不了；急诊、转院、死亡、自动离院、日间手术、"
        "分娩新生儿和按病种、按床日付费的不判断；患儿年龄在此未知。",
        "Diagnosis, days and bill only, no records: an illness written up as graver, invented treatment or a stay drawn out"
        " are not seen. Emergencies, transfers, deaths, leaving against advice, day surgery, births and newborns and packages"
        " are not judged. A child's age is not known here.",
    )
    silences: ClassVar[tuple[str, ...]] = ("no_lines", "no_categories")

    most_days: Annotated[int, parameter(1, 14, "days", "住院天数不超过", "days of stay, at most", _SOURCE)] = 3
    diagnostic_share: Annotated[
        float, parameter(0.1, 1.0, "share", "检查化验费占比", "examinations and laboratory of the bill", _SOURCE)
    ] = 0.6
    sole_share: Annotated[
        float,
        parameter(
            0.1,
            1.0,
            "share",
            "诊断不属轻症时检查化验费占比",
            "the same where the illness is on no list of mild ones",
            "ENG",
        ),
    ] = 0.8
    incidental_share: Annotated[
        float,
        parameter(
            0.0,
            0.5,
            "share",
            "可忽略的治疗费占比（如采血）",
            "treatment that is part of testing, such as drawing blood",
            "ENG",
        ),
    ] = 0.03
    drug_share: Annotated[
        float, parameter(0.0, 1.0, "share", "住院用药费占比", "drugs of the stay beyond which it is weaker", "ENG")
    ] = 0.2
    late_hours: Annotated[
        int, parameter(0, 720, "hours", "费用明细最迟上传时间", "lines may come this late", "domain.md §3.2")
    ] = 72

    def concerns(self, page: VisitPage) -> bool:
        """Short stays that are over, but for those that are excluded by what they are."""
        if page.kind != STAY or page.void or (page.end is None and not page.settlements):
            return False
        return self._is_short(page) and _is_judged(page) and _gravity(page) != "serious"

    def _is_short(self, page: VisitPage) -> bool:
        left = page.left_at()
        return page.begin is not None and left is not None and _days(page.begin, left) <= self.most_days

    def silence(self, page: VisitPage, view: View) -> str | None:
        """Silent where the institution has sent no lines, or nobody says what these lines are for."""
        if page.lines:
            return None if any(line.category for line in page.lines.values()) else "no_categories"
        habits = view.neighbour
        return None if isinstance(habits, InstitutionPage) and habits.billed else "no_lines"

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        """Whether the stay, now over, shows the marks."""
        if not self.concerns(page) or not page.lines or self._ready_at(page) > view.now:
            return None
        bill = bill_of(page)
        if not self._is_for_tests(page, bill):
            return None
        return self._finding(page, bill, view)

    def wake(self, page: VisitPage, anchor: str, view: View) -> int | None:
        """When its lines must be there."""
        if not self.concerns(page):
            return None
        ready = self._ready_at(page)
        return ready if ready > view.now else None

    def _ready_at(self, page: VisitPage) -> int:
        left = page.left_at()
        assert left is not None
        late = left + self.late_hours * HOUR
        settled = page.settled_at()
        return late if settled is None or not page.lines else min(late, max(settled, left))

    # -- the marks --------------------------------------------------------------------------------------------------

    def _is_for_tests(self, page: VisitPage, bill: Bill) -> bool:
        if bill.has_operation or bill.has_infusion or bill.has_course:
            return False
        if bill.share(bill.unsorted) > _UNSORTED or page.idle_days() >= _HELD:
            return False
        return (
            bill.share(bill.diagnostics) >= self._least(page, bill)
            and bill.share(bill.treatment) <= self.incidental_share
        )

    def _least(self, page: VisitPage, bill: Bill) -> float:
        if _gravity(page) == "ordinary":
            return self.sole_share
        return self.diagnostic_share * (_TESTS_ALONE if bill.is_tests_alone else 1.0)

    def _finding(self, page: VisitPage, bill: Bill, view: View) -> Finding:
        left = page.left_at()
        assert page.begin is not None
        assert left is not None
        share, drugs, grave = bill.share(bill.diagnostics), bill.share(bill.drugs), _gravity(page)
        is_weak = (
            grave == "ordinary" or bill.unsorted > 0 or drugs > self.drug_share or share < 0.8 * self.diagnostic_share
        )
        severity: Severity = "low" if is_weak else "medium"
        score = 0.4 + 0.5 * (share - self.diagnostic_share) + (0.2 if bill.is_tests_alone else 0.0)
        score += {"check-up": 0.2, "mild": 0.1}.get(grave, -0.1) - 0.5 * max(drugs - self.drug_share, 0.0)
        standing = page.standing_settlements()
        cited = [page.message_of(page.admission)] + [page.messages[index] for index in bill.messages]
        cited += [page.message_of(page.discharge)] + [page.messages[settled.message] for settled in standing]
        return Finding(
            severity=severity,
            score=min(1.0, max(0.05, score)),
            begin=page.begin,
            end=left,
            institution=page.institution,
            persons=(page.person,),
            visits=(page.visit,),
            measures=(
                Measure("diagnostic_share", round(share, 3), self._least(page, bill), "share", 0),
                Measure("days_of_stay", _days(page.begin, left), self.most_days, "days"),
                Measure("treatment_share", round(bill.share(bill.treatment), 3), self.incidental_share, "share"),
                Measure("drug_share", round(drugs, 3), self.drug_share, "share"),
                Measure("diagnostic_lines", bill.diagnostic_lines, None, "lines"),
            ),
            evidence=tuple(Cited(reference, page.visit) for reference in cited if reference is not None),
            fund_at_risk=sum(settled.scope for settled in standing) if standing else page.scope,
            text=describe(page, bill, _days(page.begin, left), grave, self._least(page, bill), view),
        )


def _days(begin: int, left: int) -> int:
    """Days of stay as they are billed: midnights, and one where there was none."""
    return max(left // DAY - begin // DAY, 1)


def _gravity(page: VisitPage) -> Gravity:
    """Of the illness at discharge; grave as well where the one at admission was, for that is why there were tests."""
    final, entry = gravity(page.diagnosis), gravity(page.entry_diagnosis)
    return "serious" if not page.diagnosis or "serious" in (final, entry) else final


def _is_judged(page: VisitPage) -> bool:
    return (
        page.way not in _NOT_A_CHOICE
        and page.death is None
        and not is_emergency(page.med_type)
        and not is_transfer(page.med_type)
        and not is_packaged(page.med_type)
        and not is_day_surgery(page.med_type)
        and not is_birth(page.med_type, page.diagnosis)
    )
