"""What does an institution's stage tell its peers of one item? How much of it a month has brought so far, as the newest snapshot.

Told when the first 7, 14, 21 days of the month and its last have closed (72 hours after their end, domain.md §3.2), and again
whenever something changes them later. Posted by upsert, as closed days are (`schemas.peer_days`): a double or a crash changes
nothing. No person and no visit is named.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.china_time import DAY
from schemas.fields import EARLIEST, LATEST, LONGEST_CODE

LARGEST_SUM = 10**15  # of thousandths, fen or sales: sums of thousands of institutions can still be written
_FIRST_MONTH, _LAST_MONTH = 1900 * 12, 2300 * 12

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]
_Offset = Annotated[int, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SUM)]
_Day = Annotated[int, msgspec.Meta(ge=EARLIEST // DAY, le=LATEST // DAY)]
_Time = Annotated[int, msgspec.Meta(ge=EARLIEST, le=LATEST)]


MOST_PARTS = 4  # of a month, one for each of its looks


class PartTold(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one part of the month brought, and what its institution's own baseline of four weeks before expected of just these
    days; thousandths of packs. Parts of which nothing was expected yet are left out."""

    number: Annotated[int, msgspec.Meta(ge=0, lt=MOST_PARTS)]
    packs: _Count
    expected: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_SUM)]


class InStays(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What of a month was given in stays: lines, fen, and the stays that had it, each once however many daily lines it has."""

    lines: _Count = 0
    fen: _Count = 0
    stays: _Count = 0


class ItemMonth(msgspec.Struct, frozen=True, array_like=True, tag="item3", gc=False):
    """One item's month at one institution, up to and with the day ``through``.

    ``through``, then ``offset`` of `fund.transactions`, are its version; ``time`` is the stream time from which on it is so.
    """

    institution: _Name
    region: Annotated[str, msgspec.Meta(max_length=LONGEST_CODE)]  # "" where nobody has said where it is
    item: _Name  # med_list_codg
    month: Annotated[int, msgspec.Meta(ge=_FIRST_MONTH, le=_LAST_MONTH)]  # since the year 0
    through: _Day
    partition: _Offset
    offset: _Offset
    time: _Time
    packs: _Count  # thousandths, net of what was taken back
    fen: _Count  # inscp_scp_amt of them
    sales: _Count  # lines that stand
    in_stays: InStays = InStays()
    parts: Annotated[tuple[PartTold, ...], msgspec.Meta(max_length=MOST_PARTS)] = ()  # those that have closed
