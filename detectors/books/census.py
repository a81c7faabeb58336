"""How many lay in an institution's beds, night by night, and who?

One page an institution. A stay counts from the night of its admission to the night before its discharge, as its visit's page now
tells it; what it was told before stands on the visit, so that a correction takes back exactly that. A stay whose discharge
nobody sent ends with its final settlement, and without one some weeks after it was last heard of: beds must not fill with
forgotten discharges. Newborns lie beside their mothers, and day surgery sleeps at home.

Only the change from night to night is kept, one number a night for more than a year, so that a long crowding keeps its first
night; and the stays of the last weeks by name, as many as fit.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.books.visit import VisitPage
from detectors.engine.page import NEVER, Page
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import is_day_surgery, is_newborn
from schemas.snapshots import STAY, Reference

CALLS: Final = frozenset({"2301", "2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"})
UNHEARD_WEEKS: Final = 4  # from the week in which it was last heard of: 22 to 28 days
AHEAD: Final = 3  # days: an admission dated further ahead is a wrong clock's
KEPT: Final = 400  # nights
BLOCK: Final = (
    182  # nights that are forgotten at once: a crowding that lasts longer than `KEPT` gets a new name with each
)
FINAL: Final = 21  # nights after which what was said of a crowding that is over is final
SHOWN: Final = 7  # last nights of a crowding whose stays are named
NAMED: Final = FINAL + SHOWN  # nights after its end that a stay is known by name
MOST_NAMED: Final = (
    150  # of a larger hospital some of each day's stays: a new name has room when an old one is forgotten
)
MOST_CITED: Final = 30


class InBed(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A stay: nights from ``first`` to the one before ``until``; ``scope`` fen, once it ended or was settled."""

    person: str
    first: int
    until: int
    scope: int
    admission: Reference | None = None


class CensusPage(Page, kw_only=True):
    """One institution's nights. Night ``d`` is that from day ``d`` to day ``d + 1``."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"e"

    institution: str
    first_night: int = -1
    before: int = 0  # the census of the night before the first
    moves: list[int] = []  # by night: how many more than the night before
    stays: dict[str, InBed] = {}
    today: int = -1

    def count(self, stay: tuple[int, int], by: int) -> None:
        """Count a stay's nights ``by`` +1 or -1."""
        self._move(stay[0], by)
        self._move(stay[1], -by)

    def _move(self, night: int, by: int) -> None:
        index = night - self.first_night
        if index < 0:
            self.before += by
            return
        if index >= len(self.moves):
            self.moves += [0] * (index + 1 - len(self.moves))
        self.moves[index] += by

    def nights(self, last: int, since: int | None = None) -> list[int]:
        """The census of every night from ``since``, or from `first_night`, to ``last``."""
        begin = 0 if since is None else max(since - self.first_night, 0)
        here = self.before + sum(self.moves[:begin])
        found, end = list[int](), last - self.first_night + 1
        for move in self.moves[begin : max(end, begin)]:
            here += move
            found.append(here)
        return found + [here] * (end - begin - len(found))

    def forgets_at(self) -> int:
        """When nobody has been in for as long as nights are kept."""
        last = self.first_night + len(self.moves)
        return NEVER if self.first_night < 0 else (last + KEPT) * DAY

    def kept_from(self) -> int:
        """What was said of a crowding that has been over for `FINAL` nights is final."""
        return (self.today - FINAL) * DAY

    def next_change(self) -> int:
        """When a stay is forgotten by name, or a block of nights."""
        if self.first_night < 0:
            return NEVER
        nights = self.first_night + KEPT + BLOCK
        return min(nights, min((one.until + NAMED for one in self.stays.values()), default=nights)) * DAY

    def advance(self, now: int) -> None:
        """Forget what lies beyond its horizon."""
        self.today = max(self.today, now // DAY)
        if self.next_change() > now:
            return
        self.stays = {visit: one for visit, one in self.stays.items() if one.until + NAMED > self.today}
        while self.first_night + KEPT + BLOCK <= self.today:
            self.before += sum(self.moves[:BLOCK])
            del self.moves[:BLOCK]
            self.first_night += BLOCK


def is_counted(visit: VisitPage) -> bool:
    """Whether it is a stay that takes a bed overnight."""
    return (
        visit.kind == STAY
        and not visit.void
        and visit.begin is not None
        and not is_day_surgery(visit.med_type)
        and not is_newborn(visit.med_type, visit.diagnosis)
    )


def nights_of(visit: VisitPage) -> tuple[int, int] | None:
    """Its first night and the one after its last, as far as is known; None where it has none."""
    if not is_counted(visit):
        return None
    assert visit.begin is not None
    first, heard = visit.begin // DAY, visit.newest // DAY
    until = (heard // 7 + UNHEARD_WEEKS) * 7
    if visit.end is not None:
        until = min(until, visit.end // DAY)
    elif (settled := visit.settled_at()) is not None:
        until = min(until, settled // DAY)
    return (first, until) if first < until and first <= heard + AHEAD else None


def census_key(institution: str) -> bytes:
    """The key of its page."""
    return b"e" + institution.encode()


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, CensusPage]]:
    """Count the visit's nights as it now tells them; nothing for a bill that says nothing new of them."""
    if visit.kind != STAY:
        return []
    stay, told = nights_of(visit), visit.told_nights
    if stay == told and (stay is None or visit.messages[-1].infno == "2301"):
        return []
    key = census_key(visit.institution)
    page = pages.open(CensusPage, key, lambda: CensusPage(institution=visit.institution))
    if page.first_night < 0:
        page.first_night = (visit.newest // DAY - NAMED) // BLOCK * BLOCK
    if stay != told:
        if told is not None:
            page.count(told, -1)
        if stay is not None:
            page.count(stay, 1)
        visit.told_nights = stay
    _name(page, visit, stay)
    page.position = max(page.position, offset)
    return [(key, page)]


def _name(page: CensusPage, visit: VisitPage, stay: tuple[int, int] | None) -> None:
    known = page.stays.get(visit.visit)
    if stay is None:
        page.stays.pop(visit.visit, None)
        return
    if known is None and len(page.stays) >= MOST_NAMED:
        return
    standing = visit.standing_settlements()
    scope = sum(settled.scope for settled in standing) if standing else visit.scope if visit.end is not None else 0
    admission = known.admission if known is not None else None
    if known is None and sum(one.admission is not None for one in page.stays.values()) < MOST_CITED:
        admission = visit.message_of(visit.admission)
    page.stays[visit.visit] = InBed(visit.person, *stay, scope, admission)
