"""Who had this bed, from when to when?

A page a bed: institution, department and bed code. Each visit that had it is upserted as the visit's page now tells it, so
a move, a correction or a cancelled admission leaves the page as if it never was. Of visits that had the bed to themselves
only the times are kept; what they were billed is added as soon as two had it at once, and goes again when they had not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar, Final

import msgspec

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY, HOUR
from schemas.snapshots import Reference

KEPT: Final = 60 * DAY  # after the end, as long as the visit's page can be corrected
KEPT_OPEN: Final = 400 * DAY
JOINED: Final = 30 * DAY  # conflicts of one bed no further apart than this belong together
LONGEST: Final = 60 * DAY
MOST_OCCUPANTS: Final = 80  # the newest; in 60 days a bed has some eight, one that four share forty
MOST_AT_ONCE: Final = 8  # a code that more than so many have at once is a word for "somewhere"
_HANDOVER: Final = HOUR  # an overlap that is no conflict by anybody's limit
_DIGITS: Final = frozenset("0123456789")


class Span(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Had the bed from ``since`` on. ``until``: None while he still has it; ``moved``: then he went to another bed."""

    since: int
    until: int | None
    moved: bool


class Billed(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a visit that shared its bed was there for. ``days``: those with a line of any kind; ``scope`` and ``idle_days``
    from its discharge or settlement on, fen."""

    med_type: str
    diagnosis: str
    days: tuple[int, ...]
    idle_days: int
    scope: int
    evidence: tuple[Reference, ...]


class Occupant(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A visit that has, or had, the bed; ``billed`` where somebody else had it at the same time."""

    person: str
    spans: tuple[Span, ...]
    billed: Billed | None = None

    @property
    def since(self) -> int:
        """When he first had it."""
        return self.spans[0].since

    @property
    def until(self) -> int | None:
        """When he last had it; None: he still has."""
        return self.spans[-1].until

    def kept_until(self) -> int:
        """When it is to be forgotten."""
        until = self.spans[-1].until
        return self.spans[0].since + KEPT_OPEN if until is None else until + KEPT


class BedPage(Page, kw_only=True):
    """One bed."""

    prefix: ClassVar[bytes] = b"b"

    institution: str
    department: str
    bed: str
    occupants: dict[str, Occupant] = {}
    reach: int = 0  # while it is shared: how far the numbers of its institution's beds go (`detectors.books.bed_codes`)
    forgotten: int = -NEVER  # since when the newest shared occupation lasted that was forgotten

    def forgets_at(self) -> int:
        """When nobody had it and nothing stands on it that could be taken back."""
        if self.occupants:
            return NEVER
        return max((stood.begin + KEPT_OPEN for stood in self.standing.values()), default=-NEVER)

    def kept_from(self) -> int:
        """What stood on a conflict that was forgotten is final."""
        return self.forgotten + 1 if self.forgotten > -NEVER else -NEVER

    def next_change(self) -> int:
        """When the first occupant, or group of occupants, is to be forgotten."""
        first = NEVER
        for one in self.occupants.values():
            if one.billed is not None:
                return min(self._forgetting().values())
            at = one.kept_until()
            if at < first:
                first = at
        return first

    def advance(self, now: int) -> None:
        """Forget who left long ago; those who had it at once only together, or their alert would change its name."""
        if self.next_change() > now:
            return
        for visit, at in self._forgetting().items():
            if at <= now:
                self._drop(visit)

    def _drop(self, visit: str) -> None:
        gone = self.occupants.pop(visit)
        if gone.billed is not None:
            self.forgotten = max(self.forgotten, gone.since)

    def _forgetting(self) -> dict[str, int]:
        times = {visit: one.kept_until() for visit, one in self.occupants.items()}
        for group in self._groups():
            last = max(times[visit] for visit in group)
            times.update(dict.fromkeys(group, last))
        return times

    def _groups(self) -> Iterator[list[str]]:
        return chained([(one.since, one.until, visit) for visit, one in self.in_order() if one.billed is not None])

    def make_room(self) -> None:
        """Beyond `MOST_OCCUPANTS` forget the oldest before its time, with the whole group that it belongs to."""
        if len(self.occupants) <= MOST_OCCUPANTS:
            return
        oldest = self.in_order()[0][0]
        groups = list(self._groups())
        together = next((group for group in groups[:-1] if oldest in group), [oldest])
        for visit in together:
            self._drop(visit)

    def in_order(self) -> list[tuple[str, Occupant]]:
        """Visits by the time since when they had it; ties by visit."""
        return sorted(self.occupants.items(), key=lambda item: (item[1].since, item[0]))

    def is_left_alone(self, visit: str, one: Occupant) -> bool:
        """Whether a visit that shares nothing would share nothing, nor change who does, if it had the bed like this."""
        held = self.occupants.get(visit)
        if (held is not None and held.billed is not None) or len(self.occupants) >= MOST_AT_ONCE:
            return False
        for name, other in self.occupants.items():
            if name != visit and one.person != other.person and _overlaps(one, other):
                return False
        return True

    def sharing(self) -> frozenset[str]:
        """Visits of different persons that had it at once, for longer than a handover; none where the code is no bed's."""
        order, found = self.in_order(), set[str]()
        if _most_at_once(order) > MOST_AT_ONCE:
            return frozenset()
        for index, (visit, one) in enumerate(order):
            for other_visit, other in order[index + 1 :]:
                if one.until is not None and other.since >= one.until:
                    break
                if one.person != other.person and _overlaps(one, other):
                    found |= {visit, other_visit}
        return frozenset(found)


def chained(shared: list[tuple[int, int | None, str]]) -> Iterator[list[str]]:
    """Groups of visits, given as since, until and visit in order, that follow one another with gaps of `JOINED` at most;
    a group takes in nobody who comes more than `LONGEST` after its first, so that the oldest can be forgotten whole."""
    group: list[str] = []
    first = last = 0
    for since, until, visit in shared:
        if group and (since > last + JOINED or since > first + LONGEST):
            yield group
            group = []
        if not group:
            first, last = since, since
        last = max(last, NEVER - JOINED if until is None else until)
        group.append(visit)
    if group:
        yield group


def _overlaps(one: Occupant, other: Occupant) -> bool:
    return any(
        min(_end(mine), _end(theirs)) - max(mine.since, theirs.since) > _HANDOVER
        for mine in one.spans
        for theirs in other.spans
    )


def _end(span: Span) -> int:
    return NEVER if span.until is None else span.until


def _most_at_once(order: list[tuple[str, Occupant]]) -> int:
    """The largest number of visits that had it at one time."""
    changes = [(span.since, 1) for _, one in order for span in one.spans]
    changes += [(_end(span), -1) for _, one in order for span in one.spans]
    here = most = 0
    for _, change in sorted(changes):
        here += change
        most = max(most, here)
    return most


@lru_cache(maxsize=8_192)  # asked for every bill
def bed_code(department: str, bed: str) -> str:
    """The bed's code as it is compared; "" where it names no bed: nothing, noughts, 无, 加床, 临时, 走廊, the department."""
    code = unicodedata.normalize("NFKC", bed).strip().upper().removesuffix("床").removesuffix("号").strip()
    local = code.removeprefix(department.upper()) if department else code
    digits = [sign for sign in local if sign in _DIGITS]
    if not any(sign != "0" for sign in digits) or (len(local) > 2 and set(local) == {"9"}):
        return ""
    return code


def bed_key(institution: str, department: str, code: str) -> bytes:
    """The key of its page."""
    return f"b{institution}\0{department}\0{code}".encode()
