"""How much do a year's admissions of one person say?

An admission weighs 1; half for an illness that needs a hospital again and again. Going round several institutions, mild illnesses
and idle days weigh more (domain.md §4.3: more than forty stays in two years, rotating between four private hospitals).
"""

from __future__ import annotations

from typing import NamedTuple

from detectors.books.person import PersonPage
from detectors.by_person.series import counted_stays, is_grave, is_mild
from schemas.china_time import DAY, format_day
from schemas.snapshots import VisitSnapshot

_IDLE_STAY = 3  # idle days
_GRAVE_STAY = 0.5
_ANOTHER_INSTITUTION = 0.5
_MOSTLY_MILD = 1.0
_MOST_IDLE = 2.0


class Year(NamedTuple):
    """The newest stretch that holds enough stays, those of ``stays``, in order; it ends with the last one's admission."""

    stays: tuple[VisitSnapshot, ...]
    begin: int
    limit: int
    is_special: bool
    weight: float


class Limits(NamedTuple):
    """Stays a year: for the special groups, for everybody else; ``seconds`` of a year, and what makes one special."""

    special: int
    other: int
    seconds: int
    old_years: int
    special_groups: tuple[str, ...]


def years(page: PersonPage, limits: Limits, kept_from: int) -> dict[str, Year]:
    """By calendar year of its last admission, the newest stretch that reaches the limit and is remembered whole."""
    stays = counted_stays(page)
    found: dict[str, Year] = {}
    for index, last in enumerate(stays):
        begin = last.begin - limits.seconds
        if begin < kept_from:
            continue
        stretch = tuple(stay for stay in stays[: index + 1] if stay.begin > begin)
        is_special = page.identity in limits.special_groups or _is_old_and_mildly_ill(page, stretch, limits)
        limit = limits.special if is_special else limits.other
        if len(stretch) >= limit:
            found[year_of(last)] = Year(stretch, begin, limit, is_special, _weight(stretch))
    return found


def year_of(stay: VisitSnapshot) -> str:
    """The calendar year of its admission."""
    return format_day(stay.begin // DAY)[:4]


def _is_old_and_mildly_ill(page: PersonPage, stays: tuple[VisitSnapshot, ...], limits: Limits) -> bool:
    if page.birth is None or stays[-1].begin - page.birth < limits.old_years * 365.25 * DAY:
        return False
    return 2 * sum(1 for stay in stays if is_mild(stay.diagnosis)) > len(stays)


def _weight(stays: tuple[VisitSnapshot, ...]) -> float:
    weight = sum(_GRAVE_STAY if is_grave(stay.diagnosis) else 1.0 for stay in stays)
    weight += _ANOTHER_INSTITUTION * (len({stay.institution for stay in stays}) - 1)
    if 2 * sum(1 for stay in stays if is_mild(stay.diagnosis)) >= len(stays):
        weight += _MOSTLY_MILD
    return weight + min(0.5 * sum(1 for stay in stays if stay.idle_days >= _IDLE_STAY), _MOST_IDLE)
