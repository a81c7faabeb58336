"""What is kept of a terminal, whose settlements may have been made one upon the other, and until when?

A terminal is an institution's operator (``opter``); where a sender gives everybody the same one, it is the institution. The
page holds what was settled in the last quarter of an hour, how often and with which items the terminal settles at all
(`detectors.books.terminal_custom`), and *groups*: persons settled so close upon one another, or so alike, that the terminal's
own custom does not explain it (`detectors.books.terminal_groups`). What is a group is judged loosely; no parameter of a rule
can ask for less.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import Reference

LONGEST_GAP: Final = 300  # seconds between two settlements of a group
FEWEST: Final = 4  # persons of a group
GROUPS_KEPT: Final = 61 * DAY  # after the last group of the same persons


class Swiped(msgspec.Struct, array_like=True, gc=False):
    """A settlement. ``items``: hashes of what it bills, routine fees aside; ``kind``: a hash of them all. ``is_late``: sent or
    keyed in long after."""

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


class Group(msgspec.Struct, array_like=True, gc=False):
    """Settlements one upon the other, by time; those refunded are kept, but do not stand.

    Before them, of ``seen`` settlements ``usual`` were of the group's ``kind``, one in ``pace`` seconds; ``alike``: times of
    the same day at which others than theirs were of it.
    """

    members: list[Swiped]
    kind: int
    pace: int
    seen: int
    usual: int
    alike: list[int]

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


class TerminalPage(Page, kw_only=True):
    """One terminal. Groups do not overlap in time."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"t"

    institution: str
    operator: str
    recent: list[Swiped] = []  # by time
    times: list[int] = []  # of the settlements before them
    kinds: list[int] = []
    groups: list[Group] = []  # by time
    forgets_first: int = NEVER
    forgotten: int = -NEVER  # begin of the newest group that was forgotten

    def kept_from(self) -> int:
        """What stood on a group that was forgotten is final."""
        return self.forgotten + 1 if self.forgotten > -NEVER else -NEVER

    def next_change(self) -> int:
        """When the first group may be forgotten."""
        return self.forgets_first

    def advance(self, now: int) -> None:
        """Forget groups whose persons have not come together for two months."""
        if self.forgets_first > now:
            return
        kept: list[Group] = []
        self.forgets_first = NEVER
        for cluster in linked(self.groups):
            until = max(group.end for group in cluster) + GROUPS_KEPT
            if until > now:
                kept += cluster
                self.forgets_first = min(self.forgets_first, until)
            else:
                self.forgotten = max(self.forgotten, *(group.begin for group in cluster))
        self.groups = sorted(kept, key=_order)

    def forgets_at(self) -> int:
        """Two months after its last settlement."""
        last = max(self.recent[-1].time if self.recent else 0, self.times[-1] if self.times else 0)
        return max([last, *(group.end for group in self.groups)]) + GROUPS_KEPT + DAY


def linked(groups: list[Group]) -> list[list[Group]]:
    """Groups of the same persons together, within two months of one another; each cluster by time."""
    clusters: list[list[tuple[Group, frozenset[str]]]] = []
    for group in groups:
        persons = group.persons()
        ours = [
            cluster
            for cluster in clusters
            if any(abs(one.begin - group.begin) <= GROUPS_KEPT and are_same(others, persons) for one, others in cluster)
        ]
        if ours:
            clusters = [cluster for cluster in clusters if not any(cluster is one for one in ours)]
        clusters.append([one for cluster in ours for one in cluster] + [(group, persons)])
    return [sorted((group for group, _ in cluster), key=_order) for cluster in clusters]


def are_same(persons: frozenset[str], others: frozenset[str]) -> bool:
    """Whether they are a fixed set that came again: six in ten of both together, or five whoever joined them."""
    both = len(persons & others)
    return both >= FEWEST and (both >= 5 or both >= 0.6 * len(persons | others))


def terminal_key(institution: str, operator: str) -> bytes:
    """The key of its page."""
    return f"t{institution}\0{operator}".encode()


def moment_of(swipe: Swiped) -> tuple[int, str, str]:
    """By which settlements are in order."""
    return swipe.time, swipe.visit, swipe.settlement


def _order(group: Group) -> tuple[int, str, str]:
    return moment_of(group.members[0])
