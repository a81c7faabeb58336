"""Are a day or two of a month far from all others of the institution: a crowd, services by night, settlements taken back, or
outpatients who were all given the same kind of service?

What is odd was noted as the day closed (`detectors.books.odd_days`); here it is weighed against what the rule asks for. One day
is enough of a crowd; of nights and of what is taken back it takes two, or half as much again, for an accident or a breakdown has
its own; of the same service for all three, for a village's diabetics are all tested on one morning. What goes on for a
working week or longer may be a wave of illness or a department that has opened: it is told, and not as grave.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from detectors.books.indicators import NIGHT, REFUNDS, told
from detectors.books.member import MemberPage, Month, OddDay
from detectors.books.odd_days import GIVEN, KINDS, VISITS, is_odd
from detectors.books.peer_calendar import month_of
from detectors.by_peers import judging
from detectors.by_peers.institution_profile.text import describe_odd_days
from detectors.engine.rule import Finding, View
from schemas.alerts import Measure, Point, Series, Severity
from schemas.china_time import DAY, format_time

_OF_BUSIEST: Final = 2.5
_LEAST_DAYS: Final = 2  # of nights, and of what is taken back …
_LEAST_DAYS_GIVEN: Final = 3  # of the same service for all
_OF_ONE_DAY: Final = 1.5  # … or one with so many times as much
_GRAVE: Final = 2.0  # times what is asked for
_LASTING: Final = 5  # days: a working week
_UNITS: Final = {VISITS: "visits", NIGHT: "fen", REFUNDS: "settlements", **dict.fromkeys(GIVEN, "visits")}


class Asked(NamedTuple):
    """What the rule asks for: times the usual visits, so many more of them; fen by night, settlements taken back, and outpatients
    who were given the same beyond the usual."""

    times: float
    visits: int
    by_night: int
    refunds: int
    given: int


class OddDays(NamedTuple):
    """Days of one kind, oldest first; how many times what is asked for they come to, and what that is."""

    name: str
    days: tuple[tuple[int, OddDay], ...]
    times: float
    least: float

    @property
    def part(self) -> int:
        """Of all of them."""
        return sum(one.part for _, one in self.days)

    @property
    def expected(self) -> float:
        """What of them is usual."""
        return sum(one.expected for _, one in self.days)


def odd_days_of(page: MemberPage, month: int, asked: Asked) -> OddDays | None:
    """The kind of which most is found of what is asked for; None where none comes to it. Days that were looked at."""
    known, found = page.months[month], []
    noted = sorted(item for item in page.odd.items() if month_of(item[0]) == month and item[0] <= known.through)
    for name in KINDS:
        of_kind = [(day, _beside_peers(known, one)) for day, ones in noted for one in ones if one.name == name]
        days = [(day, one) for day, one in of_kind if is_odd(one)]
        far = _crowded(days, asked) if name == VISITS else _added_up(name, days, asked)
        if far is not None:
            found.append(far)
    return max(found, key=lambda far: far.times, default=None)


def _beside_peers(known: Month, one: OddDay) -> OddDay:
    """With the share that its peers have of the month for usual, where that is more than its own."""
    seen = known.seen.get(one.name)
    return one if seen is None else msgspec.structs.replace(one, usual=max(one.usual, told(one.name, seen.expected)))


def _crowded(days: list[tuple[int, OddDay]], asked: Asked) -> OddDays | None:
    far = []
    for day, one in days:
        least = max(asked.times * one.usual, one.usual + asked.visits, _OF_BUSIEST * one.busiest)
        if one.part >= least:
            far.append((day, one, least))
    if not far:
        return None
    _, most, least = max(far, key=lambda item: item[1].part / item[2])
    return OddDays(VISITS, tuple((day, one) for day, one, _ in far), most.part / least, least)


def _added_up(name: str, days: list[tuple[int, OddDay]], asked: Asked) -> OddDays | None:
    part, expected = sum(one.part for _, one in days), sum(one.expected for _, one in days)
    beyond = asked.by_night if name == NIGHT else asked.refunds if name == REFUNDS else asked.given
    least = float(beyond) if name == REFUNDS else expected + beyond
    if name in GIVEN:
        is_few = len(days) < _LEAST_DAYS_GIVEN
    else:
        is_few = not days or (len(days) < _LEAST_DAYS and part - expected < _OF_ONE_DAY * beyond)
    if is_few or part < least:
        return None
    return OddDays(name, tuple(days), part / max(least, 1.0), least)


def tell_odd_days(page: MemberPage, far: OddDays, view: View) -> Finding:
    """What an inspector is told."""
    days, last = [day for day, _ in far.days], far.days[-1][0]
    is_paid = far.name != REFUNDS  # what was taken back has cost the fund nothing
    fund = sum(one.fund * (one.part - one.expected) / max(one.part, one.whole, 1) for _, one in far.days)
    is_lasting = far.name in GIVEN and len(days) >= _LASTING
    severity: Severity = "medium" if far.times >= _GRAVE and not is_lasting else "low"
    amount = "visits_of_days" if far.name == VISITS else f"{far.name}_amount"
    return Finding(
        severity=severity,
        score=1 - 0.5**far.times,
        begin=days[0] * DAY,
        end=(last + 1) * DAY - 1,
        institution=page.institution,
        group=judging.profile_group(page, view),
        measures=(
            Measure(amount, far.part, round(far.least, 1), _UNITS[far.name], round(far.expected, 1)),
            Measure("odd_days", len(days), 1, "days"),
            *((Measure("busiest_day_before", far.days[-1][1].busiest, None, "visits"),) if far.name == VISITS else ()),
        ),
        fund_at_risk=round(fund) if is_paid else 0,
        text=describe_odd_days(page, far.name, days, far.part, far.expected, far.days[-1][1].busiest, view),
        series=Series(
            _UNITS[far.name],
            [Point(format_time(day * DAY), one.part, 0.0, round(one.expected, 1)) for day, one in far.days],
        ),
    )
