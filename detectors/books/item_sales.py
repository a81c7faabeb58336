"""How many sales of an item were there, and how many were to be expected?

A sale is a line that stands, whatever it brings: 87 sales in two weeks where 31 came in ten are far out of the ordinary, and do
not show in packs where some of the 31 brought a dozen. Counted on the day of service; a correction takes the line off again, so
the counts are whole. What is usual of a window is the mean of the eight weeks before it, with the spread from week to week beyond
chance; nothing is said while fewer than four weeks lie before it. Counts are kept eight weeks longer than volumes: of every day
that may still be judged what was usual stays what it was.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from detectors.books.item_days import ItemDays
from detectors.books.kept_days import DRIFT_UNIT
from detectors.books.volumes import VolumeDelta
from detectors.models.baseline import DRUGS_FESTIVAL_DRIFT
from detectors.models.spring_festival import is_unsettled
from detectors.models.tail import surprise

WINDOWS: Final = (7, 14, 28)
_BEFORE: Final = 56  # days, by which counts are kept longer than volumes: no window begins before those
_LEAST_BEFORE: Final = 28
_LEAST_SALES: Final = 8  # in a window; fewer prove nothing
_SCREEN_RATIO: Final = 1.3
_SCREEN_NATS: Final = 6.9  # one in a thousand; no rule may ask for less
_EVEN: Final = 1e-6  # a quotient and a product are rounded otherwise
_PRIOR_LUMPS, _PRIOR_WEEKS = 1.2, 4.0
_SMALLEST: Final = 0.5  # sales that were to be expected of a window, at least


SavedSales: TypeAlias = tuple[int, int, list[int], list[int]]


class SalesDays:
    """The counts. ``counts`` holds one number a day from ``first_day`` on; ``busy`` the days that may interest a rule."""

    def __init__(self) -> None:
        self.first_day = -1
        self.since = -1  # the first day that was counted whole; later than ``first_day`` on a page older than this book
        self.counts: list[int] = []
        self.busy: list[int] = []

    def saved(self) -> SavedSales:
        """All of it as plain numbers; equal ones give equal numbers."""
        return self.first_day, self.since, self.counts, self.busy

    @staticmethod
    def restored(saved: Any) -> SalesDays:
        """What was `saved`. Raises `ValueError` for anything else."""
        sales = SalesDays()
        sales.first_day, sales.since, sales.counts, sales.busy = msgspec.convert(saved, SavedSales)
        return sales

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SalesDays) and self.saved() == other.saved()

    __hash__ = None  # type: ignore[assignment]  # it changes


class UsualSales(NamedTuple):
    """A window's sales: how many there were, and what was to be expected. ``chance`` is the part of the variance that grows with
    the mean, not with its square; ``lumps`` is how many come together, in which what is believed beforehand has the share
    ``prior``."""

    number: int
    mean: float
    variance: float
    chance: float
    lumps: float = 1.0
    prior: float = 0.0

    def more_by(self, together: float) -> float:
        """Variance that is added where so many sales are believed beforehand to come together, not `_PRIOR_LUMPS`. What was seen
        of the weeks before weighs as it did."""
        return self.chance / self.lumps * max(together - _PRIOR_LUMPS, 0.0) * self.prior


def align(sales: SalesDays, days: ItemDays) -> None:
    """Keep the days that ``days`` keeps, and those before them that what is usual is made of."""
    if sales.first_day < 0:
        sales.first_day = days.first_day
        sales.since = days.today if days.baseline.days else days.first_day
    first = days.first_day
    if 0 <= days.born < first and days.baseline.days:  # it goes on; days before its birth are no part of it
        first = max(first - _BEFORE, min(sales.first_day, first))
    surplus = first - sales.first_day
    if surplus < 0 or surplus >= len(sales.counts):
        sales.counts, sales.busy = [], []
    elif surplus:
        del sales.counts[:surplus]
    if sales.busy and sales.busy[0] < days.first_day:
        sales.busy = [day for day in sales.busy if day >= days.first_day]
    sales.first_day = first
    more = days.first_day + len(days.volumes) - first - len(sales.counts)
    if more > 0:
        sales.counts += [0] * more


def post_sales(sales: SalesDays, days: ItemDays, changes: list[VolumeDelta]) -> None:
    """Count what one message sold or took back."""
    align(sales, days)
    touched: list[int] = []
    for change in changes:
        index = change.day - sales.first_day
        if change.day < days.first_day or index < 0 or index >= len(sales.counts) or change.quantity == 0.0:
            continue
        sales.counts[index] += 1 if change.quantity > 0.0 else -1
        if change.day not in touched:
            touched.append(change.day)
    for day in touched:
        for end in range(day, min(day + WINDOWS[-1], days.today + 1)):
            _screen(sales, days, end)


def _screen(sales: SalesDays, days: ItemDays, end: int) -> None:
    is_busy = False
    if sales.counts[end - sales.first_day] > 0:
        for window in WINDOWS:
            if not may_be_many(sales, days, end, window):
                continue
            told = usual_sales(sales, days, end, window)
            if told is None or told.number < told.mean * _SCREEN_RATIO:
                continue
            if surprise(float(told.number), told.mean, told.variance) >= _SCREEN_NATS:
                is_busy = True
                break
    is_known = end in sales.busy
    if is_busy and not is_known:
        sales.busy.append(end)
        sales.busy.sort()
    elif is_known and not is_busy:
        sales.busy.remove(end)


def may_be_many(sales: SalesDays, days: ItemDays, day: int, window: int) -> bool:
    """The cheap question first: whether `usual_sales` of that window may tell more than is usual; nearly always no."""
    end = day - sales.first_day + 1
    begin = end - window
    count = sum(sales.counts[max(begin, 0) : max(end, 0)])
    if count < _LEAST_SALES:
        return False
    first = _first_before(sales, days, begin)
    known = begin - first
    return known >= _LEAST_BEFORE and count * known > sum(sales.counts[first:begin]) * window * _SCREEN_RATIO - _EVEN


def _first_before(sales: SalesDays, days: ItemDays, begin: int) -> int:
    """The place of the first of the days before a window that say what is usual of it."""
    born = max(days.born, sales.since, sales.first_day) - sales.first_day
    return begin - _BEFORE if begin - _BEFORE > born else born


def usual_sales(sales: SalesDays, days: ItemDays, day: int, window: int) -> UsualSales | None:
    """Of the ``window`` days up to ``day``; None where too little is known, or too few were sold to matter."""
    end = day - sales.first_day + 1
    begin = end - window
    first = _first_before(sales, days, begin)
    known = begin - first
    if days.born < 0 or known < _LEAST_BEFORE or end > len(sales.counts):
        return None
    count = sum(sales.counts[begin:end])
    if count < _LEAST_SALES:
        return None
    before = sum(sales.counts[first:begin])
    mean = before * window / known
    if count < mean * _SCREEN_RATIO:  # the cheap question first: nearly always
        return UsualSales(count, mean, mean, mean)  # never a crossing
    mean = mean if mean > _SMALLEST else _SMALLEST
    lumps = _lumps(sales.counts, first, begin)
    place = begin + sales.first_day - days.first_day  # a window that begins before the volumes is never asked about
    drift = days.drifts[place] / DRIFT_UNIT if 0 <= place < len(days.drifts) else 0.0
    chance = lumps * mean * (1.0 + window / known)  # with what is not known of the mean
    stray = drift * drift + (DRUGS_FESTIVAL_DRIFT if is_unsettled(begin + sales.first_day) else 0.0)
    prior = _PRIOR_WEEKS / ((begin - first) // 7 - 1 + _PRIOR_WEEKS)
    return UsualSales(count, mean, chance + stray * mean * mean, chance, lumps, prior)


def _lumps(counts: list[int], first: int, begin: int) -> float:
    """Variance over mean of whole weeks, at least 1: how much more than by chance sales come together."""
    weeks = (begin - first) // 7
    totals = [sum(counts[begin - 7 * (week + 1) : begin - 7 * week]) for week in range(weeks)]
    mean = sum(totals) / weeks
    if mean <= 0.0:
        return _PRIOR_LUMPS
    strayed = sum((total - mean) ** 2 for total in totals) / (weeks - 1) / mean
    lumps = (strayed * (weeks - 1) + _PRIOR_LUMPS * _PRIOR_WEEKS) / (weeks - 1 + _PRIOR_WEEKS)
    return lumps if lumps > 1.0 else 1.0
