"""What do the rules' pages in ``docs/rules`` say? All of it comes from the rules themselves; nothing is written by hand."""

from __future__ import annotations

import inspect
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from detectors.engine.parameters import Parameter, RuleClasses, parameters_of
from detectors.engine.rule import Rule
from schemas.alerts import Measure
from stream.alert_words import MEASURES, SEVERITIES, named
from stream.printing import yuan
from stream.worked_example import Example, worked_example

INDEX = "README.md"
_GENERATED = "<!-- Written by `fundwatch rules docs docs/rules`: change the rule, not this page. -->"


def pages(rules: RuleClasses) -> dict[str, str]:
    """Every page by its file's name: one of each rule, and the index."""
    return {INDEX: _index(rules), **{f"{rule_id}.md": _page(rule) for rule_id, rule in rules.items()}}


def write(rules: RuleClasses, directory: Path) -> list[Path]:
    """Writes the pages, and removes those of rules that are no more; returns what changed."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = pages(rules)
    changed = []
    for old in sorted(directory.glob("*.md")):
        if old.name not in wanted and old.read_text(encoding="utf-8").startswith(_GENERATED):
            old.unlink()
            changed.append(old)
    for name, text in wanted.items():
        path = directory / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def shown_value(value: object) -> str:
    """A parameter's value as it is written in ``rules.toml``.

    >>> shown_value(True), shown_value(0.5), shown_value(("a", "b"))
    ('true', '0.5', '["a","b"]')
    """
    text = msgspec.json.encode(sorted(value) if isinstance(value, frozenset | set) else value).decode()
    tomllib.loads(f"value = {text}")  # what is shown can be written
    return text


def method(rule: type[Rule[Any]]) -> str:
    """How the rule judges, in English: what its module's docstring says below its question."""
    _, _, below = (inspect.getdoc(sys.modules[rule.__module__]) or "").partition("\n")
    return below.strip()


def _index(rules: RuleClasses) -> str:
    rows = [
        f"| [`{rule_id}`]({rule_id}.md) | {rule.title.zh} {rule.title.en} | {rule.notice} | {rule.rule_class} | "
        f"{rule.question.en} |"
        for rule_id, rule in rules.items()
    ]
    head = ["| rule 规则 | title 名称 | notice 通知用语 | class 类别 | question 问题 |", "|---|---|---|---|---|"]
    return "\n".join([_GENERATED, "", "# Rules 规则", "", *head, *rows, ""])


def _page(rule: type[Rule[Any]]) -> str:
    parameters = parameters_of(rule)
    lines = [
        _GENERATED,
        "",
        f"# {rule.title.zh} {rule.title.en} (`{rule.rule_id}`)",
        "",
        f"**{rule.question.zh}**",
        "",
        f"**{rule.question.en}**",
        "",
        f"* 通知用语 notice: {rule.notice}",
        f"* 类别 class: {rule.rule_class}",
        f"* 依据 basis: {'；'.join(rule.basis)}",
        f"* 版本 version: {rule.version}",
        f"* 出处 source: {rule.source}",
        "",
        "## 参数 Parameters",
        "",
        *_parameter_table(parameters),
        "",
        "```toml",
        f"# rules.toml, with the defaults; enabled = false switches the rule off\n[{rule.rule_id}]",
        *(f"{p.name} = {shown_value(p.default)}" for p in parameters),
        "```",
        "",
        "## 方法 Method",
        "",
        method(rule),
        "",
        "## 示例 Worked example",
        "",
        *_example(worked_example(rule)),
        "",
        "## 盲区 Blind spots",
        "",
        rule.blind_spots.zh,
        "",
        rule.blind_spots.en,
        "",
    ]
    return "\n".join(lines)


def _example(example: Example) -> list[str]:
    alert = example.alert
    ended = "" if alert.end is None else f" – {alert.end}"
    weight = f"**{SEVERITIES[alert.severity].zh} {alert.severity}**, {alert.score:.2f}"
    fund = f"涉及基金 fund at risk {yuan(alert.fund_at_risk)}"
    return [
        f"`golden/{example.name}.jsonl`: {example.why}",
        "",
        f"> {weight}; {alert.begin}{ended}; raised {alert.raised_at}; {fund}",
        ">",
        f"> {alert.text.zh}",
        ">",
        f"> {alert.text.en}",
        "",
        *_measure_table(alert.measures),
    ]


def _measure_table(measures: list[Measure]) -> list[str]:
    head = ["| measure | 含义 | meaning | measured | limit | expected | unit |", "|---|---|---|--:|--:|--:|---|"]

    def shown(number: float | None) -> str:
        return "" if number is None else f"{number:,}"

    return head + [
        f"| `{m.name}` | {named(MEASURES, m.name, 'zh')} | {named(MEASURES, m.name, 'en')} | {shown(m.value)} "
        f"| {shown(m.limit)} | {shown(m.expected)} | {m.unit} |"
        for m in measures
    ]


def _parameter_table(parameters: list[Parameter]) -> list[str]:
    head = ["| parameter | 含义 | meaning | default | allowed | unit | source |", "|---|---|---|--:|---|---|---|"]
    return head + [
        f"| `{p.name}` | {p.zh} | {p.en} | {shown_value(p.default)} | {p.allowed} | {p.unit} | {p.source} |"
        for p in parameters
    ]
