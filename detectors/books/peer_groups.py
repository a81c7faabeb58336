"""What do the institutions of a group have in common? What a case costs them, and how each indicator is spread over them.

A group is of one region (city), kind (medins_type) and level (hosp_lv); where it has too few members the wider ones are
asked: of that kind, then all of the region. Pages hold sums and counts, nothing by member, so ten thousand of them take no
more room than a hundred; each member remembers what it counts as, so that it can be left out, and be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log2
from typing import ClassVar, Final, NamedTuple, TypeVar

from detectors.books.peer_calendar import first_day
from detectors.engine.page import NEVER, Page
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.peer_days import Cases
from schemas.references import Institution

KEPT: Final = 110  # days after a month's end
MONTHS_KEPT: Final = 6
BINS: Final = 200  # to one of an indicator's scale: half a per cent
WIDEST_BIN: Final = 6_000
CLASSES: Final = 16  # of noise within a bin, each of twice the variance of the one before
_LEAST_NOISE: Final = 0.0125
OUTSIDE: Final = (WIDEST_BIN + 1) * CLASSES  # a bin in which nobody counts
_EVEN: Final = 1e-9  # sums of weights are no whole numbers
# All of a region, whatever their kind, by whether they have stays, visits, or nothing but sales.
WITH_STAYS, WITH_VISITS, SELLS_ONLY = "住院", "门诊", "药店"
CLASSES_OF_ALL: Final = (WITH_STAYS, WITH_VISITS, SELLS_ONLY)
LEAST_PEERS: Final = 4  # others in a group; with fewer the next wider one is asked


ValueT = TypeVar("ValueT")


class NormPage(Page, kw_only=True):
    """What one kind of case cost a group, by month: cases, total and logs (`schemas.peer_days.Cases`)."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"N"

    months: dict[int, tuple[int, int, int]] = {}

    def forgets_at(self) -> int:
        """When its last month is forgotten."""
        return _forgotten(self.months)


class SpreadPage(Page, kw_only=True):
    """How a group's members are spread: by month and indicator, how many lie in each bin of a `BINS`-th."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"G"

    months: dict[int, dict[str, dict[int, int]]] = {}

    def forgets_at(self) -> int:
        """When its last month is forgotten."""
        return _forgotten(self.months)


def _forgotten(months: Mapping[int, object]) -> int:
    return (first_day(max(months) + 1) + KEPT) * DAY if months else NEVER


def _latest(months: dict[int, ValueT], month: int) -> dict[int, ValueT]:
    """The months that are still asked about."""
    newest = max(month, *months) if months else month
    return {known: value for known, value in months.items() if known > newest - MONTHS_KEPT}


class Others(NamedTuple):
    """The other members of a group: how many, their median, and the median distance from it, in which each weighs as much as
    its number may be trusted; what they weigh together, and the variance that chance alone gives their numbers."""

    members: int
    median: float
    distance: float
    weight: float = 0.0
    chance: float = 0.0


def groups_of(region: str, known: Institution | None) -> tuple[str, ...]:
    """The names of its groups, the narrowest first; of an institution that nobody has described only the last."""
    widest = region or "-"
    if known is None or not known.kind or not region:
        return (widest,)
    kind = f"{widest} {known.kind}"
    return (f"{kind} {known.level}", kind, widest) if known.level else (kind, widest)


def is_of_one_kind(group: str) -> bool:
    """Whether its members are of one kind: all of a region that have beds are too different in what they are."""
    return " " in group and not group.endswith(CLASSES_OF_ALL)


# -- norms ------------------------------------------------------------------------------------------------------------


def norm_key(group: str, kind: str) -> bytes:
    """The key of a kind's norm."""
    return f"N{group}\0{kind}".encode()


def count_cases(pages: Pages, groups: tuple[str, ...], month: int, cases: tuple[Cases, ...], by: int) -> None:
    """Count cases ``by`` +1 or -1 in their groups' norms; also as what they have in common, the way of being served."""
    for group in groups:
        common: dict[str, list[int]] = {}
        for one in cases:
            if len(one.kind) > 1:  # a sale has no diagnosis: all that it shows is what all sales have in common
                _count(pages, norm_key(group, one.kind), month, by * one.count, by * one.total, by * one.logs)
            sums = common.setdefault(one.kind[0], [0, 0, 0])
            sums[0] += by * one.count
            sums[1] += by * one.total
            sums[2] += by * one.logs
        for kind, (count, total, logs) in common.items():
            _count(pages, norm_key(group, kind + "*"), month, count, total, logs)


def _count(pages: Pages, key: bytes, month: int, count: int, total: int, logs: int) -> None:
    page = pages.open(NormPage, key, NormPage)
    if month not in page.months:
        page.months = {**_latest(page.months, month), month: (0, 0, 0)}
        pages.sleep(key, page, page.forgets_at())
    held = page.months.get(month, (0, 0, 0))
    page.months[month] = held[0] + count, held[1] + total, held[2] + logs
    pages.changed(key, page)


def norm(pages: Pages, group: str, kind: str, month: int) -> tuple[int, int, int]:
    """What such cases cost the group in that month."""
    page = pages.get(NormPage, norm_key(group, kind))
    return (0, 0, 0) if page is None else page.months.get(month, (0, 0, 0))


# -- spreads ----------------------------------------------------------------------------------------------------------


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
        page.months = _latest(page.months, month)
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


def spread_of(bins: Mapping[int, int]) -> Others:
    """Their middle, and how far from it half of them lie; of bins of `BINS` to one, all as certain."""
    return _weighed({place * CLASSES: members for place, members in bins.items()}, 1.0)


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
