"""Are the dashboards whole: laid out, in both languages, up to date, and asking only for what exists?"""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import written
from dashboards.__main__ import main
from dashboards.queries import all_queries
from dashboards.written import dashboards_as_json
from stream.metric_catalogue import CATALOGUE, FOREIGN, series_names
from tests.metrics_of_a_day import VOCABULARY

BOARDS = dashboards_as_json()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Grafana takes any other word for a unit's own name and writes it behind the number.
GRAFANA_UNITS = {"short", "s", "bytes", "percentunit", "dateTimeAsLocal", "currency:¥"}
ENGLISH = re.compile(r"[a-zA-Z]{2,}")

Board = dict[str, Any]

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())


def panels_that_show(board: Board) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def test_what_lies_in_the_tree_is_what_would_be_built() -> None:
    assert written.out_of_date() == [], "run: python -m dashboards build"
    assert set(BOARDS) == {"overview", "institution", "service"}
    assert {path.stem for path in written.GENERATED.glob("*.json")} == set(BOARDS)


def test_check_says_what_is_out_of_date(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 0
    monkeypatch.setattr(written, "GENERATED", tmp_path / "generated")
    assert main(["check"]) == 1
    assert "overview.json" in capsys.readouterr().err
    assert main(["build"]) == 0
    assert main(["check"]) == 0
    assert main(["bulid"]) == 2


@each_board
def test_the_json_keeps_the_schema_of_the_sdk(board: Board) -> None:
    register_default_plugins()
    read = Dashboard.from_json(json.loads(json.dumps(board)))
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == board


@each_board
def test_panels_do_not_overlap_and_stay_within_24_columns(board: Board) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in board["panels"]]
    for title, place in places:
        assert min(place["w"], place["h"]) > 0, title
        assert 0 <= place["x"] <= 24 - place["w"], title
    for (one, a), (two, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        )  # fmt: skip
        assert apart, f"{one} overlaps {two}"


@each_board
def test_every_line_of_panels_fills_the_width(board: Board) -> None:
    lines: dict[int, int] = {}
    for panel in panels_that_show(board):
        lines[panel["gridPos"]["y"]] = lines.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(lines.values()) == {24}


@each_board
def test_titles_and_descriptions_are_chinese_first_then_english(board: Board) -> None:
    for panel in [*board["panels"], board]:
        chinese, _, english = panel["title"].partition(" / ")
        assert CHINESE.search(chinese), panel["title"]
        assert ENGLISH.search(english), panel["title"]
    for panel in panels_that_show(board):
        if panel["type"] == "text":
            continue
        chinese, _, english = panel["description"].partition("\n\n")
        assert CHINESE.search(chinese), panel["title"]
        assert ENGLISH.search(english), panel["title"]


@each_board
def test_every_number_has_a_unit_and_every_query_the_chosen_datasource(board: Board) -> None:
    for panel in panels_that_show(board):
        if panel["type"] == "text":
            continue
        assert panel["targets"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        if panel["type"] != "table":
            assert panel["fieldConfig"]["defaults"]["unit"] in GRAFANA_UNITS, panel["title"]
        for override in panel["fieldConfig"]["overrides"]:
            units = {p["value"] for p in override["properties"] if p["id"] == "unit"}
            assert units <= GRAFANA_UNITS, panel["title"]


@each_board
def test_panels_have_numbers_of_their_own_and_the_datasource_is_prometheus_at_first(board: Board) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    source = next(v for v in board["templating"]["list"] if v["type"] == "datasource")
    assert source["current"]["value"] == "prometheus"


def test_dashboards_link_to_one_another_by_uids_that_exist() -> None:
    uids = {board["uid"] for board in BOARDS.values()}
    linked = set(re.findall(r"/d/([\w-]+)", json.dumps(BOARDS)))
    assert linked == {"fundwatch-institution"} <= uids


def test_every_metric_in_a_query_is_in_the_catalogue() -> None:
    known = {name for metric in CATALOGUE for name in series_names(metric)} | set(FOREIGN)
    queries = all_queries()
    assert len(queries) > 60
    for query in queries:
        named = set(re.findall(r"\b(?:fundwatch|process)_\w+", query.expr))
        assert named, query
        assert named <= known, (query.panel, named - known)


def test_every_metric_of_the_catalogue_is_on_a_dashboard() -> None:
    asked = " ".join(query.expr for query in all_queries())
    assert [metric.name for metric in CATALOGUE if metric.name not in asked] == []


def test_no_rule_is_named_on_a_dashboard() -> None:
    everything = json.dumps(BOARDS, ensure_ascii=False)
    assert [rule for rule in VOCABULARY.rules if rule in everything] == []


def test_a_gauge_that_all_workers_show_alike_is_never_added_up() -> None:
    alike = [metric.name for metric in CATALOGUE if metric.across == "max"]
    for query in all_queries():
        for name in alike:
            assert not re.search(rf"sum (by \([^)]*\) )?\({name}\b", query.expr), query
