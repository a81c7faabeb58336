"""What do all our dashboards have in common: the datasource, the links between them, time zone and tags?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import Words

DATASOURCE_UID = "prometheus"
INSTITUTION_UID = "fundwatch-institution"
TAG = "fundwatch"


def institution_link(code: str) -> str:
    """Address of the institution's dashboard; `code` is a variable of Grafana's."""
    return f"/d/{INSTITUTION_UID}?var-institution={code}&${{__url_time_range}}"


def framed(uid: str, title: Words, *, refresh: str, since: str) -> dashboard.Dashboard:
    """An empty dashboard in China Standard Time, with links to its sisters."""
    sisters = (
        dashboard.DashboardLink("其他看板 / dashboards")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .keep_time(True)
        .as_dropdown(False)
    )
    source = (
        dashboard.DatasourceVariable("datasource")
        .label("数据源 / data source")
        .type("prometheus")
        .current(model.VariableOption(text="Prometheus", value=DATASOURCE_UID))
    )
    return (
        dashboard.Dashboard(title.on_one_line())
        .uid(uid)
        .description(title.in_paragraphs())
        .tags([TAG])
        .timezone("Asia/Shanghai")
        .readonly()
        .refresh(refresh)
        .time(since, "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(sisters)
        .with_variable(source)
    )
