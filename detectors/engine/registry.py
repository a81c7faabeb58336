"""Which rules are there? Every folder below ``detectors/by_…`` that holds a rule; nothing is listed by hand."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any, Final

import detectors
from detectors.engine.rule import Rule


class RegistryError(Exception):
    """A rule's folder does not hold what it must. Operator action: none, it is a programming error; the text says which."""


_WORDS: Final = (
    "version", "page", "title", "notice", "question", "rule_class", "basis", "blind_spots", "source",
)  # fmt: skip  # class variables that only the rule itself can say


@cache
def all_rules() -> dict[str, type[Rule[Any]]]:
    """Every rule class by id, in order of id. The folder's name is the rule's id."""
    found: dict[str, type[Rule[Any]]] = {}
    for group in pkgutil.iter_modules(detectors.__path__):
        if not (group.ispkg and group.name.startswith("by_")):
            continue
        package = importlib.import_module(f"detectors.{group.name}")
        for folder in pkgutil.iter_modules(package.__path__):
            if folder.ispkg:
                rule = _rule_in(f"detectors.{group.name}.{folder.name}", folder.name)
                found[rule.rule_id] = rule
    return dict(sorted(found.items()))


def _rule_in(module_name: str, rule_id: str) -> type[Rule[Any]]:
    try:
        module = importlib.import_module(f"{module_name}.rule")
    except ModuleNotFoundError as error:
        if error.name != f"{module_name}.rule":
            raise
        raise RegistryError(f"{module_name.replace('.', '/')} holds no rule.py") from None
    rules = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Rule) and member.__module__ == module.__name__
    ]
    if [rule.rule_id for rule in rules] != [rule_id]:
        raise RegistryError(f"{module_name}/rule.py must define exactly one rule, with rule_id = {rule_id!r}")
    unsaid = [name for name in _WORDS if not hasattr(rules[0], name)]
    if unsaid:
        raise RegistryError(f"{module_name}/rule.py does not say its {', '.join(unsaid)}")
    return rules[0]
