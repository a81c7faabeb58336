"""Do several patients lie in one bed at once?

Two stays of different persons are a conflict when both had the same bed, by institution, department and bed code, for more
than a day. What is late is waited for: who is not discharged counts as far as his bills reach, and only when a late
discharge or move would have come (docs/decisions/0003 says the like of bills). Then evidence is weighed: three at once, a
bed that is shared again and again, long sharing and idle stays weigh more; a code that may not be a bed's own (the numbers
of the institution's beds go far beyond the approved ones, and hardly anybody else had this one) weighs less. A code that
more than eight have at once is no bed's. Limit: rules.md; grace and weights: ENG.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.bed import BedPage
from detectors.books.bed_codes import number_of
from detectors.by_institution.bed_conflict.conflict import Conflict, Limits, conflicts, overlaps, shared
from detectors.by_institution.bed_conflict.text import describe
from detectors.by_institution.bed_conflict.told import as_told, at_risk, papers
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR

_SOURCE = "rules.md; domain.md §4.1 (ENG)"
_LEAST, _MEDIUM, _HIGH = 1.0, 2.0, 3.5  # weight
_UNBILLED = 1.75  # at most, without a single bill


class BedConflict(Rule[BedPage], frozen=True, kw_only=True):
    """一床多人."""

    rule_id: ClassVar[str] = "bed_conflict"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = BedPage
    title: ClassVar[Text] = Text("一床多人", "Several patients in one bed")
    notice: ClassVar[str] = "一床多人、虚假住院"
    question: ClassVar[Text] = Text(
        "同一张床位是否同时登记了两名以上在院患者，超过一天？",
        "Is one bed held by two or more patients at once for more than a day?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "rules.md; domain.md §4.1"
    blind_spots: ClassVar[Text] = Text(
        "没有床位号或使用“加床”“走廊”等公用床号、同时超过8人的床号不判断；一个科室代码下几个病区床号相同的机构会误报；"
        "母婴同室、日间手术不判断；从不上传费用明细的机构，要等出院登记后才能判断。",
        "Nothing is seen without a bed code, or where a word such as 'extra bed' or a code that more than eight have at once"
        " stands for a bed; wards that share a department code and number their beds alike are taken for one; mothers with"
        " newborns and day surgery are not judged; without bills a stay is judged only after its discharge.",
    )

    overlap_hours: Annotated[
        int, parameter(1, 240, "hours", "同时占用一床的时间", "both in one bed for more than", _SOURCE)
    ] = 24
    late_hours: Annotated[
        int,
        parameter(
            0,
            240,
            "hours",
            "出院、转床登记最迟上传",
            "a discharge or a move may be told this late",
            "domain.md §3.2 (ENG)",
        ),
    ] = 48
    long_days: Annotated[int, parameter(1, 60, "days", "长时间占用", "sharing this long weighs more", "ENG")] = 5
    beds_share: Annotated[
        float,
        parameter(
            1.0, 10.0, "times", "床号与批准床位数之比不超过", "bed numbers may reach the approved beds times", "ENG"
        ),
    ] = 1.3

    def concerns(self, page: BedPage) -> bool:
        """A bed that somebody shared."""
        return any(one.billed is not None for one in page.occupants.values())

    def anchors(self, page: BedPage) -> Iterable[str]:
        """The first visit of a conflict is its name; any that shared the bed may be."""
        return [visit for visit, _, _ in shared(page)]

    def _limits(self) -> Limits:
        return Limits(self.overlap_hours * HOUR, self.late_hours * HOUR)

    def ask(self, page: BedPage, anchor: str, view: View) -> Finding | None:
        """The conflict that begins with the visit ``anchor``."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: BedPage, view: View) -> dict[str, Finding | None]:
        """All conflicts of the bed."""
        found: dict[str, Finding | None] = dict.fromkeys(self.anchors(page))
        for conflict in conflicts(page, self._limits(), view.now):
            severity, told = _severity(self._weight(page, conflict, view)), as_told(conflict)
            if severity is not None:
                if _severity(self._weight(page, told, view)) != severity:
                    told = conflict  # what it weighs is told at once
                found[conflict.visits[0]] = self._finding(page, told, severity, view)
        return found

    def wake(self, page: BedPage, anchor: str, view: View) -> int | None:
        """When an overlap can be told from a discharge that is late."""
        waited = (overlap.known_from for overlap in overlaps(page, self._limits(), anchor))
        return min((bound for bound in waited if bound > view.now), default=None)

    # -- how much it says -------------------------------------------------------------------------------------------

    def _finding(self, page: BedPage, conflict: Conflict, severity: Severity, view: View) -> Finding:
        occupants, weight = [page.occupants[visit] for visit in conflict.visits], self._weight(page, conflict, view)
        evidence = [
            Cited(reference, visit)
            for visit, one in zip(conflict.visits, occupants, strict=True)
            for reference in papers(one)
        ]
        return Finding(
            severity=severity,
            score=min(1.0, 0.3 + 0.7 * (1.0 - 0.5 ** (weight / _MEDIUM))),
            begin=occupants[0].since,
            end=max(overlap.end for overlap in conflict.overlaps) if conflict.is_over else None,
            institution=page.institution,
            persons=tuple(sorted({one.person for one in occupants})),
            visits=conflict.visits,
            measures=(
                Measure("persons_in_bed", conflict.at_once, 2, "persons", 1),
                Measure("overlap_hours", conflict.longest // HOUR, self.overlap_hours, "hours", 0),
                Measure("overlap_hours_total", sum(one.seconds for one in conflict.overlaps) // HOUR, None, "hours"),
                Measure("times_shared", conflict.times, None, "times"),
                Measure("evidence_weight", round(weight, 2), None, "weight"),
            ),
            evidence=tuple(evidence),
            fund_at_risk=at_risk(page, conflict),
            text=describe(page, conflict, self.overlap_hours, self._is_beds_own(page, view), view),
        )

    def _weight(self, page: BedPage, conflict: Conflict, view: View) -> float:
        """2 is two patients in a bed whose code is a bed's own, for as long as the limit, and nothing more."""
        weight = 1.0 + (conflict.at_once - 2) + 0.75 * min(conflict.times - 1, 4)
        if self._is_beds_own(page, view):
            weight += 1.0
        together = [overlap.billed_days for overlap in conflict.overlaps]
        if all(days is None for days in together):  # no bill says that they were there: dates in a register, no more
            return min(weight - 1.5, _UNBILLED)
        if conflict.longest >= self.long_days * DAY:
            weight += 0.5
        members = [page.occupants[visit] for visit in conflict.visits]
        if any(one.billed is not None and one.billed.idle_days >= 2 for one in members):
            weight += 0.25
        if not any(together):  # bills of both, but never of the same day: one of the two times is wrong
            weight -= 1.0
        return weight

    def _is_beds_own(self, page: BedPage, view: View) -> bool:
        """Whether the code names one bed, so that two who had it had the same: others had it one after another, or the
        institution's codes number its approved beds; while too few of its stays are known, this code alone must."""
        known = view.references.institution(page.institution)
        if known is None or not known.beds:
            return True
        if sum(1 for one in page.occupants.values() if one.billed is None) >= 2:
            return True
        number = number_of(page.bed)
        reach = page.reach or number
        return reach is not None and reach <= known.beds * self.beds_share


def _severity(weight: float) -> Severity | None:
    """None where it is not worth a word."""
    return "high" if weight >= _HIGH else "medium" if weight >= _MEDIUM else "low" if weight >= _LEAST else None
