"""Was anything served to a person after he died?

A discharge says that he died (2402), or his reference record does (``die_date``, of a civil register); later outpatient
services, purchases and admissions are held against that day
(`detectors.by_person.after_death.services`), whichever came first. A few soon afterwards look like somebody using his
card; many, at several institutions, over weeks look like a living person and a wrong discharge: then the record is what to
look at. domain.md §3.6, §4.3, §4.7.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.person import PersonPage
from detectors.by_person.after_death.services import Service, death_of, services_after
from detectors.by_person.after_death.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY
from schemas.snapshots import STAY

_SOURCE = "domain.md §4.3, §4.7 (ENG)"


class AfterDeath(Rule[PersonPage], frozen=True, kw_only=True):
    """死亡后就诊."""

    rule_id: ClassVar[str] = "after_death"
    version: ClassVar[int] = 2
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("死亡后就诊", "Served after death")
    notice: ClassVar[str] = "死亡后就诊"
    question: ClassVar[Text] = Text(
        "参保人死亡之后是否还有就诊、购药或住院？",
        "Was a person served, sold drugs or admitted after his death?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "domain.md §3.6, §4.3"
    blind_spots: ClassVar[Text] = Text(
        "死亡从出院登记（2402）得知，院外死亡须参保人员参考数据有死亡日期（die_date）；死亡所在住院自身的后续费用明细不在本规则中；已退费的服务不计；"
        "只看首次死亡后服务起约三个月。",
        "A death is known from a discharge (2402), one at home only where the person's reference record has its date (die_date);"
        " later charges of the stay in which he died are not "
        "seen here; refunded services do not count; looked at for some three months from the first service after the death.",
    )

    living_services: Annotated[
        int, parameter(2, 100, "times", "疑为误登的服务次数", "services that a living person has", _SOURCE)
    ] = 4  # fmt: skip
    living_days: Annotated[
        int, parameter(1, 90, "days", "疑为误登的时间跨度", "days over which they are spread", _SOURCE)
    ] = 21  # fmt: skip

    def concerns(self, page: PersonPage) -> bool:
        """He is said to have died, and something else is known of him."""
        if page.died is not None and page.visits:
            return True
        return len(page.visits) > 1 and any(visit.death is not None for visit in page.visits.values())

    def anchors(self, page: PersonPage) -> Iterable[str]:
        """The stay in which he died, or the register."""
        died = death_of(page)
        return () if died is None else (died.told_by,)

    def kept_from(self, page: PersonPage) -> int:
        """Outpatient visits and purchases are forgotten before stays are; he died at the end of his."""
        return max(page.kept_from() + 2 * DAY, page.others_kept_from())

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """What came after the death that the stay ``anchor`` ended with, or that the register knows of."""
        died = death_of(page)
        if died is None or died.told_by != anchor:
            return None
        services = services_after(page, died)
        begin = (died.day + 1) * DAY
        if not services or begin < page.others_kept_from():  # some of them are forgotten: what was said stays
            return None
        span = services[-1].days[-1] - services[0].days[0]
        institutions = {service.visit.institution for service in services}
        lives = len(services) >= self.living_services and span >= self.living_days and len(institutions) > 1
        severity = self._severity(services, died.institution, lives)
        days = services[0].days[0] - died.day
        newest, stays = services[-1], () if died.stay is None else (died.stay,)
        spoken = (*(service.visit for service in services), *stays)
        return Finding(
            severity=severity,
            score={"low": 0.35, "medium": 0.6, "high": 0.8}[severity] + 0.15 * (1.0 - 1.0 / (1 + len(services))),
            begin=begin,
            end=newest.days[-1] * DAY,
            institution=newest.visit.institution,
            persons=(page.person,),
            visits=tuple(dict.fromkeys(visit.visit for visit in spoken)),
            measures=(
                Measure("services_after_death", len(services), 1, "times", 0),
                Measure("days_after_death", days, None, "days"),
                Measure("institutions_after_death", len(institutions), None, "institutions"),
            ),
            evidence=tuple(
                Cited(reference, visit.visit)
                for visit in (*stays, *(service.visit for service in services))
                for reference in visit.evidence
            ),
            fund_at_risk=sum(service.visit.scope for service in services),
            text=describe(died, services, lives, view),
        )

    def _severity(self, services: list[Service], where_he_died: str, lives: bool) -> Severity:
        if lives:
            far = 2 * self.living_services
            return "low" if len(services) >= far else "medium"
        if all(service.goes_on for service in services):
            return "low"  # a discharge elsewhere that was dated late
        if any(service.with_card or service.visit.kind == STAY for service in services if not service.goes_on):
            is_one_book = all(s.visit.kind == STAY and s.visit.institution == where_he_died for s in services)
            return "medium" if is_one_book else "high"  # who lies in the hospital again that buried him was miscoded
        return "medium"
