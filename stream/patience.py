"""How long may a fetch wait for more records?

aiokafka keeps one fetch a broker under way and leaves out partitions whose last records were not yet taken: those wait for the
others' fetch to end, which Faust lets wait for 1.5 s. A worker that has little to do takes whatever there is, and never waits
long. One that is busy had better wait until there is more: each fetch, each chunk of it and each write of what came back costs
the same whether it holds one record or a hundred, and with topics that feed one another there were a hundred fetches a second of
a few records each. From event to alert, two shared cores of a Xeon, medians of single runs of 15 s: at 1,000 messages a second
115 to 178 ms, where it had been 242 to 328 with 10 ms and no patience; at 200 a second 31 ms, where it is 28 with 10 ms and 98
where it is patient; at 50 a second 11 ms, where it was 8.
"""

from __future__ import annotations

from time import monotonic, process_time
from typing import Any, Final, NamedTuple

_LOOK_SECONDS: Final = 0.5
_BUSY: Final = 0.6  # of a core; fetches of a few records each take 0.4 of it by themselves


class Manner(NamedTuple):
    """A fetch ends when there are so many bytes of all its partitions, or after so many milliseconds."""

    bytes: int
    wait_ms: int


AT_EASE: Final = Manner(1, 50)
BUSY: Final = Manner(16_000, 50)


class Patience:
    """Tells aiokafka's fetcher how to ask, by how much of a core this process has taken lately."""

    def __init__(self, fetcher: Any) -> None:
        self._fetcher = fetcher
        self._looked_at, self._cpu_seconds = monotonic(), process_time()
        self._ask(AT_EASE)

    def look(self) -> None:
        """Call it often; it looks twice a second. The next fetch goes by what it has seen."""
        now = monotonic()
        passed = now - self._looked_at
        if passed < _LOOK_SECONDS:
            return
        spent = process_time()
        self._ask(BUSY if spent - self._cpu_seconds > _BUSY * passed else AT_EASE)
        self._looked_at, self._cpu_seconds = now, spent

    def _ask(self, manner: Manner) -> None:
        self._fetcher._fetch_min_bytes, self._fetcher._fetch_max_wait_ms = manner
