"""Which days of an item are out of the ordinary, and which of them are one story?

A day is out of the ordinary when its volume, or that of the 7, 14 or 28 days up to it, crosses a `Bar`: by ratio, by packs and by
improbability, all three. Such days with small gaps between them are one episode. A window lets expect no less than the others'
rise makes of it. Everything here is a function of the page as it is, so corrections need no thought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from detectors.books.item import Citations, ItemPage
from detectors.books.item_days import ItemDays
from detectors.books.item_sales import may_be_many, usual_sales
from detectors.books.item_wave import Wave
from detectors.books.kept_days import LONGEST_GAP, Ordinary, variance_of_drugs
from detectors.by_item.drug_volume.decisions import INPATIENT, STAY_DAYS, is_burst, packs_of_one
from detectors.by_item.drug_volume.shortage import Shortage, expected_after, shortage_before
from detectors.by_item.drug_volume.wave import expected_among, in_wave, sales_in_wave
from detectors.models.baseline import FESTIVAL_DRIFT
from detectors.models.spring_festival import is_unsettled
from detectors.models.tail import limit, surprise

# A window stays full of last month's spike: a day is part of it that itself keeps this share of the excess.
_GOING_ON_SHARE = 0.25
_STILL_SHARE, _STILL_RATIO = 0.5, 2.0  # of the excess at the limit, or times the expected: what makes a story longer
_PACKS_TOO = 1.2  # times the packs that were expected: where sales are many, packs must be more as well
_STEP = 4  # an unfinished day is told by the last multiple of its limit that it passed: 1, 4, 16 …


class Bar(NamedTuple):
    """What a window of ``days`` must cross: times the expected, packs above it, nats of surprise.

    ``lumps``: it is of items of which as many times their lumpiness is expected, and of no others.
    """

    days: int
    ratio: float
    packs: float
    nats: float
    lumps: float = 0.0


class Sales(NamedTuple):
    """A window that crossed by the number of its sales, though not by its packs."""

    number: int
    expected: float
    limit: float


class Crossing(NamedTuple):
    """The first bar that the windows up to ``day`` crossed. Volumes in packs."""

    day: int
    bar: Bar
    volume: float
    expected: float
    limit: float
    nats: float
    sales: Sales | None = None
    shortage: Shortage | None = None  # before it
    rise: float = 1.0  # times its own expectation that the others' rise lets expect


class Episode(NamedTuple):
    """Days out of the ordinary with small gaps: how it was first seen, and the last of them that is over.

    ``anchor``: the day by which it is named. What the others' rise explains of its first days does not make it another one.
    """

    first: Crossing
    last: int
    anchor: int


def crossing(
    book: ItemDays, day: int, bars: Iterable[Bar], cited: Mapping[int, Citations], waves: dict[int, Wave]
) -> Crossing | None:
    """What the windows that end on ``day`` cross, the shortest first. A burst at a terminal is no volume of a day.

    The cheap questions first: nearly every day fails one of them.
    """
    for bar in bars:
        excess = _excess(book, day, bar, waves)
        if excess is None:
            continue
        volume, ordinary, rise = excess
        mean = ordinary.mean
        if bar.days > 1 and not _goes_on(book, day, volume / bar.days, mean / bar.days):
            continue
        if bar.lumps and not _is_steady(book, day, bar):
            continue
        variance = variance_of_drugs(mean, ordinary.variance, day - bar.days + 1)
        if surprise(volume, mean, variance) < bar.nats:  # what comes by the patient varies more, never less
            continue
        variance += clustered(book, day, bar.days, mean, cited)
        nats = surprise(volume, mean, variance)
        if nats < bar.nats:
            continue
        shortage = shortage_before(book, day)
        if shortage is not None:
            mean, variance, nats = _after(book, shortage, day, bar, Ordinary(mean, variance))
            if nats < bar.nats:
                continue
        if _is_burst(day, cited):
            return None
        least = max(mean * bar.ratio, mean + bar.packs, limit(mean, variance, bar.nats))
        return Crossing(day, bar, volume, mean, least, nats, None, shortage, rise)
    return None


def _is_steady(book: ItemDays, day: int, bar: Bar) -> bool:
    """Whether enough of it is expected on most days that a day's tail is what the model says: that of a rare item is longer."""
    known = book.expected(day - bar.days + 1)
    return known is not None and known.mean * bar.days >= bar.lumps * known.lumpiness


class _Excess(NamedTuple):
    """A window above what it lets expect, by ratio and by packs."""

    volume: float
    ordinary: Ordinary
    rise: float


def _excess(book: ItemDays, day: int, bar: Bar, waves: dict[int, Wave]) -> _Excess | None:
    """None for nearly all."""
    volume = book.volume(day, bar.days)
    ordinary = book.ordinary(day, bar.days) if volume >= bar.packs else None
    if ordinary is None or _is_below(volume, ordinary.mean, bar):
        return None
    if not waves:
        return _Excess(volume, ordinary, 1.0)
    risen = in_wave(book, waves, day, bar.days, ordinary)
    return None if _is_below(volume, risen.mean, bar) else _Excess(volume, risen, risen.mean / ordinary.mean)


def _is_below(volume: float, mean: float, bar: Bar) -> bool:
    return volume < mean * bar.ratio or volume - mean < bar.packs


def _after(book: ItemDays, shortage: Shortage, day: int, bar: Bar, ordinary: Ordinary) -> tuple[float, float, float]:
    """What was to be expected with what is made up for: packs, their variance, and nats of surprise, none below the bar."""
    volume, mean = book.volume(day, bar.days), ordinary.mean
    usual = max(expected_after(book, shortage, day, bar.days), mean)
    variance = ordinary.variance * ((usual / mean) ** 2 if mean > 0.0 else 1.0)
    if volume < usual * bar.ratio or volume - usual < bar.packs:
        return usual, variance, 0.0
    return usual, variance, surprise(volume, usual, variance)


def crossing_by_sales(
    page: ItemPage, day: int, bars: Iterable[Bar], cited: Mapping[int, Citations], waves: dict[int, Wave]
) -> Crossing | None:
    """What the sales of the windows that end on ``day`` cross; their packs must lie above the expected too.

    After a shortage nothing: their mean has the empty weeks in it.
    """
    book = page.days
    for bar in bars:
        if not may_be_many(page.sales, book, day, bar.days):
            continue
        told, rise = usual_sales(page.sales, book, day, bar.days), 1.0
        if told is not None and waves and told.number >= told.mean * bar.ratio:
            told, rise = sales_in_wave(book, waves, day, bar.days, told)
        if told is None or told.number < told.mean * bar.ratio or told.number - told.mean < bar.packs:
            continue
        if surprise(told.number, told.mean, told.variance) < bar.nats:
            continue
        ordinary = book.ordinary(day, bar.days)
        if ordinary is None:
            continue
        mean = ordinary.mean * rise
        volume, packs = book.volume(day, bar.days), mean * _PACKS_TOO
        if volume < packs or not _goes_on(book, day, volume / bar.days, mean / bar.days):
            continue
        variance = told.variance + told.more_by(_stays(page, day, bar.days))
        nats = surprise(told.number, told.mean, variance)
        if nats < bar.nats:
            continue
        if shortage_before(book, day) is not None or _is_burst(day, cited):
            return None
        least = max(told.mean * bar.ratio, told.mean + bar.packs, limit(told.mean, variance, bar.nats))
        return Crossing(day, bar, volume, mean, packs, nats, Sales(told.number, told.mean, least), None, rise)
    return None


def _is_burst(day: int, cited: Mapping[int, Citations]) -> bool:
    return day in cited and is_burst(cited[day])


def _stays(page: ItemPage, day: int, days: int) -> float:
    """Days of a stay that come as one decision, by the share of inpatients among what is cited of conspicuous days: of others it
    is forgotten."""
    conspicuous = {*page.days.suspects, *page.sales.busy}
    those = [page.cited[each] for each in conspicuous if day - days < each <= day and each in page.cited]
    told = [reference.infno for one in those for reference in one.references]
    inpatients = sum(infno == INPATIENT for infno in told)
    return 1.0 + (min(days, STAY_DAYS) - 1) * inpatients / len(told) if told else 1.0


def clustered(book: ItemDays, day: int, days: int, mean: float, cited: Mapping[int, Citations]) -> float:
    """What is added to the variance of a window of ``mean`` packs because they came by the patient, and not by the pack as was
    learned from day to day. The level strays as it did, whoever comes."""
    begin = day - days + 1
    known = book.expected(begin)
    told = [cited[each] for each in book.suspects if begin <= each <= day and each in cited]
    if days == 1 or known is None or not told:
        return 0.0
    times = packs_of_one(told, days) / max(known.lumpiness, 1.0)
    festival = FESTIVAL_DRIFT * is_unsettled(begin)
    # What is not known of the level, for its days came by the patient as well.
    unsure = max(known.spread**2 - known.drift**2 - festival, 0.0)
    return max(times - 1.0, 0.0) * (known.lumpiness * mean + unsure * mean**2)


def _goes_on(book: ItemDays, day: int, height: float, mean: float) -> bool:
    return book.volume(day) >= mean + _GOING_ON_SHARE * (height - mean)


def episodes(page: ItemPage, bars: Sequence[Bar], sales_bars: Sequence[Bar], history: int, gap: int) -> list[Episode]:
    """The episodes that the page knows, oldest first. The running day can begin one; it joins one when it is over."""
    book, found = page.days, list[Episode]()
    known, explained = book.known_from(), list[int]()
    looked_at: dict[int, _Look] = book.notes((tuple(bars), tuple(sales_bars)))
    for day in sorted({*book.suspects, *page.sales.busy}):
        if book.history(day) < history:
            continue
        look = looked_at.get(day)
        if look is None:
            look = looked_at[day] = _look(page, day, bars, sales_bars)
        seen, alone = look
        if seen is None:
            if alone is not None:
                if explained and day - explained[-1] > _patience(alone, gap):
                    explained = []
                explained.append(day)
            continue
        if not found or day - found[-1].last > _patience(seen, gap):
            if found and _is_told(page, seen, found[-1]):
                continue
            after = max(day - LONGEST_GAP - 1, found[-1].last if found else -1)
            is_one_story = bool(explained) and day - explained[-1] <= _patience(seen, gap)
            names = [each for each in explained if each > after] if is_one_story else []
            found.append(Episode(seen, day, names[0] if names else day))
        elif day < book.today:
            found[-1] = found[-1]._replace(last=day)
    # What began before is final, and what goes on from there is no new story.
    return [episode for episode in found if episode.first.day >= known]


def _is_told(page: ItemPage, seen: Crossing, before: Episode) -> bool:
    """Whether a window crosses only with what an episode that is over has told already."""
    book, first = page.days, seen.day - seen.bar.days + 1
    if before.last < first:
        return False
    week = reference_week(before.first)
    told = range(max(begin_of(page, before.first), first), before.last + 1)
    excess = sum(max(book.volume(day) - expected_among(page, day, week), 0.0) for day in told)
    return seen.volume - excess < seen.limit


class _Look(NamedTuple):
    """What the windows up to a day cross; where nothing, what they would if no rise beside the item explained it."""

    seen: Crossing | None
    alone: Crossing | None


def _look(page: ItemPage, day: int, bars: Sequence[Bar], sales_bars: Sequence[Bar]) -> _Look:
    seen = _seen(page, day, bars, sales_bars, page.waves)
    alone = _seen(page, day, bars, sales_bars, {}) if seen is None and page.waves else None
    return _Look(seen, alone)


def _seen(
    page: ItemPage, day: int, bars: Sequence[Bar], sales_bars: Sequence[Bar], waves: dict[int, Wave]
) -> Crossing | None:
    """What the windows up to a day cross, by packs or else by sales."""
    seen = crossing(page.days, day, bars, page.cited, waves)
    return seen or crossing_by_sales(page, day, sales_bars, page.cited, waves)


def _patience(seen: Crossing, gap: int) -> int:
    """Days to the last one at which this is still the same story: two weeks that cross together are about the same days."""
    return 1 + (LONGEST_GAP if seen.bar.days >= LONGEST_GAP else gap)


def so_far(seen: Crossing) -> float:
    """What can be said of a running day's window without changing with every message: a step that it has passed."""
    step = seen.limit
    while step * _STEP <= seen.volume:
        step *= _STEP
    return step


def sales_so_far(seen: Crossing) -> Sales | None:
    """Of a running day's window no more is said than that its sales reached the limit."""
    return None if seen.sales is None else seen.sales._replace(number=ceil(seen.sales.limit))


def reference_week(seen: Crossing) -> int:
    """The first of the seven days whose expectations the episode is measured against: as they were before it began."""
    return seen.day - max(seen.bar.days, 7) + 1


def begin_of(page: ItemPage, seen: Crossing) -> int:
    """Since when: the day from which on the volume before the crossing lies furthest above what makes it an excess."""
    reach = max(seen.bar.days, 7)
    return _furthest(page, seen, range(seen.day - 1, seen.day - reach, -1))


def end_of(page: ItemPage, episode: Episode) -> int:
    """Until when: the day up to which the volume since the crossing does."""
    return _furthest(page, episode.first, range(episode.first.day + 1, episode.last + 1))


def _furthest(page: ItemPage, seen: Crossing, days: Iterable[int]) -> int:
    week = reference_week(seen)
    first_excess = _STILL_SHARE * (seen.limit - seen.expected) / seen.bar.days
    furthest, best, above = seen.day, 0.0, 0.0
    for day in days:
        expected = expected_among(page, day, week)
        above += page.days.told(day)[0] - min(expected + first_excess, expected * _STILL_RATIO)
        if above > best:
            furthest, best = day, above
    return furthest
