"""Is somebody admitted more often than his illness explains?

Admissions of a stretch of 365 days are counted: four for the groups that notices name (特困, 低保, 脱贫, the old with mild
illnesses), six for everybody else; courses of chemotherapy and dialysis, births, transfers and planned readmissions are
left out (`detectors.by_person.series`). What they weigh together decides how severe it is. One alert a calendar year, that
in which the stretch ends; it grows with every further admission. Method and limits: domain.md §4.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

import msgspec

from detectors.books.person import PersonPage
from detectors.by_person.frequent_admission.text import describe
from detectors.by_person.frequent_admission.weighing import Limits, Year, year_of, years
from detectors.by_person.series import is_mild, stays_of
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY
from schemas.snapshots import STAY

_SOURCE = "domain.md §4.3"
_CODES = "domain.md §2.2 (local codes)"


class FrequentAdmission(Rule[PersonPage], frozen=True, kw_only=True):
    """住院频次较高."""

    rule_id: ClassVar[str] = "frequent_admission"
    version: ClassVar[int] = 2
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("住院频次较高", "Admitted too often")
    notice: ClassVar[str] = "住院频次较高（重点：特困/五保、脱贫、老年轻症）"
    question: ClassVar[Text] = Text(
        "一年内住院次数是否超出病情所需？", "Is a person admitted more often in a year than the illness explains?"
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = _SOURCE
    blind_spots: ClassVar[Text] = Text(
        "没有身份类别记录的困难群体按一般人员判断；按床日付费（2105）、日间手术不计；以重症编码的反复住院只作提示。",
        "Special groups without a record of their identity are judged like everybody else; stays paid by the bed-day (2105) and "
        "day surgery are not counted; repeated stays coded as a grave illness are a hint only.",
    )

    special_stays: Annotated[
        int, parameter(2, 100, "stays", "重点人群年住院次数", "stays a year of the special groups", _SOURCE)
    ] = 4
    other_stays: Annotated[
        int, parameter(2, 100, "stays", "一般人员年住院次数", "stays a year of everybody else", f"{_SOURCE} (ENG)")
    ] = 6
    within_days: Annotated[int, parameter(30, 366, "days", "观察期", "looked back", _SOURCE)] = 365
    old_years: Annotated[
        int, parameter(50, 120, "years", "老年", "old, where most stays are for mild illnesses", f"{_SOURCE} (ENG)")
    ] = 65
    high_share: Annotated[
        float,
        parameter(1.0, 10.0, "times", "高级：权重为次数限值的倍数", "high: weight over the limit", f"{_SOURCE} (ENG)"),
    ] = 1.5
    special_groups: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            max_length=200,
            extra={
                "unit": "psn_idet_type",
                "zh": "重点人群的身份类别编码（特困、低保、脱贫监测、孤儿等，各地不同）",
                "en": "identity codes of the special groups; they are local",
                "source": _CODES,
            },
        ),
    ] = (
        "7131", "7019", "7041", "7141", "7201", "7202", "7203", "7204", "7205", "7110", "1", "2", "3", "4",
    )  # fmt: skip

    def concerns(self, page: PersonPage) -> bool:
        """As many stays as the lower limit."""
        least = min(self.special_stays, self.other_stays)
        return len(page.visits) >= least and sum(1 for visit in page.visits.values() if visit.kind == STAY) >= least

    def anchors(self, page: PersonPage) -> Iterable[str]:
        """One alert a calendar year."""
        return dict.fromkeys(year_of(stay) for stay in stays_of(page))

    def _years(self, page: PersonPage) -> dict[str, Year]:
        seconds = self.within_days * DAY
        limits = Limits(self.special_stays, self.other_stays, seconds, self.old_years, self.special_groups)
        return years(page, limits, page.kept_from())

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The newest stretch that ends in the year ``anchor`` and holds enough admissions."""
        year = self._years(page).get(anchor)
        return None if year is None else self._finding(page, year, view)

    def ask_all(self, page: PersonPage, view: View) -> dict[str, Finding | None]:
        """All years at one look."""
        found = self._years(page)
        return {
            anchor: self._finding(page, found[anchor], view) if anchor in found else None
            for anchor in self.anchors(page)
        }

    def _finding(self, page: PersonPage, year: Year, view: View) -> Finding:
        stays, limit = year.stays, year.limit
        severity: Severity = "low"
        if year.weight >= limit:
            severity = "high" if year.weight >= self.high_share * limit else "medium"
        places = {stay.institution for stay in stays}
        return Finding(
            severity=severity,
            score=1.0 - 0.5 ** (year.weight / limit),
            begin=year.begin,
            end=stays[-1].end,
            institution=stays[-1].institution,
            persons=(page.person,),
            visits=tuple(stay.visit for stay in stays),
            measures=(
                Measure("stays_in_year", len(stays), limit, "stays"),
                Measure("evidence_weight", round(year.weight, 2), limit, "weight"),
                Measure("institutions", len(places), None, "institutions"),
                Measure("mild_stays", sum(1 for stay in stays if is_mild(stay.diagnosis)), None, "stays"),
                Measure("idle_days_in_all", sum(stay.idle_days for stay in stays), None, "days"),
            ),
            evidence=tuple(Cited(reference, stay.visit) for stay in stays for reference in stay.evidence),
            fund_at_risk=sum(stay.scope for stay in stays[limit - 1 :]),
            text=describe(year, view),
        )
