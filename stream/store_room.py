"""Where do the stores lie, and who may open one?

`FUNDWATCH_DATA`/state/TOPIC/PARTITION/SLOT, open to its owner's account only. Each slot has a lock file, held for as long as
its store is open and let go by the system when its process dies. So all workers of a machine may have one data folder:
a partition that goes from one to another is found there with its pages, and need only be caught up. Where the former
owner does not let go (it is frozen, or its end takes long), the new one begins a second slot and restores it whole; once
nobody holds any, the one that was used last is kept and the others are deleted.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import resource
import shutil
from pathlib import Path
from time import monotonic

from stream.errors import OperatorError
from stream.page_store import PageStore, StoreFailed
from stream.store_memory import StoreMemory

PATIENCE_SECONDS = 5.0  # the former owner closes its stores in the same rebalance
_POLL_SECONDS = 0.1
_FILES = 8_192  # some ten a store; many systems begin with 1,024 and allow far more

log = logging.getLogger(__name__)


class Slot:
    """One folder of a store and its lock file."""

    def __init__(self, partition_folder: Path, number: int) -> None:
        self.folder = partition_folder / str(number)
        self._lock_file = partition_folder / f"{number}.lock"
        self._held: int | None = None

    def lock(self) -> bool:
        """Whether it is ours now; another worker has it otherwise."""
        held = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return False
        except OSError:
            os.close(held)
            raise
        self._held = held
        return True

    @property
    def used_at(self) -> tuple[bool, float]:
        """To be compared: a slot with pages before one without, the one used last before the others."""
        return self.folder.exists(), self._lock_file.stat().st_mtime

    def touch(self) -> None:
        """It is being used."""
        os.utime(self._lock_file)

    def delete(self) -> None:
        """Its pages go; its lock file stays, or two could lock two files of the same name."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def release(self) -> None:
        """Somebody else may have it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


class Claim:
    """A store that is ours until `release`."""

    def __init__(self, slot: Slot, memory: StoreMemory) -> None:
        self._slot = slot
        slot.touch()
        self.store = PageStore(slot.folder, memory)

    def release(self) -> None:
        """Close the store and let others have it. That a full disk may not let it close loses nothing."""
        try:
            self.store.close()
        except OperatorError as error:
            log.warning("a store did not close in order", extra={"reason": str(error)})
        finally:
            self._slot.touch()
            self._slot.release()


class StoreRoom:
    """All stores of a data folder, and the memory that those of this process share."""

    def __init__(self, folder: Path, patience: float = PATIENCE_SECONDS) -> None:
        self._folder = folder
        self._patience = patience
        self.memory = StoreMemory()
        _allow_open_files(_FILES)

    async def claim(self, topic: str, partition: int) -> Claim:
        """The store of a changelog partition; waits a little where another worker still has it.

        Raises `StoreFailed` where the folder cannot be used.
        """
        place = self._folder / topic / str(partition)
        deadline = monotonic() + self._patience
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            while (slot := _free_slot(place, is_last_try=monotonic() >= deadline)) is None:  # noqa: ASYNC110  # another process
                await asyncio.sleep(_POLL_SECONDS)
        except OSError as error:
            raise StoreFailed(
                f"the state folder {place} cannot be used ({error.strerror})",
                "make it a folder of a local disk that this account may write to: FUNDWATCH_DATA says where it is",
            ) from error
        try:
            return Claim(slot, self.memory)
        except BaseException:
            slot.release()
            raise


def _free_slot(place: Path, is_last_try: bool) -> Slot | None:
    """A slot, locked: the one used last if all are free, or, at the last try, any free one or a new one."""
    numbers = sorted(int(file.stem) for file in place.glob("*.lock")) or [0]
    slots = [Slot(place, number) for number in numbers]
    free = [slot for slot in slots if slot.lock()]
    if len(free) < len(slots) and not is_last_try:
        _release(free)
        return None
    if not free:
        new = Slot(place, numbers[-1] + 1)
        return new if new.lock() else None
    chosen = max(free, key=lambda slot: slot.used_at)
    others = [slot for slot in free if slot is not chosen]
    try:
        if len(free) == len(slots):
            for slot in others:
                slot.delete()
    except BaseException:
        chosen.release()
        raise
    finally:
        _release(others)
    return chosen


def _release(slots: list[Slot]) -> None:
    for slot in slots:
        slot.release()


def _allow_open_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
