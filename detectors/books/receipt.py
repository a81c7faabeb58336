"""Which visit did a message speak of? 2601 names a message, not a visit (domain.md §3.4)."""

from __future__ import annotations

from typing import ClassVar

from detectors.engine.page import Page
from schemas.china_time import DAY

KEPT = 40 * DAY
REVERSIBLE = frozenset({"2102", "2103", "2207", "2208", "2304", "2305", "2401"})  # domain.md §1.3


class ReceiptPage(Page, kw_only=True):
    """One reversible message: its visit, or that it was reversed before it came."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"m"

    visit: str = ""
    inf_time: int = 0
    reversed: bool = False

    def forgets_at(self) -> int:
        """Some weeks after the message."""
        return self.inf_time + KEPT


def receipt_key(institution: str, infno: str, msgid: str) -> bytes:
    """``msgid`` is unique to its institution only."""
    return f"m{institution}\0{infno}\0{msgid}".encode()
