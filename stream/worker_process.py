"""How does a command run a worker beside itself, and be sure that it ends with it?"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from stream.broker import free_port
from stream.errors import OperatorError
from stream.settings import ENVIRONMENT_PREFIX, Settings

_PROJECT = Path(__file__).parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
_SHOWN_LINES = 3


class WorkerEnded(OperatorError):
    """The worker ended by itself. Operator action: see what its log says."""


class WorkerProcess:
    """A worker that this process started; ``metrics`` is where its metrics are."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int, cure: str) -> None:
        self._process = process
        self._log = log
        self._cure = cure
        self.metrics = f"http://127.0.0.1:{port}/metrics"
        self._ready = f"http://127.0.0.1:{port}/readyz"

    def check(self) -> None:
        """Raises `WorkerEnded`, with the last lines of its log, when it runs no more."""
        if self._process.poll() is not None:
            lines = self._log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
            status = self._process.returncode
            raise WorkerEnded(f"the worker ended with status {status}: {' | '.join(lines)}", self._cure)

    def wait_until_ready(self) -> None:
        """Until it has its partitions and works on them."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise WorkerEnded(f"the worker was not ready within {_START_SECONDS:.0f} s", self._cure)
            time.sleep(_POLL_SECONDS)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self._ready, timeout=2) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):  # not listening yet, or 503: not ready
            return False

    def kill(self) -> None:
        """SIGKILL, by its own process id: it gets no chance to say anything."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not help in time; by its own process id."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def running_worker(settings: Settings, folder: Path, cure: str) -> Iterator[WorkerProcess]:
    """A worker with these settings for the time of a `with` block; its log goes to ``folder``/worker.log.

    ``cure`` is what its operator is told to do when it ends by itself.

    Only broker, prefix, group, data folder and number of processes are passed on. The worker reads neither this process's
    FUNDWATCH_… nor a fundwatch.toml of the current folder.
    """
    log, port = folder / "worker.log", free_port()
    given = {"BROKER": settings.broker, "PREFIX": settings.prefix, "GROUP": settings.group, "DATA": str(settings.data)}
    given["PROCESSES"] = str(settings.processes)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    environment |= {f"{ENVIRONMENT_PREFIX}{name}": value for name, value in given.items()}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_PROJECT), environment.get("PYTHONPATH")]))
    code = "from stream.cli import main; main()"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "worker", "--metrics-port", str(port)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C meant for us is not meant for the worker: we stop it, in our order
        )
    worker = WorkerProcess(process, log, port, cure)
    try:
        yield worker
    finally:
        worker.stop()


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """In this block SIGTERM ends as Ctrl-C does, so that what was started is stopped on the way out.

    Enter it before what is to be stopped.
    """

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    on_interrupt, on_terminate = signal.getsignal(signal.SIGINT), signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, on_interrupt)
        signal.signal(signal.SIGTERM, on_terminate)


@contextlib.contextmanager
def undisturbed_cleanup() -> Iterator[None]:
    """Entered after what is to be stopped: while that is stopped, a second Ctrl-C or SIGTERM is not heard.

    It goes inside `orderly_end`, which lets them be heard again.
    """
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
