"""What does the candidate say otherwise than the baseline: alerts gained, lost and moved, and money?"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from detectors.engine.registry import all_rules
from detectors.engine.trial import values_of
from schemas.alerts import Alert
from schemas.china_time import HOUR, parse_time
from stream.backtest.labels import Labels
from stream.backtest.result import Comparison, InstitutionComparison, Moved, Place, RuleComparison
from stream.backtest.scores import fund_of, score
from stream.backtest.trials import Trials

EXAMPLES: Final = 10  # of each kind and rule
MakePlace = Callable[[Alert], Place]


class Pair(NamedTuple):
    """An alert before and after; ``by`` says how they were matched, ``is_same`` whether nothing is to be seen of a change."""

    before: Alert
    after: Alert
    by: str

    @property
    def is_same(self) -> bool:
        """Same id, time, severity and money."""
        return self.by == "id" and _seen(self.before) == _seen(self.after)

    @property
    def later_hours(self) -> float:
        """How much later the candidate is."""
        return (parse_time(self.after.raised_at) - parse_time(self.before.raised_at)) / HOUR


class Matched(NamedTuple):
    """The open alerts of one rule, side by side."""

    pairs: list[Pair]
    lost: list[Alert]
    gained: list[Alert]


def _seen(alert: Alert) -> tuple[str, str, int]:
    return alert.raised_at, alert.severity, alert.fund_at_risk


def match(before: Iterable[Alert], after: Iterable[Alert]) -> Matched:
    """By id; what is left by a visit that both name, then by institution and person, then by institution and item.

    In order of id, each alert once.
    """
    left = {alert.alert_id: alert for alert in sorted(after, key=lambda alert: alert.alert_id)}
    olds, pairs = [], []
    for alert in sorted(before, key=lambda alert: alert.alert_id):
        if (same := left.pop(alert.alert_id, None)) is not None:
            pairs.append(Pair(alert, same, "id"))
        else:
            olds.append(alert)
    for by, marks in _MARKS:
        there: dict[object, list[str]] = {}
        for alert in left.values():
            for mark in marks(alert):
                there.setdefault(mark, []).append(alert.alert_id)
        lost = []
        for alert in olds:
            found = next((name for mark in marks(alert) for name in there.get(mark, ()) if name in left), None)
            if found is None:
                lost.append(alert)
            else:
                pairs.append(Pair(alert, left.pop(found), by))
        olds = lost
    return Matched(pairs, olds, list(left.values()))


_MARKS: Final[tuple[tuple[str, Callable[[Alert], list[object]]], ...]] = (
    ("visit", lambda alert: list(alert.visits)),
    ("person", lambda alert: [(alert.institution, person) for person in alert.persons]),
    ("item", lambda alert: [] if alert.item is None else [(alert.institution, alert.item)]),
)


def compare(
    trials: Trials, baseline: str, by_rule: Mapping[str, Sequence[Alert]], labels: Labels | None, days: float | None,
    place: MakePlace,
) -> tuple[Comparison, dict[str, Matched]]:  # fmt: skip
    """The comparison, and what it rests on by rule. ``by_rule``: alerts by the rule's or trial's id, as the rule says them."""
    running = {rule.rule_id: rule for rule in trials.running}
    matched: dict[str, Matched] = {}
    rules: dict[str, RuleComparison] = {}
    olds: list[Alert] = []
    news: list[Alert] = []
    for rule in sorted(running.keys() | trials.baseline.keys()):
        trial = trials.trial_of_baseline(rule)
        before = list(by_rule.get(trial, ())) if trial is not None else []
        after = list(by_rule.get(rule, ())) if rule in running else []
        found = matched[rule] = match(_open(before), _open(after))
        olds += _open(before)
        news += _open(after)
        moved = [pair for pair in found.pairs if not pair.is_same]
        later = [pair.later_hours for pair in found.pairs]
        old, new = score(before, rule, labels, days), score(after, rule, labels, days)
        rules[rule] = RuleComparison(
            rule=rule,
            title=all_rules()[rule].title,
            changed=_changed(trials, rule),
            runs=[trial is not None, rule in running],
            before=old.alerts,
            after=new.alerts,
            same=len(found.pairs) - len(moved),
            gained=len(found.gained),
            lost=len(found.lost),
            moved=len(moved),
            fund_before=old.fund_at_risk,
            fund_after=new.fund_at_risk,
            earlier=sum(1 for pair in moved if pair.later_hours < 0),
            later=sum(1 for pair in moved if pair.later_hours > 0),
            raised_later_hours_median=statistics.median(later) if later else None,
            before_scores=None if trial is None else old.as_point(rule, "", "", False),
            after_scores=new.as_point(rule, "", "", True) if rule in running else None,
            gained_examples=[place(alert) for alert in _first(found.gained)],
            lost_examples=[place(alert) for alert in _first(found.lost)],
            moved_examples=[_moved(pair, place) for pair in moved[:EXAMPLES]],
        )
    comparison = Comparison(
        baseline=baseline,
        rules=rules,
        institutions=_institutions(matched.values()),
        fund_before=fund_of(olds),
        fund_after=fund_of(news),
    )
    return comparison, matched


def _open(alerts: Iterable[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.status == "open"]


def _first(alerts: Sequence[Alert]) -> list[Alert]:
    """Those with the most money first."""
    return sorted(alerts, key=lambda alert: (-alert.fund_at_risk, alert.alert_id))[:EXAMPLES]


def _changed(trials: Trials, rule: str) -> dict[str, list[Any]]:
    new = next((values_of(each) for each in trials.running if each.rule_id == rule), None)
    old = values_of(trials.baseline[rule]) if rule in trials.baseline else None
    if new is None or old is None:
        return {}
    return {name: msgspec.to_builtins([old[name], new[name]]) for name in new if old[name] != new[name]}


def _moved(pair: Pair, place: MakePlace) -> Moved:
    change = pair.after.fund_at_risk - pair.before.fund_at_risk
    return Moved(
        by=pair.by,
        before=place(pair.before),
        after=place(pair.after),
        raised_later_hours=pair.later_hours,
        fund_change=change,
    )


def _institutions(matched: Iterable[Matched]) -> dict[str, InstitutionComparison]:
    before: dict[str, list[Alert]] = {}
    after: dict[str, list[Alert]] = {}
    gained, lost, moved = dict[str, int](), dict[str, int](), dict[str, int]()
    for each in matched:
        for alert in [*each.lost, *(pair.before for pair in each.pairs)]:
            before.setdefault(alert.institution, []).append(alert)
        for alert in [*each.gained, *(pair.after for pair in each.pairs)]:
            after.setdefault(alert.institution, []).append(alert)
        for counts, alerts in (
            (gained, each.gained),
            (lost, each.lost),
            (moved, [pair.after for pair in each.pairs if not pair.is_same]),
        ):
            for alert in alerts:
                counts[alert.institution] = counts.get(alert.institution, 0) + 1
    return {
        code: InstitutionComparison(
            name=next(
                (a.institution_name for a in (*after.get(code, ()), *before.get(code, ())) if a.institution_name), None
            ),
            before=len(before.get(code, ())),
            after=len(after.get(code, ())),
            gained=gained.get(code, 0),
            lost=lost.get(code, 0),
            moved=moved.get(code, 0),
            fund_before=fund_of(before.get(code, ())),
            fund_after=fund_of(after.get(code, ())),
        )
        for code in sorted(gained.keys() | lost.keys() | moved.keys())
        if code
    }
