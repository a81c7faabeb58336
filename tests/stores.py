"""Stores on disk for tests, without a broker."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stream.changelog import look_up
from stream.page_store import Header, Origin, PageStore
from stream.restore import Restored, restore
from stream.settings import Settings
from stream.store_memory import StoreMemory
from stream.store_room import Claim, Slot
from stream.tables import Pages

ORIGIN = Origin("cluster", "fund.internal.state.institution", "topic", 0)


def claim(folder: Path) -> Claim:
    """A store in that folder, as it is."""
    slot = Slot(folder, 0)
    assert slot.lock()
    return Claim(slot, StoreMemory())


def blank_pages(folder: Path) -> Pages:
    """Pages of a stage that begins, its changelog being empty."""
    claimed = claim(folder)
    if claimed.store.header is None:
        claimed.store.write((), Header(ORIGIN, 0, 0))
    return Pages(claimed)


def store_of(claimed: Claim) -> dict[bytes, bytes]:
    """All that it holds."""
    return dict(claimed.store.items())


async def restored(
    settings: Settings, topic: str, folder: Path, partitions: Iterable[int] = (0,)
) -> tuple[Restored, dict[int, dict[bytes, bytes]]]:
    """Bring the stores in a folder up to the end of a topic, as a worker does at its start; what they hold then."""
    memory = StoreMemory()
    stores = {partition: PageStore(folder / str(partition), memory) for partition in partitions}
    try:
        result = await restore(settings, look_up(settings, [topic])[topic], stores)
        assert result is not None
        return result, {partition: dict(store.items()) for partition, store in stores.items()}
    finally:
        for store in stores.values():
            store.close()
