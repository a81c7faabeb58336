"""Which single days of an institution are far from its own others: by how many came, by money by night, by what was taken back,
by what its outpatients were given?

A day's vector is averaged with those before it, and in a month's sum a day or two do not show. Here a count is held against the
institution's own usual day, an exponentially weighted mean that no day moves by more than a doubling; of visits also against
the busiest day lately, for every fifth may be market day. Nobody's day is like others at Spring Festival, so those days neither
count nor teach (`detectors.books.profile`).
"""

from __future__ import annotations

from math import sqrt
from typing import Final

from detectors.books.indicators import NIGHT, REFUNDS
from detectors.books.member import MemberPage, OddDay
from detectors.models.spring_festival import is_quiet
from schemas.peer_days import DayCounts, InstitutionDay

VISITS: Final = "visits"
TESTED, TREATED, MEDICATED = "tested_share", "treated_share", "medicated_share"
GIVEN: Final = (TESTED, TREATED, MEDICATED)
KINDS: Final = (VISITS, NIGHT, REFUNDS, *GIVEN)

_LEARNING_DAYS: Final = 14
_FADING: Final = 0.08  # of a usual value, per day
_SHARE_STEP: Final = 0.1  # a share moves what is usual as if it lay no farther from it
_BUSIEST: Final = "busiest"
_BUSIEST_FADING: Final = 0.99  # per day: in two months a half
# No rule can ask for less.
LEAST_TIMES: Final = 3.0  # the usual visits
_OF_BUSIEST: Final = 2.0
_LEAST_BEYOND: Final = 20.0  # visits
_NIGHT_SHARE, _LEAST_BY_NIGHT = 0.4, 30_000  # beyond the usual share; fen beyond the usual money
_REFUND_SHARE, _LEAST_REFUNDS = 0.12, 4
_GIVEN_SHARE, _LEAST_GIVEN, _GIVEN_SIGMAS = 0.35, 5, 4.0  # beyond the usual share; outpatients; and beyond chance
_UNSURE: Final = 1.0  # outpatients squared: the usual share is itself an estimate


def watch_day(member: MemberPage, day: InstitutionDay) -> None:
    """Note what is odd of a day that has closed, then learn it. Days come in the order of time."""
    if is_quiet(day.day):
        return
    if member.learned_days >= _LEARNING_DAYS:
        found = tuple(
            one for name in KINDS if (one := _held_against(member.habits, name, day.counts)) is not None and is_odd(one)
        )
        if found:
            member.odd[day.day] = found
    _learn(member.habits, day.counts)


def review_day(member: MemberPage, day: int, counts: DayCounts) -> None:
    """Keep what is still odd of a day that has changed, by what was usual then."""
    known = member.odd.pop(day, ())
    changed = [_of_day(counts, one.name, one.usual, one.busiest) for one in known]
    if found := tuple(one for one in changed if is_odd(one)):
        member.odd[day] = found


def is_odd(one: OddDay) -> bool:
    """Whether it is so far from the usual that a rule may ask about it."""
    excess = one.part - one.expected
    if one.name == VISITS:
        least = max(LEAST_TIMES * one.usual, _OF_BUSIEST * one.busiest)
        return excess >= _LEAST_BEYOND and one.part >= least
    if one.name in GIVEN:
        by_chance = _GIVEN_SIGMAS * sqrt(max(one.expected * (1 - one.usual), 0.0) + _UNSURE)
        return excess >= max(_GIVEN_SHARE * one.whole, _LEAST_GIVEN, by_chance)
    share, least = (_NIGHT_SHARE, _LEAST_BY_NIGHT) if one.name == NIGHT else (_REFUND_SHARE, _LEAST_REFUNDS)
    return excess >= max(share * one.whole, least) and one.whole > 0


def _held_against(habits: dict[str, float], name: str, counts: DayCounts) -> OddDay | None:
    usual = habits.get(_key(name))
    if usual is None:
        return None
    busiest = round(habits.get(_BUSIEST, 0.0))
    return _of_day(counts, name, round(usual, 4), busiest)


def _of_day(counts: DayCounts, name: str, usual: float, busiest: int) -> OddDay:
    return OddDay(name, *_parts(counts, name), usual, busiest, _fund_of(counts, name))


def _fund_of(counts: DayCounts, name: str) -> int:
    """What the fund paid on a day for what may be odd of it: outpatients' money is not known apart from that of stays."""
    return 0 if name in GIVEN and counts.discharges else counts.fund


def _parts(counts: DayCounts, name: str) -> tuple[int, int]:
    if name == VISITS:
        return counts.visits, 1
    if name == NIGHT:
        return counts.by_night, counts.timed
    if name == REFUNDS:
        return counts.refunds, counts.settlements
    part = counts.tested if name == TESTED else counts.treated if name == TREATED else counts.medicated
    return part, counts.itemized


def _learn(habits: dict[str, float], counts: DayCounts) -> None:
    for name in KINDS:
        part, whole = _parts(counts, name)
        if whole <= 0:
            continue
        key, seen = _key(name), part / whole
        held = habits.get(key)
        if held is not None:
            step = max(held, 1.0) if name == VISITS else _SHARE_STEP
            seen = held + _FADING * min(seen - held, step)
        habits[key] = seen
    habits[_BUSIEST] = max(float(counts.visits), habits.get(_BUSIEST, 0.0) * _BUSIEST_FADING)


def _key(name: str) -> str:
    return f"{name}_of_day_alone"
