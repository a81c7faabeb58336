"""What does a terminal settle in the ordinary way: how often, and which items?

Known by the last settlements before those of the last quarter of an hour: when they were made, and a hash of what each billed.
Functions, not methods of the page: this module can be compiled, and a struct cannot be.
"""

from __future__ import annotations

from bisect import bisect_left
from math import log
from typing import Final
from zlib import crc32

from detectors.books.terminal import TerminalPage
from schemas.china_time import DAY

MOST_BEFORE: Final = 64  # settlements by which the custom is known
OPEN: Final = 36_000  # seconds a day in which a terminal settles
_PAUSE: Final = 7_200  # of a longer gap between two settlements no more counts: nights, noons


def remember(page: TerminalPage, time: int, kind: int) -> None:
    """A settlement that is recent no more."""
    times = page.times
    index = len(times) if not times or times[-1] < time else bisect_left(times, time)
    if len(times) >= MOST_BEFORE:
        if not index:
            return
        del times[0], page.kinds[0]
        index -= 1
    times.insert(index, time)
    page.kinds.insert(index, kind)


def is_remembered(page: TerminalPage, time: int, kind: int) -> bool:
    """Whether a settlement of that time and kind is among them."""
    index = bisect_left(page.times, time)
    while index < len(page.times) and page.times[index] == time:
        if page.kinds[index] == kind:
            return True
        index += 1
    return False


def unlearn(page: TerminalPage, time: int) -> None:
    """The settlement of that time was taken back."""
    index = bisect_left(page.times, time)
    if index < len(page.times) and page.times[index] == time:
        del page.times[index], page.kinds[index]


def custom(page: TerminalPage, kind: int, begin: int) -> tuple[int, int]:
    """Of how many settlements before that time how many were of the kind."""
    index = bisect_left(page.times, begin)
    seen, usual = index, page.kinds[:index].count(kind)
    for one in page.recent:
        if one.time >= begin:
            break
        seen += 1
        usual += one.kind == kind
    return seen, usual


def pace(page: TerminalPage, begin: int) -> float:
    """Seconds from one settlement to the next, before that time: of its usual days, or of this hour where that is busier."""
    times: list[int] = page.times[: bisect_left(page.times, begin)]
    times += [one.time for one in page.recent if one.time < begin]
    times.append(begin)
    open_for, earlier = _PAUSE, times[0]  # before anything is known: one in an hour
    for later in times:
        gap = later - earlier
        open_for += gap if gap < _PAUSE else _PAUSE
        earlier = later
    found = open_for / (len(times) + 1)
    for back in (4, 8, 12):
        if back < len(times) and begin - times[-1 - back] < DAY // 2:
            found = min(found, (begin - times[-1 - back]) / back)
    return max(found, 1.0)


def improbable(length: int, count: int, seen: int, usual: int) -> float:
    """Nats of surprise that ``count`` of ``length`` settlements bill what the first of them billed (Chernoff)."""
    share = (usual + 1) / (seen + 10)
    trials, hits = length - 1, count - 1
    part = hits / trials if trials else 0.0
    if part <= share:
        return 0.0
    rest = (1 - part) * log((1 - part) / (1 - share)) if part < 1 else 0.0
    return trials * (part * log(part / share) + rest)


def kind_of(items: tuple[int, ...]) -> int:
    """A hash of all items of a settlement."""
    return crc32(repr(items).encode()) & 0xFFFF


def modal(kinds: list[int]) -> int:
    """The most frequent, of several the least."""
    return min(set(kinds), key=lambda kind: (-kinds.count(kind), kind))
