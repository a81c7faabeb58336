"""Has what the fund pays an institution grown within weeks: against its own weeks before, and its peers' in the same week?

A month dilutes what began in its middle, and the months before are too few to say how far they stray. So each part of a month
(7 days, the last up to ten) is held against the median of up to `WEEKS_BEFORE` parts before it, by the logarithm of what was
paid a day; a scheme of three weeks moves no such median. How far its own weeks stray, beyond what chance makes of so many bills,
is part of the uncertainty. The peers' median growth of the same part holds season, festivals and epidemics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, pi, sqrt
from statistics import median
from typing import Final, NamedTuple

from detectors.books.bill_noise import noise_of_sum, sums_of
from detectors.books.indicators import Indicator, variance_of_peers
from detectors.books.member import GROWTH_OF_WEEKS, WEEKS_BEFORE, Compared, DayHeld, MemberPage, Month, Week
from detectors.books.peer_calendar import days_of, parts_of

_LEAST_BEFORE: Final = 4  # parts
_LEAST_DAYS: Final = 5  # of a part on which it was known
_STANDS_OUT: Final = 1.5  # deviations
_STRAY: Final = 0.15  # standard deviation of an honest place's weeks beyond chance, believed beforehand (ENG) …
_FEW: Final = 4.0  # … as if that had been seen in so many
_MAD: Final = 1.4826
_MEDIAN: Final = pi / 2  # variance of a median, in that of a mean
_LONGEST: Final = 3  # parts that are judged together
_SHARED: Final = 0.5  # of their distance, at least, which the last of them has too: else it is over


class Grown(NamedTuple):
    """Parts of months in a row that stand out: standard deviations, logarithm of the growth beyond the peers', the fund's
    payments in them (fen), of these in the month of the last, and how many cases these were for. ``last`` is the last of them as
    it was compared."""

    deviation: float
    distance: float
    since: int  # numbers of parts
    until: int
    fund: int
    fund_of_month: int
    cases: int
    last: Compared


def weeks_of(month: int, through: int, active: int, days: Mapping[int, DayHeld]) -> tuple[Week, ...]:
    """The parts of a month that lie within its days up to ``through``, on the last ``active`` of which it was known."""
    known_from, found = through - active + 1, list[Week]()
    for part in parts_of(month):
        closed = days_of(part)
        if closed.stop > through + 1:
            break
        held = [days[day] for day in closed if day in days]
        counts = [one.counts for one in held]
        cases = sum(one.visits + one.discharges for one in counts)
        noise = noise_of_sum(sums_of(case for one in held for case in one.cases))
        known = min(max(closed.stop - known_from, 0), len(closed))
        found.append(Week(known, sum(one.fund for one in counts), cases, round(noise, 4)))
    return tuple(found)


def grown(month: int, months: Mapping[int, Month]) -> dict[str, Indicator]:
    """The growth of each of its parts, by indicator; of those that have enough before them."""
    found = {}
    for number, week in enumerate(months[month].weeks):
        before = _before(month, number, months)
        if week.fund > 0 and week.days >= _LEAST_DAYS and len(before) >= _LEAST_BEFORE:
            found[GROWTH_OF_WEEKS[number]] = _against(week, before)
    return found


def _before(month: int, number: int, months: Mapping[int, Month]) -> list[Week]:
    """The weeks that it is held against: such as stood out themselves teach nothing, unless hardly any others are left."""
    weeks, ordinary = list[Week](), list[Week]()
    for part in range(parts_of(month)[number] - WEEKS_BEFORE, parts_of(month)[number]):
        week, seen = week_at(months, part)
        if week is not None and week.fund > 0 and week.days >= _LEAST_DAYS:
            weeks.append(week)
            if seen is None or seen.deviation < _STANDS_OUT:
                ordinary.append(week)
    return ordinary if len(ordinary) >= _LEAST_BEFORE else weeks


def _against(week: Week, before: Sequence[Week]) -> Indicator:
    rates = [_rate(one) for one in before]
    usual = median(rates)
    chance = sum(one.noise**2 for one in before) / len(before)
    seen = max((_MAD * median(abs(rate - usual) for rate in rates)) ** 2 - chance, 0.0)
    stray = (len(before) * seen + _FEW * _STRAY**2) / (len(before) + _FEW)
    variance = week.noise**2 + stray + _MEDIAN * (stray + chance) / len(before)
    return Indicator(_rate(week) - usual, sqrt(variance))


def _rate(week: Week) -> float:
    return log(week.fund / week.days)


def most_grown(member: MemberPage, month: int) -> Grown | None:
    """The parts in a row, the last of them in this month, that stand out most; None where none was compared."""
    found = [one for part in parts_of(month) for one in _stretches(member, part)]
    return max(found, key=lambda one: one.deviation, default=None)


def _stretches(member: MemberPage, until: int) -> list[Grown]:
    found, parts = list[Grown](), list[tuple[Compared, Week]]()
    _, last = week_at(member.months, until)
    if last is None:
        return found
    spread = variance_of_peers(last)
    for part in range(until, until - _LONGEST, -1):
        week, seen = week_at(member.months, part)
        if week is None or seen is None:
            break
        parts.append((seen, week))
        weight = sum(1 / one.noise**2 for one, _ in parts)
        distance = sum((one.value - one.expected) / one.noise**2 for one, _ in parts) / weight
        if last.value - last.expected >= _SHARED * distance:
            funds, cases = [one.fund for _, one in parts], sum(one.cases for _, one in parts)
            of_month = sum(funds[: until % len(GROWTH_OF_WEEKS) + 1])  # the newest first
            deviation = distance / sqrt(spread + 1 / weight)
            found.append(Grown(deviation, distance, part, until, sum(funds), of_month, cases, last))
    return found


def week_at(months: Mapping[int, Month], part: int) -> tuple[Week | None, Compared | None]:
    """A part of a month, and how it compares; None of what is not known."""
    month, number = divmod(part, len(GROWTH_OF_WEEKS))
    known = months.get(month)
    if known is None or number >= len(known.weeks):
        return None, None
    return known.weeks[number], known.seen.get(GROWTH_OF_WEEKS[number])
