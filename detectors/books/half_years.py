"""Which half of which calendar year is a day in? Days count from 1970-01-01."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

_EPOCH: Final = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4_096)
def half_of(day: int) -> str:
    """Its name.

    >>> half_of(0), half_of(181)
    ('1970H1', '1970H2')
    """
    at = date.fromordinal(_EPOCH + day)
    return f"{at.year}H{1 if at.month <= 6 else 2}"


@lru_cache(maxsize=4_096)
def begin_of_next_half(day: int) -> int:
    """The first day that is not in it any more.

    >>> begin_of_next_half(0), begin_of_next_half(181)
    (181, 365)
    """
    at = date.fromordinal(_EPOCH + day)
    after = date(at.year, 7, 1) if at.month <= 6 else date(at.year + 1, 1, 1)
    return after.toordinal() - _EPOCH
