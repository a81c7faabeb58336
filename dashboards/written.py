"""What does `python -m dashboards build` write, and is what lies in the tree up to date?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.institution import institution
from dashboards.overview import overview
from dashboards.rules import as_yaml
from dashboards.service import service
from stream import metric_catalogue

_HERE = Path(__file__).parent
GENERATED = _HERE / "generated"
RULES = _HERE / "prometheus" / "fundwatch.rules.yml"
METRICS_PAGE = _HERE.parent / "docs" / "metrics.md"


def dashboards_as_json() -> dict[str, dict[str, Any]]:
    """The dashboards by file name, as Grafana reads them; panels numbered in order, so that links to one stay."""
    built = {"overview": overview(), "institution": institution(), "service": service()}
    boards = {name: json.loads(json.dumps(board.build(), cls=JSONEncoder)) for name, board in built.items()}
    for board in boards.values():
        for number, panel in enumerate(board["panels"], start=1):
            panel["id"] = number
    return boards


def files() -> dict[Path, str]:
    """Every file that is built, with what belongs in it."""
    boards = {
        GENERATED / f"{name}.json": json.dumps(board, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        for name, board in dashboards_as_json().items()
    }
    return {**boards, RULES: as_yaml(), METRICS_PAGE: metric_catalogue.as_markdown()}


def write() -> list[Path]:
    """Write what is out of date; says what it wrote."""
    stale = out_of_date()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[path], encoding="utf-8")
    return stale


def out_of_date() -> list[Path]:
    """Files in the tree that differ from what would be built, or are missing."""
    return [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
