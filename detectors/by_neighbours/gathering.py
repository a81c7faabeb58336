"""Who of a group may have come to an institution together, and which of these companies may be told of?

Stays of one institution fall into runs, each admitted within a day of the one before; of a run, who came with each stay is a
candidate: whoever it was, and those alike. Candidates are weighed (`detectors.by_neighbours.weighing`) only where something may
be told of them, which is seldom, and the most surprising go first, for a stay is of one company only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from detectors.books.neighbours import GroupPage, NeighbourStay
from detectors.by_neighbours.company import Company, Nearness, is_town, powers_of
from detectors.by_neighbours.weighing import Group, weighed
from schemas.china_time import DAY, HOUR


class Telling(NamedTuple):
    """Of what a rule may tell: a company of ``least`` parties or more that is unlikely by so many ``powers`` of ten, and others
    whose people came again. It looks at those that began no more than ``within`` seconds before the last, whatever that is."""

    least: int
    powers: float
    within: int


def judged_stays(page: GroupPage) -> dict[str, list[NeighbourStay]]:
    """Stays that count, by institution, in order of admission; ties by visit. In a town by part of it as well
    (``institution|part``): each part is a village of its own."""
    counting: list[tuple[int, str, NeighbourStay]] = []
    for visit, stay in page.stays.items():
        if stay.belongs and stay.is_judged and not stay.void:
            counting.append((stay.begin, visit, stay))
    counting.sort()  # no two are of one visit
    by_team = is_town(page)
    found: dict[str, list[NeighbourStay]] = {}
    for _, _, stay in counting:
        name = stay.institution
        if by_team:
            if not stay.ties.team:
                continue
            name = f"{name}|{stay.ties.team}"
        held = found.get(name)
        if held is None:
            found[name] = [stay]
        else:
            held.append(stay)
    return found


def runs_of(stays: list[NeighbourStay], near: Nearness) -> list[list[NeighbourStay]]:
    """Of stays in order of admission those of two or more, each admitted within the bound of the one before.

    Stays of different runs are never of one company.
    """
    runs: list[list[NeighbourStay]] = []
    run: list[NeighbourStay] = []
    last_day = 0
    for stay in stays:
        day = stay.begin // DAY
        if run and day > last_day:
            if len(run) > 1:
                runs.append(run)
            run = []
        run.append(stay)
        last_day = day + near.admission
    if len(run) > 1:
        runs.append(run)
    return runs


def companies(
    group: Group, runs: list[list[NeighbourStay]], near: Nearness, telling: Telling, now: int
) -> list[Company]:
    """All companies of one institution's runs of which something may be told, in order: the most surprising first, and a stay
    is of one only. The companies of a run of which nothing may be told are none."""
    often = _came_often(runs)
    told: dict[int, _Weighing] = {}
    for number, run in enumerate(runs):
        if _may_hold(run, near, telling.least, often, now):
            weighing = _Weighing(group, list(_candidates(run, near, now)))
            if _may_come_again(weighing.groups, number, runs, often) or weighing.tells_alone(telling):
                told[number] = weighing
    if told and runs[-1][-1].begin - runs[0][0].begin > telling.within:
        told = {number: _Weighing(group, list(_candidates(run, near, now))) for number, run in enumerate(runs)}
    return [company for weighing in told.values() for company in weighing.kept_apart()]


def _came_often(runs: list[list[NeighbourStay]]) -> set[str]:
    """Who has more than one stay in them."""
    seen: set[str] = set()
    often: set[str] = set()
    for run in runs:
        for stay in run:
            if stay.person in seen:
                often.add(stay.person)
            else:
                seen.add(stay.person)
    return often


def _may_come_again(
    groups: list[list[NeighbourStay]], number: int, runs: list[list[NeighbourStay]], often: set[str]
) -> bool:
    """Whether two of a group of this run have both another stay in one run: then they may have come together twice."""
    if len(often) < 2:
        return False
    for group in groups:
        again = {stay.person for stay in group if stay.person in often}
        if len(again) < 2:
            continue
        for place, run in enumerate(runs):
            there: dict[str, int] = {}
            for stay in run:
                if stay.person in again:
                    there[stay.person] = there.get(stay.person, 0) + 1
            least = 2 if place == number else 1
            if len([person for person, times in there.items() if times >= least]) > 1:
                return True
    return False


def _may_hold(run: list[NeighbourStay], near: Nearness, least: int, often: set[str], now: int) -> bool:
    """Whether any of its groups may be told of: so many, or two who came more than once, came near one of them. Nearly never."""
    for index, first in enumerate(run):
        last_day, later, again = first.begin // DAY + near.admission, 0, 0
        for place in range(index + 1, len(run)):
            other = run[place]
            if other.begin // DAY > last_day:
                break
            if other.person != first.person and near.left_together(first, other, now):
                later += 1
                if other.person in often:
                    again += 1
        if later and (later + 1 >= least or again + (1 if first.person in often else 0) > 1):
            return True
    return False


class _Weighing:
    """The groups of one run, each weighed once, and only when that is asked for."""

    def __init__(self, group: Group, groups: list[list[NeighbourStay]]) -> None:
        self._group = group
        self.groups = groups
        self._weighed: dict[tuple[str, ...], Company | None] = {}

    def _company(self, stays: list[NeighbourStay]) -> Company | None:
        visits = tuple([stay.visit for stay in stays])
        if visits not in self._weighed:
            self._weighed[visits] = weighed(self._group, stays)
        return self._weighed[visits]

    def tells_alone(self, telling: Telling) -> bool:
        """Whether any is so large and so unlikely that it is told of, though its people never came again."""
        for stays in self.groups:
            if len(stays) >= telling.least:
                company = self._company(stays)
                if company is not None and powers_of([company]) >= telling.powers:
                    return True
        return False

    def kept_apart(self) -> list[Company]:
        """The most surprising first, and no stay in two of them; in order of their beginning."""
        kept: dict[tuple[str, ...], Company] = {}  # in the order of the groups, whichever was weighed first
        for stays in self.groups:
            company = self._company(stays)
            if company is not None:
                kept[tuple([stay.visit for stay in stays])] = company
        found = list(kept.values())
        found.sort(key=lambda one: (-one.nats, -len(one.stays), one.begin, one.stays[0].visit, one.stays[-1].visit))
        taken: set[str] = set()
        apart = []
        for company in found:
            if taken.isdisjoint([stay.visit for stay in company.stays]):
                taken.update([stay.visit for stay in company.stays])
                apart.append(company)
        return sorted(apart, key=lambda one: (one.begin, one.stays[0].visit))


def next_parting(runs: list[list[NeighbourStay]], near: Nearness, now: int) -> int | None:
    """The first time after ``now`` at which an open stay has outlasted one that it began together with."""
    first: int | None = None
    for run in runs:
        if all(stay.end is not None for stay in run):
            continue
        for index, one in enumerate(run):
            last_day, is_open = one.begin // DAY + near.admission, one.end is None
            for place in range(index + 1, len(run)):
                other = run[place]
                if other.begin // DAY > last_day:
                    break
                if (other.end is None) != is_open:
                    ended = other.end if is_open else one.end
                    assert ended is not None
                    bound = near.parted_after(ended)
                    if bound > now and (first is None or bound < first):
                        first = bound
    return first


_ALIKE: Final[tuple[Callable[[NeighbourStay, NeighbourStay], bool], ...]] = (
    lambda one, other: one.diagnosis[:3] == other.diagnosis[:3],
    lambda one, other: one.ties.team == other.ties.team != "",
)


def _candidates(stays: list[NeighbourStay], near: Nearness, now: int) -> Iterator[list[NeighbourStay]]:
    """Who came with each stay, on its day or the next ones too: whoever it was; with its illness; of its part of the village."""
    busload: set[str] = set()  # who came within an hour; none of its parts says more
    for index, first in enumerate(stays):
        day, later = first.begin // DAY, []
        for other in stays[index + 1 :]:
            if other.begin // DAY - day > near.admission:
                break
            if other.person != first.person and near.left_together(first, other, now):
                later.append(other)
        if not later or (first.visit in busload and all(other.visit in busload for other in later)):
            continue
        later.sort(key=lambda other: (_apart(first, other), other.begin, other.visit))
        same_day = [other for other in later if other.begin // DAY == day]
        for within in (later, same_day) if 0 < len(same_day) < len(later) else (later,):
            alike = [[other for other in within if is_alike(first, other)] for is_alike in _ALIKE]
            group = _compatible(first, within, near, now)
            yield group
            if group[-1].begin - first.begin <= HOUR:
                busload = {stay.visit for stay in group}
            for some in alike:
                if 0 < len(some) < len(within):
                    yield _compatible(first, some, near, now)


def _apart(first: NeighbourStay, other: NeighbourStay) -> int:
    return 0 if first.end is None or other.end is None else abs(first.end - other.end)


def _compatible(first: NeighbourStay, others: Iterable[NeighbourStay], near: Nearness, now: int) -> list[NeighbourStay]:
    """As many as left together, all with all; of one person one stay."""
    group = [first]
    for other in others:
        if all(other.person != one.person and near.left_together(one, other, now) for one in group):
            group.append(other)
    return sorted(group, key=lambda stay: (stay.begin, stay.visit))
