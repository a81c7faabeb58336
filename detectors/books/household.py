"""What is known of one household: who belongs to it and its members' stays of the last thirteen months.

Who have no household in their records and live at one address are one as well, known by the digest of that (a *home*). Those who
live there and have a number are its *guests*: where all whose stays are known have one number, a record without it is a gap,
and they are one family. How many live there in all it knows too, for a nursing home is no family because some of its records
are incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

import msgspec

from detectors.books.group_keys import DWELLING, kind_of
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import HouseholdVisit, Membership, VisitSnapshot

STAYS_KEPT = 400 * DAY
# Nothing real comes near these: rules compare stays with one another, and the page must stay one that can be written.
MOST_STAYS = 200  # the newest; what comparing them costs grows with the square of it
MOST_MEMBERS = 5_000
# Stays that follow one another at one institution are forgotten together, or what is left of a chain would look like another.
# From one's end to the next one's begin; no rule may ask for more than thirty calendar days.
FOLLOWING: Final = 31 * DAY
LONGEST: Final = 180 * DAY  # from the begin of the first to that of the last; what goes on is a new chain


class Member(msgspec.Struct, array_like=True, gc=False):
    """Whether a person belongs, as of a version of his reference record."""

    offset: int
    belongs: bool


class MemberStay(msgspec.Struct, array_like=True, gc=False):
    """The newest snapshot of a member's stay."""

    member_version: int
    belongs: bool
    birth: int | None
    stay: VisitSnapshot
    guest_of: str = ""  # at a home: the digest of the number that its patient has

    @property
    def stands(self) -> bool:
        """Whether it is a stay, and of somebody who belongs here or is a guest."""
        return self.belongs and not self.stay.void


class HouseholdPage(Page, kw_only=True):
    """One household. ``residents``: of a home all who live there, whatever household they are of."""

    layout: ClassVar[int] = 5
    prefix: ClassVar[bytes] = b"h"

    household: str
    members: dict[str, Member] = {}
    stays: dict[str, MemberStay] = {}
    forgotten: int = -NEVER  # begin of the newest stay that was forgotten
    overfull_until: int = -NEVER  # till then it has had more stays than are kept: of a series the head may be missing
    residents: int = 0

    @property
    def home(self) -> str | None:
        """The digest of the address by which it is known; None where it has a number."""
        return self.household if kind_of(self.household) == DWELLING else None

    @property
    def number(self) -> str | None:
        """What the reference records call it; None for a home."""
        return self.household if self.home is None else None

    def post_membership(self, fact: Membership) -> bool:
        """Upsert; False where what is held is as new."""
        held = self.members.get(fact.person)
        if held is not None and held.offset >= fact.offset:
            return False
        if held is None and len(self.members) >= MOST_MEMBERS:
            return False
        self.members[fact.person] = Member(fact.offset, fact.belongs)
        return True

    def post_stay(self, fact: HouseholdVisit, guest_of: str = "") -> bool:
        """Upsert, newest snapshot and newest membership; False where what is held is as new.

        Who is given a number leaves, and by the same record is a guest from then on.

        A 2403 may hand a stay from one member to another: what says that it is not the one's must not hide the other's.
        """
        held, stay = self.stays.get(fact.snapshot.visit), fact.snapshot
        if held is not None and held.stay.person != stay.person:
            if stay.void or held.stay.offset > stay.offset or (held.stay.offset == stay.offset and not held.stay.void):
                return False
        elif held is not None:
            known, new = (held.stay.offset, held.member_version), (stay.offset, fact.member_version)
            if known > new or (known == new and (held.belongs or not guest_of)):
                return False
        self.stays[fact.snapshot.visit] = MemberStay(
            fact.member_version, fact.belongs, fact.birth, fact.snapshot, guest_of
        )
        if len(self.stays) > MOST_STAYS:  # by what a stay is, not by when it came: no order may matter
            oldest = min(self.stays.values(), key=lambda held: (held.stay.begin, held.stay.visit))
            of_its_series = oldest.stay.begin + LONGEST + FOLLOWING + STAYS_KEPT  # when they are gone too
            self.overfull_until = max(self.overfull_until, of_its_series)
            self._forget([oldest])
        return True

    def size(self) -> int:
        """How many belong to it, by the reference records, or at least by their stays; of a home how many live there."""
        belonging = {person for person, member in self.members.items() if member.belongs}
        known = len(belonging | {held.stay.person for held in self.stays.values() if held.belongs})
        return max(known, self.residents)

    def counted(self) -> set[str]:
        """The visits that count: guests' only where all guests are of one household."""
        standing = [held for held in self.stays.values() if held.stands]
        with_guests = len({held.guest_of for held in standing if held.guest_of}) < 2
        return {held.stay.visit for held in standing if with_guests or not held.guest_of}

    def is_its_own(self, visits: Iterable[str]) -> bool:
        """Whether one of them at least is not a guest's: what guests did is their household's business."""
        return any(not self.stays[visit].guest_of for visit in visits)

    def standing_stays(self) -> list[MemberStay]:
        """Stays that count, in order of admission; ties by visit."""
        stays = [self.stays[visit] for visit in self.counted()]
        return sorted(stays, key=lambda held: (held.stay.begin, held.stay.visit))

    def kept_from(self) -> int:
        """What stood on a stay that was forgotten is final."""
        return self.forgotten + 1 if self.forgotten > -NEVER else -NEVER

    def series(self) -> Iterator[list[MemberStay]]:
        """Stays that follow one another at one institution, in order of admission; those that do not count hold their place."""
        by_institution: dict[str, list[MemberStay]] = {}
        for held in sorted(self.stays.values(), key=lambda held: (held.stay.begin, held.stay.visit)):
            by_institution.setdefault(held.stay.institution, []).append(held)
        for stays in by_institution.values():
            series, last = [stays[0]], _end(stays[0])
            for held in stays[1:]:
                begin = held.stay.begin
                if begin > last + FOLLOWING or begin > series[0].stay.begin + LONGEST:
                    yield series
                    series, last = [], begin
                series.append(held)
                last = max(last, _end(held))
            yield series

    def next_change(self) -> int:
        """When the first stays are to be forgotten."""
        return min((_kept_until(series) for series in self.series()), default=NEVER)

    def advance(self, now: int) -> None:
        """Forget stays beyond the horizon."""
        for series in list(self.series()):
            if _kept_until(series) <= now:
                self._forget(series)

    def _forget(self, series: list[MemberStay]) -> None:
        for held in series:
            del self.stays[held.stay.visit]
            self.forgotten = max(self.forgotten, held.stay.begin)


def _end(held: MemberStay) -> int:
    return held.stay.end or held.stay.begin


def _kept_until(series: list[MemberStay]) -> int:
    return max(max(_end(held), held.stay.source.inf_time) for held in series) + STAYS_KEPT


def household_key(household: str) -> bytes:
    """The key of its page."""
    return b"h" + household.encode()
