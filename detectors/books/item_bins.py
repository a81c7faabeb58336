"""How are those who have an item spread, and how the items of one institution? Counts by bins of 5 %, of several rows at once.

As `detectors.books.spreads` counts indicators, so that one can be left out and taken back exactly; but there are as many of
these pages as items, so the rows of a month share one dictionary, and the bins are coarser: honest peers differ by far more.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Final, NamedTuple

from detectors.books.item_spreads import ItemSpreadPage
from detectors.books.peer_calendar import PARTS_OF_MONTH
from detectors.books.peer_groups import latest
from detectors.engine.page import NEVER
from detectors.engine.pages import Pages

# The rows; from the last on one for each part of the month, then one more for each, of those who told by their surge alone, and
# one of items that stand out.
PER_CASE, PER_BILL, CASES, BILL, FEN, FIRST_PART = range(6)
FIRST_SURGED: Final = FIRST_PART + PARTS_OF_MONTH
STANDING_OUT: Final = FIRST_SURGED + PARTS_OF_MONTH
STEPS: Final = 20  # bins to one of the logarithm
_ROW: Final = 1 << 11  # bins of a row: from e^-51 to e^51
_MIDDLE: Final = _ROW // 2

Counted = Mapping[int, int]  # the bin of each row
Rows = dict[int, dict[int, int]]


def size_bin(size: float) -> int:
    """Where a size, or a quotient of two of them, is counted: by its logarithm."""
    return min(max(round(STEPS * log(size)), -_MIDDLE + 1), _MIDDLE - 1)


def count_in(
    pages: Pages, name: str, month: int, before: Counted, after: Counted, kind: type[ItemSpreadPage] = ItemSpreadPage
) -> None:  # fmt: skip
    """A member counts as ``after`` now, and not as ``before``; a page on which that is the same is not written anew."""
    key = kind.prefix + name.encode()
    page = pages.open(kind, key, kind)
    if month not in page.months:
        page.months = latest(page.months, month)
        page.months[month], before = {}, {}
    elif before == after:
        return
    bins = page.months[month]
    for row, place in before.items():
        if after.get(row) != place:
            code = row * _ROW + place + _MIDDLE
            left = bins.get(code, 0) - 1
            if left > 0:
                bins[code] = left
            else:
                bins.pop(code, None)
    for row, place in after.items():
        if before.get(row) != place:
            code = row * _ROW + place + _MIDDLE
            bins[code] = bins.get(code, 0) + 1
    pages.changed(key, page)
    if page.wake == NEVER:  # or it wakes in time: it is forgotten later with each month, and never sooner
        pages.sleep(key, page, page.forgets_at())


def rows_of(pages: Pages, name: str, month: int, kind: type[ItemSpreadPage] = ItemSpreadPage) -> Rows:
    """How many lie in each bin, by row; rows in which nobody counts are left out."""
    rows: Rows = {}
    for code, members in _codes(pages, name, month, kind).items():
        row = code // _ROW
        bins = rows.get(row)
        if bins is None:
            bins = rows[row] = {}
        bins[code - row * _ROW - _MIDDLE] = members
    return rows


def others(rows: Rows, row: int, own: int | None) -> dict[int, int]:
    """How many lie in each bin of a row, but for one that counts in the bin ``own``."""
    bins = dict(rows.get(row, {}))
    if own is not None and own in bins:
        bins[own] -= 1
    return bins


def how_many(
    pages: Pages, name: str, month: int, row: int, least: int | None, kind: type[ItemSpreadPage]
) -> int:  # fmt: skip
    """How many lie in the bins of a row, or in those from ``least`` on."""
    first, last = row * _ROW, (row + 1) * _ROW
    if least is not None:
        first = max(first, first + _MIDDLE + least)
    found = 0
    for code, members in _codes(pages, name, month, kind).items():
        if first <= code < last:
            found += members
    return found


def _codes(pages: Pages, name: str, month: int, kind: type[ItemSpreadPage]) -> dict[int, int]:
    page = pages.get(kind, kind.prefix + name.encode())
    return {} if page is None else page.months.get(month, {})


class Spread(NamedTuple):
    """Of how many, their median, and the median distance from it, both in bins."""

    members: int
    median: float
    distance: float


def spread_of(bins: Mapping[int, int]) -> Spread:
    """Their middle, and how far from it half of them lie; of two in the middle, what lies between.

    >>> spread_of({3: 2, 5: 1, 9: 0, 10: 1})
    Spread(members=4, median=4.0, distance=1.0)
    """
    there = [(float(place), members) for place, members in bins.items() if members > 0]
    count = 0
    for _, members in there:
        count += members
    if not count:
        return Spread(0, 0.0, 0.0)
    median = _middle(there, count)
    return Spread(count, median, _middle([(abs(place - median), members) for place, members in there], count))


def _middle(there: list[tuple[float, int]], count: int) -> float:
    there.sort()
    seen = 0
    for number, (place, members) in enumerate(there):
        seen += members
        if 2 * seen > count:
            return place
        if 2 * seen == count:
            return (place + there[number + 1][0]) / 2
    return 0.0


def quantile(bins: Mapping[int, int], members: int, share: float) -> int:
    """The bin that so many of the members do not exceed; of two, the lower one. 0 of nobody.

    >>> quantile({3: 2, 5: 1, 9: 1}, 4, 0.5), quantile({3: 2, 5: 3}, 5, 0.5)
    (3, 5)
    """
    left = int(share * (members - 1))
    for place, there in sorted(bins.items()):
        left -= there
        if left < 0:
            return place
    return 0
