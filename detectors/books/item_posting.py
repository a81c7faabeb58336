"""How does a message's volume come to the page of its item, and which messages are kept to be cited?

Functions, not methods of the page: this module is compiled (see ``setup.py``), and a struct cannot be.
"""

from __future__ import annotations

from typing import Final

from detectors.books.item import Citations, ItemPage
from detectors.books.item_in_stays import kept_in_stays, post_in_stays
from detectors.books.item_sales import post_sales
from detectors.books.volumes import LARGEST, THOUSAND, VolumeDelta, thousandths
from schemas.snapshots import Reference

_CITED_PACKS: Final = 2 * THOUSAND  # an ordinary day's messages are not kept
_CITED_RATIO: Final = 1.2


def post_volumes(page: ItemPage, changes: list[VolumeDelta], inf_time: int) -> int:
    """Count what one message did to this item; how many of its changes came too late to be learned."""
    days = page.days
    first_day = days.first_day
    late, touched, has_shrunk = days.post(changes, inf_time)
    post_sales(page.sales, days, changes)
    post_in_stays(page.in_stays, days, changes)
    if days.first_day != first_day:
        if page.cited:
            page.drop_citations()
        if page.in_stays:
            page.in_stays = kept_in_stays(page.in_stays, days)
    for day in touched:
        _cite(page, day, changes, has_shrunk)
    return late


def _cite(page: ItemPage, day: int, changes: list[VolumeDelta], has_shrunk: bool) -> None:
    """Keep messages of a day that is more than ordinary, and forget those of which nothing stands any more."""
    days, kept = page.days, page.cited.get(day)
    index = day - days.first_day
    volume = days.volumes[index]
    is_ordinary = day <= days.today and (volume < _CITED_PACKS or volume < days.means[index] * _CITED_RATIO)
    if kept is None:
        if is_ordinary:
            return
        kept = Citations([], [], -1)
    is_conspicuous = day in days.suspects or day in page.sales.busy
    for reference, amount in _brought(changes, day):
        if not kept.change(reference, amount) and amount > 0 and not is_ordinary:
            kept.add(reference, amount)
    if has_shrunk:
        kept.drop_undone(is_conspicuous)
    if is_conspicuous and kept.crossing < 0:
        kept.crossing = len(kept.references)
    if kept.references:
        page.cited[day] = kept
    else:
        page.cited.pop(day, None)


def _brought(changes: list[VolumeDelta], day: int) -> list[tuple[Reference, int]]:
    """What came or went of each message's packs of a day, thousandths."""
    if len(changes) == 1:  # nearly always
        return [(changes[0].message, thousandths(changes[0].quantity))]
    amounts: dict[Reference, int] = {}
    for change in changes:
        if change.day == day:
            amount = amounts.get(change.message, 0) + thousandths(change.quantity)
            amounts[change.message] = max(min(amount, LARGEST), -LARGEST)
    return list(amounts.items())
