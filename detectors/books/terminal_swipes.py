"""What is a settlement to a terminal, and what are settlements made one upon the other?"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.china_time import DAY
from schemas.snapshots import Reference

LONGEST_GAP: Final = 300  # seconds between two settlements of a group
FEWEST: Final = 4  # persons of a group
GROUPS_KEPT: Final = 61 * DAY  # after the last group of the same persons


class Swiped(msgspec.Struct, array_like=True, gc=False):
    """A settlement. ``items``: hashes of what it bills, routine fees aside; ``kind``: a hash of them all. ``is_late``: sent or
    keyed in long after. ``operator``: who made it, "" where nobody is named."""

    time: int
    settlement: str
    visit: str
    person: str
    items: tuple[int, ...]
    kind: int
    total: int  # fen
    scope: int
    has_drugs: bool
    is_late: bool
    source: Reference
    stands: bool = True
    operator: str = ""


class Group(msgspec.Struct, array_like=True, gc=False):
    """Settlements one upon the other, by time; those refunded are kept, but do not stand. ``operator``: whose they are; "" where
    it is the whole institution that made them, operators in turn.

    Before them, of ``seen`` settlements ``usual`` were of the group's ``kind``, one in ``pace`` seconds; ``alike``: times of
    the same day at which others than theirs were of it.
    """

    members: list[Swiped]
    kind: int
    pace: int
    seen: int
    usual: int
    alike: list[int]
    operator: str = ""

    @property
    def begin(self) -> int:
        """Time of the first settlement."""
        return self.members[0].time

    @property
    def end(self) -> int:
        """Time of the last one."""
        return self.members[-1].time

    def persons(self) -> frozenset[str]:
        """Of the settlements that stand."""
        return frozenset(member.person for member in self.members if member.stands)


def moment_of(swipe: Swiped) -> tuple[int, str, str]:
    """By which settlements are in order."""
    return swipe.time, swipe.visit, swipe.settlement
