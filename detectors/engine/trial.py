"""How is a rule asked twice in one pass, as it runs and with other values? As a rule on trial, beside it, on the same pages.

It has an id of its own, so what stands of it stands apart, and its words go nowhere but into `Effects.trials`: no alert is
joined with it, no later stage hears of it. Books are posted once, whatever the number of trials.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from detectors.engine.rule import Rule

SIGN: Final = "~"  # between a rule's id and its trial's name; a folder, and so a rule's id, cannot have it


def is_on_trial(rule_id: str) -> bool:
    """Whether that is the id of a rule on trial."""
    return SIGN in rule_id


def tried(rule_id: str) -> tuple[str, str]:
    """The rule's own id and the trial's name.

    >>> tried("bed_holding~3")
    ('bed_holding', '3')
    """
    own, _, trial = rule_id.partition(SIGN)
    return own, trial


def on_trial(rule: type[Rule[Any]], trial: str, values: Mapping[str, Any]) -> Rule[Any]:
    """The rule with those values (all of them valid), under the name of the trial."""
    return _class_on_trial(rule, trial)(**values)


@cache
def _class_on_trial(rule: type[Rule[Any]], trial: str) -> type[Rule[Any]]:
    def say(names: dict[str, Any]) -> None:
        names["rule_id"] = f"{rule.rule_id}{SIGN}{trial}"
        names["__module__"] = __name__

    return types.new_class(f"{rule.__name__}OnTrial", (rule,), {"frozen": True, "kw_only": True}, say)


def values_of(rule: Rule[Any]) -> dict[str, Any]:
    """All its parameters with their values."""
    return {field.name: getattr(rule, field.name) for field in msgspec.structs.fields(rule)}
