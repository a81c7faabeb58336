"""How many alerts would have come, day by day or week by week, and from which rules?"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from schemas.alerts import Text
from stream.backtest.report.charts import COLOURS, Spec
from stream.backtest.report.words import moment, title
from stream.backtest.result import Result

MOST_DAYS = 150  # more bars than that are hairlines: then they are weeks
_RULES_NAMED = len(COLOURS) - 1
_OTHERS = Text("其他规则", "other rules")


def load_chart(result: Result) -> Spec | None:
    """Stacked bars; the busiest rules have a colour of their own. None where nothing was alerted."""
    totals = {load.rule: sum(load.alerts) for load in result.load}
    if not any(totals.values()):
        return None
    ranked = sorted((rule for rule in totals if totals[rule]), key=lambda rule: (-totals[rule], rule))
    named = ranked[:_RULES_NAMED] if len(ranked) > len(COLOURS) else ranked
    titles = [title(result, rule) for rule in named] + ([_OTHERS] if len(named) < len(ranked) else [])
    step = step_days(result)
    return {
        "height": 240,
        "data": {"values": _bars(result, named, step)},
        "params": [{"name": "picked", "select": {"type": "point", "fields": ["rule"]}, "bind": "legend"}],
        "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 0.5},
        "encoding": {
            "x": {"field": "from", "type": "temporal", "title": None, "axis": {"grid": False, "format": "%m-%d"}},
            "x2": {"field": "to"},
            "y": {"field": "low", "type": "quantitative", "title": per_step(step), "axis": {"tickMinStep": 1}},
            "y2": {"field": "high"},
            "color": {
                "field": "rule", "type": "nominal", "scale": {"domain": titles, "range": list(COLOURS[: len(titles)])},
                "legend": {"orient": "bottom", "columns": 4, "title": None, "symbolType": "square"},
            },
            "opacity": {"condition": {"param": "picked", "value": 1}, "value": 0.15},
            "tooltip": [
                {"field": "from", "type": "temporal", "format": "%Y-%m-%d", "title": Text("日期", "from")},
                {"field": "rule", "title": Text("规则", "rule")},
                {"field": "alerts", "title": Text("预警", "alerts")},
            ],
        },
    }  # fmt: skip


def step_days(result: Result) -> int:
    """1, or 7 for a long window."""
    return 7 if len(result.days) > MOST_DAYS else 1


def per_step(step: int) -> Text:
    """What the height of a bar counts."""
    return Text("每周预警数", "alerts a week") if step > 1 else Text("每日预警数", "alerts a day")


def _bars(result: Result, named: list[str], step: int) -> list[dict[str, object]]:
    counts: Counter[tuple[int, int]] = Counter()  # place of the step, rank of the rule
    rank = {rule: number for number, rule in enumerate(named)}
    for load in result.load:
        for day, alerts in enumerate(load.alerts):
            counts[day // step, rank.get(load.rule, len(named))] += alerts
    tops: Counter[int] = Counter()
    first = [date.fromisoformat(day) for day in result.days[::step]]
    bars: list[dict[str, object]] = []
    for (place, number), alerts in sorted(counts.items()):
        if not alerts:
            continue
        bars.append(
            {
                "from": moment(first[place].isoformat()),
                "to": moment((first[place] + timedelta(days=step)).isoformat()),
                "rule": title(result, named[number]) if number < len(named) else _OTHERS,
                "alerts": alerts,
                "low": tops[place],
                "high": tops[place] + alerts,
            }
        )
        tops[place] += alerts
    return bars
