"""What are an institution's habits of sending bills?

A rule that accuses somebody of absence must know whether silence means anything here: whether bills came at all for that
day, how late they usually come, and whether treatment lines come apart from, and after, the day's bed and nursing lines.
Learned from stay-days, counted once each; old habits fade by halving.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY, HOUR

DAYS_KEPT = 45
FADES_AT = 2_000  # stay-days; then all counts are halved, so a changed habit shows within some hundred stay-days
LATE = 72 * HOUR  # after the end of the day of service (domain.md §3.2)


class InstitutionPage(Page, kw_only=True):
    """One institution's own page."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"d"

    institution: str
    bills: dict[int, int] = {}  # by day of service: stay-days for which a bill has come
    billed: int = 0  # stay-days with a bill
    billed_late: int = 0  # … whose first bill came later than LATE
    active: int = 0  # stay-days with treatment
    active_apart: int = 0  # … whose treatment lines came in a later message than the day's routine lines

    def post_bill(self, day: int, inf_time: int) -> None:
        """The first bill of a stay-day has come."""
        self.bills[day] = self.bills.get(day, 0) + 1
        if len(self.bills) > DAYS_KEPT:
            oldest = max(self.bills) - DAYS_KEPT
            self.bills = {kept: count for kept, count in self.bills.items() if kept > oldest}
        self.billed += 1
        self.billed_late += inf_time > (day + 1) * DAY + LATE
        if self.billed >= FADES_AT:
            self.billed //= 2
            self.billed_late //= 2

    def post_treatment(self, apart: bool) -> None:
        """The first treatment line of a stay-day has come, ``apart`` from routine lines that came before it."""
        self.active += 1
        self.active_apart += apart
        if self.active >= FADES_AT:
            self.active //= 2
            self.active_apart //= 2

    def forgets_at(self) -> int:
        """Never: one small page an institution."""
        return NEVER


def institution_key(institution: str) -> bytes:
    """The key of its page."""
    return b"d" + institution.encode()
