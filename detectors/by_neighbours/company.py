"""Who of a group came to an institution together and left together, and how unlikely is that?

A *company* is a set of stays of different members, admitted within a day of one another and discharged within a day. Who share a
household, a dwelling or (in a larger group) a telephone are one *party*: families come together, and other rules ask about
them. So are all who have an illness that strikes together, for a village has outbreaks and accidents; but a cold that brings many
in one morning, and nobody in the week before or after, is none. What is counted is parties. To the surprise at their number
(`detectors.by_neighbours.chance`) comes what was alike about them, as nats for each party beyond the first: the logarithm of
how seldom strangers who come on one day are so alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import log
from typing import Final, NamedTuple

from detectors.books.group_keys import DWELLING, EMPLOYER, TELEPHONE, VILLAGE, kind_of
from detectors.books.neighbours import MOST_COUNTED, GroupPage, NeighbourStay
from detectors.by_neighbours.chance import ACQUAINTED, Chance, History
from schemas.china_time import DAY, HOUR
from schemas.codes import strikes_together

SAME_ILLNESS: Final = 1.8  # one in six
SAME_DISCHARGE: Final = 1.1  # one in three leaves within a day of the other
SAME_ROUND: Final = 0.6  # and half of these within six hours
SAME_MORNING, SAME_HOUR = 0.4, 1.3
SAME_WARD: Final = 0.3
SAME_AMOUNT: Final = 1.2
IDLE: Final = 0.8
LEAST_TEAMS: Final = 8  # a village has as many parts or more
TOWN: Final = 1_500  # persons; who comes from a larger place has no more in common than that it is near
AGAIN: Final = 3.0  # the same people once more
IDLE_DAYS: Final = 2  # a stay
_COLDS: Final = "J"
AROUND: Final = 7 * DAY  # an outbreak has others before it or after
ONE_MORNING: Final = 6 * HOUR
_TEN: Final = log(10)
FAMILY_SIZE: Final = 2.6  # persons a household, census of 2020


class Nearness(NamedTuple):
    """How near counts as together, in calendar days; ``grace``: seconds after which a discharge has been reported."""

    admission: int
    discharge: int
    grace: int

    def parted_after(self, ended: int) -> int:
        """When one that stayed behind has done so for certain, after the other's end."""
        return (ended // DAY + self.discharge + 1) * DAY + self.grace

    def left_together(self, one: NeighbourStay, other: NeighbourStay, now: int) -> bool:
        """Discharged within the bound of each other, or so it still may be while one of them is open."""
        if one.end is not None and other.end is not None:
            return abs(one.end // DAY - other.end // DAY) <= self.discharge
        ended = one.end if one.end is not None else other.end
        return ended is None or now < self.parted_after(ended)


class Telling(NamedTuple):
    """Of what a rule may tell: a company of ``least`` parties or more that is unlikely by so many ``powers`` of ten, and others
    whose people came again. It looks at those that began no more than ``within`` seconds before the last, whatever that is."""

    least: int
    powers: float
    within: int


class Company(NamedTuple):
    """Stays in order of admission. ``expected``: companions of the first, by chance. ``nats``: how surprising all of it is."""

    stays: tuple[NeighbourStay, ...]
    parties: tuple[frozenset[str], ...]  # persons
    expected: float
    nats: float

    @property
    def begin(self) -> int:
        """Admission of the first."""
        return self.stays[0].begin

    @property
    def is_over(self) -> bool:
        """All have been discharged."""
        return all(stay.end is not None for stay in self.stays)

    @property
    def persons(self) -> frozenset[str]:
        """Who was there."""
        return frozenset(stay.person for stay in self.stays)

    def came_again(self, other: Company) -> bool:
        """Whether two or more, not of one party, were there both times."""
        again = self.persons & other.persons
        return len(again) > 1 and all(sum(1 for p in one.parties if p & again) > 1 for one in (self, other))


def is_crowd(page: GroupPage, company: Company, crowd: int, share: float) -> bool:
    """Whether the address is a nursing home's, or the telephone nobody's, and so few of it were there that it means nothing.

    Those who share a telephone are families: of each that one came from, all are counted as there.
    """
    kind = kind_of(page.group)
    if kind not in (DWELLING, TELEPHONE):
        return False
    there = float(len(company.stays))
    if kind == TELEPHONE:
        there = max(there, FAMILY_SIZE * len(company.parties))
    size = page.size()
    return size > crowd and there < share * size


def is_town(page: GroupPage) -> bool:
    """Whether it is so large a place that only its parts are villages."""
    if len(page.counted) < MOST_COUNTED or kind_of(page.group) != VILLAGE:
        return False
    return page.size() >= TOWN


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
            self._weighed[visits] = _weighed(self._group, stays)
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


# -- parties --------------------------------------------------------------------------------------------------------


class Group:
    """What the companies of a page are judged by, looked up once it must be, and once a look."""

    def __init__(self, page: GroupPage) -> None:
        self._page = page
        self.name = page.group
        self.kind = kind_of(page.group)
        self.forgotten = page.forgotten
        self._history: History | None = None
        self._size = -1
        self._teams = -1
        self._is_town: bool | None = None

    @property
    def size(self) -> int:
        """How many people it has, as far as is known."""
        if self._size < 0:
            self._size = self._page.size()
        return self._size

    @property
    def teams(self) -> int:
        """Parts of the village from which somebody came."""
        if self._teams < 0:
            self._teams = _teams(self._page)
        return self._teams

    @property
    def is_town(self) -> bool:
        """Whether it is so large that only its parts are villages."""
        if self._is_town is None:
            self._is_town = is_town(self._page)
        return self._is_town

    def chance(self, institution: str, day: int, window: int) -> Chance:
        """What the group lets one expect there."""
        if self._history is None:
            self._history = History(self._page.calendar(), self.size)
        return self._history.chance(institution, day, window)

    def from_elsewhere(self, institution: str, day: int, window: int, team: str) -> int:
        """How many came there in that window from other parts of the town."""
        found = 0
        for stay in self._page.stays.values():
            is_there = stay.institution == institution and day <= stay.begin // DAY < day + window
            if is_there and stay.ties.team != team and stay.counts:
                found += 1
        return found

    def struck(self, since: int, until: int, team: str) -> int:
        """How many of the group came within that time with an illness that strikes together; of a town, of that part of it."""
        found = 0
        for stay in self._page.stays.values():
            if self.is_town and stay.ties.team != team:
                continue
            if since <= stay.begin <= until and stay.counts and strikes_together(stay.diagnosis):
                found += 1
        return found


def _teams(page: GroupPage) -> int:
    return max(len({stay.ties.team for stay in page.stays.values() if stay.ties.team}), LEAST_TEAMS)


def _is_outbreak(group: Group, stays: list[NeighbourStay]) -> bool:
    """Whether those of them whose illness strikes together were struck, and did not just say so."""
    ill = [stay for stay in stays if strikes_together(stay.diagnosis)]
    if not ill or sum(stay.idle_days for stay in ill) >= IDLE_DAYS * len(ill):
        return False
    if not all(stay.diagnosis.startswith(_COLDS) for stay in ill) or group.forgotten >= ill[0].begin - AROUND:
        return True
    first, last = ill[0].begin, ill[-1].begin
    around = group.struck(first - AROUND, last + AROUND, ill[0].ties.team) - len(ill)
    return last - first > ONE_MORNING or 3 * around >= len(ill)


def _parties(group: Group, stays: list[NeighbourStay]) -> list[list[NeighbourStay]]:
    """The stays by party, in order of each one's first. Who is known of a telephone or a dwelling without any household
    belongs to a family that is."""
    kind, is_outbreak = group.kind, _is_outbreak(group, stays)
    if not is_outbreak and (alone := _all_alone(kind, stays)):
        return alone
    parties: list[tuple[set[str], list[NeighbourStay]]] = []
    for stay in stays:
        marks = {mark for mark in _marks(kind, stay) if mark}
        if is_outbreak and strikes_together(stay.diagnosis):
            marks.add("strikes")
        met = [party for party in parties if party[0] & marks]
        joined = (marks.union(*(party[0] for party in met)), [one for party in met for one in party[1]] + [stay])
        parties = [party for party in parties if party not in met] + [joined]
    if kind in (DWELLING, TELEPHONE) and any(marks for marks, _ in parties):
        parties = [party for party in parties if party[0]]
    ordered = [sorted(members, key=lambda stay: (stay.begin, stay.visit)) for _, members in parties]
    return sorted(ordered, key=lambda members: (members[0].begin, members[0].visit))


def _all_alone(kind: str, stays: list[NeighbourStay]) -> list[list[NeighbourStay]]:
    """Each stay a party of its own, in their order, where no two share a mark and none lacks one; else nothing."""
    seen: set[str] = set()
    for stay in stays:
        is_marked = False
        for mark in _marks(kind, stay):
            if mark:
                if mark in seen:
                    return []
                is_marked = True
        if not is_marked:
            return []
        seen.update(_marks(kind, stay))
    return [[stay] for stay in stays]


def _marks(kind: str, stay: NeighbourStay) -> tuple[str, ...]:
    ties = stay.ties
    if kind == DWELLING:
        return (ties.household,)
    if kind == TELEPHONE:
        return (ties.household, ties.dwelling)
    return (ties.household, ties.dwelling, ties.telephone)


# -- weight ---------------------------------------------------------------------------------------------------------


def _weighed(group: Group, stays: list[NeighbourStay]) -> Company | None:
    """None where it is the business of a closer group."""
    if group.is_town and not _are_of_one_team(stays):
        return None
    parties = _parties(group, stays)
    if len(parties) < 2 or _is_of_closer_group(group.kind, stays, parties):
        return None
    day = stays[0].begin // DAY
    window = stays[-1].begin // DAY - day + 1
    by_chance = group.chance(stays[0].institution, day, window)
    same_team = log(group.teams)
    if group.is_town:  # all are of one part of it; where the whole town comes, more of each part do
        elsewhere = group.from_elsewhere(stays[0].institution, day, window, stays[0].ties.team)
        of_part = max(by_chance.expected, elsewhere) / group.teams
        by_chance, same_team = by_chance._replace(expected=max(of_part, ACQUAINTED)), 0.0
    nats = by_chance.nats(len(parties) - 1) + _likeness([party[0] for party in parties], same_team)
    persons = tuple(frozenset(stay.person for stay in party) for party in parties)
    return Company(tuple(stays), persons, float(f"{by_chance.expected:.2g}"), round(nats, 2))


def _are_of_one_team(stays: list[NeighbourStay]) -> bool:
    team = stays[0].ties.team
    return team != "" and all(stay.ties.team == team for stay in stays)


def _is_of_closer_group(kind: str, stays: list[NeighbourStay], parties: list[list[NeighbourStay]]) -> bool:
    """Families that happen to meet are the household's rules' business; colleagues of one village are the village's."""
    if kind in (DWELLING, TELEPHONE):
        return False
    alone = sum(1 for party in parties if len(party) == 1)
    return alone < max(2, len(parties) / 2) or (kind == EMPLOYER and _same([stay.ties.village for stay in stays]))


def _same(texts: list[str]) -> bool:
    return bool(texts[0]) and len(set(texts)) == 1


def _likeness(stays: list[NeighbourStay], same_team: float) -> float:
    """Of one stay a party: nats for what was alike; ``same_team``: of two who are of one part of the village."""
    beyond_first = len(stays) - 1
    begins = [stay.begin for stay in stays]
    apart = max(begins) - min(begins)
    nats = beyond_first * (SAME_HOUR if apart <= HOUR else SAME_MORNING if apart <= 3 * HOUR else 0.0)
    illnesses = [stay.diagnosis[:3] for stay in stays if not strikes_together(stay.diagnosis)]
    nats += SAME_ILLNESS * _shared(illnesses) + SAME_WARD * _shared([stay.department for stay in stays])
    nats += same_team * _shared([stay.ties.team for stay in stays])
    ends = [stay.end for stay in stays if stay.end is not None]
    if len(ends) > 1:
        nats += (len(ends) - 1) * (SAME_DISCHARGE + (SAME_ROUND if max(ends) - min(ends) <= 6 * HOUR else 0.0))
    amounts = [stay.scope for stay in stays]
    if 0 < max(amounts) <= 1.05 * min(amounts):
        nats += SAME_AMOUNT * beyond_first
    if sum(stay.idle_days for stay in stays) >= IDLE_DAYS * len(stays):
        nats += IDLE * beyond_first
    return nats


def _shared(texts: list[str]) -> int:
    """How many beyond the first have what most have."""
    counts: dict[str, int] = {}
    most = 1
    for text in texts:
        if text:
            count = counts[text] = counts.get(text, 0) + 1
            if count > most:
                most = count
    return most - 1


# -- again ----------------------------------------------------------------------------------------------------------


def series_of(found: list[Company]) -> list[list[Company]]:
    """Companies in which the same two or more came again, each with all others of its series; in order."""
    series: list[list[Company]] = []
    for company in found:
        met = [one for one in series if any(company.came_again(earlier) for earlier in one)]
        joined = [earlier for one in met for earlier in one] + [company]
        series = [one for one in series if one not in met] + [joined]
    return series


def powers_of(series: list[Company]) -> float:
    """How unlikely it is altogether, in powers of ten."""
    return (sum([company.nats for company in series]) + AGAIN * (len(series) - 1)) / _TEN
