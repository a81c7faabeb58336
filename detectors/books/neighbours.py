"""What is known of a group beyond the household: its members' stays of the last two months, and on which days it had any.

Of an older stay only its day is kept, which says how often the group comes to an institution; where somebody of the group
came and left with it, it is kept for a year, because that may happen again. How many the members are is estimated from those
whose digests are least (Bar-Yossef et al., 2002), for a village has thousands and a page must stay small.
"""

from __future__ import annotations

from bisect import bisect_left
from hashlib import blake2b
from typing import ClassVar, Final

import msgspec

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.codes import is_birth, is_day_surgery
from schemas.snapshots import STAY, GroupMember, GroupVisit, Reference, Ties, VisitSnapshot

STAYS_KEPT: Final = 62 * DAY  # after its end and its newest message; no correction of it comes later
OPEN_KEPT: Final = 400 * DAY
TOGETHER_KEPT: Final = 400 * DAY
DAYS_KEPT: Final = 500  # days: a year, and the history before its oldest stay
MOST_STAYS: Final = 160  # the newest; some 250 bytes each
MOST_INSTITUTIONS: Final = 60  # of past days; of an institution beyond them the past is not known
MOST_COUNTED: Final = 48  # members whose digests are kept; the size of a larger group is known to a seventh
CITED: Final = 3  # messages of a stay
AROUND: Final = 8 * DAY  # rules look at the week before and after
NEWBORN: Final = 28 * DAY
# Dialysis and chemotherapy (coded by the tumour too) come by the calendar, and cataracts are operated on by appointment: all of
# one day's together.
_BY_APPOINTMENT: Final = ("Z49", "Z51", "N18", "C", "H25", "H26")
_DIGEST_BITS: Final = 32
_IDLE_DAYS: Final = 2  # a stay


class Counted(msgspec.Struct, array_like=True, gc=False):
    """Whether a member belongs, as of a version of his reference record."""

    offset: int
    belongs: bool


class NeighbourStay(msgspec.Struct, array_like=True, gc=False):
    """What is kept of the newest snapshot of a member's stay. ``heard``: when its newest message was sent."""

    visit: str
    offset: int
    member_version: int
    belongs: bool
    void: bool
    is_judged: bool  # not a birth, nor by appointment
    person: str
    institution: str
    begin: int
    end: int | None
    heard: int
    diagnosis: str
    department: str
    scope: int
    idle_days: int
    ties: Ties
    evidence: tuple[Reference, ...]
    partition: int

    def snapshot(self) -> VisitSnapshot:
        """As much of it as is kept."""
        return VisitSnapshot(
            self.visit, self.institution, self.person, self.partition, self.offset, Reference("", "", self.heard), STAY,
            self.void, self.begin, self.end, "", self.diagnosis, self.department, self.scope, 0, 0, False, self.idle_days,
            self.evidence,
        )  # fmt: skip

    @property
    def counts(self) -> bool:
        """Whether it is a stay of a member that says something."""
        return self.belongs and self.is_judged and not self.void


class GroupPage(Page, kw_only=True):
    """One group. ``past``: by institution the days, in order, of stays that were forgotten."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"g"

    group: str
    counted: dict[int, Counted] = {}  # by digest, the least
    stays: dict[str, NeighbourStay] = {}
    past: dict[str, list[int]] = {}
    forgotten: int = -NEVER  # begin of the newest stay that was forgotten
    forgets_first: int = NEVER  # when the first stay may be forgotten; never later than that

    def post_member(self, fact: GroupMember) -> bool:
        """Upsert; False where what is held is as new, or he is not among those who are counted one by one."""
        digest = _digest(fact.person)
        held = self.counted.get(digest)
        if held is not None and held.offset >= fact.offset:
            return False
        if held is None and len(self.counted) >= MOST_COUNTED:
            most = max(self.counted)
            if digest > most:
                return False
            del self.counted[most]
        self.counted[digest] = Counted(fact.offset, fact.belongs)
        return True

    def post_stay(self, fact: GroupVisit) -> bool:
        """Upsert, newest snapshot and newest ties; False where what is held is as new.

        A 2403 may hand a stay from one member to another: what says that it is not the one's must not hide the other's.
        """
        stay = fact.snapshot
        held = self.stays.get(stay.visit)
        if held is not None and held.person != stay.person:
            if stay.void or held.offset > stay.offset or (held.offset == stay.offset and not held.void):
                return False
        elif held is not None and (held.offset, held.member_version) >= (stay.offset, fact.member_version):
            return False
        kept = self.stays[stay.visit] = _kept(fact)
        self.forgets_first = min(self.forgets_first, _kept_until(kept, False))
        if len(self.stays) > MOST_STAYS:  # the oldest is forgotten before its time
            self._forget(min(self.stays.values(), key=lambda one: (one.begin, one.visit)))
        return True

    def size(self) -> int:
        """About how many belong to it, at least as many as have stays."""
        members = self.members()
        if len(self.stays) <= members:  # nearly always, and it is asked at every look
            return members
        return max(members, len({stay.person for stay in self.stays.values() if stay.belongs and not stay.void}))

    def members(self) -> int:
        """About how many belong to it by the reference records: exact up to `MOST_COUNTED`."""
        belonging = float(len([True for one in self.counted.values() if one.belongs]))
        if len(self.counted) >= MOST_COUNTED:
            ever = (MOST_COUNTED - 1) * (1 << _DIGEST_BITS) / (max(self.counted) + 1)
            belonging = float(f"{max(ever, MOST_COUNTED) * belonging / MOST_COUNTED:.2g}")
        return int(belonging)

    def calendar(self) -> dict[str, list[int]]:
        """By institution the days, in order, on which somebody of the group came, as far as they are known."""
        days = {name: set(past) for name, past in self.past.items()}
        for stay in self.stays.values():
            if stay.counts:
                days.setdefault(stay.institution, set()).add(stay.begin // DAY)
        return {name: sorted(found) for name, found in sorted(days.items())}

    def kept_from(self) -> int:
        """What stood on a stay that was forgotten is final, and so is what may have stood on one of the days around it."""
        return self.forgotten + AROUND if self.forgotten > -NEVER else -NEVER

    def next_change(self) -> int:
        """When the first stay is to be forgotten."""
        return self.forgets_first

    def advance(self, now: int) -> None:
        """Forget stays beyond the horizon; of those alone, their days remain."""
        if self.forgets_first > now:
            return
        due = [stay for stay in self.stays.values() if _kept_until(stay, False) <= now]
        company = self._in_company() if due else set()
        for stay in due:
            if _kept_until(stay, stay.visit in company) <= now:
                self._forget(stay)
        kept = (_kept_until(stay, stay.visit in company) for stay in self.stays.values())
        self.forgets_first = min(NEVER, *kept, NEVER)
        first = now // DAY - DAYS_KEPT
        self.past = {name: days[bisect_left(days, first) :] for name, days in self.past.items() if days[-1] >= first}

    def forgets_at(self) -> int:
        """A page of which nobody is known to belong goes with its last stay."""
        return NEVER if self.stays or self.past or self.counted else 0

    def _forget(self, stay: NeighbourStay) -> None:
        del self.stays[stay.visit]
        self.forgotten = max(self.forgotten, stay.begin)
        if not stay.counts:
            return
        if stay.institution not in self.past and len(self.past) >= MOST_INSTITUTIONS:
            del self.past[min(self.past, key=lambda name: (self.past[name][-1], name))]
        days, day = self.past.setdefault(stay.institution, []), stay.begin // DAY
        place = bisect_left(days, day)
        if place == len(days) or days[place] != day:
            days.insert(place, day)
            del days[:-DAYS_KEPT]

    def _in_company(self) -> set[str]:
        """Visits with which one of another household came and left and had the same illness, or two did whatever they had."""
        near: dict[tuple[str, int], list[NeighbourStay]] = {}
        for stay in self.stays.values():
            if stay.counts:
                near.setdefault((stay.institution, stay.begin // DAY), []).append(stay)
        found = set()
        for (institution, day), stays in near.items():
            others = [other for one in (day - 1, day, day + 1) for other in near.get((institution, one), ())]
            for stay in stays:
                company = [other for other in others if _together(stay, other)]
                if len(company) > 1 or any(other.diagnosis[:3] == stay.diagnosis[:3] for other in company):
                    found.add(stay.visit)
        return found


def _kept(fact: GroupVisit) -> NeighbourStay:
    stay = fact.snapshot
    return NeighbourStay(
        stay.visit, stay.offset, fact.member_version, fact.belongs, stay.void, _is_judged(stay, fact.birth), stay.person,
        stay.institution, stay.begin, stay.end, stay.source.inf_time, stay.diagnosis, stay.department, stay.scope,
        stay.idle_days, fact.ties, stay.evidence[:CITED], stay.partition,
    )  # fmt: skip


def _is_judged(stay: VisitSnapshot, birth: int | None) -> bool:
    is_newborn = birth is not None and stay.begin - birth <= NEWBORN
    by_appointment = is_by_appointment(stay.med_type, stay.diagnosis)
    return not (is_newborn or by_appointment or is_birth(stay.med_type, stay.diagnosis))


def is_by_appointment(med_type: str, diagnosis: str) -> bool:
    """A stay on a day that the hospital chose, the same for many: a course of treatment, day surgery, cataracts."""
    return is_day_surgery(med_type) or diagnosis.startswith(_BY_APPOINTMENT)


def were_idle(days: list[int]) -> bool:
    """Whether stays of so many days without treatment saw two such days each, taken together: the ill are treated."""
    return sum(days) >= _IDLE_DAYS * len(days)


def _kept_until(stay: NeighbourStay, in_company: bool) -> int:
    newest = max(stay.begin if stay.end is None else stay.end, stay.heard)
    if in_company:
        return newest + TOGETHER_KEPT
    return newest + (OPEN_KEPT if stay.end is None and not stay.void else STAYS_KEPT)


def _together(one: NeighbourStay, other: NeighbourStay) -> bool:
    """Of two stays that began together: not of one person or household, and ended together."""
    if one.person == other.person or (one.ties.household and one.ties.household == other.ties.household):
        return False
    return one.end is None or other.end is None or abs(one.end // DAY - other.end // DAY) <= 1


def _digest(person: str) -> int:
    return int.from_bytes(blake2b(person.encode(), digest_size=_DIGEST_BITS // 8).digest())


def group_key(group: str) -> bytes:
    """The key of its page."""
    return b"g" + group.encode()
