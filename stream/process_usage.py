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
    if _STATUS.exists():
        # What the kernel calls the most that a process has had may be its parent's: it is handed on to whoever is started.
        found = re.search(rb"^VmHWM:\s*(\d+) kB$", _STATUS.read_bytes(), re.MULTILINE)
        if found is not None:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
