"""Which single cases does a report tell whole, and how did their stays go?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import structs

from schemas.alerts import Alert
from stream.backtest.comparing import Matched
from stream.backtest.labels import Labels
from stream.backtest.result import Case, LabelResult
from stream.replay import Replay
from stream.visit_courses import MOST_OF_AN_ALERT, Course

OF_A_KIND: Final = {"hit": 3, "unlabelled": 4, "missed": 3, "gained": 3, "lost": 3, "moved": 2}  # of each rule
MOST_CASES: Final = 200


class Told(msgspec.Struct):
    """A case before its stays are looked up. ``place``: the institution of its visits."""

    kind: str
    rule: str
    alert: Alert | None
    label: int | None
    place: str
    visits: Sequence[str]


def chosen(
    alerts: Mapping[str, Sequence[Alert]], labels: Labels | None, missed: Iterable[tuple[int, LabelResult]],
    matched: Mapping[str, Matched],
) -> list[Told]:  # fmt: skip
    """Cases of every rule and kind; among alerts those with the highest scores, for they ask most loudly to be looked at."""
    found: list[Told] = []
    for rule in sorted(alerts.keys() | matched.keys()):
        kinds: dict[str, list[Alert]] = {"hit": [], "unlabelled": []}
        for alert in alerts.get(rule, ()):
            if alert.status == "open":
                kinds["hit" if labels is not None and labels.hit_by(alert) else "unlabelled"].append(alert)
        if rule in matched:
            one = matched[rule]
            kinds |= {
                "gained": one.gained,
                "lost": one.lost,
                "moved": [pair.after for pair in one.pairs if not pair.is_same],
            }
        for kind, of_kind in kinds.items():
            found += [_of_alert(kind, alert, labels) for alert in _loudest(of_kind, OF_A_KIND[kind])]
    by_rule: dict[str, int] = {}
    for number, label in missed:
        by_rule[label.pattern] = by_rule.get(label.pattern, 0) + 1
        if by_rule[label.pattern] <= OF_A_KIND["missed"]:
            found.append(Told("missed", label.pattern, None, number, label.institution or "", label.visits))
    return found[:MOST_CASES]


def _loudest(alerts: Iterable[Alert], many: int) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (-alert.score, -alert.fund_at_risk, alert.alert_id))[:many]


def _of_alert(kind: str, alert: Alert, labels: Labels | None) -> Told:
    hit = [] if labels is None else [number for number in labels.hit_by(alert) if number < len(labels.counted)]
    return Told(kind, alert.rule, alert, hit[0] if hit else None, alert.institution, alert.visits)


def told(cases: Sequence[Told], replay: Replay, pseudonym: Callable[[str], str]) -> list[Case]:
    """The cases with the courses of their visits, as far as the run still knows them."""
    wanted = dict.fromkeys(
        (case.place, visit) for case in cases if case.place for visit in case.visits[:MOST_OF_AN_ALERT]
    )
    courses = replay.courses(wanted)
    found = []
    for case in cases:
        known = [courses.get(case.place, visit) for visit in case.visits[:MOST_OF_AN_ALERT]]
        stays = [_named(course, pseudonym) for course in known if course is not None]
        stays.sort(key=lambda stay: (stay.begin or "", stay.visit))
        found.append(Case(kind=case.kind, rule=case.rule, alert=case.alert, label=case.label, stays=stays))
    return found


def _named(course: Course, pseudonym: Callable[[str], str]) -> Course:
    return structs.replace(course, person=pseudonym(course.person)) if course.person else course
