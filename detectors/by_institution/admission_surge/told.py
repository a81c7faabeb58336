"""What of a surge is told while people still come and go?

An alert that changed with every admission and every discharge would ring twenty times for what is one thing. While a day
runs, who came first is told, in steps: each up to ten, then a fifth more each time; all of them once the day is closed. Who
left is told when half have, when four in five have, and when all have. Where the severity is another by all that is known,
all is told at once. All of it follows from what was sent and from the day's close.
"""

from __future__ import annotations

from math import ceil

from msgspec import structs

from detectors.books.arrivals import Arrival, ArrivalsPage
from detectors.by_institution.admission_surge.surge import Limits, Surge, step, surge_of
from schemas.china_time import DAY, HOUR

_CLOSES = DAY + 12 * HOUR  # after a day's begin: an admission is told within hours
_LEFT = (1.0, 0.8, 0.5)


def closes_at(day: int) -> int:
    """When all who came on a day are told of."""
    return day * DAY + _CLOSES


def who_came(page: ArrivalsPage, group: list[Surge], limits: Limits, now: int) -> list[Surge]:
    """The days of a surge, running ones as far as they are told; a day may have too few yet."""
    running = {one.day: one for one in group if now < closes_at(one.day)}
    if not running:
        return group
    before = sum(one.came for one in group if one.day not in running)
    came = sorted(
        (
            arrival
            for day, one in running.items()
            for arrival in page.recent[day].arrivals.values()
            if arrival.kind in one.kinds
        ),
        key=lambda one: (one.begin, one.visit),
    )
    shown = came[: max(step(before + len(came)) - before, 0)]
    found = (
        surge_of(page, one.day, limits, [arrival for arrival in shown if arrival.begin // DAY == one.day])
        if one.day in running
        else one
        for one in group
    )
    return [one for one in found if one is not None]


def who_left(group: list[Surge]) -> list[Surge]:
    """The same, of those who have left, and of whom it is known what they cost, only as many as are told."""
    named = [arrival for one in group for arrival in one.named]
    left = sorted((arrival.end, arrival.visit) for arrival in named if arrival.end is not None and arrival.scope > 0)
    levels = (ceil(share * len(named)) for share in _LEFT)
    told = {visit for _, visit in left[: next((level for level in levels if level <= len(left)), 0)]}
    return [one._replace(named=tuple(_as_told(arrival, told) for arrival in one.named)) for one in group]


def _as_told(arrival: Arrival, told: set[str]) -> Arrival:
    return arrival if arrival.visit in told else structs.replace(arrival, end=None, scope=0)
