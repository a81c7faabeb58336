"""Does a backtest's report say what its figures say, in one file that loads nothing and that no alert's text can break?"""

import json
import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import vl_convert
from click.testing import CliRunner

from schemas.alerts import Text
from stream.backtest import report
from stream.backtest.report import tables
from stream.backtest.report.answer import answer
from stream.backtest.report.charts import courses, load
from stream.backtest.report.page import page
from stream.backtest.report.tiles import tiles
from stream.backtest.result import Interval, Result, Verdicts
from stream.cli import fundwatch
from stream.errors import OperatorError
from tests.backtest_results import BED, HOUSE, VOLUME, comparison, result, rule, scores, stay, with_everything


class Reader(HTMLParser):
    """What a browser would load or run, and what the page says outside of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[tuple[str, str]] = []
        self.policy = ""
        self.scripts: dict[str, str] = {}
        self.elements: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.elements.append(tag)
        self.addresses += [
            (tag, known[name]) for name in ("src", "href", "action", "poster", "srcset") if name in known
        ]
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"]
        self._inside = known.get("id", known.get("type", "")) if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[self._inside] = self.scripts.get(self._inside, "") + data


@pytest.fixture(scope="module")
def html() -> str:
    """The report with everything in it."""
    return page(with_everything())


@pytest.fixture(scope="module")
def read(html: str) -> Reader:
    """The same, as a browser would take it apart."""
    reader = Reader()
    reader.feed(html)
    return reader


def in_language(value: Any, lang: str) -> Any:
    """As the page's script does it."""
    if isinstance(value, list):
        return [in_language(one, lang) for one in value]
    if not isinstance(value, dict):
        return value
    return value[lang] if {"zh", "en"} <= value.keys() else {key: in_language(one, lang) for key, one in value.items()}


# -- one file, offline ----------------------------------------------------------------------------------------------


def test_nothing_is_loaded_from_anywhere(html: str, read: Reader) -> None:
    assert read.addresses, "the page has links to its own sections at least"
    assert [pair for pair in read.addresses if not pair[1].startswith(("#", "data:"))] == []
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "@import" not in styles
    assert [url for url in re.findall(r"url\(([^)]*)", styles) if not url.startswith("data:")] == []


def test_the_browser_is_told_to_load_nothing(read: Reader) -> None:
    policy = dict(part.strip().split(" ", 1) for part in read.policy.split(";"))
    assert policy["default-src"] == "'none'"
    assert "http" not in read.policy
    assert "connect-src" not in policy  # so that default-src holds for it


def test_an_alerts_text_cannot_end_the_data_it_stands_in(read: Reader) -> None:
    data = json.loads(read.scripts["report-data"])
    texts = [case["words"]["zh"] for case in data["cases"]]
    assert texts[0].startswith("第1号疑点</script><script>")
    assert read.elements.count("script") == 3  # data, libraries, and the page's own


def test_both_libraries_come_whole(read: Reader) -> None:
    libraries = json.loads(read.scripts["report-libraries"])
    assert "vegaEmbed" in libraries["vega"]
    assert len(libraries["vega"]) > 500_000
    assert "SpryMedia" in libraries["datatables"]  # the licence's name stays with the code


def test_the_report_goes_where_it_is_asked_to_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("an old one")
    size = report.write(result(), path)
    assert path.read_bytes().startswith(b"<!DOCTYPE html>")
    assert path.stat().st_size == size
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="report.html cannot be written"):
        report.write(result(), tmp_path / "nowhere" / "report.html")


def test_a_missing_package_is_named_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.backtest.report.libraries.find_spec", lambda name: None)
    with pytest.raises(OperatorError, match=r"pip install 'fundwatch\[report\]'"):
        report.write(result(), tmp_path / "report.html")


# -- what it says ---------------------------------------------------------------------------------------------------


def test_the_exact_command_and_the_versions_stand_in_it(html: str) -> None:
    assert "fundwatch backtest county --report &#39;my report.html&#39;" in html
    assert "DataTables (itables)" in html
    assert "[bed_holding]\nidle_days = 3" in html


def test_every_section_has_a_heading_and_every_chart_a_caption(html: str, read: Reader) -> None:
    sections = re.findall(r'<section id="([a-z]+)" aria-labelledby="h-([a-z]+)">\s*<h2 id="h-([a-z]+)">', html)
    names = [name for name, *_ in sections]
    assert names == [
        "summary",
        "comparison",
        "load",
        "rules",
        "sweeps",
        "delays",
        "cases",
        "institutions",
        "alerts",
        "data",
        "provenance",
    ]
    assert all(len(set(section)) == 1 for section in sections)
    charts = set(re.findall(r'data-chart="([^"]+)"', html))
    assert charts == json.loads(read.scripts["report-data"])["charts"].keys()
    assert all(f'<figcaption id="caption-{chart}">' in html for chart in charts)
    assert set(re.findall(r'data-table="([^"]+)"', html)) == json.loads(read.scripts["report-data"])["tables"].keys()


def test_every_chinese_text_stands_beside_an_english_one(html: str) -> None:
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    assert body.count('<span class="zh" lang="zh-CN">') == body.count('<span class="en" lang="en">') > 100
    assert not re.findall(r'<span class="en" lang="en">\s*</span>', body)
    assert not re.findall(r'<span class="en" lang="en">[^<]*[\u4e00-\u9fff][^<]*</span>', body)


def specifications(read: Reader) -> list[Any]:
    """All charts of the page, those of its cases too."""
    data = json.loads(read.scripts["report-data"])
    return [*data["charts"].values(), *(picture["spec"] for case in data["cases"] for picture in case["pictures"])]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_is_valid_by_vega_lites_own_schema(read: Reader, lang: str) -> None:
    schema = json.loads((resources.files("altair") / "vegalite/v6/schema/vega-lite-schema.json").read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    specs = specifications(read)
    assert len(specs) == 15
    for spec in specs:
        wrong = jsonschema.exceptions.best_match(validator.iter_errors(in_language(spec, lang)))
        assert wrong is None, f"{list(wrong.absolute_path)}: {wrong.message}"


def test_every_chart_can_be_drawn(read: Reader) -> None:
    for spec in specifications(read):
        drawn = vl_convert.vegalite_to_svg(in_language(spec, "zh") | {"width": 500})
        assert drawn.count("<path") > 2


def test_a_run_without_labels_or_baseline_leaves_out_what_it_cannot_say() -> None:
    rules = {BED: rule(BED, alerts=4, labels=0, hits=0, found=0)}
    html = page(result(labels=None, rules=rules, sweeps=[], suggestions=[], cases=[]))
    names = re.findall(r'<section id="([a-z]+)"', html)
    assert names == ["summary", "load", "rules", "institutions", "alerts", "data", "provenance"]
    assert "没有标签（--labels），查准率、查全率无从计算" in html


def test_a_run_without_any_alert_still_makes_a_page() -> None:
    nothing = result(alerts={}, places=[], cases=[], load=[], institutions={}, rules={BED: rule(BED, labels=4)})
    assert "统计期间没有预警" in page(nothing)


# -- the answer -----------------------------------------------------------------------------------------------------


def kind_of(before: tuple[int, int, int, int], after: tuple[int, int, int, int]) -> str:
    """The answer's kind where labels, found, alerts and hits were ``before`` and are ``after``."""
    return answer(result(comparison=comparison(scores(*before), scores(*after)))).kind


def test_more_found_at_no_loss_of_precision_can_go_live() -> None:
    assert kind_of((4, 2, 4, 2), (4, 3, 4, 3)) == "good"


def test_fewer_found_and_no_more_right_should_not() -> None:
    assert kind_of((4, 3, 4, 3), (4, 2, 4, 2)) == "bad"


def test_more_found_and_less_often_right_is_for_people_to_decide() -> None:
    said = answer(result(comparison=comparison(scores(4, 2, 2, 2), scores(4, 4, 8, 4))))
    assert said.kind == "mixed"
    assert "查全率50.0%→100%，查准率100%→50.0%" in said.word.zh


def test_a_clear_gain_outweighs_a_loss_that_may_be_chance_and_the_other_way_round() -> None:
    gain = answer(
        result(comparison=comparison(scores(25, 17, 17, 17), scores(25, 25, 27, 26)))
    )  # recall 0.48–0.83, 0.87–1
    loss = answer(result(comparison=comparison(scores(25, 25, 27, 26), scores(25, 17, 17, 17))))
    assert (gain.kind, loss.kind) == ("good", "bad")
    assert "what goes down may be chance" in gain.word.en
    assert "what goes up may be chance" in loss.word.en


def test_two_clear_changes_against_each_other_are_for_people_to_decide() -> None:
    assert kind_of((400, 200, 200, 200), (400, 300, 600, 300)) == "mixed"


def test_a_difference_of_few_labels_is_said_to_be_perhaps_chance_and_one_of_many_is_not() -> None:
    few = answer(result(comparison=comparison(scores(4, 2, 4, 2), scores(4, 3, 4, 3))))
    many = answer(result(comparison=comparison(scores(400, 200, 400, 200), scores(400, 300, 400, 300))))
    assert "may be chance" in few.word.en
    assert "chance" not in many.word.en


def test_a_better_total_does_not_hide_a_rule_that_finds_less() -> None:
    better, worse = (
        comparison(scores(40, 10, 40, 10), scores(40, 30, 40, 30)),
        comparison(scores(4, 3, 4, 3), scores(4, 1, 4, 1)),
    )
    worse.rules[BED].title = Text("同户人员同进同出", "Household admitted together")
    better.rules[HOUSE] = worse.rules[BED]
    said = answer(result(comparison=better))
    assert said.kind == "good"
    assert "Household admitted together: 3 → 1 of 4 labels found" in [reason.en for reason in said.against]


def test_the_same_alerts_are_no_reason_to_change() -> None:
    same = comparison(scores(4, 3, 4, 3), scores(4, 3, 4, 3), gained=0)
    same.rules[BED].moved = 0
    said = answer(result(comparison=same))
    assert (said.kind, said.word.en) == ("unknown", "No difference from the baseline: alert by alert the same.")


def test_without_labels_nobody_can_say_whether_it_is_right() -> None:
    assert answer(result(labels=None, rules={BED: rule(BED, alerts=4)})).kind == "unknown"
    assert answer(result(labels=None, comparison=comparison(None, None))).kind == "unknown"


def test_without_a_baseline_the_goals_decide() -> None:
    reached = rule(BED, labels=20, found=20, alerts=20, hits=19)  # recall 1.00, precision 0.95
    missed = rule(VOLUME, labels=20, found=18, alerts=18, hits=18)  # recall 0.90
    assert answer(result(rules={BED: reached})).kind == "good"
    assert answer(result(rules={BED: reached, VOLUME: missed})).kind == "mixed"
    assert answer(result(rules={VOLUME: missed})).kind == "bad"


def test_a_run_that_was_stopped_decides_nothing() -> None:
    said = answer(msgspec.structs.replace(with_everything(), is_partial=True))
    assert said.kind == "unknown"
    assert "2026-03-10 23:00:00" in said.word.en


def test_the_tiles_say_the_totals_and_the_baselines() -> None:
    said = {tile.name.en: (tile.figure.en, tile.small.en) for tile in tiles(with_everything())}
    assert said["precision"][0] == "75.0%"  # 3 of 4 alerts of the one rule with labels
    assert said["precision"][1].endswith("baseline 66.7%")
    assert said["recall"][0] == "75.0%"
    assert said["open alerts"] == ("5", "0.5 a day over 10 days; baseline 3")
    assert said["median delay"] == ("26.0 h", "3 of 3 before its end")
    assert said["fund at risk"] == ("¥1,900", "baseline ¥300.00")


# -- the pictures ---------------------------------------------------------------------------------------------------


def test_days_without_lines_and_days_of_bed_alone_are_told_apart_and_the_day_of_discharge_is_left_out() -> None:
    spec = courses.lanes([stay(1)], None)
    assert spec is not None
    cells = spec["layer"][1]["data"]["values"]
    assert [(cell["from"][:10], cell["state"]) for cell in cells] == [
        ("2026-03-01", courses.TREATED),
        ("2026-03-02", courses.IDLE),
        ("2026-03-03", courses.NOTHING),
    ]


def test_a_days_charges_stand_on_one_another_by_kind() -> None:
    spec = courses.charges(stay(1))
    assert spec is not None
    bars = [(row["from"][:10], row["kind"], row["low"], row["high"]) for row in spec["data"]["values"]]
    assert bars == [("2026-03-01", 0, 0.0, 100.0), ("2026-03-01", 3, 100.0, 600.0), ("2026-03-02", 0, 0.0, 100.0)]


def test_a_long_window_is_drawn_by_weeks_and_loses_no_alert() -> None:
    days = [f"2026-{month:02d}-{day:02d}" for month in range(1, 8) for day in range(1, 29)]
    long = result(days=days, load=[msgspec.structs.replace(result().load[0], alerts=[1] * len(days))])
    spec = load.load_chart(long)
    assert spec is not None
    assert len(spec["data"]["values"]) == 28  # 196 days
    assert sum(row["alerts"] for row in spec["data"]["values"]) == 196


def test_a_result_read_back_from_its_json_makes_the_same_page(html: str) -> None:
    from stream.backtest.result import decode, encode

    copied: Result = decode(encode(with_everything()))
    assert page(copied) == html


def test_the_command_says_that_a_package_is_missing_before_it_replays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.backtest.report.libraries.find_spec", lambda name: None)
    monkeypatch.setattr("stream.backtest.run.run", lambda *asked: pytest.fail("it has begun to replay"))
    (tmp_path / "transactions.jsonl").write_text("")
    said = CliRunner().invoke(fundwatch, ["backtest", str(tmp_path), "--report", str(tmp_path / "report.html")])
    assert isinstance(said.exception, OperatorError)
    assert "pip install 'fundwatch[report]'" in str(said.exception)


def test_what_inspectors_said_has_a_tile_and_a_column() -> None:
    verdicts = Verdicts(
        confirmed=3, rejected=1, undecided=1, unjudged=0, precision=0.75, precision_interval=Interval(0.3, 0.95)
    )
    places = [msgspec.structs.replace(one, verdict="confirmed") for one in result().places]
    judged = result(rules={BED: rule(BED, alerts=4, verdicts=verdicts)}, places=places)
    said = {tile.name.en: tile.figure.en for tile in tiles(judged)}
    assert said["confirmed by inspectors"] == "75.0%"
    titles = [column.title.en for column in tables.alerts_table(judged).columns]
    row = dict(zip(titles, tables.alerts_table(judged).rows[0], strict=True))
    assert row["verdict"]["words"] == Text("属实", "confirmed")
