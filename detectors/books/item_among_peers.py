"""What is known of one item at one institution among its peers? What it has told of its months, and how each compares.

A page an institution and item, not a page an institution: the first holds some hundreds of bytes and its own history, the other
would be written anew, tens of thousands of bytes of it, for every item that changes.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.books.member import MONTHS_ASKED, Compared
from detectors.books.peer_calendar import first_day
from detectors.books.peer_groups import KEPT
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.peer_items import InStays, PartTold
from schemas.returns import NO_RISE

MONTHS_KEPT: Final = 6
NOTHING_COUNTED: Final = (0, 0, 0, 0, 0)  # fen, sales, and of stays lines, fen and how many


class Told(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A month as it was compared, by its days up to ``through``: thousandths of packs, fen, lines, and what of it stays had."""

    through: int
    packs: int
    fen: int
    sales: int
    in_stays: InStays = InStays()

    @property
    def sales_outside(self) -> int:
        """Lines of outpatients and purchases."""
        return max(self.sales - self.in_stays.lines, 0)

    @property
    def served(self) -> int:
        """Sales, and stays that had it, each once."""
        return self.sales_outside + self.in_stays.stays


class FarOut(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """How a month of an item lies beside its peers' that is far enough from them to be asked about.

    ``compared`` is in logarithms of fen a case. ``upper``: what nine in ten of the peers stay below; ``sellers``: peers who told
    of the item, ``above``: how many of them have more of it; ``share``: by how many standard deviations its money for a yuan of
    the rest of the bill is above the peers'; ``kin``: by how many all of its class is, the lesser of both; ``cases``
    are its institution's, and ``strange`` what it billed in diagnoses that its peers have far less of, fen. ``told`` is what was
    compared: of more days an item is told some minutes before they are compared. ``elsewhere``: how many items that stand out
    and are as large a share of the cases' another institution of the group has, in the mean.
    """

    compared: Compared
    upper: float
    sellers: int
    above: int
    share: float
    kin: float
    cases: int
    strange: int
    told: Told
    elsewhere: float = 0.0


class RiseTold(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the institution was told of the rise of the other sellers and of its other items (thousandths, of how many), and when
    they were compared."""

    rise: int
    members: int
    at: int
    place_rise: int = NO_RISE
    items: int = 0


class SoldMonth(msgspec.Struct, array_like=True, gc=False):
    """One month, as it was told, up to ``through`` (thousandths of packs, fen, sales), and as it was last measured.

    ``bins`` are what it counts as in ``groups``, ``place`` in its institution's order of items by money. ``rank`` is its rank
    there, ``before`` that in the month before (0: nobody knows). ``usual`` are its own value, its peers' median and the end of
    what is usual among them, logarithms of fen a case.
    """

    through: int
    offset: int
    packs: int
    fen: int
    sales: int
    is_changed: bool = True  # since it was measured
    is_measured: bool = False  # since it was counted as standing out or not
    bins: dict[int, int] = {}
    groups: tuple[str, ...] = ()
    place: int = -1
    counted: tuple[int, int, int, int, int] = NOTHING_COUNTED  # of it that its class holds
    rank: int = 0
    before: int = 0
    usual: tuple[float, float, float] | None = None
    far: FarOut | None = None
    has_peers: bool = True
    in_stays: InStays = InStays()
    parts: tuple[PartTold, ...] = ()
    rises: dict[int, int] = {}  # the bins in which its parts count (`detectors.books.rises_beside`)
    told: dict[int, RiseTold] = {}  # by part, through all months: what went back to its institution
    standing_out: dict[int, int] = {}  # the bin in which it counts (`detectors.books.items_standing_out`) …
    stood_in: str = ""  # … and the group
    is_counted: bool = False  # since it was compared


class SoldPage(Page, kw_only=True):
    """One item (drug or consumable) of one institution among its peers."""

    layout: ClassVar[int] = 5
    prefix: ClassVar[bytes] = b"J"

    institution: str
    region: str
    item: str
    measure_at: int = NEVER
    count_at: int = NEVER
    compare_at: int = NEVER
    months: dict[int, SoldMonth] = {}

    def next_change(self) -> int:
        """When it is measured, counted or compared."""
        return min(self.measure_at, self.count_at, self.compare_at)

    def forgets_at(self) -> int:
        """When what it told does not change any more."""
        return (first_day(max(self.months) + 1) + KEPT) * DAY if self.months else NEVER

    def kept_from(self) -> int:
        """What was said of a month whose days do not change any more is final."""
        return first_day(self.asked_from()) * DAY

    def asked_from(self) -> int:
        """The oldest month that rules are asked about."""
        return max(self.months, default=0) - MONTHS_ASKED + 1

    def forget_months(self) -> None:
        """Keep the newest."""
        oldest = max(self.months) - MONTHS_KEPT + 1
        if min(self.months) < oldest:
            self.months = {month: known for month, known in self.months.items() if month >= oldest}


def shelf_of(page: SoldPage, month: int) -> str:
    """What names the page of an institution's items beside one another."""
    return f"{page.region}\0{page.institution}\0{month}"


class KinMonth(msgspec.Struct, array_like=True, gc=False):
    """A month of a class: fen and sales of those of its items that were told of, what of it stays had (a stay once an item), and
    what it counts as."""

    fen: int = 0
    sales: int = 0
    in_stays: InStays = InStays()
    bins: dict[int, int] = {}
    groups: tuple[str, ...] = ()


class KinPage(Page, kw_only=True):
    """All items of one class (`kin_of`) at one institution among its peers."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"C"

    months: dict[int, KinMonth] = {}

    def forgets_at(self) -> int:
        """With the items."""
        return (first_day(max(self.months) + 1) + KEPT) * DAY if self.months else NEVER


def kin_of(item: str) -> str:
    """What may stand for it: the national code's first six characters are a drug's ATC group, or a material's category.

    >>> kin_of("XC08CAA002A001010100001")
    'XC08CA'
    """
    return item[:6]


def kin_key(region: str, institution: str, kin: str) -> bytes:
    """The key of a class's page."""
    return f"C{region}\0{institution}\0{kin}".encode()


def sold_key(region: str, institution: str, item: str) -> bytes:
    """The key of its page."""
    return f"J{region}\0{institution}\0{item}".encode()


def waiting_item_key(region: str, institution: str, item: str) -> bytes:
    """The key of what waits of an item; no day's key is like it."""
    return f"W{region}\0{institution}\0i{item}".encode()
