"""When did a person die, and what was he served afterwards?

The death is the earliest that stands in a discharge (2402: ``die_date``, or a way of leaving that says so); where none says so,
the civil register's, if the person's reference record has it. Only services count, by their own days: settling afterwards what
was served before is ordinary.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.person import OTHERS_KEPT, PersonPage
from schemas.china_time import DAY
from schemas.codes import ELECTRONIC
from schemas.snapshots import STAY, VisitSnapshot

_OF_A_NEWBORN: Final = ("9921",)  # the mother's number, the child's death
_PERINATAL: Final = "P"
_REGISTER: Final = "register"
_HEARD_OF: Final = OTHERS_KEPT - DAY  # services after the first one; the first is still held when they come


class Death(NamedTuple):
    """The day; ``stay``: in which he died, None where the register alone says so."""

    day: int
    stay: VisitSnapshot | None

    @property
    def told_by(self) -> str:
        """The stay's visit, or the register."""
        return _REGISTER if self.stay is None else self.stay.visit

    @property
    def institution(self) -> str:
        """Where he died; empty where nobody says."""
        return "" if self.stay is None else self.stay.institution


class Service(NamedTuple):
    """A visit that served him after his death. ``days``: those of its days; ``goes_on``: a stay begun before and ended after."""

    visit: VisitSnapshot
    days: tuple[int, ...]
    goes_on: bool

    @property
    def with_card(self) -> bool:
        """Whether somebody brought the card."""
        return any(swipe.certificate not in (ELECTRONIC, "") for swipe in self.visit.swipes)


def death_of(page: PersonPage) -> Death | None:
    """By the stay that says he died, the earliest of several; else by the register."""
    said = [
        visit
        for visit in page.visits.values()
        if visit.death is not None
        and not visit.void
        and not visit.med_type.startswith(_OF_A_NEWBORN)
        and not visit.diagnosis.startswith(_PERINATAL)
    ]
    if said:
        stay = min(said, key=lambda visit: (_day_of(visit), visit.visit))
        return Death(_day_of(stay), stay)
    return None if page.died is None else Death(page.died // DAY, None)


def _day_of(died: VisitSnapshot) -> int:
    """The later of the day of death and the day on which he was discharged dead: a wrong year must not bury the living."""
    assert died.death is not None
    return max(died.death, died.end or died.death) // DAY


def services_after(page: PersonPage, died: Death) -> list[Service]:
    """In order of their first day; the day of death counts for nothing, nor does the night after it where he died."""
    found = [
        service
        for visit in page.visits.values()
        if visit is not died.stay and not visit.void
        if (service := _after(visit, died)) is not None
    ]
    found.sort(key=lambda service: (service.days[0], service.visit.visit))
    bound = found[0].days[0] + _HEARD_OF // DAY if found else 0
    return [service for service in found if service.days[0] <= bound]


def _after(visit: VisitSnapshot, died: Death) -> Service | None:
    from_day = died.day + (2 if visit.institution == died.institution else 1)
    if visit.kind == STAY:
        if visit.begin // DAY >= from_day:
            return Service(visit, (visit.begin // DAY,), False)
        if visit.end is not None and visit.end // DAY >= died.day + 2:
            return Service(visit, (visit.end // DAY,), True)
        return None
    days = tuple(day for day in (visit.service_days or (visit.begin // DAY,)) if day >= from_day)
    return Service(visit, days, False) if days else None
