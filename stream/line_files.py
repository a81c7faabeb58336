"""How is a file of JSON lines read: plain or gzip, from disk or from a pipe, whole or cut off?"""

from __future__ import annotations

import gzip
import io
import os
import select
import sys
import zlib
from types import TracebackType
from typing import BinaryIO, cast

from stream.errors import OperatorError

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLOCK_BYTES = 256 * 1024
_QUIET_SECONDS = 0.1
_LONGEST_LINE = (
    64 * 1024 * 1024
)  # ten times what a topic takes: this is no file of JSON lines, and would fill the memory


class FileUnreadable(OperatorError):
    """A file is missing, may not be read, or is damaged. Operator action: give an existing, whole file."""


class LineFile:
    """One file of lines; ``-`` is standard input, gzip is known by its first bytes whatever the name.

    `read` never waits long: a pipe that is quiet gives no lines for now, so that what it gave so far can go on.
    """

    def __init__(self, name: str) -> None:
        self.name = "standard input" if name == STANDARD_INPUT else name
        self.cut_off: str | None = None  # why the file's end is missing: set when a gzip stream ends too early
        self.ends_mid_line = False  # known after the last read: the last line has no line end
        try:
            self._raw = sys.stdin.buffer if name == STANDARD_INPUT else open(name, "rb")  # noqa: SIM115 - see `__exit__`
        except OSError as error:
            cure = "give an existing file, or - for a pipe"
            raise FileUnreadable(f"{name} cannot be read ({error.strerror})", cure) from None
        self._lines: BinaryIO | None = None
        self._rest = b""
        self._is_first = True

    def __enter__(self) -> LineFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    @property
    def size(self) -> int | None:
        """Bytes on disk; None for a pipe."""
        return os.fstat(self._raw.fileno()).st_size if self._raw.seekable() else None

    @property
    def bytes_read(self) -> int:
        """How many of `size` were read."""
        return self._raw.tell() if self._raw.seekable() else 0

    def read(self) -> list[bytes] | None:
        """The next lines, without their ends, empty ones among them; [] where none came yet, None at the end."""
        while True:
            if self._lines is not None and not select.select([self._raw], [], [], _QUIET_SECONDS)[0]:
                return []
            block = self._block()
            if self._is_first and block:
                block, self._is_first = block.removeprefix(_BYTE_ORDER_MARK), False
            if not block:
                last, self._rest = self._rest, b""
                self.ends_mid_line = self.ends_mid_line or bool(last)
                return [last] if last else None
            lines = io.BytesIO(
                self._rest + block
            ).readlines()  # four times as fast as `split`, which looks at each byte
            self._rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
            if len(self._rest) > _LONGEST_LINE:
                raise FileUnreadable(
                    f"{self.name} has a line of over 64 MiB", "give a file with one JSON object a line"
                )
            if lines:
                return [line.rstrip(b"\r\n") for line in lines]

    def _block(self) -> bytes:
        try:
            if self._lines is None:
                self._lines = self._opened()
            return cast(io.BufferedReader, self._lines).read1(_BLOCK_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.cut_off = f"its gzip stream is damaged or cut off ({error})"
            return b""
        except OSError as error:
            raise FileUnreadable(f"{self.name} cannot be read ({error.strerror})", "give a readable file") from None

    def _opened(self) -> BinaryIO:
        raw = cast(io.BufferedReader, self._raw)
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if raw.peek(2)[:2] == _GZIP else raw
