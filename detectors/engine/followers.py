"""Which other books of its institution hear of a visit, and of which of its messages?

A follower is told that a visit has changed, after the message was posted and before rules are asked. It upserts what its
own pages hold of the visit, as the visit's page now says it (never an increment: a correction is told like anything else),
and says which of its pages changed; the stage lets the rules of those pages look at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeAlias

from detectors.books import (
    activity,
    activity_following,
    amounts,
    amounts_following,
    arrivals,
    arrivals_following,
    bed,
    bed_codes,
    bed_following,
    census,
    census_following,
    terminal,
    terminal_following,
)
from detectors.books.visit import VisitPage
from detectors.engine.page import Page
from detectors.engine.pages import Pages

Touched: TypeAlias = Iterable[tuple[bytes, Page]]


class Follower(NamedTuple):
    """``kinds``: its pages. ``calls``: the ``infno`` after which a visit may say something new to it. ``follow`` is given the
    visit, the stage's pages and the offset of the message."""

    kinds: tuple[type[Page], ...]
    calls: frozenset[str]
    follow: Callable[[VisitPage, Pages, int], Touched]


FOLLOWERS: Final[tuple[Follower, ...]] = (
    Follower((bed.BedPage, bed_codes.BedCodesPage), bed_following.CALLS, bed_following.follow),
    Follower((amounts.AmountsPage,), amounts_following.CALLS, amounts_following.follow),
    Follower((terminal.TerminalPage,), terminal_following.CALLS, terminal_following.follow),
    Follower((arrivals.ArrivalsPage,), arrivals_following.CALLS, arrivals_following.follow),
    Follower((census.CensusPage,), census_following.CALLS, census_following.follow),
    Follower((activity.ActivityPage,), activity_following.CALLS, activity_following.follow),
)

KINDS: Final[tuple[type[Page], ...]] = tuple(kind for follower in FOLLOWERS for kind in follower.kinds)


def followers_of(infno: str) -> tuple[Follower, ...]:
    """Those who may hear something new by such a call."""
    return tuple(follower for follower in FOLLOWERS if infno in follower.calls)
