"""How does an item's month at one institution compare with its peers'? Every item that was told of is measured; then compared.

What is compared is money in policy scope for a case (settled visits or sales, and stays that ended), and, so that who has more
stays than its peers is not taken for who pushes a drug, money for a yuan of the rest of the bill as well; an item is as far from
its peers as the lesser of both says. Money, not packs: it is what the threshold of telling is in, and a box here may be ten
tablets there.

Every member of a group counts. Who has told nothing of an item has billed less than `TELLING` of it, and counts as if it had
billed just that: so a drug that only one place has is compared with all those that have none, and what is not known speaks for
the institution. Such bounds are the same for all items, the bins of the members' cases mirrored; no page names who did not tell.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Final, NamedTuple

from detectors.books.comparing import BILL, CASES, SIZE_SCALE, cases_of, size_bin
from detectors.books.item import TELLING
from detectors.books.item_among_peers import FarOut, SoldMonth, SoldPage
from detectors.books.member import Compared, MemberPage, Month
from detectors.books.peer_groups import (
    BINS,
    LEAST_PEERS,
    OUTSIDE,
    ItemSpreadPage,
    RankPage,
    bins_but,
    count_bins,
    spread_of,
)
from detectors.engine.pages import Pages

_PER_CASE, _PER_BILL = "per_case", "per_bill"
_TO_ONE: Final = BINS / SIZE_SCALE
_MAD: Final = 1.4826
_FEW: Final = 4.0  # members that the spread believed beforehand counts as
_SPREAD: Final = 0.6  # of honest peers' logarithms: most have from half to twice the median of what they all use (ENG)
_SALE_SPREAD: Final = 1.5  # variance of one sale's money over its mean squared, chance of coming included (ENG)
_USUAL: Final = 3.0
_UPPER: Final = 0.9
SCREEN_DEVIATION: Final = 2.0  # no rule may ask for less
SCREEN_RATIO: Final = 1.5  # … nor for a smaller multiple of the median


class _Beside(NamedTuple):
    """A value beside those of the others, all in steps of a bin. ``members`` of whom ``sellers`` told; ``above`` have more."""

    own: float
    median: float
    distance: float
    upper: float
    members: int
    sellers: int
    above: int


def measure_item(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    """Count the month as what it shows in its institution's groups; as nothing where it is below what would be told."""
    known = page.months[month]
    if member is not None and month < member.asked_from():  # final, and its institution's bins are forgotten
        known.is_changed = False
        return
    among = None if member is None else member.months.get(month)
    for group in known.groups:
        count_bins(pages, _of_item(group, page.item), month, known.bins, {}, ItemSpreadPage)
    place = {"fen": known.place} if known.place >= 0 else {}
    known.bins, known.groups, known.place, known.is_changed, known.is_measured = {}, (), -1, False, True
    if known.fen >= TELLING and among is not None and CASES in among.bins and BILL in among.bins:
        known.bins = {
            _PER_CASE: size_bin(known.fen / cases_of(among.counts)),
            _PER_BILL: size_bin(known.fen / _rest(among.counts.total, known.fen)),
            CASES: among.bins[CASES],
            BILL: among.bins[BILL],
        }
        known.groups, known.place = among.groups, size_bin(known.fen)
    for group in known.groups:
        count_bins(pages, _of_item(group, page.item), month, {}, known.bins, ItemSpreadPage)
    now = {"fen": known.place} if known.place >= 0 else {}
    if place != now:
        count_bins(pages, _shelf(page, month), month, place, now, RankPage)


def _rest(bill: int, fen: int) -> float:
    """What was billed beside the item; stays are billed before they are settled, so it may have more than its bill."""
    return max(bill - fen, bill / 10)


def compare_item(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    """Hold the measured month against the other members of its groups, and its rank against the month before."""
    known = page.months[month]
    known.is_measured, known.usual, known.far, known.rank, known.has_peers = False, None, None, 0, True
    among = None if member is None else member.months.get(month)
    if not known.groups or among is None:
        return
    known.rank, known.items = _rank(pages, page, month, known.place)
    known.before = _rank_before(pages, page, month)
    known.has_peers = False
    for group in known.groups:
        by_case = _beside(pages, group, page.item, month, known, _PER_CASE, CASES, among)
        if by_case.members >= LEAST_PEERS:
            known.has_peers = True
            by_bill = _beside(pages, group, page.item, month, known, _PER_BILL, BILL, among)
            _judge(known, group, by_case, by_bill, among)
            return


def _judge(known: SoldMonth, group: str, by_case: _Beside, by_bill: _Beside, among: Month) -> None:
    spread, cases = _deviation(by_case, known.sales), max(cases_of(among.counts), 1)
    value, median, upper = log(known.fen / cases), by_case.median / _TO_ONE, by_case.upper / _TO_ONE
    high = max(median + _USUAL * spread, upper)
    known.usual = (round(value, 3), round(median, 3), round(high, 3))
    deviation = (value - median) / spread
    share = (by_bill.own - by_bill.median) / _TO_ONE / _deviation(by_bill, known.sales)
    if min(deviation, share) < SCREEN_DEVIATION or value < median + log(SCREEN_RATIO):
        return
    compared = Compared(value, median, median - _USUAL * spread, high, deviation, group, by_case.members)
    cost = among.stays.total + among.visits.total
    strange = among.stays.strange * among.stays.total + among.visits.strange * among.visits.total
    known.far = FarOut(
        compared, upper, by_case.sellers, by_case.above, round(share, 3), cases,
        round(strange / cost, 3) if cost else 0.0,
    )  # fmt: skip


def _deviation(beside: _Beside, sales: int) -> float:
    """The standard deviation of an honest member's logarithm: that of the peers, drawn towards what is believed, and chance."""
    seen = _MAD * beside.distance / _TO_ONE
    variance = (beside.members * seen**2 + _FEW * _SPREAD**2) / (beside.members + _FEW)
    return sqrt(variance + _SALE_SPREAD / max(sales, 1))


def _beside(
    pages: Pages, group: str, item: str, month: int, known: SoldMonth, name: str, size: str, among: Month
) -> _Beside:
    """Who told with what they told, all others with what they may have had at most; without the institution itself."""
    own = known.bins[name]
    of_item = _of_item(group, item)
    told = bins_but(pages, of_item, month, name, own, ItemSpreadPage)
    sizes_told = bins_but(pages, of_item, month, size, known.bins[size], ItemSpreadPage)
    sizes = bins_but(pages, group, month, size, among.bins.get(size, OUTSIDE))
    bound = size_bin(TELLING)
    merged = dict(told)
    for place, members in sizes.items():
        silent = members - sizes_told.get(place, 0)  # below 0 where a member's size changed after it told
        if silent > 0:
            merged[bound - place] = merged.get(bound - place, 0) + silent
    merged = {place: members for place, members in merged.items() if members > 0}
    spread = spread_of(merged)
    upper = _quantile(merged, spread.members, _UPPER)
    above = sum(members for place, members in told.items() if place > own)
    return _Beside(own, spread.median * BINS, spread.distance * BINS, upper, spread.members, sum(told.values()), above)


def _quantile(bins: dict[int, int], members: int, share: float) -> int:
    """What so many of them do not exceed; of fewer than a dozen never the highest, who may be doing the same."""
    left = int(share * (members - 1))
    for place, count in sorted(bins.items()):
        left -= count
        if left < 0:
            return place
    return 0


# -- ranks ------------------------------------------------------------------------------------------------------------


def _rank(pages: Pages, page: SoldPage, month: int, place: int) -> tuple[int, int]:
    """Its rank by money among the items that its institution told of, and how many these are."""
    bins = bins_but(pages, _shelf(page, month), month, "fen", OUTSIDE, RankPage)
    return 1 + sum(count for other, count in bins.items() if other > place), sum(bins.values())


def _rank_before(pages: Pages, page: SoldPage, month: int) -> int:
    """Its rank in the month before; behind all that were told of where it was not; 0 where nothing was told of at all."""
    before = page.months.get(month - 1)
    if before is not None and before.rank:
        return before.rank
    items = sum(bins_but(pages, _shelf(page, month - 1), month - 1, "fen", OUTSIDE, RankPage).values())
    return items + 1 if items else 0


def _of_item(group: str, item: str) -> str:
    return f"{group}\0{item}"


def _shelf(page: SoldPage, month: int) -> str:
    return f"{page.region}\0{page.institution}\0{month}"
