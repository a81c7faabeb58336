"""How large are the pages of a county's state, saved and in memory?

    python -m benchmarks.page_sizes COUNTY

Replays the county, saves every page as the service does, and measures each: its saved bytes (with the header, without the
key), and what its decoded form takes in memory while it is in the cache. `BOUNDS` says what they may come to.
"""

from __future__ import annotations

import argparse
import statistics
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from benchmarks.commands import in_own_process
from benchmarks.counties import county
from benchmarks.replaying import apply_transactions, opened
from benchmarks.results import Row, Section, Tell, table
from detectors.books.activity import ActivityPage
from detectors.books.amounts import AmountsPage
from detectors.books.arrivals import ArrivalsPage
from detectors.books.bed import BedPage
from detectors.books.bed_codes import BedCodesPage
from detectors.books.case import CasePage, TiePage
from detectors.books.census import CensusPage
from detectors.books.household import HouseholdPage
from detectors.books.institution import InstitutionPage
from detectors.books.item import ItemPage
from detectors.books.item_among_peers import KinPage, SoldPage
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.books.member import DaysPage, MemberPage
from detectors.books.neighbours import GroupPage
from detectors.books.peer_groups import NormPage, SpreadPage
from detectors.books.person import PersonPage
from detectors.books.receipt import ReceiptPage
from detectors.books.terminal import TerminalPage
from detectors.books.visit import VisitPage
from detectors.engine.page import Page, decode_page
from schemas.snapshots import STAY
from stream.pipeline import Stores

_MOST_DECODED = 20_000  # of a kind; more say nothing new


class Bound(msgspec.Struct, frozen=True):
    """Saved bytes: half of the pages are no larger than ``median``, 99 of 100 no larger than ``p99``."""

    median: int
    p99: int


def _is_open_stay(page: Page) -> bool:
    return isinstance(page, VisitPage) and page.kind == STAY and page.end is None and not page.void


def _is_closed_stay(page: Page) -> bool:
    return isinstance(page, VisitPage) and page.kind == STAY and not _is_open_stay(page)


MEASURED: dict[str, tuple[type[Page], Callable[[Page], bool]]] = {
    "open stay": (VisitPage, _is_open_stay),
    "stay that ended (kept 60 days)": (VisitPage, _is_closed_stay),
    "outpatient visit, purchase (kept 60 days)": (VisitPage, lambda page: isinstance(page, VisitPage) and page.kind != STAY),
    "receipt of a reversible call (kept 40 days)": (ReceiptPage, lambda page: True),
    "institution × item": (ItemPage, lambda page: True),
    "institution": (InstitutionPage, lambda page: True),
    "arrivals of an institution": (ArrivalsPage, lambda page: True),
    "census of an institution": (CensusPage, lambda page: True),
    "bed": (BedPage, lambda page: True),
    "bed numbers of an institution": (BedCodesPage, lambda page: True),
    "alert as published (kept 400 days)": (CasePage, lambda page: True),
    "visit or person that alerts name": (TiePage, lambda page: True),
    "terminal": (TerminalPage, lambda page: True),
    "institution's amounts": (AmountsPage, lambda page: True),
    "person": (PersonPage, lambda page: True),
    "household": (HouseholdPage, lambda page: True),
    "group of neighbours": (GroupPage, lambda page: True),
    "institution's day (kept 75 days)": (ActivityPage, lambda page: True),
    "institution among its peers": (MemberPage, lambda page: True),
    "its days of a part of a month (kept 110 days)": (DaysPage, lambda page: True),
    "what a kind of case cost a group": (NormPage, lambda page: True),
    "how a group's members are spread": (SpreadPage, lambda page: True),
    "item of an institution among its peers": (SoldPage, lambda page: True),
    "class of items of an institution among its peers": (KinPage, lambda page: True),
    "how those who have an item are spread": (ItemSpreadPage, lambda page: True),
    "an institution's items by money, of a month": (RankPage, lambda page: True),
}  # fmt: skip

BOUNDS = {
    "open stay": Bound(6_000, 48_000),  # some 170 bytes a line; a stay of months has hundreds of lines
    "stay that ended (kept 60 days)": Bound(8_000, 48_000),
    "outpatient visit, purchase (kept 60 days)": Bound(1_000, 1_500),
    "receipt of a reversible call (kept 40 days)": Bound(100, 100),
    "institution × item": Bound(1_700, 4_500),  # 113 days in five rings; more where an alert stands
    "institution": Bound(1_000, 1_500),
    "arrivals of an institution": Bound(3_500, 18_000),  # as an item's; more where a day is notable, or an alert stands
    "census of an institution": Bound(4_000, 16_000),  # 400 nights, and the stays of five weeks, 150 of them at most
    "bed": Bound(400, 6_000),  # the times of some eight stays; more where two had it at once
    "bed numbers of an institution": Bound(2_500, 5_000),  # sixty stays of some forty bytes; keys of shared beds
    "alert as published (kept 400 days)": Bound(5_000, 14_000),  # what is on the topic, and again in fifty visits
    "visit or person that alerts name": Bound(120, 300),  # fifty bytes an alert
    "terminal": Bound(2_000, 40_000),  # a quarter of an hour; 900 bytes more a group: the institution's has all
    "institution's amounts": Bound(4_000, 20_000),  # ten days of settlements; more where an alert stands
    "person": Bound(850, 5_000),  # some 330 bytes a visit; drugs taken home in half a year are a third
    "household": Bound(550, 4_000),  # some 400 bytes a stay
    "group of neighbours": Bound(300, 12_000),  # most are a telephone's or a dwelling's; a village has dozens of stays
    "institution's day (kept 75 days)": Bound(200, 1_500),  # some ten bytes a kind of case
    # 14 months of 700 bytes, the last seven's weeks by five indicators, an alert of each rule
    "institution among its peers": Bound(24_000, 48_000),
    "its days of a part of a month (kept 110 days)": Bound(1_000, 8_000),  # seven to ten days and their cases
    "what a kind of case cost a group": Bound(150, 300),
    "how a group's members are spread": Bound(5_500, 14_000),  # by its bins, however many members
    "item of an institution among its peers": Bound(700, 6_000),  # six months at most; more where alerts stand
    "class of items of an institution among its peers": Bound(700, 1_000),
    "how those who have an item are spread": Bound(700, 4_000),  # four rows of bins a month
    "an institution's items by money, of a month": Bound(700, 1_500),
}
MOST_DECODED_TIMES = 15  # decoded, half of the pages take no more than so many times what they take saved
# Bytes; a page that holds next to nothing is mostly the nested dictionaries that it is made of, of a group's spreads one for each
# of some two dozen indicators a month, some 230 bytes each at first.
SMALL_DECODED = 4_500


class Sizes(msgspec.Struct, frozen=True):
    """The pages of one kind: saved bytes of each, decoded bytes of the first `_MOST_DECODED`."""

    saved: list[int]
    decoded: list[int]


def quantiles(sizes: list[int]) -> tuple[float, float]:
    """Median and 99 %.

    >>> quantiles(list(range(1, 102)))
    (51, 100.0)
    """
    if len(sizes) < 2:
        return (float(sizes[0]),) * 2 if sizes else (0.0, 0.0)
    return statistics.median(sizes), statistics.quantiles(sizes, n=100, method="inclusive")[98]


def beyond(sizes: dict[str, Sizes]) -> list[str]:
    """What is larger than `BOUNDS` and `MOST_DECODED_TIMES` allow, in words."""
    found = []
    for name, each in sizes.items():
        (median, p99), (decoded, _), bound = quantiles(each.saved), quantiles(each.decoded), BOUNDS[name]
        if median > bound.median or p99 > bound.p99:
            found.append(f"{name}: {median:,.0f} and {p99:,.0f} bytes, allowed are {bound.median:,} and {bound.p99:,}")
        if decoded > max(MOST_DECODED_TIMES * median, SMALL_DECODED):
            found.append(f"{name}: {decoded:,.0f} bytes decoded, {median:,.0f} saved")
    return found


def stores_of(folder: Path) -> Stores:
    """The county's whole history, saved."""
    replay = opened(folder)
    apply_transactions(replay, folder)
    replay.pipeline.save()
    return replay.pipeline.stores


def sizes_of(stores: Stores) -> dict[str, Sizes]:
    """Every kind's pages."""
    found = {name: Sizes([], []) for name in MEASURED}
    tracemalloc.start()
    for name, (kind, belongs) in MEASURED.items():
        for saved in _pages(stores, kind.prefix):
            page, size = decode_page(kind, saved), decoded_size(kind, saved)
            if belongs(page):
                found[name].saved.append(len(saved))
                if len(found[name].decoded) < _MOST_DECODED:
                    found[name].decoded.append(size)
    tracemalloc.stop()
    return found


def _pages(stores: Stores, prefix: bytes) -> Iterator[bytes]:
    for store in stores.values():
        for key, page in store.items():
            if key.startswith(prefix):
                yield page


def decoded_size(kind: type[Page], saved: bytes) -> int:
    """The bytes that the page holds in memory; `tracemalloc` must be on."""
    before = tracemalloc.get_traced_memory()[0]
    page = decode_page(kind, saved)
    size = tracemalloc.get_traced_memory()[0] - before
    del page
    return size


def measure(tell: Tell, persons: int = 10_000, days: int = 500) -> Section:
    """After more days than any horizon: nothing grows any more."""
    folder = county(persons, days)
    sizes = in_own_process(_sizes_in, folder)
    tell(f"{sum(len(each.saved) for each in sizes.values()):,} pages")
    wrong = beyond(sizes)
    text = f"""`python -m benchmarks page_sizes`, or `python -m benchmarks.page_sizes COUNTY` for one of your own: {persons:,}
persons, {days} days; longer than anything is kept. Bytes; the bounds on saved pages (median, 99 %) are held by
`tests/test_page_sizes.py`.

{tabulated(sizes)}"""
    row = Row("size of pages", "saved within the bounds stated", "; ".join(wrong) or "all within", not wrong)
    return Section("Pages", [row], text)


def _sizes_in(folder: Path) -> dict[str, Sizes]:
    return sizes_of(stores_of(folder))


def tabulated(sizes: dict[str, Sizes]) -> str:
    """In Markdown."""
    head = ("page", "pages", "saved, median", "99 %", "decoded in memory, median", "99 %", "bounds")
    rows = []
    for name, each in sizes.items():
        bound = BOUNDS[name]
        saved, decoded = quantiles(each.saved), quantiles(each.decoded)
        numbers = (f"{size:,.0f}" for size in (*saved, *decoded))
        rows.append((name, f"{len(each.saved):,}", *numbers, f"{bound.median:,}, {bound.p99:,}"))
    return table(head, rows)


def main() -> None:
    """Print the table of a county."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    sizes = _sizes_in(parser.parse_args().folder)
    print(tabulated(sizes))
    for wrong in beyond(sizes):
        print(f"larger than stated: {wrong}")


if __name__ == "__main__":
    main()
