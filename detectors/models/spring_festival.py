"""How near is a day to Spring Festival?

Around it pharmacies sell ahead, hospitals empty, and both catch up: the one season that moves by weeks from year to year,
so that no weekday or month explains it. The dates of 2000–2050 were compared with the new moons (Meeus, *Astronomical
Algorithms*, ch. 49) in China time; outside of them nothing is known, and nothing is allowed for.
"""

from __future__ import annotations

from datetime import date

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# Month and day of the first day of the lunar year, from 2000 on.
_DATES = (
    "0205 0124 0212 0201 0122 0209 0129 0218 0207 0126 0214 0203 0123 0210 0131 0219 0208 0128 0216 0205 "
    "0125 0212 0201 0122 0210 0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 "
    "0212 0201 0122 0210 0130 0217 0206 0126 0214 0202 0123"
)
_FIRST_YEAR = 2000
_DAYS = tuple(
    date(_FIRST_YEAR + index, int(text[:2]), int(text[2:])).toordinal() - _EPOCH_ORDINAL
    for index, text in enumerate(_DATES.split())
)

_STOCKING_UP = 14  # days before it in which people buy ahead
_QUIET = 8  # days from its eve on in which little is open
_CATCHING_UP = 20  # days after its first day until custom is ordinary again


_UNSETTLED = frozenset(first + near for first in _DAYS for near in range(-_STOCKING_UP, _CATCHING_UP + 1))
_QUIET_DAYS = frozenset(first + near for first in _DAYS for near in range(-1, _QUIET - 1))


def is_unsettled(day: int) -> bool:
    """Volumes may rightly be far off: buying ahead, the holiday, or catching up. False outside 2000–2050."""
    return day in _UNSETTLED


def is_quiet(day: int) -> bool:
    """The holiday itself, when little is open: its low volumes say nothing of the time after it."""
    return day in _QUIET_DAYS
