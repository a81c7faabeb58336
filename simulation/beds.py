"""Which bed is free?"""

import heapq

from simulation.institutions import Institution

CROWDED = 1.05  # of the approved beds: more than that are turned away and lie somewhere else


class Beds:
    """Free bed numbers by institution; a number is held by one stay at a time. Extra beds follow the approved ones."""

    def __init__(self, institutions: list[Institution]) -> None:
        self._approved = [institution.beds for institution in institutions]
        self._free = [list(range(1, institution.beds + 1)) for institution in institutions]
        self._extra: list[int] = [institution.beds for institution in institutions]
        self._held = [0] * len(institutions)

    def take(self, institution: int) -> int:
        """The lowest free number."""
        self._held[institution] += 1
        if self._free[institution]:
            return heapq.heappop(self._free[institution])
        self._extra[institution] += 1
        return self._extra[institution]

    def give_back(self, institution: int, number: int) -> None:
        """The number may be taken again."""
        self._held[institution] -= 1
        heapq.heappush(self._free[institution], number)

    def held(self, institution: int) -> int:
        """How many lie there now."""
        return self._held[institution]

    def is_crowded(self, institution: int) -> bool:
        """Whether one more would be too many."""
        return self._held[institution] >= self._approved[institution] * CROWDED
