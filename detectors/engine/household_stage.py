"""Who of a household, or of a village, was in hospital together? The third stage, keyed by household or group."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from detectors.books.group_keys import DWELLING, kind_of
from detectors.books.household import HouseholdPage, household_key
from detectors.books.neighbours import GroupPage, NeighbourStay, group_key
from detectors.engine.clock import Watermark
from detectors.engine.compare import Cause
from detectors.engine.incoming import Incoming
from detectors.engine.later_stage import LaterStage
from detectors.engine.page import Page
from schemas.snapshots import (
    GroupMember,
    GroupVisit,
    HouseholdVisit,
    Mark,
    Membership,
    Reference,
    VisitSnapshot,
    decode_for_household,
    has_possible_times,
)


class HouseholdStage(LaterStage):
    """Memberships and members' stays in, alerts about households and groups beyond them out."""

    name: ClassVar[str] = "household"
    roles: ClassVar[tuple[str, ...]] = ("households",)
    kinds: ClassVar[tuple[type[Page], ...]] = (HouseholdPage, GroupPage, Watermark)

    def _take_one(self, role: str, record: Incoming) -> None:
        try:
            message = decode_for_household(record.value)
        except msgspec.DecodeError:
            self._park("household", "wrong_type", "not a household's fact", role, record)
            return
        if isinstance(message, Mark):
            self._take_mark(message, role, record)
            return
        if isinstance(message, HouseholdVisit | GroupVisit) and not has_possible_times(message.snapshot):
            self._park("household", "out_of_range", "a time of the snapshot", role, record)
            return
        if isinstance(message, GroupVisit | GroupMember):
            self._take_of_group(message)
            return
        key = household_key(message.household)
        household = message.household
        page = self._pages.get(HouseholdPage, key)
        if page is None:
            page = self._pages.put(key, HouseholdPage(household=household))
            self._count_residents(page)  # who moved in before is told of no more
            self._invite(page)
        if isinstance(message, Membership):
            if page.post_membership(message):
                self._review_all(key, page)
        elif page.post_stay(message):
            self._review(key, page, self._now(), _cause_of(message.snapshot))

    def _review_all(self, key: bytes, page: HouseholdPage) -> None:
        """Who belongs to it has changed, and so may what all of its stays say."""
        self._pages.changed(key, page)
        if page.stays:
            newest = max(page.stays.values(), key=lambda held: held.stay.source.inf_time).stay
            self._review(key, page, self._now(), _cause_of(newest))

    def _count_residents(self, page: HouseholdPage) -> bool:
        """Who lives at a home is known to the page of its address, which has the same key; whether that has changed."""
        group = self._address_of(page)
        before, page.residents = page.residents, group.members() if group is not None else 0
        return page.residents != before

    def _address_of(self, page: HouseholdPage) -> GroupPage | None:
        """All who live at a home's address; it has the same key, so it lies here."""
        return self._pages.get(GroupPage, group_key(page.household)) if page.home is not None else None

    def _invite(self, page: HouseholdPage) -> None:
        """What is still known of stays of those who live at a new home and have a number."""
        group = self._address_of(page)
        for held in group.stays.values() if group is not None else ():
            if held.ties.household and held.counts:
                message = HouseholdVisit(page.household, held.member_version, True, None, held.snapshot())
                page.post_stay(message, held.ties.household)

    def _be_guest(self, message: GroupVisit) -> None:
        """A stay of somebody who has a number, at an address where others have none."""
        key = household_key(message.group)
        home = self._pages.get(HouseholdPage, key)
        if home is None:
            return
        fact = HouseholdVisit(message.group, message.member_version, message.belongs, message.birth, message.snapshot)
        if home.post_stay(fact, message.ties.household):
            self._review(key, home, self._now(), _cause_of(message.snapshot))

    def _take_of_group(self, message: GroupVisit | GroupMember) -> None:
        key, group = group_key(message.group), message.group
        page = self._pages.get(GroupPage, key) or self._pages.put(key, GroupPage(group=group))
        if isinstance(message, GroupVisit):
            held = page.stays.get(message.snapshot.visit)
            if page.post_stay(message):
                if held is not None and _says_the_same(held, page.stays.get(held.visit)):
                    self._pages.changed(key, page)  # no rule sees a difference
                else:
                    self._review(key, page, self._now(), _cause_of(message.snapshot))
            if message.ties.household and kind_of(group) == DWELLING:
                self._be_guest(message)
            return
        if not page.post_member(message):
            return
        self._pages.changed(key, page)
        if kind_of(group) == DWELLING:
            home = self._pages.get(HouseholdPage, household_key(group))
            if home is not None and self._count_residents(home):
                self._review_all(household_key(group), home)
        if page.stays:
            newest = max(page.stays.values(), key=lambda stay: (stay.heard, stay.visit))
            cited = newest.evidence[-1] if newest.evidence else Reference("", "", newest.heard)
            cause = Cause(newest.partition, newest.offset, cited.inf_time, cited.msgid, cited.infno, newest.heard)
            self._review(key, page, self._now(), cause)


def _says_the_same(held: NeighbourStay, now: NeighbourStay | None) -> bool:
    """Whether nothing is new of a stay but how new it is: most settlement lists change no more."""
    return (
        now is not None
        and held.person == now.person
        and held.end == now.end
        and held.scope == now.scope
        and held.belongs == now.belongs
        and held.void == now.void
        and held.is_judged == now.is_judged
        and held.institution == now.institution
        and held.begin == now.begin
        and held.diagnosis == now.diagnosis
        and held.department == now.department
        and held.idle_days == now.idle_days
        and held.ties == now.ties
        and held.evidence == now.evidence
    )


def _cause_of(snapshot: VisitSnapshot) -> Cause:
    source = snapshot.source
    return Cause(snapshot.partition, snapshot.offset, source.inf_time, source.msgid, source.infno, source.inf_time)
