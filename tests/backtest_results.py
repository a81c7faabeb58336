"""A backtest's result made by hand, with a little of everything that a report shows."""

from typing import Any

import msgspec

from schemas.alerts import Alert, Evidence, Measure, Point, Series, Source, Text
from stream.backtest.result import (
    Case,
    Comparison,
    DayLoad,
    InstitutionResult,
    Interval,
    LabelResult,
    Moved,
    Place,
    Result,
    RuleComparison,
    RuleResult,
    Suggestion,
    SweepPoint,
    Window,
)
from stream.backtest.result import Source as History
from stream.visit_courses import Course, CourseDay

DAYS = [f"2026-03-{day:02d}" for day in range(1, 11)]
HOSTILE = "</script><script>document.title='broken'</script><!--<script>"
BED, VOLUME, HOUSE = "bed_holding", "drug_volume", "household_together"
TITLES = {
    BED: Text("挂床住院", "Bed-holding"),
    VOLUME: Text("药品、耗材用量异常", "Abnormal item volume"),
    HOUSE: Text("同户人员同进同出", "Household admitted together"),
}


def alert(rule: str, number: int, **changes: Any) -> Alert:
    """An open alert of ¥100 times its number about visit M<number> of person P<number>."""
    fields: dict[str, Any] = {
        "alert_id": f"{rule}:1:{number}", "rule": rule, "rule_version": 1, "revision": 1, "status": "open",
        "severity": "high", "score": 0.8, "raised_at": f"2026-03-{number:02d} 10:00:00",
        "revised_at": f"2026-03-{number:02d} 10:00:00", "begin": f"2026-03-{number:02d} 08:00:00", "end": None,
        "institution": f"H{number}", "institution_name": f"县医院{number}", "persons": [f"P{number}"],
        "visits": [f"M{number}"], "household": None, "item": None, "group": None,
        "measures": [Measure("idle_days_in_a_row", 5, 3, "days")],
        "evidence": [Evidence("2401", f"msg{number}", f"2026-03-{number:02d} 08:00:00", f"M{number}")], "evidence_total": 1,
        "fund_at_risk": number * 10_000, "rule_class": "管理类", "basis": ["第三十八条"],
        "text": Text(f"第{number}号疑点{HOSTILE}", f"clue number {number}{HOSTILE}"),
        "source": Source(0, number, f"2026-03-{number:02d} 10:00:00", f"msg{number}"),
    }  # fmt: skip
    return Alert(**fields | changes)


def volume_alert() -> Alert:
    """An item whose last two days lie above their band."""
    points = [
        Point(f"{day} 00:00:00", value, 0.0, 6.0)
        for day, value in zip(DAYS, (3, 4, 2, 3, 5, 3, 4, 3, 20, 30), strict=True)
    ]
    return alert(VOLUME, 9, item="XA01", visits=[], persons=[], series=Series("packs", points))


def stay(number: int) -> Course:
    """Three days: treated, nothing but bed and nursing, nothing at all; and the day of discharge, without a bill."""
    days = [
        CourseDay(
            day="2026-03-01", routine_lines=2, treatment_lines=3, scope=60_000, charges={"01": 10_000, "09": 50_000}
        ),
        CourseDay(day="2026-03-02", routine_lines=2, treatment_lines=0, scope=10_000, charges={"01": 10_000}),
    ]
    return Course(
        visit=f"M{number}", kind="stay", person=f"P{number}", institution="H1", begin="2026-03-01 08:00:00",
        end="2026-03-04 09:00:00", diagnosis="I10.x00", department="A03", scope=70_000, fund=50_000, settled_at=None, days=days,
    )  # fmt: skip


def place(one: Alert, is_hit: bool | None, case: int | None = None) -> Place:
    """The alert as a row."""
    same = {name: getattr(one, name) for name in Place.__struct_fields__ if name in Alert.__struct_fields__}
    return Place(**same, is_hit=is_hit, label=0 if is_hit else None, case=case)


def scores(labels: int, found: int, alerts: int, hits: int, value: Any = 3, is_current: bool = False) -> SweepPoint:
    """Of `bed_holding.idle_days`."""
    return SweepPoint(
        rule=BED, parameter="idle_days", value=value, is_current=is_current, labels=labels, alerts=alerts, retracted=0, hits=hits,
        found=found, precision=hits / alerts if alerts else None, precision_interval=Interval(0.3, 0.95),
        recall=found / labels if labels else None, recall_interval=Interval(0.3, 0.95), delay_hours_median=30.0,
        in_time_share=1.0, alerts_a_day=alerts / 10, fund_at_risk=alerts * 10_000,
    )  # fmt: skip


def rule(name: str, labels: int = 0, found: int = 0, alerts: int = 0, hits: int = 0, **changes: Any) -> RuleResult:
    """A rule's figures, its shares worked out."""
    fields: dict[str, Any] = {
        "title": TITLES[name], "labels": labels, "alerts": alerts, "retracted": 0, "hits": hits, "found": found,
        "precision": hits / alerts if labels and alerts else None, "precision_interval": Interval(0.3, 0.95) if alerts else None,
        "recall": found / labels if labels else None, "recall_interval": Interval(0.3, 0.95) if labels else None,
        "delay_hours_median": 26.0 if found else None, "delay_hours": [26.0] * found, "in_time_share": 1.0 if found else None,
        "in_time_interval": Interval(0.3, 1.0) if found else None, "fund_at_risk": alerts * 10_000,
        "alerts_a_day": alerts / 10, "severities": {"high": alerts},
    }  # fmt: skip
    return RuleResult(**fields | changes)


def label(pattern: str, number: int, found_by: str | None) -> LabelResult:
    """A label about visit M<number>."""
    is_found = found_by is not None
    return LabelResult(
        pattern=pattern, institution=f"H{number}", persons=[f"P{number}"], visits=[f"M{number}"], household=None, item=None,
        begin=f"2026-03-{number:02d} 08:00:00", end="2026-03-10 00:00:00", found_by=found_by,
        raised_at=f"2026-03-{number + 1:02d} 10:00:00" if is_found else None, delay_hours=26.0 if is_found else None,
        in_time=True if is_found else None,
    )  # fmt: skip


def comparison(before: SweepPoint | None, after: SweepPoint | None, gained: int = 1, lost: int = 0) -> Comparison:
    """`bed_holding` with three idle days against four."""
    one, other = alert(BED, 1), alert(BED, 2)
    moved = Moved(by="visit", before=place(one, True), after=place(one, True), raised_later_hours=-5.0, fund_change=0)
    compared = RuleComparison(
        rule=BED, title=TITLES[BED], changed={"idle_days": [4, 3]}, runs=[True, True],
        before=3, after=3 + gained - lost, same=2 - lost,
        gained=gained, lost=lost, moved=1, fund_before=30_000, fund_after=40_000, earlier=1, later=0,
        raised_later_hours_median=-5.0, before_scores=before, after_scores=after,
        gained_examples=[place(other, True, 0)][:gained],
        lost_examples=[place(other, False)][:lost], moved_examples=[moved],
    )  # fmt: skip
    return Comparison(
        baseline="today.toml", rules={BED: compared}, institutions={}, fund_before=30_000, fund_after=40_000
    )


def result(**changes: Any) -> Result:
    """Four alerts of `bed_holding` (three hit; one label of four is missed) and one of `drug_volume`, which has no labels."""
    beds = [alert(BED, number) for number in (1, 2, 3, 4)]
    labels = [label(BED, number, f"{BED}:1:{number}") for number in (1, 2, 3)] + [label(BED, 5, None)]
    fields: dict[str, Any] = {
        "transactions": 1000, "seconds": 2.0, "per_second": 500, "peak_rss_bytes": 100 * 1024 * 1024,
        "alerts": {BED: 4, VOLUME: 1}, "retracted": {}, "dead_letters": {"wrong_type": 2}, "unmatched_corrections": {},
        "rules": {BED: rule(BED, 4, 3, 4, 3), VOLUME: rule(VOLUME, alerts=1)},
        "institutions": {
            f"H{n}": InstitutionResult(name=f"县医院{n}", alerts=1, fund_at_risk=n * 10_000, rules={BED: 1})
            for n in (1, 2, 3, 4)
        },
        "sweeps": [scores(4, 4, 8, 4, 2), scores(4, 3, 4, 3, 3, is_current=True), scores(4, 2, 2, 2, 5)],
        "suggestions": [
            Suggestion(
                rule=BED, parameter="idle_days", unit="days", current=3, value=5, words=Text("建议5", "take 5"),
            )
        ],
        "comparison": None,
        "window": Window(
            start="2026-03-01", end=None, warm_up_from=None, first="2026-02-01 00:00:00", last="2026-03-10 23:00:00", days=10.0,
        ),
        "sources": [History(name="county/transactions.jsonl", transactions=1000, notes=[])], "days": DAYS,
        "load": [DayLoad(rule=BED, alerts=[1, 1, 1, 1, 0, 0, 0, 0, 0, 0]), DayLoad(rule=VOLUME, alerts=[0] * 8 + [1, 0])],
        "fund_at_risk": 190_000, "labels": labels, "labels_outside": {}, "verdicts_outside": {},
        "places": [
            *(place(one, number < 3, 0 if number == 0 else None) for number, one in enumerate(beds)),
            place(volume_alert(), None, 1),
        ],
        "places_left_out": 0,
        "cases": [
            Case(kind="hit", rule=BED, alert=beds[0], label=0, stays=[stay(1), stay(2)]),
            Case(kind="unlabelled", rule=VOLUME, alert=volume_alert(), label=None, stays=[]),
            Case(kind="missed", rule=BED, alert=None, label=3, stays=[]),
        ],
        "settings": {BED: {"idle_days": 3}}, "command": "fundwatch backtest county --report 'my report.html'",
        "versions": {"fundwatch": "0.1.0"}, "jobs": 1, "is_partial": False, "notes": [],
    }  # fmt: skip
    return Result(**fields | changes)


def with_everything() -> Result:
    """`result` against a baseline too."""
    return msgspec.structs.replace(result(), comparison=comparison(scores(4, 2, 3, 2), scores(4, 3, 4, 3)))
