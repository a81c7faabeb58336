"""Two processes hand each other messages of any size, and neither stands still because the other is at work."""

from __future__ import annotations

from multiprocessing import Pipe
from pathlib import Path

import pytest

from stream.process_line import ProcessLine

SLOTS = 3
LARGE = 4_000_000  # bytes; no pipe holds as many


@pytest.fixture
def ends(tmp_path: Path) -> tuple[ProcessLine, ProcessLine]:
    one, other = Pipe()
    return ProcessLine(one, tmp_path, "one", "other", SLOTS), ProcessLine(other, tmp_path, "other", "one", SLOTS)


def message(number: int, size: int) -> bytes:
    return bytes([number % 251]) * size


def test_large_messages_wait_for_nobody(ends: tuple[ProcessLine, ProcessLine]) -> None:
    one, other = ends
    sizes = [LARGE, 0, 10, 8_192, 8_193, LARGE // 2]
    for number, size in enumerate(sizes):  # nobody reads meanwhile: a pipe would block here for good
        one.send(message(number, size))
        other.send(message(number + 100, size))
    for number, size in enumerate(sizes):
        assert one.has_message()
        assert one.receive() == message(number + 100, size)
        assert other.receive() == message(number, size)
    assert not one.has_message()


def test_slots_are_used_in_turn_and_a_shorter_message_leaves_nothing_of_the_longer(
    ends: tuple[ProcessLine, ProcessLine], tmp_path: Path
) -> None:
    one, other = ends
    for number in range(10 * SLOTS):
        sent = message(number, LARGE // (number + 1))
        one.send(sent)
        assert other.receive() == sent
    assert len(list(tmp_path.iterdir())) == SLOTS


def test_an_end_that_is_gone_is_told_of(ends: tuple[ProcessLine, ProcessLine]) -> None:
    one, other = ends
    one.send(message(1, LARGE))
    one.close()
    assert other.receive() == message(1, LARGE)
    with pytest.raises(EOFError):
        other.receive()
    with pytest.raises(BrokenPipeError):
        other.send(message(2, LARGE))


def test_files_are_read_by_nobody_else(ends: tuple[ProcessLine, ProcessLine], tmp_path: Path) -> None:
    ends[0].send(message(1, LARGE))
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600]
