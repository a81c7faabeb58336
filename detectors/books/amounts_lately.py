"""Which of an institution's settlements of the last ten days come near to an amount, and are they more than chance explains?

Amounts lie in order, so that near ones are counted without a look at the others: hardly any settlement has enough of them.
A plain class, and no struct, so that it can be compiled.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Any, Final, NamedTuple

import msgspec

from detectors.books.amounts_spread import BIN, Spread
from detectors.models.tail import surprise
from schemas.china_time import DAY

WIDEST: Final = 0.03  # relative; no parameter of a rule can ask for more
WINDOW: Final = 10 * DAY  # nor for longer
FEWEST: Final = 4  # nor for fewer
MOST_SETTLED: Final = 500
_NOTEWORTHY: Final = 3.0  # nats


class Amount(NamedTuple):
    """Of a stay's settlement, fen."""

    time: int
    fund: int
    total: int


SavedLately = tuple[int, dict[str, Amount]]


class Lately:
    """Settlements by visit; all lie within `WINDOW` of one another, the newest that ever came included."""

    def __init__(self) -> None:
        self.newest = 0
        self.amounts: dict[str, Amount] = {}
        self.order: list[tuple[int, str]] = []  # time and visit
        self.funds: list[int] = []
        self.totals: list[int] = []

    def saved(self) -> SavedLately:
        """All of it as plain numbers, in order of time; equal ones give equal ones."""
        return self.newest, {visit: self.amounts[visit] for _, visit in self.order}

    @staticmethod
    def restored(saved: Any) -> Lately:
        """What was `saved`. Raises `ValueError` for anything else."""
        lately = Lately()
        lately.newest, lately.amounts = msgspec.convert(saved, SavedLately)
        for visit, amount in lately.amounts.items():
            lately.order.append((amount.time, visit))
            lately.funds.append(amount.fund)
            lately.totals.append(amount.total)
        lately.order.sort()
        lately.funds.sort()
        lately.totals.sort()
        return lately

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lately) and self.saved() == other.saved()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def is_within(self, time: int) -> bool:
        """Whether a settlement of that time is not too old to be known."""
        return time >= self.newest - WINDOW

    def put(self, visit: str, amount: Amount) -> list[tuple[int, str, Amount]]:
        """One more, of a visit that has none; what lies behind the window by it, in order of time, and the oldest of too many."""
        self.amounts[visit] = amount
        insort(self.order, (amount.time, visit))
        insort(self.funds, amount.fund)
        insort(self.totals, amount.total)
        if amount.time <= self.newest:
            return []
        self.newest = amount.time
        return self._let_go()

    def take(self, visit: str) -> Amount | None:
        """The visit has no settlement any more; which it had."""
        amount = self.amounts.pop(visit, None)
        if amount is not None:
            del self.order[bisect_left(self.order, (amount.time, visit))]
            self._drop(amount)
        return amount

    def _let_go(self) -> list[tuple[int, str, Amount]]:
        order, over, count = self.order, self.newest - WINDOW, 0
        while order[count][0] < over or len(order) - count > MOST_SETTLED:
            count += 1
        gone = [(time, visit, self.amounts.pop(visit)) for time, visit in order[:count]]
        del order[:count]
        for _, _, amount in gone:
            self._drop(amount)
        return gone

    def _drop(self, amount: Amount) -> None:
        del self.funds[bisect_left(self.funds, amount.fund)]
        del self.totals[bisect_left(self.totals, amount.total)]

    def near(self, amount: Amount, fund: Spread, total: Spread) -> list[str]:
        """The visits of an amount that more come near to than chance explains, given how amounts are spread."""
        if self._is_crowded(self.funds, amount.fund, fund):
            low, high = _bounds(amount.fund, WIDEST)
            return [visit for visit, other in self.amounts.items() if low <= other.fund <= high]
        if self._is_crowded(self.totals, amount.total, total):
            low, high = _bounds(amount.total, WIDEST)
            return [visit for visit, other in self.amounts.items() if low <= other.total <= high]
        return []

    def _is_crowded(self, values: list[int], value: int, spread: Spread) -> bool:
        low, high = _bounds(value, WIDEST)
        if bisect_right(values, high) - bisect_left(values, low) < FEWEST:
            return False
        low, high = _bounds(value, WIDEST / 2)
        nearest = bisect_right(values, high) - bisect_left(values, low)
        expected = len(values) * spread.usual(value) * WIDEST / BIN
        return surprise(nearest, expected, expected) >= _NOTEWORTHY


def _bounds(value: int, within: float) -> tuple[int, int]:
    reach = int(within * value)
    return value - reach, value + reach
