"""By how much has what lies beside an item risen in a part of a month: its other sellers, and its institution's other items?

Every seller of the region that told what its own baseline expected counts in bins, by the logarithm of what came over that, in
rows of the page that counts the region's sellers of the item (`detectors.books.item_bins`). The median of all but the institution
itself is the rise: three that push a drug among twelve are no wave, whatever they bill.

Whom only his surge made tell, whose expected volume does not come to `TELLING` by itself, counts apart: of a rare item those tell
who sold it just then, and they alone would look like a rise. But where hardly anybody's custom comes to so much (an influenza
drug in autumn), and several times as many tell by their surge as in the month before, that they are so many is the sign, and
the median of their rises its size. Two or three whose custom comes to so much are no group; where others' surges make them
one, the lower of their rise and all the others' is the rise.

The institution's items that told count among themselves as well, in rows of the page of their ranks. Where most have risen the
place has grown, and each of them would ring; that is one question, and `spending_growth` asks it. Where nobody can ask it
of the institution (no record, no peers) nothing is said of it: its items ring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil, exp, log
from typing import Final, NamedTuple

from detectors.books.indicators import FUND, GROWTH
from detectors.books.item import TELLING
from detectors.books.item_among_peers import RiseTold, SoldMonth, SoldPage, shelf_of
from detectors.books.item_bins import (
    FIRST_PART,
    FIRST_SURGED,
    STEPS,
    Rows,
    count_in,
    others,
    quantile,
    rows_of,
    size_bin,
)
from detectors.books.item_spreads import RankPage
from detectors.books.member import MemberPage
from detectors.books.peer_calendar import PARTS_OF_MONTH, days_of, parts_of
from detectors.books.peer_groups import LEAST_PEERS
from detectors.engine.pages import Pages
from schemas.returns import LARGEST_RISE, NO_RISE, RoseBeside

SCREEN_RISE: Final = 1_250  # thousandths: less is within what any month strays
_RISEN: Final = ceil(log((SCREEN_RISE - 0.5) / NO_RISE) * STEPS)  # the first bin whose rise comes to that
LEAST_ITEMS: Final = 10  # others of the institution: of fewer, half may be what is pushed
_FEWEST_CUSTOMARY: Final = 2
# Times one more than in any part of the month before: who sells a rare item by chance is not three times as many.
JUMP: Final = 3


class _Beside(NamedTuple):
    """Thousandths, and the median of how many."""

    rise: int
    members: int
    place_rise: int
    items: int


_NOTHING: Final = _Beside(NO_RISE, 0, NO_RISE, 0)


def count_rises(pages: Pages, page: SoldPage, month: int) -> None:
    """Let the month's parts count in the region and at their place as they were told, and no more as they did."""
    known = page.months[month]
    before, known.rises = known.rises, _bins(known) if page.region else {}
    if before != known.rises:
        count_in(pages, _name(page), month, before, known.rises)
        count_in(pages, shelf_of(page, month), month, _by_custom(before), _by_custom(known.rises), RankPage)


def _bins(known: SoldMonth) -> dict[int, int]:
    expected = sum(part.expected for part in known.parts)
    if not known.packs:
        return {}
    if expected * known.fen >= TELLING * known.packs:
        return {FIRST_PART + part.number: size_bin(max(part.packs, 1) / part.expected) for part in known.parts}
    return {FIRST_SURGED + part.number: size_bin(part.packs / part.expected) for part in known.parts if part.packs > 0}


def _by_custom(rises: Mapping[int, int]) -> dict[int, int]:
    return {row: place for row, place in rises.items() if row < FIRST_SURGED}


def compare_rises(pages: Pages, page: SoldPage, member: MemberPage | None, month: int, now: int) -> list[RoseBeside]:
    """What the institution must hear of the month's parts that it does not know yet."""
    known, found = page.months[month], list[RoseBeside]()
    judged = {part.number for part in known.parts} if page.region else set[int]()
    counted = _counted(pages, page, member, month) if judged else None
    for number, part in enumerate(parts_of(month)):
        beside = _NOTHING if counted is None or number not in judged else _beside(page, counted, month, number)
        held = known.told.get(part)
        if held is None and days_of(part).stop > known.through + 1:  # it has not closed, and may be carried on into
            break
        if held is None and beside == _NOTHING and not _was_rising(page, part - 1):
            continue
        if held is None or (held.rise, held.members, held.place_rise, held.items) != beside:
            known.told[part] = RiseTold(beside.rise, beside.members, now, beside.place_rise, beside.items)
            found.append(_message(page, part, known.told[part]))
    return found


def told_rises(page: SoldPage, month: int) -> list[RoseBeside]:
    """All that it was told of the month: it may have lost it."""
    return [_message(page, part, told) for part, told in page.months[month].told.items()]


class _Counted(NamedTuple):
    """What counts in a month: the region's sellers of the item, in the month before too (None at a history's beginning), and its
    institution's items (None where nobody judges how the institution has grown)."""

    sellers: Rows
    before: Rows | None
    items: Rows | None


def _counted(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> _Counted:
    name = _name(page)
    is_told_of = member is not None and month - 1 in member.months
    return _Counted(
        rows_of(pages, name, month),
        rows_of(pages, name, month - 1) if is_told_of else None,
        rows_of(pages, shelf_of(page, month), month, RankPage) if _is_growth_judged(member, month) else None,
    )


def _beside(page: SoldPage, counted: _Counted, month: int, number: int) -> _Beside:
    row = FIRST_PART + number
    own = page.months[month].rises.get(row)
    by_custom = others(counted.sellers, row, own)
    rise, members = _median(by_custom, LEAST_PEERS)
    if sum(by_custom.values()) < LEAST_PEERS:
        surged = _surged_others(page, counted.sellers, month, number)
        rise, members = _borne_out(by_custom, surged)
        if not members:
            rise, members = _surged(page, counted, month, surged)
    if counted.items is None:
        return _Beside(rise, members, NO_RISE, 0)
    return _Beside(rise, members, *_median(others(counted.items, row, own), LEAST_ITEMS))


def _borne_out(by_custom: Mapping[int, int], surged: Mapping[int, int]) -> tuple[int, int]:
    """The rise of two or three customary sellers, where as many tell by their surge as make them a group.

    No more than theirs alone, for those who surged tell because they did; nor more than that of all.
    """
    rise, customary = _median(by_custom, _FEWEST_CUSTOMARY)
    if not customary:
        return NO_RISE, 0
    everybody = Counter(by_custom) + Counter(surged)
    of_all, members = _median(everybody, LEAST_PEERS)
    return (min(rise, of_all), members) if members else (NO_RISE, 0)


def _surged(page: SoldPage, counted: _Counted, month: int, now: Mapping[int, int]) -> tuple[int, int]:
    """The median rise of those who told by their surge alone, where they are several times as many as the month before."""
    earlier = counted.before
    if earlier is None or sum(now.values()) < LEAST_PEERS:
        return NO_RISE, 0
    before = 0
    for part in range(PARTS_OF_MONTH):
        before = max(before, sum(_surged_others(page, earlier, month - 1, part).values()))
    return _median(now, JUMP * (before + 1))  # that there are `LEAST_PEERS` is known


def _surged_others(page: SoldPage, sellers: Rows, month: int, number: int) -> dict[int, int]:
    known, row = page.months.get(month), FIRST_SURGED + number
    return others(sellers, row, None if known is None else known.rises.get(row))


def _median(bins: Mapping[int, int], least: int) -> tuple[int, int]:
    """The median rise, in thousandths, and of how many; of an even number the lower one in the middle."""
    members = below = 0
    for place, there in bins.items():
        members += there
        if place < _RISEN:
            below += there
    if members < least or below > (members - 1) // 2:  # nearly always: the median is no rise, whatever it is
        return NO_RISE, 0
    rise = min(round(exp(quantile(bins, members, 0.5) / STEPS) * NO_RISE), LARGEST_RISE)
    return (rise, members) if rise >= SCREEN_RISE else (NO_RISE, 0)


def _is_growth_judged(member: MemberPage | None, month: int) -> bool:
    """Whether the growth of the place as a whole was held against its peers'."""
    among = None if member is None else member.months.get(month)
    return among is not None and (FUND in among.seen or GROWTH in among.seen)


def _was_rising(page: SoldPage, part: int) -> bool:
    """Whether it was told so of that part, and so would carry it on."""
    told = next((known.told[part] for known in page.months.values() if part in known.told), None)
    return told is not None and max(told.rise, told.place_rise) > NO_RISE


def _message(page: SoldPage, part: int, told: RiseTold) -> RoseBeside:
    return RoseBeside(
        page.institution, page.item, part, told.rise, told.members, told.at, told.place_rise, told.items
    )  # fmt: skip


def _name(page: SoldPage) -> str:
    return f"{page.region}\0{page.item}"
