"""What does a parameter's value bring and cost along a sweep, and which one would be worth a try?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detectors.engine.parameters import parameters_of, shown
from detectors.engine.registry import all_rules
from schemas.alerts import Alert, Text
from stream.backtest.labels import Labels
from stream.backtest.result import Interval, Suggestion, SweepPoint
from stream.backtest.scores import score
from stream.backtest.trials import Swept, Trials


def points(
    trials: Trials, by_rule: Mapping[str, Sequence[Alert]], labels: Labels | None, days: float | None
) -> list[SweepPoint]:
    """A point for every value, in the order of rules, parameters and values. ``by_rule``: alerts by the rule's or trial's id."""
    found = []
    for one in sorted(trials.swept, key=_order):
        alerts = by_rule.get(one.trial or one.rule, ())
        scores = score(alerts, one.rule, labels, days)
        found.append(scores.as_point(one.rule, one.parameter, one.value, one.trial is None))
    return found


def _order(one: Swept) -> tuple[Any, ...]:
    is_number = isinstance(one.value, int | float)
    return one.rule, one.parameter, not is_number, one.value if is_number else str(one.value)


def suggestions(along: Sequence[SweepPoint]) -> list[Suggestion]:
    """For every swept parameter, what its labels say for another value; never more than they can bear."""
    swept = dict.fromkeys((point.rule, point.parameter) for point in along)
    return [_suggestion([p for p in along if (p.rule, p.parameter) == each]) for each in swept]


def _suggestion(along: Sequence[SweepPoint]) -> Suggestion:
    current = next(point for point in along if point.is_current)
    unit = next(
        each.unit for each in parameters_of(all_rules()[current.rule]) if each.name == current.parameter
    )  # fmt: skip
    best = max(along, key=lambda point: (_f1(point), point.is_current, -point.alerts))
    is_better = _f1(best) > _f1(current)
    return Suggestion(
        rule=current.rule,
        parameter=current.parameter,
        unit=unit,
        current=current.value,
        value=best.value if is_better else None,
        words=_words(along, current, best if is_better else None),
    )


def _f1(point: SweepPoint) -> float:
    """The harmonic mean of precision and recall; below 0 where either is not known."""
    if point.recall is None or (point.precision is None and point.alerts):
        return -1.0
    precision, recall = point.precision or 0.0, point.recall
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _words(along: Sequence[SweepPoint], current: SweepPoint, best: SweepPoint | None) -> Text:
    if current.recall is None:
        least, most = min(along, key=_load), max(along, key=_load)
        return Text(
            f"无标签，无法判断对错；预警量从每日{_per_day(least)}条（{shown(least.value)}）到{_per_day(most)}条（{shown(most.value)}）",
            f"without labels right and wrong cannot be told; the load goes from {_per_day(least)} alerts a day at "
            f"{shown(least.value)} to {_per_day(most)} at {shown(most.value)}",
        )
    if best is None:
        sooner = _sooner(along, current)
        return Text(
            f"所试取值中没有查准率与查全率的调和平均优于现值{shown(current.value)}的{sooner.zh}",
            "none of the values tried has a better harmonic mean of precision and recall than the present "
            f"{shown(current.value)}{sooner.en}",
        )
    lost, fewer = (current.found or 0) - (best.found or 0), current.alerts - best.alerts
    zh = (
        f"{shown(best.value)}：查准率{_share(best.precision)}、查全率{_share(best.recall)}；现值{shown(current.value)}为"
        f"{_share(current.precision)}、{_share(current.recall)}。改用后预警{_less(fewer, '少', '多')}条，"
        f"查出的标签{_less(lost, '少', '多')}个，涉及基金{_money(best.fund_at_risk - current.fund_at_risk)}元"
    )
    en = (
        f"{shown(best.value)}: precision {_share(best.precision)}, recall {_share(best.recall)}; at present, with "
        f"{shown(current.value)}, {_share(current.precision)} and {_share(current.recall)}. It would give "
        f"{_less(fewer, 'fewer ', 'more ', False)} alerts, find {_less(lost, 'fewer ', 'more ', False)} labels, and change the "
        f"fund at risk by ¥{_money(best.fund_at_risk - current.fund_at_risk)}"
    )
    if _overlap(best.precision_interval, current.precision_interval) and _overlap(
        best.recall_interval, current.recall_interval
    ):
        zh += f"。标签仅{current.labels}个，95%置信区间重叠，差别可能出于偶然"
        en += f". With {current.labels} labels the 95 % intervals overlap: the difference may be chance"
    zh += "。该取值由同一段历史选出，上线前应在另一段历史上核对"
    en += ". It was chosen on this history: look at it on another one before it goes live"
    return Text(zh, en)


def _sooner(along: Sequence[SweepPoint], current: SweepPoint) -> Text:
    """A value that finds as much and an hour or more sooner, where there is one."""
    now = current.delay_hours_median
    alike = [(p.delay_hours_median, p) for p in along if p.delay_hours_median is not None and _f1(p) == _f1(current)]
    if now is None or not alike:
        return Text("", "")
    delay, point = min(alike, key=lambda each: (each[0], each[1].alerts))
    if now - delay < 1:
        return Text("", "")
    return Text(
        f"；{shown(point.value)}查出同样多，中位数早{now - delay:.0f}小时",
        f"; {shown(point.value)} finds as much, {now - delay:.0f} h sooner in the median",
    )


def _overlap(one: Interval | None, other: Interval | None) -> bool:
    return one is None or other is None or (one.low <= other.high and other.low <= one.high)


def _load(point: SweepPoint) -> float:
    return point.alerts_a_day or 0.0


def _per_day(point: SweepPoint) -> str:
    return f"{_load(point):.2f}"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.0%}"


def _money(fen: int) -> str:
    return f"{fen / 100:+,.2f}"


def _less(number: int, less: str, more: str, is_before: bool = True) -> str:
    word, many = (less, number) if number >= 0 else (more, -number)
    return f"{word}{many}" if is_before else f"{many} {word}".rstrip()
