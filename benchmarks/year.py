"""What would a year of a county of a million people take, in time and in memory? Projected from measurements.

* A county of 10,000 people over 500 days: longer than anything is kept (400 days), so that its state grows, and stops growing.
* Counties of 30,000 and 100,000 people over 60 days: how the number of pages of each kind follows the number of people.
* The one of 100,000 people with a tenth of the cache: as many of its pages fit as would of a million people's with the whole
  cache, so what a page costs that must be decoded again is in the figure.

What a transaction costs rises while books fill and models learn: the county of 500 days says by how much.
"""

from __future__ import annotations

import math
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import msgspec

import detectors.engine.stage
from benchmarks.commands import PROJECT, in_own_process
from benchmarks.counties import county
from benchmarks.growth import Cost, steady_cost
from benchmarks.page_sizes import decoded_size
from benchmarks.replaying import apply_transactions, opened
from benchmarks.results import Row, Section, Tell, table
from detectors.engine.pages import MOST_DECODED
from stream import pipeline
from stream.replay import Replay

CHART = PROJECT / "docs" / "year.svg"
PEOPLE, YEAR = 1_000_000, 365
_GIB = 2**30
_CENSUS_DAYS = 20
_DECODED_SAMPLE = 1_000
_SHOWN_DAYS = (20, 60, 100, 200, 300, 360, 400)


class Kept(msgspec.Struct, frozen=True):
    """The pages of one kind, of a stage: how many; their bytes saved with their keys, as objects in memory, and decoded."""

    stage: str
    pages: float = 0
    saved: float = 0
    in_memory: float = 0
    decoded: float = 0

    def times(self, factor: float) -> Kept:
        """That many of them."""
        return Kept(self.stage, *(factor * size for size in (self.pages, self.saved, self.in_memory, self.decoded)))


class Census(msgspec.Struct, frozen=True):
    """A county's state after so many days."""

    day: int
    transactions: int
    kinds: dict[str, Kept]
    cpu_seconds: float  # that the replay had taken so far


def censuses(folder: Path, days: list[int]) -> list[Census]:
    """Replay the county, and count its saved pages after each of these days and at the end."""
    replay = opened(folder)
    found: list[Census] = []
    spent, since = 0.0, time.process_time()

    def look(day: int) -> None:
        nonlocal spent, since
        if day in days:
            spent += time.process_time() - since
            found.append(_census(replay, day, spent))
            since = time.process_time()

    apply_transactions(replay, folder, look)
    return found


def _census(replay: Replay, day: int, cpu_seconds: float) -> Census:
    replay.pipeline.save()
    kinds_of = {stage.name: stage.pages.kinds() for stage in replay.pipeline.stages}
    kinds: dict[str, Kept] = {}
    tracemalloc.start()
    for (stage, _), store in replay.pipeline.stores.items():
        entry = sys.getsizeof(store) / max(len(store), 1)
        for prefix in sorted({key[:1] for key in store}):
            pages = [(key, page) for key, page in store.items() if key[:1] == prefix]
            kind = kinds_of[stage][prefix]
            saved = sum(len(key) + len(page) for key, page in pages)
            objects = sum(sys.getsizeof(key) + sys.getsizeof(page) + entry for key, page in pages)
            sample = pages[:: max(len(pages) // _DECODED_SAMPLE, 1)]
            decoded = sum(decoded_size(kind, page) for _, page in sample) * len(pages) / len(sample)
            name = kind.__name__.removesuffix("Page").lower()
            kinds[name] = Kept(stage, len(pages), saved, objects, decoded)
    tracemalloc.stop()
    return Census(day, replay.transactions, kinds, cpu_seconds)


def steady_cost_with_narrow_cache(folder: Path, from_day: int, share: float) -> Cost:
    """As `growth.steady_cost`, with room for that share of the decoded pages that production has."""
    detectors.engine.stage.MOST_DECODED = pipeline.MOST_DECODED = int(MOST_DECODED * share)
    return steady_cost(folder, from_day)


class Projection(msgspec.Struct, frozen=True):
    """A day of the large county. Memory is that of the saved pages where a process keeps them itself.

    ``age``: what a transaction has cost until then, over what it costs in the days in which the cost was measured.
    """

    day: int
    transactions: float
    kinds: dict[str, Kept]
    age: float

    def minutes(self, cpu_us: float) -> float:
        """Of replay on one core until then."""
        return self.transactions * self.age * cpu_us / 6e7

    def total(self) -> Kept:
        """All kinds together."""
        each = self.kinds.values()
        sums = (sum(sizes) for sizes in zip(*((k.pages, k.saved, k.in_memory, k.decoded) for k in each), strict=True))
        return Kept("", *sums)

    def cache(self) -> float:
        """Bytes of the decoded pages that a worker with every partition holds at most."""
        room = MOST_DECODED
        found = 0.0
        for stage in {kept.stage for kept in self.kinds.values()}:
            kinds = [kept for kept in self.kinds.values() if kept.stage == stage]
            found += sum(k.decoded for k in kinds) * min(1.0, room / sum(k.pages for k in kinds))
        return found


def projected(
    course: list[Census], mid: Census, large: Census, sizes: tuple[int, int, int], usual_us: float
) -> list[Projection]:
    """``course`` scaled to `PEOPLE`: by what the large county has of each kind on its day, and on from there by the power of
    the number of people at which that kind grew from the middle county to the large one. ``usual_us``: what a transaction of
    ``course`` cost in the days in which the large county's cost was measured."""
    small_persons, mid_persons, large_persons = sizes
    then = next(census for census in course if census.day == large.day)
    found = []
    for census in course:
        kinds = {}
        for name, kept in census.kinds.items():
            if not all(name in counted.kinds for counted in (then, mid, large)):
                # What comes and goes, and was nowhere to be seen on that day: no more of it than there are more people.
                kinds[name] = kept.times(PEOPLE / small_persons)
                continue
            power = math.log(large.kinds[name].pages / mid.kinds[name].pages) / math.log(large_persons / mid_persons)
            factor = large.kinds[name].saved / then.kinds[name].saved * (PEOPLE / large_persons) ** min(power, 1.0)
            kinds[name] = kept.times(factor)
        age = census.cpu_seconds * 1e6 / census.transactions / usual_us
        found.append(Projection(census.day, census.transactions * PEOPLE / small_persons, kinds, age))
    return found


def stretches(course: list[Census]) -> list[tuple[int, int, float]]:
    """First day, last day, and CPU µs a transaction between two censuses that follow one another."""
    pairs = pairwise([Census(0, 0, {}, 0.0), *course])
    return [
        (a.day, b.day, (b.cpu_seconds - a.cpu_seconds) * 1e6 / (b.transactions - a.transactions))
        for a, b in pairs
        if b.day - a.day >= _CENSUS_DAYS
    ]


def measure(
    tell: Tell, sizes: tuple[int, int, int] = (10_000, 30_000, 100_000), days: int = 500, compared_days: int = 60,
    chart: Path = CHART,
) -> Section:  # fmt: skip
    """The measurements, the projection, and its chart."""
    last = compared_days - 2  # sure to begin: a night's last calls may all come before midnight
    looked = sorted({*range(_CENSUS_DAYS, days, _CENSUS_DAYS), last, days - 2})
    course = in_own_process(censuses, county(sizes[0], days), looked)
    tell(f"{sizes[0]:,} persons, {days} days: {course[-1].transactions:,} transactions")
    [mid], [large] = (in_own_process(censuses, county(persons, compared_days), [last]) for persons in sizes[1:])
    tell(f"{sizes[2]:,} persons, {compared_days} days: {sum(kept.pages for kept in large.kinds.values()):,.0f} pages")
    folder = county(sizes[2], compared_days)
    whole = in_own_process(steady_cost, folder, compared_days * 2 // 3)
    narrow = in_own_process(steady_cost_with_narrow_cache, folder, compared_days * 2 // 3, sizes[2] / PEOPLE)
    tell(f"{whole.cpu_us:.1f} µs a transaction, {narrow.cpu_us:.1f} with the cache that a large county has")
    regular = [census for census in course if census.day % _CENSUS_DAYS == 0]
    costs = stretches(regular)
    [usual] = [cost for first, _, cost in costs if first == compared_days * 2 // 3]
    days_ahead = projected(course, mid, large, sizes, usual)
    draw(days_ahead, costs, narrow.cpu_us, chart)
    return _section(days_ahead, costs, whole, narrow, sizes)


def draw(course: list[Projection], costs: list[tuple[int, int, float]], cpu_us: float, chart: Path) -> None:
    """Saved state by kind over the days, the time that a replay has taken until then, and what a transaction costs by age."""
    import matplotlib  # of the extra `bench`

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "fundwatch", "font.size": 9})
    from matplotlib import pyplot

    days = [each.day for each in course]
    names = sorted(course[-1].kinds, key=lambda name: -course[-1].kinds[name].saved)
    names = [name for name in names if course[-1].kinds[name].saved > _GIB / 200]
    figure, (state, replay, aged) = pyplot.subplots(1, 3, figsize=(12, 3.2), layout="constrained")
    state.stackplot(days, [[each.kinds[name].saved / _GIB for each in course] for name in names], labels=names)
    state.axvline(YEAR, color="grey", linewidth=0.8, linestyle=":")
    state.set(xlabel="days of history", ylabel="saved state, GiB", xlim=(days[0], days[-1]))
    state.legend(loc="upper left", frameon=False, reverse=True)
    replay.plot(days, [each.minutes(cpu_us) for each in course])
    replay.axvline(YEAR, color="grey", linewidth=0.8, linestyle=":")
    replay.set(xlabel="days of history", ylabel="replay, minutes on one core", xlim=(days[0], days[-1]), ylim=0)
    aged.step([last for _, last, _ in costs], [cost for *_, cost in costs])
    aged.set(xlabel="days of history", ylabel="measured, µs a transaction", xlim=(days[0], days[-1]), ylim=0)
    for axes in (state, replay, aged):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(chart, metadata={"Date": None})
    pyplot.close(figure)


def _section(
    course: list[Projection], costs: list[tuple[int, int, float]], whole: Cost, narrow: Cost, sizes: tuple[int, int, int]
) -> Section:  # fmt: skip
    year = next(each for each in reversed(course) if each.day <= YEAR)
    minutes = year.minutes(narrow.cpu_us) / year.day * YEAR
    ages = [
        (f"{first}–{last}", f"{cost:.0f}") for first, last, cost in costs if last in _SHOWN_DAYS or last == costs[-1][1]
    ]
    text = f"""`python -m benchmarks year`: a county of {PEOPLE:,} people, projected. Measured: {sizes[0]:,} people
over {course[-1].day + 2} days, {sizes[1]:,} and {sizes[2]:,} over fewer; and what a transaction costs where the cache of decoded
pages holds as small a part of them as it then will: {narrow.cpu_us:.1f} µs, {narrow.misses:.2f} pages decoded again each
({whole.cpu_us:.1f} µs and {whole.misses:.2f} with the whole cache).

![State and replay time over the days](year.svg)

{_by_day(course, narrow.cpu_us)}

What a transaction costs as the history grows, CPU µs in the county of {sizes[0]:,} people:

{table(("days", "µs a transaction"), ages)}

After {year.day} days, by kind:

{_by_kind(year)}"""
    rows = [
        Row(
            "a year of a million-person county", "projected from measurements, shown",
            f"{minutes:.0f} min on one core; {year.total().saved / _GIB:.2f} GiB of state",
        )
    ]  # fmt: skip
    return Section("A year of a county of a million people", rows, text)


def _by_day(course: list[Projection], cpu_us: float) -> str:
    rows = []
    for each in course:
        if each.day in _SHOWN_DAYS or each is course[-1]:
            total = each.total()
            gib = (f"{size / _GIB:.2f}" for size in (total.saved, total.in_memory, each.cache()))
            minutes = each.minutes(cpu_us)
            rows.append(
                (each.day, f"{each.transactions / 1e6:.1f} M", f"{total.pages / 1e6:.2f} M", *gib, f"{minutes:.0f}")
            )
    return table(
        (
            "day",
            "transactions",
            "pages",
            "saved, GiB",
            "as objects in memory, GiB",
            "decoded cache at most, GiB",
            "replay, minutes",
        ),
        rows,
    )


def _by_kind(on: Projection) -> str:
    kinds = sorted(on.kinds.items(), key=lambda item: -item[1].saved)
    rows = [
        (name, f"{kept.pages / 1e6:.2f} M", f"{kept.saved / kept.pages:,.0f}", f"{kept.saved / _GIB:.2f}")
        for name, kept in kinds
        if kept.pages >= PEOPLE / 1_000
    ]
    return table(("page", "pages", "bytes each, with its key", "GiB"), rows)
