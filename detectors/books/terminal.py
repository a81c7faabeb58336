"""Whose settlements were made one upon the other at one terminal: its last quarter of an hour, and the groups of two months?

A terminal is an institution's operator (``opter``); where a sender gives everybody the same one, it is the institution. The
page holds what was settled lately, how often and with which items the terminal settles at all, and *groups*: persons settled so
close upon one another, or so alike, that the terminal's own custom does not explain it. What is a group is judged loosely
here; no parameter of a rule can ask for less.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import pairwise
from math import exp, log
from typing import ClassVar, Final
from zlib import crc32

import msgspec

from detectors.books.visit import Settled, VisitPage
from detectors.engine.page import NEVER, Page
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import DRUGS, ROUTINE, is_volume_item
from schemas.snapshots import STAY, Reference

CALLS: Final = frozenset({"2207", "2208", "2102", "2103", "2601"})
LONGEST_GAP: Final = 300  # seconds between two settlements of a group
FEWEST: Final = 4  # persons of a group
GROUPS_KEPT: Final = 61 * DAY  # after the last group of the same persons
RECENT: Final = 900  # seconds: FEWEST persons in LONGEST_GAP
MOST_RECENT: Final = 40
MOST_BEFORE: Final = 64  # settlements by which the terminal's custom is known
MOST_GROUPS: Final = 24
MOST_MEMBERS: Final = 24
MOST_ALIKE: Final = 20
MOST_ITEMS: Final = 12
SENT_LATE, ENTERED_LATE = 600, 1_800  # seconds: a network that was down; bills that are keyed in after the service
_ALIKE_GAP: Final = 120
_GAPS: Final = (LONGEST_GAP, 180, 120, 60, 30, 15)
_OPEN: Final = 36_000  # seconds a day in which a terminal settles
_PAUSE: Final = 7_200  # of a longer gap between two settlements no more counts: nights, noons
_RARE: Final = 0.02  # groups a day that would come about by chance
_SERIES = ("N17", "N18", "N19", "Z49", "Z51")  # dialysis, chemotherapy: the same patients, settled shift by shift


class Swiped(msgspec.Struct, array_like=True, gc=False):
    """A settlement. ``items``: hashes of what it bills, routine fees aside. ``is_late``: sent or keyed in long after."""

    time: int
    settlement: str
    visit: str
    person: str
    items: tuple[int, ...]
    total: int  # fen
    scope: int
    has_drugs: bool
    is_late: bool
    source: Reference
    stands: bool = True

    @property
    def kind(self) -> int:
        """A hash of all items."""
        return kind_of(self.items)


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

    def persons(self) -> frozenset[str]:
        """Of the settlements that stand."""
        return frozenset(member.person for member in self.members if member.stands)


class TerminalPage(Page, kw_only=True):
    """One terminal."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"t"

    institution: str
    operator: str
    recent: list[Swiped] = []  # by time
    times: list[int] = []  # of the settlements before them
    kinds: list[int] = []
    groups: list[Group] = []
    forgets_first: int = NEVER
    forgotten: int = -NEVER  # begin of the newest group that was forgotten

    def put(self, swipe: Swiped) -> bool:
        """Upsert a settlement that stands; whether a group changed."""
        recent, groups = self.recent, self.groups
        for group in groups:
            if group.members[0].time <= swipe.time <= group.members[-1].time and _is_member(group, swipe):
                return True
        newest = recent[-1].time if recent else -NEVER
        if swipe.time < newest - RECENT:
            self._put_before(swipe)
            return False
        if recent and newest >= swipe.time and any(one.settlement == swipe.settlement for one in recent):
            return False
        if swipe.time >= newest:
            recent.append(swipe)
        else:
            insort(recent, swipe, key=_moment)
        if len(recent) > MOST_RECENT or recent[0].time < recent[-1].time - RECENT:
            self._settle_down()
        is_changed = len(recent) >= FEWEST and self._gather(swipe)
        return self._note_alike(swipe) or is_changed if groups else is_changed

    def take(self, settlement: str, time: int) -> bool:
        """The settlement of that time stands no more; whether a group changed."""
        changed = False
        for group in self.groups:
            for member in group.members:
                if member.settlement == settlement and member.stands:
                    member.stands = False
                    changed = True
            if time in group.alike:
                group.alike.remove(time)
                changed = True
        held = len(self.recent)
        self.recent = [one for one in self.recent if one.settlement != settlement]
        if held == len(self.recent):
            index = bisect_left(self.times, time)
            if index < len(self.times) and self.times[index] == time:
                del self.times[index], self.kinds[index]
        return changed

    def _put_before(self, swipe: Swiped) -> None:
        index = bisect_left(self.times, swipe.time)
        if len(self.times) >= MOST_BEFORE:
            if not index:
                return
            del self.times[0], self.kinds[0]
            index -= 1
        self.times.insert(index, swipe.time)
        self.kinds.insert(index, swipe.kind)

    def _settle_down(self) -> None:
        """What is recent no more is remembered as custom."""
        recent = self.recent
        oldest = recent[-1].time - RECENT
        index = max(bisect_left(recent, oldest, key=_time), len(recent) - MOST_RECENT)
        for swipe in recent[:index]:
            self._put_before(swipe)
        del recent[:index]

    # -- groups -----------------------------------------------------------------------------------------------------

    def _gather(self, swipe: Swiped) -> bool:
        """Whether the settlement makes or joins a group."""
        recent = self.recent
        at = next((n for n in range(len(recent) - 1, -1, -1) if recent[n].settlement == swipe.settlement), -1)
        if at < 0:
            return False
        first, last = _chain(recent, at, LONGEST_GAP)
        if last - first + 1 < FEWEST:
            return False
        begin = recent[first].time
        pace = self._pace(begin)
        for gap in _GAPS:
            first, last = _chain(recent, at, gap)
            if last - first + 1 < FEWEST:
                break
            persons = len({one.person for one in recent[first : last + 1]})
            if persons >= FEWEST and _OPEN / pace * (1 - exp(-gap / pace)) ** (persons - 1) < _RARE:
                self._group(recent[first : last + 1])
                return True
        first, last = self._alike_run(at, begin, pace)
        if last - first + 1 < FEWEST:
            return False
        self._group(recent[first : last + 1])
        return True

    def _alike_run(self, at: int, begin: int, pace: float) -> tuple[int, int]:
        """The longest run about the settlement of which half or more bill the same, where chance explains it not."""
        recent = self.recent
        kind = recent[at].kind
        first, last = _chain(recent, at, _ALIKE_GAP)
        same = [n for n in range(first, last + 1) if recent[n].kind == kind]
        seen, usual = self._custom(kind, begin)
        best = (at, at)
        for a, low in enumerate(same):
            for b in range(len(same) - 1, a + 1, -1):
                high, count = same[b], b - a + 1
                length = high - low + 1
                if length < best[1] - best[0] + 1 or not low <= at <= high:
                    break
                if 2 * count >= length and improbable(length, count, seen, usual) > log(30 * _OPEN / pace):
                    best = (low, high)
                    break
        return best

    def _group(self, swipes: list[Swiped]) -> None:
        """Keep them, with the groups that they touch, as one."""
        begin, end = swipes[0].time, swipes[-1].time
        touched = [g for g in self.groups if g.members[0].time <= end and begin <= g.members[-1].time]
        known = {one.settlement: one for group in touched for one in group.members}
        known |= {one.settlement: one for one in swipes if one.settlement not in known}
        members = sorted(known.values(), key=_moment)[:MOST_MEMBERS]
        groups = [group for group in self.groups if group not in touched]
        if len(groups) >= MOST_GROUPS and not self._make_room(groups):
            return
        begin = members[0].time
        kind = modal([one.kind for one in members if one.stands] or [0])
        seen, usual = self._custom(kind, begin)
        ours = {one.time for one in members}
        others = [*zip(self.times, self.kinds, strict=True), *((one.time, one.kind) for one in self.recent)]
        alike = {t for t, k in others if k == kind and t // DAY == begin // DAY and t not in ours}
        alike.update(t for group in touched for t in group.alike if t not in ours)
        copies = [msgspec.structs.replace(one) for one in members]  # the recent ones go their own way
        groups.append(Group(copies, kind, round(self._pace(begin)), seen, usual, sorted(alike)[:MOST_ALIKE]))
        groups.sort(key=lambda group: _moment(group.members[0]))
        self.groups = groups
        self.forgets_first = min(self.forgets_first, members[-1].time + GROUPS_KEPT)

    def _make_room(self, groups: list[Group]) -> bool:
        """For one more: the oldest goes whose persons came but once; where there is none, it is known what this terminal does."""
        single = next((cluster[0] for cluster in linked(groups) if len(cluster) == 1), None)
        if single is None:
            return False
        groups.remove(single)
        self.forgotten = max(self.forgotten, single.members[0].time)
        return True

    def _note_alike(self, swipe: Swiped) -> bool:
        """Another settlement of a group's kind on its day says that the day, not the group, was special."""
        noted = False
        for group in self.groups:
            if (
                group.kind == swipe.kind
                and group.members[0].time // DAY == swipe.time // DAY
                and len(group.alike) < MOST_ALIKE
                and swipe.time not in group.alike
                and all(one.settlement != swipe.settlement for one in group.members)
            ):
                insort(group.alike, swipe.time)
                noted = True
        return noted

    def _custom(self, kind: int, begin: int) -> tuple[int, int]:
        """Of how many settlements before that time how many were of the kind."""
        index = bisect_left(self.times, begin)
        near = [one for one in self.recent if one.time < begin]
        return index + len(near), self.kinds[:index].count(kind) + sum(one.kind == kind for one in near)

    def _pace(self, begin: int) -> float:
        """Seconds from one settlement to the next, before that time: of its usual days, or of this hour where that is busier."""
        times = self.times[: bisect_left(self.times, begin)] + [one.time for one in self.recent if one.time < begin]
        times.append(begin)
        open_for = sum(min(later - earlier, _PAUSE) for earlier, later in pairwise(times))
        pace = (open_for + _PAUSE) / (len(times) + 1)  # before anything is known: one in an hour
        for back in (4, 8, 12):
            if back < len(times) and begin - times[-1 - back] < DAY // 2:
                pace = min(pace, (begin - times[-1 - back]) / back)
        return max(pace, 1.0)

    # -- time -------------------------------------------------------------------------------------------------------

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
            until = max(group.members[-1].time for group in cluster) + GROUPS_KEPT
            if until > now:
                kept += cluster
                self.forgets_first = min(self.forgets_first, until)
            else:
                self.forgotten = max(self.forgotten, *(group.members[0].time for group in cluster))
        self.groups = sorted(kept, key=lambda group: _moment(group.members[0]))

    def forgets_at(self) -> int:
        """Two months after its last settlement."""
        last = max(self.recent[-1].time if self.recent else 0, self.times[-1] if self.times else 0)
        return max([last, *(group.members[-1].time for group in self.groups)]) + GROUPS_KEPT + DAY


def linked(groups: list[Group]) -> list[list[Group]]:
    """Groups of the same persons together, within two months of one another; each cluster by time."""
    clusters: list[list[Group]] = []
    for group in groups:
        ours = [cluster for cluster in clusters if any(are_same(one, group) for one in cluster)]
        merged = [one for cluster in ours for one in cluster] + [group]
        clusters = [cluster for cluster in clusters if cluster not in ours]
        clusters.append(sorted(merged, key=lambda one: _moment(one.members[0])))
    return clusters


def are_same(one: Group, other: Group) -> bool:
    """Whether the persons are a fixed set that came again: six in ten of both together, or five whoever joined them."""
    persons, others = one.persons(), other.persons()
    both = len(persons & others)
    if abs(one.members[0].time - other.members[0].time) > GROUPS_KEPT:
        return False
    return both >= FEWEST and (both >= 5 or both >= 0.6 * len(persons | others))


def improbable(length: int, count: int, seen: int, usual: int) -> float:
    """Nats of surprise that ``count`` of ``length`` settlements bill what the first of them billed (Chernoff)."""
    share = (usual + 1) / (seen + 10)
    trials, hits = length - 1, count - 1
    part = hits / trials if trials else 0.0
    if part <= share:
        return 0.0
    rest = (1 - part) * log((1 - part) / (1 - share)) if part < 1 else 0.0
    return trials * (part * log(part / share) + rest)


def modal(kinds: list[int]) -> int:
    """The most frequent, of several the least."""
    return min(set(kinds), key=lambda kind: (-kinds.count(kind), kind))


def kind_of(items: tuple[int, ...]) -> int:
    """A hash of all items."""
    return crc32(repr(items).encode()) & 0xFFFF


def _is_member(group: Group, swipe: Swiped) -> bool:
    """Whether the group holds that settlement, which then stands as it is now."""
    for index, member in enumerate(group.members):
        if member.settlement == swipe.settlement:
            group.members[index] = swipe
            return True
    return False


def _chain(swipes: list[Swiped], at: int, gap: int) -> tuple[int, int]:
    first = last = at
    while first and swipes[first].time - swipes[first - 1].time <= gap:
        first -= 1
    while last + 1 < len(swipes) and swipes[last + 1].time - swipes[last].time <= gap:
        last += 1
    return first, last


def _time(swipe: Swiped) -> int:
    return swipe.time


def _moment(swipe: Swiped) -> tuple[int, str, str]:
    return swipe.time, swipe.visit, swipe.settlement


# -- what a visit says ----------------------------------------------------------------------------------------------


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, Page]]:
    """Tell the terminals of a visit's settlements; the pages whose groups changed, or that are new."""
    if visit.kind == STAY or visit.diagnosis.startswith(_SERIES):
        return []
    touched: dict[bytes, Page] = {}
    for settled in visit.settlements:
        key = terminal_key(visit.institution, settled.operator)
        page = pages.get(TerminalPage, key)
        if page is None:
            if settled.void:
                continue
            page = pages.open(
                TerminalPage,
                key,
                lambda: TerminalPage(institution=visit.institution, operator=settled.operator),  # noqa: B023
            )
        page.position = max(page.position, offset)
        time = _settled_at(visit, settled)
        changed = page.take(settled.settlement, time) if settled.void else page.put(_swiped(visit, settled, time))
        pages.changed(key, page)
        if changed or page.wake == NEVER:
            touched[key] = page
    return list(touched.items())


def _settled_at(visit: VisitPage, settled: Settled) -> int:
    """``setl_time``, or where that is but a date, or ahead of it, when it was sent."""
    sent = visit.messages[settled.message].inf_time
    return settled.time if settled.time % DAY and settled.time <= sent + DAY else sent


def _swiped(visit: VisitPage, settled: Settled, time: int) -> Swiped:
    source = visit.messages[settled.message]
    items: set[str] = set()
    fees: set[str] = set()
    has_drugs, newest = False, 0
    for line in visit.lines.values():
        if line.quantity < 0 or (settled.batch and line.batch != settled.batch) or (line.refunded and not line.stands):
            continue
        (fees if line.category in ROUTINE else items).add(line.item)
        has_drugs = has_drugs or (line.category in DRUGS if line.category else is_volume_item("", line.item))
        if line.time % DAY and line.time > newest:
            newest = line.time
    is_late = source.inf_time - time > SENT_LATE or bool(newest and time - newest > ENTERED_LATE)
    hashes = sorted({crc32(item.encode()) & 0xFFFF for item in items or fees})[:MOST_ITEMS]
    return Swiped(
        time, settled.settlement, visit.visit, visit.person, tuple(hashes), settled.total, settled.scope, has_drugs,
        is_late, source,
    )  # fmt: skip


def terminal_key(institution: str, operator: str) -> bytes:
    """The key of its page."""
    return f"t{institution}\0{operator}".encode()
