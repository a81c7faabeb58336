"""What does the report tell of a single case: its words, its figures, and the pictures of its course?"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.alerts import Alert, Evidence, Measure, Text
from stream.alert_words import CALLS, CLASSES, MEASURES, SEVERITIES, UNITS
from stream.backtest.report.charts import Spec, courses
from stream.backtest.report.tables import CASE_KINDS
from stream.backtest.report.words import NOTHING, hours, joined, same, title
from stream.backtest.result import Case, LabelResult, Result
from stream.printing import yuan
from stream.visit_courses import Course

MOST_CHARGED = 4  # stays whose charges are drawn day by day; what more would show nobody reads
_MOST_NAMED = 12
_MOST_CALLS = 3
_Facts = list[tuple[Text, Text]]


class Picture(msgspec.Struct, frozen=True):
    """A chart with its caption and what one should know to read it."""

    caption: Text
    note: Text | None
    spec: Spec


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the page shows it; every word of it can be searched for."""

    title: Text
    rule: str
    kind: dict[str, Any]
    where: str
    fund: int | None
    words: Text
    facts: _Facts
    measures: list[list[Any]]
    visits: list[list[Any]]
    pictures: list[Picture]


def told(result: Result, case: Case) -> Told:
    """One case."""
    label = None if case.label is None or result.labels is None else result.labels[case.label]
    alert = case.alert
    facts = _label_facts(label) if label is not None else []
    words = _missed_words(label)
    if alert is not None:
        words, facts = alert.text, _alert_facts(alert) + facts
    name = title(result, case.rule)
    where = (alert.institution_name or alert.institution if alert else label.institution if label else None) or NOTHING
    kind = CASE_KINDS.get(case.kind, same(case.kind))
    return Told(
        title=name,
        rule=case.rule,
        kind={"kind": case.kind, "words": kind},
        where=where,
        fund=None if alert is None else alert.fund_at_risk,
        words=words,
        facts=facts,
        measures=[] if alert is None else [_measure(one) for one in alert.measures],
        visits=[_visit(stay) for stay in case.stays[:_MOST_NAMED]],
        pictures=_pictures(case),
    )


def _pictures(case: Case) -> list[Picture]:
    found: list[Picture] = []
    alert = case.alert
    if alert is not None and alert.series is not None and alert.series.points:
        note = Text(
            "阴影为按自身历史预期的范围，超出上限的点为红色。",
            "Shaded: what its own history lets expect; red: above it.",
        )
        found.append(
            Picture(
                Text("实测与预期范围", "What was measured, and what was expected"),
                note,
                courses.band(alert.series, alert),
            )
        )
    side_by_side = courses.lanes(case.stays, alert)
    if side_by_side is not None:
        left_out = len(case.stays) - courses.MOST_LANES
        note = Text(
            "每行一次就诊：人员 · 就诊 · 机构（各取末六位）；每格一天。",
            "A lane a visit: person · visit · institution (the last six of each); a cell a day.",
        )
        if left_out > 0:
            note = Text(f"{note.zh}另有{left_out}次未画出。", f"{note.en} {left_out} more are not drawn.")
        found.append(Picture(Text("逐日经过", "Day by day"), note, side_by_side))
    for stay in [stay for stay in case.stays if stay.kind == "stay"][:MOST_CHARGED]:
        spec = courses.charges(stay)
        if spec is not None:
            caption = Text(f"每日费用：就诊 {stay.visit}", f"Charges day by day: visit {stay.visit}")
            found.append(Picture(caption, None, spec))
    return found


def _alert_facts(alert: Alert) -> _Facts:
    severity = SEVERITIES.get(alert.severity, same(alert.severity))
    rule_class = CLASSES.get(alert.rule_class, same(alert.rule_class))
    left = alert.evidence_total - _MOST_CALLS
    calls = [_call(one) for one in alert.evidence[:_MOST_CALLS]] + (
        [Text(f"另{left}笔", f"{left} more")] if left > 0 else []
    )
    facts: _Facts = [
        (Text("预警编号", "alert"), same(alert.alert_id)),
        (
            Text("程度、评分", "severity, score"),
            Text(f"{severity.zh}，{alert.score:.2f}", f"{severity.en}, {alert.score:.2f}"),
        ),
        (Text("发出", "raised"), same(alert.raised_at)),
        (Text("涉及期间", "about"), same(f"{alert.begin} – {alert.end or ''}")),
        (Text("涉及基金", "fund at risk"), same(yuan(alert.fund_at_risk))),
        (Text("人员", "persons"), _named(alert.persons)),
        (Text("户", "household"), same(alert.household or "")),
        (Text("药品、项目", "item"), same(alert.item or "")),
        (Text("类别", "class"), rule_class),
        (Text("依据", "basis"), joined([same(one) for one in alert.basis], "；", "; ")),
        (Text("证据交易", "evidence"), joined(calls, "；", "; ")),
    ]
    return [(name, value) for name, value in facts if value.zh]


def _call(one: Evidence) -> Text:
    name = CALLS.get(one.infno, same(""))
    return Text(f"{one.infno} {name.zh} {one.msgid}", f"{one.infno} {name.en} {one.msgid}")


def _label_facts(label: LabelResult) -> _Facts:
    found = (
        Text("漏报", "missed")
        if label.found_by is None
        else Text(
            f"{label.raised_at}，延迟{hours(label.delay_hours).zh}",
            f"{label.raised_at}, {hours(label.delay_hours).en} after its begin",
        )
    )
    return [
        (Text("标签期间", "label"), same(f"{label.begin} – {label.end or ''}")),
        (Text("查出", "found"), found),
    ]


def _visit(stay: Course) -> list[Any]:
    return [stay.visit, stay.person, stay.begin, stay.end, stay.diagnosis or None, stay.scope, stay.institution]


def _named(persons: list[str]) -> Text:
    left = len(persons) - _MOST_NAMED
    more = [Text(f"等{len(persons)}人", f"{left} more")] if left > 0 else []
    return joined([same(person) for person in persons[:_MOST_NAMED]] + more)


def _missed_words(label: LabelResult | None) -> Text:
    if label is None:
        return Text("没有预警，也没有标签。", "Neither an alert nor a label.")
    return Text(
        f"标签所述的{label.begin}至{label.end or '今'}没有任何预警查出。",
        f"No alert found what the label says of {label.begin} to {label.end or 'now'}.",
    )


def _measure(one: Measure) -> list[Any]:
    return [
        MEASURES.get(one.name, same(one.name)),
        one.value,
        one.limit,
        one.expected,
        UNITS.get(one.unit, same(one.unit)),
    ]
