"""How many pages are objects in memory, and what becomes of those that are not any more?"""

from __future__ import annotations

from detectors.books.receipt import ReceiptPage, receipt_key
from detectors.engine.page import encode_page
from detectors.engine.pages import Pages

ROOM = 8


def key(number: int) -> bytes:
    return receipt_key("H1", "2301", f"{number:04d}")


def filled(saved: dict[bytes, bytes], number: int) -> Pages:
    """Pages in memory, all changed, none written."""
    pages = Pages(saved, (ReceiptPage,), ROOM)
    for one in range(number):
        pages.changed(key(one), pages.put(key(one), ReceiptPage(visit=f"V{one}")))
    return pages


def write(pages: Pages, saved: dict[bytes, bytes]) -> None:
    for written, page in pages.flush():
        if page is None:
            saved.pop(written, None)
        else:
            saved[written] = page


def test_reading_keeps_no_more_decoded_than_there_is_room_for() -> None:
    saved = {key(one): encode_page(ReceiptPage(visit=f"V{one}")) for one in range(1_000)}
    pages = Pages(saved, (ReceiptPage,), ROOM)
    for one in range(1_000):
        assert pages.get(ReceiptPage, key(one)) is not None
        pages.rest()
        assert pages.decoded <= ROOM + 1  # two generations, and what the last batch has read


def test_a_page_that_changed_stays_the_same_object_until_it_is_written() -> None:
    saved: dict[bytes, bytes] = {}
    pages = filled(saved, 1)
    changed = pages.get(ReceiptPage, key(0))
    assert changed is not None
    for one in range(1, 10 * ROOM):  # more than both generations hold
        pages.put(key(one), ReceiptPage())
        pages.rest()
    changed.visit = "another"
    assert pages.peek(ReceiptPage, key(0)) is changed
    assert pages.get(ReceiptPage, key(0)) is changed
    write(pages, saved)
    assert saved == {key(0): encode_page(changed)}


def test_a_page_that_was_dropped_stays_so_however_many_come_after_it() -> None:
    saved: dict[bytes, bytes] = {}
    pages = filled(saved, 1)
    write(pages, saved)
    pages.drop(key(0))
    for one in range(1, 10 * ROOM):
        pages.put(key(one), ReceiptPage())
        pages.rest()
    assert pages.get(ReceiptPage, key(0)) is pages.peek(ReceiptPage, key(0)) is None
    write(pages, saved)
    assert saved == {}


def test_pages_wake_up_though_nothing_holds_them_but_that_they_changed() -> None:
    pages = filled({}, 10 * ROOM)
    for one in range(10 * ROOM):
        page = pages.get(ReceiptPage, key(one))
        assert page is not None
        pages.sleep(key(one), page, 1_000_000 + one)
        pages.rest()
    woken = []
    while (due := pages.next_due(2_000_000)) is not None:
        woken.append(due[1])
        pages.rest()
    assert woken == [key(one) for one in range(10 * ROOM)]


def test_when_half_the_room_has_changed_it_is_to_be_written() -> None:
    saved: dict[bytes, bytes] = {}
    pages = filled(saved, ROOM // 2 - 1)
    assert not pages.wants_flush
    pages.changed(key(ROOM), pages.put(key(ROOM), ReceiptPage()))
    assert pages.wants_flush
    write(pages, saved)
    assert not pages.wants_flush
