"""Which days of an item could a rule be interested in? A cheap question, asked of every day on which something came.

Marked are days on which the volume, alone or with the days before, passes what no rule asks less than; and days up to which a
pack cost far more than before.
"""

from __future__ import annotations

from typing import Final

from detectors.books.kept_days import LUMP_UNIT, KeptDays, variance_of_drugs
from detectors.books.volumes import THOUSAND
from detectors.models.tail import surprise

_WINDOWS: Final = (7, 14, 28)  # days over which volumes are judged, beside a single one
LONGEST_WINDOW: Final = 28
_SCREEN_PACKS: Final = 4 * THOUSAND
SCREEN_NATS: Final = 6.9  # one in a thousand; no rule may ask for less
SCREEN_RATIO: Final = 1.25
DEARER_DAYS, USUAL_DAYS = 14, 28  # a price is asked about over these days, against those before them
DEARER_SCREEN: Final = 1.3  # times the usual price; no rule may ask for less
_DEARER_PACKS: Final = 8 * THOUSAND


def passes(days: KeptDays, day: int) -> bool:
    """Whether a window that ends on ``day`` passes the screen. A day without volume never does."""
    index = day - days.first_day
    total = days.volumes[index]
    if total <= 0:
        return False
    if total >= _SCREEN_PACKS and days.means[index] >= 0:
        mean = days.means[index] / THOUSAND
        if total >= mean * THOUSAND * SCREEN_RATIO and _surprises(days, total, mean, index):
            return True
    return _is_much(days, index) or is_dear(days, day)


def is_dear(days: KeptDays, day: int) -> bool:
    """Whether a pack of the days up to this one cost far more than before them."""
    index = day - days.first_day
    begin = index - DEARER_DAYS + 1
    first = begin - USUAL_DAYS
    if first < 0:
        return False
    packs = sum(days.volumes[begin : index + 1])
    usual = sum(days.volumes[first:begin]) if packs >= _DEARER_PACKS else 0
    if usual < _DEARER_PACKS:
        return False
    fen, before = sum(days.scopes[begin : index + 1]), sum(days.scopes[first:begin])
    return before > 0 and fen * usual >= DEARER_SCREEN * before * packs


def _is_much(days: KeptDays, index: int) -> bool:
    """Whether one of the longer windows passes."""
    total, end = 0, index + 1
    for width in _WINDOWS:
        begin = index - width + 1
        if begin < 0:
            return False
        total += sum(days.volumes[begin:end])
        end = begin
        if total < _SCREEN_PACKS:
            continue
        week = days.means[begin : begin + 7]
        mean = sum(week) / THOUSAND * width / 7
        # The cheap question first: nearly all windows stay below it.
        if total >= mean * THOUSAND * SCREEN_RATIO and min(week) >= 0 and _surprises(days, total, mean, begin):
            return True
    return False


def _surprises(days: KeptDays, total: int, mean: float, begin: int) -> bool:
    lumpiness, stray = days.lumps[begin] / LUMP_UNIT, days.spreads[begin] / THOUSAND * mean
    variance = variance_of_drugs(mean, lumpiness * mean + stray * stray, days.first_day + begin)
    return surprise(total / THOUSAND, mean, variance) >= SCREEN_NATS
