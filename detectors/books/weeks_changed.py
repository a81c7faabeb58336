"""Has an institution changed within weeks: against its own weeks before, and its peers' in the same week?

A month dilutes what began in its middle, and the months before are too few to say how far they stray. So each part of a month
(7 days, the last up to ten) is held against the median of up to `WEEKS_BEFORE` parts before it, by what the fund paid a day, by
the share of stays, by what lies outside of the catalogue, by what its cases cost beside the peers'; a scheme of three weeks moves
no such median. How far its own weeks stray, beyond what chance makes of so many cases, is part of the uncertainty. The peers'
median change of the same part holds season, festivals and epidemics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, pi, sqrt
from statistics import median
from typing import Final, NamedTuple

from detectors.books.indicators import (
    COST_STAYS,
    COST_VISITS,
    GROWTH,
    INPATIENT,
    OWN,
    Indicator,
    share_of_own,
    share_of_stays,
    variance_of_peers,
)
from detectors.books.member import OF_WEEKS, WEEKS_BEFORE, Compared, MemberPage, Month, Week
from detectors.books.peer_calendar import PARTS_OF_MONTH, days_of, parts_of
from detectors.books.weeks import week_at
from detectors.models.baseline import FESTIVAL_DRIFT
from detectors.models.spring_festival import is_unsettled

_LEAST_BEFORE: Final = 4  # parts
_LEAST_DAYS: Final = 5  # of a part on which it was known
_STANDS_OUT: Final = 1.5  # deviations
# Standard deviation of an honest place's weeks beyond chance, by the indicator, believed beforehand (ENG) …
_STRAY: Final = {GROWTH: 0.15, INPATIENT: 0.03, OWN: 0.02, COST_STAYS: 0.08, COST_VISITS: 0.06}
_FEW: Final = 4.0  # … as if that had been seen in so many
_MAD: Final = 1.4826
_MEDIAN: Final = pi / 2  # variance of a median, in that of a mean
_LONGEST: Final = 3  # parts that are judged together
_LEAST_OWN: Final = 0.25  # of the variance of a week is its own, at least
_SHARED: Final = 0.5  # of their distance, at least, which the last of them has too: else it is over


class Changed(NamedTuple):
    """Parts of months in a row that stand out by one indicator: standard deviations, and the change beyond the peers' in the
    indicator's scale. ``since`` and ``until`` are numbers of parts; ``weeks`` are those parts, the newest first, and ``of_month``
    those of them that lie in the month of the last; ``last`` is how that one compared."""

    deviation: float
    distance: float
    since: int
    until: int
    weeks: tuple[Week, ...]
    of_month: tuple[Week, ...]
    last: Compared


def changed(month: int, months: Mapping[int, Month]) -> dict[str, Indicator]:
    """How far each of its parts lies from those before it, by indicator and part; of those that have enough before them."""
    found = {}
    for number in range(len(months[month].weeks)):
        for name, names in OF_WEEKS.items():
            level = level_of(name, months[month].weeks[number])
            before = [] if level is None else _before(name, parts_of(month)[number], months)
            if level is not None and len(before) >= _LEAST_BEFORE:
                found[names[number]] = _against(level, before, _STRAY[name], _season(name, parts_of(month)[number]))
    return found


def level_of(name: str, week: Week) -> Indicator | None:
    """The indicator of a week; None where too little of the week is known, or nothing happened that would show it."""
    if week.days < _LEAST_DAYS:
        return None
    if name == GROWTH:
        return Indicator(log(week.fund / week.days), week.noise) if week.fund > 0 else None
    if name == INPATIENT:
        return share_of_stays(week.admissions, week.visits) if week.admissions + week.visits > 0 else None
    if name == OWN:
        return share_of_own(week.own, week.total, week.cases) if week.total > 0 else None
    mix = week.of_stays if name == COST_STAYS else week.of_visits
    return None if mix.ratio is None else Indicator(mix.ratio, mix.noise)


def _before(name: str, part: int, months: Mapping[int, Month]) -> list[Indicator]:
    """The weeks that it is held against: such as stood out themselves teach nothing, unless hardly any others are left."""
    weeks, ordinary = list[Indicator](), list[Indicator]()
    for number in range(part - WEEKS_BEFORE, part):
        week = week_at(months, number)
        level = None if week is None else level_of(name, week)
        if level is not None:
            weeks.append(level)
            seen = seen_at(months, name, number)
            if seen is None or seen.deviation < _STANDS_OUT:
                ordinary.append(level)
    return ordinary if len(ordinary) >= _LEAST_BEFORE else weeks


def _against(week: Indicator, before: Sequence[Indicator], stray: float, season: float) -> Indicator:
    usual = _usual(before, stray)
    return Indicator(week.value - usual.value, sqrt(week.noise**2 + usual.strayed + usual.unsure + season))


class _Usual(NamedTuple):
    """The median of some weeks; the variance with which they stray beyond chance, and that of the median."""

    value: float
    strayed: float
    unsure: float


def _usual(before: Sequence[Indicator], stray: float) -> _Usual:
    usual = median(one.value for one in before)
    chance = sum(one.noise**2 for one in before) / len(before)
    seen = max((_MAD * median(abs(one.value - usual) for one in before)) ** 2 - chance, 0.0)
    strayed = (len(before) * seen + _FEW * stray**2) / (len(before) + _FEW)
    return _Usual(usual, strayed, _MEDIAN * (strayed + chance) / len(before))


def _season(name: str, part: int) -> float:
    """Variance by which an honest place's weeks may differ from its peers' around Spring Festival: hospitals empty and fill up
    again, each in its own way."""
    return FESTIVAL_DRIFT if name == GROWTH and any(map(is_unsettled, days_of(part))) else 0.0


def most_changed(member: MemberPage, name: str, month: int) -> Changed | None:
    """The parts in a row, the last of them in this month, that stand out most; None where none was compared."""
    found = [one for part in parts_of(month) for one in _stretches(member, name, part)]
    return max(found, key=lambda one: one.deviation, default=None)


def _stretches(member: MemberPage, name: str, until: int) -> list[Changed]:
    found, parts = list[Changed](), list[tuple[Compared, Week]]()
    weight = weighed = 0.0
    last = seen_at(member.months, name, until)
    if last is None:
        return found
    spread = variance_of_peers(last)
    for part in range(until, until - _LONGEST, -1):
        week, seen = week_at(member.months, part), seen_at(member.months, name, part)
        level = None if week is None else level_of(name, week)
        if week is None or level is None or seen is None:
            break
        parts.append((seen, week))
        common = min(_common(member, name, part), (1 - _LEAST_OWN) * seen.noise**2)
        certainty = 1 / (seen.noise**2 - common)
        weight += certainty
        weighed += certainty * (seen.value - seen.expected)
        distance = weighed / weight
        if last.value - last.expected >= _SHARED * distance:
            weeks = tuple(one for _, one in parts)
            deviation = distance / sqrt(spread + common + 1 / weight)
            found.append(Changed(deviation, distance, part, until, weeks, weeks[: until % PARTS_OF_MONTH + 1], last))
    return found


def _common(member: MemberPage, name: str, part: int) -> float:
    """Variance that the weeks of a stretch which begins with this part have in common, however many they are: they are held
    against the same weeks before them, and share the season."""
    before = _before(name, part, member.months)
    return _season(name, part) + (_usual(before, _STRAY[name]).unsure if before else 0.0)


def seen_at(months: Mapping[int, Month], name: str, part: int) -> Compared | None:
    """How the change of a part of a month compared with the peers'; None where it did not."""
    month, number = divmod(part, PARTS_OF_MONTH)
    known = months.get(month)
    return None if known is None else known.seen.get(OF_WEEKS[name][number])
