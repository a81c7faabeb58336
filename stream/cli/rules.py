"""Which rules there are, what they ask, and which values they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from stream.errors import OperatorError

if TYPE_CHECKING:
    from detectors.engine.parameters import Parameter
    from detectors.engine.rule import Rule
    from stream.printing import Lang

_LANG = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of the words."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, with both languages.")


@click.group()
def command() -> None:
    """Which rules there are, what they ask, and which values they take.

    Example: fundwatch rules show bed_holding
    """


@command.command(name="list")
@_LANG
@_JSON
def list_(lang: str, as_json: bool) -> None:
    """Every rule with its question.

    Example: fundwatch rules list --lang en
    """
    from detectors.engine.registry import all_rules
    from stream.printing import show_table

    rules = all_rules()
    if as_json:
        _echo_json([_as_json(rule) for rule in rules.values()])
        return
    heads = (
        ("规则", "名称", "通知用语", "类别", "问题")
        if lang == "zh"
        else ("rule", "title", "notice", "class", "question")
    )
    rows = [
        (rule_id, getattr(rule.title, lang), rule.notice, rule.rule_class, getattr(rule.question, lang))
        for rule_id, rule in rules.items()
    ]
    show_table(heads, rows)


@command.command()
@click.argument("rule_id", metavar="RULE")
@_LANG
@_JSON
def show(rule_id: str, lang: str, as_json: bool) -> None:
    """One rule: its words and its parameters.

    With its basis, how it judges, what it cannot see, and of each parameter unit, default, bounds and source.

    Example: fundwatch rules show household_together --lang en
    """
    from detectors.engine.parameters import parameters_of
    from stream.printing import console, show_table
    from stream.rule_docs import method

    rule = _known(rule_id)
    if as_json:
        _echo_json(_as_json(rule))
        return
    is_chinese = lang == "zh"
    names = ("通知用语", "类别", "依据", "出处", "盲区") if is_chinese else _ENGLISH_NAMES
    said = (rule.notice, rule.rule_class, "；".join(rule.basis), rule.source, getattr(rule.blind_spots, lang))
    out = console()
    out.print(
        f"{getattr(rule.title, lang)} ({rule.rule_id}, {'版本' if is_chinese else 'version'} {rule.version})",
        style="bold",
    )
    out.print(getattr(rule.question, lang), markup=False)
    for name, text in zip(names, said, strict=True):
        out.print(f"{name}: {text}", markup=False)
    out.print(f"{'方法' if is_chinese else 'method'}: {method(rule)}", markup=False)
    out.print()
    heads = ("参数", "含义", "默认", "允许", "单位", "出处") if is_chinese else _ENGLISH_HEADS
    show_table(heads, [_row(parameter, lang) for parameter in parameters_of(rule)], right=(2,))


_ENGLISH_NAMES = ("notice", "class", "basis", "source", "blind spots")
_ENGLISH_HEADS = ("parameter", "meaning", "default", "allowed", "unit", "source")


@command.command()
@click.argument("file", metavar="rules.toml", type=click.Path(path_type=Path))
@click.option(
    "--set", "settings", metavar="RULE.PARAMETER=VALUE", multiple=True, help="A value over the file's; may be repeated."
)
@click.option("--only", metavar="RULE,…", help="Only these rules run.")
def check(file: Path, settings: tuple[str, ...], only: str | None) -> None:
    """Says what a file changes, or all that is wrong.

    Exits with 1 when anything is wrong; each problem comes with its line.

    Example: fundwatch rules check rules.toml --set bed_holding.idle_days=4
    """
    from detectors.engine.parameters import parameters_of
    from detectors.engine.registry import all_rules
    from stream.rule_docs import shown_value
    from stream.rules_file import configured_rules

    configured = {rule.rule_id: rule for rule in configured_rules(file, settings, only)}
    for rule_id, kind in all_rules().items():
        if rule_id not in configured:
            click.echo(f"{rule_id}\toff")
            continue
        for parameter in parameters_of(kind):
            value = getattr(configured[rule_id], parameter.name)
            if value != parameter.default:
                stated = f"{shown_value(value)} (default {shown_value(parameter.default)}, {parameter.unit})"
                click.echo(f"{rule_id}.{parameter.name}\t{stated}")
    click.echo(f"{file}: nothing is wrong, {len(configured)} of {len(all_rules())} rules are on", err=True)


@command.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def docs(directory: Path) -> None:
    """Writes every rule's page into DIR.

    Example: fundwatch rules docs docs/rules
    """
    from detectors.engine.registry import all_rules
    from stream.rule_docs import write

    for changed in write(all_rules(), directory):
        click.echo(str(changed))


def _known(rule_id: str) -> type[Rule[Any]]:
    import difflib

    from detectors.engine.registry import all_rules

    rules = all_rules()
    if rule_id not in rules:
        near = difflib.get_close_matches(rule_id, list(rules), n=1)
        hint = f"did you mean {near[0]}?" if near else "see 'fundwatch rules list'"
        raise OperatorError(f"{rule_id} is not a rule", hint)
    return rules[rule_id]


def _row(parameter: Parameter, lang: str) -> tuple[str, ...]:
    from stream.alert_words import UNITS, named
    from stream.rule_docs import shown_value

    unit, default = named(UNITS, parameter.unit, cast("Lang", lang)), shown_value(parameter.default)
    return parameter.name, getattr(parameter, lang), default, _allowed(parameter, lang), unit, parameter.source


_CHINESE_KINDS = {"whole number": "整数", "number": "数", "true or false": "true 或 false", "text": "文字"}


def _allowed(parameter: Parameter, lang: str) -> str:
    if lang == "en":
        return parameter.allowed
    least, most = parameter.least, parameter.most
    bounds = f"{'' if least is None else least} – {'' if most is None else most}"
    kind = _CHINESE_KINDS.get(parameter.kind, parameter.kind)
    return kind if least is most is None else f"{kind} {bounds}"


def _as_json(rule: type[Rule[Any]]) -> dict[str, object]:
    from detectors.engine.parameters import parameters_of
    from stream.rule_docs import method

    return {
        "rule": rule.rule_id,
        "version": rule.version,
        "title": rule.title,
        "notice": rule.notice,
        "question": rule.question,
        "class": rule.rule_class,
        "basis": rule.basis,
        "blind_spots": rule.blind_spots,
        "source": rule.source,
        "method": method(rule),
        "parameters": parameters_of(rule),
    }


def _echo_json(value: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
