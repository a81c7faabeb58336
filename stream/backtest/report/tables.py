"""Which tables does the report hold? Columns with their kind, and rows of plain values that the page writes and sorts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from schemas.alerts import Text
from stream.alert_words import SEVERITIES
from stream.backtest.report.charts.comparison import differing
from stream.backtest.report.words import SEVERITY_RANKS, joined, same, setting, title
from stream.backtest.result import Interval, LabelResult, Place, Result, RuleResult, SweepPoint

RowT = TypeVar("RowT")
_MOST_VISITS = 4


class Column(msgspec.Struct, frozen=True):
    """``kind``: text, words (long), time, count, number, share, range (of a share), yuan (of fen), hours, badge or case."""

    title: Text
    kind: str
    filter: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What the page makes a sorting, filtering table of. ``order``: column and direction at first."""

    caption: Text
    columns: list[Column]
    rows: list[list[Any]]
    order: list[tuple[int, str]]
    page: int = 10


class Field(msgspec.Struct, Generic[RowT], frozen=True):
    """A column, and where its value comes from."""

    column: Column
    value: Callable[[RowT], Any]


def rules_table(result: Result) -> Table:
    """A row a rule."""
    fields: list[Field[tuple[str, RuleResult]]] = [
        _field("规则", "rule", "text", lambda row: Text(f"{row[1].title.zh} {row[0]}", f"{row[1].title.en} {row[0]}")),
        _field("待核查预警", "open alerts", "count", lambda row: row[1].alerts),
        _field("每日", "a day", "number", lambda row: row[1].alerts_a_day),
        _field("已撤回", "retracted", "count", lambda row: row[1].retracted),
        _field("标签", "labels", "count", lambda row: row[1].labels),
        _field(
            "查准率（95%）",
            "precision (95 %)",
            "range",
            lambda row: _range(row[1].precision, row[1].precision_interval),
        ),
        _field("查全率（95%）", "recall (95 %)", "range", lambda row: _range(row[1].recall, row[1].recall_interval)),
        _field("延迟中位数", "median delay", "hours", lambda row: row[1].delay_hours_median),
        _field(
            "及时（95%）", "in time (95 %)", "range", lambda row: _range(row[1].in_time_share, row[1].in_time_interval)
        ),
        _field("涉及基金", "fund at risk", "yuan", lambda row: row[1].fund_at_risk),
    ]
    if any(rule.verdicts is not None for rule in result.rules.values()):
        fields.insert(7, _field("核查属实（95%）", "confirmed (95 %)", "range", _confirmed))
    return _table(Text("规则", "Rules"), fields, list(result.rules.items()), [(len(fields) - 1, "desc")], 25)


def institutions_table(result: Result) -> Table:
    """A row an institution."""
    fields: list[Field[tuple[str, Any]]] = [
        _field("机构", "institution", "text", lambda row: row[0]),
        _field("名称", "name", "text", lambda row: row[1].name),
        _field("待核查预警", "open alerts", "count", lambda row: row[1].alerts),
        _field("涉及基金", "fund at risk", "yuan", lambda row: row[1].fund_at_risk),
        _field("规则", "rules", "text", lambda row: _by_rule(result, row[1].rules)),
    ]
    if any(one.standing is not None for one in result.institutions.values()):
        fields.insert(2, _field("状况", "standing", "number", lambda row: row[1].standing))
    if result.comparison is not None:
        changed = result.comparison.institutions
        fields.insert(
            3, _field("新增", "gained", "count", lambda row: changed[row[0]].gained if row[0] in changed else 0)
        )
        fields.insert(4, _field("消失", "lost", "count", lambda row: changed[row[0]].lost if row[0] in changed else 0))
    money = next(n for n, field in enumerate(fields) if field.column.kind == "yuan")
    return _table(Text("机构", "Institutions"), fields, list(result.institutions.items()), [(money, "desc")])


def alerts_table(result: Result) -> Table:
    """A row an alert."""
    has_labels = result.labels is not None
    fields: list[Field[Place]] = [
        _field("发出", "raised", "time", lambda one: one.raised_at),
        _field("规则", "rule", "text", lambda one: title(result, one.rule), True),
        _field("程度", "severity", "badge", lambda one: _severity(one.severity), True),
        _field("机构", "institution", "text", _institution, True),
        _field("涉及基金", "fund at risk", "yuan", lambda one: one.fund_at_risk),
        *([_field("标签", "label", "badge", lambda one: hit_badge(one.is_hit), True)] if has_labels else []),
        *(
            [_field("核查", "verdict", "badge", lambda one: verdict_badge(one.verdict), True)]
            if any(p.verdict for p in result.places)
            else []
        ),
        _field("个案", "case", "case", lambda one: one.case),
        _field("说明", "what it says", "words", lambda one: one.text),
    ]
    return _table(Text("预警", "Alerts"), fields, result.places, [(4, "desc")])


def labels_table(result: Result) -> Table | None:
    """A row a label: what was there to be found, and what was made of it."""
    if not result.labels:
        return None
    fields: list[Field[LabelResult]] = [
        _field("规则", "rule", "text", lambda one: title(result, one.pattern), True),
        _field("结果", "outcome", "badge", _outcome, True),
        _field("机构", "institution", "text", lambda one: _named(result, one.institution), True),
        _field("开始", "begin", "time", lambda one: one.begin),
        _field("结束", "end", "time", lambda one: one.end),
        _field("首次预警", "first alert", "time", lambda one: one.raised_at),
        _field("延迟", "delay", "hours", lambda one: one.delay_hours),
        _field("就诊、项目", "visits, item", "text", _about),
    ]
    return _table(Text("标签", "Labels"), fields, result.labels, [(1, "desc"), (3, "asc")])


def sweep_table(points: list[SweepPoint], suggested: Any) -> Table:
    """A row a value, in the order in which they were asked for."""
    roles = {True: Text("现值", "present"), False: Text("", "")}
    fields: list[Field[tuple[int, SweepPoint]]] = [
        _field("次序", "order", "count", lambda row: row[0]),
        _field("取值", "value", "text", lambda row: setting(row[1].value)),
        _field(
            "",
            "",
            "text",
            lambda row: Text("建议值", "suggested") if row[1].value == suggested else roles[row[1].is_current],
        ),
        _field("预警", "alerts", "count", lambda row: row[1].alerts),
        _field("每日", "a day", "number", lambda row: row[1].alerts_a_day),
        _field(
            "查准率（95%）",
            "precision (95 %)",
            "range",
            lambda row: _range(row[1].precision, row[1].precision_interval),
        ),
        _field("查全率（95%）", "recall (95 %)", "range", lambda row: _range(row[1].recall, row[1].recall_interval)),
        _field("延迟中位数", "median delay", "hours", lambda row: row[1].delay_hours_median),
        _field("及时", "in time", "share", lambda row: row[1].in_time_share),
        _field("涉及基金", "fund at risk", "yuan", lambda row: row[1].fund_at_risk),
    ]
    return _table(Text("各取值", "Value by value"), fields, list(enumerate(points, 1)), [(0, "asc")], 25)


def comparison_table(result: Result) -> Table | None:
    """A row a rule that differs."""
    comparison = result.comparison
    if comparison is None or not differing(comparison):
        return None
    fields: list[Field[Any]] = [
        _field("规则", "rule", "text", lambda one: one.title),
        _field("改动的参数", "what was changed", "text", lambda one: changed_words(one.changed)),
        _field("基线", "baseline", "count", lambda one: one.before),
        _field("候选", "candidate", "count", lambda one: one.after),
        _field("相同", "same", "count", lambda one: one.same),
        _field("新增", "gained", "count", lambda one: one.gained),
        _field("消失", "lost", "count", lambda one: one.lost),
        _field("变动", "moved", "count", lambda one: one.moved),
        _field(
            "时间变化（中位数，负为提前）",
            "shift (median, negative: earlier)",
            "hours",
            lambda one: one.raised_later_hours_median,
        ),
        _field("基线金额", "baseline's fund", "yuan", lambda one: one.fund_before),
        _field("候选金额", "candidate's fund", "yuan", lambda one: one.fund_after),
    ]
    return _table(Text("有差别的规则", "Rules that differ"), fields, differing(comparison), [(5, "desc")], 25)


def examples_table(result: Result) -> Table | None:
    """Alerts that came, went or moved."""
    if result.comparison is None:
        return None
    rows: list[tuple[str, Place]] = []
    for rule in result.comparison.rules.values():
        rows += [("gained", one) for one in rule.gained_examples] + [("lost", one) for one in rule.lost_examples]
        rows += [("moved", moved.after) for moved in rule.moved_examples]
    if not rows:
        return None
    fields: list[Field[tuple[str, Place]]] = [
        _field("变化", "change", "badge", lambda row: {"kind": row[0], "words": CASE_KINDS[row[0]]}, True),
        _field("规则", "rule", "text", lambda row: title(result, row[1].rule), True),
        _field("发出", "raised", "time", lambda row: row[1].raised_at),
        _field("机构", "institution", "text", lambda row: _institution(row[1]), True),
        _field("涉及基金", "fund at risk", "yuan", lambda row: row[1].fund_at_risk),
        _field("标签", "label", "badge", lambda row: hit_badge(row[1].is_hit), True),
        _field("个案", "case", "case", lambda row: row[1].case),
        _field("说明", "what it says", "words", lambda row: row[1].text),
    ]
    return _table(Text("新增、消失、变动的例子", "Examples of what came, went and moved"), fields, rows, [(4, "desc")])


CASE_KINDS = {
    "hit": Text("命中标签", "hits a label"),
    "unlabelled": Text("无对应标签", "no label"),
    "gained": Text("新增", "gained"),
    "lost": Text("消失", "lost"),
    "moved": Text("变动", "moved"),
    "missed": Text("漏报", "missed"),
}


VERDICTS = {
    "confirmed": Text("属实", "confirmed"),
    "rejected": Text("不属实", "rejected"),
    "undecided": Text("未定", "undecided"),
}
_VERDICT_KINDS = {"confirmed": "hit", "rejected": "false", "undecided": "medium"}


def hit_badge(is_hit: bool | None) -> dict[str, Any] | None:
    """Whether an alert hits a label; None where nobody can say."""
    if is_hit is None:
        return None
    return (
        {"kind": "hit", "words": Text("命中", "hit")}
        if is_hit
        else {"kind": "false", "words": Text("未命中", "no hit")}
    )


def verdict_badge(verdict: str | None) -> dict[str, Any] | None:
    """An inspector's newest word; None where nothing was said."""
    return (
        None
        if verdict is None
        else {"kind": _VERDICT_KINDS.get(verdict, ""), "words": VERDICTS.get(verdict, same(verdict))}
    )


def changed_words(changed: dict[str, list[Any]]) -> Text:
    """Each changed parameter with its two values."""
    return same("; ".join(f"{name}: {setting(old)} → {setting(new)}" for name, (old, new) in changed.items()))


def _table(
    caption: Text, fields: list[Field[RowT]], rows: list[RowT], order: list[tuple[int, str]], page: int = 10
) -> Table:
    values = [[field.value(row) for field in fields] for row in rows]
    return Table(caption=caption, columns=[field.column for field in fields], rows=values, order=order, page=page)


def _field(zh: str, en: str, kind: str, value: Callable[[Any], Any], is_filter: bool = False) -> Field[Any]:
    return Field(Column(Text(zh, en), kind, is_filter), value)


def _range(value: float | None, bounds: Interval | None) -> list[float] | None:
    return None if value is None or bounds is None else [value, bounds.low, bounds.high]


def _confirmed(row: tuple[str, RuleResult]) -> list[float] | None:
    verdicts = row[1].verdicts
    return None if verdicts is None else _range(verdicts.precision, verdicts.precision_interval)


def _by_rule(result: Result, counts: dict[str, int]) -> Text:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return joined([Text(f"{title(result, rule).zh} {n}", f"{title(result, rule).en} {n}") for rule, n in ranked if n])


def _severity(severity: str) -> dict[str, Any]:
    return {
        "kind": severity,
        "words": SEVERITIES.get(severity, same(severity)),
        "rank": SEVERITY_RANKS.get(severity, 0),
    }


def _institution(place: Place) -> str | None:
    return place.institution_name or place.institution or None


def _named(result: Result, institution: str | None) -> str | None:
    known = result.institutions.get(institution or "")
    return institution if known is None or known.name is None else known.name


def _about(label: LabelResult) -> str | None:
    more = " …" if len(label.visits) > _MOST_VISITS else ""
    return ", ".join(label.visits[:_MOST_VISITS]) + more if label.visits else label.item


def _outcome(label: LabelResult) -> dict[str, Any]:
    if label.found_by is None:
        return {"kind": "missed", "words": CASE_KINDS["missed"], "rank": 3}
    if label.in_time:
        return {"kind": "hit", "words": Text("及时查出", "found in time"), "rank": 1}
    return {"kind": "moved", "words": Text("事后查出", "found afterwards"), "rank": 2}
