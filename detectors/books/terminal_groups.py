"""Which settlements of a terminal were made one upon the other, or so alike, that its custom does not explain it?"""

from __future__ import annotations

from bisect import insort
from math import exp, log
from typing import Final

import msgspec

from detectors.books.terminal import TerminalPage
from detectors.books.terminal_custom import OPEN, custom, improbable, modal, pace
from detectors.books.terminal_sets import are_of_one_occasion, are_same, by_first
from detectors.books.terminal_swipes import FEWEST, GROUPS_KEPT, LONGEST_GAP, Group, Swiped, moment_of
from schemas.china_time import DAY

MOST_GROUPS: Final = 40  # of an institution, all its operators'
MOST_MEMBERS: Final = 24
MOST_ALIKE: Final = 20
_ALIKE_GAP: Final = 120
_GAPS: Final = (LONGEST_GAP, 180, 120, 60, 30, 15)
_RARE: Final = 0.02  # groups a day that would come about by chance
_FEWEST_ALIKE: Final = 3


def gather(page: TerminalPage, home: TerminalPage, at: int) -> bool:
    """Whether the recent settlement at that index makes or joins a group of ``home``, the institution's page."""
    recent = page.recent
    first, last = _chain(recent, at, LONGEST_GAP)
    if last - first + 1 < FEWEST:
        return False
    begin = recent[first].time
    usual_pace = pace(page, begin)
    for gap in _GAPS:
        first, last = _chain(recent, at, gap)
        if last - first + 1 < FEWEST:
            break
        looks, within = OPEN / usual_pace, 1 - exp(-gap / usual_pace)
        if looks * within ** (last - first) >= _RARE:  # a busy counter, though all were strangers to one another
            continue
        persons = len({one.person for one in recent[first : last + 1]})
        if persons >= FEWEST and looks * within ** (persons - 1) < _RARE:
            _keep(page, home, recent[first : last + 1])
            return True
    first, last = _alike_run(page, at, begin, usual_pace)
    if last - first + 1 < FEWEST:
        return False
    _keep(page, home, recent[first : last + 1])
    return True


def note_alike(home: TerminalPage, swipe: Swiped, operator: str) -> bool:
    """Another settlement of a group's kind on its day says that the day, not the group, was special; whether it was noted. An
    operator's groups hear of his own settlements, the institution's of all."""
    noted = False
    day = swipe.time // DAY
    for group in reversed(home.groups):
        begun = group.begin // DAY
        if begun < day:
            break
        if (
            begun == day
            and group.kind == swipe.kind
            and group.operator == operator
            and len(group.alike) < MOST_ALIKE
            and swipe.time not in group.alike
            and all(one.settlement != swipe.settlement for one in group.members)
        ):
            insort(group.alike, swipe.time)
            noted = True
    return noted


def replace_member(home: TerminalPage, swipe: Swiped, operator: str) -> Swiped | None:
    """Where a group of the operator holds that settlement it stands as it is now; what was held, None where none holds it."""
    for group in home.groups:
        if group.operator == operator and group.begin <= swipe.time <= group.end:
            for index, member in enumerate(group.members):
                if member.settlement == swipe.settlement:
                    group.members[index] = swipe
                    return member
    return None


def _chain(swipes: list[Swiped], at: int, gap: int) -> tuple[int, int]:
    first = last = at
    while first and swipes[first].time - swipes[first - 1].time <= gap:
        first -= 1
    while last + 1 < len(swipes) and swipes[last + 1].time - swipes[last].time <= gap:
        last += 1
    return first, last


def _alike_run(page: TerminalPage, at: int, begin: int, usual_pace: float) -> tuple[int, int]:
    """The longest run about the settlement of which half or more bill the same, where chance explains it not."""
    recent = page.recent
    kind = recent[at].kind
    first, last = _chain(recent, at, _ALIKE_GAP)
    same = [n for n in range(first, last + 1) if recent[n].kind == kind]
    best = (at, at)
    if len(same) < _FEWEST_ALIKE:
        return best
    seen, usual = custom(page, kind, begin)
    for a, low in enumerate(same):
        for b in range(len(same) - 1, a + _FEWEST_ALIKE - 2, -1):
            high, count = same[b], b - a + 1
            length = high - low + 1
            if length < best[1] - best[0] + 1 or not low <= at <= high:
                break
            if 2 * count >= length and improbable(length, count, seen, usual) > log(30 * OPEN / usual_pace):
                best = (low, high)
                break
    return best


def _keep(page: TerminalPage, home: TerminalPage, swipes: list[Swiped]) -> None:
    """Keep them, with the groups of the same operator that they touch, as one."""
    begin, end = swipes[0].time, swipes[-1].time
    touched: list[Group] = []
    groups: list[Group] = []
    for group in home.groups:
        is_touched = group.operator == page.operator and group.begin <= end and begin <= group.end
        (touched if is_touched else groups).append(group)
    known = {one.settlement: one for group in touched for one in group.members}
    known |= {one.settlement: one for one in swipes if one.settlement not in known}
    members = sorted(known.values(), key=moment_of)[:MOST_MEMBERS]
    if len(groups) >= MOST_GROUPS and not _make_room(home, groups):
        return
    groups.append(_group_of(page, members, touched))
    groups.sort(key=by_first)
    home.groups = groups
    home.forgets_first = min(home.forgets_first, members[-1].time + GROUPS_KEPT)


def _group_of(page: TerminalPage, members: list[Swiped], touched: list[Group]) -> Group:
    begin = members[0].time
    day = begin // DAY
    kind = modal([one.kind for one in members if one.stands] or [0])
    seen, usual = custom(page, kind, begin)
    ours = {one.time for one in members}
    others = [*zip(page.times, page.kinds, strict=True), *((one.time, one.kind) for one in page.recent)]
    alike = {at for at, other in others if other == kind and at // DAY == day and at not in ours}
    alike.update(at for group in touched for at in group.alike if at not in ours)
    copies = [msgspec.structs.replace(one) for one in members]  # the recent ones go their own way
    return Group(copies, kind, round(pace(page, begin)), seen, usual, sorted(alike)[:MOST_ALIKE], page.operator)


def _make_room(home: TerminalPage, groups: list[Group]) -> bool:
    """For one more: the oldest goes whose persons came but once; where there is none, it is known what this place does."""
    if home.is_full:
        return False
    persons = [group.persons() for group in groups]
    for index, group in enumerate(groups):
        if not _comes_again(group, persons[index], groups, persons):
            del groups[index]
            home.forgotten = max(home.forgotten, group.end)
            return True
    home.is_full = True
    return False


def _comes_again(group: Group, own: frozenset[str], groups: list[Group], persons: list[frozenset[str]]) -> bool:
    """Whether they came at another time too; what an operator and his institution both hold is one occasion."""
    for other, others in zip(groups, persons, strict=True):
        is_near = other is not group and abs(other.begin - group.begin) <= GROUPS_KEPT
        if is_near and are_same(others, own) and not are_of_one_occasion(other, group):
            return True
    return False
