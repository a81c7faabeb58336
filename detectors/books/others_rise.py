"""By how much have the others' sales of an item risen in a part of a month?

Every seller of the region that told what its own baseline expected counts in bins, by the logarithm of what came over that, in
rows of the page that counts the region's sellers of the item (`detectors.books.item_bins`). The median of all but the institution
itself is the rise: three that push a drug among twelve are no wave, whatever they bill. Nobody counts whom only his surge made
tell: his expected volume must come to `TELLING` by itself, or the few whose rare item was sold just then would look like a rise.
"""

from __future__ import annotations

from math import exp
from typing import Final

from detectors.books.item import TELLING
from detectors.books.item_among_peers import RiseTold, SoldMonth, SoldPage
from detectors.books.item_bins import FIRST_PART, STEPS, count_in, others, quantile, size_bin
from detectors.books.peer_calendar import days_of, parts_of
from detectors.books.peer_groups import LEAST_PEERS
from detectors.engine.pages import Pages
from schemas.returns import LARGEST_RISE, NO_RISE, OthersRose

SCREEN_RISE: Final = 1_250  # thousandths: less is within what any month strays


def count_rises(pages: Pages, page: SoldPage, month: int) -> None:
    """Let the month's parts count in the region as they were told, and no more as they did."""
    known = page.months[month]
    before, known.rises = known.rises, _bins(known) if page.region else {}
    if before != known.rises:
        count_in(pages, _name(page), month, before, known.rises)


def _bins(known: SoldMonth) -> dict[int, int]:
    expected = sum(part.expected for part in known.parts)
    if not known.packs or expected * known.fen < TELLING * known.packs:
        return {}
    return {FIRST_PART + part.number: size_bin(max(part.packs, 1) / part.expected) for part in known.parts}


def compare_rises(pages: Pages, page: SoldPage, month: int, now: int) -> list[OthersRose]:
    """What the institution must hear of the month's parts that it does not know yet."""
    known, found = page.months[month], list[OthersRose]()
    judged = {part.number for part in known.parts}
    for number, part in enumerate(parts_of(month)):
        rise, members = _rise(pages, page, month, number) if number in judged else (NO_RISE, 0)
        held = known.told.get(part)
        if held is None and days_of(part).stop > known.through + 1:  # it has not closed, and may be carried on into
            break
        if held is None and rise == NO_RISE and not _was_rising(page, part - 1):
            continue
        if held is None or (held.rise, held.members) != (rise, members):
            known.told[part] = RiseTold(rise, members, now)
            found.append(_message(page, part, known.told[part]))
    return found


def told_rises(page: SoldPage, month: int) -> list[OthersRose]:
    """All that it was told of the month: it may have lost it."""
    return [_message(page, part, told) for part, told in page.months[month].told.items()]


def _rise(pages: Pages, page: SoldPage, month: int, number: int) -> tuple[int, int]:
    """The others' median rise, in thousandths, and of how many; of an even number the lower one in the middle."""
    row = FIRST_PART + number
    bins = others(pages, _name(page), month, row, page.months[month].rises.get(row)) if page.region else {}
    members = sum(bins.values())
    if members < LEAST_PEERS:
        return NO_RISE, 0
    rise = min(round(exp(quantile(bins, members, 0.5) / STEPS) * NO_RISE), LARGEST_RISE)
    return (rise, members) if rise >= SCREEN_RISE else (NO_RISE, 0)


def _was_rising(page: SoldPage, part: int) -> bool:
    """Whether it was told so of that part, and so would carry it on."""
    return any(part in known.told and known.told[part].rise > NO_RISE for known in page.months.values())


def _message(page: SoldPage, part: int, told: RiseTold) -> OthersRose:
    return OthersRose(page.institution, page.item, part, told.rise, told.members, told.at)


def _name(page: SoldPage) -> str:
    return f"{page.region}\0{page.item}"
