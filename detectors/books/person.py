"""What is known of one person: his household and the newest snapshot of each of his visits."""

from __future__ import annotations

from typing import ClassVar

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import STAY, VisitSnapshot

STAYS_KEPT = 400 * DAY  # a year's rules look back 365 days
OTHERS_KEPT = 60 * DAY
MOST_VISITS = 500  # the newest; a number that stands for many persons would make a page that cannot be written


class PersonPage(Page, kw_only=True):
    """One person. ``reference_offset`` is the version of his reference record."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"p"

    person: str
    household: str = ""
    birth: int | None = None
    identity: str = ""  # psn_idet_type
    reference_offset: int = -1
    visits: dict[str, VisitSnapshot] = {}
    forgets_first: int = NEVER  # when the first visit may be forgotten; never later than that

    def post(self, snapshot: VisitSnapshot) -> bool:
        """Upsert; False where what is held is as new."""
        held = self.visits.get(snapshot.visit)
        if held is not None and held.offset >= snapshot.offset:
            return False
        self.visits[snapshot.visit] = snapshot
        if len(self.visits) > MOST_VISITS:  # by what a visit is, not by when it came: no order may matter
            del self.visits[min(self.visits.values(), key=lambda visit: (visit.begin, visit.visit)).visit]
        self.forgets_first = min(self.forgets_first, _kept_until(snapshot))
        return True

    def next_change(self) -> int:
        """When the first visit is to be forgotten."""
        return self.forgets_first

    def advance(self, now: int) -> None:
        """Forget visits beyond the horizon."""
        if self.forgets_first <= now:
            self.visits = {name: visit for name, visit in self.visits.items() if _kept_until(visit) > now}
            self.forgets_first = min(map(_kept_until, self.visits.values()), default=NEVER)

    def forgets_at(self) -> int:
        """A page without a reference record goes with its last visit."""
        return NEVER if self.visits or self.reference_offset >= 0 else 0


def _kept_until(visit: VisitSnapshot) -> int:
    newest = max(visit.end or visit.begin, visit.source.inf_time)
    return newest + (STAYS_KEPT if visit.kind == STAY else OTHERS_KEPT)


def person_key(person: str) -> bytes:
    """The key of his page."""
    return b"p" + person.encode()
