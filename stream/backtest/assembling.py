"""How do a run's alerts, labels and verdicts become a result?"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec

from detectors.engine.registry import all_rules
from detectors.engine.trial import values_of
from schemas.alerts import Alert
from schemas.china_time import DAY, format_day, format_time
from stream.backtest import casebook, sweeping
from stream.backtest.comparing import Matched, compare
from stream.backtest.intervals import share, wilson
from stream.backtest.labels import Detected, Labels
from stream.backtest.result import (
    Case,
    Comparison,
    DayLoad,
    InstitutionResult,
    LabelResult,
    Place,
    Result,
    RuleResult,
    Source,
    Window,
)
from stream.backtest.scores import Scores, fund_of, score
from stream.backtest.trials import Trials
from stream.backtest.verdicts import Words
from stream.ledger import OpenAlerts
from stream.replay_summary import Ran, peak_rss_of, portraits_of, unmatched_corrections

MOST_PLACES: Final = 5_000  # rows of alerts; a report with more would not open
_PACKAGES: Final = ("fundwatch", "msgspec", "river", "numpy", "kafka-python")


class Assembling:
    """``by_rule``: alerts by the id of their rule or trial. ``start``, ``end``: of what counts, seconds of China time."""

    def __init__(
        self, ran: Ran, trials: Trials, baseline: str | None, by_rule: Mapping[str, Sequence[Alert]],
        labels: Labels | None, words: Words | None, start: int | None, end: int | None,
    ) -> None:  # fmt: skip
        self._ran, self._trials, self._baseline = ran, trials, baseline
        self._by_rule, self._labels, self._words = by_rule, labels, words
        first = ran.replay.first_time
        begins = [time for time in (start, first) if time is not None]
        self._begin, self._start, self._end = max(begins) if begins and first is not None else None, start, end
        self._running = [rule.rule_id for rule in trials.running]
        self._scores = {rule: score(by_rule.get(rule, ()), rule, labels, self._days) for rule in self._running}
        self._open = [a for rule in self._running for a in by_rule.get(rule, ()) if a.status == "open"]
        self._cases: dict[str, int] = {}

    @property
    def _days(self) -> float | None:
        if self._begin is None or self._end is None or self._end <= self._begin:
            return None
        return (self._end - self._begin) / DAY

    def result(self, command: str, jobs: int, pseudonym: Callable[[str], str]) -> Result:
        """Everything. ``pseudonym`` is what is shown for a person of a label."""
        ran, replay = self._ran, self._ran.replay
        labels = self._label_results(pseudonym)
        comparison, matched = self._comparison()
        cases = self._told(labels, matched, pseudonym)
        if self._words is not None:
            self._words.note_others(alert.alert_id for alert in self._open)
        points = sweeping.points(self._trials, self._by_rule, self._labels, self._days)
        days = self._calendar()
        places = self._places()
        return Result(
            transactions=replay.transactions,
            seconds=round(ran.seconds, 3),
            per_second=round(replay.transactions / ran.seconds) if ran.seconds > 0 else 0,
            peak_rss_bytes=peak_rss_of(replay),
            alerts={rule: one.alerts for rule, one in self._scores.items() if one.alerts},
            retracted={rule: one.retracted for rule, one in self._scores.items() if one.retracted},
            dead_letters=dict(sorted(replay.dead_letters.items())),
            unmatched_corrections=unmatched_corrections(replay),
            rules={rule: self._rule(rule, one) for rule, one in self._scores.items()},
            institutions=self._institutions(),
            sweeps=points,
            suggestions=sweeping.suggestions(points),
            comparison=self._with_cases(comparison),
            window=self._window(),
            sources=[Source(name=one.name, transactions=one.transactions, notes=one.notes) for one in ran.read],
            days=days,
            load=self._load(days),
            fund_at_risk=fund_of(self._open),
            labels=None if self._labels is None else labels,
            labels_outside={} if self._labels is None else dict(sorted(self._labels.outside.items())),
            verdicts_outside={} if self._words is None else dict(sorted(self._words.outside.items())),
            places=places[0],
            places_left_out=places[1],
            cases=cases,
            settings={rule.rule_id: msgspec.to_builtins(values_of(rule)) for rule in self._trials.running},
            command=command,
            versions=_versions(self._running),
            jobs=jobs,
            is_partial=ran.is_partial,
            notes=ran.notes,
        )

    # -- rules and institutions -------------------------------------------------------------------------------------

    def _rule(self, rule: str, one: Scores) -> RuleResult:
        ids = [alert.alert_id for alert in self._open if alert.rule == rule]
        return RuleResult(
            title=all_rules()[rule].title,
            labels=one.labels,
            alerts=one.alerts,
            retracted=one.retracted,
            hits=one.hits,
            found=one.found,
            precision=one.precision,
            precision_interval=None if one.hits is None else wilson(one.hits, one.alerts),
            recall=one.recall,
            recall_interval=None if one.labels is None else wilson(len(one.detected), one.labels),
            delay_hours_median=one.delay_median,
            delay_hours=[round(hours, 3) for hours in one.delays],
            in_time_share=share(sum(one.in_time), len(one.in_time)),
            in_time_interval=wilson(sum(one.in_time), len(one.in_time)),
            fund_at_risk=one.fund_at_risk,
            alerts_a_day=one.alerts_a_day,
            severities=dict(Counter(alert.severity for alert in self._open if alert.rule == rule)),
            verdicts=None if self._words is None else self._words.counted(ids),
        )

    def _institutions(self) -> dict[str, InstitutionResult]:
        """Every institution of the history, also those about which nothing was said."""
        by_place: dict[str, list[Alert]] = {}
        ledger = OpenAlerts()
        for alert in self._open:
            ledger.observe(alert)
            by_place.setdefault(alert.institution, []).append(alert)
        found = {}
        for code, known in portraits_of(self._ran.replay, ledger).items():
            alerts = by_place.get(code, [])
            found[code] = InstitutionResult(
                name=next((alert.institution_name for alert in alerts if alert.institution_name), None),
                alerts=known.alerts,
                fund_at_risk=known.fund_at_risk,
                rules=dict(sorted(Counter(alert.rule for alert in alerts).items())),
                standing=known.portrait.standing,
                parts=known.portrait.parts,
            )
        return found

    # -- time -------------------------------------------------------------------------------------------------------

    def _window(self) -> Window:
        window, replay = self._ran.replay.window, self._ran.replay
        return Window(
            start=_moment(window.start),
            end=_moment(window.end),
            warm_up_from=_moment(window.warm_up_from),
            first=_moment(replay.first_time),
            last=_moment(replay.stream_time),
            days=self._days,
        )

    def _calendar(self) -> list[str]:
        if self._begin is None or self._end is None:
            return []
        return [format_day(day) for day in range(self._begin // DAY, self._end // DAY + 1)]

    def _load(self, days: Sequence[str]) -> list[DayLoad]:
        place = {day: number for number, day in enumerate(days)}
        found = []
        for rule in self._running:
            raised = Counter(alert.raised_at[:10] for alert in self._open if alert.rule == rule)
            if raised:
                counts = [0] * len(days)
                for day, many in raised.items():
                    counts[place.get(day, -1)] += many  # a person's alert may bear the time of a clock that ran ahead
                found.append(DayLoad(rule=rule, alerts=counts))
        return found

    # -- single ones ------------------------------------------------------------------------------------------------

    def _label_results(self, pseudonym: Callable[[str], str]) -> list[LabelResult]:
        if self._labels is None:
            return []
        detected: dict[int, Detected] = {}
        for one in self._scores.values():
            detected |= one.detected
        found = []
        for number, label in enumerate(self._labels.counted):
            hit = detected.get(number)
            found.append(
                LabelResult(
                    pattern=label.pattern,
                    institution=label.institution,
                    persons=[pseudonym(person) for person in label.persons],
                    visits=label.visits,
                    household=label.household,
                    item=label.item,
                    begin=label.begin,
                    end=label.end,
                    found_by=None if hit is None else hit.alert_id,
                    raised_at=None if hit is None else hit.raised_at,
                    delay_hours=None if hit is None else hit.delay_hours,
                    in_time=None if hit is None else hit.in_time,
                )
            )
        return found

    def _comparison(self) -> tuple[Comparison | None, dict[str, Matched]]:
        if self._baseline is None:
            return None, {}
        return compare(self._trials, self._baseline, self._by_rule, self._labels, self._days, self._place)

    def _told(
        self, labels: Sequence[LabelResult], matched: Mapping[str, Matched], pseudonym: Callable[[str], str]
    ) -> list[Case]:
        own = {rule: self._by_rule.get(rule, ()) for rule in self._running}
        running = set(self._running)
        missed = [
            (number, label)
            for number, label in enumerate(labels)
            if label.found_by is None and label.pattern in running
        ]
        cases = casebook.told(casebook.chosen(own, self._labels, missed, matched), self._ran.replay, pseudonym)
        for number, case in enumerate(cases):
            if case.alert is not None:
                self._cases.setdefault(case.alert.alert_id, number)
        return cases

    def _places(self) -> tuple[list[Place], int]:
        """Of each rule at most its part of what there is room for, the loudest; in order of rule and time."""
        room = MOST_PLACES
        rows: list[Alert] = []
        by_rule = {rule: [alert for alert in self._open if alert.rule == rule] for rule in self._running}
        left = sorted((alerts for alerts in by_rule.values() if alerts), key=len)
        for number, alerts in enumerate(left):
            part = sorted(alerts, key=lambda alert: (-alert.score, alert.alert_id))[: room // (len(left) - number)]
            room -= len(part)
            rows += part
        rows.sort(key=lambda alert: (alert.rule, alert.raised_at, alert.alert_id))
        return [self._place(alert) for alert in rows], len(self._open) - len(rows)

    def _place(self, alert: Alert) -> Place:
        labels = self._labels
        is_judged = labels is not None and labels.knows(alert.rule)
        hit = labels.hit_by(alert) if labels is not None and is_judged else []
        return Place(
            alert_id=alert.alert_id,
            rule=alert.rule,
            severity=alert.severity,
            score=alert.score,
            institution=alert.institution,
            institution_name=alert.institution_name,
            persons=alert.persons,
            visits=alert.visits,
            household=alert.household,
            item=alert.item,
            begin=alert.begin,
            end=alert.end,
            raised_at=alert.raised_at,
            fund_at_risk=alert.fund_at_risk,
            text=alert.text,
            is_hit=bool(hit) if is_judged else None,
            label=hit[0] if hit and labels is not None and hit[0] < len(labels.counted) else None,
            verdict=None if self._words is None else self._words.on(alert.alert_id),
            case=self._cases.get(alert.alert_id),
        )

    def _with_cases(self, comparison: Comparison | None) -> Comparison | None:
        """Examples were made before the cases were chosen: they learn now which story is theirs."""
        if comparison is not None:
            for one in comparison.rules.values():
                examples = [*one.gained_examples, *one.lost_examples, *(moved.after for moved in one.moved_examples)]
                for place in examples:
                    place.case = self._cases.get(place.alert_id)
        return comparison


def _moment(time: int | None) -> str | None:
    return None if time is None else format_time(time)


def _versions(rules: Sequence[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {rule: f"rule version {all_rules()[rule].version}" for rule in rules}
