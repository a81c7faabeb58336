"""How do two processes hand each other large messages without either waiting until the other has time to read?

A pipe holds some hundred kilobytes; behind that whoever writes stands still until the other side, which is at work, comes to
read. So a message is left in a file of which the other side has the name, and the pipe carries only how long it is. The files
are few and used in turn, so they lie in the system's cache and are seldom written to a disk.
"""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

_IN_PIPE: Final = 8_192  # bytes that every pipe has room for, several times over
_LEFT: Final = b"f"
_SENT: Final = b"p"


class ProcessLine:
    """One end of a line. At most ``slots`` messages that were sent from here may be unread: who sends knows what is answered.

    ``folder`` is there and belongs to the line's two ends; ``name`` is this end's, ``other`` the other's.
    """

    def __init__(self, pipe: Connection, folder: Path, name: str, other: str, slots: int) -> None:
        self._pipe, self._slots = pipe, slots
        self._outgoing = [folder / f"{name}-{slot}" for slot in range(slots)]
        self._incoming = [folder / f"{other}-{slot}" for slot in range(slots)]
        self._sent = self._heard = 0
        self._files: dict[Path, int] = {}

    def send(self, message: bytes) -> None:
        """Leave a message for the other end. Raises `OSError` where that is gone, or no room is left for files."""
        if len(message) <= _IN_PIPE:
            self._pipe.send_bytes(_SENT + message)
            return
        file = self._opened(self._outgoing[self._sent % self._slots], os.O_CREAT | os.O_WRONLY)
        self._sent += 1
        written = 0
        while written < len(message):
            written += os.pwrite(file, memoryview(message)[written:], written)
        self._pipe.send_bytes(_LEFT + len(message).to_bytes(8, "big"))

    def receive(self) -> bytes:
        """Wait for the next message. Raises `EOFError` or `OSError` where the other end is gone."""
        head = self._pipe.recv_bytes()
        if head[:1] == _SENT:
            return head[1:]
        length = int.from_bytes(head[1:], "big")
        file = self._opened(self._incoming[self._heard % self._slots], os.O_RDONLY)
        self._heard += 1
        return os.pread(file, length, 0)

    def has_message(self) -> bool:
        """Whether `receive` would not wait."""
        return self._pipe.poll()

    def close(self) -> None:
        """The other end's next `receive` fails."""
        self._pipe.close()
        for file in self._files.values():
            os.close(file)
        self._files = {}

    def _opened(self, path: Path, flags: int) -> int:
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = os.open(path, flags, 0o600)
        return file
