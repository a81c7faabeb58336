"""Which volumes do stock reports tell, of an institution that sends no visits?

Where it reports its sales (3505, 3506) these are the volumes; where it reports none, its purchases are (3503, 3504). A report
counts once, and 3507 takes back what it had said.
"""

from __future__ import annotations

from typing import NamedTuple

from detectors.books.institution import InstitutionPage
from detectors.books.item import stock_item_key
from detectors.books.stock import DATA_TYPES, PURCHASES, SALES, StockPage, packs_of, stock_key
from detectors.books.volumes import VolumeDelta
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import is_volume_item
from schemas.facts import StockDeleted, StockMove
from schemas.snapshots import Reference


class Movement(NamedTuple):
    """A change of what an item's page has counted; ``key``: of that page."""

    item: str
    key: bytes
    change: VolumeDelta


def tells_volumes(habits: InstitutionPage, report: StockMove) -> bool:
    """Whether the volumes of its item are known by such reports."""
    if habits.sends_visits() or (habits.reports_sales and report.kind in PURCHASES):
        return False
    return is_volume_item("", report.item)


def post_report(pages: Pages, institution: str, report: StockMove, message: Reference, offset: int) -> Movement | None:
    """None where its batch has been reported already."""
    key = stock_key(institution, report.kind, report.batch)
    if pages.get(StockPage, key) is not None:
        return None
    page = StockPage(
        item=report.item, day=report.time // DAY, packs=packs_of(report), msgid=message.msgid, inf_time=message.inf_time
    )
    return _moved(pages, institution, report.kind, key, page, 1, offset)


def void_reports(pages: Pages, institution: str, deletion: StockDeleted, offset: int) -> list[Movement]:
    """What the reports of a batch had said goes out again, of whatever kind the message may mean."""
    moved = []
    for kind in sorted(DATA_TYPES.get(deletion.data_type, PURCHASES | SALES)):
        key = stock_key(institution, kind, deletion.batch)
        page = pages.get(StockPage, key)
        if page is not None and not page.void and page.position < offset:
            page.void = True
            moved.append(_moved(pages, institution, kind, key, page, -1, offset))
    return moved


def _moved(
    pages: Pages, institution: str, kind: str, key: bytes, page: StockPage, sign: int, offset: int
) -> Movement:  # fmt: skip
    page.position = offset
    pages.put(key, page)
    pages.changed(key, page)
    pages.sleep(key, page, page.forgets_at())
    change = VolumeDelta(page.item, page.day, sign * page.packs, 0, Reference(kind, page.msgid, page.inf_time))
    return Movement(page.item, stock_item_key(institution, page.item, bought=kind in PURCHASES), change)
