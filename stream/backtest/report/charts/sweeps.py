"""What does each value of a swept parameter find, and what does it cost?"""

from __future__ import annotations

from typing import Any

from schemas.alerts import Text
from stream.backtest.report.charts import COLOURS, GOOD, INK, MUTED, Spec
from stream.backtest.report.words import setting
from stream.backtest.result import Suggestion, SweepPoint, Value

_CURRENT, _SUGGESTED, _OTHER = Text("现值", "present"), Text("建议值", "suggested"), Text("其他取值", "other values")
_ROLES = {
    "field": "role", "type": "nominal", "title": None, "legend": {"orient": "top", "symbolType": "circle"},
    "scale": {"domain": [_CURRENT, _SUGGESTED, _OTHER], "range": [INK, GOOD, COLOURS[0]]},
}  # fmt: skip
_SHARE: dict[str, Any] = {
    "type": "quantitative",
    "scale": {"domain": [0, 1]},
    "axis": {"format": ".0%", "values": [0, 0.2, 0.4, 0.6, 0.8, 1]},
}


def trade_off(points: list[SweepPoint], suggestion: Suggestion | None) -> Spec | None:
    """Precision over recall along the values; values that come to the same are one dot. None without labels."""
    known = [point for point in points if point.precision is not None and point.recall is not None]
    if not known:
        return None
    suggested = None if suggestion is None else suggestion.value
    line = [{"order": place, "recall": point.recall, "precision": point.precision} for place, point in enumerate(known)]
    return {
        "height": 300,
        "data": {"values": line},
        "encoding": {
            "x": {"field": "recall", "title": Text("查全率", "recall"), **_SHARE},
            "y": {"field": "precision", "title": Text("查准率", "precision"), **_SHARE},
        },
        "layer": [
            {"mark": {"type": "line", "color": MUTED, "strokeWidth": 1.5}, "encoding": {"order": {"field": "order"}}},
            {
                "data": {"values": _dots(known, suggested)},
                "encoding": {"tooltip": _tooltip()},
                "layer": [
                    {
                        "mark": {"type": "point", "filled": True, "opacity": 1, "size": 110},
                        "encoding": {"color": _ROLES, "shape": _shapes()},
                    },
                    {
                        "mark": {"type": "text", "align": "right", "dx": -9, "dy": -9, "fontWeight": 600},
                        "encoding": {"text": {"field": "values"}},
                    },
                ],
            },
        ],
    }  # fmt: skip


def along(points: list[SweepPoint], suggestion: Suggestion | None, measure: str, name: Text) -> Spec:
    """One measure of the points, value by value, in the order in which they were asked for."""
    suggested = None if suggestion is None else suggestion.value
    form = "~s" if measure == "fund_at_risk" else ",.3~f"
    rows = [
        {
            "value": setting(point.value),
            "role": _role(point, suggested),
            "measured": getattr(point, measure) / (100 if measure == "fund_at_risk" else 1),
        }
        for point in points
        if getattr(point, measure) is not None
    ]
    return {
        "height": 110,
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.62}, "cornerRadiusEnd": 2},
        "encoding": {
            "x": {"field": "value", "type": "ordinal", "sort": None, "title": None, "axis": {"labelAngle": 0, "ticks": False}},
            "y": {"field": "measured", "type": "quantitative", "title": name, "axis": {"tickCount": 4, "format": form}},
            "color": {**_ROLES, "legend": None},
            "tooltip": [
                {"field": "value", "title": Text("取值", "value")},
                {"field": "measured", "format": ",.2f", "title": name},
            ],
        },
    }  # fmt: skip


def _dots(points: list[SweepPoint], suggested: Value | None) -> list[dict[str, object]]:
    dots: dict[tuple[float | None, float | None], list[SweepPoint]] = {}
    for point in points:
        dots.setdefault((point.recall, point.precision), []).append(point)
    rank = {_CURRENT: 0, _SUGGESTED: 1, _OTHER: 2}
    return [
        {
            "recall": recall,
            "precision": precision,
            "values": _span([setting(one.value) for one in same]),
            "role": min((_role(one, suggested) for one in same), key=lambda role: rank[role]),
            "alerts": _span([str(one.alerts) for one in same]),
            "found": f"{same[0].found} / {same[0].labels}",
        }
        for (recall, precision), same in dots.items()
    ]


def _span(values: list[str]) -> str:
    """
    >>> _span(["3"]), _span(["3", "4"]), _span(["3", "4", "5", "6"])
    ('3', '3, 4', '3 … 6')
    """
    return ", ".join(values) if len(values) < 3 else f"{values[0]} … {values[-1]}"


def _role(point: SweepPoint, suggested: Value | None) -> Text:
    if point.is_current:
        return _CURRENT
    return _SUGGESTED if suggested is not None and point.value == suggested else _OTHER


def _shapes() -> dict[str, Any]:
    shapes = {"domain": [_CURRENT, _SUGGESTED, _OTHER], "range": ["circle", "diamond", "circle"]}
    return {**_ROLES, "scale": shapes, "legend": {"orient": "top"}}


def _tooltip() -> list[dict[str, object]]:
    return [
        {"field": "values", "title": Text("取值", "value")},
        {"field": "recall", "format": ".1%", "title": Text("查全率", "recall")},
        {"field": "precision", "format": ".1%", "title": Text("查准率", "precision")},
        {"field": "found", "title": Text("查出标签", "labels found")},
        {"field": "alerts", "title": Text("预警", "alerts")},
    ]
