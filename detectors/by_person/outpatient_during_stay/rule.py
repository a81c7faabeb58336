"""Is somebody treated, or buying drugs, elsewhere while he is a hospital's inpatient?

Services strictly inside a stay, without its first and last day, are weighed by what they need of the patient
(`detectors.by_person.outpatient_during_stay.services`), and a stay that was idle weighs with them. One alert a stay, raised
while it is open and growing with it. A discharge is often reported a day or two late: until then a service after the true end
looks as if it lay inside, so one of an open stay counts only when such a report would have come. Method: domain.md §4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.person import PersonPage
from detectors.by_person.outpatient_during_stay.services import (
    Purse,
    Service,
    judged_stays,
    next_certainty,
    services_inside,
    weight_of,
)
from detectors.by_person.outpatient_during_stay.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR
from schemas.codes import is_bed_day_package, is_birth
from schemas.snapshots import STAY, VisitSnapshot

_SOURCE = "domain.md §4.1"
_WEIGHT = "domain.md §4.1 (ENG)"
_IDLE_WEIGHT = 0.4  # bed_holding says the rest; one purchase may still be a relative's
_IDLE_PART = 2  # one day in so many; a weekend and a day of rest are three of eight


class OutpatientDuringStay(Rule[PersonPage], frozen=True, kw_only=True):
    """住院期间门诊、院外购药."""

    rule_id: ClassVar[str] = "outpatient_during_stay"
    version: ClassVar[int] = 3
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("住院期间门诊、院外购药", "Outpatient or pharmacy during a stay")
    notice: ClassVar[str] = "住院期间门诊、院外购药"
    question: ClassVar[Text] = Text(
        "住院期间（不含入、出院当日）本人是否另有门诊就诊或药店购药？",
        "Is an inpatient treated as an outpatient, or buying drugs, between his first and his last day?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = _SOURCE
    blind_spots: ClassVar[Text] = Text(
        "单次购药可能由家属代购：凭电子凭证的、小额的、病情较重者的只作提示，不足50元的不报；入院、出院当日及外检不看；住院前已取过的药、慢特病用药、透析和放化疗单独不报；"
        "住院超过90天的，早期的院外服务被遗忘后该次住院不再更新。",
        "A single purchase that a relative may have made (a small one, one with the electronic certificate, one for somebody "
        "seriously ill) is a hint, and nothing below 50 yuan; the first and last day and examinations done elsewhere are not "
        "looked at; drugs that he took home before, dialysis and chemotherapy are nothing by themselves; in a stay of over "
        "90 days the alert is final once its first services are forgotten.",
    )

    report_hours: Annotated[
        int,
        parameter(0, 240, "hours", "出院登记最迟上传", "a discharge may be reported this late", "domain.md §3.2 (ENG)"),
    ] = 24
    low_weight: Annotated[
        float, parameter(0.1, 20.0, "weight", "提示的权重下限", "weight of a low alert", _WEIGHT)
    ] = 0.4  # fmt: skip
    medium_weight: Annotated[
        float, parameter(0.1, 20.0, "weight", "中级权重下限", "weight of a medium alert", _WEIGHT)
    ] = 1.0  # fmt: skip
    high_weight: Annotated[
        float, parameter(0.1, 20.0, "weight", "高级权重下限", "weight of a high alert", _WEIGHT)
    ] = 2.0  # fmt: skip
    idle_days: Annotated[
        int, parameter(1, 60, "days", "住院无诊疗天数", "a stay with so many idle days is empty", _SOURCE)
    ] = 3
    tiny_amount: Annotated[
        int, parameter(0, 10_000_000, "fen", "零星购药金额", "a purchase below this says least", _WEIGHT)
    ] = 5_000
    small_amount: Annotated[
        int,
        parameter(
            0, 10_000_000, "fen", "小额购药金额", "below this a relative fetched it, but for mild illnesses", _WEIGHT
        ),
    ] = 10_000
    large_amount: Annotated[
        int, parameter(0, 10_000_000, "fen", "大额购药金额", "from this on a purchase weighs like a visit", _WEIGHT)
    ] = 100_000

    def concerns(self, page: PersonPage) -> bool:
        """A stay, and a service that is none."""
        if len(page.visits) < 2:
            return False
        has_stay = has_other = False
        for visit in page.visits.values():
            if visit.kind == STAY:
                has_stay = True
            elif visit.service_days:
                has_other = True
            if has_stay and has_other:
                return True
        return False

    def kept_from(self, page: PersonPage) -> int:
        """With the first service that is forgotten, what was said of its stay is final."""
        return max(page.kept_from(), page.others_kept_from())

    def anchors(self, page: PersonPage) -> Iterable[str]:
        """One alert a stay."""
        return judged_stays(page)

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The services inside the stay ``anchor``, if they weigh enough."""
        stay = judged_stays(page).get(anchor)
        return None if stay is None else self._judge(page, stay, view)

    def ask_all(self, page: PersonPage, view: View) -> dict[str, Finding | None]:
        """All stays at one look."""
        return {visit: self._judge(page, stay, view) for visit, stay in judged_stays(page).items()}

    def wake(self, page: PersonPage, anchor: str, view: View) -> int | None:
        """When a service of the open stay will be certain to lie inside."""
        stay = page.visits.get(anchor)
        return None if stay is None or stay.void else next_certainty(page, stay, view.now, self.report_hours * HOUR)

    def _judge(self, page: PersonPage, stay: VisitSnapshot, view: View) -> Finding | None:
        if self.kept_from(page) > stay.begin:
            return None
        purse = Purse(self.tiny_amount, self.small_amount, self.large_amount)
        services = services_inside(page, stay, purse, view.now, self.report_hours * HOUR)
        if not services:
            return None
        is_idle = self._is_idle(stay)
        weight = weight_of(services) + (_IDLE_WEIGHT if is_idle else 0.0)
        if weight < self.low_weight:
            return None
        return self._finding(page, stay, services, weight, is_idle, view)

    def _is_idle(self, stay: VisitSnapshot) -> bool:
        """Whether the stay itself saw no treatment for a good part of its days; known from its discharge on."""
        return (
            stay.end is not None
            and stay.idle_days >= self.idle_days
            and _IDLE_PART * stay.idle_days >= stay.end // DAY - stay.begin // DAY
            and not is_bed_day_package(stay.med_type)
            and not is_birth(stay.med_type, stay.diagnosis)
        )

    def _finding(
        self, page: PersonPage, stay: VisitSnapshot, services: list[Service], weight: float, is_idle: bool, view: View
    ) -> Finding:
        visits = {service.visit.visit: service.visit for service in services}
        severity: Severity = "low"
        if weight >= self.medium_weight:
            severity = "high" if weight >= self.high_weight else "medium"
        is_empty = is_idle and stay.end is not None and 2 * stay.idle_days >= stay.end // DAY - stay.begin // DAY
        fund = sum(visit.scope for visit in visits.values()) + (stay.scope if is_empty else 0)
        cited = [Cited(reference, stay.visit) for reference in stay.evidence]
        cited += [Cited(reference, visit.visit) for visit in visits.values() for reference in visit.evidence]
        measures = [
            Measure("services_inside", len(services), 1, "times", 0),
            Measure("days_with_services", len({service.day for service in services}), None, "days"),
            Measure("evidence_weight", round(weight, 2), self.medium_weight, "weight", 0),
        ]
        if is_idle:
            measures.append(Measure("idle_days_of_stay", stay.idle_days, self.idle_days, "days", 0))
        return Finding(
            severity=severity,
            score=1.0 - 0.5 ** (weight / self.medium_weight),
            begin=stay.begin,
            end=stay.end,
            institution=stay.institution,
            persons=(page.person,),
            visits=(stay.visit, *visits),
            measures=tuple(measures),
            evidence=tuple(cited),
            fund_at_risk=fund,
            text=describe(stay, services, is_idle, is_empty, view),
        )
