"""What does the candidate say otherwise than the baseline: alerts gained, lost and moved, and the money they are about?"""

from __future__ import annotations

from schemas.alerts import Text
from stream.backtest.report.charts import BAD, GOOD, INK, MUTED, WARN, Spec
from stream.backtest.report.totals import differs
from stream.backtest.result import Comparison, RuleComparison

GAINED, LOST, MOVED = Text("新增", "gained"), Text("消失", "lost"), Text("变动", "moved")


def differing(comparison: Comparison) -> list[RuleComparison]:
    """The rules that say something otherwise, the most alerts first."""
    rules = [rule for rule in comparison.rules.values() if differs(rule)]
    return sorted(rules, key=lambda rule: (-(rule.gained + rule.lost), rule.rule))


def changes_chart(comparison: Comparison) -> Spec | None:
    """To the right what came and what moved, to the left what went."""
    rules = differing(comparison)
    if not rules:
        return None
    rows = [
        {"rule": rule.title, "what": what, "alerts": alerts, "count": abs(alerts)}
        for rule in rules
        for what, alerts in ((GAINED, rule.gained), (MOVED, rule.moved), (LOST, -rule.lost))
        if alerts
    ]
    return {
        "height": {"step": 28},
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.6}},
                "encoding": {
                    "y": _rule_axis(rules),
                    "x": {
                        "field": "alerts", "type": "quantitative",
                        "title": Text("预警数（消失的向左）", "alerts (lost: to the left)"),
                        "axis": {"tickMinStep": 1, "tickCount": 8, "labelExpr": "abs(datum.value)"},
                    },
                    "color": {
                        "field": "what", "type": "nominal", "legend": {"orient": "top", "title": None},
                        "scale": {"domain": [GAINED, MOVED, LOST], "range": [GOOD, WARN, BAD]},
                    },
                    "tooltip": [
                        {"field": "rule", "title": Text("规则", "rule")},
                        {"field": "what", "title": Text("变化", "change")},
                        {"field": "count", "title": Text("预警", "alerts")},
                    ],
                },
            },
            {"mark": {"type": "rule", "color": MUTED}, "encoding": {"x": {"datum": 0}}},
        ],
    }  # fmt: skip


def money_chart(comparison: Comparison) -> Spec | None:
    """The fund at risk by rule: an empty ring for the baseline, a dot for the candidate."""
    rules = differing(comparison)
    if not rules:
        return None
    rows = [{"rule": rule.title, "before": rule.fund_before / 100, "after": rule.fund_after / 100} for rule in rules]
    x = {
        "type": "quantitative",
        "title": Text("涉及基金（元）", "fund at risk (yuan)"),
        "axis": {"format": "~s", "tickCount": 6},
    }
    tooltip = [
        {"field": "rule", "title": Text("规则", "rule")},
        {"field": "before", "format": ",.2f", "title": Text("基线（元）", "baseline (yuan)")},
        {"field": "after", "format": ",.2f", "title": Text("候选（元）", "candidate (yuan)")},
    ]
    return {
        "height": {"step": 28},
        "data": {"values": rows},
        "encoding": {"y": _rule_axis(rules), "tooltip": tooltip},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "color": MUTED, "opacity": 0.6},
                "encoding": {"x": {"field": "before", **x}, "x2": {"field": "after"}},
            },
            {
                "mark": {"type": "point", "size": 90, "color": INK, "strokeWidth": 2, "fill": "var(--card)", "opacity": 1},
                "encoding": {"x": {"field": "before", **x}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "color": INK, "opacity": 1},
                "encoding": {"x": {"field": "after", **x}},
            },
        ],
    }  # fmt: skip


def _rule_axis(rules: list[RuleComparison]) -> dict[str, object]:
    return {
        "field": "rule", "type": "nominal", "title": None, "sort": [rule.title for rule in rules],
        "axis": {"ticks": False, "domain": False, "labelLimit": 210},
    }  # fmt: skip
