"""What does an institution's stage tell its peers? Each closed day, as the newest snapshot of what was done and billed on it.

A day is told when it is closed (72 hours after its end, domain.md §3.2), and again whenever something changes it later. It is
posted by upsert, as snapshots of visits are: a double or a crash changes nothing. No person and no visit is named.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from schemas.china_time import DAY, HOUR
from schemas.fields import EARLIEST, LATEST, LONGEST_CODE
from schemas.peer_items import ItemMonth
from schemas.snapshots import Mark

# How a case was served, the first letter of its name.
STAYS: Final = "s"
VISITS: Final = "o"
SALES: Final = "p"

# Seconds of a day. Outpatient departments and pharmacies are closed then, an emergency's patients few (ENG).
NIGHT_BEGINS: Final = 22 * HOUR
NIGHT_ENDS: Final = 6 * HOUR

LARGEST: Final = 10**15  # of any count, and of fen: sums of thousands of them can still be written
MOST_CASES: Final = (
    20_000  # kinds of cases of one day: there are some 2,000 three-character codes, and three ways to be served
)

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]
_Offset = Annotated[int, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
_Day = Annotated[int, msgspec.Meta(ge=EARLIEST // DAY, le=LATEST // DAY)]
_Time = Annotated[int, msgspec.Meta(ge=EARLIEST, le=LATEST)]


class Cases(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Settled cases of one kind: how they were served and their diagnosis' three characters (``sJ18``; ``p`` for a sale).

    ``total`` is medfee_sumamt in fen. ``logs`` is the sum over the cases of 1,000 × the logarithm of their total in fen, rounded:
    whole numbers, so that what is taken back leaves nothing.
    """

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=4)]
    count: _Count
    total: _Count
    logs: _Count


class DayCounts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Counts of one institution's day; money in fen."""

    visits: _Count = 0  # settled outpatient visits and purchases
    admissions: _Count = 0
    discharges: _Count = 0
    nights: _Count = 0  # of those discharged
    total: _Count = 0  # medfee_sumamt of what was settled
    own: _Count = 0  # … of it, what lies outside of the catalogue
    fund: _Count = 0  # … and what the fund paid
    timed: _Count = 0  # medfee_sumamt of visits and purchases that say at what hour they were served
    by_night: _Count = 0  # … of it, between `NIGHT_BEGINS` and `NIGHT_ENDS`
    refunds: _Count = 0  # settlements that were taken back on this day, of whatever day they were
    itemized: _Count = 0  # outpatients of whom a line says that they were tested, treated or given drugs
    tested: _Count = 0  # … with an examination or a laboratory's test
    treated: _Count = 0  # … with a treatment
    medicated: _Count = 0  # … with drugs

    @property
    def settlements(self) -> int:
        """Those that stand, and those that were taken back on this day."""
        return self.visits + self.discharges + self.refunds


class InstitutionDay(msgspec.Struct, frozen=True, array_like=True, tag="day3", gc=False):
    """One day of one institution. ``partition`` and ``offset`` of `fund.transactions` are its version; ``time`` is the stream
    time from which on it is so: the day's close, or the newest message that changed it since."""

    institution: _Name
    region: Annotated[str, msgspec.Meta(max_length=LONGEST_CODE)]  # "" where nobody has said where it is
    day: _Day
    partition: _Offset
    offset: _Offset
    time: _Time
    is_late: bool  # something has changed it after its close
    counts: DayCounts
    cases: Annotated[tuple[Cases, ...], msgspec.Meta(max_length=MOST_CASES)]


ForPeers: TypeAlias = InstitutionDay | ItemMonth | Mark

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ForPeers] = msgspec.msgpack.Decoder(ForPeers)


def encode_for_peers(message: ForPeers) -> bytes:
    """The topic's value."""
    return _encoder.encode(message)


def decode_for_peers(value: bytes) -> ForPeers:
    """Raises `msgspec.DecodeError`."""
    try:
        return _decoder.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(type(error).__name__) from None
