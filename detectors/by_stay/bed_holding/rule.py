"""Is this bed paid for while nobody is treated in it?

A day of a stay is *idle* when nothing but bed, nursing and consulting fees stand for it. Whether silence means absence is
judged day by day: 72 hours after its end a day is *settled*; before that it is *probable* if its own bed and nursing lines
have come and this institution is known not to send treatment lines apart from them. The alert is raised during the stay,
once a run of idle days is long enough and its first day is settled, and becomes stronger as the later days settle, and where
the patient was served in another visit on one of them (`detectors.books.elsewhere`).
Method and thresholds: domain.md §4.1; the two kinds of certainty: docs/decisions/0003.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from detectors.books.elsewhere import Served
from detectors.books.institution import InstitutionPage
from detectors.books.visit import VisitPage
from detectors.by_stay.bed_holding.idle_run import IdleRun, Limits, idle_runs, next_bound
from detectors.by_stay.bed_holding.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR
from schemas.codes import is_bed_day_package, is_birth, is_day_surgery
from schemas.snapshots import STAY, Reference


class BedHolding(Rule[VisitPage], frozen=True, kw_only=True):
    """挂床住院."""

    rule_id: ClassVar[str] = "bed_holding"
    version: ClassVar[int] = 2
    page: ClassVar[type[Page]] = VisitPage
    title: ClassVar[Text] = Text("挂床住院", "Bed-holding")
    notice: ClassVar[str] = "挂床住院、空床住院、虚假住院"
    question: ClassVar[Text] = Text(
        "住院期间是否连续多日只有床位、护理、诊察费，没有任何诊疗？",
        "Does a stay go on for days with nothing but bed, nursing and consulting fees?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条第一项",
    )
    source: ClassVar[str] = "domain.md §4.1, §3.2"
    blind_spots: ClassVar[Text] = Text(
        "按床日付费（2105）、日间手术、家庭病床（按科室或床位名称）和分娩、新生儿住院不判断；虚记诊疗项目的空床发现不了；机构从不上传费用明细时不判断。",
        "Stays paid by the bed-day (2105), day surgery, beds at home (by the name of department or bed), births and newborns are"
        " not judged; an empty bed for which treatment is invented is not seen; nothing is judged where an institution sends no"
        " lines at all.",
    )

    silences: ClassVar[tuple[str, ...]] = ("no_lines", "lines_always_late")

    idle_days: Annotated[
        int,
        parameter(1, 30, "days", "连续无诊疗天数", "consecutive days without treatment", "domain.md §4.1"),
    ] = 3
    late_hours: Annotated[
        int,
        parameter(0, 720, "hours", "费用明细最迟上传时间", "lines may come this late", "domain.md §3.2"),
    ] = 72
    bill_hours: Annotated[
        int,
        parameter(0, 72, "hours", "当日账单完整的时间", "a day's own bill is whole after", "docs/decisions/0003"),
    ] = 12
    habit_days: Annotated[
        int,
        parameter(
            1,
            1000,
            "stay-days",
            "了解机构上传习惯所需住院日",
            "stay-days that teach an institution's habit",
            "docs/decisions/0003",
        ),
    ] = 10
    habit_share: Annotated[
        float,
        parameter(
            0.0,
            1.0,
            "share",
            "诊疗明细分开上传的最大比例",
            "most stay-days whose treatment came apart",
            "docs/decisions/0003",
        ),
    ] = 0.1

    def concerns(self, page: VisitPage) -> bool:
        """Stays that could be idle; those excluded by their kind are left out."""
        return (
            page.kind == STAY
            and page.begin is not None
            and not page.void
            and not page.at_home
            and not is_day_surgery(page.med_type)
            and not is_bed_day_package(page.med_type)
            and not is_birth(page.med_type, page.diagnosis)
        )

    def silence(self, page: VisitPage, view: View) -> str | None:
        """Silent where the institution has sent no lines, or sends most of them after the bound."""
        habits = view.neighbour
        if not isinstance(habits, InstitutionPage) or habits.billed == 0:
            return "no_lines"
        if habits.billed >= self.habit_days and habits.billed_late > habits.billed * 0.2:
            return "lines_always_late"
        return None

    def ask(self, page: VisitPage, anchor: str, view: View) -> Finding | None:
        """The stay's idle runs, as far as they are certain by now."""
        return self._seen(page, view) if self.concerns(page) else None

    def wake(self, page: VisitPage, anchor: str, view: View) -> int | None:
        """The next bound at which a run of days without treatment becomes long enough, or more certain."""
        return next_bound(page, view.now, self._limits()) if self.concerns(page) else None

    def _limits(self) -> Limits:
        return Limits(self.idle_days, self.late_hours * HOUR, self.bill_hours * HOUR)

    # -- which days are idle ----------------------------------------------------------------------------------------

    def _seen(self, page: VisitPage, view: View) -> Finding | None:
        found = idle_runs(page, view.now, view.neighbour, self._bills_come_whole(view.neighbour), self._limits())
        runs = [run for run in found if run.days >= self.idle_days and run.settled >= 1]
        if not runs:
            return None
        return self._finding(page, view, runs, max(runs, key=lambda run: (run.days, -run.first)))

    def _bills_come_whole(self, habits: InstitutionPage | None) -> bool:
        return (
            habits is not None
            and habits.active >= self.habit_days
            and habits.active_apart <= self.habit_share * habits.active
        )

    # -- what is said of them ---------------------------------------------------------------------------------------

    def _finding(self, page: VisitPage, view: View, runs: list[IdleRun], longest: IdleRun) -> Finding:
        first = page.first_day()
        assert first is not None
        assert page.begin is not None
        judged = max(_newest_day(page, runs) - first + 1, 1)
        idle = sum(run.days for run in runs)
        share = idle / judged
        is_settled = longest.settled >= self.idle_days
        days = [day for run in runs for day in range(run.first, run.first + run.days)]
        away = _away(page, set(days))
        # A service at another institution shows where he was. Drugs may have been fetched for him, and a hospital may bill
        # what it does for its own patient as a visit apart: that says less.
        is_away = any(one.place != page.institution and not one.drugs_only for one in away)
        weight = 0.15 if is_away else 0.05 if away else 0.0
        score = min(
            1.0,
            0.35 + 0.35 * share + 0.05 * min(longest.days - self.idle_days, 4) + (0.1 if is_settled else 0.0) + weight,
        )
        is_strong = (share >= 0.6 and longest.days > self.idle_days) or is_away
        severity: Severity = ("high" if is_strong else "medium") if is_settled else "medium" if is_away else "low"
        elsewhere = {day for one in away for day in one.days} & set(days)
        scope = sum(known.scope for day in days if (known := page.days.get(day)) is not None)
        return Finding(
            severity=severity,
            score=score,
            begin=page.begin,
            end=page.left_at(),
            institution=page.institution,
            persons=(page.person,),
            visits=(page.visit,),
            measures=(
                Measure("idle_days_in_a_row", longest.days, self.idle_days, "days", 0),
                Measure("idle_days_settled", min(longest.settled, self.idle_days), self.idle_days, "days"),
                Measure("idle_share", round(share, 3), None, "share", 0),
                Measure("days_of_stay", judged, None, "days"),
                *((Measure("days_served_elsewhere", len(elsewhere), None, "days", 0),) if elsewhere else ()),
            ),
            evidence=(*_evidence(page, set(days)), *_evidence_elsewhere(away)),
            fund_at_risk=scope if share < 0.5 else page.scope,
            text=describe(page, longest, idle, judged, is_settled, away, view),
        )


def _newest_day(page: VisitPage, runs: list[IdleRun]) -> int:
    """The last day of the stay that is known of; by facts, not by the clock, or every midnight would make a revision."""
    left = page.left_at()
    if left is not None:
        return left // DAY - 1
    known = [day for day, day_of_stay in page.days.items() if day_of_stay.routine or day_of_stay.active]
    seen = max((day for day in known if day <= page.newest // DAY), default=0)
    return max(seen, *(run.first + run.days - 1 for run in runs))


def _away(page: VisitPage, idle: set[int]) -> list[Served]:
    """Visits in which he was served on an idle day, here or elsewhere."""
    return [one for one in page.served_elsewhere() if not idle.isdisjoint(one.days)]


def _evidence_elsewhere(away: list[Served]) -> tuple[Cited, ...]:
    return tuple(Cited(reference, one.visit) for one in away for reference in one.evidence)


def _evidence(page: VisitPage, idle: set[int]) -> tuple[Cited, ...]:
    """The admission, the bills of the idle days, the discharge and the settlements."""
    cited: list[Reference | None] = [page.message_of(page.admission)]
    bills = sorted({line.message for line in page.lines.values() if line.stands and line.time // DAY in idle})
    cited += [page.messages[index] for index in bills]
    cited.append(page.message_of(page.discharge))
    cited += [page.messages[settled.message] for settled in page.standing_settlements()]
    return tuple(Cited(reference, page.visit) for reference in cited if reference is not None)
