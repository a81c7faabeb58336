"""What did an institution's stock reports say of which movement? For who sends no visits: then they are all that tells volumes.

A report is one batch number (fixmedins_bchno): kept so that a repeated one counts once, and 3507 takes back what it had said.
"""

from __future__ import annotations

from typing import ClassVar, Final

from detectors.books.kept_days import KEPT
from detectors.engine.page import Page
from schemas.china_time import DAY
from schemas.facts import StockMove

PURCHASES: Final = frozenset({"3503", "3504"})  # with what went back to the wholesaler
SALES: Final = frozenset({"3505", "3506"})
DATA_TYPES: Final = {"3": PURCHASES, "4": SALES}  # inv_data_type of 3507


class StockPage(Page, kw_only=True):
    """One report: its movement in packs, negative where it went back; void where it never was."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"s"

    item: str = ""
    day: int = 0
    packs: float = 0.0
    msgid: str = ""
    inf_time: int = 0
    void: bool = False

    def forgets_at(self) -> int:
        """When its day is forgotten."""
        return (max(self.day, self.inf_time // DAY) + KEPT) * DAY


def packs_of(move: StockMove) -> float:
    """What was bought, or sold: the shelf gains by the one and loses by the other."""
    return move.quantity if move.kind in PURCHASES else -move.quantity


def stock_key(institution: str, kind: str, batch: str) -> bytes:
    """Batch numbers are an institution's own, of one kind of report."""
    return f"s{institution}\0{kind}\0{batch}".encode()
