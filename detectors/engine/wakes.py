"""Which pages wake up when? Those of today in order of time, those of later days by day.

Most pages wait for weeks, to be forgotten: a heap of millions of them would take more room than their pages do at the broker.
A later day's keys lie one behind the other in a block of bytes, and are looked at when their day comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Final

from detectors.engine.page import NEVER
from schemas.china_time import DAY

_LENGTH: Final = 4  # bytes before a key; a sender's msgid may be long


class Wakes:
    """Keys by the stream time at which their page wants to be asked. A key may be in here twice; ``wake_of`` says what holds."""

    def __init__(self, wake_of: Callable[[bytes], int]) -> None:
        self._wake_of = wake_of
        self._today: list[tuple[int, bytes]] = []  # a heap
        self._later: dict[int, bytearray] = {}
        self._opened = -NEVER  # the day up to which later days have been looked at
        self._first_later = NEVER  # the first of the later days

    def add(self, at: int, key: bytes) -> None:
        """The page of that key wakes up at ``at``."""
        day = at // DAY
        if day <= self._opened:
            heapq.heappush(self._today, (at, key))
            return
        block = self._later.get(day)
        if block is None:
            block = self._later[day] = bytearray()
            if day < self._first_later:
                self._first_later = day
        block += len(key).to_bytes(_LENGTH, "little")
        block += key

    @property
    def waiting_bytes(self) -> int:
        """What those of later days take."""
        return sum([len(block) for block in self._later.values()])

    def pop(self, now: int) -> tuple[int, bytes] | None:
        """The earliest that is due at ``now``, ties by key."""
        if now // DAY >= self._first_later:
            self._open(now // DAY)
        today = self._today
        return heapq.heappop(today) if today and today[0][0] <= now else None

    def _open(self, today: int) -> None:
        for day in sorted(day for day in self._later if day <= today):
            for key in _keys(self._later.pop(day)):
                at = self._wake_of(key)
                if at // DAY == day:  # else it has moved, and stands elsewhere
                    self._today.append((at, key))
        heapq.heapify(self._today)
        self._opened = today
        self._first_later = min(self._later, default=NEVER)


def _keys(block: bytearray) -> Iterator[bytes]:
    place = 0
    while place < len(block):
        begin = place + _LENGTH
        place = begin + int.from_bytes(block[place:begin], "little")
        yield bytes(block[begin:place])
