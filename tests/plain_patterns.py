"""The rows of the rules, said once more in the plainest way: brute force over a whole county, no state, no weighing.

Each function gives sets of visits (or of institution and day) that fit the words and default numbers of one row. Used to
show that what the simulator hides is there to be found; ordinary life fits some of them too, and is left to the rules.
"""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta

from tests.county_reading import NEVER, TESTS, County, SeenStay, SeenVisit

DAY = timedelta(1)
Found = list[set[str]]
Place = Callable[[str], tuple[float, float]]  # institution to longitude and latitude


def standing(county: County) -> list[SeenStay]:
    """Stays that were not taken back."""
    return [stay for stay in county.stays.values() if not stay.taken_back]


def _by_person(stays: Iterable[SeenStay]) -> Iterator[list[SeenStay]]:
    held: dict[str, list[SeenStay]] = defaultdict(list)
    for stay in stays:
        held[stay.person].append(stay)
    return (sorted(each, key=lambda stay: stay.begin) for each in held.values())


def split_stays(county: County) -> Found:
    """Readmission within 15 days after the discharge, same institution, related diagnosis (the same letter)."""
    return [
        {before.visit, after.visit}
        for chain in _by_person(standing(county))
        for before, after in itertools.pairwise(chain)
        if before.end is not None
        and before.institution == after.institution
        and before.diagnosis[0] == after.diagnosis[0]
        and timedelta(0) <= after.begin - before.end
        and (after.begin.date() - before.end.date()).days <= 15
    ]


def overlapping_stays(county: County) -> Found:
    """Two stays at once in two institutions for more than a day."""
    return [
        {one.visit, other.visit}
        for chain in _by_person(standing(county))
        for one, other in itertools.combinations(chain, 2)
        if one.institution != other.institution and min(one.until(), other.until()) - max(one.begin, other.begin) > DAY
    ]


def outpatients_during_stays(county: County) -> Found:
    """A visit or purchase inside a stay, but for its first and last day; the stay first."""
    visits: dict[str, list[SeenVisit]] = defaultdict(list)
    for visit in county.visits.values():
        visits[visit.person].append(visit)
    return [
        {stay.visit, visit.visit}
        for stay in standing(county)
        if stay.until() != NEVER
        for visit in visits[stay.person]
        if stay.begin.date() < visit.begin.date() < stay.until().date() and not visit.sent_out
    ]


def shared_beds(county: County) -> Found:
    """One bed held by two stays for more than 24 hours; the bed that was told last is held until the stay ends."""
    held: dict[tuple[str, str], list[tuple[datetime, datetime, str]]] = defaultdict(list)
    for stay in standing(county):
        times = [stay.begin, *(at for at, _ in stay.beds[1:]), stay.until()]
        for (_, bed), begin, end in zip(stay.beds, times, times[1:], strict=False):
            held[stay.institution, bed].append((begin, end, stay.visit))
    return [
        {one[2], other[2]}
        for (_, bed), times_held in held.items()
        if bed[-2:].isdigit()  # an extra bed without a number is no bed but a word
        for one, other in itertools.combinations(times_held, 2)
        if one[2] != other[2] and min(one[1], other[1]) - max(one[0], other[0]) > DAY
    ]


def census(county: County) -> dict[tuple[str, date], int]:
    """Who lies there at midnight after each day, of those whose admission is known."""
    counted: Counter[tuple[str, date]] = Counter()
    for stay in standing(county):
        day, last = stay.begin.date(), min(stay.until(), stay.begin + timedelta(200)).date()
        while day < last:
            counted[stay.institution, day] += 1
            day += DAY
    return counted


def admissions(county: County) -> dict[str, Counter[date]]:
    """Admissions by institution and day."""
    counted: dict[str, Counter[date]] = defaultdict(Counter)
    for stay in standing(county):
        counted[stay.institution][stay.begin.date()] += 1
    return counted


def poisson_tail(mean: float, count: int) -> float:
    """The probability of so many or more."""
    return 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count))


def uniform_amounts(county: County) -> Found:
    """Five or more settlements of an institution within four days, all within one per cent of the middle one."""
    settled: dict[str, list[SeenStay]] = defaultdict(list)
    for stay in standing(county):
        if stay.settled is not None and stay.med_type not in ("26", "28", "2105") and stay.fund > 0:
            settled[stay.institution].append(stay)
    found = []
    for stays in settled.values():
        for middle in stays:
            near = {
                s.visit for s in stays
                if abs(s.fund - middle.fund) <= 0.01 * middle.fund
                and s.settled is not None and middle.settled is not None
                and timedelta(0) <= s.settled - middle.settled <= timedelta(4)
            }  # fmt: skip
            if len(near) >= 5:
                found.append(near)
    return found


def work_ups(county: County) -> Found:
    """Stays of three days at most whose bill is tests to three fifths, without treatment or operation."""
    found = []
    for stay in standing(county):
        total = sum(line.amount for line in stay.lines.values())
        tests = sum(line.amount for line in stay.lines.values() if line.category in TESTS)
        treated = any(line.category in ("05", "06") for line in stay.lines.values())
        short = stay.end is not None and (stay.end.date() - stay.begin.date()).days <= 3
        if short and total and tests >= 0.6 * total and not treated and not stay.died:
            found.append({stay.visit})
    return found


def frequent(county: County, least: Callable[[str], int]) -> Found:
    """As many stays of a person as the limit, within a year."""
    return [
        {stay.visit for stay in chain}
        for chain in _by_person(standing(county))
        if len(chain) >= least(chain[0].person)
    ]  # fmt: skip


def together(county: County, key: Callable[[str], str], least: int) -> Found:
    """Persons with the same key admitted within a day and discharged within a day of the first of them."""
    groups: dict[tuple[str, str], list[SeenStay]] = defaultdict(list)
    for stay in standing(county):
        if stay.end is not None and key(stay.person):
            groups[stay.institution, key(stay.person)].append(stay)
    found = []
    for stays in groups.values():
        for first in stays:
            near = [s for s in stays if 0 <= (s.begin.date() - first.begin.date()).days <= 1]
            for last in near:
                assert last.end is not None
                same = {
                    s.visit for s in near if s.end is not None and 0 <= (s.end.date() - last.end.date()).days <= 1
                }  # fmt: skip
                if len(same) >= least:
                    found.append(same)
    return found


def bursts(county: County) -> Found:
    """Five or more persons settled at one counter, each within a minute of the one before, with mostly the same things."""
    settled: dict[tuple[str, str], list[tuple[datetime, SeenVisit]]] = defaultdict(list)
    for visit in county.visits.values():
        for at, _, operator in visit.settlements[:1]:
            settled[visit.institution, operator].append((at, visit))
    found = []
    for rows in settled.values():
        rows.sort(key=lambda row: row[0])
        run = rows[:1]
        for at, visit in [*rows[1:], (NEVER, rows[0][1])]:
            if (at - run[-1][0]).total_seconds() <= 60 and _alike(visit, run[-1][1]):
                run.append((at, visit))
                continue
            if len({each.person for _, each in run}) >= 5:
                found.append({each.visit for _, each in run})
            run = [(at, visit)]
    return found


def _alike(one: SeenVisit, other: SeenVisit) -> bool:
    return len(one.items & other.items) >= 0.6 * max(1, min(len(one.items), len(other.items)))


def impossible_trips(county: County, place: Place) -> Found:
    """Two settlements of a person with a card on the counter, farther apart than 150 km/h reach, and at least 20 km."""
    settled: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for visit in county.visits.values():
        for at, certificate, _ in visit.settlements:
            if certificate != "01":
                settled[visit.person].append((at, visit.institution, visit.visit))
    found = []
    for rows in settled.values():
        for one, other in itertools.combinations(sorted(rows), 2):
            hours = (other[0] - one[0]).total_seconds() / 3_600
            kilometres = _distance(place(one[1]), place(other[1]))
            if hours <= 0.5 and kilometres >= 20 and kilometres > 150 * hours:
                found.append({one[2], other[2]})
    return found


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    squeeze = math.cos(math.radians((one[1] + other[1]) / 2))
    return 111.2 * math.hypot((one[0] - other[0]) * squeeze, one[1] - other[1])


def refund_cycles(county: County) -> Found:
    """Three or more charges of a person at one place that were taken back, within 60 days."""
    taken_back: dict[tuple[str, str], list[SeenVisit]] = defaultdict(list)
    for visit in county.visits.values():
        if visit.refunds:
            taken_back[visit.person, visit.institution].append(visit)
    return [
        {visit.visit for visit in visits}
        for visits in taken_back.values()
        if len(visits) >= 3
        and any(
            (visits[k + 2].refunds[0] - visits[k].refunds[0]).days < 60 for k in range(len(visits) - 2)
        )
    ]  # fmt: skip


def after_deaths(county: County) -> Found:
    """Visits and stays that begin on a later day than the person died."""
    died = {stay.person: stay.end for stay in standing(county) if stay.died and stay.end is not None}
    begun: list[SeenVisit | SeenStay] = [*county.visits.values(), *standing(county)]
    return [
        {each.visit} for each in begun if each.person in died and each.begin.date() > died[each.person].date()
    ]  # fmt: skip
