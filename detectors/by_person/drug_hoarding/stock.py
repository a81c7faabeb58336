"""How much of a drug does a person have at home, by all that was fetched anywhere in half a year?

Each fetch adds the days that it lasts, each day takes one away (never below none). How long a fetch lasts is what the
prescription says, or what the quantity lasts at the most that can be used a day, whichever is longer: a heap that is called a
week's supply is a heap all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from detectors.books.half_years import begin_of_next_half, half_of
from detectors.books.person import PersonPage
from detectors.engine.rule import References
from schemas.china_time import DAY, format_day
from schemas.references import CatalogueItem
from schemas.snapshots import OUTPATIENT, Dispensed, Reference

PACK: Final = "盒"  # the only unit of which the least that it lasts is the same for most drugs


class Taken(msgspec.Struct, frozen=True):
    """What a person fetched of a drug at one institution on one day, in however many calls."""

    day: int
    institution: str
    quantity: float
    scope: int
    supply: float | None  # days; None where neither the prescription nor the catalogue says
    is_declared: bool  # by the prescription's days or the catalogue's limit, not by what a pack lasts at least
    sources: tuple[tuple[str, Reference], ...]  # visit and message
    is_early: bool = False  # enough was left at home


class Stock(msgspec.Struct, frozen=True):
    """What was fetched in half a year, in order of time, and what it came to at home."""

    item: str
    taken: tuple[Taken, ...]
    levels: tuple[float, ...]  # days at home after each fetch
    month: str  # with the most fetches
    times: int  # in it
    peak: float
    peak_day: int

    @property
    def early(self) -> int:
        """Fetches made while enough was left."""
        return sum(one.is_early for one in self.taken)

    @property
    def institutions(self) -> int:
        """How many gave it."""
        return len({one.institution for one in self.taken})

    @property
    def supply(self) -> float:
        """Days that all of it lasts."""
        return sum(one.supply or 0.0 for one in self.taken)

    def level(self, day: int) -> float:
        """Days at home at that day's end."""
        last = max((n for n, one in enumerate(self.taken) if one.day <= day), default=None)
        return 0.0 if last is None else max(0.0, self.levels[last] - (day - self.taken[last].day))


Fetched = tuple[str, str, str, Reference, Dispensed]  # visit, institution, kind, message, drug


def fetched(page: PersonPage) -> dict[str, list[Fetched]]:
    """What was taken home, by anchor: the drug, and the half of the year. Halves that are partly forgotten are left out."""
    found: dict[str, list[Fetched]] = {}
    for visit, fetch in page.taken_home():
        for drug in fetch.drugs:
            if begin_of_next_half(drug.day) * DAY > page.drugs_kept_from:
                each = (visit, fetch.institution, fetch.kind, fetch.source, drug)
                found.setdefault(f"{drug.item}|{half_of(drug.day)}", []).append(each)
    return found


def stock_of(fetches: list[Fetched], references: References, pack_days: int, overlap_days: int) -> Stock | None:
    """None where nothing was taken home: what is given for the day is used up on the spot."""
    item = fetches[0][4].item
    taken = sorted(_by_place(fetches, references.item(item), pack_days), key=lambda one: (one.day, one.institution))
    return _walk(item, taken, overlap_days) if taken else None


def _by_place(fetches: list[Fetched], known: CatalogueItem | None, pack_days: int) -> Iterator[Taken]:
    places: dict[tuple[int, str], list[Fetched]] = {}
    for each in fetches:
        places.setdefault((each[4].day, each[1]), []).append(each)
    for (day, institution), those in places.items():
        those.sort(key=lambda each: each[0])
        quantity = round(sum(each[4].quantity for each in those), 4)
        stated = max(each[4].days for each in those)
        lasting, is_limit = _lasting(quantity, known, pack_days)
        supply = max(stated, lasting)
        if supply <= 1 and all(each[2] == OUTPATIENT for each in those):
            continue
        yield Taken(
            day, institution, quantity, sum(each[4].scope for each in those), supply if supply > 0 else None,
            is_limit or (0 < stated >= lasting), tuple((each[0], each[3]) for each in those),
        )  # fmt: skip


def _lasting(quantity: float, known: CatalogueItem | None, pack_days: int) -> tuple[float, bool]:
    """Days that a quantity lasts at the most that is used a day, 0 where nobody knows; whether the catalogue says so."""
    if known is None:
        return 0.0, False
    if known.per_day_max is not None and known.per_day_max > 0:
        return min(quantity / known.per_day_max, _MOST_DAYS), True
    return (quantity * pack_days if known.unit == PACK else 0.0), False


_MOST_DAYS: Final = 1e6  # what prd_days can say: a limit next to nothing makes no number that nobody can read


def _walk(item: str, taken: list[Taken], overlap_days: int) -> Stock:
    levels: list[float] = []
    level, before = 0.0, taken[0].day
    for number, one in enumerate(taken):
        level = max(0.0, level - (one.day - before))
        before = one.day
        if level >= overlap_days:
            taken[number] = msgspec.structs.replace(one, is_early=True)
        level += one.supply or 0.0
        levels.append(level)
    peak = max(levels)
    month, times = _busiest(one.day for one in taken)
    return Stock(item, tuple(taken), tuple(levels), month, times, peak, taken[levels.index(peak)].day)


def _busiest(days: Iterable[int]) -> tuple[str, int]:
    """The calendar month with the most fetches, of several the first, and how many."""
    months: dict[str, int] = {}
    for day in days:
        month = format_day(day)[:7]
        months[month] = months.get(month, 0) + 1
    month = min(months, key=lambda one: (-months[one], one))
    return month, months[month]
