"""How are those who have an item spread, and how the items of one institution? Counts by bins of 5 %, of several rows at once.

As `detectors.books.spreads` counts indicators, so that one can be left out and taken back exactly; but there are as many of
these pages as items, so the rows of a month share one dictionary, and the bins are coarser: honest peers differ by far more.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Final

from detectors.books.item_spreads import ItemSpreadPage
from detectors.books.peer_calendar import PARTS_OF_MONTH
from detectors.books.peer_groups import latest
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


def size_bin(size: float) -> int:
    """Where a size, or a quotient of two of them, is counted: by its logarithm."""
    return min(max(round(STEPS * log(size)), -_MIDDLE + 1), _MIDDLE - 1)


def count_in(
    pages: Pages, name: str, month: int, before: Counted, after: Counted, kind: type[ItemSpreadPage] = ItemSpreadPage
) -> None:  # fmt: skip
    """A member counts as ``after`` now, and not as ``before``."""
    key = kind.prefix + name.encode()
    page = pages.open(kind, key, kind)
    if month not in page.months:
        page.months = latest(page.months, month)
    bins = page.months.setdefault(month, {})
    for row, place in before.items():
        code = row * _ROW + place + _MIDDLE
        bins[code] = bins.get(code, 0) - 1
        if bins[code] <= 0:
            del bins[code]
    for row, place in after.items():
        code = row * _ROW + place + _MIDDLE
        bins[code] = bins.get(code, 0) + 1
    pages.changed(key, page)
    pages.sleep(key, page, page.forgets_at())


def others(
    pages: Pages, name: str, month: int, row: int, own: int | None, kind: type[ItemSpreadPage] = ItemSpreadPage
) -> dict[int, int]:  # fmt: skip
    """How many lie in each bin of a row, but for one that counts in the bin ``own``."""
    page = pages.get(kind, kind.prefix + name.encode())
    first = row * _ROW
    codes = {} if page is None else page.months.get(month, {})
    bins = {code - first - _MIDDLE: members for code, members in codes.items() if first <= code < first + _ROW}
    if own in bins:
        bins[own] -= 1
    return bins


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
