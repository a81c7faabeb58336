"""What does a panel of ours look like?

Every panel has a title and a description in Chinese and English; the description says what to do about what is seen.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
YUAN = "currency:¥"  # Grafana has no unit of its own for it
GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"
SEVERITY_LOOKS = {"high": ("高 / high", RED), "medium": ("中 / medium", ORANGE), "low": ("低 / low", YELLOW)}

Steps = tuple[tuple[float | None, str], ...]


class Words(NamedTuple):
    """Chinese first."""

    zh: str
    en: str

    def on_one_line(self) -> str:
        return f"{self.zh} / {self.en}"

    def in_paragraphs(self) -> str:
        return f"{self.zh}\n\n{self.en}"


class Query(NamedTuple):
    """An expression, how its series are named, and (in a table) the title of its column."""

    expr: str
    legend: str = ""
    column: str = ""


def stat_panel(
    title: Words, about: Words, query: Query, unit: str, steps: Steps = ((None, BLUE),), *,
    width: int = 4, trend: bool = True,
) -> stat.Panel:  # fmt: skip
    """One number; with its course behind it where that says something."""
    panel = (
        _described(stat.Panel(), title, about)
        .unit(unit)
        .thresholds(thresholds(steps))
        .color_mode(look.BigValueColorMode.BACKGROUND if len(steps) > 1 else look.BigValueColorMode.VALUE)
        .graph_mode(look.BigValueGraphMode.AREA if trend else look.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .span(width)
        .height(4)
    )
    if query.legend:
        panel = panel.text_mode(look.BigValueTextMode.NAME)
    return panel.with_target(_target(query, "A"))


def series_panel(
    title: Words, about: Words, queries: list[Query], unit: str, *,
    width: int = 12, stacked: bool = False, bars: bool = False,
) -> timeseries.Panel:  # fmt: skip
    """Course over time; stacked where the parts make a whole, bars where each interval is a count of its own."""
    panel = (
        _described(timeseries.Panel(), title, about)
        .unit(unit)
        .min(0)
        .fill_opacity(60 if bars else 20 if stacked else 8)
        .line_width(1)
        .show_points(look.VisibilityMode.NEVER)
        .draw_style(look.GraphDrawStyle.BARS if bars else look.GraphDrawStyle.LINE)
        .legend(
            common.VizLegendOptions()
            .display_mode(look.LegendDisplayMode.TABLE)
            .placement(look.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "max"])
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(look.TooltipDisplayMode.MULTI).sort(look.SortOrder.DESCENDING))
        .span(width)
        .height(9)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(look.StackingMode.NORMAL).group("A"))
    for place, query in enumerate(queries):
        panel = panel.with_target(_target(query, _ref(place)))
    return panel


def with_limit(panel: timeseries.Panel, steps: Steps) -> timeseries.Panel:
    """Draw the limits an alerting rule holds the series against."""
    style = common.GraphThresholdsStyleConfig().mode(look.GraphTresholdsStyleMode.DASHED)
    return panel.thresholds(thresholds(steps)).thresholds_style(style)


def with_severities(panel: timeseries.Panel) -> timeseries.Panel:
    """Name and colour the series of the three severities."""
    for severity, (label, colour) in SEVERITY_LOOKS.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        properties = [model.DynamicConfigValue("displayName", label), model.DynamicConfigValue("color", fixed)]
        panel = panel.override_by_name(severity, properties)
    return panel


def bars_panel(
    title: Words, about: Words, query: Query, unit: str, *, width: int = 12, link: str = ""
) -> bargauge.Panel:
    """A ranking: who is on top, and by how much."""
    panel = (
        _described(bargauge.Panel(), title, about)
        .unit(unit)
        .min(0)
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.GRADIENT)
        .value_mode(look.BarGaugeValueMode.COLOR)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.CONTINUOUS_YL_RD))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .span(width)
        .height(9)
        .with_target(_target(query, "A", instant=True))
    )
    if link:
        panel = panel.data_links([dashboard.DashboardLink("机构详情 / institution").url(link)])
    return panel


def table_panel(
    title: Words, about: Words, queries: list[Query], shown: dict[str, str], *, sort_by: str, units: dict[str, str],
    links: dict[str, str] | None = None, width: int = 24,
) -> table.Panel:  # fmt: skip
    """One row a key, one column a query; `shown` renames the labels that stay, all others are hidden."""
    # Grafana numbers the value columns only where there is more than one.
    columns = {f"Value #{_ref(place)}" if len(queries) > 1 else "Value": q.column for place, q in enumerate(queries)}
    merged = model.DataTransformerConfig(id_val="merge", options={})
    kept = {"include": {"names": [*shown, *columns]}}
    filtered = model.DataTransformerConfig(id_val="filterFieldsByName", options=kept)
    order = {name: place for place, name in enumerate([*shown, *columns])}
    organized = model.DataTransformerConfig(
        id_val="organize", options={"excludeByName": {}, "indexByName": order, "renameByName": shown | columns}
    )
    panel = _described(table.Panel(), title, about).span(width).height(10)
    panel = panel.transformations([merged, filtered, organized]).sort_by(
        [common.TableSortByFieldState().display_name(sort_by).desc(True)]
    )
    for place, query in enumerate(queries):
        panel = panel.with_target(_target(query, _ref(place), instant=True).format(PromQueryFormat.TABLE))
    for column, unit in units.items():
        panel = panel.override_by_name(column, [model.DynamicConfigValue("unit", unit)])
    for column, url in (links or {}).items():
        link = {"title": "机构详情 / institution", "url": url}
        panel = panel.override_by_name(column, [model.DynamicConfigValue("links", [link])])
    return panel


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Colours from a value on; the first step has no value."""
    limits = [model.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(limits)


class _Describable(Protocol):
    def title(self, title: str) -> object: ...
    def description(self, description: str) -> object: ...
    def datasource(self, datasource: model.DataSourceRef) -> object: ...


PanelT = TypeVar("PanelT", bound=_Describable)


def _described(panel: PanelT, title: Words, about: Words) -> PanelT:
    panel.title(title.on_one_line())
    panel.description(about.in_paragraphs())
    panel.datasource(DATASOURCE)
    return panel


def _target(query: Query, ref: str, *, instant: bool = False) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(DATASOURCE)
    target = target.legend_format(query.legend or "__auto")
    return target.instant() if instant else target.range()


def _ref(place: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]
