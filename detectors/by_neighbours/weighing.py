"""How unlikely is it that a company of a group came to an institution and left together?

Who share a household, a dwelling or (in a larger group) a telephone are one *party*: families come together, and other rules
ask about them. At one address itself households are told apart by their number; who have none there are one of their own, for
a lack of numbers is no sign of many households, unless so many share it that it is a dormitory or a building. So are all who
have an illness that strikes together, for a village has outbreaks and accidents; but a cold or an upset stomach that brings
many in one morning, and nobody in the week before or after, is none. What is counted is parties. To the surprise at their
number (`detectors.by_neighbours.chance`) comes what was alike about them, as nats for each party beyond the first: the
logarithm of how seldom strangers who come on one day are so alike.
"""

from __future__ import annotations

from math import log
from typing import Final

from detectors.books.group_keys import DWELLING, EMPLOYER, TELEPHONE, kind_of
from detectors.books.neighbours import GroupPage, NeighbourStay, were_idle
from detectors.by_neighbours.chance import ACQUAINTED, Chance, History
from detectors.by_neighbours.company import Company, is_town
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
_COLDS: Final = ("J", "K52.8", "K52.9")  # and upset stomachs of no known cause: easily said of anybody
AROUND: Final = 7 * DAY  # an outbreak has others before it or after
ONE_MORNING: Final = 6 * HOUR


class Group:
    """What the companies of a page are judged by, looked up once it must be, and once a look. ``crowd``: an address that more
    share is nobody's home."""

    def __init__(self, page: GroupPage, crowd: int) -> None:
        self._page = page
        self._crowd = crowd
        self.name = page.group
        self.kind = kind_of(page.group)
        self.forgotten = page.forgotten
        self._history: History | None = None
        self._size = -1
        self._teams = -1
        self._is_town: bool | None = None
        self._counting: list[NeighbourStay] | None = None

    @property
    def size(self) -> int:
        """How many people it has, as far as is known."""
        if self._size < 0:
            self._size = self._page.size()
        return self._size

    @property
    def is_home(self) -> bool:
        """Whether it is an address at which a family may live, and no crowd does."""
        return self.kind == DWELLING and self.size <= self._crowd

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
        for stay in self._counting_stays():
            is_there = stay.institution == institution and day <= stay.begin // DAY < day + window
            if is_there and stay.ties.team != team:
                found += 1
        return found

    def struck(self, since: int, until: int, team: str) -> int:
        """How many of the group came within that time with an illness that strikes together; of a town, of that part of it."""
        found = 0
        for stay in self._counting_stays():
            if self.is_town and stay.ties.team != team:
                continue
            if since <= stay.begin <= until and strikes_together(stay.diagnosis):
                found += 1
        return found

    def _counting_stays(self) -> list[NeighbourStay]:
        """Of its members, and such as say something; looked up once, for a town's companies are weighed part by part."""
        if self._counting is None:
            self._counting = [stay for stay in self._page.stays.values() if stay.counts]
        return self._counting


def _teams(page: GroupPage) -> int:
    return max(len({stay.ties.team for stay in page.stays.values() if stay.ties.team}), LEAST_TEAMS)


def _is_outbreak(group: Group, stays: list[NeighbourStay]) -> bool:
    """Whether those of them whose illness strikes together were struck, and did not just say so."""
    ill = [stay for stay in stays if strikes_together(stay.diagnosis)]
    if not ill or were_idle([stay.idle_days for stay in ill]):
        return False
    if not all(stay.diagnosis.startswith(_COLDS) for stay in ill) or group.forgotten >= ill[0].begin - AROUND:
        return True
    first, last = ill[0].begin, ill[-1].begin
    around = group.struck(first - AROUND, last + AROUND, ill[0].ties.team) - len(ill)
    return last - first > ONE_MORNING or 3 * around >= len(ill)


def _parties(group: Group, stays: list[NeighbourStay]) -> list[list[NeighbourStay]]:
    """The stays by party, in order of each one's first. Who is known of a telephone or a dwelling without any household
    belongs to a family that is; in a home of which no family is known all are one."""
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
    elif group.is_home:
        return [stays]
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


def weighed(group: Group, stays: list[NeighbourStay]) -> Company | None:
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
    if were_idle([stay.idle_days for stay in stays]):
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
