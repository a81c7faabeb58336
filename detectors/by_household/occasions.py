"""When were members of one household in one institution together, and how alike were their stays?

Shared by the rules about households. An *occasion* is a set of stays of different members, admitted within a day of one
another and discharged within a day of one another. It weighs evidence rather than counts (domain.md §4.4): the same chronic
illness, the same hour of coming and going, the same ward and like amounts make it heavier; an illness that strikes
together (contagion, injury, poisoning) makes it lighter, for families do fall ill together, and are treated then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from detectors.books.household import HouseholdPage, MemberStay
from detectors.books.neighbours import is_by_appointment, were_idle
from detectors.by_person.series import settled_at
from schemas.alerts import Text
from schemas.china_time import DAY, HOUR
from schemas.codes import is_birth, same_illness, strikes_together
from schemas.snapshots import VisitSnapshot

NEWBORN = 28 * DAY
_SOON: Final = 90 * DAY  # a household is not struck again and again within a season …
_AGAIN: Final = 1.5  # … nor soon after it was here together for another reason: so of that half is given back
_CHANGED = "2403"  # after a settlement it says that the stay goes on


class Nearness(msgspec.Struct, frozen=True):
    """How near counts as together, in calendar days; ``grace``: seconds after which a discharge has been reported."""

    admission: int
    discharge: int
    grace: int

    def came_together(self, one: VisitSnapshot, other: VisitSnapshot) -> bool:
        """Whether they were admitted on the same or on neighbouring days."""
        return abs(one.begin // DAY - other.begin // DAY) <= self.admission

    def parted_after(self, ended: int) -> int:
        """When one that stayed behind has done so for certain, after the other's end."""
        return (ended // DAY + self.discharge + 1) * DAY + self.grace


class Occasion(NamedTuple):
    """Stays of different members together, in order of admission. ``is_over``: all have been discharged."""

    stays: tuple[VisitSnapshot, ...]
    weight: float
    is_over: bool

    @property
    def begin(self) -> int:
        """Admission of the first."""
        return self.stays[0].begin

    @property
    def persons(self) -> frozenset[str]:
        """Who was there."""
        return frozenset(stay.person for stay in self.stays)


def judged_stays(page: HouseholdPage) -> dict[str, list[VisitSnapshot]]:
    """Stays that can be suspicious, by institution, in order of admission: no births, and none that an operating list made."""
    stays: dict[str, list[VisitSnapshot]] = {}
    for held in page.standing_stays():
        if is_judged(held):
            stays.setdefault(held.stay.institution, []).append(held.stay)
    return stays


def is_judged(held: MemberStay) -> bool:
    """Whether a stay that stands can be suspicious."""
    return not (_is_birth(held) or is_by_appointment(held.stay.med_type, held.stay.diagnosis))


def _is_birth(held: MemberStay) -> bool:
    is_newborn = held.birth is not None and held.stay.begin - held.birth <= NEWBORN
    return is_newborn or is_birth(held.stay.med_type, held.stay.diagnosis)


def occasions(stays: list[VisitSnapshot], near: Nearness, now: int) -> list[Occasion]:
    """All occasions among one institution's stays; a stay belongs to one only."""
    found: list[Occasion] = []
    taken: set[str] = set()
    before: int | None = None  # when the last one began
    for index, first in enumerate(stays):
        if first.visit in taken:
            continue
        group = [first]
        for other in stays[index + 1 :]:
            if not near.came_together(first, other):
                break
            if other.visit in taken or any(member.person == other.person for member in group):
                continue
            if all(left_together(member, other, near, now) for member in group):
                group.append(other)
        if len(group) > 1:
            taken.update(stay.visit for stay in group)
            is_struck = _is_struck(group)
            weight = _weight(group, is_struck)
            if is_struck:
                weight *= _AGAIN if before is not None and first.begin - before <= _SOON else 1.0
            before = first.begin
            found.append(Occasion(tuple(group), weight, all(stay.end is not None for stay in group)))
    return found


def left_together(one: VisitSnapshot, other: VisitSnapshot, near: Nearness, now: int) -> bool:
    """Discharged within the bound of each other, or so it still may be while one of them is open.

    One whose discharge was forgotten ended before it was settled for good, with the other where that is soon enough after.
    """
    if one.end is not None and other.end is not None:
        return abs(one.end // DAY - other.end // DAY) <= near.discharge
    still_in, ended = (one, other.end) if one.end is None else (other, one.end)
    if ended is None or now < near.parted_after(ended):
        return True
    settled = settled_at(still_in) if still_in.source.infno != _CHANGED else None
    return settled is not None and ended - near.discharge * DAY <= settled < near.parted_after(ended)


def parting_bounds(stays: list[VisitSnapshot], near: Nearness) -> list[int]:
    """The times at which an open stay has outlasted one that it began together with."""
    bounds = []
    for index, one in enumerate(stays):
        for other in stays[index + 1 :]:
            if not near.came_together(one, other):
                break
            if (one.end is None) != (other.end is None):
                ended = one.end if one.end is not None else other.end
                assert ended is not None
                bounds.append(near.parted_after(ended))
    return bounds


def _weight(group: list[VisitSnapshot], is_struck: bool) -> float:
    """1 is two members together and nothing more, and 1 for each further one; the parts are added. Contagion halves the whole,
    and it is no wonder that it struck more than two; but who was truly ill was treated."""
    first = group[0]
    weight = 1.0 if is_struck else len(group) - 1.0
    if all(same_illness(first.diagnosis, stay.diagnosis) for stay in group):
        weight += 0.5
    if first.department and all(stay.department == first.department for stay in group):
        weight += 0.1
    weight += _closeness(max(stay.begin for stay in group) - first.begin, 3 * HOUR)
    ends = [stay.end for stay in group if stay.end is not None]
    if len(ends) == len(group):
        weight += _closeness(max(ends) - min(ends), 6 * HOUR)
    amounts = [stay.scope for stay in group]
    if min(amounts) > 0 and max(amounts) <= 1.05 * min(amounts):
        weight += 0.2
    if _were_idle(group):
        weight += 0.3
    return 0.5 * weight if is_struck else weight


def _were_idle(group: list[VisitSnapshot]) -> bool:
    return were_idle([stay.idle_days for stay in group])


def _is_struck(group: list[VisitSnapshot]) -> bool:
    """Whether an illness that strikes together, and was treated, brought all of them."""
    return not _were_idle(group) and all(strikes_together(stay.diagnosis) for stay in group)


def _closeness(apart: int, same_visit: int) -> float:
    """Through the door within the hour is more than within the same morning or round."""
    return 0.4 if apart <= HOUR else 0.2 if apart <= same_visit else 0.0


_NUMBERED = Text("同户", "members of one household")
_AT_HOME = Text("登记同一住址（无户信息）的", "people registered at one address (of no household in the records)")
_WITH_GUESTS = Text(
    "登记同一住址（部分无户信息）的", "people registered at one address (some of them of no household in the records)"
)


def called(page: HouseholdPage, stays: Iterable[VisitSnapshot]) -> Text:
    """What a text calls them, without a number before: it must not claim a household that nobody has recorded."""
    if page.home is None:
        return _NUMBERED
    return _WITH_GUESTS if any(page.stays[stay.visit].guest_of for stay in stays) else _AT_HOME


def is_crowd(page: HouseholdPage, persons: int, crowd: int, share: float) -> bool:
    """Whether the household is a nursing home or the like, of which so few were there that it means nothing (§4.4).

    An address that so many share is no household at all: who has a number in common says so, who has an address does not.
    """
    size = page.size()
    return size > crowd and (page.home is not None or persons < share * size)
