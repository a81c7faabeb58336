"""Is one person an inpatient of two institutions at once?

Two stays that overlap by more than a transfer takes: one of them is empty, or somebody else lies there in his name. Overlaps
that share a stay are one alert. It is raised while both are open, once an end within the tolerated time would have been
reported, and is taken back when a late discharge shows one. Stays are compared by admission and discharge, never by
settlement (domain.md §3.2). Method and limits: §4.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.person import PersonPage
from detectors.by_person.overlapping_stay.overlaps import Bounds, Overlap, next_certainty, overlap_groups, pairs
from detectors.by_person.overlapping_stay.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR
from schemas.snapshots import STAY, VisitSnapshot

_SOURCE = "domain.md §4.3"
_WEIGHT = "domain.md §4.3 (ENG)"


class OverlappingStay(Rule[PersonPage], frozen=True, kw_only=True):
    """重叠住院."""

    rule_id: ClassVar[str] = "overlapping_stay"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("重叠住院", "In two hospitals at once")
    notice: ClassVar[str] = "重叠住院、冒名住院"
    question: ClassVar[Text] = Text(
        "同一人是否同时在两家机构住院超过一天？", "Is one person an inpatient of two institutions for more than a day?"
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = _SOURCE
    blind_spots: ClassVar[Text] = Text(
        "不足一天的重叠（转院当日）不报；一直未办出院的住院只作提示；同一机构内的重叠不看；不同参保地人员编号不同，视为两人。",
        "Less than a day, as on the day of a transfer, is not raised; a stay that is never ended is at most a hint; two stays in "
        "one institution are not looked at; a person with numbers of two regions is two.",
    )

    tolerated_hours: Annotated[
        int, parameter(0, 240, "hours", "可容忍的重叠", "tolerated overlap", f"{_SOURCE} (ENG)")
    ] = 24
    transfer_hours: Annotated[
        int, parameter(0, 480, "hours", "转院时可容忍的重叠", "tolerated with a transfer", f"{_SOURCE} (ENG)")
    ] = 72
    report_hours: Annotated[
        int,
        parameter(0, 240, "hours", "出院登记最迟上传", "a discharge may be reported this late", "domain.md §3.2 (ENG)"),
    ] = 48
    forgotten_days: Annotated[
        int,
        parameter(5, 365, "days", "视为漏办出院", "an open stay was forgotten after so long", f"{_SOURCE} (ENG)"),
    ] = 30
    medium_weight: Annotated[
        float, parameter(0.1, 20.0, "weight", "中级权重下限", "weight of a medium alert", _WEIGHT)
    ] = 1.0  # fmt: skip
    high_weight: Annotated[
        float, parameter(0.1, 20.0, "weight", "高级权重下限", "weight of a high alert", _WEIGHT)
    ] = 1.6  # fmt: skip

    def concerns(self, page: PersonPage) -> bool:
        """Stays in two institutions."""
        if len(page.visits) < 2:
            return False
        places = {visit.institution for visit in page.visits.values() if visit.kind == STAY}
        return len(places) > 1

    def _bounds(self) -> Bounds:
        return Bounds(
            self.tolerated_hours * HOUR,
            max(self.tolerated_hours, self.transfer_hours) * HOUR,
            self.report_hours * HOUR,
            self.forgotten_days * DAY,
        )

    def anchors(self, page: PersonPage) -> Iterable[str]:
        """Each stay over which a later one lies; an alert is about the first of a group."""
        return dict.fromkeys(first.visit for first, _ in pairs(page))

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The group of overlapping stays whose first is ``anchor``."""
        group = overlap_groups(page, self._bounds(), view.now).get(anchor)
        return None if group is None else self._finding(page, group, view)

    def ask_all(self, page: PersonPage, view: View) -> dict[str, Finding | None]:
        """All groups at one look."""
        groups = overlap_groups(page, self._bounds(), view.now)
        return {
            anchor: self._finding(page, groups[anchor], view) if anchor in groups else None
            for anchor in self.anchors(page)
        }

    def wake(self, page: PersonPage, anchor: str, view: View) -> int | None:
        """When an overlap of an open stay will be certain."""
        return next_certainty(page, anchor, self._bounds(), view.now)

    def _finding(self, page: PersonPage, group: list[Overlap], view: View) -> Finding:
        stays = _stays(group)
        strongest = max(group, key=lambda overlap: overlap.weight)
        weight = strongest.weight + 0.3 * sum(
            1 for one in group if one is not strongest and one.weight >= self.medium_weight
        )
        severity: Severity = "low"
        if weight >= self.medium_weight:
            severity = "high" if weight >= self.high_weight else "medium"
        ends = [stay.end for stay in stays]
        return Finding(
            severity=severity,
            score=1.0 - 0.5 ** (weight / self.medium_weight),
            begin=stays[0].begin,
            end=None if None in ends else max(end for end in ends if end is not None),
            institution=group[0].second.institution,
            persons=(page.person,),
            visits=tuple(stay.visit for stay in stays),
            measures=(
                Measure("overlap_hours", strongest.seconds // HOUR, strongest.limit // HOUR, "hours", 0),
                Measure("overlapping_stays", len(stays), 2, "stays", 0),
                Measure("evidence_weight", round(weight, 2), self.medium_weight, "weight", 0),
            ),
            evidence=tuple(Cited(reference, stay.visit) for stay in stays for reference in stay.evidence),
            fund_at_risk=sum(stay.scope for stay in stays) - max(stay.scope for stay in stays),
            text=describe(group, strongest, view),
        )


def _stays(group: list[Overlap]) -> list[VisitSnapshot]:
    stays = {stay.visit: stay for overlap in group for stay in (overlap.first, overlap.second)}
    return sorted(stays.values(), key=lambda stay: (stay.begin, stay.visit))
