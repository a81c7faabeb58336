"""What has this process used of the machine?"""

from __future__ import annotations

import resource
import sys
import time

import msgspec


class Usage(msgspec.Struct, frozen=True, array_like=True):
    """The most memory that a process has had, and its CPU time so far."""

    peak_rss_bytes: int
    cpu_seconds: float


def usage() -> Usage:
    """Of this process."""
    return Usage(peak_rss_bytes(), time.process_time())


def peak_rss_bytes() -> int:
    """The most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
