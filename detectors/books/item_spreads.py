"""What is kept of how those who have an item are spread, and the items of one institution?"""

from __future__ import annotations

from typing import ClassVar

from detectors.books.peer_groups import forgotten
from detectors.engine.page import Page


class ItemSpreadPage(Page, kw_only=True):
    """By month and bin, how many of a group count so: by what they have of an item or a class, or (no item) by their size."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"Q"

    months: dict[int, dict[int, int]] = {}

    def forgets_at(self) -> int:
        """When its last month is forgotten."""
        return forgotten(self.months)


class RankPage(ItemSpreadPage, kw_only=True):
    """By bin of money, and of each part's rise, how many items an institution told of in a month."""

    prefix: ClassVar[bytes] = b"R"
