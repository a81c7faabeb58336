"""Is an item billed as it was, and only dearer?

The packs of two weeks at what a pack cost in the four weeks before them: what was billed beyond that is money without volume.
Only days that are over, as the numbers stood this morning, so an alert changes once a day. Where packs are billed as pieces, or
pieces as packs, the price jumps and the money does not: it must have grown by nearly as much. Source: rules.md drug_volume.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.item import ItemPage
from detectors.books.item_days import ItemDays
from detectors.books.item_screen import DEARER_DAYS, USUAL_DAYS, is_dear
from detectors.books.kept_days import LONGEST_GAP
from schemas.alerts import Point, Series
from schemas.china_time import format_day

ANCHOR: Final = "dearer|"
_LEAST_PACKS: Final = 8.0  # of either: fewer are no price
_OF_MONEY: Final = 0.9  # of the rise of the price, at least, in money a day
_DRAWN_DAYS: Final = 42


class Dearer(NamedTuple):
    """A story: the day on which it was first seen, its first and last day, packs and fen since it began, fen a pack before."""

    seen: int
    begin: int
    last: int
    packs: float
    fen: int
    usual: float

    @property
    def anchor(self) -> str:
        """Named by the month in which it began: a late line may move the day on which it is seen."""
        return ANCHOR + format_day(self.begin)[:7]

    @property
    def price(self) -> float:
        """Fen a pack since it began."""
        return self.fen / self.packs

    @property
    def excess(self) -> int:
        """Fen beyond the usual price."""
        return round(self.fen - self.usual * self.packs)


def dearer(page: ItemPage, ratio: float, least: int) -> list[Dearer]:
    """The stories that the page knows, oldest first: ``ratio`` times the usual price, ``least`` fen beyond it in two weeks."""
    book, found = page.days, list[Dearer]()
    for day in book.suspects:
        if (
            day >= book.today or day < book.whole_from() or not is_dear(book, day)
        ):  # nearly all are here for their packs
            continue
        usual = _usual_before(book, day, ratio, least)
        if usual is None:
            continue
        one = Dearer(day, _begin(book, day, usual, ratio), day, 0.0, 0, usual)
        if found and (day - found[-1].last <= LONGEST_GAP or one.anchor == found[-1].anchor):
            found[-1] = found[-1]._replace(last=day)
        else:
            found.append(one)
    return [_summed(book, one) for one in found if one.seen >= book.known_from()]


def _usual_before(book: ItemDays, day: int, ratio: float, least: int) -> float | None:
    """Fen a pack of the four weeks before the two up to a day; None where these are not so much dearer."""
    begin = day - DEARER_DAYS + 1
    packs, fen = _told(book, begin, day)
    before, spent = _told(book, begin - USUAL_DAYS, begin - 1)
    if packs < _LEAST_PACKS or before < _LEAST_PACKS or spent <= 0:
        return None
    usual = spent / before
    is_dear = fen >= ratio * usual * packs and fen - usual * packs >= least
    is_more = fen / DEARER_DAYS >= _OF_MONEY * ratio * spent / USUAL_DAYS
    return usual if is_dear and is_more else None


def _told(book: ItemDays, begin: int, end: int) -> tuple[float, int]:
    told = [book.told(day) for day in range(begin, end + 1)]
    return sum(packs for packs, _ in told), sum(fen for _, fen in told)


def _begin(book: ItemDays, seen: int, usual: float, ratio: float) -> int:
    """The first day of its two weeks that was itself halfway to that price."""
    halfway = usual * (1 + ratio) / 2
    for day in range(seen - DEARER_DAYS + 1, seen):
        packs, fen = book.told(day)
        if packs > 0 and fen >= halfway * packs:
            return day
    return seen


def _summed(book: ItemDays, one: Dearer) -> Dearer:
    packs, fen = _told(book, one.begin, one.last)
    return one._replace(packs=packs, fen=fen)


def drawn_price(book: ItemDays, one: Dearer) -> Series:
    """Fen a pack, day by day, of days on which there was any."""
    points = []
    for day in range(max(one.last - _DRAWN_DAYS + 1, book.first_day), one.last + 1):
        packs, fen = book.told(day)
        if packs > 0:
            points.append(Point(format_day(day), round(fen / packs), 0.0, round(one.usual, 1)))
    return Series("fen", points)
