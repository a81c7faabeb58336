"""What is known of one visit: its stay, its bills line by line, its settlements, and all that was taken back.

Every correction of the interface is a posting like any other (domain.md §3.4). A message that was posted before changes
nothing (same ``infno`` and ``msgid``), a line is known by its serial, a settlement by its id, and what a correction names
but nobody has sent is remembered, so that it is void should it still come.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.books.activity import Share
from detectors.books.elsewhere import Served
from detectors.engine.page import Page
from schemas.china_time import DAY, HOUR
from schemas.snapshots import STAY, UNKNOWN_KIND, Reference

# Refunds and corrections come weeks later; what comes after is counted as unmatched.
KEPT_AFTER_END = 60 * DAY
KEPT_WITHOUT_END = 400 * DAY
# Nothing real comes near these: the page of a visit must stay one that can be written (docs/security.md).
MOST_MESSAGES = 10_000
MOST_WEIGHT = 2_500_000  # about 25,000 lines, those that were taken back too
MOST_SETTLEMENTS = 500
MOST_PERSONS = 50
MOST_REFUNDS: Final = 100  # of one line
MOST_BEDS: Final = 100
NIGHT = 18 * HOUR  # who comes later is treated from the next morning on


class PostedLine(msgspec.Struct, array_like=True, gc=False):
    """A line that stands. ``message`` indexes the page's messages; what refund lines took back is kept apart.

    A stay's line counts in its item's volumes from its bill on, another one while a settlement stands that covers it:
    ``counted_by`` is the message by which it does, -1 while it does not.
    """

    message: int
    batch: str
    time: int
    item: str
    category: str
    quantity: float
    scope: int
    is_active: bool  # shows that the patient was treated
    is_volume: bool  # a drug or a consumable
    counted_by: int
    refunds: str
    refunded: float = 0.0
    refunded_scope: int = 0
    is_external: bool = False  # etip_flag: done elsewhere
    supply_days: int = 0  # prd_days, rounded up; of an outpatient's or a pharmacy's line, 0 where not said

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
    certificate: str = ""  # mdtrt_cert_type, two digits
    operator: str = ""  # opter
    own: int = 0  # what lies outside of the catalogue


class BedTaken(msgspec.Struct, array_like=True, gc=False):
    """A bed that a stay has had from ``since`` on, until the next one's ``since`` or its end."""

    department: str
    bed: str
    since: int


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

    layout: ClassVar[int] = 9
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
    at_home: bool = False
    bed: str = ""
    doctor: str = ""
    beds: list[BedTaken] = []  # in order of time; the first from the admission on
    disease: str = ""  # dise_codg: where it is given the case is paid as a package
    contact: str = ""  # a digest of the telephone that the admission names (`detectors.books.group_keys`)
    way: str = ""  # dscg_way
    death: int | None = None  # die_date, or the discharge's time where its way says death
    payment_method: str = ""  # hi_paymtd of the 4101
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
    awaited_voids: dict[str, int] = {}  # settlements cancelled before they were seen, and by which message
    refund_lines: dict[str, list[str]] = {}  # serials of refund lines, by the serial that they name
    weight: int = 0  # about the bytes of all lines that ever came
    elsewhere: dict[str, Served] = {}  # where he was served meanwhile, as his person's stage says
    told_nights: tuple[int, int] | None = None  # what its institution's census counts of it
    told_arrival: tuple[int, int] | None = None  # when it came, and of which kind it was, as arrivals count it
    shares_bed: bool = False  # the page of a bed that it had knows another visit there at the same time
    told_activity: tuple[Share, ...] = ()  # what its institution's days count of it

    def forgets_at(self) -> int:
        """A while after it ended, or after it was last heard of where it never did."""
        if self.kind == STAY and self.end is None and not self.void:
            return self.newest + KEPT_WITHOUT_END
        return max(self.newest, self.end or 0) + KEPT_AFTER_END

    # -- what rules ask ---------------------------------------------------------------------------------------------

    @property
    def diagnosis(self) -> str:
        """The main diagnosis at discharge, until then that of the admission."""
        return self.final_diagnosis or self.entry_diagnosis

    def message_of(self, index: int | None) -> Reference | None:
        """The message at that index."""
        return None if index is None else self.messages[index]

    def standing_settlements(self) -> list[Settled]:
        """Those neither refunded nor reversed."""
        return [settled for settled in self.settlements if not settled.void]

    def settled_at(self) -> int | None:
        """When the whole stay was settled, by a settlement that stands; None where none does, or interim ones only."""
        final = None
        for settled in self.settlements:
            if not settled.void and not settled.interim and (final is None or settled.time > final):
                final = settled.time
        return final

    def left_at(self) -> int | None:
        """When the patient left: his discharge; where none was sent, the end of the last day billed before the final
        settlement. None while neither says so, or a bill for a later day shows that he stayed."""
        if self.end is not None or not self.settlements:
            return self.end
        final = self.settled_at()
        if final is None:
            return None
        billed = max((day for day, known in self.days.items() if known.routine or known.active), default=final // DAY)
        return None if billed > final // DAY else min(final, (billed + 1) * DAY - 1)

    def first_day(self) -> int | None:
        """The first day that could have seen treatment: the day of admission, the next one after an admission at night."""
        if self.begin is None:
            return None
        return self.begin // DAY + (self.begin % DAY >= NIGHT)

    def served_elsewhere(self) -> list[Served]:
        """Visits of the patient on days inside this stay, in order of their first day."""
        served = [one for one in self.elsewhere.values() if one.person == self.person]
        return sorted(served, key=lambda one: (one.days, one.place, one.visit))

    def idle_days(self) -> int:
        """Days of an ended stay, but for the day of discharge, that were billed and saw no treatment."""
        first = self.first_day()
        if first is None or self.end is None:
            return 0
        last = self.end // DAY
        return sum(1 for day, known in self.days.items() if first <= day < last and known.routine and not known.active)


def visit_key(institution: str, visit: str) -> bytes:
    """A visit belongs to its institution: ids of different platforms could meet."""
    return f"v{institution}\0{visit}".encode()
