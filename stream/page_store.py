"""How are the pages of one partition kept on disk, and what is never on it?

One RocksDB a stage and partition: pages by key, and a header that says which changelog they mirror and up to which offset.
Pages and header are written in one batch, after the changelog has them, so the store holds no page that the changelog does
not hold. A crash of the process loses nothing of it; a crash of the machine may lose the newest batches, with their
offset, and these are read from the changelog again: nothing is forced to the disk at each write.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from rocksdict import Rdict, WriteBatch, WriteOptions

from stream.errors import OperatorError
from stream.store_memory import StoreMemory

FORMAT = 1  # of header and layout; a store of another format is thrown away and restored from the changelog
_HEADER_KEY = b"\x00fundwatch"  # pages' keys begin with a letter
_BATCH_PAGES = 2_000  # RocksDB holds Python's lock while it writes: heartbeats wait no longer than 5 ms
_DAMAGED = "damaged"


class StoreFailed(OperatorError):
    """The state folder cannot be written or read. Operator action: make room or repair the disk, then start again."""


class StoreDamaged(OperatorError):
    """A store on disk is damaged; it is restored whole at the next start. Operator action: start the worker again."""


class Origin(msgspec.Struct, frozen=True):
    """Which changelog partition a store mirrors: a topic that was made anew has another ``topic_id``."""

    cluster: str
    topic: str
    topic_id: str
    partition: int


class Header(msgspec.Struct, frozen=True):
    """What a store says of itself.

    Every committed record below ``offset`` is in it. No tombstone at or behind it was compacted away before
    ``synced_ms`` (wall clock, milliseconds) plus the changelog's ``delete.retention.ms``.
    """

    origin: Origin
    offset: int
    synced_ms: int
    format: int = FORMAT

    def behind(self, offset: int | None, now_ms: int) -> Header:
        """The header of a store that has caught up with the end of its changelog just now."""
        known = self.offset if offset is None else offset
        return msgspec.structs.replace(self, offset=known, synced_ms=self.synced_ms if offset is None else now_ms)


class _Format(msgspec.Struct):
    format: int


class PageStore:
    """The pages of one stage and partition on disk. Who opens it holds the lock of its folder (`stream.store_room`).

    Every method raises `StoreFailed` or `StoreDamaged` when the disk does not do as asked.
    """

    def __init__(self, folder: Path, memory: StoreMemory) -> None:
        self.folder = folder
        self._options = memory.options()
        self._logged, self._unlogged = WriteOptions(), WriteOptions()
        self._unlogged.disable_wal = True  # type: ignore[method-assign, assignment]  # a property, whatever the stub says
        self.header: Header | None = None
        self.is_open = False
        self.why_empty = ""  # why what was there before could not be used
        self._open()

    def _open(self) -> None:
        with self._explained():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # keys hold personal numbers
        if (self.folder / _DAMAGED).exists():
            self._begin_anew("it was found damaged")
            return
        try:
            with self._explained():
                self._db = Rdict(str(self.folder), self._options)
                self.is_open = True
                raw = self._db.get(_HEADER_KEY)
        except StoreDamaged:
            self._begin_anew("it is damaged")
            return
        self._read_header(raw)

    def _read_header(self, raw: bytes | None) -> None:
        if raw is None:
            if self._db.property_int_value("rocksdb.estimate-num-keys"):
                self._begin_anew("it has no header")
            return
        try:
            found = msgspec.msgpack.decode(raw, type=_Format).format
            if found == FORMAT:
                self.header = msgspec.msgpack.decode(raw, type=Header)
                return
        except msgspec.DecodeError:
            self._begin_anew("its header cannot be read")
        else:
            self._begin_anew(f"its format is {found}, ours is {FORMAT}")

    def _begin_anew(self, why: str) -> None:
        """Throw everything away, and remember why."""
        self.close()
        with self._explained():
            shutil.rmtree(self.folder)
            self.folder.mkdir(mode=0o700)
            self._db = Rdict(str(self.folder), self._options)
        self.is_open, self.header, self.why_empty = True, None, why

    def clear(self, why: str) -> None:
        """Forget all pages; ``why`` is for the log."""
        self._begin_anew(why)

    def get(self, key: bytes) -> bytes | None:
        """The page, None where there is none."""
        try:
            page: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._explanation(error) from error
        return page

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All pages in the order of their keys; walk them to the end before anything is written or closed."""
        with self._explained():
            for key, page in self._db.items():
                if key != _HEADER_KEY:
                    yield key, page  # type: ignore[misc]  # bytes all, in raw mode

    def write(self, pages: Iterable[tuple[bytes, bytes | None]], header: Header, is_logged: bool = True) -> None:
        """Write pages (None: forget it) that the changelog has, and the header that includes them.

        Pages that are not logged are on disk after `flush` only, and are to be flushed before logged ones follow.
        """
        options = self._logged if is_logged else self._unlogged
        batch = WriteBatch(raw_mode=True)
        with self._explained():
            for key, page in pages:
                if page is None:
                    batch.delete(key)
                else:
                    batch.put(key, page)
                if len(batch) >= _BATCH_PAGES:
                    # The offset goes with the last batch alone: a crash between two leaves pages ahead of their offset, and
                    # the changelog read from there ends in the same pages.
                    self._db.write(batch, options)
                    batch = WriteBatch(raw_mode=True)
            batch.put(_HEADER_KEY, msgspec.msgpack.encode(header))
            self._db.write(batch, options)
        self.header = header

    def flush(self) -> None:
        """What was written is in files when this returns."""
        with self._explained():
            self._db.flush()

    def size(self) -> tuple[int, int]:
        """Pages (about: those written twice lately count twice) and bytes on disk; looked up, not counted."""
        number = self._db.property_int_value
        pages = max((number("rocksdb.estimate-num-keys") or 0) - (self.header is not None), 0)
        files, unflushed = number("rocksdb.total-sst-files-size") or 0, number("rocksdb.cur-size-all-mem-tables") or 0
        return pages, files + unflushed

    @property
    def is_compacting(self) -> bool:
        """Files are being merged, or are about to be."""
        number = self._db.property_int_value
        return bool(number("rocksdb.num-running-compactions") or number("rocksdb.compaction-pending"))

    def close(self) -> None:
        """Nothing is lost by it; closing twice is closing once."""
        if self.is_open:
            self.is_open = False
            with self._explained():
                self._db.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OperatorError:
            raise
        except Exception as error:
            raise self._explanation(error) from error

    def _explanation(self, error: Exception) -> OperatorError:
        """RocksDB says what kind of trouble it is in the first words only."""
        words = str(error)
        if words.startswith(("Corruption", "Invalid argument")):
            with contextlib.suppress(
                OSError
            ):  # the next start finds the damage by itself, or stops with the disk's trouble
                (self.folder / _DAMAGED).touch()
            return StoreDamaged(
                f"the state in {self.folder} is damaged ({words})",
                "start the worker again: it is restored from its changelog",
            )
        return StoreFailed(
            f"the state folder {self.folder} cannot be used ({words})",
            "make room on its disk or repair it (FUNDWATCH_DATA says where it is), then start the worker again; "
            "nothing was acknowledged that is not safe",
        )
