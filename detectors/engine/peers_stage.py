"""How does an institution look among its peers? The fourth stage, keyed by region; it hears of closed days, and of items.

Everything happens in the order of time behind the watermark: a day whose partition is ahead of others waits until they have
come as far. So what is counted, learned and judged does not depend on how partitions interleave.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from detectors.books.among_peers import with_months
from detectors.books.comparing import compare, measure
from detectors.books.item_among_peers import KinPage, SoldPage, waiting_item_key
from detectors.books.item_looks import look_at, post_item
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.books.member import (
    DAYS_KEPT,
    DayHeld,
    DaysPage,
    MemberPage,
    WaitingPage,
    days_key,
    member_key,
    waiting_key,
)
from detectors.books.norms import count_cases
from detectors.books.odd_days import review_day, watch_day
from detectors.books.peer_calendar import COMPARE_AFTER, first_day, month_of, next_look, part_of
from detectors.books.peer_groups import NormPage, SpreadPage, groups_of
from detectors.books.profile import ProfilePage, learn_day
from detectors.engine.clock import Watermark
from detectors.engine.compare import Cause
from detectors.engine.incoming import Incoming
from detectors.engine.later_stage import LaterStage
from detectors.engine.page import NEVER, Page
from detectors.models.half_space import load
from schemas.china_time import DAY
from schemas.peer_days import InstitutionDay, decode_for_peers
from schemas.peer_items import ItemMonth
from schemas.snapshots import Mark


class PeersStage(LaterStage):
    """Closed days of institutions and months of their items in, alerts about institutions among their peers out."""

    name: ClassVar[str] = "peers"
    roles: ClassVar[tuple[str, ...]] = ("peers",)
    kinds: ClassVar[tuple[type[Page], ...]] = (
        MemberPage, DaysPage, WaitingPage, NormPage, SpreadPage, ProfilePage, Watermark, SoldPage, KinPage, ItemSpreadPage,
        RankPage,
    )  # fmt: skip

    def _begin(self) -> None:
        super()._begin()
        load()  # now, and not in the middle of a day
        self._profiling = [r.rule_id for r in self.examiner.rules() if r.has_models]

    def _take_one(self, role: str, record: Incoming) -> None:
        try:
            message = decode_for_peers(record.value)
        except msgspec.DecodeError:
            self._park("peers", "wrong_type", "not an institution's day, nor an item's month", role, record)
            return
        if isinstance(message, Mark):
            self._take_mark(message, role, record)
            return
        self._take_told(message, record)

    def _take_told(self, told: InstitutionDay | ItemMonth, record: Incoming) -> None:
        now = self._now()
        if isinstance(told, InstitutionDay):
            key = waiting_key(told.region, told.institution, told.day)
        else:
            key = waiting_item_key(told.region, told.institution, told.item)
        waiting = self._pages.get(WaitingPage, key)
        if told.time <= now and waiting is None:
            self._post(told, now, Cause(told.partition, told.offset, told.time, "", "", now))
            return
        waiting = waiting or self._pages.open(WaitingPage, key, WaitingPage)
        if all(_precedes(one, told) for one in waiting.waiting):
            waiting.waiting.append(told)
            self._pages.changed(key, waiting)
            self._pages.sleep(key, waiting, max(waiting.next_change(), now + 1))

    def _review(self, key: bytes, page: Page, now: int, cause: Cause) -> None:
        if isinstance(page, WaitingPage):
            for told in page.take_due(now):
                self._post(told, now, cause)
        elif isinstance(page, MemberPage):
            self._look(page, now)
            if page.compare_at != NEVER:  # nothing is said of its numbers before the peers are known
                self._pages.changed(key, page)
                self._pages.sleep(key, page, page.next_change())
                return
        elif isinstance(page, SoldPage):
            self._return_all(look_at(self._pages, page, now))
        super()._review(key, page, now, cause)

    def _post(self, told: InstitutionDay | ItemMonth, now: int, cause: Cause) -> None:
        if isinstance(told, InstitutionDay):
            self._post_day(told, now, cause)
        elif (posted := post_item(self._pages, told, now)) is not None:
            key, page, must_ask, rises = posted
            self._return_all(rises)
            if must_ask:
                self._review(key, page, now, cause)
            else:
                self._pages.changed(key, page)
                self._pages.sleep(key, page, min(page.next_change(), page.forgets_at()))

    # -- days -------------------------------------------------------------------------------------------------------

    def _post_day(self, day: InstitutionDay, now: int, cause: Cause) -> None:
        """Upsert the day; where its month was judged already, judge it again."""
        part = part_of(day.day)
        key = days_key(day.region, day.institution, part)
        page = self._pages.get(DaysPage, key)
        month = month_of(day.day)
        if page is None:
            last = first_day(month + 1) - 1
            if (last + DAYS_KEPT) * DAY <= now:  # what it was is forgotten, and cannot be taken back
                self._count_late()
                return
            page = self._pages.open(DaysPage, key, lambda: DaysPage(last=last))
        held = page.days.get(day.day)
        if held is not None and held.offset >= day.offset:
            return
        groups = groups_of(day.region, self._references.institution(day.institution))
        if held is not None:
            count_cases(self._pages, held.groups, month, held.cases, -1)
        count_cases(self._pages, groups, month, day.cases, 1)
        page.days[day.day] = DayHeld(day.offset, day.counts, day.cases, groups)
        self._pages.changed(key, page)
        self._pages.sleep(key, page, page.forgets_at())
        self._tell_member(day, held, groups, month, now, cause)

    def _tell_member(
        self, day: InstitutionDay, held: DayHeld | None, groups: tuple[str, ...], month: int, now: int, cause: Cause
    ) -> None:  # fmt: skip
        key = member_key(day.region, day.institution)
        region, institution = day.region, day.institution
        member = self._pages.open(
            MemberPage, key, lambda: MemberPage(institution=institution, region=region)
        )  # fmt: skip
        if member.measure_at == NEVER:
            member.measure_at = next_look(now).at
        member.newest_day = max(member.newest_day, day.day)
        if held is None and not day.is_late:
            watch_day(member, day)
            is_scored = learn_day(self._pages, member, day, groups)
            self._count_judged(self._profiling, is_scored, is_scored and day.day in member.strange)
        else:
            self._count_late()
            if held is not None:
                member.take_back(day.day, day.counts)
                review_day(member, day.day, day.counts)
        known = member.months.get(month)
        if known is not None and day.is_late:
            measure(self._pages, member, month, max(known.through, day.day), groups)
            compare(self._pages, member, month)
            self._review(key, member, now, cause)
            return
        self._pages.changed(key, member)
        self._pages.sleep(key, member, member.next_change())

    def _count_late(self) -> None:
        for rule in self._profiling:
            self._effects.counts["late_facts", rule] += 1

    # -- looks ------------------------------------------------------------------------------------------------------

    def _look(self, member: MemberPage, now: int) -> None:
        """Measure what is due; a minute later, when every member has, compare."""
        if member.measure_at <= now:
            through = _through(member.measure_at)
            groups = groups_of(member.region, self._references.institution(member.institution))
            month = month_of(through)
            if month - 1 in member.months and through < first_day(month) + 7:  # what has changed since its last look
                measure(self._pages, member, month - 1, first_day(month) - 1, groups)
            measure(self._pages, member, month, through, groups)
            member.compare_at = member.measure_at + COMPARE_AFTER
            is_quiet = member.newest_day < first_day(month - 1)  # until it is heard of again (`_tell_member`)
            member.measure_at = NEVER if is_quiet else next_look(now).at
        if member.compare_at <= now:
            through = _through(member.compare_at - COMPARE_AFTER)
            month = month_of(through)
            if through < first_day(month) + 7:
                compare(self._pages, member, month - 1)
            compare(self._pages, member, month)
            member.compare_at = NEVER
            member.past = with_months(member.past, member.forget_months())


def _through(at: int) -> int:
    """The last day that a look at that time covers."""
    return next_look(at - 1).through


def _precedes(one: InstitutionDay | ItemMonth, told: InstitutionDay | ItemMonth) -> bool:
    """Whether it is an older snapshot, or of another month of the item."""
    if isinstance(one, ItemMonth) and isinstance(told, ItemMonth):
        return one.month != told.month or (one.through, one.offset) < (told.through, told.offset)
    return one.offset < told.offset
