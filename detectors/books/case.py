"""Which alerts of an institution are there, and which of them share a visit or a person?

A case is one alert in its newest published form. A tie is a visit or a person of the institution, with the open alerts that
name it. Both are kept by the stage of the institution, which publishes all its alerts (docs/decisions/0012).
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.engine.page import NEVER, Page
from schemas.alerts import Alert
from schemas.china_time import DAY, parse_time

KEPT_AFTER_END: Final = 400 * DAY
_MONTH: Final = 30 * DAY
MOST_RELATED: Final = 20
NEAR: Final = 30 * DAY  # how far apart two alerts may lie that share a person, but no visit
MOST_TIES: Final = 200  # visits and persons each, by which an alert is found; a larger group is found by some of them
MOST_ALERTS: Final = 500  # open ones that name the same visit or person; nothing real comes near


class CasePage(Page, kw_only=True):
    """One alert. ``revision`` is the newest published one; ``joined`` and ``joined_at`` are the newest revision, by its own
    stage's count, that is in it, and when that was made.
    """

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"l"

    institution: str
    alert_id: str
    revision: int = 0
    joined: int = 0
    joined_at: int = 0
    is_open: bool = False
    begin: int = 0
    end: int | None = None
    visits: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    published: bytes = b""  # as JSON, but with persons as they are

    def holds(self, revision: int, revised_at: int) -> bool:
        """Whether that revision of its own stage, or a later one, is in it."""
        return revision <= self.joined and revised_at <= self.joined_at

    def join(self, alert: Alert) -> None:
        """Take what it says now."""
        self.joined, self.joined_at = alert.revision, parse_time(alert.revised_at)
        self.is_open = alert.status == "open"
        self.begin, self.end = parse_time(alert.begin), None if alert.end is None else parse_time(alert.end)
        self.visits = tuple(sorted(set(alert.visits)))[:MOST_TIES]
        self.persons = tuple(sorted(set(alert.persons)))[:MOST_TIES]

    def ties(self) -> dict[bytes, bool]:
        """The keys under which others find it, and whether the tie is a visit; none while it is retracted."""
        if not self.is_open:
            return {}
        ties = {tie_key(self.institution, "v", visit): True for visit in self.visits}
        ties.update((tie_key(self.institution, "p", person), False) for person in self.persons)
        return ties

    def kept_until(self) -> int:
        """Stream time at which it may be forgotten; by the month, or each revision of a group would write all its ties."""
        newest = max(self.begin if self.end is None else self.end, self.joined_at)
        return (newest // _MONTH + 1) * _MONTH + KEPT_AFTER_END

    def forgets_at(self) -> int:
        """Over a year after its end."""
        return self.kept_until()


class Tied(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An open alert, the period that it is about (of no account where they share a visit), and when it is forgotten."""

    begin: int
    end: int | None
    until: int

    def is_near(self, begin: int, end: int | None) -> bool:
        """Whether the periods come within `NEAR` of one another; what has no end goes on."""
        return (self.end is None or begin <= self.end + NEAR) and (end is None or self.begin <= end + NEAR)


class TiePage(Page, kw_only=True):
    """A visit or a person of an institution, and the open alerts that name it."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"k"

    alerts: dict[str, Tied] = {}

    def put(self, alert_id: str, tied: Tied) -> bool:
        """Upsert; False where it says so already, or where there are too many."""
        if self.alerts.get(alert_id) == tied or (alert_id not in self.alerts and len(self.alerts) >= MOST_ALERTS):
            return False
        self.alerts[alert_id] = tied
        return True

    def next_change(self) -> int:
        """When the first alert is forgotten."""
        return min((tied.until for tied in self.alerts.values()), default=NEVER)

    def advance(self, now: int) -> None:
        """Forget alerts whose time is over."""
        if self.next_change() <= now:
            self.alerts = {alert_id: tied for alert_id, tied in self.alerts.items() if tied.until > now}

    def forgets_at(self) -> int:
        """With its last alert."""
        return NEVER if self.alerts else 0


def case_key(institution: str, alert_id: str) -> bytes:
    """The key of an alert's page."""
    return f"l{institution}\0{alert_id}".encode()


def tie_key(institution: str, kind: str, name: str) -> bytes:
    """The key of a visit's (``v``) or a person's (``p``) ties."""
    return f"k{institution}\0{kind}{name}".encode()
