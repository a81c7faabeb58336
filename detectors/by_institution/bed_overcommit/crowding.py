"""On which nights were there more stays than beds, and which of those nights belong together?"""

from __future__ import annotations

from typing import NamedTuple


class Crowding(NamedTuple):
    """Nights from ``first`` on, the last one above the beds; ``censuses`` of all of them, those between two runs too."""

    first: int
    censuses: tuple[int, ...]

    @property
    def last(self) -> int:
        """The last night above the beds."""
        return self.first + len(self.censuses) - 1

    def above(self, beds: int) -> list[int]:
        """The censuses of the nights above the beds."""
        return [census for census in self.censuses if census > beds]

    def steady(self, nights: int) -> int:
        """What the census did not fall below on so many nights running, at the most crowded time."""
        windows = range(len(self.censuses) - nights + 1)
        return max(min(self.censuses[index : index + nights]) for index in windows)

    def told(self, beds: int, nights: int) -> Crowding:
        """As far as it is told while it goes on: its first ``nights`` nights above the beds, then with every two fifths more.

        >>> len(Crowding(0, (11,) * 8).told(10, 3).censuses)
        7
        """
        above, number = [index for index, census in enumerate(self.censuses) if census > beds], nights
        while (more := number + max(number * 2 // 5, 1)) <= len(above):
            number = more
        return self._replace(censuses=self.censuses[: above[number - 1] + 1])


def crowdings(first: int, censuses: list[int], beds: int, nights: int, gap: int) -> list[Crowding]:
    """Runs of at least ``nights`` nights above the beds; those no more than ``gap`` nights apart are one.

    >>> crowdings(100, [9, 11, 12, 11, 10, 11, 12, 13, 9, 11], 10, 3, 2)
    [Crowding(first=101, censuses=(11, 12, 11, 10, 11, 12, 13))]
    """
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for index, census in enumerate([*censuses, 0]):
        if census > beds:
            start = index if start is None else start
        elif start is not None:
            if index - start >= nights:
                if runs and start - runs[-1][1] - 1 <= gap:
                    runs[-1] = (runs[-1][0], index - 1)
                else:
                    runs.append((start, index - 1))
            start = None
    return [Crowding(first + begin, tuple(censuses[begin : end + 1])) for begin, end in runs]
