"""How many messages did a reader take, from the first to the last, in what time?"""

from __future__ import annotations

import time

import msgspec


class Told(msgspec.Struct, frozen=True):
    """What a reader says of itself; ``counted`` is what came out of its work, to be compared with ``messages``."""

    messages: int
    counted: int
    seconds: float
    cpu_seconds: float


class Tally:
    """Starts with the first message: no reader is charged for its start."""

    def __init__(self) -> None:
        self.messages = 0
        self.counted: int | None = None
        self._began = self._cpu = self._seconds = self._cpu_seconds = 0.0

    def count(self, more: int = 1) -> None:
        """Messages were read."""
        if not self.messages:
            self._began, self._cpu = time.perf_counter(), time.process_time()
        self.messages += more

    def stop(self) -> None:
        """The last one is done."""
        self._seconds = time.perf_counter() - self._began
        self._cpu_seconds = time.process_time() - self._cpu

    def tell(self) -> None:
        """Print it, the last line of standard output."""
        counted = self.messages if self.counted is None else self.counted
        print(msgspec.json.encode(Told(self.messages, counted, self._seconds, self._cpu_seconds)).decode())


def told(output: str) -> Told:
    """What a reader printed."""
    return msgspec.json.decode(output.splitlines()[-1], type=Told)
