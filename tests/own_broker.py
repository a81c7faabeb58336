"""A broker of a test's own, that can be killed, frozen, and cut off from those who reach it through a line of ours."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

from stream import broker

_READ_BYTES = 64 * 1024
# After SIGKILL its own controller waits for this before it takes the broker back; nine seconds by default.
_QUICK_RETURN = {"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"}


class OwnBroker:
    """A real Kafka on a port of its own; ``address`` stays the same through all restarts."""

    def __init__(self, folder: Path, properties: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._port = broker.free_port()
        self._properties = _QUICK_RETURN | (properties or {})
        self.address = f"{broker.HOST}:{self._port}"
        self._pid = 0

    def start(self) -> None:
        """Start it, or start it again over what it has on disk, and wait until it serves."""
        self._pid = broker.start(self._folder, self._port, self._properties).pid

    def kill(self) -> None:
        """SIGKILL: it closes nothing and says nothing."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing is answered."""
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, with all that was sent to it meanwhile."""
        os.kill(self._pid, signal.SIGCONT)


@contextlib.contextmanager
def own_broker(folder: Path) -> Iterator[OwnBroker]:
    """A broker that runs, for the time of a `with` block."""
    own = OwnBroker(folder)
    own.start()
    with _stopped(own, folder):
        yield own


@contextlib.contextmanager
def broker_behind_a_line(folder: Path) -> Iterator[tuple[str, str, Line]]:
    """Two addresses of one broker, straight and over the line, and the line, for the time of a `with` block."""
    straight, behind, controller = broker.free_port(), broker.free_port(), broker.free_port()
    with Line(behind) as line:
        at = f"{broker.HOST}:"
        own = OwnBroker(
            folder,
            {
                "listeners": f"PLAINTEXT://{at}{straight},OVERLINE://{at}{behind},CONTROLLER://{at}{controller}",
                "advertised.listeners": f"PLAINTEXT://{at}{straight},OVERLINE://{line.address}",
                "controller.quorum.voters": f"1@{at}{controller}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OVERLINE:PLAINTEXT,CONTROLLER:PLAINTEXT",
            },
        )
        own.start()
        with _stopped(own, folder):
            yield f"{at}{straight}", line.address, line


@contextlib.contextmanager
def _stopped(own: OwnBroker, folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        if broker.running(folder.resolve()) is not None:
            own.thaw()
            broker.stop(folder.resolve())


class Line:
    """A TCP line to a port of loopback that can be cut: everything stays connected and nothing arrives any more.

    When it is mended, what was under way arrives, as it does after a switch in between was dead for a while: the sender's
    machine sends it again, unless the connection was reset.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = threading.Event()
        self._whole.set()
        self._closed = False
        self._listening = socket.create_server((broker.HOST, 0))
        self._sockets: list[socket.socket] = []
        self.address = f"{broker.HOST}:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Line:
        self._start(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        self._whole.set()
        self._listening.close()
        for end in self._sockets:
            end.close()

    def cut(self) -> None:
        """From now on nothing arrives on either side."""
        self._whole.clear()

    def mend(self) -> None:
        """What was sent meanwhile arrives, and all that follows."""
        self._whole.set()

    def _start(self, work: object, *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                near, _ = self._listening.accept()
                self._sockets.append(near)
                self._start(self._connect, near)

    def _connect(self, near: socket.socket) -> None:
        self._whole.wait()
        if self._closed:
            return
        try:
            far = socket.create_connection((broker.HOST, self._port))
        except OSError:  # the broker is not there: neither is the line
            _reset(near)
            return
        self._sockets.append(far)
        self._start(self._carry, near, far)
        self._start(self._carry, far, near)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while read := source.recv(_READ_BYTES):
                if not self._whole.is_set():
                    self._whole.wait()
                    _raise_if_reset(source)  # a sender's machine that has reset the connection sends nothing again
                target.sendall(read)
            self._whole.wait()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            self._whole.wait()  # nobody hears of the end of the other side over a line that is cut
            for end in (source, target):
                with contextlib.suppress(OSError):
                    _reset(end)


def _raise_if_reset(end: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        end.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)


def _reset(end: socket.socket) -> None:
    """Close with a reset: what was not yet sent is gone."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
