"""How is an indicator spread over the institutions of a group? Counted by bins, so that one can be left out or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from math import log2
from typing import Final, NamedTuple

from detectors.books.peer_groups import SpreadPage, latest
from detectors.engine.pages import Pages

BINS: Final = 200  # to one of an indicator's scale: half a per cent
WIDEST_BIN: Final = 6_000
CLASSES: Final = 16  # of noise within a bin, each of twice the variance of the one before
_LEAST_NOISE: Final = 0.0125
OUTSIDE: Final = (WIDEST_BIN + 1) * CLASSES  # a bin in which nobody counts
_EVEN: Final = 1e-9  # sums of weights are no whole numbers


class Others(NamedTuple):
    """The other members of a group: how many, their median, and the median distance from it, in which each weighs as much as
    its number may be trusted; what they weigh together, and the variance that chance alone gives their numbers."""

    members: int
    median: float
    distance: float
    weight: float = 0.0
    chance: float = 0.0


def spread_key(group: str) -> bytes:
    """The key of a group's spreads."""
    return f"G{group}".encode()


def bin_of(value: float, noise: float = 0.0) -> int:
    """Where it is counted: by its value, and within that by how uncertain it is."""
    place = min(max(round(value * BINS), -WIDEST_BIN), WIDEST_BIN)
    return place * CLASSES + (min(max(round(2 * log2(noise / _LEAST_NOISE)), 0), CLASSES - 1) if noise > 0 else 0)


def noise_of(place: int) -> float:
    """The noise that a bin stands for."""
    return _LEAST_NOISE * float(2 ** (place % CLASSES / 2))


def count_bins(pages: Pages, group: str, month: int, before: dict[str, int], after: dict[str, int]) -> None:
    """A member of the group counts as ``after`` now, and not as ``before``."""
    key = spread_key(group)
    page = pages.open(SpreadPage, key, SpreadPage)
    if month not in page.months:
        page.months = latest(page.months, month)
    indicators = page.months.setdefault(month, {})
    for name, place in before.items():
        bins = indicators.get(name, {})
        bins[place] = bins.get(place, 0) - 1
        if bins[place] <= 0:
            del bins[place]
    for name, place in after.items():
        bins = indicators.setdefault(name, {})
        bins[place] = bins.get(place, 0) + 1
    pages.changed(key, page)
    pages.sleep(key, page, page.forgets_at())


def others(pages: Pages, group: str, month: int, name: str, own: int, believed: float = 1.0) -> Others:
    """The group's members but for one that counts in the bin ``own``. A number whose noise is far beyond the spread that is
    ``believed`` among honest members tells little of what is usual, and weighs little."""
    page = pages.get(SpreadPage, spread_key(group))
    bins = dict({} if page is None else page.months.get(month, {}).get(name, {}))
    if own in bins:
        bins[own] -= 1
    return _weighed(bins, believed)


def _weighed(bins: Mapping[int, int], believed: float) -> Others:
    count = sum(bins.values())
    if not count:
        return Others(0, 0.0, 0.0)
    values: dict[int, float] = {}
    chance = 0.0
    for place, members in bins.items():
        noise = noise_of(place)
        weight = members / (1 + (noise / believed) ** 2)
        values[place // CLASSES] = values.get(place // CLASSES, 0.0) + weight
        chance += weight * noise**2
    whole = sum(values.values())
    median = _median(sorted(values.items()), whole)
    distances: dict[float, float] = {}
    for value, weight in values.items():
        distances[abs(value - median)] = distances.get(abs(value - median), 0.0) + weight
    distance = _median(sorted(distances.items()), whole)
    return Others(count, median / BINS, distance / BINS, whole, chance / whole)


def _median(weighed: list[tuple[int, float]] | list[tuple[float, float]], whole: float) -> float:
    """Where half of the weight lies on either side; between two such places, in the middle."""
    seen, low = 0.0, None
    for place, weight in weighed:
        seen += weight
        if low is not None:
            return (low + place) / 2
        if seen > whole / 2 * (1 + _EVEN):
            return float(place)
        if seen >= whole / 2 * (1 - _EVEN):
            low = float(place)
    return 0.0 if low is None else low
