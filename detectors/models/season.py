"""What does a reading usually stand above or below its level at this time of an hour, a day, a week or a year?

An exponentially weighted mean a slice of the period; a slice teaches its neighbours at half the weight, so that a course of 288
slices is there after two rounds.
"""

from __future__ import annotations

from typing import Final, TypeAlias

HOUR: Final = 3_600.0
DAY: Final = 86_400.0
WEEK: Final = 604_800.0
YEAR: Final = 31_557_600.0
_MEMORY: Final = 5.0  # rounds
_MOST_SLICES: Final = 288  # of an hour or a day: five minutes of it
_MOST_SLICES_OF_A_WEEK: Final = 336  # half an hour
_SLICES_OF_A_YEAR: Final = 26
_FINE: Final = 48  # slices from which on neighbours learn too
_FIRST_SHARE, _SHARE = 0.5, 0.3  # of what a neighbour that knows nothing, or something, takes in

SavedSeason: TypeAlias = tuple[float, float, list[float], list[int]]


class Season:
    """One period of ``period`` seconds, of readings ``step`` seconds apart."""

    def __init__(self, period: float, step: float) -> None:
        self.period = period
        self.step = step
        slices = int(min(period / step, 1e6) + 0.5)
        if period > WEEK:
            most = _SLICES_OF_A_YEAR
        elif period > DAY:
            most = _MOST_SLICES_OF_A_WEEK if step < DAY else 7
        else:
            most = _MOST_SLICES
        if slices > most:
            slices = most
        if slices < 2:
            slices = 2
        self.usual: list[float] = [0.0] * slices
        self.seen: list[int] = [0] * slices
        readings = period / step / slices  # a round gives a slice
        self.memory = _MEMORY * (readings if readings > 1.0 else 1.0)
        self.slice = 0

    def saved(self) -> SavedSeason:
        """All of it as plain numbers."""
        return self.period, self.step, list(self.usual), list(self.seen)

    def restore(self, saved: SavedSeason) -> None:
        """Go on from what was `saved`."""
        _, _, usual, seen = saved
        self.usual, self.seen = list(usual), list(seen)

    def at(self, time: float) -> float:
        """What is usual above the level at ``time``; 0 where nothing is known."""
        self.slice = int(time % self.period / self.period * len(self.usual))
        if self.slice >= len(self.usual):  # the last float before the period's end
            self.slice = 0
        return self.usual[self.slice]

    def learn(self, above: float) -> None:
        """Take in what the reading of the time that was asked last stood above the level."""
        here = self.slice
        self.seen[here] += 1
        times = float(self.seen[here])
        self.usual[here] += (above - self.usual[here]) / (times if times < self.memory else self.memory)
        if len(self.usual) < _FINE:
            return
        for near in ((here + 1) % len(self.usual), (here - 1) % len(self.usual)):
            times = float(self.seen[near])
            if times == 0.0:
                self.usual[near] += _FIRST_SHARE * (above - self.usual[near])
            else:
                weight = (times if times < self.memory else self.memory) + 1.0
                self.usual[near] += _SHARE * (above - self.usual[near]) / weight
