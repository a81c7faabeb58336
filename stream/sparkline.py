"""How is a measured series drawn in a few characters, so that what left the expected band is seen at once?"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.alerts import Point

_LEVELS = "▁▂▃▄▅▆▇█"
ABOVE, BELOW, WITHIN = "^", "v", " "


def sparkline(points: Sequence[Point], width: int) -> tuple[str, str]:
    """Two lines of equal length: the values as bars, and below them a mark where one left its band.

    The newest ``width`` points are drawn, from zero (or the least value below it) to the largest.

    >>> sparkline([Point("a", 0), Point("b", 4, 0, 5), Point("c", 8, 0, 5)], 10)
    ('▁▅█', '  ^')
    """
    drawn = points[-width:]
    if not drawn:
        return "", ""
    floor = min(0.0, *(point.value for point in drawn))
    span = max(point.value for point in drawn) - floor
    steps = len(_LEVELS) - 1
    bars = (_LEVELS[round((point.value - floor) / span * steps) if span else 0] for point in drawn)
    return "".join(bars), "".join(map(_mark, drawn))


def _mark(point: Point) -> str:
    if point.high is not None and point.value > point.high:
        return ABOVE
    if point.low is not None and point.value < point.low:
        return BELOW
    return WITHIN
