"""May several workers of a machine have one data folder? (stream/store_room.py)"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stream.page_store import Header, StoreFailed
from stream.store_room import Claim, StoreRoom
from tests.stores import ORIGIN, store_of

TOPIC = ORIGIN.topic


def filled(claimed: Claim, page: bytes) -> None:
    claimed.store.write([(b"va", page)], Header(ORIGIN, 1, 1))


def claimed(room: StoreRoom, partition: int = 0) -> Claim:
    return asyncio.run(room.claim(TOPIC, partition))


def test_a_partition_that_comes_back_finds_its_pages(tmp_path: Path) -> None:
    first = claimed(StoreRoom(tmp_path))
    filled(first, b"1")
    first.release()
    assert store_of(claimed(StoreRoom(tmp_path))) == {b"va": b"1"}


def test_who_follows_waits_a_little_for_the_former_owner(tmp_path: Path) -> None:
    async def hand_over() -> dict[bytes, bytes]:
        first = await StoreRoom(tmp_path).claim(TOPIC, 0)
        filled(first, b"1")
        asyncio.get_running_loop().call_later(0.3, first.release)
        return store_of(await StoreRoom(tmp_path).claim(TOPIC, 0))

    assert asyncio.run(hand_over()) == {b"va": b"1"}


def test_an_owner_that_does_not_let_go_is_not_waited_for_and_the_newer_store_is_kept_later(tmp_path: Path) -> None:
    room = StoreRoom(tmp_path, patience=0.2)
    frozen = claimed(room)
    filled(frozen, b"frozen")
    second = claimed(room)
    assert store_of(second) == {}
    filled(second, b"second")
    frozen.release()
    os.utime(tmp_path / TOPIC / "0" / "0.lock", (1, 1))  # it was frozen long ago
    second.release()
    third = claimed(room)
    assert store_of(third) == {b"va": b"second"}
    assert [folder.name for folder in (tmp_path / TOPIC / "0").iterdir() if folder.is_dir()] == ["1"]


def test_a_lock_goes_with_its_process_however_that_ends(tmp_path: Path) -> None:
    code = f"""
import asyncio, os, sys
from pathlib import Path
from stream.store_room import StoreRoom
from tests.test_store_room import filled
one = asyncio.run(StoreRoom(Path({str(tmp_path)!r})).claim({TOPIC!r}, 0))
filled(one, b"killed")
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert store_of(claimed(StoreRoom(tmp_path, patience=0.0))) == {b"va": b"killed"}


def test_partitions_do_not_meet(tmp_path: Path) -> None:
    room = StoreRoom(tmp_path)
    stores = [claimed(room, partition) for partition in range(3)]
    filled(stores[1], b"1")
    assert [store_of(one) for one in stores] == [{}, {b"va": b"1"}, {}]


def test_a_data_folder_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreFailed, match="FUNDWATCH_DATA"):
        claimed(StoreRoom(tmp_path / "state"))
