"""Which parameters has a rule, and which values may they have?

A rule's fields are its parameters: type, default and bounds stand in the annotation, and so do unit, words and source. From
there come ``fundwatch rules``, the docs, and the validation of ``rules.toml``; nothing is written down twice.
"""

from __future__ import annotations

import difflib
import math
import typing
from collections.abc import Collection, Iterator, Mapping
from types import NoneType, UnionType
from typing import Any

import msgspec

from detectors.engine.rule import Rule

ENABLED = "enabled"  # in any rule's table: false switches the rule off
AnyRule = Rule[Any]
RuleClasses = Mapping[str, type[AnyRule]]
Tables = Mapping[str, Mapping[str, object]]


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong in a configuration. ``parameter`` is None where the rule itself is meant."""

    rule: str
    parameter: str | None
    message: str


class WrongConfiguration(Exception):
    """Rules were given values that they cannot have; ``problems`` has them all.

    Operator action: correct the values in rules.toml or ``--set``.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a rule, with what people need to know of it.

    ``least`` and ``most`` are None where there is no bound; ``excludes`` names the bounds that are not allowed themselves.
    """

    name: str
    kind: str  # "whole number", "number", "true or false", "text", or the list of choices
    default: object
    least: float | int | None
    most: float | int | None
    unit: str
    zh: str
    en: str
    source: str
    excludes: tuple[float | int, ...] = ()

    @property
    def allowed(self) -> str:
        """The values it may have, in words."""
        bounds = []
        if self.least is not None:
            bounds.append(f"above {self.least}" if self.least in self.excludes else f"{self.least} or more")
        if self.most is not None:
            bounds.append(f"below {self.most}" if self.most in self.excludes else f"{self.most} or less")
        if len(bounds) == 2 and not self.excludes:
            return f"a {self.kind} from {self.least} to {self.most}"
        return f"a {self.kind}, {' and '.join(bounds)}" if bounds else self.kind


def parameters_of(rule: type[AnyRule]) -> list[Parameter]:
    """The rule's parameters, in the order in which it names them."""
    return [_parameter(field) for field in msgspec.structs.fields(rule)]


def configure(rules: RuleClasses, tables: Tables, only: Collection[str] | None = None) -> list[AnyRule]:
    """The rules that are to run, each with its values, in order of id; ``only`` leaves out all others.

    Raises `WrongConfiguration` with every problem at once.
    """
    problems = [_unknown_rule(name, rules) for name in [*tables, *(only or ())] if name not in rules]
    configured = []
    for rule_id in sorted(rules):
        table = tables.get(rule_id, {})
        wrong = list(_problems(rules[rule_id], table))
        problems += wrong
        is_wanted = table.get(ENABLED, True) and (only is None or rule_id in only)
        if is_wanted and not wrong:
            try:
                configured.append(_made(rules[rule_id], table))
            except (ValueError, TypeError) as contradiction:  # of values that are each allowed
                problems.append(Problem(rule_id, None, f"{rule_id}: {contradiction}"))
    if problems:
        raise WrongConfiguration(problems)
    return configured


def _made(rule: type[AnyRule], table: Mapping[str, object]) -> AnyRule:
    types = {field.name: field.type for field in msgspec.structs.fields(rule)}
    return rule(**{name: msgspec.convert(value, types[name]) for name, value in table.items() if name != ENABLED})


def _problems(rule: type[AnyRule], table: Mapping[str, object]) -> Iterator[Problem]:
    fields = {field.name: field for field in msgspec.structs.fields(rule)}
    for name, value in table.items():
        where = f"{rule.rule_id}.{name}"
        if name == ENABLED:
            if not isinstance(value, bool):
                yield Problem(rule.rule_id, name, f"{where} = {shown(value)} is not allowed: true or false")
        elif name not in fields:
            message = f"{where} is not a parameter{_near(name, [*fields, ENABLED])}"
            yield Problem(rule.rule_id, name, message)
        else:
            try:
                msgspec.convert(value, fields[name].type)
                is_allowed = not isinstance(value, float) or math.isfinite(value)  # a bound lets nan through
            except msgspec.ValidationError:
                is_allowed = False
            if not is_allowed:
                parameter = _parameter(fields[name])
                unit = f" ({parameter.unit})" if parameter.unit else ""
                message = f"{where} = {shown(value)} is not allowed: {parameter.allowed}{unit}"
                yield Problem(rule.rule_id, name, message)


def _unknown_rule(name: str, rules: RuleClasses) -> Problem:
    return Problem(name, None, f"{name} is not a rule{_near(name, list(rules))}")


def _near(given: str, known: list[str]) -> str:
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else f", known are {', '.join(known)}"


def shown(value: object) -> str:
    """A parameter's value as people read it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return msgspec.json.encode(value, enc_hook=str).decode()


def _parameter(field: msgspec.structs.FieldInfo) -> Parameter:
    kind, metas = _unwrapped(field.type)
    least = next((bound for meta in metas for bound in (meta.ge, meta.gt) if bound is not None), None)
    most = next((bound for meta in metas for bound in (meta.le, meta.lt) if bound is not None), None)
    words: dict[str, str] = {}
    for meta in metas:
        words |= meta.extra or {}
    excludes = tuple(bound for meta in metas for bound in (meta.gt, meta.lt) if bound is not None)
    unit, zh, en, source = (words.get(word, "") for word in ("unit", "zh", "en", "source"))
    return Parameter(field.name, _kind(kind), field.default, least, most, unit, zh, en, source, excludes)


def _unwrapped(annotation: Any) -> tuple[Any, list[msgspec.Meta]]:
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *metas = typing.get_args(annotation)
        return inner, [meta for meta in metas if isinstance(meta, msgspec.Meta)]
    return annotation, []


_KINDS = {int: "whole number", float: "number", bool: "true or false", str: "text", NoneType: "nothing"}


def _kind(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(shown(choice) for choice in arguments)
    if origin in (typing.Union, UnionType):
        return " or ".join(_kind(_unwrapped(one)[0]) for one in arguments)
    if origin in (tuple, list, frozenset, set):
        return f"list of {_kind(_unwrapped(arguments[0])[0])}s"
    return _KINDS.get(annotation, str(annotation))
