"""What happens next? Everything that will be sent, day by day, in the order in which the gateway relays it.

Only what is still to come is held: what calls of today bring about in a heap, all else in lists by day. An institution's calls
keep their order; between institutions the delays of their relays leave a few seconds of disorder, as on the wire.
"""

import heapq
from collections.abc import Callable, Iterator

from simulation.institutions import Institution
from simulation.timeline import DAY

Call = Callable[[int], bytes | None]
_Entry = tuple[int, int, int, Call]


class Agenda:
    """Calls by the second at which they arrive."""

    def __init__(self, institutions: list[Institution], end: int) -> None:
        self._delays = [institution.habits.relay_delay for institution in institutions]
        self._end = end
        self._later: dict[int, list[_Entry]] = {}
        self._soon: list[_Entry] = []
        self._day = -1
        self._put = 0

    def put(self, at: int, institution: int, call: Call) -> None:
        """The institution makes a call at the moment `at` (not before now); after the period's end it is forgotten."""
        arrival = at + self._delays[institution]
        if arrival >= self._end:
            return
        self._put += 1
        entry = (arrival, self._put, at, call)
        day = arrival // DAY
        if day <= self._day:
            heapq.heappush(self._soon, entry)
        else:
            self._later.setdefault(day, []).append(entry)

    def run(self, day: int) -> Iterator[bytes]:
        """Makes the day's calls in order; a call may put others, today's included.

        What was known in the morning is sorted once: a heap of it all would cost each call a path through the whole day.
        """
        self._day, soon = day, self._soon
        known = sorted(self._later.pop(day, []), reverse=True)
        while known or soon:
            is_known = not soon or (known and known[-1] < soon[0])
            _, _, at, call = known.pop() if is_known else heapq.heappop(soon)
            message = call(at)
            if message is not None:
                yield message
