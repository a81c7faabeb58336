"""What is known of one household: who belongs to it and its members' stays of the last thirteen months."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import HouseholdVisit, Membership, VisitSnapshot

STAYS_KEPT = 400 * DAY
# Nothing real comes near these: rules compare stays with one another, and the page must stay one that can be written.
MOST_STAYS = 200  # the newest; what comparing them costs grows with the square of it
MOST_MEMBERS = 5_000


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


class HouseholdPage(Page, kw_only=True):
    """One household."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"h"

    household: str
    members: dict[str, Member] = {}
    stays: dict[str, MemberStay] = {}
    forgotten: int = -NEVER  # begin of the newest stay that was forgotten

    def post_membership(self, fact: Membership) -> bool:
        """Upsert; False where what is held is as new."""
        held = self.members.get(fact.person)
        if held is not None and held.offset >= fact.offset:
            return False
        if held is None and len(self.members) >= MOST_MEMBERS:
            return False
        self.members[fact.person] = Member(fact.offset, fact.belongs)
        return True

    def post_stay(self, fact: HouseholdVisit) -> bool:
        """Upsert, newest snapshot and newest membership; False where what is held is as new.

        A 2403 may hand a stay from one member to another: what says that it is not the one's must not hide the other's.
        """
        held, stay = self.stays.get(fact.snapshot.visit), fact.snapshot
        if held is not None and held.stay.person != stay.person:
            if stay.void or held.stay.offset > stay.offset or (held.stay.offset == stay.offset and not held.stay.void):
                return False
        elif held is not None and (held.stay.offset, held.member_version) >= (stay.offset, fact.member_version):
            return False
        self.stays[fact.snapshot.visit] = MemberStay(fact.member_version, fact.belongs, fact.birth, fact.snapshot)
        if len(self.stays) > MOST_STAYS:  # the oldest is forgotten before its time
            oldest = min((held.stay for held in self.stays.values()), key=lambda stay: (stay.begin, stay.visit))
            del self.stays[oldest.visit]
            self.forgotten = max(self.forgotten, oldest.begin)
        return True

    def size(self) -> int:
        """How many belong to it, by the reference records, or at least by their stays."""
        belonging = {person for person, member in self.members.items() if member.belongs}
        return len(belonging | {held.stay.person for held in self.stays.values() if held.belongs})

    def standing_stays(self) -> list[MemberStay]:
        """Stays that count, in order of admission; ties by visit."""
        stays = [held for held in self.stays.values() if held.belongs and not held.stay.void]
        return sorted(stays, key=lambda held: (held.stay.begin, held.stay.visit))

    def kept_from(self) -> int:
        """What stood on a stay that was forgotten is final."""
        return self.forgotten + 1 if self.forgotten > -NEVER else -NEVER

    def next_change(self) -> int:
        """When the first stay is to be forgotten."""
        return min((_kept_until(held) for held in self.stays.values()), default=NEVER)

    def advance(self, now: int) -> None:
        """Forget stays beyond the horizon."""
        if self.next_change() > now:
            return
        gone = [held.stay.begin for held in self.stays.values() if _kept_until(held) <= now]
        self.stays = {name: held for name, held in self.stays.items() if _kept_until(held) > now}
        self.forgotten = max(self.forgotten, *gone)


def _kept_until(held: MemberStay) -> int:
    return max(held.stay.end or held.stay.begin, held.stay.source.inf_time) + STAYS_KEPT


def household_key(household: str) -> bytes:
    """The key of its page."""
    return b"h" + household.encode()
