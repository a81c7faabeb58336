"""Does a store on disk say only what its changelog holds, and does it say clearly what is wrong with it?"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from stream.changelog import Changelog, why_whole
from stream.page_store import FORMAT, Header, PageStore, StoreDamaged, StoreFailed
from stream.store_memory import CACHE_BYTES, StoreMemory
from tests.stores import ORIGIN, blank_pages, claim
from tests.toy_runs import wait_until

HOUR_MS = 3_600_000
CHANGELOG = Changelog(ORIGIN.cluster, ORIGIN.topic, ORIGIN.topic_id, tombstones_ms=24 * HOUR_MS)
HEADER = Header(ORIGIN, offset=50, synced_ms=1000 * HOUR_MS)


def opened(folder: Path) -> PageStore:
    return PageStore(folder, StoreMemory())


def filled(folder: Path, pages: int = 3) -> Path:
    store = opened(folder)
    store.write([(b"v%06d" % number, b"page" * 50) for number in range(pages)], HEADER)
    store.flush()
    store.close()
    return folder


# -- the store ---------------------------------------------------------------------------------------------------------


def test_pages_and_their_offset_are_there_after_a_process_that_did_not_close(tmp_path: Path) -> None:
    store = opened(tmp_path / "a")
    store.write([(b"va", b"1"), (b"vb", b"1")], HEADER)
    store.write([(b"va", None)], msgspec.structs.replace(HEADER, offset=51))
    left = tmp_path / "left"  # what a killed process leaves: nothing was closed or flushed
    left.mkdir()
    for file in (tmp_path / "a").iterdir():
        (left / file.name).write_bytes(file.read_bytes())
    again = opened(left)
    assert again.header == msgspec.structs.replace(HEADER, offset=51)
    assert dict(again.items()) == {b"vb": b"1"}


def test_many_pages_in_one_write_are_all_there(tmp_path: Path) -> None:
    assert len(dict(opened(filled(tmp_path / "a", pages=10_001)).items())) == 10_001


def test_a_store_of_another_format_is_not_read(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write([(b"va", b"1")], msgspec.structs.replace(HEADER, format=FORMAT + 1))
    store.close()
    again = opened(tmp_path)
    assert (again.header, dict(again.items())) == (None, {})
    assert again.why_empty == f"its format is {FORMAT + 1}, ours is {FORMAT}"


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_a_damaged_store_is_given_up_with_a_reason_and_never_misread(tmp_path: Path, name: str) -> None:
    [file] = filled(tmp_path / "a", pages=1000).glob(name)
    file.write_bytes(b"\0" * file.stat().st_size)
    store = opened(tmp_path / "a")
    if store.header is not None:  # a table is looked at when a page is asked for
        with pytest.raises(StoreDamaged, match="damaged"):
            store.get(b"v000500")
        store.close()
        store = opened(tmp_path / "a")
    assert (store.header, dict(store.items())) == (None, {})
    assert "damaged" in store.why_empty
    store.write([(b"va", b"1")], HEADER)
    assert store.get(b"va") == b"1"


def test_a_folder_that_cannot_be_used_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StoreFailed, match=r"the state folder .*/a cannot be used .*FUNDWATCH_DATA"):
        opened(tmp_path / "a")


def test_nobody_else_on_the_machine_may_read_the_pages(tmp_path: Path) -> None:
    assert filled(tmp_path / "a").stat().st_mode & 0o077 == 0


def test_the_stores_of_sixteen_partitions_of_three_stages_share_one_bounded_memory(tmp_path: Path) -> None:
    memory = StoreMemory()
    stores = [PageStore(tmp_path / str(number), memory) for number in range(48)]
    for first in range(0, 1_600, 200):  # 88 MiB, in turn
        for store in stores:
            store.write([(b"v%06d" % number, os.urandom(1_200)) for number in range(first, first + 200)], HEADER)
    for store in stores:
        assert len(dict(store.items())) == 1_600
    # A block in use is not let go, and what was written in a burst is until its background flush has ended.
    wait_until(lambda: memory.used_bytes <= 1.1 * CACHE_BYTES, 20, "memory within its bound")
    assert len(os.listdir("/proc/self/fd")) < 48 * 20
    for store in stores:
        store.close()


# -- may it go on from where it was? -----------------------------------------------------------------------------------


def test_a_store_goes_on_from_its_offset() -> None:
    assert why_whole(HEADER, CHANGELOG, 0, begin=0, end=50, now_ms=HEADER.synced_ms + 11 * HOUR_MS) == ""
    assert why_whole(HEADER, CHANGELOG, 0, begin=50, end=80, now_ms=HEADER.synced_ms) == ""


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "there is none"),
        (Header(msgspec.structs.replace(ORIGIN, cluster="x"), 50, HEADER.synced_ms), "another cluster, x"),
        (Header(msgspec.structs.replace(ORIGIN, topic_id="x"), 50, HEADER.synced_ms), "made anew"),
        (Header(msgspec.structs.replace(ORIGIN, partition=1), 50, HEADER.synced_ms), "made anew"),
        (Header(ORIGIN, 9, HEADER.synced_ms), "offset 9 is not in the changelog, which has 10 to 60"),
        (Header(ORIGIN, 61, HEADER.synced_ms), "offset 61 is not in the changelog"),
        (Header(ORIGIN, 50, HEADER.synced_ms - 13 * HOUR_MS), "13.0 hours old, and tombstones are kept for 24.0"),
        (Header(ORIGIN, 50, HEADER.synced_ms + HOUR_MS), "a clock 60 minutes ahead"),
    ],
)
def test_a_store_that_cannot_be_trusted_is_restored_whole_and_the_reason_said(
    header: Header | None, reason: str
) -> None:
    assert reason in why_whole(header, CHANGELOG, 0, begin=10, end=60, now_ms=HEADER.synced_ms)


# -- what is not yet written, in front of the store --------------------------------------------------------------------


def test_what_was_flushed_is_read_at_once_and_not_on_disk_before_the_changelog_has_it(tmp_path: Path) -> None:
    pages = blank_pages(tmp_path)
    pages.apply([(b"va", b"1"), (b"vb", b"1")])
    pages.written([(b"va", b"1"), (b"vb", b"1")], 2)
    pages.apply([(b"va", b"2"), (b"vb", None), (b"vc", b"1")])
    assert [pages.get(key) for key in (b"va", b"vb", b"vc", b"vd")] == [b"2", None, b"1", None]
    assert dict(pages.items()) == {b"va": b"2", b"vc": b"1"}
    pages.close()
    again = claim(tmp_path).store
    assert dict(again.items()) == {b"va": b"1", b"vb": b"1"}
    assert again.header is not None
    assert again.header.offset == 2


def test_a_page_flushed_again_while_it_was_written_stays_as_it_was_flushed_last(tmp_path: Path) -> None:
    pages = blank_pages(tmp_path)
    first, second = [(b"va", b"1"), (b"vb", b"1")], [(b"va", b"2"), (b"vb", None)]
    pages.apply(first)
    pages.apply(second)
    pages.written(first, 2)
    assert (pages.get(b"va"), pages.get(b"vb")) == (b"2", None)
    pages.written(second, 4)
    assert (pages.get(b"va"), pages.get(b"vb")) == (b"2", None)
    assert dict(pages.items()) == {b"va": b"2"}


def test_where_the_broker_did_not_say_the_offset_the_store_keeps_the_one_before(tmp_path: Path) -> None:
    pages = blank_pages(tmp_path)
    pages.written([(b"va", b"1")], 7)
    pages.written([(b"va", b"2")], None)
    pages.close()
    header = claim(tmp_path).store.header
    assert header is not None
    assert header.offset == 7


def test_pages_given_away_meanwhile_are_not_written(tmp_path: Path) -> None:
    pages = blank_pages(tmp_path)
    pages.close()
    pages.written([(b"va", b"1")], 7)
    assert dict(claim(tmp_path).store.items()) == {}


def test_pages_are_counted_without_a_walk(tmp_path: Path) -> None:
    pages = blank_pages(tmp_path)
    assert dict(pages.items()) == {}
    for key in (b"va", b"vb", b"vc"):
        assert pages.get(key) is None
    pages.apply([(b"va", b"1"), (b"vb", b"1"), (b"vc", None)])  # the third was dropped before it was ever saved
    assert pages.size()[0] == 2
    pages.apply([(b"va", b"2"), (b"vb", None)])
    assert pages.size()[0] == 1
    assert pages.get(b"vb") is None
    pages.apply([(b"vb", b"3")])
    assert pages.size()[0] == 2 == len(dict(pages.items()))
