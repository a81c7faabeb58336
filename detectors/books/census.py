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

from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import Reference

KEPT: Final = 400  # nights
BLOCK: Final = 182  # nights forgotten at once: a crowding that lasts longer than `KEPT` gets a new name with each
FINAL: Final = 21  # nights after which what was said of a crowding that is over is final
SHOWN: Final = 7  # last nights of a crowding whose stays are named
NAMED: Final = FINAL + SHOWN  # nights after its end that a stay is known by name
MOST_NAMED: Final = 150  # of a larger hospital some of a day's stays: a new name has room when an old one is forgotten
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
        here = -sum(self.moves[begin:])  # every stay that is counted ends: after the last move nobody is in
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
        """When the page is forgotten: what time does to it is done when it is next looked at, and comes to the same."""
        return self.forgets_at()

    def advance(self, now: int) -> None:
        """Forget what lies beyond its horizon, once a day."""
        today = now // DAY
        if today <= self.today:
            return
        self.forget_names(today)
        self.today = today
        while 0 <= self.first_night <= today - KEPT - BLOCK:
            self.before += sum(self.moves[:BLOCK])
            del self.moves[:BLOCK]
            self.first_night += BLOCK

    def forget_names(self, today: int) -> None:
        """Forget by name those who left long before ``today``."""
        if today > self.today:
            self.stays = {visit: one for visit, one in self.stays.items() if one.until + NAMED > today}

    def has_room_to_cite(self) -> bool:
        """Whether fewer than `MOST_CITED` stays are known with their admission."""
        cited = 0
        for one in self.stays.values():
            if one.admission is not None:
                cited += 1
                if cited == MOST_CITED:
                    return False
        return True

    def is_past(self, until: int) -> bool:
        """Whether a stay ended so long ago that it is not known by name any more."""
        return until + NAMED <= self.today


def census_key(institution: str) -> bytes:
    """The key of its page."""
    return b"e" + institution.encode()
