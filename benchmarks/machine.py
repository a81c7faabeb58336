"""On what was it measured? One line that goes with every figure."""

from __future__ import annotations

import os
import platform


def machine() -> str:
    """Processor, cores that this process may use, memory, Python."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as told:
        for line in told:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {cores} cores, {memory:.0f} GiB, Python {platform.python_version()}"
