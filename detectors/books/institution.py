"""What are an institution's habits of sending bills?

A rule that accuses somebody of absence must know whether silence means anything here: whether bills came at all for that
day, how late they usually come, and whether treatment lines come apart from, and after, the day's bed and nursing lines.
Learned from stay-days, counted once each; old habits fade by halving. What is taken back no longer counts as a bill for its
day, but has shown when its sender sends, and is not unlearned: sent again after a 2302 it would otherwise look late.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY, HOUR

DAYS_KEPT = (
    448  # longer than a stay without an end is kept, or what was judged by a day would change as it is forgotten
)
FADES_AT = 2_000  # stay-days; then all counts are halved, so a changed habit shows within some hundred stay-days
MOST_ITEMS = 50_000  # pages of items; the largest hospitals bill some ten thousand drugs, consumables and services
GONE_ON = 50  # days; a visit's page is kept for 60, so that what is forgotten is refused
LATE = 72 * HOUR  # after the end of the day of service (domain.md §3.2)


class InstitutionPage(Page, kw_only=True):
    """One institution's own page."""

    layout: ClassVar[int] = 4
    prefix: ClassVar[bytes] = b"d"

    institution: str
    first_day: int = 0
    billed_stays: list[int] = []  # by day of service from first_day on: stays with a bill that stands
    billed: int = 0  # stay-days with a bill
    billed_late: int = 0  # … whose first bill came later than LATE
    active: int = 0  # stay-days with treatment
    active_apart: int = 0  # … whose treatment lines came in a later message than the day's routine lines
    items: int = 0  # its items that have a page
    begun: tuple[int, int] = (-NEVER, -NEVER)  # days of the two newest that began a visit: one clock may be wrong
    reports_sales: bool = False  # from stock (3505)
    first_begun: int = NEVER  # the oldest day on which a visit began, by its message
    plans_from_zero: bool = False  # its settlement lists say 0 where nobody is to come back (4101 days_rinp_flag_31)

    def was_billed(self, day: int) -> bool:
        """Whether bills for that day stand, for anybody's stay."""
        index = day - self.first_day
        return 0 <= index < len(self.billed_stays) and self.billed_stays[index] > 0

    def count_stay(self, day: int, today: int) -> bool:
        """A stay has a bill for that day; False for a day ahead of ``today`` or far back, which a wrong clock made."""
        oldest = max(today - DAYS_KEPT, self.first_day)
        if not oldest <= day <= today + 1:
            return False
        counts = self.billed_stays[oldest - self.first_day :] if self.billed_stays else []
        counts += [0] * (day - oldest + 1 - len(counts))
        counts[day - oldest] += 1
        self.first_day, self.billed_stays = oldest, counts
        return True

    def discount_stay(self, day: int) -> None:
        """A stay that was counted has no bill for that day any more."""
        if self.was_billed(day):
            self.billed_stays[day - self.first_day] -= 1

    def post_bill(self, day: int, inf_time: int) -> None:
        """The first bill of a stay-day has come."""
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

    def begin_visit(self, inf_time: int) -> bool:
        """A visit begins by a message of that time; whether that is news."""
        day, (newest, second) = inf_time // DAY, self.begun
        is_oldest = day < self.first_begun
        self.first_begun = min(self.first_begun, day)
        if day <= second:
            return is_oldest
        self.begun = (day, newest) if day > newest else (newest, day)
        return True

    def hear_plan(self, code: str) -> bool:
        """A settlement list says whether its patient is to come back within 31 days; whether the code is news of the coding."""
        is_news = code == "0" and not self.plans_from_zero
        self.plans_from_zero = self.plans_from_zero or is_news
        return is_news

    def is_planned(self, code: str) -> bool:
        """What that code says here: 1 and 2 for none and planned (the settlement list's code book), or, where 0 was heard,
        0 and 1 (domain.md §4.2; docs/decisions/0024)."""
        return code == ("1" if self.plans_from_zero else "2")

    def sends_visits(self) -> bool:
        """Whether it has ever begun one: its bills say more of volumes than its stock does."""
        return self.begun[0] > -NEVER

    def has_gone_on_since(self, inf_time: int) -> bool:
        """Whether it has begun visits so long after that time that a message of then can begin none any more."""
        return inf_time // DAY < self.begun[1] - GONE_ON

    def is_full(self) -> bool:
        """Whether it bills more items than any real one: what it bills of new ones is to be refused."""
        return self.items >= MOST_ITEMS

    def forgets_at(self) -> int:
        """Never: one small page an institution."""
        return NEVER


def institution_key(institution: str) -> bytes:
    """The key of its page."""
    return b"d" + institution.encode()
