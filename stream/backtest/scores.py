"""How good is a set of alerts of one rule: right ones, labels found, delay, load and money?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

from schemas.alerts import Alert
from stream.backtest.intervals import share, wilson
from stream.backtest.labels import Detected, Labels
from stream.backtest.result import SweepPoint, Value
from stream.ledger import OpenAlerts


class Scores(msgspec.Struct):
    """What the fields of `stream.backtest.result.RuleResult` say; ``detected`` by label."""

    alerts: int
    retracted: int
    labels: int | None
    hits: int | None
    detected: dict[int, Detected]
    delays: list[float]
    in_time: list[bool]
    fund_at_risk: int
    days: float | None

    @property
    def found(self) -> int | None:
        """Labels that were hit; None without labels."""
        return None if self.labels is None else len(self.detected)

    @property
    def alerts_a_day(self) -> float | None:
        """None of no time."""
        return self.alerts / self.days if self.days else None

    @property
    def precision(self) -> float | None:
        """Of the alerts, those that hit."""
        return None if self.hits is None else share(self.hits, self.alerts)

    @property
    def recall(self) -> float | None:
        """Of the labels, those that were hit."""
        return None if self.labels is None else share(len(self.detected), self.labels)

    @property
    def delay_median(self) -> float | None:
        """Hours."""
        return statistics.median(self.delays) if self.delays else None

    def as_point(self, rule: str, parameter: str, value: Value, is_current: bool) -> SweepPoint:
        """As one point of a sweep."""
        return SweepPoint(
            rule=rule,
            parameter=parameter,
            value=value,
            is_current=is_current,
            labels=self.labels,
            alerts=self.alerts,
            retracted=self.retracted,
            hits=self.hits,
            found=self.found,
            precision=self.precision,
            precision_interval=None if self.hits is None else wilson(self.hits, self.alerts),
            recall=self.recall,
            recall_interval=None if self.labels is None else wilson(len(self.detected), self.labels),
            delay_hours_median=self.delay_median,
            in_time_share=share(sum(self.in_time), len(self.in_time)),
            alerts_a_day=self.alerts_a_day,
            fund_at_risk=self.fund_at_risk,
        )


def score(alerts: Sequence[Alert], rule: str, labels: Labels | None, days: float | None) -> Scores:
    """Of all alerts of one rule, open and retracted, each at its newest revision.

    A rule of which no label is known is not judged: its alerts are not wrong because nobody has looked for such a thing.
    """
    open_alerts = [alert for alert in alerts if alert.status == "open"]
    is_judged = labels is not None and labels.knows(rule)
    detected = labels.detected(open_alerts) if labels is not None and is_judged else {}
    hits = sum(1 for alert in open_alerts if labels.hit_by(alert)) if labels is not None and is_judged else None
    return Scores(
        len(open_alerts),
        len(alerts) - len(open_alerts),
        len(labels.of(rule)) if labels is not None and is_judged else None,
        hits,
        detected,
        sorted(one.delay_hours for one in detected.values() if one.delay_hours is not None),
        [one.in_time for one in detected.values() if one.in_time is not None],
        fund_of(open_alerts),
        days,
    )


def fund_of(alerts: Sequence[Alert]) -> int:
    """Fen; a visit that several alerts share counts once."""
    ledger = OpenAlerts()
    for alert in alerts:
        ledger.observe(alert)
    return ledger.fund_at_risk
