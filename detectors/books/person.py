"""What is known of one person: his household and the newest snapshot of each of his visits."""

from __future__ import annotations

from typing import ClassVar

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import STAY, Ties, VisitSnapshot

# A year's rule looks back 365 days from each stay of a calendar year (frequent_admission): until that year is long over, all
# that it may count is still here, and an alert of that year is never raised anew for want of memory.
STAYS_KEPT = 800 * DAY
# Rules look back 60 days from a visit; what it is compared with must still be there when it is heard of.
OTHERS_KEPT = 90 * DAY
MOST_VISITS = 500  # the newest; a number that stands for many persons would make a page that cannot be written


class PersonPage(Page, kw_only=True):
    """One person. ``reference_offset`` is the version of his reference record."""

    layout: ClassVar[int] = 3
    prefix: ClassVar[bytes] = b"p"

    person: str
    household: str = ""
    birth: int | None = None
    identity: str = ""  # psn_idet_type
    ties: Ties = Ties()
    reference_offset: int = -1
    visits: dict[str, VisitSnapshot] = {}
    forgets_first: int = NEVER  # when the first visit may be forgotten; never later than that
    forgotten: int = -NEVER  # end, or begin where it had none, of the newest stay that was forgotten
    others_forgotten: int = -NEVER  # begin of the newest other visit that was forgotten

    def post(self, snapshot: VisitSnapshot) -> bool:
        """Upsert; False where what is held is as new."""
        held = self.visits.get(snapshot.visit)
        if held is not None and held.offset >= snapshot.offset:
            return False
        self.visits[snapshot.visit] = snapshot
        if len(self.visits) > MOST_VISITS:  # by what a visit is, not by when it came: no order may matter
            oldest = min(self.visits.values(), key=lambda visit: (visit.begin, visit.visit))
            self._note_forgotten(oldest)
            del self.visits[oldest.visit]
        self.forgets_first = min(self.forgets_first, _kept_until(snapshot))
        return True

    def next_change(self) -> int:
        """When the first visit is to be forgotten."""
        return self.forgets_first

    def advance(self, now: int) -> None:
        """Forget visits beyond the horizon."""
        if self.forgets_first <= now:
            for visit in self.visits.values():
                if _kept_until(visit) <= now:
                    self._note_forgotten(visit)
            self.visits = {name: visit for name, visit in self.visits.items() if _kept_until(visit) > now}
            self.forgets_first = min(map(_kept_until, self.visits.values()), default=NEVER)

    def _note_forgotten(self, visit: VisitSnapshot) -> None:
        if visit.kind == STAY:
            self.forgotten = max(self.forgotten, visit.end or visit.begin)
        else:
            self.others_forgotten = max(self.others_forgotten, visit.begin)

    def kept_from(self) -> int:
        """What stood on a stay that was forgotten is final."""
        return self.forgotten + 1 if self.forgotten > -NEVER else -NEVER

    def others_kept_from(self) -> int:
        """Likewise for rules that look at other visits, which are forgotten sooner."""
        return self.others_forgotten + 1 if self.others_forgotten > -NEVER else -NEVER

    def forgets_at(self) -> int:
        """A page without a reference record goes with its last visit."""
        return NEVER if self.visits or self.reference_offset >= 0 else 0


def _kept_until(visit: VisitSnapshot) -> int:
    newest = max(visit.end or visit.begin, visit.source.inf_time)
    return newest + (STAYS_KEPT if visit.kind == STAY else OTHERS_KEPT)


def person_key(person: str) -> bytes:
    """The key of his page."""
    return b"p" + person.encode()
