"""Where does a stage keep its pages, and how do they survive the process?

On disk, one store a partition (`stream.page_store`), and before that in the changelog, which gets one record per page and
flush, in transactions. What the stage has flushed and the changelog does not yet hold waits in memory in front of the
store: the stage reads it, the disk never sees it. Faust's own way to a changelog is a record per put, 3,000 a second.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from time import time
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from faust.app import App
from faust.stores.memory import Store
from faust.tables.manager import TableManager
from faust.tables.table import Table

from stream.outbox import Outbox
from stream.page_store import PageStore
from stream.store_room import Claim

_faust_log = logging.getLogger("faust.tables")  # its services tell of their starts and stops; our log need not

Writes = Sequence[tuple[bytes, bytes | None]]
_UNTOUCHED: Final = object()


class Pages:
    """The pages of one stage and partition as the stage left them: what is not yet written, in front of the store."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._store: PageStore = claim.store
        self._unwritten: dict[bytes, bytes | None] = {}
        # How many pages there are is asked every other second and must not be counted then. The stage walks them all when
        # it opens; from then on a page is new if the stage has asked for it in vain since the last flush.
        self._number: int | None = None
        self._not_found: set[bytes] = set()

    def get(self, key: bytes) -> bytes | None:
        """The page as it was flushed last, None where there is none. Raises `StoreFailed` and `StoreDamaged`."""
        page = self._unwritten.get(key, _UNTOUCHED)
        if page is _UNTOUCHED:
            page = self._store.get(key)
        if page is None:
            self._not_found.add(key)
        return page  # type: ignore[return-value]  # a sentinel has no type of its own

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All of them: to be walked before the next flush."""
        number = 0
        for key, page in self._store.items():
            if key not in self._unwritten:
                number += 1
                yield key, page
        for key, unwritten in self._unwritten.items():
            if unwritten is not None:
                number += 1
                yield key, unwritten
        self._number = number

    def apply(self, writes: Writes) -> None:
        """These are the pages that the stage goes on from."""
        grown = 0
        for key, page in writes:
            if page is None:
                grown -= key not in self._not_found
            else:
                grown += key in self._not_found
            self._unwritten[key] = page
        if self._number is not None:
            self._number += grown
        self._not_found.clear()

    def written(self, pages: Iterable[tuple[bytes, bytes | None]], end: int | None) -> None:
        """The changelog holds these pages, which were applied before; put them on disk.

        ``end`` is the offset behind them, None where it is not known: then they are read again after a restart.
        """
        if not self._store.is_open:
            return  # given away meanwhile; whoever opens the store reads them from the changelog
        pages = list(pages)
        header = self._store.header
        assert header is not None, "a store is restored before anything is written"
        self._store.write(pages, header.behind(end, int(time() * 1000)))
        for key, page in pages:
            if self._unwritten.get(key, _UNTOUCHED) is page:  # not flushed anew meanwhile
                del self._unwritten[key]

    def size(self) -> tuple[int, int]:
        """Pages, and their bytes on disk."""
        about, size_bytes = self._store.size()
        return about if self._number is None else self._number, size_bytes

    def close(self) -> None:
        """Give the store back; it keeps what the changelog holds."""
        self._claim.release()


class PagesByPartition(Store[bytes, bytes]):
    """The pages of each partition apart, so that a revoked one is forgotten in one step and keys never meet."""

    logger = _faust_log

    def __post_init__(self) -> None:
        super().__post_init__()
        self.partitions: dict[int, Pages] = {}


class StateTable(Table[bytes, bytes]):
    """The pages of one stage; the changelog's partitions are those of the stage's topic."""

    logger = _faust_log

    def _new_store(self) -> PagesByPartition:
        return PagesByPartition("memory://", self.app, self, key_type=bytes, value_type=bytes, loop=self.loop)

    @property
    def kept(self) -> PagesByPartition:
        """The store behind the table."""
        assert isinstance(self.data, PagesByPartition)
        return self.data

    def partitions_kept(self) -> list[int]:
        """The partitions whose pages are here."""
        return list(self.kept.partitions)

    def adopt(self, partition: int, pages: Pages) -> None:
        """These are the partition's pages from now on."""
        self.kept.partitions[partition] = pages

    def forget(self, partition: int) -> None:
        """The partition is no longer ours; its pages stay on disk for its return."""
        self.kept.partitions.pop(partition).close()

    async def write(
        self, producer: AIOKafkaProducer, partition: int, kept: Pages, pages: Sequence[tuple[bytes, bytes | None]]
    ) -> None:
        """Write pages (None: forget the page) in one transaction, then to disk.

        Raises `ProducerFenced` where the partition has another owner by now: none of them holds. Raises `StoreFailed`
        where the disk cannot be written: all of them hold, and a restart reads them from the changelog.
        """
        async with producer.transaction():
            outbox = Outbox(producer)
            outbox.add_all(self.changelog_topic_name, partition, pages)
            await outbox.delivered()
        kept.written(pages, outbox.ends.get((self.changelog_topic_name, partition)))

    def size(self) -> tuple[int, int]:
        """Pages, and their bytes on disk."""
        sizes = [pages.size() for pages in self.kept.partitions.values()]
        return sum(pages for pages, _ in sizes), sum(size_bytes for _, size_bytes in sizes)


def state_table(app: App, stage: str, changelog: str) -> StateTable:
    """Declare the table of a stage."""
    topic = app.topic(changelog, key_type=bytes, value_type=bytes, acks=False, internal=True)
    table = StateTable(app, name=stage, key_type=bytes, value_type=bytes, changelog_topic=topic)
    app.tables.add(table)
    return table


class UnsubscribedTables(TableManager):
    """Faust's table manager without its own recovery: changelogs are not subscribed to, `stream.restore` reads them.

    Faust takes one asyncio timer a changelog record, 3,000–5,800 keys a second; a county's state would take minutes.
    """

    logger = _faust_log

    async def _update_channels(self) -> None:
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        self._tables_registered.set()

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing is buffered here that would have to be flushed."""
