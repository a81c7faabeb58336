"""How much does a readmission look like one stay that was cut in two?

A *link* joins two stays of one person in one institution, the second soon after the first. Its weight begins with the gap and
is changed by all that speaks for or against a cut; where nothing is left of it there is no link at all. A *chain* is a run of
linked stays. What is too weak to be told of once may be a habit: each repetition adds half a point.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from detectors.books.person import PersonPage
from detectors.by_person.series import is_grave, is_newborn, stays_of
from schemas.china_time import DAY, HOUR
from schemas.codes import TRANSFERRED, is_bed_day_package, is_birth, is_day_surgery, is_transfer, same_illness
from schemas.icd_blocks import related
from schemas.snapshots import VisitSnapshot

_AGAINST_ADVICE: Final = "4"  # dscg_way: he left of his own will, and comes back because he is still ill
_EMERGENCY: Final = "24"
_OFFICE_OPENS, _OFFICE_CLOSES = 7 * HOUR, 18 * HOUR
_DESK: Final = 12 * HOUR  # on paper the new admission may come before the old discharge
# Courses that bring a patient back by plan: radio- and chemotherapy, dialysis, transfusions, follow-up and aftercare.
_RECURRING: Final = ("Z51", "Z49", "N18", "Z08", "Z09", "Z47", "Z48", "D56", "D66", "D67")
# Coded by the illness itself, though the course comes in cycles, or one side after the other.
_IN_CYCLES: Final = ("C", "D0", "D37", "D38", "D39", "D4", "H25", "H26")
_INJURY: Final = ("S", "T")
_ORGANS: Final = ("G", "I", "J", "K", "M", "N")  # chapters of one system of organs, where another name is soon found
_PSYCHIATRIC: Final = "F"
# Beyond `is_grave`: acute and severe, so that some come back as ill as they were.
_SEVERE: Final = ("I60", "I61", "I62", "I63", "I64", "J12", "J13", "J14", "J15", "J16", "J18", "K85", "K92")
_SHORT: Final = 0.5  # of its least weight, and still a link: its like may make up for it
_USUAL_STAY: Final = 9 * DAY  # the mean stay was of 8.8 days (domain.md §5): one as long was not cut short


class Tiers(NamedTuple):
    """Days between discharge and readmission, at most."""

    at_once: int
    soon: int
    within: int


class Link(NamedTuple):
    """Two stays and what joins them."""

    first: VisitSnapshot
    second: VisitSnapshot
    gap: int  # calendar days from discharge to readmission
    weight: float
    least: float  # weight from which a chain that it is the strongest of is told


class Chain(NamedTuple):
    """Linked stays of one institution, in order of admission."""

    links: tuple[Link, ...]

    @property
    def stays(self) -> tuple[VisitSnapshot, ...]:
        """All of them."""
        return (self.links[0].first, *(link.second for link in self.links))

    @property
    def strongest(self) -> Link:
        """The link that says most; the earliest of several."""
        return max(self.links, key=lambda link: link.weight)

    @property
    def weight(self) -> float:
        """The strongest link's, and half a point for each repetition."""
        return self.strongest.weight + 0.5 * (len(self.links) - 1)

    @property
    def is_told(self) -> bool:
        """Whether it weighs enough for anybody to hear of it."""
        return self.weight >= self.strongest.least


def chains(page: PersonPage, tiers: Tiers, with_bed_days: bool) -> dict[str, Chain]:
    """All chains of a person, by the first stay of each."""
    stays = stays_of(page)
    by_institution: dict[str, list[VisitSnapshot]] = {}
    for stay in stays:
        by_institution.setdefault(stay.institution, []).append(stay)
    found: dict[str, Chain] = {}
    for own in by_institution.values():
        for links in _runs(own, stays, tiers, page, with_bed_days):
            chain = Chain(tuple(links))
            if chain.is_told:
                found[links[0].first.visit] = chain
    return found


def _runs(
    own: list[VisitSnapshot], stays: list[VisitSnapshot], tiers: Tiers, page: PersonPage, with_bed_days: bool
) -> Iterable[list[Link]]:
    run: list[Link] = []
    for first, second in pairwise(own):
        link = _link(first, second, stays, tiers, page, with_bed_days)
        if link is not None:
            run.append(link)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _link(
    first: VisitSnapshot, second: VisitSnapshot, stays: list[VisitSnapshot], tiers: Tiers, page: PersonPage,
    with_bed_days: bool,
) -> Link | None:  # fmt: skip
    if first.end is None or second.begin < first.end - _DESK or second.begin // DAY == first.begin // DAY:
        return None  # not yet over; or the same admission, registered twice
    gap = max(second.begin // DAY - first.end // DAY, 0)
    if gap > tiers.within or _has_reason(first, second, page, with_bed_days):
        return None
    base = 3.0 if gap <= tiers.at_once else 2.0 if gap <= tiers.soon else 1.0
    least = _least(second, gap <= tiers.soon)
    weight = (
        base
        + _illness(first, second, gap, tiers)
        + _circumstances(first, second, stays)
        + _sameness(first, second, gap)
    )
    return Link(first, second, gap, weight, least) if weight >= least - _SHORT else None


def _least(second: VisitSnapshot, is_soon: bool) -> float:
    """What it takes to be a hint at least: rules.md excepts no illness, and what a grave one explains is in its weight."""
    return (1.0 if _brings_back(second.diagnosis) else 1.5) if is_soon else 0.5


def _has_reason(first: VisitSnapshot, second: VisitSnapshot, page: PersonPage, with_bed_days: bool) -> bool:
    """Whether the second stay is rightly one of its own (§4.2)."""
    if first.planned_readmission or first.way in TRANSFERRED or first.death is not None or is_transfer(second.med_type):
        return True
    return is_newborn(page, second) or any(
        is_birth(stay.med_type, stay.diagnosis)
        or is_day_surgery(stay.med_type)
        or (is_bed_day_package(stay.med_type) and not with_bed_days)
        or stay.diagnosis.startswith(_RECURRING)
        for stay in (first, second)
    )


def _illness(first: VisitSnapshot, second: VisitSnapshot, gap: int, tiers: Tiers) -> float:
    """Another illness is no continuation; a neighbouring one is a weak one, and so is one of the same organs at once. Who is
    gravely ill comes back by himself."""
    if not same_illness(first.diagnosis, second.diagnosis):
        if second.diagnosis.startswith(_INJURY):
            return -9.0
        if related(first.diagnosis, second.diagnosis):
            return -1.0
        is_of_same_organs = second.diagnosis[:1] == first.diagnosis[:1] and second.diagnosis.startswith(_ORGANS)
        return -1.25 if gap <= tiers.at_once and is_of_same_organs else -9.0
    if second.diagnosis.startswith(_IN_CYCLES):
        return -1.0
    if _brings_back(second.diagnosis):
        assert first.end is not None
        return -1.0 if first.end - first.begin >= _USUAL_STAY else -0.5
    return -0.5 if second.diagnosis.startswith(_PSYCHIATRIC) and gap > 1 else 0.0


def _brings_back(diagnosis: str) -> bool:
    return is_grave(diagnosis) or diagnosis.startswith(_SEVERE)


def _circumstances(first: VisitSnapshot, second: VisitSnapshot, stays: list[VisitSnapshot]) -> float:
    weight = 0.0
    if first.way == _AGAINST_ADVICE:
        weight -= 2.0
    if second.med_type.startswith(_EMERGENCY):
        weight -= 1.0
    if first.med_type.startswith(_EMERGENCY):  # the emergency first, what it showed to be needed afterwards
        weight -= 0.25
    if not _OFFICE_OPENS <= second.begin % DAY < _OFFICE_CLOSES:  # who comes at night is ill
        weight -= 0.5
    if first.department and second.department and first.department != second.department:
        weight -= 0.25
    assert first.end is not None
    if any(
        stay.institution != first.institution and stay.begin < second.begin and (stay.end or stay.begin) > first.end
        for stay in stays
    ):  # another hospital had him in between
        weight -= 1.0
    return weight


def _sameness(first: VisitSnapshot, second: VisitSnapshot, gap: int) -> float:
    """What the second's discharge shows: as long, and as dear, as the first. A grave illness takes its time each time."""
    if second.end is None or first.end is None:
        return 0.0
    weight = 0.0
    shorter, longer = sorted((first.end - first.begin, second.end - second.begin))
    if longer - shorter <= max(DAY, longer // 5):
        weight += 0.0 if gap > 1 and _brings_back(second.diagnosis) else 0.25
    elif 2 * longer > 5 * max(shorter, DAY):
        weight -= 0.5
    if min(first.scope, second.scope) > 0 and abs(first.scope - second.scope) <= 0.05 * max(first.scope, second.scope):
        weight += 0.25
    return weight
