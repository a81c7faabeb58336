"""How far does an institution stand out when several months are taken together?

A month of few cases proves little; three such months may prove much. What chance gives a month's distance from the peers is
drawn anew every month and shrinks with their number, the ways of honest hospitals last and do not: so the months of a stretch
are averaged, each weighed by its certainty, and their spread is that of the peers and what is left of chance. A stretch is
held against the same institution's months before it as well, where there are any: its own honest ways cancel out, and a
change is seen that its level alone would not show. Where it has no peers of its own level and kind, and is held against wider
groups, only such a change counts: a county's one hospital is dearer than its clinics in all honesty.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Final, NamedTuple

from detectors.books.indicators import NATURES, variance_of_peers
from detectors.books.member import Compared, MemberPage

_LONGEST: Final = 3  # months that are judged together
_BEFORE: Final = 4  # months that they are held against
_SHARED: Final = 0.5  # of a stretch's distance, at least, which its last month has too: else it is over


class Standing(NamedTuple):
    """The stretch of months until the one in question that stands out most."""

    deviation: float  # standard deviations
    distance: float  # from the peers, in the indicator's scale, averaged over the stretch
    since: int  # its first month
    before: float | None  # the same distance in the months before, where those are what it stands out from


class _Pooled(NamedTuple):
    distance: float
    variance: float  # by chance


def stretches(member: MemberPage, name: str, month: int) -> list[Standing]:
    """Every stretch until the month, against the peers and against the months before it; none where it is over."""
    seen = {number: known.seen[name] for number, known in member.months.items() if name in known.seen}
    last = seen.get(month)
    if last is None:
        return []
    found = []
    is_alike = last.group == next(iter(member.months[month].groups), last.group)
    spread = variance_of_peers(last)
    wobble = 2 * NATURES[name].wobble ** 2
    for since in range(month - _LONGEST + 1, month + 1):
        stretch = _pooled([seen[number] for number in range(since, month + 1) if number in seen])
        if since not in seen or stretch is None or last.value - last.expected < _SHARED * stretch.distance:
            continue
        if is_alike:
            found.append(Standing(stretch.distance / sqrt(spread + stretch.variance), stretch.distance, since, None))
        before = _pooled([seen[number] for number in range(since - _BEFORE, since) if number in seen])
        if before is not None:
            change = (stretch.distance - before.distance) / sqrt(stretch.variance + before.variance + wobble)
            found.append(Standing(change, stretch.distance, since, before.distance))
    return found


def standing(member: MemberPage, name: str, month: int) -> Standing | None:
    """The one that stands out most; None where the month was not compared, or its distance is not that of the stretch."""
    return max(stretches(member, name, month), key=lambda one: one.deviation, default=None)


def together(
    member: MemberPage, names: Iterable[str], month: int, most: float, *, changed: bool = False
) -> dict[str, Standing]:
    """Several indicators over the one stretch over which they stand out most together; only what has ``changed`` if so asked."""
    by: dict[tuple[int, bool], dict[str, Standing]] = {}
    for name in names:
        for one in stretches(member, name, month):
            if one.before is not None or not changed:
                by.setdefault((one.since, one.before is None), {})[name] = one
    return max(by.values(), key=lambda ones: joint(ones.values(), most), default={})


def joint(ones: Iterable[Standing], most: float) -> float:
    """Their deviations as one: each counts up to ``most``, so that none of them makes the sum alone."""
    counted = [min(max(one.deviation, -most), most) for one in ones]
    return sum(counted) / sqrt(len(counted)) if counted else 0.0


def _pooled(seen: list[Compared]) -> _Pooled | None:
    known = [one for one in seen if one.noise > 0]
    weight = sum(1 / one.noise**2 for one in known)
    if not weight:
        return None
    return _Pooled(sum((one.value - one.expected) / one.noise**2 for one in known) / weight, 1 / weight)
