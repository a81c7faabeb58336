"""Do the Prometheus rules fire when they should, and only then; does every alarm tell people what to do?"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.rules import ALARMS, RECORDED, RUNBOOKS, as_yaml
from dashboards.written import METRICS_PAGE, RULES
from stream.metric_catalogue import CATALOGUE, series_names
from tests.prometheus import executable

UNIT_TESTS = sorted((RULES.parent / "tests").glob("*.yml"))
RUNBOOK_PAGE = METRICS_PAGE.parents[1] / RUNBOOKS

each_alarm = pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [executable("promtool"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def asserted(alarm_name: str) -> list[dict[str, Any]]:
    """What the unit tests expect of an alarm."""
    cases = [case for path in UNIT_TESTS for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]]
    expected = [one for case in cases for one in case.get("alert_rule_test", ())]
    return [one for one in expected if one["alertname"] == alarm_name]


def test_the_rules_are_well_formed() -> None:
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALARMS) + len(RECORDED)} rules found" in done.stdout


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_the_rules_fire_as_their_unit_tests_say(path: Path) -> None:
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_tests_would_notice_a_wrong_limit(tmp_path: Path) -> None:
    changed = RULES.read_text(encoding="utf-8").replace("> 100000", "> 1000000")
    assert changed != RULES.read_text(encoding="utf-8")
    (tmp_path / RULES.name).write_text(changed, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    copied = tmp_path / "tests" / "lag.yml"
    copied.write_text((RULES.parent / "tests" / "lag.yml").read_text(encoding="utf-8"), encoding="utf-8")
    done = promtool("test", "rules", copied)
    assert done.returncode != 0
    assert "FundwatchConsumerLag" in done.stdout + done.stderr


@each_alarm
def test_every_alarm_is_seen_to_fire_and_to_stay_quiet(alarm: Any) -> None:
    outcomes = {bool(one["exp_alerts"]) for one in asserted(alarm.name)}
    assert True in outcomes, f"{alarm.name} is never seen to fire"
    assert False in outcomes, f"{alarm.name} is never seen to stay quiet"


@each_alarm
def test_every_alarm_speaks_both_languages_and_has_a_runbook(alarm: Any) -> None:
    assert re.search(r"[\u4e00-\u9fff]", alarm.zh)
    assert re.search(r"[A-Za-z]{3}", alarm.en)
    assert alarm.first_step
    headings = re.findall(r"^### (\w+)$", RUNBOOK_PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert alarm.name in headings


def test_every_runbook_belongs_to_an_alarm() -> None:
    headings = re.findall(r"^### (\w+)$", RUNBOOK_PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings == [alarm.name for alarm in ALARMS]


def test_every_series_in_a_rule_is_in_the_catalogue_or_recorded() -> None:
    known = {name for metric in CATALOGUE for name in series_names(metric)}
    rules = [rule for group in yaml.safe_load(as_yaml())["groups"] for rule in group["rules"]]
    for rule in rules:
        named = set(re.findall(r"(?<![\w:])fundwatch_\w+(?![\w:])", rule["expr"]))
        recorded = set(re.findall(r"\b\w+:\w+:\w+", rule["expr"]))
        assert named <= known, named - known
        assert recorded <= set(RECORDED), recorded - set(RECORDED)
        assert named or recorded
