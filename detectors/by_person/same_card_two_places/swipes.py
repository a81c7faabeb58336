"""Where was a person's card, and when? Two swipes in two places, and how far the places are apart.

Only what needs the card and tells the hour counts: settlements that stand, made with a card (not the electronic certificate,
which needs nobody there), on a day of service of their visit, sent when they were made; the registrations before them, and
admissions, that were sent at once.
Of a stay it is the admission alone that needs him there: its bill is paid by whoever fetches him, or when he has long gone.
Entries made later in one go, network failures caught up on, internet hospitals and emergency admissions tell nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Final, NamedTuple

from detectors.books.person import PersonPage
from detectors.engine.rule import References
from schemas.china_time import DAY, HOUR
from schemas.codes import ELECTRONIC
from schemas.references import Institution
from schemas.snapshots import STAY, Reference, VisitSnapshot

_EARTH_KM: Final = 6371.0
_AT_ONCE: Final = 10 * 60  # seconds between a settlement's time and its message, either way
_EMERGENCY: Final = "24"
_ONE_GO: Final = HOUR
_INTERNET: Final = ("互联网", "线上", "云医院", "云药房")
_VILLAGE_CLINIC: Final = "D6"  # medins_type; many settle the day's patients in one go


class Seen(NamedTuple):
    """The card at one place. ``settlement`` is empty for an admission or a registration."""

    time: int
    visit: str
    settlement: str
    institution: str
    certificate: str
    source: Reference
    snapshot: VisitSnapshot


class Pair(NamedTuple):
    """One card in two places, the earlier first. ``km`` as the crow flies."""

    first: Seen
    second: Seen
    km: float

    @property
    def places(self) -> frozenset[str]:
        """The two institutions, whichever came first."""
        return frozenset((self.first.institution, self.second.institution))

    @property
    def seconds(self) -> int:
        """Between the two."""
        return self.second.time - self.first.time

    @property
    def speed(self) -> float:
        """Kilometres an hour; a minute at least, for clocks differ."""
        return self.km * HOUR / max(self.seconds, 60)


def times_seen(page: PersonPage) -> list[Seen]:
    """In order of time."""
    found: list[Seen] = []
    for visit in page.visits.values():
        if visit.void:
            continue
        if visit.kind == STAY:
            found += _admission(visit)
        else:
            found += _settlements(visit)
    found.sort(key=lambda seen: (seen.time, seen.visit, seen.settlement))
    return found


def _admission(visit: VisitSnapshot) -> Iterator[Seen]:
    if not visit.evidence or visit.med_type.startswith(_EMERGENCY):
        return
    admission = visit.evidence[0]
    if admission.infno == "2401" and 0 <= admission.inf_time - visit.begin <= HOUR:
        yield Seen(visit.begin, visit.visit, "", visit.institution, "", admission, visit)


def _settlements(visit: VisitSnapshot) -> list[Seen]:
    found, days = list[Seen](), visit.service_days or (visit.begin // DAY,)
    for swipe in visit.swipes:
        is_there = swipe.certificate != ELECTRONIC and swipe.refunded_at is None and swipe.time // DAY in days
        if is_there and abs(swipe.source.inf_time - swipe.time) <= _AT_ONCE:
            found.append(
                Seen(
                    swipe.time, visit.visit, swipe.settlement, visit.institution, swipe.certificate, swipe.source, visit
                )
            )
    return [*_registration(visit, found[0]), *found] if found else []


def _registration(visit: VisitSnapshot, settled: Seen) -> Iterator[Seen]:
    """Who settled with a card on the day on which he registered was there when he did."""
    registered = visit.evidence[0] if visit.evidence else None
    if registered is None or registered.infno != "2201" or not 0 <= settled.time - visit.begin < DAY:
        return
    if abs(registered.inf_time - visit.begin) <= _AT_ONCE:
        yield Seen(visit.begin, visit.visit, "", visit.institution, settled.certificate, registered, visit)


def were_near(visits: Iterable[VisitSnapshot], within: int) -> bool:
    """Whether anything happened to the card at two institutions so near in time; cheap, and asked at every settlement."""
    times: list[tuple[int, str]] = []
    for visit in visits:
        if visit.kind == STAY:
            times.append((visit.begin, visit.institution))
        else:
            times.append((visit.begin, visit.institution))
            times += [(swipe.time, visit.institution) for swipe in visit.swipes]
    times.sort()
    return any(later[0] - earlier[0] <= within and later[1] != earlier[1] for earlier, later in pairwise(times))


def near_in_time(seen: list[Seen], within: int) -> list[tuple[Seen, Seen]]:
    """Neighbours at different institutions, the nearest of each two visits."""
    found: dict[tuple[str, str], tuple[Seen, Seen]] = {}
    for index, first in enumerate(seen):
        for second in seen[index + 1 :]:
            if second.time - first.time > within:
                break
            if first.institution == second.institution:
                continue
            visits = (min(first.visit, second.visit), max(first.visit, second.visit))
            held = found.get(visits)
            if held is None or second.time - first.time < held[1].time - held[0].time:
                found[visits] = (first, second)
    return list(found.values())


def occasions(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Pairs in order of time, those of the same two places that share a visit together: two bills there, or to and fro."""
    found: list[list[Pair]] = []
    for pair in pairs:
        visits = {pair.first.visit, pair.second.visit}
        for known in found:
            if known[0].places == pair.places and any(
                one.first.visit in visits or one.second.visit in visits for one in known
            ):
                known.append(pair)
                break
        else:
            found.append([pair])
    return found


def days_at(pairs: Iterable[Pair]) -> dict[frozenset[str], set[int]]:
    """The days of the pairs, by their two places."""
    found: dict[frozenset[str], set[int]] = {}
    for pair in pairs:
        found.setdefault(pair.places, set()).add(pair.first.time // DAY)
    return found


def places(pair: tuple[Seen, Seen], references: References) -> tuple[Institution | None, Institution | None]:
    """What is known of the two institutions."""
    return references.institution(pair[0].institution), references.institution(pair[1].institution)


def has_coordinates(place: Institution | None) -> bool:
    """Whether it is known where it lies; 0/0 is where nobody looked."""
    return place is not None and bool(place.longitude) and bool(place.latitude)


def is_internet_hospital(place: Institution | None) -> bool:
    """A place that can be visited from anywhere."""
    return place is not None and any(word in place.name or word in place.kind for word in _INTERNET)


def may_be_caught_up_on(seen: Seen, place: Institution | None) -> bool:
    """Whether a village clinic settled it long after the patient had come: it does so for all of the day in one go."""
    return (
        place is not None
        and place.kind.startswith(_VILLAGE_CLINIC)
        and bool(seen.settlement)
        and seen.time - seen.snapshot.begin >= _ONE_GO
    )


def distance_km(one: Institution, other: Institution) -> float:
    """Along the great circle."""
    (x, y), (other_x, other_y) = _radians(one), _radians(other)
    half = sin((other_y - y) / 2) ** 2 + cos(y) * cos(other_y) * sin((other_x - x) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))


def _radians(place: Institution) -> tuple[float, float]:
    assert place.longitude is not None
    assert place.latitude is not None
    return radians(place.longitude), radians(place.latitude)
