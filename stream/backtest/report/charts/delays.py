"""How long after a scheme began was it alerted? Over all, and rule by rule."""

from __future__ import annotations

from schemas.alerts import Text
from stream.backtest.report.charts import COLOURS, INK, Spec
from stream.backtest.report.words import title
from stream.backtest.result import LabelResult, Result

_DAYS = Text("从标签开始到首次预警（天）", "days from the label's begin to its first alert")
_IN_TIME = Text("结束前已预警", "before its end")
_LATE = Text("结束后才预警", "after its end")


def found_by_then(result: Result) -> Spec | None:
    """What share of all labels had been found after so many days: a curve that ends at the recall."""
    labels = result.labels or []
    delays = sorted(label.delay_hours / 24 for label in labels if label.delay_hours is not None)
    if not delays:
        return None
    steps = [{"days": 0.0, "share": sum(delay <= 0 for delay in delays) / len(labels)}]
    steps += [
        {"days": round(delay, 3), "share": place / len(labels)} for place, delay in enumerate(delays, 1) if delay > 0
    ]
    return {
        "height": 220,
        "data": {"values": steps},
        "mark": {
            "type": "area", "interpolate": "step-after", "line": {"color": COLOURS[0]}, "opacity": 0.18, "color": COLOURS[0],
        },
        "encoding": {
            "x": {"field": "days", "type": "quantitative", "title": _DAYS, "scale": {"nice": False}},
            "y": {
                "field": "share", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": ".0%"},
                "title": Text("已查出的标签", "labels found by then"),
            },
            "tooltip": [
                {"field": "days", "format": ".1f", "title": Text("天", "days")},
                {"field": "share", "format": ".1%", "title": Text("已查出", "found")},
            ],
        },
    }  # fmt: skip


def delays_by_rule(result: Result) -> Spec | None:
    """A stroke a label, and the median of each rule."""
    found = [label for label in result.labels or [] if label.delay_hours is not None]
    if not found:
        return None
    patterns = sorted({label.pattern for label in found}, key=lambda rule: (_median(found, rule), rule))
    return {
        "height": {"step": 25},
        "data": {"values": [_stroke(result, label) for label in found]},
        "encoding": {
            "y": {
                "field": "rule", "type": "nominal", "title": None, "sort": [title(result, rule) for rule in patterns],
                "axis": {"ticks": False, "domain": False, "labelLimit": 210, "labelPadding": 10, "grid": True},
            },
        },
        "layer": [
            {
                "mark": {"type": "tick", "thickness": 2.5, "size": 16, "opacity": 0.85},
                "encoding": {
                    "x": {
                        "field": "days", "type": "quantitative", "title": _DAYS,
                        "scale": {"type": "symlog", "constant": 1}, "axis": {"values": [0, 1, 2, 5, 10, 20, 50, 100, 200, 400]},
                    },
                    "color": {
                        "field": "when", "type": "nominal", "legend": {"orient": "bottom", "title": None},
                        "scale": {"domain": [_IN_TIME, _LATE], "range": [COLOURS[0], COLOURS[1]]},
                    },
                    "tooltip": [
                        {"field": "rule", "title": Text("规则", "rule")},
                        {"field": "days", "format": ".1f", "title": Text("天", "days")},
                        {"field": "place", "title": Text("机构", "institution")},
                        {"field": "begin", "title": Text("开始", "begin")},
                    ],
                },
            },
            {
                "mark": {
                    "type": "point", "shape": "diamond", "size": 90, "color": INK, "strokeWidth": 2,
                    "filled": False, "opacity": 1,
                },
                "encoding": {"x": {"aggregate": "median", "field": "days", "type": "quantitative"}},
            },
        ],
    }  # fmt: skip


def _median(found: list[LabelResult], rule: str) -> float:
    delays = sorted(label.delay_hours or 0.0 for label in found if label.pattern == rule)
    return delays[len(delays) // 2]


def _stroke(result: Result, label: LabelResult) -> dict[str, object]:
    return {
        "rule": title(result, label.pattern),
        "days": round((label.delay_hours or 0.0) / 24, 3),
        "when": _IN_TIME if label.in_time else _LATE,
        "place": label.institution or "–",
        "begin": label.begin,
    }
