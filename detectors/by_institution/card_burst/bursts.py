"""How much says one group of settlements, and how much its coming again, that cards were swiped without their owners?

A *burst* is a run of a group's settlements, each within a minute of the next, of which most bill the same items. It is weighed
against chance: the terminal's own pace and how usual these items are there, over all settlements of a month; and against what
makes ordinary people settle alike: the same items all day (vaccination, health check, promotion), bills that are keyed in or sent
long after the service (a village doctor's evening, a network that was down).
"""

from __future__ import annotations

from itertools import pairwise
from math import exp, log
from typing import NamedTuple

from detectors.books.terminal_custom import improbable, modal
from detectors.books.terminal_sets import are_of_one_occasion
from detectors.books.terminal_swipes import Group, Swiped
from schemas.china_time import DAY

_MONTH, _OPEN = 30, 36_000
_MOST_OF_PACE = 8.0  # nats: people come in clumps for more reasons than chance knows
_SAME = 0.75  # Jaccard: of four items three


class Limits(NamedTuple):
    """What makes a burst."""

    persons: int
    gap: int
    share: float


class Burst(NamedTuple):
    """A run of settlements: how many of them bill the same, the longest gap, and nats of surprise after all were looked at."""

    swipes: tuple[Swiped, ...]
    persons: int
    same: int
    longest_gap: int
    nats: float

    @property
    def share(self) -> float:
        """Of the settlements, how many bill the same items."""
        return self.same / len(self.swipes)

    @property
    def has_drugs(self) -> bool:
        """Whether most of them bill drugs, which can be sold."""
        return 2 * sum(swipe.has_drugs for swipe in self.swipes) > len(self.swipes)

    @property
    def is_one_sum(self) -> bool:
        """Whether those amounts are equal to one in a hundred."""
        totals = [swipe.total for swipe in self.swipes]
        return min(totals) > 0 and max(totals) <= 1.01 * min(totals)


def runs(swipes: list[Swiped], gap: int) -> list[list[Swiped]]:
    """Settlements that follow one another within ``gap`` seconds."""
    found: list[list[Swiped]] = [swipes[:1]]
    for earlier, later in pairwise(swipes):
        if later.time - earlier.time <= gap:
            found[-1].append(later)
        else:
            found.append([later])
    return found


def fastest(group: Group, limits: Limits) -> list[Swiped]:
    """The run of most persons within the gap, late bills too."""
    standing = [one for one in group.members if one.stands]
    return max(runs(standing, limits.gap), key=lambda run: len({one.person for one in run}), default=[])


def occasions(groups: list[Group], limits: Limits) -> list[Group]:
    """Each occasion once: as an operator's group, or as what the whole institution settled meanwhile where only that is a burst,
    or a larger and less likely one."""
    kept = [group for group in groups if group.operator]
    for group in groups:
        if group.operator:
            continue
        those = [one for one in kept if are_of_one_occasion(one, group)]
        if not those:
            kept.append(group)
        elif _says_more(group, those, limits):
            kept = [one for one in kept if not are_of_one_occasion(one, group)] + [group]
    return kept


def _says_more(group: Group, those: list[Group], limits: Limits) -> bool:
    ours = burst_of(group, limits)
    if ours is None:
        return False
    theirs = [burst for one in those if (burst := burst_of(one, limits)) is not None]
    return all(ours.persons > burst.persons and ours.nats > burst.nats for burst in theirs)


def burst_of(group: Group, limits: Limits) -> Burst | None:
    """The group's burst with most persons; None where it has none, or where the day explains it."""
    standing = [one for one in group.members if one.stands and not one.is_late]
    found = [_burst(group, run, limits) for run in runs(standing, limits.gap) if len(run) >= limits.persons]
    return max((one for one in found if one is not None), key=lambda one: (one.persons, one.nats), default=None)


def _burst(group: Group, run: list[Swiped], limits: Limits) -> Burst | None:
    persons = len({one.person for one in run})
    kind = modal([one.kind for one in run])
    items = next(one.items for one in run if one.kind == kind)
    pattern = frozenset(items)
    same = [one for one in run if one.items == items or _alike(pattern, frozenset(one.items))]
    if persons < limits.persons or len({one.person for one in same}) < limits.share * persons:
        return None
    if len(group.alike) >= len(same):  # the same all day
        return None
    pace = max(group.pace, 1)
    chance = min(-log(max(1 - exp(-limits.gap / pace), 1e-9)) * (persons - 1), _MOST_OF_PACE)
    usual = group.usual if kind == group.kind else 0
    looks = log(_MONTH * _OPEN / pace)
    nats = improbable(len(run), len(same), group.seen, usual) + chance - looks
    longest = max(later.time - earlier.time for earlier, later in pairwise(run))
    return Burst(tuple(run), persons, len(same), longest, nats)


def _alike(pattern: frozenset[int], items: frozenset[int]) -> bool:
    """Nearly the same, or the whole basket with one thing thrown in; one drug that many take is no basket."""
    if len(pattern) > 1 and pattern <= items and len(items) == len(pattern) + 1:
        return True
    return len(pattern & items) >= _SAME * len(pattern | items)


def days_of(groups: list[Group], span: int) -> list[int]:
    """The most days on which they came within so many days."""
    days = sorted({group.members[0].time // DAY for group in groups})
    return max(([day for day in days if first <= day < first + span] for first in days), key=len, default=[])
