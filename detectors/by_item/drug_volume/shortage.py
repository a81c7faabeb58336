"""Was the item not to be had before, and how much of what comes now is what could not be had then?

A run of days without it that is no chance: then it was missing. What comes in the weeks after is first what was missed, and as
much again that is bought ahead by who has just stood before an empty shelf (ENG); only what lies above both is an excess.
"""

from __future__ import annotations

from math import inf
from typing import Final, NamedTuple

from detectors.books.item_days import ItemDays
from detectors.books.kept_days import LOOK_BACK
from detectors.models.baseline import MISSING_DAYS, MISSING_NATS, silence

_EMPTY: Final = 0.1  # of the expected: a last pack here and there
_MADE_UP_WITHIN: Final = 28  # days after it is back
_AHEAD: Final = 2.0  # times what was missed, with what is bought ahead


class Shortage(NamedTuple):
    """Days from ``begin`` to before ``back``, on which ``missed`` packs would have come; infinite where that is forgotten."""

    begin: int
    back: int
    missed: float


def shortage_before(book: ItemDays, day: int) -> Shortage | None:
    """The last shortage that ended within four weeks before ``day``, as far as the six weeks before hold it."""
    first = max(day - LOOK_BACK, book.first_day)
    is_empty = book.is_empty(day, _EMPTY)
    for back in range(day, max(day - _MADE_UP_WITHIN, first), -1):
        was_there, is_empty = not is_empty, book.is_empty(back - 1, _EMPTY)
        if not (was_there and is_empty):
            continue
        begin = back - 1
        while begin > first and book.is_empty(begin - 1, _EMPTY):
            begin -= 1
        if begin == book.first_day > book.born and day < book.whole_from():
            return Shortage(begin, back, inf)
        if back - begin >= MISSING_DAYS and (found := _shortage(book, begin, back)) is not None:
            return found
    return None


def made_up(book: ItemDays, shortage: Shortage, begin: int) -> float:
    """Packs that may still come for what was missed, from ``begin`` on, beside what is usual."""
    caught = 0.0
    for day in range(shortage.back, begin):
        caught += book.volume(day) - book.usual(day)
    return max(_AHEAD * shortage.missed - max(caught, 0.0), 0.0)


def expected_after(book: ItemDays, shortage: Shortage, day: int, days: int) -> float:
    """Packs expected of the ``days`` days up to ``day``, with what is made up for."""
    begin, packs = day - days + 1, 0.0
    for each in range(begin, day + 1):
        if not shortage.begin <= each < shortage.back:
            packs += book.usual(each)
    return packs + made_up(book, shortage, begin)


def _shortage(book: ItemDays, begin: int, back: int) -> Shortage | None:
    known = book.expected(begin)
    missed = 0.0
    for day in range(begin, back):
        missed += book.usual(day)
    if known is None or missed <= 0.0:
        return None
    nats = silence(missed, known._replace(mean=missed).variance())
    return Shortage(begin, back, missed) if nats >= MISSING_NATS else None
