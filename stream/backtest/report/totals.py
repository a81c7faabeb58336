"""What do all rules that have labels come to together, with the candidate's and with the baseline's settings?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stream.backtest.intervals import share, wilson
from stream.backtest.result import Interval, Result, RuleComparison, RuleResult, SweepPoint


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the rules that have labels: alerts and those of them that hit, labels and those of them that were found."""

    labels: int
    found: int
    alerts: int
    hits: int

    @property
    def recall(self) -> float | None:
        """Found of the labels."""
        return share(self.found, self.labels)

    @property
    def precision(self) -> float | None:
        """Hits of the alerts."""
        return share(self.hits, self.alerts)

    @property
    def recall_interval(self) -> Interval | None:
        """Wilson's, 95 %."""
        return wilson(self.found, self.labels)

    @property
    def precision_interval(self) -> Interval | None:
        """Wilson's, 95 %."""
        return wilson(self.hits, self.alerts)


def total(result: Result) -> Total:
    """With the run's own settings."""
    return _sum(rule for rule in result.rules.values() if rule.labels)


def differs(rule: RuleComparison) -> bool:
    """Whether the rule says anything otherwise."""
    return bool(rule.gained or rule.lost or rule.moved)


def both_totals(rules: Iterable[RuleComparison]) -> tuple[Total, Total]:
    """The baseline's and the candidate's, over those of the rules that were scored with both."""
    labelled = [rule for rule in rules if rule.before_scores and rule.after_scores and rule.after_scores.labels]
    return (
        _sum(rule.before_scores for rule in labelled if rule.before_scores is not None),
        _sum(rule.after_scores for rule in labelled if rule.after_scores is not None),
    )


def _sum(scores: Iterable[RuleResult | SweepPoint]) -> Total:
    known = list(scores)
    return Total(
        labels=sum(one.labels or 0 for one in known),
        found=sum(one.found or 0 for one in known),
        alerts=sum(one.alerts for one in known),
        hits=sum(one.hits or 0 for one in known),
    )
