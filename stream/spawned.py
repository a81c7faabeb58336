"""How is a process of our own started beside this one, so that Ctrl-C stays this one's business?"""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

_spawn = get_context("spawn")  # a fork would take this process's threads and files along


def pipe(duplex: bool = True) -> tuple[Connection, Connection]:
    """Two ends of a line to a process that is to be started; of a one-way line the first end reads."""
    return _spawn.Pipe(duplex)


def start(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A process that does this work, in which SIGINT is blocked. It ends with this one, where this one ends in order."""
    process = _spawn.Process(target=work, args=arguments, daemon=True)
    # What is blocked here is blocked there from its first moment on. The tracker's start, which comes with that of a first
    # process, would take the block away.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process
