"""What is known of one item at one institution? The page of `detectors.books.item_days`, with the messages behind its days."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from detectors.books.item_days import FORGOTTEN, ItemDays
from detectors.books.item_in_stays import kept_in_stays
from detectors.books.item_sales import SalesDays, align
from detectors.books.item_wave import Wave, kept_waves
from detectors.books.volumes import LARGEST
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.peer_items import InStays, PartTold
from schemas.snapshots import Reference

MOST_CITED = 3  # messages a day, before it is conspicuous and after
# Fen of a month from which on peers are told of an item: 200 yuan, a tenth of the least excess that is worth a look at the
# prescriptions, so a peer of like size that tells nothing blurs a comparison by a tenth of that at most (decision 16).
TELLING = 20_000


class Citations(msgspec.Struct, array_like=True, gc=False):
    """Messages of a day; ``crossing`` of them had come when the day became conspicuous, -1 while it has not.

    ``amounts`` are what still stands of each, thousandths of a pack: a message of which nothing does is not cited.
    """

    references: list[Reference] = []
    amounts: list[int] = []
    crossing: int = -1

    def change(self, reference: Reference, amount: int) -> bool:
        """Count what more, or less, stands of a message; whether it is one of these."""
        for index, known in enumerate(self.references):
            if known == reference:
                self.amounts[index] = min(self.amounts[index] + amount, LARGEST)
                return True
        return False

    def add(self, reference: Reference, amount: int) -> None:
        """The last messages before the day became conspicuous are kept, and the first after."""
        references = self.references
        if self.crossing >= 0 and len(references) >= self.crossing + MOST_CITED:
            return
        references.append(reference)
        self.amounts.append(amount)
        if self.crossing < 0 and len(references) > MOST_CITED:
            del references[0], self.amounts[0]

    def drop_undone(self, is_conspicuous: bool) -> None:
        """Leave out messages of which nothing stands, after something was taken back."""
        stand = [index for index, amount in enumerate(self.amounts) if amount > 0]
        known = sum(index < self.crossing for index in stand)
        if not is_conspicuous:
            self.crossing, stand = -1, stand[-MOST_CITED:]
        elif self.crossing >= 0:
            self.crossing = max(known, min(len(stand), 1))  # what came after it carries it now
        self.references = [self.references[index] for index in stand]
        self.amounts = [self.amounts[index] for index in stand]


class ToldMonth(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What peers of the region were told of a month: its days up to ``through``, thousandths of packs, fen and sales; what of
    them was given in stays; and of its parts what was expected of them."""

    through: int
    packs: int
    fen: int
    sales: int
    region: str
    in_stays: InStays = InStays()
    parts: tuple[PartTold, ...] = ()


class ItemPage(Page, array_like=True, kw_only=True, gc=False):
    """One item (drug or consumable) at one institution.

    ``slack``: fen that may still come before a month can reach `TELLING`; ``tell_at``: when peers are told, while a month has;
    ``closed``: the last day that was to be told when that was last looked at.
    """

    layout: ClassVar[int] = 7
    prefix: ClassVar[bytes] = b"i"
    has_model: ClassVar[bool] = True

    institution: str
    item: str
    days: ItemDays = msgspec.field(default_factory=ItemDays)
    cited: dict[int, Citations] = {}
    sales: SalesDays = msgspec.field(default_factory=SalesDays)
    slack: int = TELLING
    tell_at: int = NEVER
    closed: int = -1
    told: dict[int, ToldMonth] = {}  # by month
    waves: dict[int, Wave] = {}  # by part of a month: by how much the others have risen
    bought: bool = False  # its volumes are purchases: nothing else is known of them
    in_stays: dict[int, tuple[int, int, int]] = {}  # by part of a month (`detectors.books.item_in_stays`)

    def advance(self, now: int) -> None:
        """Close the days that are due."""
        days = self.days
        if now // DAY > days.today >= 0:
            first_day = days.first_day
            days.turn(now // DAY)
            if self.sales.first_day >= 0:
                align(self.sales, days)
            if self.cited and days.first_day != first_day:
                self.drop_citations()
            if self.waves:
                self.waves = kept_waves(self.waves, days)
            if self.in_stays and days.first_day != first_day:
                self.in_stays = kept_in_stays(self.in_stays, days)

    def take_judged(self) -> tuple[int, int]:
        """Days since this was last asked, and how many of them lay above their band."""
        return self.days.take_judged()

    def next_change(self) -> int:
        """Midnight, while something stands, or may, and numbers wait to be told; when peers are told; when it is forgotten."""
        due = self.forgets_at() if self.tell_at == NEVER else self.tell_at
        days = self.days
        # A window that ends on or after the oldest day with such numbers may hold them; what ends today is told of tomorrow.
        may_stand = bool(days.suspects) and days.suspects[-1] >= min((days.today, *days.pending))
        if may_stand or (self.standing and days.pending):
            return min(due, (days.today + 1) * DAY)
        return due

    def forgets_at(self) -> int:
        """After `FORGOTTEN` days without volume."""
        active_day = self.days.active_day
        return NEVER if active_day < 0 else (active_day + FORGOTTEN) * DAY

    def kept_from(self) -> int:
        """The oldest moment that can still be judged."""
        return self.days.known_from() * DAY

    def drop_citations(self) -> None:
        """Forget the messages behind days that are forgotten, or turned out ordinary."""
        days = self.days
        is_whole = days.first_day <= days.born  # no day of the history is forgotten yet
        self.cited = {
            day: references
            for day, references in self.cited.items()
            if day >= days.today - 1
            or (day >= days.first_day and (is_whole or day in days.suspects or day in self.sales.busy))
        }


def item_key(institution: str, item: str) -> bytes:
    """The page's key."""
    return b"i" + institution.encode() + b"\0" + item.encode()


def stock_item_key(institution: str, item: str, *, bought: bool) -> bytes:
    """The key of the page that is made of stock reports: bills that begin later have one of their own."""
    return item_key(institution, item) + (b"\0p" if bought else b"\0s")
