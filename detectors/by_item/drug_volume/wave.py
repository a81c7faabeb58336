"""What does a window let expect when the item has risen at the other sellers too, or with all that its place sells?

Day by day what the rise beside it makes of the institution's own baseline (`detectors.books.expected_in_wave`), where that is
more than the baseline as it stands. What is added is not known as well as the rest: honest sellers' rises differ.
"""

from __future__ import annotations

from detectors.books.expected_in_wave import expected_in_wave
from detectors.books.item import ItemPage
from detectors.books.item_days import ItemDays
from detectors.books.item_sales import UsualSales
from detectors.books.item_wave import Wave
from detectors.books.kept_days import Ordinary

# Of what a rise adds: one honest seller in three has less than half of it, or half as much again (ENG).
_RISES_APART = 0.5


def expected_of(book: ItemDays, day: int, week: int) -> float:
    """Packs expected of ``day`` by the reference week that begins on ``week``."""
    return book.usual(week + (day - week) % 7)


def expected_among(page: ItemPage, day: int, week: int) -> float:
    """`expected_of`, or what the rise beside it lets expect where that is more."""
    return max(expected_of(page.days, day, week), expected_in_wave(page.waves, day))


def rise_variance(more: float) -> float:
    """What honest sellers' different rises add to the variance, of ``more`` packs that a rise adds to what is expected."""
    return (_RISES_APART * more) ** 2


def in_wave(book: ItemDays, waves: dict[int, Wave], day: int, days: int, ordinary: Ordinary) -> Ordinary:
    """The window of ``days`` up to ``day`` with what the rise beside it adds."""
    begin = day - days + 1
    more, known = _more(book, waves, begin, day), book.expected(begin)
    if known is None or more <= 0.0:
        return ordinary
    mean = ordinary.mean + more
    return Ordinary(mean, known.lumpiness * mean + (known.spread * mean) ** 2 + rise_variance(more))


def sales_in_wave(
    book: ItemDays, waves: dict[int, Wave], day: int, days: int, told: UsualSales
) -> tuple[UsualSales, float]:
    """As many times the usual sales as it is packs, and how many times that is."""
    ordinary = book.ordinary(day, days)
    more = 0.0 if ordinary is None else _more(book, waves, day - days + 1, day)
    if ordinary is None or more <= 0.0:
        return told, 1.0
    rise = 1.0 + more / ordinary.mean
    chance = told.chance * rise
    variance = chance + (told.variance - told.chance) * rise**2 + rise_variance((rise - 1.0) * told.mean)
    return told._replace(mean=told.mean * rise, variance=variance, chance=chance), rise


def _more(book: ItemDays, waves: dict[int, Wave], begin: int, day: int) -> float:
    """Packs by which the rise beside it lets expect more of the window than the item's own baseline does."""
    more = 0.0
    for each in range(begin, day + 1):
        risen = expected_in_wave(waves, each)
        if risen > 0.0:
            more += max(risen - expected_of(book, each, begin), 0.0)
    return more
