"""How right is each rule, and how sure is that? A dot and its 95 % interval a rule."""

from __future__ import annotations

from schemas.alerts import Text
from stream.backtest.report.answer import GOAL_PRECISION, GOAL_RECALL
from stream.backtest.report.charts import COLOURS, MUTED, Spec
from stream.backtest.result import Interval, Result, RuleResult


def precision_chart(result: Result) -> Spec | None:
    """None where no rule has a precision."""
    rows = [(r.title, r.precision, r.precision_interval, _of(r.hits, r.alerts)) for r in _by_labels(result)]
    return _dots(rows, GOAL_PRECISION, COLOURS[0])


def recall_chart(result: Result) -> Spec | None:
    """None where no rule has a recall."""
    rows = [(r.title, r.recall, r.recall_interval, _of(r.found, r.labels)) for r in _by_labels(result)]
    return _dots(rows, GOAL_RECALL, COLOURS[2])


def _by_labels(result: Result) -> list[RuleResult]:
    known = [rule for rule in result.rules.values() if rule.labels]
    return sorted(known, key=lambda rule: (-(rule.labels or 0), rule.title.en))


def _of(part: int | None, whole: int | None) -> str:
    return "–" if part is None or whole is None else f"{part} / {whole}"


def _dots(rows: list[tuple[Text, float | None, Interval | None, str]], goal: float, colour: str) -> Spec | None:
    if all(value is None for _, value, _, _ in rows):
        return None
    values = [
        {
            "rule": title,
            "share": value,
            "low": None if bounds is None else bounds.low,
            "high": None if bounds is None else bounds.high,
            "of": of,
        }
        for title, value, bounds, of in rows
    ]
    percent = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}}
    tooltip = [
        {"field": "rule", "title": Text("规则", "rule")},
        {"field": "of", "title": Text("数量", "count")},
        {"field": "share", "format": ".1%", "title": Text("比例", "share")},
        {"field": "low", "format": ".1%", "title": Text("95%区间下限", "95 % from")},
        {"field": "high", "format": ".1%", "title": Text("95%区间上限", "95 % to")},
    ]
    y = {
        "field": "rule", "type": "nominal", "sort": [title for title, *_ in rows], "title": None,
        "axis": {"ticks": False, "domain": False, "labelLimit": 210},
    }  # fmt: skip
    rows_of = {"y": y, "tooltip": tooltip}
    return {
        "height": {"step": 25},
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "rule", "strokeDash": [4, 3], "color": MUTED, "tooltip": False},
                "encoding": {"x": {"datum": goal, **x}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.35, "strokeCap": "round", "color": colour},
                "encoding": {**rows_of, "x": {"field": "low", **x, "axis": percent, "title": None}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 85, "opacity": 1, "color": colour},
                "encoding": {**rows_of, "x": {"field": "share", **x}},
            },
        ],
    }  # fmt: skip
