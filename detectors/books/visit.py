"""What is known of one visit: its stay, its bills line by line, its settlements, and all that was taken back.

Every correction of the interface is a posting like any other (domain.md §3.4). A message that was posted before changes
nothing (same ``infno`` and ``msgid``), a line is known by its serial, a settlement by its id, and what a correction names
but nobody has sent is remembered, so that it is void should it still come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import msgspec

from detectors.engine.page import Page
from schemas import facts
from schemas.china_time import DAY, HOUR
from schemas.codes import ROUTINE
from schemas.snapshots import STAY, UNKNOWN_KIND, Reference

# Refunds and corrections come weeks later; what comes after is counted as unmatched.
KEPT_AFTER_END = 60 * DAY
KEPT_WITHOUT_END = 400 * DAY
NIGHT = 18 * HOUR  # who comes later is treated from the next morning on


class VolumeDelta(NamedTuple):
    """A signed change of an item's volume on the day of service; scope in fen."""

    item: str
    day: int
    quantity: float
    scope: int


class PostedLine(msgspec.Struct, array_like=True, gc=False):
    """A line that stands. ``message`` indexes the page's messages; what refund lines took back is kept apart."""

    message: int
    batch: str
    time: int
    item: str
    category: str
    quantity: float
    scope: int
    is_active: bool  # shows that the patient was treated
    is_volume: bool  # a drug or a consumable
    counted: bool  # in the item's volumes
    refunds: str
    refunded: float = 0.0
    refunded_scope: int = 0

    @property
    def left(self) -> float:
        """Quantity net of refunds, never below 0."""
        return max(self.quantity - self.refunded, 0.0)

    @property
    def scope_left(self) -> int:
        """Scope net of refunds, fen, never below 0."""
        return max(self.scope - self.refunded_scope, 0)

    @property
    def stands(self) -> bool:
        """A line that bills something and was not taken back whole; refund lines do not stand themselves."""
        return self.quantity >= 0 and (self.left > 0 or self.scope_left > 0)


class Settled(msgspec.Struct, array_like=True, gc=False):
    """A settlement; ``void`` once it was refunded (``refunded_by``: that message) or reversed."""

    settlement: str
    message: int
    batch: str
    time: int
    scope: int
    fund: int
    total: int
    interim: bool
    void: bool = False
    refunded_by: int | None = None
    reversed: bool = False


class DayOfStay(msgspec.Struct, array_like=True, gc=False):
    """How many lines of a day stand: routine ones (bed, nursing, consulting) and others; scope in fen.

    The flags say whether the day has taught its institution's habits already, which it does once, though its lines be
    cancelled and sent again.
    """

    routine: int = 0
    active: int = 0
    scope: int = 0
    counts_as_billed: bool = False
    taught_bill: bool = False
    taught_treatment: bool = False


class VisitPage(Page, kw_only=True):
    """One visit at one institution."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"v"

    institution: str
    visit: str
    person: str = ""
    former_persons: list[str] = []  # a 2403 said that it was somebody else
    kind: str = UNKNOWN_KIND
    begin: int | None = None
    end: int | None = None
    med_type: str = ""
    entry_diagnosis: str = ""  # 2401, 2403, 2203
    final_diagnosis: str = ""  # 2402
    department: str = ""
    bed: str = ""
    doctor: str = ""
    void: bool = False
    planned_readmission: bool = False
    newest: int = 0  # inf_time of the newest message
    changed_at: int = 0  # inf_time of the newest 2403
    admission: int | None = None  # index into messages
    discharge: int | None = None
    messages: list[Reference] = []
    lines: dict[str, PostedLine] = {}
    settlements: list[Settled] = []
    days: dict[int, DayOfStay] = {}
    scope: int = 0  # of all lines that stand, fen
    awaited_voids: list[str] = []  # settlements cancelled before they were seen
    refund_lines: dict[str, list[str]] = {}  # serials of refund lines, by the serial that they name

    def forgets_at(self) -> int:
        """A while after it ended, or after it was last heard of where it never did."""
        if self.kind == STAY and self.end is None and not self.void:
            return self.newest + KEPT_WITHOUT_END
        return max(self.newest, self.end or 0) + KEPT_AFTER_END

    def has_seen(self, infno: str, msgid: str) -> bool:
        """Whether this very message was posted here before."""
        for message in self.messages:  # noqa: SIM110  # asked for every message: a generator takes twice as long
            if message.msgid == msgid and message.infno == infno:
                return True
        return False

    def note(self, message: Reference) -> int:
        """Remember the message; its index."""
        self.messages.append(message)
        self.newest = max(self.newest, message.inf_time)
        return len(self.messages) - 1

    # -- the stay ---------------------------------------------------------------------------------------------------

    @property
    def diagnosis(self) -> str:
        """The main diagnosis at discharge, until then that of the admission."""
        return self.final_diagnosis or self.entry_diagnosis

    def admit(self, fact: facts.Admission, message: int) -> None:
        """2401. One that was cancelled before it came stays void; one that follows a cancelled one is another."""
        self.kind = STAY
        if self.admission is not None:
            if not self.void:
                return  # a repeat under a new msgid; 2403 is what changes an admission
            self.void = False
            self.changed_at = 0
        self.admission = message
        if self.changed_at:
            return
        self._take_stay(fact)

    def change(self, fact: facts.StayChange, message: int) -> None:
        """2403: a whole snapshot; of two the newer holds, whichever came last."""
        self.kind = STAY
        at = self.messages[message].inf_time
        if at >= self.changed_at:
            self.changed_at = at
            self._take_stay(fact)

    def _take_stay(self, fact: facts.Admission | facts.StayChange) -> None:
        if self.person and self.person != fact.person and self.person not in self.former_persons:
            self.former_persons.append(self.person)
        self.person = fact.person
        self.begin = fact.begin
        self.med_type = fact.med_type
        self.entry_diagnosis = fact.diagnosis or self.entry_diagnosis
        self.department = fact.department
        self.bed = fact.bed
        self.doctor = fact.doctor

    def dismiss(self, fact: facts.Discharge, message: int) -> None:
        """2402."""
        self.kind = STAY
        self.person = self.person or fact.person
        self.end = fact.end
        self.discharge = message
        self.final_diagnosis = fact.diagnosis

    def void_discharge(self) -> bool:
        """2405; False where there was none."""
        if self.discharge is None:
            return False
        self.end = self.discharge = None
        self.final_diagnosis = ""
        return True

    def void_visit(self) -> Iterator[VolumeDelta]:
        """2404, or 2601 of a 2401: the visit never was, nor were its lines."""
        self.void = True
        yield from self._drop(list(self.lines))

    # -- charges ----------------------------------------------------------------------------------------------------

    def charge(
        self, line: facts.Line, category: str, is_volume: bool, batch: str, message: int
    ) -> Iterator[VolumeDelta]:
        """Post one line; the same serial again replaces what stood (a re-upload, domain.md §3.3)."""
        if self.void:
            return
        if line.serial in self.lines:
            yield from self._drop([line.serial])
        scope = line.amount if line.scope is None else line.scope
        is_refund = line.quantity < 0
        posted = PostedLine(
            message, batch, line.time, line.item, category, line.quantity, scope,
            is_active=not (is_refund or category in ROUTINE or line.takeaway),
            is_volume=is_volume and not is_refund,
            counted=self.kind == STAY and not is_refund,  # the others' count while their settlement stands
            refunds=line.refunds if is_refund else "",
        )  # fmt: skip
        self.lines[line.serial] = posted
        if not is_refund:
            yield from self._stand(posted, 1)
            for serial in self.refund_lines.get(line.serial, ()):
                refund = self.lines.get(serial)
                if refund is not None and refund.refunds == line.serial:  # it may have been replaced since
                    yield from self._refund(refund, posted)
        elif line.refunds:
            refunds = self.refund_lines.setdefault(line.refunds, [])
            if line.serial not in refunds:
                refunds.append(line.serial)
            yield from self._refund(posted, self._refundable(line.refunds))

    def _refundable(self, serial: str) -> PostedLine | None:
        """The line of that serial; a refund line cannot be refunded itself, it is cancelled (2302)."""
        line = self.lines.get(serial)
        return line if line is not None and line.quantity >= 0 else None

    def _refund(self, refund: PostedLine, original: PostedLine | None) -> Iterator[VolumeDelta]:
        if original is None:
            return
        yield from self._stand(original, -1)
        original.refunded -= refund.quantity
        original.refunded_scope -= refund.scope
        yield from self._stand(original, 1)

    def awaits_original(self, serial: str) -> bool:
        """Whether that refund line's original has never been seen."""
        line = self.lines.get(serial)
        return line is not None and line.quantity < 0 and self._refundable(line.refunds) is None

    def _stand(self, line: PostedLine, sign: int) -> Iterator[VolumeDelta]:
        """Add a line to (1), or take it from (−1), all that is summed over lines."""
        left, scope = line.left, line.scope_left
        if left > 0 or scope > 0:
            self.scope += sign * scope
            if self.kind == STAY:
                day = self.days.get(line.time // DAY)
                if day is None:
                    day = self.days[line.time // DAY] = DayOfStay()
                day.scope += sign * scope
                if line.is_active:
                    day.active += sign
                else:
                    day.routine += sign
        if line.is_volume and line.counted and left > 0:
            yield VolumeDelta(line.item, line.time // DAY, sign * left, sign * scope)

    def _drop(self, serials: list[str]) -> Iterator[VolumeDelta]:
        for serial in serials:
            line = self.lines.pop(serial, None)
            if line is None:
                continue
            if line.quantity >= 0:
                yield from self._stand(line, -1)
                continue
            original = self._refundable(line.refunds)
            if original is not None:  # the refund is taken back: the line stands again
                yield from self._stand(original, -1)
                original.refunded += line.quantity
                original.refunded_scope += line.scope
                yield from self._stand(original, 1)

    def void_charges(self, fact: facts.ChargesVoided) -> tuple[list[VolumeDelta], bool]:
        """2302 and 2205; the deltas, and whether all that was named was there."""
        if fact.everything:
            return list(self._drop([serial for serial, line in self.lines.items() if not self._is_settled(line)])), True
        if fact.batch:
            named = [serial for serial, line in self.lines.items() if line.batch == fact.batch]
            return list(self._drop(named)), bool(named)
        known = all(serial in self.lines for serial in fact.serials)
        return list(self._drop(list(fact.serials))), known

    def _is_settled(self, line: PostedLine) -> bool:
        if self.kind == STAY:  # inpatient lines bear no batch: an interim settlement covers what was billed before it
            billed = self.messages[line.message].inf_time
            return any(not s.void and billed <= self.messages[s.message].inf_time for s in self.settlements)
        return any(not s.void and (not s.batch or s.batch == line.batch) for s in self.settlements)

    # -- settlements ------------------------------------------------------------------------------------------------

    def settle(self, fact: facts.Settlement, kind: str, message: int) -> Iterator[VolumeDelta]:
        """2207, 2304, 2102; a settlement that is known already, void or not, stays as it is."""
        self.kind = self.kind or kind
        self.person = self.person or fact.person
        self.med_type = self.med_type or fact.med_type
        if any(settled.settlement == fact.settlement for settled in self.settlements):
            return
        settled = Settled(
            fact.settlement, message, fact.batch, fact.time, fact.scope, fact.fund, fact.total, fact.interim,
            void=fact.settlement in self.awaited_voids,
        )  # fmt: skip
        self.settlements.append(settled)
        if kind != STAY:
            self.begin = fact.time if self.begin is None else self.begin
            self.end = max(self.end or 0, fact.time)
            yield from self._count(settled, not settled.void)

    def _count(self, settled: Settled, counts: bool) -> Iterator[VolumeDelta]:
        """An outpatient's or a pharmacy's lines are volumes while their settlement stands."""
        if self.kind == STAY:
            return
        for line in self.lines.values():
            if line.quantity >= 0 and line.counted != counts and (not settled.batch or line.batch == settled.batch):
                yield from self._stand(line, -1)
                line.counted = counts
                yield from self._stand(line, 1)

    def void_settlement(self, fact: facts.SettlementVoided, message: int) -> tuple[list[VolumeDelta], bool]:
        """2208, 2305, 2103; the deltas, and whether the settlement was known. It stays on the page as a refund."""
        for settled in self.settlements:
            if settled.settlement == fact.settlement:
                if settled.void:
                    return [], True
                settled.void = True
                settled.refunded_by = message
                return list(self._count(settled, False)), True
        self.awaited_voids.append(fact.settlement)
        return [], False

    def reverse(self, omsgid: str, oinfno: str) -> tuple[list[VolumeDelta], bool]:
        """2601: that call never was. What it settled is void; what it took back stands again."""
        index = next((i for i, m in enumerate(self.messages) if m.msgid == omsgid and m.infno == oinfno), None)
        if index is None:
            return [], False
        if oinfno == "2401":
            return list(self.void_visit()), True
        for settled in self.settlements:
            if settled.message == index and not settled.reversed:
                settled.void = settled.reversed = True
                return list(self._count(settled, False)), True
            if settled.refunded_by == index and not settled.reversed:
                settled.refunded_by = None
                settled.void = False
                return list(self._count(settled, True)), True
        return [], True

    # -- what rules ask ---------------------------------------------------------------------------------------------

    def message_of(self, index: int | None) -> Reference | None:
        """The message at that index."""
        return None if index is None else self.messages[index]

    def standing_settlements(self) -> list[Settled]:
        """Those neither refunded nor reversed."""
        return [settled for settled in self.settlements if not settled.void]

    def first_day(self) -> int | None:
        """The first day that could have seen treatment: the day of admission, the next one after an admission at night."""
        if self.begin is None:
            return None
        return self.begin // DAY + (self.begin % DAY >= NIGHT)

    def idle_days(self) -> int:
        """Days of an ended stay, but for the day of discharge, that were billed and saw no treatment."""
        first = self.first_day()
        if first is None or self.end is None:
            return 0
        last = self.end // DAY
        return sum(1 for day, known in self.days.items() if first <= day < last and known.routine and not known.active)


def visit_key(institution: str, visit: str) -> bytes:
    """A visit belongs to its institution: ids of different platforms could meet."""
    return f"v{institution}|{visit}".encode()
