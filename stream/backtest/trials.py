"""Which rules are asked beside those that run: the baseline's, and one for each value of a sweep?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from detectors.engine.registry import all_rules
from detectors.engine.rule import Rule
from detectors.engine.trial import on_trial, tried, values_of
from schemas.alerts import Alert
from stream.backtest.result import Value
from stream.rules_file import RulesWrong, configured_rules

MOST_VALUES: Final = 50  # of all sweeps together: each is asked of every page that its rule is asked of
_BASELINE: Final = "baseline"


class Swept(msgspec.Struct, frozen=True):
    """One value of one parameter of a rule. ``trial``: its rule's id, None where it is the value that the run itself has."""

    rule: str
    parameter: str
    value: Value
    trial: str | None


class Trials(msgspec.Struct):
    """What is asked in one pass. ``running``: the candidate; ``baseline``: its rules as the baseline has them, by id."""

    running: list[Rule[Any]]
    baseline: dict[str, Rule[Any]] = {}
    swept: list[Swept] = []
    beside: list[Rule[Any]] = []

    def all(self) -> list[Rule[Any]]:
        """Everything that is asked."""
        return [*self.running, *self.beside]

    def trial_of_baseline(self, rule: str) -> str | None:
        """The id under which the baseline's rule speaks; None where it does not run, the rule's own where both ask alike."""
        if rule not in self.baseline:
            return None
        name = f"{rule}~{_BASELINE}"
        return name if any(each.rule_id == name for each in self.beside) else rule


def trials(
    rules_file: Path | None, assignments: Sequence[str], only: str | None, sweeps: Sequence[str], baseline: Path | None
) -> Trials:
    """What the command line asks for; raises `click.UsageError` or `stream.rules_file.RulesWrong`."""
    found = Trials(configured_rules(rules_file, assignments, only))
    running = {rule.rule_id: rule for rule in found.running}
    if baseline is not None:
        found.baseline = {rule.rule_id: rule for rule in configured_rules(baseline, (), only)}
        for rule_id, rule in found.baseline.items():
            if rule_id not in running or values_of(running[rule_id]) != values_of(rule):
                found.beside.append(on_trial(type(rule), _BASELINE, values_of(rule)))
    for sweep in sweeps:
        rule_id, parameter, words = _parsed(sweep)
        if rule_id not in running:
            why = "does not run" if rule_id in all_rules() else "is not a rule"
            raise click.UsageError(f"--sweep {sweep}: {rule_id} {why}")
        for word in words:
            assignment = f"{rule_id}.{parameter}={word}"
            try:
                made = configured_rules(rules_file, (*assignments, assignment), only)
            except RulesWrong as wrong:  # the rest was right before
                raise click.UsageError(str(wrong).replace(f"--set {assignment}", f"--sweep {sweep}")) from None
            _add(found, running[rule_id], parameter, next(rule for rule in made if rule.rule_id == rule_id))
        own = getattr(running[rule_id], parameter)
        if not any(one.trial is None and (one.rule, one.parameter) == (rule_id, parameter) for one in found.swept):
            found.swept.append(Swept(rule_id, parameter, own, None))
    if len(found.swept) > MOST_VALUES:
        raise click.UsageError(f"--sweep asks for {len(found.swept)} values; {MOST_VALUES} are the most of one run")
    return found


def _add(found: Trials, running: Rule[Any], parameter: str, made: Rule[Any]) -> None:
    value = getattr(made, parameter)
    if any((one.rule, one.parameter, one.value) == (made.rule_id, parameter, value) for one in found.swept):
        return
    if value == getattr(running, parameter):
        found.swept.append(Swept(made.rule_id, parameter, value, None))
        return
    rule = on_trial(type(made), f"{parameter}{len(found.swept)}", values_of(made))
    found.beside.append(rule)
    found.swept.append(Swept(made.rule_id, parameter, value, rule.rule_id))


def _parsed(sweep: str) -> tuple[str, str, list[str]]:
    path, equals, text = sweep.partition("=")
    rule, dot, parameter = path.strip().partition(".")
    words = [word.strip() for word in text.split(",")]
    if not (rule and dot and parameter and equals) or not all(words):
        raise click.UsageError(f"--sweep {sweep} is not rule.parameter=a,b,c")
    return rule, parameter, words


def as_itself(alert: Alert) -> Alert:
    """An alert of a rule on trial, as the rule itself would say it: the same id and name, so that both can be compared."""
    rule, _ = tried(alert.rule)
    return msgspec.structs.replace(alert, rule=rule, alert_id=rule + alert.alert_id[len(alert.rule) :])
