"""Which days of a stay were idle, one after another, and when may that change?

Functions, not methods of the rule: this module is compiled (see ``setup.py``), for it is asked at every bill of a stay.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.institution import DAYS_KEPT, InstitutionPage
from detectors.books.visit import VisitPage
from schemas.china_time import DAY

_LOOKED_BACK: Final = 35  # days; the longest bound is 30 days after a day's end
_NO_DAY: Final = -1_000_000


class IdleRun(NamedTuple):
    """Consecutive idle days from ``first``; of ``days`` days, ``settled`` can no longer be changed by late lines."""

    first: int
    days: int
    settled: int


class Limits(NamedTuple):
    """``idle_days``: how long a run must be. A day's lines come at the latest ``late`` seconds after its end, its own bill
    after ``bill`` seconds is whole."""

    idle_days: int
    late: int
    bill: int


def idle_runs(
    page: VisitPage, now: int, habits: InstitutionPage | None, whole_bills: bool, limits: Limits
) -> list[IdleRun]:
    """Runs of days without treatment, as far as they can be judged by now. ``whole_bills``: treatment lines come with the
    day's own bill here."""
    first = page.first_day()
    assert first is not None
    left = page.left_at()
    last = min(now if left is None else left, now) // DAY - 1  # the last whole day; the day of discharge is none
    newest = (page.newest if page.end is None else page.end) // DAY
    late, bill, days_of_stay = limits.late, limits.bill, page.days
    runs: list[IdleRun] = []
    start = days = settled = 0
    for day in range(max(first, newest - DAYS_KEPT), last + 1):
        known = days_of_stay.get(day)
        age, has_bill = now - (day + 1) * DAY, known is not None and known.routine > 0
        is_settled = False
        if known is not None and known.active:
            is_idle = False
        elif age >= late:  # a day without any line counts only where the institution did send bills for that day
            is_idle = is_settled = has_bill or (habits is not None and habits.was_billed(day))
        else:
            is_idle = has_bill and whole_bills and age >= bill
        if is_idle:
            start = start if days else day
            days += 1
            settled += is_settled
        elif days:
            runs.append(IdleRun(start, days, settled))
            days = settled = 0
    if days:
        runs.append(IdleRun(start, days, settled))
    return runs


def next_bound(page: VisitPage, now: int, limits: Limits) -> int | None:
    """The next time at which a run of days without treatment becomes long enough, or more certain."""
    next_one: int | None = None
    for start, last in _silent_runs(page, now, limits.idle_days):
        soonest = max((start + 1) * DAY + limits.late, (start + limits.idle_days) * DAY + limits.bill)
        bound = soonest if soonest > now else _later_bound(start, last, now, limits)
        if bound is not None and (next_one is None or bound < next_one):
            next_one = bound
    return next_one


def _silent_runs(page: VisitPage, now: int, idle_days: int) -> list[tuple[int, int | None]]:
    """Runs of days without treatment so far, first day and last; None: the run may still go on."""
    first = page.first_day()
    assert first is not None
    today = now // DAY
    left = page.left_at()
    is_open = left is None or left // DAY > today + 1  # a discharge dated ahead has not been yet
    last = today if left is None or is_open else left // DAY - 1
    runs: list[tuple[int, int | None]] = []
    start, days = _NO_DAY, page.days
    for day in range(max(first, today - _LOOKED_BACK), last + 1):
        known = days.get(day)
        if known is None or not known.active:
            start = day if start == _NO_DAY else start
        elif start != _NO_DAY:
            if day - start >= idle_days:
                runs.append((start, day - 1))
            start = _NO_DAY
    if is_open:
        runs.append((last + 1 if start == _NO_DAY else start, None))
    elif start != _NO_DAY and last - start + 1 >= idle_days:
        runs.append((start, last))
    return runs


def _later_bound(start: int, last: int | None, now: int, limits: Limits) -> int | None:
    next_one: int | None = None
    for day in range(max(start, now // DAY - _LOOKED_BACK), (now // DAY if last is None else last) + 1):
        for hours in (limits.bill, limits.late):
            bound = (day + 1) * DAY + hours
            if bound > now and (next_one is None or bound < next_one):
                next_one = bound
    return next_one
