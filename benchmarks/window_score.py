"""How good are alarms on labelled windows? The Numenta benchmark's score, from its paper.

Lavin and Ahmad, *Evaluating Real-time Anomaly Detection Algorithms* (2015): of each window the first alarm counts, the more the
earlier, by a sigmoid of its place; alarms outside cost, less when shortly after a window; missed windows cost. One threshold for
all streams, the one that scores best. 0 is to say nothing, 100 is the first row of every window and nothing else. The first
15 % of a stream (750 rows at most) are not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Final, NamedTuple

PROBATION_SHARE: Final = 0.15
MOST_PROBATION: Final = 750
Windows = Sequence[tuple[int, int]]


class Profile(NamedTuple):
    """What a false alarm and a miss cost, in detections."""

    false_alarm: float
    miss: float


STANDARD: Final = Profile(0.11, 1.0)
FEW_FALSE: Final = Profile(0.22, 1.0)
FEW_MISSED: Final = Profile(0.11, 2.0)


def worth(place: float) -> float:
    """Of an alarm at a place relative to its window: -1 its first row, 0 its last, above it the widths since.

    >>> round(worth(-1), 3), worth(0), round(worth(3), 3)
    (0.987, 0.0, -1.0)
    """
    return -1.0 if place > 3 else 2 / (1 + exp(5 * place)) - 1


def probation(rows: int) -> int:
    """Rows that are not judged."""
    return int(min(PROBATION_SHARE * rows, PROBATION_SHARE * 5_000))


class Judged(NamedTuple):
    """The best of all thresholds."""

    score: float
    threshold: float
    found: int
    windows: int
    false_alarms: int


def judged(scores: Sequence[Sequence[float]], windows: Sequence[Windows], profile: Profile = STANDARD) -> Judged:
    """All streams at the threshold that suits them best together.

    One sweep from the highest score down: each row either is a false alarm, or may become the first alarm of its window.
    """
    rows: list[tuple[float, int, int, int]] = []  # score, stream, row, window or -1
    total = 0
    for stream, (given, known) in enumerate(zip(scores, windows, strict=True)):
        first = probation(len(given))
        counted = [window for window in known if window[1] >= first]
        total += len(counted)
        inside = {row: number for number, window in enumerate(counted) for row in range(window[0], window[1] + 1)}
        rows += [(score, stream, row, inside.get(row, -1)) for row, score in enumerate(given) if row >= first]
    rows.sort(key=lambda told: -told[0])
    earliest: dict[tuple[int, int], int] = {}
    raw, false_alarms = -profile.miss * total, 0
    best = Judged(0.0, 1.0, 0, total, 0)
    for place, (score, stream, row, window) in enumerate(rows):
        if window >= 0:
            before = earliest.get((stream, window))
            if before is None or row < before:
                span = windows[stream]
                counted = [each for each in span if each[1] >= probation(len(scores[stream]))]
                now = worth(-1 + (row - counted[window][0]) / max(counted[window][1] - counted[window][0], 1)) / worth(
                    -1
                )
                raw += now + (profile.miss if before is None else -_worth_of(before, counted[window]))
                earliest[stream, window] = row
        else:
            false_alarms += 1
            raw += profile.false_alarm * _after(row, windows[stream])
        if place + 1 < len(rows) and rows[place + 1][0] == score:
            continue
        reached = 100 * (raw + profile.miss * total) / ((1 + profile.miss) * total) if total else 0.0
        if reached > best.score:
            best = Judged(reached, score, len(earliest), total, false_alarms)
    return best


def _worth_of(row: int, window: tuple[int, int]) -> float:
    return worth(-1 + (row - window[0]) / max(window[1] - window[0], 1)) / worth(-1)


def _after(row: int, windows: Windows) -> float:
    """-1, or less where a window has ended not long before."""
    ended = [window for window in windows if window[1] < row]
    if not ended:
        return -1.0
    first, last = ended[-1]
    return worth((row - last) / max(last - first, 1))
