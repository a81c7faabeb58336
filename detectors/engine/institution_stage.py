"""What does a mirrored call change? The first stage: an institution's visits, its items, its habits.

Reads ``fund.transactions`` as it is keyed, by institution, and what later stages have found out about that institution.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from msgspec import structs

from detectors.books.activity import ActivityPage
from detectors.books.case import CasePage, TiePage
from detectors.books.elsewhere import post_elsewhere
from detectors.books.habit_learning import changes_bills, days_of, learn_day
from detectors.books.institution import InstitutionPage, institution_key
from detectors.books.item import ItemPage, item_key
from detectors.books.item_posting import post_volumes
from detectors.books.item_telling import may_tell
from detectors.books.item_wave import post_rise
from detectors.books.receipt import REVERSIBLE, ReceiptPage, receipt_key
from detectors.books.stock import PURCHASES, SALES, StockPage
from detectors.books.stock_reports import Movement, post_report, tells_volumes, void_reports
from detectors.books.visit import VisitPage, visit_key
from detectors.books.visit_posting import Posting, has_seen, is_full, note, post
from detectors.books.volumes import VolumeDelta
from detectors.engine.clock import CLOCK_KEY, PACE, StreamClock
from detectors.engine.compare import OTHERS_ROSE, PLACE_ROSE, Cause
from detectors.engine.followers import FOLLOWERS, KINDS, followers_of
from detectors.engine.incoming import Forward, Incoming, Said
from detectors.engine.joining import Joining
from detectors.engine.page import Page
from detectors.engine.rule import View
from detectors.engine.stage import Stage
from detectors.engine.telling_peers import TellingPeers
from detectors.engine.visit_snapshot import is_news, snapshot_of
from detectors.engine.walk import Walk
from schemas import facts
from schemas.china_time import from_unix
from schemas.decode import decode, decode_mark
from schemas.fields import Undecodable
from schemas.returns import AlertLeft, Elsewhere, RoseBeside, decode_return
from schemas.snapshots import STAY, Reference, encode

LARGEST_LEAD: Final = 3_600  # a message from further ahead of its own Kafka timestamp has a wrong clock: it is parked
_STOCK: Final = (facts.StockMove, facts.StockDeleted)


class InstitutionStage(Stage):
    """Transactions in; alerts about stays and items, and snapshots of visits for their persons, out."""

    name: ClassVar[str] = "institution"
    roles: ClassVar[tuple[str, ...]] = ("transactions", "returns")
    kinds: ClassVar[tuple[type[Page], ...]] = (
        VisitPage, ItemPage, InstitutionPage, ReceiptPage, StockPage, StreamClock, CasePage, TiePage, *KINDS,
    )  # fmt: skip

    def _begin(self) -> None:
        self._clock = self._pages.open(StreamClock, CLOCK_KEY, StreamClock)
        self._item_models = [r.rule_id for r in self.examiner.rules() if r.has_models and r.page is ItemPage]
        self._changed_visits: dict[bytes, tuple[VisitPage, Cause]] = {}
        self._refusal: tuple[str, str, str] | None = None  # of the message in hand: stage, reason and words
        self._operator = ""  # of the message in hand
        self._followers = {call: followers_of(call) for follower in FOLLOWERS for call in follower.calls}
        self._joining = Joining(self._pages)
        self._peers = TellingPeers(self._layout.partition, self._references)
        self._last = (
            self._layout.partition,
            max(self._clock.position, 0),
        )  # partition and offset of the newest transaction
        self._taught_at = -1  # the offset of the message that last taught an institution's habits

    def _now(self) -> int:
        return self._clock.now

    def _moved_by(self) -> tuple[int, int]:
        return self._last

    def _view(self, page: Page, now: int) -> View:
        habits = (
            self._pages.get(InstitutionPage, institution_key(page.institution)) if isinstance(page, VisitPage) else None
        )
        return View(now, self._references, habits)

    def _walk_on(self, walk: Walk, role: str, record: Incoming) -> None:
        if role == "transactions":
            self._last = record.partition, record.offset
        super()._walk_on(walk, role, record)

    def _take_one(self, role: str, record: Incoming) -> None:
        if role == "returns":
            self._take_return(role, record)
            return
        self._last = record.partition, record.offset
        if record.is_mark:
            self._take_mark(role, record)
            return
        try:
            transaction = decode(record.value)
        except Undecodable as problem:
            self._park("decode", problem.reason, problem.detail, role, record)
            return
        if transaction.inf_time > from_unix(record.timestamp_ms / 1000) + LARGEST_LEAD:
            self._park("time", "clock_ahead", "inf_time is over an hour after the record's timestamp", role, record)
            return
        self._effects.counts["transactions", transaction.infno] += 1
        if not self._clock.hear(transaction.institution, transaction.inf_time):
            self._effects.counts["clock_jumps_refused", transaction.institution] += 1
        self._keep_clock(self._clock)
        cause = Cause(
            record.partition, record.offset, transaction.inf_time, transaction.msgid, transaction.infno, self._clock.now
        )
        self._fire_until(self._clock.now, cause)
        self._apply(transaction, cause)
        if self._refusal is not None:
            self._park(*self._refusal, role, record)
            self._refusal = None

    def _take_mark(self, role: str, record: Incoming) -> None:
        try:
            mark = decode_mark(record.value)
        except Undecodable as problem:
            self._park("decode", problem.reason, problem.detail, role, record)
            return
        if mark.time > from_unix(record.timestamp_ms / 1000) + LARGEST_LEAD:
            self._park("time", "clock_ahead", "the mark is over an hour after the record's timestamp", role, record)
            return
        self._effects.counts["transactions", "mark"] += 1
        if record.key == PACE:
            self._clock.hear_pace(mark.time)
        else:
            self._clock.hear_mark(mark.time)
        self._keep_clock(self._clock)
        self._fire_until(self._clock.now, Cause(record.partition, record.offset, mark.time, "", "", self._clock.now))

    # -- what comes back from later stages; time does not move by it ------------------------------------------------

    def _take_return(self, role: str, record: Incoming) -> None:
        try:
            message = decode_return(record.value)
        except Undecodable as problem:
            self._park(self.name, problem.reason, problem.detail, role, record)
            return
        if isinstance(message, Elsewhere):
            self._take_elsewhere(message)
        elif isinstance(message, RoseBeside):
            self._take_rise(message)
        elif isinstance(message, AlertLeft):
            self._joining.leave(message, self._clock.now, self._effects)
        elif self._joining.is_new(message.alert):
            self._effects.said.append(Said(message.alert, message.change))

    def _take_elsewhere(self, message: Elsewhere) -> None:
        key = visit_key(message.institution, message.stay)
        page = self._pages.get(VisitPage, key)
        # None: forgotten; or lost by a crash, and told again once it is there (`PersonStage`).
        if page is not None and post_elsewhere(page.elsewhere, message):
            source = message.source
            self._review(
                key, page, self._clock.now,
                Cause(message.partition, message.offset, source.inf_time, source.msgid, source.infno, self._clock.now),
            )  # fmt: skip

    def _take_rise(self, message: RoseBeside) -> None:
        key = item_key(message.institution, message.item)
        page = self._pages.get(ItemPage, key)
        # None: forgotten; or lost by a crash, and told again once its month is (`detectors.books.item_looks`).
        if page is not None and post_rise(page.waves, page.days, message):
            why = PLACE_ROSE if page.waves[message.part].is_of_place else OTHERS_ROSE
            cause = Cause(self._layout.partition, max(page.position, 0), message.at, "", why, self._clock.now)
            self._review(key, page, self._clock.now, cause)

    def _speak(self, said: list[Said]) -> None:
        for one in said:
            if one.left:
                gone = AlertLeft(one.left, one.alert.alert_id, one.alert.revision)
                self._joining.leave(gone, self._clock.now, self._effects)
            if not one.alert.institution:
                self._effects.publish(one.alert, one.change)
        self._joining.join([one for one in said if one.alert.institution], self._clock.now, self._effects)

    # -- posting ----------------------------------------------------------------------------------------------------

    def _apply(self, transaction: facts.Transaction, cause: Cause) -> None:
        message = Reference(transaction.infno, transaction.msgid, transaction.inf_time)
        institution, self._operator = transaction.institution, transaction.operator
        was_reversed = transaction.infno in REVERSIBLE and self._was_reversed(institution, message)
        if was_reversed:
            self._effects.counts["reversed_before", transaction.infno] += 1
            if transaction.infno != "2401":  # but of a stay its bills must find that it never was
                return
        opened: dict[bytes, tuple[VisitPage, int] | None] = {}
        deltas: list[VolumeDelta] = []
        for fact in transaction.facts:
            key = self._visit_of(institution, fact, message, cause)
            if key is None:
                continue
            if key not in opened:
                opened[key] = self._open_for(key, institution, message, cause)
            page_and_index = opened[key]
            if page_and_index is not None:
                self._post(page_and_index[0], page_and_index[1], fact, cause, deltas)
                if was_reversed:
                    voided = facts.AdmissionVoided(page_and_index[0].visit)
                    self._post(page_and_index[0], page_and_index[1], voided, cause, deltas)
                elif message.infno in REVERSIBLE:
                    self._keep_receipt(institution, message, key, cause)
        if deltas:
            self._post_volumes(institution, deltas, cause)
        self._review_visits({key: changed[0] for key, changed in opened.items() if changed is not None}, cause)

    def _review_visits(self, changed: dict[bytes, VisitPage], cause: Cause) -> None:
        for key, page in changed.items():
            for follower in self._followers.get(cause.infno, ()):
                for other, followed in follower.follow(page, self._pages, cause.offset):
                    self._review(other, followed, self._clock.now, cause)
            self._review(key, page, self._clock.now, cause)
            if is_news(page, cause.infno):
                self._changed_visits[key] = page, cause

    def _open_for(self, key: bytes, institution: str, message: Reference, cause: Cause) -> tuple[VisitPage, int] | None:
        """The visit's page and the message's index on it; None where the page holds the message already, or is forgotten."""
        page = self._pages.get(VisitPage, key)
        if page is None:
            if not self._may_begin(institution, message.inf_time):
                self._refusal = "time", "too_late", "its institution has long gone on, and its visit is not known"
                return None
            visit = key.decode()[len(institution) + 2 :]
            page = self._pages.put(key, VisitPage(institution=institution, visit=visit))
        if page.position >= cause.offset:
            return None
        page.position = cause.offset
        if has_seen(page, message):
            self._effects.counts["repeated_messages", message.infno] += 1
            self._pages.changed(key, page)
            return None
        if is_full(page):
            self._refusal = self.name, "out_of_range", "its visit holds more than any real one"
            self._pages.changed(key, page)
            return None
        return page, note(page, message)

    def _may_begin(self, institution: str, inf_time: int) -> bool:
        """Whether a visit can be new by such a message: one from long ago repeats what was forgotten with its page."""
        key, habits = self._habits_of(institution)
        if habits.has_gone_on_since(inf_time):
            return False
        if habits.begin_visit(min(inf_time, self._clock.now)):
            self._pages.changed(key, habits)
        return True

    def _visit_of(self, institution: str, fact: Any, message: Reference, cause: Cause) -> bytes | None:
        """The key of its visit; None where it has none, as what stock reports say, which is posted here."""
        if isinstance(fact, _STOCK):
            self._post_stock(institution, fact, message, cause)
            return None
        if not isinstance(fact, facts.Reversal):
            return visit_key(institution, fact.visit)
        key = receipt_key(institution, fact.oinfno, fact.omsgid)
        receipt = self._pages.get(ReceiptPage, key)
        if receipt is not None and receipt.visit:
            return receipt.visit.encode()
        self._effects.counts["unmatched_corrections", "2601"] += 1
        if receipt is None:  # should that call still come, it is void
            receipt = self._pages.put(key, ReceiptPage(inf_time=message.inf_time, reversed=True))
            self._pages.changed(key, receipt)
            self._pages.sleep(key, receipt, receipt.forgets_at())
        return None

    def _was_reversed(self, institution: str, message: Reference) -> bool:
        receipt = self._pages.get(ReceiptPage, receipt_key(institution, message.infno, message.msgid))
        return receipt is not None and receipt.reversed

    def _keep_receipt(self, institution: str, message: Reference, visit: bytes, cause: Cause) -> None:
        key = receipt_key(institution, message.infno, message.msgid)
        receipt = self._pages.open(ReceiptPage, key, ReceiptPage)
        receipt.visit = visit.decode()
        receipt.inf_time = message.inf_time
        receipt.position = cause.offset
        self._pages.changed(key, receipt)
        self._pages.sleep(key, receipt, receipt.forgets_at())

    def _post(
        self, page: VisitPage, index: int, fact: facts.Fact, cause: Cause, deltas: list[VolumeDelta]
    ) -> None:  # fmt: skip
        is_stays = page.kind == STAY or not page.kind  # an outpatient's bills teach no habits
        days = days_of(page, fact) if is_stays else []
        before = {day: kept.routine for day in days if (kept := page.days.get(day)) is not None}
        is_planned = isinstance(fact, facts.SettlementList) and self._is_planned(page.institution, fact.readmission)
        if not post(page, fact, Posting(cause.infno, index, self._category_of, deltas, self._operator, is_planned)):
            self._effects.counts["unmatched_corrections", cause.infno] += 1
        if page.kind == STAY and changes_bills(fact):
            self._learn_habits(page, days or page.days, before, cause)

    def _is_planned(self, institution: str, code: str) -> bool:
        key, habits = self._habits_of(institution)
        if habits.hear_plan(code):
            self._pages.changed(key, habits)
        return habits.is_planned(code)

    def _category_of(self, item: str) -> str:
        catalogued = self._references.item(item)
        return "" if catalogued is None else catalogued.category

    def _learn_habits(self, page: VisitPage, days: Iterable[int], before: dict[int, int], cause: Cause) -> None:
        """What this message shows of how its institution bills. Only one that is new to its page may change that page."""
        key, habits = self._habits_of(page.institution)
        if habits.position < cause.offset:
            self._taught_at = cause.offset  # one that bills several visits teaches by each of them
        if self._taught_at == cause.offset:
            habits.position = cause.offset
            self._pages.changed(key, habits)
        else:
            habits = InstitutionPage(institution=page.institution)
        for day in days:
            kept = page.days.get(day)
            if kept is not None:
                learn_day(habits, day, kept, before.get(day, 0), cause.inf_time, cause.at)

    def _habits_of(self, institution: str) -> tuple[bytes, InstitutionPage]:
        key = institution_key(institution)
        habits = self._pages.get(InstitutionPage, key)
        return key, habits or self._pages.put(key, InstitutionPage(institution=institution))

    def _post_volumes(self, institution: str, deltas: list[VolumeDelta], cause: Cause) -> None:
        by_item: dict[str, list[VolumeDelta]] = {}
        for delta in deltas:
            by_item.setdefault(delta.item, []).append(delta)
        for item, changes in by_item.items():
            self._post_item(institution, item, item_key(institution, item), changes, cause)

    def _post_item(self, institution: str, item: str, key: bytes, changes: list[VolumeDelta], cause: Cause) -> None:
        page = self._pages.get(ItemPage, key) or self._begin_item(institution, item, key, changes)
        if page is None or page.position >= cause.offset:
            return
        page.position = cause.offset
        late = post_volumes(page, changes, cause.inf_time)
        if late:
            for rule in self._item_models:
                self._effects.counts["late_facts", rule] += late
        if may_tell(page, changes):
            self._peers.tell_item(page, cause.inf_time, self._clock.now, self._effects)
        self._review(key, page, self._clock.now, cause)

    # -- volumes from stock reports ---------------------------------------------------------------------------------

    def _post_stock(
        self, institution: str, fact: facts.StockMove | facts.StockDeleted, message: Reference, cause: Cause
    ) -> None:  # fmt: skip
        for moved in self._stock_moved(institution, fact, message, cause):
            self._post_item(institution, moved.item, moved.key, [moved.change], cause)

    def _stock_moved(
        self, institution: str, fact: facts.StockMove | facts.StockDeleted, message: Reference, cause: Cause
    ) -> list[Movement]:  # fmt: skip
        if isinstance(fact, facts.StockDeleted):
            return void_reports(self._pages, institution, fact, cause.offset)
        if fact.kind not in PURCHASES and fact.kind not in SALES:
            return []
        its_key, habits = self._habits_of(institution)
        if fact.kind in SALES and not habits.reports_sales:
            habits.reports_sales = True
            self._pages.changed(its_key, habits)
        if not tells_volumes(habits, fact):
            return []
        moved = post_report(self._pages, institution, fact, message, cause.offset)
        if moved is None:
            self._effects.counts["repeated_messages", message.infno] += 1
            return []
        return [moved]

    def _begin_item(self, institution: str, item: str, key: bytes, changes: list[VolumeDelta]) -> ItemPage | None:
        """A page for an item that has none; None where nothing is billed, or too many have one."""
        if all(change.quantity <= 0 for change in changes):  # what they take back was never counted, or is forgotten
            return None
        its_key, habits = self._habits_of(institution)
        if habits.is_full():
            self._refusal = self.name, "out_of_range", "its institution bills more items than any real one"
            return None
        habits.items += 1
        self._pages.changed(its_key, habits)
        return self._pages.put(key, ItemPage(institution=institution, item=item, bought=key.endswith(b"\0p")))

    def _forget(self, key: bytes, page: Page) -> None:
        super()._forget(key, page)
        if isinstance(page, ItemPage):
            its_key, habits = self._habits_of(page.institution)
            habits.items -= 1
            self._pages.changed(its_key, habits)

    # -- what peers are told ----------------------------------------------------------------------------------------

    def _review(self, key: bytes, page: Page, now: int, cause: Cause) -> None:
        if isinstance(page, ItemPage) and page.tell_at <= now:
            self._peers.tell_item(page, 0, now, self._effects)
        super()._review(key, page, now, cause)
        if isinstance(page, ActivityPage) and page.is_news:
            self._peers.tell_day(page, self._effects)
            self._pages.changed(key, page)

    # -- snapshots --------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        for page, cause in self._changed_visits.values():
            if page.person and page.begin is not None:
                snapshot = snapshot_of(page, cause)
                self._effects.forwards.append(Forward("person", snapshot.person.encode(), encode(snapshot)))
                for former in page.former_persons:
                    if former != page.person:
                        gone = structs.replace(snapshot, person=former, void=True)
                        self._effects.forwards.append(Forward("person", former.encode(), encode(gone)))
        self._changed_visits.clear()
