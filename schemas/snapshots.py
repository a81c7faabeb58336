"""What goes from one stage to the next? The newest snapshot of a visit, never an increment.

A snapshot is posted by upsert, so a double, a crash between two writes or another interleaving changes nothing
(design.md, engine 6). It holds only what the visit's *last* message determined, never what happened to be known when a
batch ended: a stay's amounts therefore appear from its discharge on, when every further message makes a new snapshot.
Internal topics carry msgpack; layouts are versioned by their tag.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from schemas.china_time import DAY
from schemas.fields import EARLIEST, LARGEST_QUANTITY, LATEST

STAY: Final = "stay"
OUTPATIENT: Final = "outpatient"
PHARMACY: Final = "pharmacy"
UNKNOWN_KIND: Final = ""
_MOST_LINES: Final = 100_000  # of a visit, whose quantities add up


class Reference(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message that made a fact, to be cited as evidence."""

    infno: str
    msgid: str
    inf_time: int


class Swipe(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A settlement that was made, whether or not it was refunded since; one that was reversed (2601) never was.

    Amounts in fen. ``refunded_at`` is when its refund was sent (2208, 2305, 2103), None while it stands.
    """

    settlement: str
    time: int  # setl_time
    certificate: str  # mdtrt_cert_type, two digits
    total: int
    fund: int
    refunded_at: int | None
    source: Reference
    refund: Reference | None


class Dispensed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one visit gave of one drug on one day, settled and net of refunds."""

    item: str
    day: int  # of fee_ocur_time, since 1970-01-01
    quantity: float
    scope: int  # fen
    days: int  # for how long it is meant to last (prd_days), rounded up; 0 where nobody said


class VisitSnapshot(msgspec.Struct, frozen=True, array_like=True, tag="v2", gc=False):
    """One visit as its institution's stage knows it after the message at ``offset``."""

    visit: str
    institution: str
    person: str
    partition: int  # of fund.transactions; with `offset` the snapshot's version
    offset: int
    source: Reference  # the message of that offset
    kind: str  # STAY, OUTPATIENT or PHARMACY
    void: bool  # the visit never was
    begin: int
    end: int | None  # None: a stay that is open
    med_type: str
    diagnosis: str
    department: str
    scope: int  # inscp_scp_amt, fen, net; a stay's from its discharge on
    fund: int  # fund_pay_sumamt of the settlements that stand, fen
    total: int  # medfee_sumamt likewise
    settled: bool
    idle_days: int  # days of a discharged stay without treatment
    evidence: tuple[Reference, ...]
    way: str = ""  # dscg_way
    death: int | None = None  # die_date, or the end of a stay whose way is death
    planned_readmission: bool = False  # 4101 days_rinp_flag_31
    disease: str = ""  # dise_codg: paid as a package where given
    service_days: tuple[
        int, ...
    ] = ()  # of an outpatient or a pharmacy visit: days with lines of its own, not done elsewhere
    drugs_only: bool = False  # nothing but drugs and routine fees
    swipes: tuple[Swipe, ...] = ()  # in the order in which they were sent
    # Of an outpatient or a pharmacy visit, by day and item; without what was used there.
    drugs: tuple[Dispensed, ...] = ()
    contact: str = ""  # of a stay: a digest of the telephone that its admission names


class _Begin(msgspec.Struct, array_like=True, gc=False):
    """The first fields of a saved `VisitSnapshot`, behind its tag."""

    tag: str
    visit: str
    institution: str
    person: str
    partition: int
    offset: int
    source: Reference


def has_possible_times(snapshot: VisitSnapshot) -> bool:
    """Whether it lies within what a call can state, as every snapshot does that a stage of ours has made."""
    for time in (snapshot.source.inf_time, snapshot.begin, snapshot.end, snapshot.death):
        if time is not None and not EARLIEST <= time <= LATEST:
            return False
    return all(map(_is_possible, snapshot.drugs))


def _is_possible(drug: Dispensed) -> bool:
    is_measured = 0 <= drug.quantity <= LARGEST_QUANTITY * _MOST_LINES and drug.scope >= 0 and drug.days >= 0
    return is_measured and EARLIEST // DAY <= drug.day <= LATEST // DAY


class Mark(msgspec.Struct, frozen=True, array_like=True, tag="mark", gc=False):
    """The stream time that one source partition has reached; sent to every partition of the next topic.

    ``partition`` and ``offset``: the record of `fund.transactions` by which it got there.
    """

    source_partition: int
    time: int
    partition: int
    offset: int


class Membership(msgspec.Struct, frozen=True, array_like=True, tag="member1", gc=False):
    """Whether a person belongs to a household, as of a version of his reference record."""

    household: str
    person: str
    offset: int
    belongs: bool


class HouseholdVisit(msgspec.Struct, frozen=True, array_like=True, tag="hv1", gc=False):
    """A stay on its way to its person's household; ``belongs`` false takes it out of one that he has left."""

    household: str
    member_version: int
    belongs: bool
    birth: int | None
    snapshot: VisitSnapshot


class Ties(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """With whom a person may belong together: digests of what he shares with them, empty where it is not known.

    Never the address, the telephone or the employer itself (`detectors.books.group_keys`).
    """

    household: str = ""
    dwelling: str = ""  # the exact address
    telephone: str = ""
    team: str = ""  # the part of his village: 组, 社, 栋
    village: str = ""  # or community, street, housing estate
    employer: str = ""


class GroupMember(msgspec.Struct, frozen=True, array_like=True, tag="gm1", gc=False):
    """Whether a person belongs to a group beyond his household, as of a version of his reference record."""

    group: str
    person: str
    offset: int
    belongs: bool


class GroupVisit(msgspec.Struct, frozen=True, array_like=True, tag="gv1", gc=False):
    """A stay on its way to a group of its person's; ``belongs`` false takes it out of one that he has left."""

    group: str
    member_version: int
    belongs: bool
    birth: int | None
    ties: Ties
    snapshot: VisitSnapshot


ForPerson: TypeAlias = VisitSnapshot | Mark
ForHousehold: TypeAlias = HouseholdVisit | Membership | GroupVisit | GroupMember | Mark

_encoder = msgspec.msgpack.Encoder()
_begin = msgspec.msgpack.Decoder(_Begin)
_for_person: msgspec.msgpack.Decoder[ForPerson] = msgspec.msgpack.Decoder(ForPerson)
_for_household: msgspec.msgpack.Decoder[ForHousehold] = msgspec.msgpack.Decoder(ForHousehold)


def encode(message: ForPerson | ForHousehold) -> bytes:
    """The internal topics' value."""
    return _encoder.encode(message)


def order_of(snapshot: bytes) -> tuple[int, int, int]:
    """When and where the message was that an encoded `VisitSnapshot` follows: inf_time, partition, offset."""
    begin = _begin.decode(snapshot)
    return begin.source.inf_time, begin.partition, begin.offset


def decode_for_person(value: bytes) -> ForPerson:
    """Raises `msgspec.DecodeError`."""
    try:
        return _for_person.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(type(error).__name__) from None


def decode_for_household(value: bytes) -> ForHousehold:
    """Raises `msgspec.DecodeError`."""
    try:
        return _for_household.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(type(error).__name__) from None
