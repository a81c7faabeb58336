"""Which services had a patient elsewhere while he was in, and how much does each say?

A service counts by what it needs: a registered outpatient visit needs the patient himself, a pharmacy sells to whoever brings
the card, and for the electronic certificate nobody need bring anything. Who is in for what needs no bed may well have gone
himself; who has pneumonia or a broken hip sent somebody. Drugs that he took home before the stay too, and a course of dialysis or
chemotherapy that goes on elsewhere, say little however often they come (domain.md §4.1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.person import PersonPage
from detectors.by_person.series import is_mild, is_newborn, settled_at, stays_of
from schemas.china_time import DAY, HOUR
from schemas.codes import ELECTRONIC, is_bed_day_package, is_birth, strikes_together
from schemas.icd_gravity import gravity
from schemas.snapshots import PHARMACY, STAY, VisitSnapshot

_ENTRY: Final = 12 * HOUR  # an emergency visit ends after midnight, in a bed
_UNHEARD: Final = 45 * DAY  # an open stay of which nothing was heard for so long has ended, and nobody said so
_CHRONIC: Final = ("14", "15", "18", "9914", "9929")  # 慢特病, 特药: prescribed before
_EMERGENCY: Final = ("13",)
_MATERNITY: Final = ("51",)
_COURSES: Final = ("Z51", "Z49", "N18", "N19")  # chemotherapy, dialysis
_LIKELY_ENDED: Final = 21 * DAY  # so long after the last that stands of it, an open stay is likely to have ended
_SAYS_IT_GOES_ON: Final = ("2403", "2304")
_MOST_OF_WEAK: Final = 0.75  # together
_REFILL: Final = 0.2
_AGAIN: Final = 0.4  # so that a purchase and its like remain a hint


class Purse(NamedTuple):
    """What a purchase is, fen: below ``tiny`` it is nothing, from ``large`` on more than a relative fetches."""

    tiny: int
    small: int
    large: int


class Service(NamedTuple):
    """One day of one visit, strictly inside the stay. ``is_weak``: whatever their number, such ones prove nothing."""

    visit: VisitSnapshot
    day: int
    weight: float
    is_weak: bool


def judged_stays(page: PersonPage) -> dict[str, VisitSnapshot]:
    """Stays during which services can be suspicious, by visit, in order of admission."""
    stays = stays_of(page)
    return {stay.visit: stay for stay in stays if not is_newborn(page, stay) and not _is_overtaken(stay, stays)}


def _is_overtaken(stay: VisitSnapshot, stays: list[VisitSnapshot]) -> bool:
    """An open stay after which he was admitted again: it has ended, and nobody said when."""
    return stay.end is None and any(other.begin >= stay.begin + DAY for other in stays)


def services_inside(page: PersonPage, stay: VisitSnapshot, purse: Purse, now: int, grace: int) -> list[Service]:
    """All services that are certain by ``now`` to lie inside the stay, in order of day and visit."""
    inside = _inside(page, stay)
    if not inside:
        return []
    taken = _taken_before(page, stay)
    found = [
        Service(visit, day, *_weigh(visit, day, stay, purse, taken))
        for visit, day in inside
        if stay.end is not None or _goes_on(stay, day) or now >= _certain_at(day, grace)
    ]
    return sorted(found, key=lambda service: (service.day, service.visit.visit))


def next_certainty(page: PersonPage, stay: VisitSnapshot, now: int, grace: int) -> int | None:
    """When the next service of an open stay will be certain to lie inside."""
    if stay.end is not None:
        return None
    bounds = (_certain_at(day, grace) for _, day in _inside(page, stay) if not _goes_on(stay, day))
    return min((bound for bound in bounds if bound > now), default=None)


def _inside(page: PersonPage, stay: VisitSnapshot) -> list[tuple[VisitSnapshot, int]]:
    """Visits with the days strictly between the stay's first and last one; a day counts once a visit."""
    first = stay.begin // DAY
    last = (stay.end if stay.end is not None else _last_sign(stay)) // DAY
    return [
        (visit, day)
        for visit in page.visits.values()
        if visit.kind != STAY and not visit.void
        for day in visit.service_days
        if first < day < last and not (day == first + 1 and visit.begin < stay.begin + _ENTRY)
    ]


def _last_sign(stay: VisitSnapshot) -> int:
    """Until when an open stay may be taken to go on; one that was settled, and not changed since, has ended by then."""
    settled = settled_at(stay)
    if settled is not None and stay.source.infno != "2403":
        return settled
    return max(stay.begin, stay.source.inf_time) + _UNHEARD


def _certain_at(day: int, grace: int) -> int:
    return (day + 1) * DAY + grace


def _goes_on(stay: VisitSnapshot, day: int) -> bool:
    """Whether a later message shows that the stay went on after that day."""
    return stay.source.infno in _SAYS_IT_GOES_ON and stay.source.inf_time // DAY > day


class Taken(NamedTuple):
    """What he took home before a stay, and so takes anyway: its items; pharmacy and amount of what was bought."""

    items: frozenset[str]
    purchases: frozenset[tuple[str, int]]

    def has(self, visit: VisitSnapshot) -> bool:
        """Whether it is a purchase, and all of it is among this."""
        if visit.kind != PHARMACY:
            return False
        if (visit.institution, visit.total) in self.purchases:
            return True
        return bool(visit.drugs) and all(drug.item in self.items for drug in visit.drugs)


def _taken_before(page: PersonPage, stay: VisitSnapshot) -> Taken:
    first = stay.begin // DAY
    return Taken(
        frozenset(drug.item for _, fetch in page.taken_home() for drug in fetch.drugs if drug.day < first),
        frozenset(
            (visit.institution, visit.total)
            for visit in page.visits.values()
            if visit.kind == PHARMACY and not visit.void and visit.begin < stay.begin
        ),
    )


def _weigh(visit: VisitSnapshot, day: int, stay: VisitSnapshot, purse: Purse, taken: Taken) -> tuple[float, bool]:
    """1 is a visit that needed the patient; half where wards send patients out, or the stay may have ended by then."""
    weight, is_weak = (_REFILL, True) if taken.has(visit) else _own_weight(visit, stay, purse)
    if is_bed_day_package(stay.med_type) or is_birth(stay.med_type, stay.diagnosis):
        weight *= 0.5
    if stay.end is None and day * DAY > _last_stood(stay) + _LIKELY_ENDED:
        weight *= 0.5
    return weight, is_weak


def _last_stood(stay: VisitSnapshot) -> int:
    """When the newest message came that still stands of an open stay: how much a service weighs must not hang on what was
    taken back."""
    return max((reference.inf_time for reference in stay.evidence), default=stay.begin)


def _own_weight(visit: VisitSnapshot, stay: VisitSnapshot, purse: Purse) -> tuple[float, bool]:
    if visit.diagnosis.startswith(_COURSES):
        return 0.1, True
    if visit.med_type.startswith(_MATERNITY) or (visit.med_type.startswith(_CHRONIC) and visit.drugs_only):
        return 0.2, True
    if visit.kind == PHARMACY:
        return _purchase_weight(visit, stay, purse), False
    if visit.med_type.startswith(_EMERGENCY):
        return 0.7, False
    return (0.7 if visit.drugs_only and _is_electronic(visit) else 1.0), False


def _is_electronic(visit: VisitSnapshot) -> bool:
    return any(swipe.certificate == ELECTRONIC for swipe in visit.swipes)


def _purchase_weight(visit: VisitSnapshot, stay: VisitSnapshot, purse: Purse) -> float:
    """A card that was brought to the counter was not in the ward; whether its owner was, his illness says best."""
    could_walk = _could_walk(stay)
    if visit.total < purse.tiny:
        return 0.35 if could_walk else 0.25
    if visit.total >= purse.large:
        return 1.0
    if _is_electronic(visit):
        return 0.4 if visit.total < purse.small else 0.5
    if could_walk:
        return 0.7
    if visit.total < purse.small:
        return 0.4
    return 0.5 if gravity(stay.diagnosis) == "serious" else 0.7


def _could_walk(stay: VisitSnapshot) -> bool:
    """What needs no bed, and is no acute infection."""
    return is_mild(stay.diagnosis) and not strikes_together(stay.diagnosis)


def weight_of(services: list[Service]) -> float:
    """All together; the weak ones only up to a bound; less for a further purchase of the same day, and for the same one again:
    what is bought over and over is fetched by anybody.
    """
    weak = min(sum(service.weight for service in services if service.is_weak), _MOST_OF_WEAK)
    strong, days, purchases = 0.0, set[int](), set[tuple[str, int]]()
    for service in services:
        if service.is_weak:
            continue
        visit = service.visit
        is_again = visit.kind == PHARMACY and (service.day in days or (visit.institution, visit.total) in purchases)
        strong += service.weight * (_AGAIN if is_again else 1.0)
        if visit.kind == PHARMACY:
            days.add(service.day)
            purchases.add((visit.institution, visit.total))
    return weak + strong
