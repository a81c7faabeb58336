"""How does a result become one page? Text and tables by a template, charts and rows as data that the page's scripts draw."""

from __future__ import annotations

from importlib import resources
from typing import Final

import jinja2
import msgspec
from markupsafe import Markup

from schemas.alerts import Text
from stream.backtest.report import answer, cases, tables, words
from stream.backtest.report.charts import Spec, comparison, delays, load, rules, sweeps
from stream.backtest.report.libraries import libraries
from stream.backtest.report.tiles import tiles
from stream.backtest.result import Result, Suggestion, SweepPoint

_TEMPLATES: Final = resources.files("stream.backtest.report") / "templates"
_SCRIPTS: Final = ("words.js", "charts.js", "tables.js", "cases.js", "page.js")  # in this order one module
_MEASURES: Final = (
    ("alerts_a_day", Text("每日预警", "alerts a day")),
    ("fund_at_risk", Text("涉及基金（元）", "fund at risk (yuan)")),
    ("delay_hours_median", Text("延迟中位数（小时）", "median delay (hours)")),
)


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter's sweep as the template shows it: names of charts and of the table."""

    rule: Text
    parameter: str
    suggestion: Suggestion | None
    trade_off: str | None
    along: list[tuple[str, Text]]
    table: str


class Contents(msgspec.Struct):
    """What the page's scripts get: `charts` and `tables` by the name that the template gives their place."""

    title: Text
    charts: dict[str, Spec] = {}
    tables: dict[str, tables.Table] = {}
    cases: list[cases.Told] = []
    case_kinds: dict[str, Text] = {}
    case_rules: dict[str, Text] = {}


def page(result: Result) -> str:
    """The whole file: UTF-8 HTML that loads nothing."""
    library = libraries()
    contents = Contents(title=Text("回测报告", "Backtest report"))
    _put_charts(contents, result)
    _put_tables(contents, result)
    swept = [_sweep(contents, result, points) for points in _by_parameter(result.sweeps)]
    _put_cases(contents, result)
    return str(
        _template().render(
            result=result, contents=contents, answer=answer.answer(result), tiles=tiles(result), sweeps=swept,
            words=words, data=embedded(contents), libraries=embedded({"vega": library.vega, "datatables": library.datatables}),
            datatables_style=Markup(library.datatables_style),  # noqa: S704  # holds no end of its element
            versions=result.versions | library.versions,
            style=Markup(_read("style.css")), scripts=Markup("\n".join(map(_read, _SCRIPTS))),  # noqa: S704  # our own files
            settings=settings_toml(result), step=load.step_days(result),
        )
    )  # fmt: skip


def embedded(value: object) -> Markup:
    """JSON that cannot end the element it stands in, whatever an alert's text (or a library) says."""
    return Markup(msgspec.json.encode(value).decode().replace("<", "\\u003c"))  # noqa: S704  # no markup is left in it


def settings_toml(result: Result) -> str:
    """What the rules ran with, in the form of rules.toml."""
    lines: list[str] = []
    for rule, values in sorted(result.settings.items()):
        lines.append(f"[{rule}]")
        lines += [
            f"{name} = {msgspec.json.encode(value).decode()}" for name, value in values.items() if value is not None
        ]
        lines.append("")
    return "\n".join(lines)


def _put_charts(contents: Contents, result: Result) -> None:
    found: dict[str, Spec | None] = {
        "load": load.load_chart(result),
        "precision": rules.precision_chart(result),
        "recall": rules.recall_chart(result),
        "found": delays.found_by_then(result),
        "delays": delays.delays_by_rule(result),
    }
    if result.comparison is not None:
        found["changes"] = comparison.changes_chart(result.comparison)
        found["money"] = comparison.money_chart(result.comparison)
    contents.charts.update({name: spec for name, spec in found.items() if spec is not None})


def _put_tables(contents: Contents, result: Result) -> None:
    found: dict[str, tables.Table | None] = {
        "rules": tables.rules_table(result),
        "institutions": tables.institutions_table(result),
        "alerts": tables.alerts_table(result),
        "labels": tables.labels_table(result),
        "comparison": tables.comparison_table(result),
        "examples": tables.examples_table(result),
    }
    contents.tables.update({name: table for name, table in found.items() if table is not None})


def _sweep(contents: Contents, result: Result, points: list[SweepPoint]) -> Sweep:
    rule, parameter = points[0].rule, points[0].parameter
    suggestion = next((one for one in result.suggestions if (one.rule, one.parameter) == (rule, parameter)), None)
    name = f"sweep-{rule}-{parameter}"
    trade_off = sweeps.trade_off(points, suggestion)
    if trade_off is not None:
        contents.charts[name] = trade_off
    along: list[tuple[str, Text]] = []
    for measure, said in _MEASURES:
        if any(getattr(point, measure) is not None for point in points):
            contents.charts[f"{name}-{measure}"] = sweeps.along(points, suggestion, measure, said)
            along.append((f"{name}-{measure}", said))
    contents.tables[name] = tables.sweep_table(points, None if suggestion is None else suggestion.value)
    return Sweep(
        rule=words.title(result, rule), parameter=f"{rule}.{parameter}", suggestion=suggestion,
        trade_off=name if trade_off is not None else None, along=along, table=name,
    )  # fmt: skip


def _put_cases(contents: Contents, result: Result) -> None:
    contents.cases = [cases.told(result, case) for case in result.cases]
    kinds = {case.kind for case in result.cases}
    contents.case_kinds = {kind: said for kind, said in tables.CASE_KINDS.items() if kind in kinds}
    contents.case_rules = {case.rule: words.title(result, case.rule) for case in result.cases}


def _by_parameter(points: list[SweepPoint]) -> list[list[SweepPoint]]:
    found: dict[tuple[str, str], list[SweepPoint]] = {}
    for point in points:
        found.setdefault((point.rule, point.parameter), []).append(point)
    return list(found.values())


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("report.html.jinja"))


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")
