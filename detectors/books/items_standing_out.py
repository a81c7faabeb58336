"""How many items of the group's other institutions stand out as this one does, and are as many patients'?

Where patients are a pharmacy's own, and each has an assortment of its own, every one has items of which its peers have next to
nothing: that is how the group does business, and no distance from the peers tells a pushed item. What tells it is that most who
come are given it. So every item that is far from its peers' counts itself in a row of its group, by the share of the cases that
had it, and in the same row of its institution, which is left out again.

An item counts when all have been measured, and is compared when all have counted (`detectors.books.item_looks`).
"""

from __future__ import annotations

from detectors.books.item_among_peers import FarOut, SoldPage, shelf_of
from detectors.books.item_bins import STANDING_OUT, count_in, how_many, size_bin
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.engine.pages import Pages


def count_standing_out(pages: Pages, page: SoldPage, month: int, far: FarOut | None) -> None:
    """Let the item count in its group as one that stands out, or not."""
    known = page.months[month]
    group, now = ("", dict[int, int]()) if far is None else (far.compared.group, {STANDING_OUT: _place_of(far)})
    before, former = known.standing_out, known.stood_in
    if now == before and (former == group or not now):
        return
    if former:
        count_in(pages, _name(former), month, before, {})
    if group:
        count_in(pages, _name(group), month, {}, now)
    count_in(pages, shelf_of(page, month), month, before, now, RankPage)
    known.standing_out, known.stood_in = now, group


def standing_out_elsewhere(pages: Pages, page: SoldPage, month: int, far: FarOut) -> float:
    """Items an institution of the group, but for this one, that stand out and were had in as large a share of the cases."""
    least = _place_of(far)
    of_all = how_many(pages, _name(far.compared.group), month, STANDING_OUT, least, ItemSpreadPage)
    of_own = how_many(pages, shelf_of(page, month), month, STANDING_OUT, least, RankPage)
    return max(of_all - of_own, 0) / far.compared.peers


def _place_of(far: FarOut) -> int:
    return size_bin(max(far.told.served, 1) / far.cases)


def _name(group: str) -> str:
    return f"{group}\0\1"  # no item is called so
