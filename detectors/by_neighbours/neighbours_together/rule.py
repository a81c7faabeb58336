"""Do people of one village, employer, telephone or address come to and leave one institution together, beyond chance?

Companies (`detectors.by_neighbours.company`) of one group in one institution are weighed against what the group's own history
there makes likely (`detectors.by_neighbours.chance`): three of one village at the one hospital in town are Tuesday, at a small
private one a busload. Of a place of 1,500 people or more only those of one part of it came together: each part has an alert of
its own, and where many of the others came that day, some of this part do as well. Those count in which three parties or more
came once, or the same two or more came again, and that are together less likely than the limit. One that is still going on
counts as long as nobody has stayed behind, so the alert comes while they are in. Method and limits: domain.md §4.4 (no public
threshold exists; ENG defaults).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final

from detectors.books.neighbours import GroupPage, NeighbourStay
from detectors.by_neighbours.company import Company, Nearness, is_crowd, powers_of, series_of
from detectors.by_neighbours.gathering import Telling, companies, judged_stays, next_parting, runs_of
from detectors.by_neighbours.neighbours_together.text import describe
from detectors.by_neighbours.weighing import Group
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR

_SOURCE: Final = "domain.md §4.4 (ENG)"
_OWN: Final = "detectors/by_neighbours/chance.py"
_MOST_SHOWN: Final = 12  # companies of one alert, the newest
_CITED: Final = 2  # messages a stay: admission and discharge


class NeighboursTogether(Rule[GroupPage], frozen=True, kw_only=True):
    """同村、同单位、同电话 同进同出."""

    rule_id: ClassVar[str] = "neighbours_together"
    version: ClassVar[int] = 4
    page: ClassVar[type[Page]] = GroupPage
    title: ClassVar[Text] = Text("同村、同单位、同电话人员同进同出", "Neighbours admitted and discharged together")
    notice: ClassVar[str] = "同村、同单位、同电话人员同进同出"
    question: ClassVar[Text] = Text(
        "同一村（社区）、单位、联系电话或住址的多户人员是否同日入院、同日出院于同一机构，且超出偶然？",
        "Do people of several households who share a village, an employer, a telephone or an address enter and leave one"
        " institution together, beyond chance?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "rules.md neighbours_together; domain.md §4.4"
    blind_spots: ClassVar[Text] = Text(
        "传染病、外伤等可同时发病者合计为一方；同一住址（不超过共用人数）无户信息者合计为一户；当地唯一医院的小规模同进同出难与偶然区分；两人仅一次不报；"
        "产科、透析、放化疗、白内障和日间手术不计；登记资料缺失或写法差异过大的不成组。",
        "Those with an illness that strikes together count as one; so do those without a household record at one address that is"
        " no crowd's; a few who go to the only hospital in town cannot be told from"
        " chance; two who came once are not raised; births, dialysis, chemotherapy, cataracts and day surgery are left out; who"
        " has no record, or one written too differently, is in no group.",
    )

    admission_days: Annotated[int, parameter(0, 7, "days", "入院日相差", "days between admissions", _SOURCE)] = 1
    discharge_days: Annotated[int, parameter(0, 7, "days", "出院日相差", "days between discharges", _SOURCE)] = 1
    report_hours: Annotated[
        int,
        parameter(0, 240, "hours", "出院登记最迟上传", "a discharge may be reported this late", "docs/decisions/0004"),
    ] = 48
    within_days: Annotated[int, parameter(30, 366, "days", "观察期", "looked back", _SOURCE)] = 365
    parties_once: Annotated[int, parameter(2, 50, "persons", "一次同行户数", "households that came once", _SOURCE)] = 3
    weak_limit: Annotated[
        float, parameter(0.5, 50.0, "powers of ten", "低风险下限", "improbability of a low alert", _OWN)
    ] = 3.3
    limit: Annotated[
        float, parameter(0.5, 50.0, "powers of ten", "偶然性下限", "improbability of a medium alert", _OWN)
    ] = 4.0
    strong_limit: Annotated[
        float, parameter(0.5, 100.0, "powers of ten", "高风险下限", "improbability of a high alert", _OWN)
    ] = 7.0

    crowd: Annotated[
        int, parameter(2, 1000, "persons", "共用人数", "an address or a telephone of more is judged by share", _SOURCE)
    ] = 12
    crowd_share: Annotated[
        float, parameter(0.0, 1.0, "share", "共用者同行比例", "share of those who share it", _SOURCE)
    ] = 0.3

    def concerns(self, page: GroupPage) -> bool:
        """Two stays at least."""
        return len(page.stays) > 1

    def anchors(self, page: GroupPage) -> Iterable[str]:
        """One alert a group and institution, in a town a part of it and institution, for as long as the book remembers."""
        return judged_stays(page)

    def _near(self) -> Nearness:
        return Nearness(self.admission_days, self.discharge_days, self.report_hours * HOUR)

    def _told(
        self, page: GroupPage, group: Group, runs: list[list[NeighbourStay]], now: int
    ) -> tuple[list[Company], float]:
        telling = Telling(self.parties_once, self.weak_limit, self.within_days * DAY)
        return self.told_of(page, companies(group, runs, self._near(), telling, now))

    def told_of(self, page: GroupPage, found: list[Company]) -> tuple[list[Company], float]:
        """The companies that count, in order, and the powers of ten by which the least likely series is no chance."""
        found = [one for one in found if not is_crowd(page, one, self.crowd, self.crowd_share)]
        found = [one for one in found if one.begin >= found[-1].begin - self.within_days * DAY]
        told: list[Company] = []
        most = 0.0
        for series in series_of(found):
            if len(series) == 1 and len(series[0].parties) < self.parties_once:
                continue
            powers = powers_of(series)
            if powers >= self.weak_limit:
                told += series
                most = max(most, powers)
        told.sort(key=lambda one: (one.begin, one.stays[0].visit))
        return told[-_MOST_SHOWN:], most

    def ask(self, page: GroupPage, anchor: str, view: View) -> Finding | None:
        """The companies of ``anchor``, an institution or one and a part of a town, that are no chance."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: GroupPage, view: View) -> dict[str, Finding | None]:
        """All institutions at one look."""
        return self._found(page, self._judged_runs(page), view)

    def _judged_runs(self, page: GroupPage) -> dict[str, list[list[NeighbourStay]]]:
        near = self._near()
        return {name: runs_of(stays, near) for name, stays in judged_stays(page).items()}

    def _found(
        self, page: GroupPage, judged: dict[str, list[list[NeighbourStay]]], view: View
    ) -> dict[str, Finding | None]:
        group = Group(page, self.crowd)
        return {name: self._finding(page, group, runs, view) if runs else None for name, runs in judged.items()}

    def see(self, page: GroupPage, view: View) -> tuple[dict[str, Finding | None], int | None]:
        """Both at one look."""
        judged = self._judged_runs(page)
        return self._found(page, judged, view), self._parting(judged, view.now)

    def _finding(self, page: GroupPage, group: Group, runs: list[list[NeighbourStay]], view: View) -> Finding | None:
        told, powers = self._told(page, group, runs, view.now)
        if not told:
            return None
        stays = [stay for one in told for stay in one.stays]
        institution = stays[0].institution
        ends = [stay.end for stay in stays]
        parties = max(len(one.parties) for one in told)
        severity: Severity = "low" if powers < self.limit else "medium" if powers < self.strong_limit else "high"
        return Finding(
            severity=severity,
            score=min(1.0, 0.3 + 0.7 * (1.0 - 0.5 ** (powers / self.limit))),
            begin=stays[0].begin,
            end=None if None in ends else max(end for end in ends if end is not None),
            institution=institution,
            persons=tuple(sorted({stay.person for stay in stays})),
            visits=tuple(stay.visit for stay in stays),
            group=page.group,
            measures=(
                Measure("improbability", round(powers, 1), self.weak_limit, "powers of ten", 0),
                Measure("members_together", max(len(one.persons) for one in told), None, "persons",
                        round(1 + max(one.expected for one in told), 2)),
                Measure("households_together", parties, self.parties_once if len(told) == 1 else 2, "households", 1),
                Measure("times_together", len(told), 1, "times", 0),
                Measure("group_size", page.size(), None, "persons"),
            ),
            evidence=tuple(Cited(message, stay.visit) for stay in stays for message in stay.evidence[:_CITED]),
            fund_at_risk=sum(max(stay.scope, 0) for stay in stays),
            text=describe(page.group, institution, told, view),
        )  # fmt: skip

    def wake(self, page: GroupPage, anchor: str, view: View) -> int | None:
        """When an open stay will have outlasted those that it began together with."""
        return next_parting(self._judged_runs(page).get(anchor, []), self._near(), view.now)

    def wake_all(self, page: GroupPage, anchors: Iterable[str], view: View) -> int | None:
        """All institutions at one look."""
        return self._parting(self._judged_runs(page), view.now)

    def _parting(self, judged: dict[str, list[list[NeighbourStay]]], now: int) -> int | None:
        near = self._near()
        bounds = [next_parting(runs, near, now) for runs in judged.values() if runs]
        return min((bound for bound in bounds if bound is not None), default=None)
