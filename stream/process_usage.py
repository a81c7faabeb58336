"""What has this process used of the machine?"""

from __future__ import annotations

import re
import resource
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

_STATUS: Final = Path("/proc/self/status")


class Usage(msgspec.Struct, frozen=True, array_like=True):
    """The most memory that a process has had, and its CPU time so far."""

    peak_rss_bytes: int
    cpu_seconds: float


def usage() -> Usage:
    """Of this process."""
    return Usage(peak_rss_bytes(), time.process_time())


def peak_rss_bytes() -> int:
    """The most memory that this process has had since its program began."""
    # What `getrusage` calls the most that a process has had may be its parent's: it is handed on to whoever is started.
    if (peak := _status(b"VmHWM")) is not None:
        return peak
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def rss_bytes() -> int:
    """The memory that this process has now; where the system does not say, the most it has had."""
    now = _status(b"VmRSS")
    return peak_rss_bytes() if now is None else now


def _status(name: bytes) -> int | None:
    if not _STATUS.exists():
        return None
    found = re.search(rb"^" + name + rb":\s*(\d+) kB$", _STATUS.read_bytes(), re.MULTILINE)
    return None if found is None else int(found[1]) * 1024
