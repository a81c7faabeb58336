"""Which queries do the dashboards ask? Read back from the built dashboards, so that none is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from dashboards.written import dashboards_as_json

_LABEL_VALUES = re.compile(r"label_values\((?P<metric>[^,]+), *(?P<label>\w+)\)")


class DashboardQuery(NamedTuple):
    """An expression that Prometheus can run, and where it stands."""

    dashboard: str
    panel: str
    expr: str


def all_queries(*, window: str = "5m", institution: str = "H50010600011") -> list[DashboardQuery]:
    """Every query of every panel and variable; `window` for Grafana's intervals, `institution` for the one chosen."""
    values = {"__rate_interval": window, "__interval": window, "__range": window, "institution": institution}
    return [
        DashboardQuery(board["uid"], title, _substituted(expr, values))
        for board in dashboards_as_json().values()
        for title, expr in (*_of_panels(board), *_of_variables(board))
    ]


def _of_panels(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def _of_variables(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        found = _LABEL_VALUES.fullmatch(variable["query"])
        if found is None:
            raise ValueError(f"{board['uid']}: a variable asks something else than label_values: {variable['query']}")
        yield f"variable {variable['name']}", f"count by ({found['label']}) ({found['metric']})"


def _substituted(expr: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        expr = re.sub(rf"\${{?{name}\b}}?", value, expr)
    if "$" in expr:
        raise ValueError(f"a variable that nobody fills: {expr}")
    return expr
