"""What happened in one case: stays side by side day by day, what was charged on them, a volume and the band it left."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from schemas.alerts import Alert, Series, Text
from schemas.codes import DRUGS, EXAMINATION, LABORATORY, MATERIAL, OPERATION, ROUTINE, TREATMENT
from stream.alert_words import UNITS
from stream.backtest.report.charts import BAD, COLOURS, INK, MUTED, Spec
from stream.backtest.report.words import moment, same
from stream.visit_courses import Course, CourseDay

STATES = (
    Text("有诊疗", "treated"),
    Text("仅床位、护理、诊察", "bed, nursing, consulting only"),
    Text("无费用", "nothing billed"),
    Text("在别处就诊", "served elsewhere"),
)
TREATED, IDLE, NOTHING, ELSEWHERE = range(len(STATES))  # a page holds thousands of days: each says a number, not words
_STATE_COLOURS = [COLOURS[2], COLOURS[1], BAD, COLOURS[3]]

# med_chrgitm_type by what an inspector looks for first
KINDS = (
    Text("床位、护理、诊察", "bed, nursing, consulting"),
    Text("检查、化验", "examinations, tests"),
    Text("治疗、手术", "treatment, operations"),
    Text("药品", "drugs"),
    Text("材料", "materials"),
    Text("其他", "other"),
)
_CODES = (ROUTINE, {EXAMINATION, LABORATORY}, {TREATMENT, OPERATION}, DRUGS, {MATERIAL})
_OTHER_KIND = len(_CODES)
_KIND_COLOURS = [COLOURS[7], COLOURS[0], COLOURS[2], COLOURS[1], COLOURS[4], COLOURS[6]]
MOST_LANES = 30
MOST_DAY_TICKS = 40


def lanes(stays: list[Course], alert: Alert | None) -> Spec | None:
    """A lane a visit, a cell a day, by what the day shows; a stroke where the alert was raised."""
    shown = [stay for stay in stays if stay.begin is not None][:MOST_LANES]
    if not shown:
        return None
    names = [_name(stay) for stay in shown]
    y = {
        "field": "visit", "type": "nominal", "sort": names, "title": None,
        "axis": {"ticks": False, "domain": False, "labelLimit": 240},
    }  # fmt: skip
    x = {"type": "temporal", "title": None, "axis": _days(shown[0].begin or "", max(_last(stay) for stay in shown))}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [_span(stay) for stay in shown]},
            "mark": {"type": "rule", "strokeWidth": 2, "color": MUTED},
            "encoding": {"y": y, "x": {"field": "from", **x}, "x2": {"field": "to"}},
        },
        {
            "data": {"values": [cell for stay in shown for cell in _cells(stay)]},
            "transform": [{"calculate": _named(STATES, "datum.state"), "as": "said"}],
            "mark": {"type": "rect", "height": {"band": 0.62}, "stroke": "var(--card)", "strokeWidth": 1},
            "encoding": {
                "y": y, "x": {"field": "from", **x}, "x2": {"field": "to"},
                "color": {
                    "field": "state", "type": "nominal",
                    "legend": {"orient": "bottom", "title": None, "labelExpr": _named(STATES, "datum.value")},
                    "scale": {"domain": list(range(len(STATES))), "range": _STATE_COLOURS},
                },
                "tooltip": [
                    {"field": "visit", "title": Text("就诊", "visit")},
                    {"field": "from", "type": "temporal", "format": "%Y-%m-%d", "title": Text("日期", "day")},
                    {"field": "said", "title": Text("当日", "that day")},
                    {"field": "lines", "title": Text("明细：诊疗 / 常规", "lines: treatment / routine")},
                    {"field": "yuan", "format": ",.2f", "title": Text("政策范围内（元）", "within scope (yuan)")},
                ],
            },
        },
    ]  # fmt: skip
    moments = [_span(stay) for stay in shown if stay.kind != "stay"]
    if moments:
        mark = {"type": "point", "filled": True, "size": 60, "color": COLOURS[0], "opacity": 1}
        tooltip = [{"field": "visit", "title": Text("就诊", "visit")}, {"field": "at", "title": Text("时间", "time")}]
        encoding = {"y": y, "x": {"field": "from", **x}, "tooltip": tooltip}
        layers.append({"data": {"values": moments}, "mark": mark, "encoding": encoding})
    if alert is not None:
        layers += _raised(alert, x)
    return {"height": {"step": 26}, "layer": layers, "resolve": {"scale": {"y": "shared"}}}


def charges(stay: Course) -> Spec | None:
    """What a stay was charged, day by day and kind by kind; None where no day is known."""
    if not stay.days:
        return None
    rows = [row for day in stay.days for row in _stacked(day)]
    if not rows:
        return None
    return {
        "height": 150,
        "data": {"values": rows},
        "transform": [{"calculate": _named(KINDS, "datum.kind"), "as": "said"}],
        "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 1},
        "encoding": {
            "x": {"field": "from", "type": "temporal", "title": None, "axis": _days(stay.days[0].day, stay.days[-1].day)},
            "x2": {"field": "to"},
            "y": {"field": "low", "type": "quantitative", "title": Text("政策范围内（元）", "within scope (yuan)")},
            "y2": {"field": "high"},
            "color": {
                "field": "kind", "type": "nominal", "scale": {"domain": list(range(len(KINDS))), "range": _KIND_COLOURS},
                "legend": {"orient": "bottom", "title": None, "columns": 6, "labelExpr": _named(KINDS, "datum.value")},
            },
            "tooltip": [
                {"field": "from", "type": "temporal", "format": "%Y-%m-%d", "title": Text("日期", "day")},
                {"field": "said", "title": Text("类别", "kind")},
                {"field": "yuan", "format": ",.2f", "title": Text("元", "yuan")},
            ],
        },
    }  # fmt: skip


def band(series: Series, alert: Alert) -> Spec:
    """What was measured, and the band that was expected; what lies outside is marked."""
    rows = [
        {
            "at": moment(point.at), "value": point.value, "low": point.low, "high": point.high,
            "outside": point.high is not None and point.value > point.high,
        }
        for point in series.points
    ]  # fmt: skip
    unit = UNITS.get(series.unit, same(series.unit))
    x = {"type": "temporal", "title": None, "axis": {"format": "%m-%d", "grid": False}}
    tooltip = [
        {"field": "at", "type": "temporal", "format": "%Y-%m-%d", "title": Text("日期", "day")},
        {"field": "value", "title": Text("实测", "measured")},
        {"field": "low", "format": ".1f", "title": Text("预期下限", "expected from")},
        {"field": "high", "format": ".1f", "title": Text("预期上限", "expected to")},
    ]
    return {
        "height": 230,
        "data": {"values": rows},
        "encoding": {"x": {"field": "at", **x}},
        "layer": [
            {
                "mark": {"type": "area", "color": "var(--band)", "opacity": 0.2, "interpolate": "step"},
                "encoding": {"y": {"field": "low", "type": "quantitative", "title": unit}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": INK, "strokeWidth": 1.5},
                "encoding": {"y": {"field": "value", "type": "quantitative"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
                "encoding": {
                    "y": {"field": "value", "type": "quantitative"}, "tooltip": tooltip,
                    "color": {"condition": {"test": "datum.outside", "value": BAD}, "value": INK},
                },
            },
            *_raised(alert, x),
        ],
    }  # fmt: skip


def _raised(alert: Alert, x: dict[str, Any]) -> list[dict[str, Any]]:
    """A stroke at the time of the alert, with the word beside it."""
    data = {"values": [{"at": moment(alert.raised_at), "word": Text("预警", "alert")}]}
    position = {"x": {"field": "at", **x}}
    text = {"type": "text", "align": "left", "baseline": "bottom", "dx": 3, "y": -2, "color": INK, "fontWeight": 600}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [5, 3], "color": INK, "strokeWidth": 1.5},
            "encoding": position,
        },
        {"data": data, "mark": text, "encoding": {**position, "text": {"field": "word"}}},
    ]


def _stacked(day: CourseDay) -> list[dict[str, object]]:
    """A day's kinds on one another, yuan."""
    amounts = [0] * len(KINDS)
    for code, fen in day.charges.items():
        amounts[next((number for number, codes in enumerate(_CODES) if code[:2] in codes), _OTHER_KIND)] += fen
    if not day.charges:
        amounts[_OTHER_KIND] = day.scope
    bounds = list(accumulate(amounts, initial=0))
    return [
        {
            "from": moment(day.day), "to": moment(_next(day.day)), "kind": kind, "yuan": fen / 100,
            "low": bounds[kind] / 100, "high": bounds[kind + 1] / 100,
        }
        for kind, fen in enumerate(amounts)
        if fen
    ]  # fmt: skip


def _named(names: tuple[Text, ...], number: str) -> Text:
    """An expression of Vega that is the name of that number."""
    return Text(f"{[one.zh for one in names]}[{number}]", f"{[one.en for one in names]}[{number}]")


def _name(stay: Course) -> str:
    return f"{_tail(stay.person)} · {_tail(stay.visit)} · {_tail(stay.institution)}"


def _tail(code: str) -> str:
    """Enough of an id to tell neighbours apart; the whole one stands in the list of the case's facts."""
    return code if len(code) <= 7 else f"…{code[-6:]}"


def _span(stay: Course) -> dict[str, object]:
    begin = stay.begin or ""
    end = stay.end or (f"{stay.days[-1].day} 23:59:59" if stay.days else begin)
    return {"visit": _name(stay), "from": moment(begin), "to": moment(end), "at": begin}


def _last(stay: Course) -> str:
    """The last day that is known of a visit."""
    begin = (stay.begin or "")[:10]
    return stay.end[:10] if stay.end else max((day.day for day in stay.days), default=begin)


def _days(first: str, last: str) -> dict[str, Any]:
    """An axis with a tick a day, as long as they can be told apart."""
    axis: dict[str, Any] = {"format": "%m-%d", "grid": False, "labelOverlap": True}
    few = (date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])).days <= MOST_DAY_TICKS
    return {**axis, "tickCount": "day"} if few else axis


def _cells(stay: Course) -> list[dict[str, object]]:
    """The days of a stay, one by one. The day of discharge has a cell only where it was billed: often it is not, and rightly."""
    if stay.kind != "stay" or stay.begin is None:
        return []
    known = {day.day: day for day in stay.days}
    last = _last(stay)
    cells = []
    day = stay.begin[:10]
    while day <= last:
        if day in known or day != (stay.end or "")[:10]:
            cells.append(_cell(stay, day, known.get(day)))
        day = _next(day)
    return cells


def _cell(stay: Course, day: str, known: CourseDay | None) -> dict[str, object]:
    return {
        "visit": _name(stay), "from": moment(day), "to": moment(_next(day)), "state": _state(known),
        "lines": "0 / 0" if known is None else f"{known.treatment_lines} / {known.routine_lines}",
        "yuan": 0 if known is None else known.scope / 100,
    }  # fmt: skip


def _state(known: CourseDay | None) -> int:
    if known is None:
        return NOTHING
    if known.treatment_lines:
        return TREATED
    if known.is_elsewhere:
        return ELSEWHERE
    return IDLE if known.routine_lines else NOTHING


def _next(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
