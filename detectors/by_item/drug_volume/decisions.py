"""How many packs does one decision bring, and are a day's sales one swiping of cards?

Volume is judged by its chance variation, and what varies by chance is patients, not packs: an infusion that is hung up
every day of a stay is one decision of nine packs, a prescription for three months one of twelve. The spread from day to day
does not show it, for the days of one stay come one after another. So the messages of the conspicuous days are asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from detectors.books.item import Citations
from detectors.books.volumes import THOUSAND

STAY_DAYS: Final = 9  # a stay lasted 8.8 days (domain.md §5), and what is given is given daily
_A_DAY: Final = 3  # packs a day that one patient may need
_PRESCRIBED: Final = 12  # packs at one go: a chronic prescription is of 12 weeks at most (domain.md §4.9)
INPATIENT: Final = "2301"
_OUTPATIENT: Final = "2204"
_SWIPED_WITHIN: Final = 60  # seconds from one to the next (rules.md card_burst)
_LEAST_SWIPED: Final = 3


def packs_of_one(days: Iterable[Citations], window: int) -> float:
    """Packs that one patient of those who were cited brings in ``window`` days, weighted by their packs; 0 where none is."""
    packs = weighted = 0.0
    for cited in days:
        for reference, amount in zip(cited.references, cited.amounts, strict=True):
            if amount > 0:
                packs += amount
                weighted += amount * _of_one(reference.infno, amount / THOUSAND, window)
    return weighted / packs if packs else 0.0


def _of_one(infno: str, billed: float, window: int) -> float:
    if infno == INPATIENT:
        return min(billed, _A_DAY) * min(window, STAY_DAYS)
    return min(billed, _PRESCRIBED) if infno == _OUTPATIENT else 0.0


def is_burst(cited: Citations) -> bool:
    """Whether most of what is cited of a day is one amount, billed again and again within seconds: `card_burst` asks who."""
    sales = sorted(
        (reference.inf_time, amount)
        for reference, amount in zip(cited.references, cited.amounts, strict=True)
        if reference.infno != INPATIENT
    )
    longest = run = 1
    for (earlier, packs), (later, again) in pairwise(sales):
        run = run + 1 if again == packs and later - earlier <= _SWIPED_WITHIN else 1
        longest = max(longest, run)
    return longest >= _LEAST_SWIPED and 2 * longest >= len(cited.references)
