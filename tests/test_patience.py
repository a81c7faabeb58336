"""Does a busy worker ask its broker for more at a time, and an idle one for whatever there is?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from stream import patience
from stream.patience import AT_EASE, BUSY, Patience


class Clocks:
    """Wall and processor time, as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.cpu = 100.0
        monkeypatch.setattr(patience, "monotonic", lambda: self.wall)
        monkeypatch.setattr(patience, "process_time", lambda: self.cpu)

    def pass_by(self, seconds: float, share: float) -> None:
        self.wall += seconds
        self.cpu += seconds * share


def manner(fetcher: SimpleNamespace) -> tuple[int, int]:
    return fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms


def test_a_fetch_goes_by_what_the_worker_has_lately_taken_of_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    fetcher = SimpleNamespace(_fetch_min_bytes=AT_EASE.bytes, _fetch_max_wait_ms=AT_EASE.wait_ms)
    own = Patience(fetcher)
    seen = []
    for share in (0.9, 0.9, 0.1, 0.9):
        clocks.pass_by(1.0, share)
        own.look()
        seen.append(manner(fetcher))
    assert seen == [BUSY, BUSY, AT_EASE, BUSY]


def test_between_two_looks_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    fetcher = SimpleNamespace(_fetch_min_bytes=AT_EASE.bytes, _fetch_max_wait_ms=AT_EASE.wait_ms)
    own = Patience(fetcher)
    for _ in range(4):
        clocks.pass_by(0.1, 1.0)
        own.look()
        assert manner(fetcher) == AT_EASE
    clocks.pass_by(0.2, 1.0)
    own.look()
    assert manner(fetcher) == BUSY


def test_aiokafkas_fetcher_still_asks_by_these_two() -> None:
    """They are its own affair: a version that names them otherwise must not leave the worker impatient in silence."""
    from inspect import getsource

    from aiokafka.consumer.fetcher import Fetcher

    asked = getsource(Fetcher._get_actions_per_node)
    assert "self._fetch_max_wait_ms" in asked
    assert "self._fetch_min_bytes" in asked
