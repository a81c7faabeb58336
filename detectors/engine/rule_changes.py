"""What changed between the rules that pages were asked with and those that run now, in words?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from detectors.engine.asked import Setting, settings_of
from detectors.engine.parameters import parameters_of, shown
from detectors.engine.rule import Rule
from schemas.alerts import Text

SWITCHED_ON = Text("规则已启用", "the rule was switched on")
SWITCHED_OFF = Text("规则已停用", "the rule was switched off")
NOT_KEPT = Text(
    "规则已按现行设置重新核对（此前的设置未留存）", "asked again with present settings; earlier ones were not kept"
)


def superseded(version: int) -> Text:
    """Why an alert of another version does not stay."""
    return Text(f"规则已由第{version}版取代", f"superseded by version {version} of the rule")


def _replaced(before: int, now: int) -> Text:
    return Text(f"规则由第{before}版更新为第{now}版", f"version {now} of the rule replaced version {before}")


def changes(before: Mapping[str, Setting] | None, rules: Iterable[Rule[Any]]) -> dict[str, Text]:
    """By id, every rule that is new, gone, of another version or has other parameters, with the words for it.

    Where ``before`` is None nobody knows, and every rule counts as changed.
    """
    running = {rule.rule_id: rule for rule in rules}
    if before is None:
        return dict.fromkeys(running, NOT_KEPT)
    now = settings_of(running.values())
    found = {name: SWITCHED_OFF for name in before if name not in now}
    for name, rule in running.items():
        known = before.get(name)
        if known is None:
            found[name] = SWITCHED_ON
        elif known.version != rule.version:
            found[name] = _replaced(known.version, rule.version)
        elif not known.asks_like(now[name]):
            found[name] = _adjusted(rule, known.parameters, now[name].parameters)
    return found


def _adjusted(rule: Rule[Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> Text:
    zh, en = [], []
    for one in parameters_of(type(rule)):
        if one.name in before and before[one.name] == now[one.name]:
            continue
        old = shown(before[one.name]) if one.name in before else "—"
        new = shown(now[one.name])
        zh.append(f"{one.zh or one.name} {old} → {new}")
        en.append(f"{one.en or one.name} {old} → {new} {one.unit}".rstrip())
    return Text(f"规则参数已调整：{'，'.join(zh)}", f"the rule's parameters changed: {', '.join(en)}")


def both(one: Text, other: Text) -> Text:
    """Two reasons for one change."""
    return Text(f"{one.zh}；{other.zh}", f"{one.en}; {other.en}")
