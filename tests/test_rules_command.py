"""`fundwatch rules`, rules.toml and `--set`: every parameter is explained, every wrong value is named with what is allowed."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from click.testing import CliRunner, Result
from msgspec import Meta

from detectors.engine.page import Page
from detectors.engine.parameters import WrongConfiguration, configure, parameters_of
from detectors.engine.registry import all_rules
from detectors.engine.rule import Rule
from schemas.alerts import RuleClass, Text
from stream.cli import fundwatch
from stream.errors import OperatorError
from stream.rule_docs import INDEX, pages
from stream.rules_file import configured_rules
from stream.worked_example import NoExample, worked_example

ROOT = Path(__file__).parent.parent
WORDS = {"unit": "days", "zh": "天数", "en": "days in a row", "source": "here"}


class Idle(Rule[Page], frozen=True, kw_only=True):
    """A rule with every kind of parameter."""

    rule_id: ClassVar[str] = "idle"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = Page
    title: ClassVar[Text] = Text("空闲", "Idle")
    notice: ClassVar[str] = "空闲"
    question: ClassVar[Text] = Text("是否空闲？", "Is it idle?")
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = ("条例",)
    blind_spots: ClassVar[Text] = Text("无", "none")
    source: ClassVar[str] = "here"

    days: Annotated[int, Meta(ge=1, le=30, extra=WORDS)] = 3
    share: Annotated[float, Meta(gt=0, le=1, extra=WORDS)] = 0.5
    is_strict: Annotated[bool, Meta(extra=WORDS)] = False
    kind: Annotated[Literal["a", "b"], Meta(extra=WORDS)] = "a"
    levels: Annotated[tuple[str, ...], Meta(extra=WORDS)] = ("05",)

    def __post_init__(self) -> None:
        if self.is_strict and self.days > 10:
            raise ValueError("is_strict goes with at most 10 days")


class Busy(Idle, frozen=True, kw_only=True):
    """Another."""

    rule_id: ClassVar[str] = "busy"


TOYS: dict[str, type[Rule[Any]]] = {"idle": Idle, "busy": Busy}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(fundwatch, ["rules", *arguments])


def problems(tables: dict[str, dict[str, object]]) -> list[str]:
    with pytest.raises(WrongConfiguration) as raised:
        configure(TOYS, tables)
    return [problem.message for problem in raised.value.problems]


def test_without_a_configuration_every_rule_runs_with_its_defaults() -> None:
    assert configure(TOYS, {}) == [Busy(), Idle()]


def test_values_are_taken_and_a_rule_can_be_switched_off() -> None:
    tables: dict[str, dict[str, object]] = {
        "idle": {"days": 4, "share": 1, "is_strict": True, "kind": "b", "levels": ["05", "06"]},
        "busy": {"enabled": False, "days": 5},
    }
    assert configure(TOYS, tables) == [Idle(days=4, share=1.0, is_strict=True, kind="b", levels=("05", "06"))]
    assert configure(TOYS, {}, only={"busy"}) == [Busy()]


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        ("days", 0, "idle.days = 0 is not allowed: a whole number from 1 to 30 (days)"),
        ("days", 31, "idle.days = 31 is not allowed: a whole number from 1 to 30 (days)"),
        ("days", "4", 'idle.days = "4" is not allowed: a whole number from 1 to 30 (days)'),
        ("days", True, "idle.days = true is not allowed: a whole number from 1 to 30 (days)"),
        ("days", 2.5, "idle.days = 2.5 is not allowed: a whole number from 1 to 30 (days)"),
        ("share", 0, "idle.share = 0 is not allowed: a number, above 0 and 1 or less (days)"),
        ("share", float("nan"), "idle.share = nan is not allowed: a number, above 0 and 1 or less (days)"),
        ("is_strict", 1, "idle.is_strict = 1 is not allowed: true or false (days)"),
        ("kind", "c", 'idle.kind = "c" is not allowed: "a" or "b" (days)'),
        ("levels", [5], "idle.levels = [5] is not allowed: list of texts (days)"),
        ("enabled", "no", 'idle.enabled = "no" is not allowed: true or false'),
        ("dayz", 3, "idle.dayz is not a parameter, did you mean days?"),
        ("qqq", 3, "idle.qqq is not a parameter, known are days, share, is_strict, kind, levels, enabled"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(parameter: str, value: object, said: str) -> None:
    assert problems({"idle": {parameter: value}}) == [said]


def test_all_problems_are_told_at_once_and_a_contradiction_too() -> None:
    assert problems({"idel": {}, "idle": {"days": 0, "kind": 1}, "busy": {"days": 20, "is_strict": True}}) == [
        "idel is not a rule, did you mean idle?",
        "busy: is_strict goes with at most 10 days",
        "idle.days = 0 is not allowed: a whole number from 1 to 30 (days)",
        'idle.kind = 1 is not allowed: "a" or "b" (days)',
    ]


def test_a_rules_file_is_read_and_set_wins_over_it(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[idle]\ndays = 4\nshare = 0.25\n[busy]\nenabled = false\n", encoding="utf-8")
    settings = ["idle.share=0.75", "idle.kind=b", 'idle.levels=["06"]']
    assert configured_rules(file, settings, rules=TOYS) == [Idle(days=4, share=0.75, kind="b", levels=("06",))]
    assert configured_rules(None, [], "idle", rules=TOYS) == [Idle()]
    assert configured_rules(None, [], "idle, busy", rules=TOYS) == [Busy(), Idle()]


def test_every_problem_of_a_file_comes_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("days = 3\n\n[idle]\n# days = 9\ndays = 0\n\n[idel]\nx = 1\n", encoding="utf-8")
    with pytest.raises(OperatorError) as raised:
        configured_rules(file, ["idle", "idle.share=7"], "buzy", rules=TOYS)
    told = str(raised.value)
    assert "6 problems" in told
    for problem in (
        f"{file}:1: days stands outside",
        "--set idle is not rule.parameter=value",
        f"{file}:7: idel is not a rule",
        "--only: buzy is not a rule, did you mean busy?",
        f"{file}:5: idle.days = 0",
        "--set idle.share=7: idle.share = 7 is not allowed",
    ):
        assert problem in told


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file|No such file"):
        configured_rules(tmp_path / "none.toml", rules=TOYS)
    (tmp_path / "bad.toml").write_text("[idle\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="is not TOML"):
        configured_rules(tmp_path / "bad.toml", rules=TOYS)


def test_every_rule_of_the_registry_explains_itself_and_each_parameter_in_both_languages() -> None:
    assert all_rules()
    for rule in all_rules().values():
        for text in (rule.title, rule.question, rule.blind_spots):
            assert re.search("[\u4e00-\u9fff]", text.zh), (rule.rule_id, text)
            assert text.en.isascii() or "–" in text.en, (rule.rule_id, text)
        assert rule.notice
        assert rule.basis
        for parameter in parameters_of(rule):
            what = f"{rule.rule_id}.{parameter.name}"
            assert re.search("[\u4e00-\u9fff]", parameter.zh), what
            assert parameter.en, what
            assert parameter.unit, what
            assert parameter.source, what
            if parameter.kind in ("number", "whole number"):
                assert parameter.least is not None, what
                assert parameter.most is not None, what
                assert isinstance(parameter.default, int | float), what
                assert parameter.least <= parameter.default <= parameter.most, what


def test_rules_list_has_every_rule_in_both_languages() -> None:
    chinese, english = run("list"), run("list", "--lang", "en")
    assert chinese.exit_code == english.exit_code == 0
    for rule_id, rule in all_rules().items():
        assert re.search(rf"^{rule_id}\t{rule.title.zh}\t.*{re.escape(rule.question.zh)}$", chinese.output, re.M)
        assert rule.question.en in english.output
    listed = json.loads(run("list", "--json").output)
    assert [entry["rule"] for entry in listed] == list(all_rules())
    assert {"version", "title", "class", "basis", "parameters"} <= set(listed[0])


def test_rules_show_has_each_parameter_with_unit_default_bounds_and_source() -> None:
    shown = run("show", "bed_holding").output
    assert "挂床住院" in shown
    assert re.search(r"^idle_days\t.+\t3\t整数 1 – 30\t天\t.+", shown, re.M)
    english = run("show", "bed_holding", "--lang", "en").output
    assert re.search(r"^idle_days\t.+\t3\ta whole number from 1 to 30\tdays\t.+", english, re.M)
    parameters = json.loads(run("show", "bed_holding", "--json").output)["parameters"]
    assert {"name": "idle_days", "default": 3, "least": 1, "most": 30}.items() <= parameters[0].items()
    assert "did you mean bed_holding?" in str(run("show", "bed_holdin").exception)


def test_rules_check_says_what_a_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[bed_holding]\nidle_days = 4\n[household_together]\nenabled = false\n", encoding="utf-8")
    result = run("check", str(file))
    assert result.exit_code == 0
    assert "bed_holding.idle_days\t4 (default 3, days)" in result.output
    assert "household_together\toff" in result.output
    file.write_text("[bed_holding]\nidle_days = 400\n", encoding="utf-8")
    assert f"{file}:2: bed_holding.idle_days = 400" in str(run("check", str(file)).exception)


def test_the_pages_in_docs_are_those_of_the_rules() -> None:
    directory = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.md")}
    assert written == pages(all_rules()), "run 'fundwatch rules docs docs/rules'"
    for rule_id in all_rules():
        assert f"({rule_id}.md)" in written[INDEX]


def test_rules_docs_writes_what_changed_and_drops_pages_of_rules_that_are_no_more(tmp_path: Path) -> None:
    first = run("docs", str(tmp_path)).output.splitlines()
    assert len(first) == len(all_rules()) + 1
    assert run("docs", str(tmp_path)).output == ""
    (tmp_path / "gone.md").write_text((tmp_path / "bed_holding.md").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "notes.md").write_text("mine\n", encoding="utf-8")
    assert run("docs", str(tmp_path)).output.splitlines() == [str(tmp_path / "gone.md")]
    assert (tmp_path / "notes.md").exists()


def test_a_rule_without_a_case_that_must_be_found_has_no_page() -> None:
    with pytest.raises(NoExample, match="idle"):
        pages({"idle": Idle})


@pytest.mark.parametrize("rule_id", all_rules())
def test_a_page_shows_what_the_rule_says_to_a_golden_case(rule_id: str) -> None:
    example = worked_example(all_rules()[rule_id])
    page = pages({rule_id: all_rules()[rule_id]})[f"{rule_id}.md"]
    assert example.name.startswith("hit")
    assert example.why in page
    assert example.alert.text.zh in page
    assert example.alert.text.en in page
