"""Where does a stage keep its pages, and how do they survive the process?

A Faust table of bytes by partition, in memory; its changelog gets one record per page and flush, in batches that the
broker has acknowledged before anything goes on. Faust's own way there is a record per put, 3,000 a second.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.app import App
from faust.stores.memory import Store
from faust.tables.manager import TableManager
from faust.tables.table import Table

from stream.outbox import Outbox

_faust_log = logging.getLogger("faust.tables")  # its services tell of their starts and stops; our log need not

Pages = dict[bytes, bytes]
Phase = Sequence[tuple[bytes, bytes | None]]


class PagesByPartition(Store[bytes, bytes]):
    """The pages of each partition apart, so that a revoked one is forgotten in one step and keys never meet."""

    logger = _faust_log

    def __post_init__(self) -> None:
        super().__post_init__()
        self.partitions: dict[int, Pages] = {}
        # In bytes, counted as pages are written: a walk over a million pages would stop everything else.
        self.sizes: dict[int, int] = {}


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

    def pages(self, partition: int) -> Pages:
        """The saved pages of a partition of ours; `write` changes them, nobody else."""
        return self.kept.partitions[partition]

    def partitions_kept(self) -> list[int]:
        """The partitions whose pages are here."""
        return list(self.kept.partitions)

    def adopt(self, partition: int, pages: Pages) -> None:
        """These are the partition's pages from now on."""
        self.kept.partitions[partition] = pages
        self.kept.sizes[partition] = sum(map(len, pages)) + sum(map(len, pages.values()))

    def forget(self, partition: int) -> None:
        """The partition is no longer ours."""
        del self.kept.partitions[partition], self.kept.sizes[partition]

    async def write(
        self, producer: AIOKafkaProducer, partition: int, pages: Iterable[tuple[bytes, bytes | None]]
    ) -> None:  # fmt: skip
        """Write pages (None: forget the page) in one transaction: all of them hold, or none.

        Raises `ProducerFenced` where the partition has another owner by now; then none holds.
        """
        async with producer.transaction():
            outbox = Outbox(producer)
            outbox.add_all(self.changelog_topic_name, partition, pages)
            await outbox.delivered()

    def apply(self, partition: int, phases: Sequence[Phase]) -> None:
        """These are the pages that the stage goes on from."""
        pages, grown = self.kept.partitions[partition], 0
        for key, value in chain.from_iterable(phases):
            before = pages.get(key)
            grown -= 0 if before is None else len(key) + len(before)
            if value is None:
                pages.pop(key, None)
            else:
                pages[key] = value
                grown += len(key) + len(value)
        self.kept.sizes[partition] += grown

    def size(self) -> tuple[int, int]:
        """Pages, and their bytes with their keys."""
        return sum(map(len, self.kept.partitions.values())), sum(self.kept.sizes.values())


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
