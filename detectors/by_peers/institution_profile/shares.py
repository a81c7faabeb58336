"""Is one share of a month far beyond the peers': what was served by night, or what was taken back?

A day's vector averages days and weighs ten indicators alike, so four nights of dear services do not show in it; in the month's
money they do. Held against the peers as every indicator is (`detectors.books.comparing`), over up to three months, and against
the institution's own months before (`detectors.books.standing`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.indicators import NIGHT, REFUNDS, told
from detectors.books.member import MemberPage
from detectors.books.standing import Standing, standing, stretches
from detectors.by_peers import judging
from detectors.by_peers.institution_profile.text import describe_share
from detectors.engine.rule import Finding, View
from schemas.alerts import Measure
from schemas.peer_days import DayCounts

_CHANGED: Final = 0.5  # of the limit: what has changed by so much is no habit
_UNITS: Final = {NIGHT: "fen", REFUNDS: "settlements"}


class ShareAlone(NamedTuple):
    """A month's ``share`` beside the ``usual`` one of its peers; ``part`` of the ``whole`` is so (fen, or settlements), and
    ``excess`` of it beyond what is usual."""

    name: str
    month: int
    stood: Standing
    share: float
    usual: float
    part: int
    whole: int
    excess: int
    changed: float  # standard deviations from its own months before; 0 where none is known


def share_alone(page: MemberPage, month: int, name: str) -> ShareAlone | None:
    """How the month stands out by it, None where it was not compared."""
    stood = standing(page, name, month)
    if stood is None:
        return None
    changes = [one.deviation for one in stretches(page, name, month) if one.before is not None]
    known = page.months[month]
    part, whole = _parts(known.counts, name)
    if whole <= 0:
        return None
    usual = told(name, known.seen[name].expected)
    excess = round(part - usual * whole)
    return ShareAlone(name, month, stood, part / whole, usual, part, whole, excess, max(changes, default=0.0))


def _parts(counts: DayCounts, name: str) -> tuple[int, int]:
    if name == NIGHT:
        return counts.by_night, counts.timed
    return counts.refunds, counts.settlements


def told_of(page: MemberPage, far: ShareAlone, deviation: float, margin: float, view: View) -> Finding:
    """What an inspector is told. A change from the institution's own months is graver: what has always been so may have its
    reason."""
    known = page.months[far.month]
    seen, counts = known.seen[far.name], known.counts
    # What the fund may have paid for what was done by night; what was taken back has cost it nothing.
    is_paid = far.name == NIGHT and counts.total > 0
    return Finding(
        severity="medium" if far.changed >= _CHANGED * deviation else "low",
        score=judging.score_of(far.stood.deviation, deviation),
        begin=judging.begin_of(far.month),
        end=judging.end_of(known),
        institution=page.institution,
        group=seen.group,
        measures=(
            Measure(far.name, round(far.share, 4), round(far.usual + margin, 4), "share", round(far.usual, 4)),
            Measure("deviation_from_peers", round(far.stood.deviation, 2), deviation, "deviations"),
            Measure(f"{far.name}_amount", far.part, None, _UNITS[far.name], far.part - far.excess),
        ),
        fund_at_risk=round(far.excess * counts.fund / counts.total) if is_paid else 0,
        text=describe_share(page, far.month, far.name, far.share, far.usual, far.part, far.stood, view),
        series=judging.history(page, far.name, far.month, "share"),
    )
