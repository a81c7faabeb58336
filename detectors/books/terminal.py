"""What is kept of a terminal, whose settlements may have been made one upon the other, and until when?

A terminal is an institution's operator (``opter``), and the whole institution, whose counters may take turns. A page holds what
was settled in the last quarter of an hour, and how often and with which items the terminal settles at all
(`detectors.books.terminal_custom`); the institution's page holds *groups* as well, of all its operators and its own: persons
settled so close upon one another, or so alike, that the terminal's own custom does not explain it
(`detectors.books.terminal_groups`). What is a group is judged loosely; no parameter of a rule can ask for less.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.books.terminal_sets import by_first, linked
from detectors.books.terminal_swipes import GROUPS_KEPT, Group, Swiped
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY


class TerminalPage(Page, kw_only=True):
    """One terminal; without ``operator`` it is the whole institution, and holds the groups of all its operators. Those of one of
    them do not overlap in time."""

    layout: ClassVar[int] = 3
    prefix: ClassVar[bytes] = b"t"

    institution: str
    operator: str
    recent: list[Swiped] = []  # by time
    times: list[int] = []  # of the settlements before them
    kinds: list[int] = []
    groups: list[Group] = []  # by time
    forgets_first: int = NEVER
    forgotten: int = -NEVER  # end of the newest group that was forgotten: what is told of it may begin with any of it
    is_full: bool = False  # of groups that all came again; until one is forgotten or changes nobody looks for room

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
                self.forgotten = max(self.forgotten, *(group.end for group in cluster))
        self.is_full = self.is_full and len(kept) == len(self.groups)
        self.groups = sorted(kept, key=by_first)

    def forgets_at(self) -> int:
        """Two months after its last settlement."""
        last = max(self.recent[-1].time if self.recent else 0, self.times[-1] if self.times else 0)
        return max([last, *(group.end for group in self.groups)]) + GROUPS_KEPT + DAY


def terminal_key(institution: str, operator: str) -> bytes:
    """The key of its page; without ``operator`` the whole institution's."""
    return f"t{institution}\0{operator}".encode()
