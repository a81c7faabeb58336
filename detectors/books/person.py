"""What is known of one person: his household and the newest snapshot of each of his visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from detectors.books.group_keys import home_of
from detectors.books.half_years import begin_of_next_half
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import STAY, Dispensed, Reference, Ties, VisitSnapshot

# A year's rule looks back 365 days from each stay of a calendar year (frequent_admission): until that year is long over, all
# that it may count is still here, and an alert of that year is never raised anew for want of memory.
STAYS_KEPT = 800 * DAY
# Rules look back 60 days from a visit; what it is compared with must still be there when it is heard of.
OTHERS_KEPT = 90 * DAY
MOST_VISITS = 500  # the newest; a number that stands for many persons would make a page that cannot be written

# What was taken home is added up by the half of a calendar year (drug_hoarding): it is kept, without the rest of its visit, until
# no correction can come any more (a visit's page goes 60 days after it was last heard of).
DRUGS_KEPT_AFTER_HALF = 62 * DAY
MOST_DRUG_VISITS = 300


class Fetch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one visit gave home: what is left of its snapshot once that is forgotten."""

    institution: str
    kind: str
    source: Reference
    drugs: tuple[Dispensed, ...]


class PersonPage(Page, kw_only=True):
    """One person. ``reference_offset`` is the version of his reference record."""

    layout: ClassVar[int] = 6
    prefix: ClassVar[bytes] = b"p"

    person: str
    household: str = ""
    birth: int | None = None
    identity: str = ""  # psn_idet_type
    died: int | None = None  # by the register, seconds
    ties: Ties = Ties()
    reference_offset: int = -1
    visits: dict[str, VisitSnapshot] = {}
    forgets_first: int = NEVER  # when the first visit may be forgotten; never later than that
    forgotten: int = -NEVER  # end, or begin where it had none, of the newest stay that was forgotten
    others_forgotten: int = -NEVER  # begin of the newest other visit that was forgotten
    fetches: dict[str, Fetch] = {}  # of visits that were forgotten, by visit
    drugs_kept_from: int = -NEVER  # all that was taken home since then is known

    @property
    def family(self) -> str:
        """The household that hears of his stays: that of his record, or without one his home; empty where neither is known."""
        return self.household or home_of(self.ties)

    def post(self, snapshot: VisitSnapshot) -> bool:
        """Upsert; False where what is held is as new."""
        held = self.visits.get(snapshot.visit)
        if held is not None and held.offset >= snapshot.offset:
            return False
        self.visits[snapshot.visit] = snapshot
        self.fetches.pop(snapshot.visit, None)
        if len(self.visits) > MOST_VISITS:  # by what a visit is, not by when it came: no order may matter
            oldest = min(self.visits.values(), key=lambda visit: (visit.begin, visit.visit))
            self._note_forgotten(oldest)
            del self.visits[oldest.visit]
            self._keep_drugs(oldest)
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
                    self._keep_drugs(visit)
            self.visits = {name: visit for name, visit in self.visits.items() if _kept_until(visit) > now}
            for name in [name for name, fetch in self.fetches.items() if _drugs_kept_until(fetch) <= now]:
                self._forget_drugs(name)
            first = min(map(_kept_until, self.visits.values()), default=NEVER)
            self.forgets_first = min(first, min(map(_drugs_kept_until, self.fetches.values()), default=NEVER))

    def _keep_drugs(self, visit: VisitSnapshot) -> None:
        if not visit.drugs or visit.void:
            return
        self.fetches[visit.visit] = fetch_of(visit)
        self.forgets_first = min(self.forgets_first, _drugs_kept_until(self.fetches[visit.visit]))
        if len(self.fetches) > MOST_DRUG_VISITS:
            self._forget_drugs(min(self.fetches, key=lambda name: (self.fetches[name].drugs[-1].day, name)))

    def _forget_drugs(self, visit: str) -> None:
        """Its half-year is judged no more: what stands on it is final."""
        last = self.fetches.pop(visit).drugs[-1].day
        self.drugs_kept_from = max(self.drugs_kept_from, begin_of_next_half(last) * DAY)

    def taken_home(self) -> Iterator[tuple[str, Fetch]]:
        """What every visit that stands gave home, by visit."""
        yield from self.fetches.items()
        for name, visit in self.visits.items():
            if visit.drugs and not visit.void:
                yield name, fetch_of(visit)

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
        return NEVER if self.visits or self.fetches or self.reference_offset >= 0 else 0


def fetch_of(visit: VisitSnapshot) -> Fetch:
    """What a visit gave home."""
    return Fetch(
        visit.institution, visit.kind, visit.evidence[0] if visit.evidence else visit.source, visit.drugs
    )  # fmt: skip


def _drugs_kept_until(fetch: Fetch) -> int:
    return begin_of_next_half(fetch.drugs[-1].day) * DAY + DRUGS_KEPT_AFTER_HALF


def _kept_until(visit: VisitSnapshot) -> int:
    newest = max(visit.end or visit.begin, visit.source.inf_time)
    return newest + (STAYS_KEPT if visit.kind == STAY else OTHERS_KEPT)


def person_key(person: str) -> bytes:
    """The key of his page."""
    return b"p" + person.encode()
