"""What is a run of idle days?"""

from __future__ import annotations

from typing import NamedTuple


class IdleRun(NamedTuple):
    """Consecutive idle days from ``first``; of ``days`` days, ``settled`` can no longer be changed by late lines."""

    first: int
    days: int
    settled: int
