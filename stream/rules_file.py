"""Which rules run, with which values: what ``rules.toml``, ``--set`` and ``--only`` say together.

[bed_holding]
idle_days = 4

[drug_volume]
enabled = false
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectors.engine.parameters import Problem, RuleClasses, WrongConfiguration, configure
from detectors.engine.registry import all_rules
from detectors.engine.rule import Rule
from stream.errors import OperatorError

_SET = "--set"
_ONLY = "--only"


class RulesWrong(OperatorError):
    """The rules are configured in a way that cannot be meant. Operator action: correct what each problem names."""


def configured_rules(
    file: Path | None = None,
    settings: Sequence[str] = (),
    only: str | Sequence[str] | None = None,
    rules: RuleClasses | None = None,
) -> list[Rule[Any]]:
    """The rules that are to run, in order of id: the file's values, then ``rule.parameter=value`` ones over them.

    ``only`` names the rules that run, parted by commas where it is one text. ``rules`` are all rules there are (default: the
    registry's). Raises `RulesWrong` with every problem at once, each with the place where it stands.
    """
    known = all_rules() if rules is None else rules
    text = _text(file)
    tables, places, problems = _tables(file, text)
    for setting in settings:
        rule, name, value = _setting(setting)
        if not rule or not name:
            problems.append(f"{_SET} {setting} is not rule.parameter=value")
            continue
        tables.setdefault(rule, {})[name] = value
        places[rule, name] = f"{_SET} {setting}"
        places.setdefault((rule, None), f"{_SET} {setting}")
    wanted = None if only is None else [word.strip() for word in (only.split(",") if isinstance(only, str) else only)]
    configured: list[Rule[Any]] = []
    try:
        configured = configure(known, tables, wanted)
    except WrongConfiguration as wrong:
        problems += [_placed(problem, places) for problem in wrong.problems]
    if problems:
        raise RulesWrong(_told(problems), "see 'fundwatch rules list' and 'fundwatch rules show RULE'")
    return configured


def _text(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise RulesWrong(f"{file} cannot be read ({reason})", "give an existing file") from None


def _tables(
    file: Path | None, text: str
) -> tuple[dict[str, dict[str, object]], dict[tuple[str, str | None], str], list[str]]:
    """The file's tables, where each of their keys stands, and what is no table."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesWrong(f"{file} is not TOML: {error}", "mend the file") from None
    tables, places, problems = {}, {}, []
    lines = _lines(text)
    for rule, table in document.items():
        if not isinstance(table, dict):
            place = f"{file}:{lines.get(('', rule), 1)}"
            problems.append(f"{place}: {rule} stands outside a rule's table; write it below [rule]")
            continue
        tables[rule] = table
        for name in (None, *table):
            places[rule, name] = f"{file}:{lines.get((rule, name)) or lines.get((rule, None), 1)}"
    return tables, places, problems


def _lines(text: str) -> dict[tuple[str, str | None], int]:
    """The line of every table and key that is written plainly; what is written otherwise is found by its table."""
    found: dict[tuple[str, str | None], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = stripped.strip("[] ").split("]")[0].strip("\"'")
            found.setdefault((table, None), number)
        elif "=" in stripped and not stripped.startswith("#"):
            found.setdefault((table, stripped.partition("=")[0].strip(" \"'")), number)
    return found


def _setting(setting: str) -> tuple[str, str, object]:
    """Rule, parameter and value of ``rule.parameter=value``; a value that is no TOML value is a text."""
    path, equals, text = setting.partition("=")
    rule, _, name = path.strip().partition(".")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    return rule, name if equals else "", value


def _placed(problem: Problem, places: dict[tuple[str, str | None], str]) -> str:
    place = places.get((problem.rule, problem.parameter)) or places.get((problem.rule, None)) or _ONLY
    return f"{place}: {problem.message}"


def _told(problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} problems: " + "; ".join(f"({n}) {problem}" for n, problem in enumerate(problems, 1))
