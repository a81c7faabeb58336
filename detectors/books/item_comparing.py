"""How does an item's month at one institution compare with its peers'? Every item that was told of is measured; then those that
stand out are counted; then each is compared.

What is compared is money in policy scope for a case (settled visits or sales, and stays that ended), and, so that who has more
stays than its peers is not taken for who pushes a drug, money for a yuan of the rest of the bill as well; an item is as far from
its peers as the lesser of both says. Money, not packs: it is what the threshold of telling is in, and a box here may be ten
tablets there.

So is all of its class. Of brands and strengths that stand for one another every place has others, and the dearest of one are
unknown at the next: an item far from its peers' whose class is not has only taken another's place.

Every member of a group counts. Who has told nothing of an item has billed less than `TELLING` of it, and counts as if it had
billed just that: so a drug that only one place has is compared with all those that have none, and what is not known speaks for
the institution. Such bounds are the same for all items, the bins of the members' cases mirrored; no page names who did not tell.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Final, NamedTuple

from msgspec import structs

from detectors.books.comparing import cases_of
from detectors.books.item import TELLING
from detectors.books.item_among_peers import (
    MONTHS_KEPT,
    NOTHING_COUNTED,
    FarOut,
    KinMonth,
    KinPage,
    SoldMonth,
    SoldPage,
    Told,
    kin_key,
    kin_of,
    shelf_of,
)
from detectors.books.item_bins import (
    BILL,
    CASES,
    FEN,
    PER_BILL,
    PER_CASE,
    STEPS,
    count_in,
    how_many,
    others,
    quantile,
    rows_of,
    size_bin,
    spread_of,
)
from detectors.books.item_spreads import RankPage
from detectors.books.items_standing_out import count_standing_out, standing_out_elsewhere
from detectors.books.member import Compared, MemberPage, Month
from detectors.books.peer_groups import LEAST_PEERS
from detectors.engine.pages import Pages
from schemas.peer_items import InStays

_MAD: Final = 1.4826
_FEW: Final = 4.0  # members that the spread believed beforehand counts as
# Of honest peers' logarithms, believed beforehand (ENG): of one item two in three have from half to twice the median, for a class
# the illnesses that come are what tells them apart.
_SPREAD, _KIN_SPREAD = 0.6, 0.3
# Variance of one sale's money over its mean squared, chance of coming included; a stay's course lasts a day or a fortnight, and
# differs more (ENG).
_SALE_SPREAD, _COURSE_SPREAD = 1.5, 2.0
_USUAL: Final = 3.0
_UPPER: Final = 0.9  # of fewer than a dozen never the highest, who may be doing the same
SCREEN_DEVIATION: Final = 1.5  # no rule may ask for less
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


class _Held(NamedTuple):
    """A month beside its peers': its value, their median and the end of what is usual; and how it lies where it is far out."""

    usual: tuple[float, float, float]
    far: FarOut | None


def measure_item(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    """Count the month as what it shows in its institution's groups; as nothing where it is below what would be told."""
    known = page.months[month]
    if member is not None and month < member.asked_from():  # final, and its institution's bins are forgotten
        known.is_changed = False
        return
    among = None if member is None else member.months.get(month)
    place, counted = known.place, known.counted
    known.is_changed, known.is_measured, known.place, known.counted = False, True, -1, NOTHING_COUNTED
    if known.fen >= TELLING and among is not None and among.sizes:
        given = known.in_stays
        known.place, known.counted = size_bin(known.fen), (known.fen, known.sales, given.lines, given.fen, given.stays)
    _count_as(pages, page.item, month, known, known.counted[0], among)
    if place != known.place:
        before, after = ({FEN: one} if one >= 0 else {} for one in (place, known.place))
        count_in(pages, shelf_of(page, month), month, before, after, RankPage)
    if known.counted != NOTHING_COUNTED or counted != NOTHING_COUNTED:
        _count_kin(pages, page, month, [now - then for now, then in zip(known.counted, counted, strict=True)], among)


def _count_as(pages: Pages, name: str, month: int, known: SoldMonth | KinMonth, fen: int, among: Month | None) -> None:
    """Let an item, or a class, count in its groups with so much, and no more as it did."""
    bins, groups = dict[int, int](), tuple[str, ...]()
    if fen > 0 and among is not None:
        bins = {
            PER_CASE: size_bin(fen / cases_of(among.counts)),
            PER_BILL: size_bin(fen / _rest(among.counts.total, fen)),
            CASES: among.sizes[CASES],
            BILL: among.sizes[BILL],
        }
        groups = among.groups
    before, former = known.bins, known.groups
    known.bins, known.groups = bins, groups
    for group in former:
        if group not in groups:
            count_in(pages, _of_item(group, name), month, before, {})
    for group in groups:
        count_in(pages, _of_item(group, name), month, before if group in former else {}, bins)


def _count_kin(pages: Pages, page: SoldPage, month: int, more: list[int], among: Month | None) -> None:
    """One of its items has brought so much more; whichever comes last, the class counts as the sum."""
    key = kin_key(page.region, page.institution, kin_of(page.item))
    kin = pages.open(KinPage, key, KinPage)
    if month not in kin.months:
        kin.months = {known: one for known, one in kin.months.items() if known > month - MONTHS_KEPT}
    held = kin.months.setdefault(month, KinMonth())
    held.fen, held.sales, given = held.fen + more[0], held.sales + more[1], held.in_stays
    held.in_stays = InStays(given.lines + more[2], given.fen + more[3], given.stays + more[4])
    is_sized = among is not None and among.sizes
    _count_as(pages, _kin_name(page.item), month, held, held.fen if is_sized else 0, among)
    pages.changed(key, kin)
    pages.sleep(key, kin, kin.forgets_at())


def _rest(bill: int, fen: int) -> float:
    """What was billed beside the item; stays are billed before they are settled, so it may have more than its bill."""
    return max(bill - fen, bill / 10)


def count_item(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    """Let the measured month count among those that stand out from the other members of its groups, if it does."""
    known = page.months[month]
    known.is_measured, known.is_counted = False, True
    held = _held_against(pages, page, member, month)
    count_standing_out(pages, page, month, None if held is None else held.far)


def compare_item(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> None:
    """Hold the counted month against the other members of its groups, and its rank against the month before."""
    known = page.months[month]
    known.is_counted, known.usual, known.far, known.rank, known.has_peers = False, None, None, 0, True
    if not known.groups or member is None or month not in member.months:
        return
    known.rank = _rank(pages, page, month, known.place)
    held = _held_against(pages, page, member, month)
    known.has_peers = held is not None
    if held is None:
        return
    known.usual, far = held.usual, held.far
    if far is not None:
        known.before = _rank_before(pages, page, month)
        known.far = structs.replace(far, elsewhere=standing_out_elsewhere(pages, page, month, far))


def _held_against(pages: Pages, page: SoldPage, member: MemberPage | None, month: int) -> _Held | None:
    """The month beside the members of the first of its groups that has enough; None where none has."""
    known = page.months[month]
    among = None if member is None else member.months.get(month)
    if among is None:
        return None
    for group in known.groups:
        beside = _beside(pages, group, page.item, month, known.bins, PER_CASE, CASES, among)
        if beside.members >= LEAST_PEERS:
            return _judged(pages, page, month, group, beside, among)
    return None


def _judged(pages: Pages, page: SoldPage, month: int, group: str, beside: _Beside, among: Month) -> _Held:
    """The cheap question first: nearly all items lie where their peers' do."""
    known, cases = page.months[month], max(cases_of(among.counts), 1)
    chance = _chance(known)
    spread = _deviation(beside, chance)
    value, median, upper = log(known.fen / cases), beside.median / STEPS, beside.upper / STEPS
    high, deviation = max(median + _USUAL * spread, upper), (value - median) / spread
    usual = (round(value, 3), round(median, 3), round(high, 3))
    if deviation < SCREEN_DEVIATION or value < median + log(SCREEN_RATIO):
        return _Held(usual, None)
    by_bill = _beside(pages, group, page.item, month, known.bins, PER_BILL, BILL, among)
    share = (by_bill.own - by_bill.median) / STEPS / _deviation(by_bill, chance)
    if share < SCREEN_DEVIATION:
        return _Held(usual, None)
    compared = Compared(value, median, median - _USUAL * spread, high, deviation, group, beside.members)
    strange = among.stays.strange * among.stays.total + among.visits.strange * among.visits.total
    far = FarOut(
        compared, upper, beside.sellers, beside.above, round(share, 3),
        round(_kin_deviation(pages, page, month, group, among), 3), cases, round(strange),
        Told(max(known.through, among.through), known.packs, known.fen, known.sales, known.in_stays),
    )  # fmt: skip
    return _Held(usual, far)


def _kin_deviation(pages: Pages, page: SoldPage, month: int, group: str, among: Month) -> float:
    """By how many standard deviations all of its class is above the peers', the lesser of both."""
    kin = pages.get(KinPage, kin_key(page.region, page.institution, kin_of(page.item)))
    held = None if kin is None else kin.months.get(month)
    if held is None or not held.bins:
        return 0.0
    deviations = []
    for row, size in ((PER_CASE, CASES), (PER_BILL, BILL)):
        beside = _beside(pages, group, _kin_name(page.item), month, held.bins, row, size, among)
        deviations.append((beside.own - beside.median) / STEPS / _deviation(beside, _chance(held), _KIN_SPREAD))
    return min(deviations)


def _chance(known: SoldMonth | KinMonth) -> float:
    """Variance that chance alone gives the logarithm of the month's money: what so many sales and courses of stays make of it, by
    the money that each of both brought. A stay's lines are one course: who is ill for a fortnight was not ill fourteen times."""
    given, fen = known.in_stays, max(known.fen, 1)
    part = min(given.fen / fen, 1.0)
    of_sales = (1.0 - part) ** 2 * _SALE_SPREAD / max(known.sales - given.lines, 1)
    return of_sales + part**2 * _COURSE_SPREAD / max(given.stays, 1)


def _deviation(beside: _Beside, chance: float, believed: float = _SPREAD) -> float:
    """The standard deviation of an honest member's logarithm: that of the peers, drawn towards what is believed, and chance."""
    seen = _MAD * beside.distance / STEPS
    variance = (beside.members * seen**2 + _FEW * believed**2) / (beside.members + _FEW)
    return sqrt(variance + chance)


def _beside(
    pages: Pages, group: str, item: str, month: int, bins: dict[int, int], row: int, size: int, among: Month
) -> _Beside:
    """Who told with what they told, all others with what they may have had at most; without the institution itself."""
    own, bound = bins[row], size_bin(TELLING)
    told = rows_of(pages, _of_item(group, item), month)
    merged = others(told, row, own)
    sellers = above = 0
    for place, members in merged.items():
        sellers += members
        if place > own:
            above += members
    sizes_told = others(told, size, bins[size])
    for place, members in others(rows_of(pages, group, month), size, among.sizes.get(size)).items():
        silent = members - sizes_told.get(place, 0)  # below 0 where a member's size changed after it told
        if silent > 0:
            merged[bound - place] = merged.get(bound - place, 0) + silent
    spread = spread_of(merged)
    upper = quantile(merged, spread.members, _UPPER)
    return _Beside(own, spread.median, spread.distance, upper, spread.members, sellers, above)


# -- ranks ------------------------------------------------------------------------------------------------------------


def _rank(pages: Pages, page: SoldPage, month: int, place: int) -> int:
    """Its rank by money among the items that its institution told of."""
    return 1 + how_many(pages, shelf_of(page, month), month, FEN, place + 1, RankPage)


def _rank_before(pages: Pages, page: SoldPage, month: int) -> int:
    """Its rank in the month before; behind all that were told of where it was not; 0 where nothing was told of at all."""
    before = page.months.get(month - 1)
    if before is not None and before.rank:
        return before.rank
    items = how_many(pages, shelf_of(page, month - 1), month - 1, FEN, None, RankPage)
    return items + 1 if items else 0


def _of_item(group: str, item: str) -> str:
    return f"{group}\0{item}"


def _kin_name(item: str) -> str:
    return "\0" + kin_of(item)  # no item is called so
