"""Whose visit is it, and which household hears of it? The second stage, keyed by person."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from detectors.books.elsewhere import all_of, changes_of
from detectors.books.group_keys import groups_of, ties_of
from detectors.books.person import PersonPage, person_key
from detectors.engine.clock import BEGINNING, Watermark
from detectors.engine.compare import Cause
from detectors.engine.incoming import Forward, Incoming
from detectors.engine.later_stage import LaterStage
from detectors.engine.page import Page
from schemas.fields import Undecodable
from schemas.references import Person, decode_person
from schemas.snapshots import (
    STAY,
    GroupMember,
    GroupVisit,
    HouseholdVisit,
    Mark,
    Membership,
    Ties,
    VisitSnapshot,
    decode_for_person,
    encode,
    has_possible_times,
)


class PersonStage(LaterStage):
    """Snapshots of visits and persons' reference records in; alerts about persons, and stays for households, out."""

    name: ClassVar[str] = "person"
    roles: ClassVar[tuple[str, ...]] = ("persons", "visits")
    kinds: ClassVar[tuple[type[Page], ...]] = (PersonPage, Watermark)

    def _take_one(self, role: str, record: Incoming) -> None:
        if role == "persons":
            self._take_reference(role, record)
            return
        try:
            message = decode_for_person(record.value)
        except msgspec.DecodeError:
            self._park("person", "wrong_type", "not a snapshot", role, record)
            return
        if isinstance(message, Mark):
            self._take_mark(message, role, record)
            return
        if not has_possible_times(message):
            self._park("person", "out_of_range", "a time of the snapshot", role, record)
            return
        self._take_visit(message)

    def _open(self, person: str) -> tuple[bytes, PersonPage]:
        key = person_key(person)
        page = self._pages.get(PersonPage, key)
        return key, page or self._pages.put(key, PersonPage(person=person))

    def _take_visit(self, snapshot: VisitSnapshot) -> None:
        key, page = self._open(snapshot.person)
        before = page.visits.get(snapshot.visit)
        if not page.post(snapshot):
            if snapshot.kind == STAY and before is not None:  # sent again: its page may have lost what it was told
                self._return_all(all_of(page, before))
            return
        if len(page.visits) > 1:
            self._return_all(changes_of(page, before, snapshot))
        if snapshot.kind == STAY:
            if page.family:
                self._to_household(page, snapshot, True, page.family)
            else:
                self._effects.counts["without_household", "person"] += 1
            self._to_groups(page, before, snapshot)
        source = snapshot.source
        cause = Cause(snapshot.partition, snapshot.offset, source.inf_time, source.msgid, source.infno, source.inf_time)
        self._review(key, page, self._now(), cause)

    def _take_reference(self, role: str, record: Incoming) -> None:
        if not record.value and record.key:  # a tombstone: nothing is known of him any more
            self._know(Person(record.key.decode(errors="replace"), "", None, "", "", ""), record.offset)
            return
        try:
            person = decode_person(record.value)
        except Undecodable as problem:
            self._park("decode", problem.reason, problem.detail, role, record)
            return
        self._know(person, record.offset)

    def _know(self, person: Person, offset: int) -> None:
        key, page = self._open(person.psn_no)
        if page.reference_offset >= offset:
            return
        page.reference_offset = offset
        self._effects.counts["references", "person"] += 1
        left, known = page.family, (page.birth, page.ties)
        page.household, page.birth, page.ties = person.household, person.birth, ties_of(person)
        page.identity, page.died = person.identity, person.died
        if left and left != page.family:
            self._move(page, left, False)
        if page.family:
            self._move(page, page.family, True)
        if known != (page.birth, page.ties):
            self._regroup(page, known[1])
        self._pages.changed(key, page)
        if page.visits and (now := self._now()) != BEGINNING:  # who he is decides by which limit he is judged
            newest = max(page.visits.values(), key=lambda visit: (visit.source.inf_time, visit.visit))
            self._review(key, page, now, Cause(newest.partition, newest.offset, now, "", "", now))

    def _move(self, page: PersonPage, household: str, belongs: bool) -> None:
        """Tell a household that he belongs to it, or no longer, and so do his stays."""
        membership = Membership(household, page.person, page.reference_offset, belongs)
        self._effects.forwards.append(Forward("household", household.encode(), encode(membership)))
        for snapshot in page.visits.values():
            if snapshot.kind == STAY:
                self._to_household(page, snapshot, belongs, household)

    def _to_household(self, page: PersonPage, snapshot: VisitSnapshot, belongs: bool, household: str) -> None:
        message = HouseholdVisit(household, page.reference_offset, belongs, page.birth, snapshot)
        self._effects.forwards.append(Forward("household", household.encode(), encode(message)))

    def _regroup(self, page: PersonPage, before: Ties) -> None:
        """Tell the groups that he has left or joined so, and what his stays now say to all that he belongs to."""
        left, joined = set(groups_of(before)), set(groups_of(page.ties))
        for group in sorted(left | joined):
            belongs = group in joined
            if belongs != (group in left):
                member = GroupMember(group, page.person, page.reference_offset, belongs)
                self._effects.forwards.append(Forward("household", group.encode(), encode(member)))
            for snapshot in page.visits.values():
                if snapshot.kind == STAY:
                    self._to_group(group, page, snapshot, group in groups_of(page.ties, snapshot.contact))

    def _to_groups(self, page: PersonPage, before: VisitSnapshot | None, snapshot: VisitSnapshot) -> None:
        """Tell the groups of its person, and those who are called by the telephone that the admission names."""
        groups = groups_of(page.ties, snapshot.contact)
        for group in groups:
            self._to_group(group, page, snapshot, True)
        if before is not None and before.contact != snapshot.contact:  # a 2403 has named another
            for group in groups_of(page.ties, before.contact):
                if group not in groups:
                    self._to_group(group, page, snapshot, False)

    def _to_group(self, group: str, page: PersonPage, snapshot: VisitSnapshot, belongs: bool) -> None:
        message = GroupVisit(group, page.reference_offset, belongs, page.birth, page.ties, snapshot)
        self._effects.forwards.append(Forward("household", group.encode(), encode(message)))
