"""Which pages are in memory, which must be written, and which wake up next?

The pages of one stage and partition: decoded ones in front of the saved ones, the set of those that changed since the
last flush, and the wake-ups. Two generations stand in for an exact least-recently-used order, which would cost
a move at every look. A page that changed is an object until the next flush, whatever its generation, so whoever bounds the
memory bounds both: how many are decoded, and how many may change before they are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from detectors.engine.page import NEVER, WARM, WARMING_UP, Page, decode_page, encode_page, wake_of, warmth_of
from detectors.engine.wakes import Wakes

PageT = TypeVar("PageT", bound=Page)
Writes = list[tuple[bytes, bytes | None]]


MOST_DECODED = 100_000  # of one stage in one process, over all its partitions: some 5 kB each


class SavedPages(Protocol):
    """The store behind the cache; the caller of `Pages.flush` writes it."""

    def get(self, key: bytes) -> bytes | None:
        """The saved page, or None."""

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """All of them, at restoring."""


class Pages:
    """One stage's pages of one partition: of the given kinds, and at most about ``decoded`` of them as objects in memory."""

    def __init__(self, saved: SavedPages, kinds: Iterable[type[Page]], decoded: int = MOST_DECODED) -> None:
        self._saved = saved
        self._kind_of: dict[bytes, type[Page]] = {kind.prefix: kind for kind in kinds}
        self._young: dict[bytes, Page] = {}
        self._old: dict[bytes, Page] = {}
        self._generation = max(decoded // 2, 1)
        self._dirty: dict[bytes, Page | None] = {}
        self._wakes = Wakes(self._wake_of)
        self._models: dict[bytes, Counter[int]] = {
            prefix: Counter() for prefix, kind in self._kind_of.items() if kind.has_model
        }
        for key, page in saved.items():
            if (wake := wake_of(page)) != NEVER:
                self._wakes.add(wake, key)
            if key[:1] in self._models:
                self._models[key[:1]][warmth_of(page)] += 1
        self.hits = self.misses = 0

    def get(self, kind: type[PageT], key: bytes) -> PageT | None:
        """The page of that key, None where there is none."""
        page = self._young.get(key)
        if page is None:
            page = self._old.pop(key, None)
            if page is None:
                if key in self._dirty:
                    page = self._dirty[key]
                    if page is None:  # dropped since the last flush
                        return None
                else:
                    saved = self._saved.get(key)
                    if saved is None:
                        return None
                    self.misses += 1
                    page = decode_page(kind, saved)
            self._young[key] = page
        self.hits += 1
        return page  # type: ignore[return-value]  # a key's prefix decides its kind

    def peek(self, kind: type[PageT], key: bytes) -> PageT | None:
        """The page of that key, without keeping it decoded; whoever changes it must `keep` it."""
        page = self._decoded(key)
        if page is None and key not in self._dirty and (saved := self._saved.get(key)) is not None:
            return decode_page(kind, saved)
        return page  # type: ignore[return-value]  # a key's prefix decides its kind

    def _decoded(self, key: bytes) -> Page | None:
        """The page where it is an object in memory."""
        return self._young.get(key) or self._old.get(key) or self._dirty.get(key)

    def keep(self, key: bytes, page: Page) -> None:
        """A page that was peeked at has changed."""
        self._old.pop(key, None)
        self._young[key] = self._dirty[key] = page

    def open(self, kind: type[PageT], key: bytes, blank: Callable[[], PageT]) -> PageT:
        """The page of that key, a blank one where there is none yet."""
        page = self.get(kind, key)
        if page is None:
            page = self.put(key, blank())
        return page

    def put(self, key: bytes, page: PageT) -> PageT:
        """A blank page, where there is none yet."""
        self._young[key] = page
        self._dirty.pop(key, None)
        return page

    def changed(self, key: bytes, page: Page) -> None:
        """The page must be written at the next flush."""
        self._dirty[key] = page

    def drop(self, key: bytes) -> None:
        """The page is forgotten."""
        self._young.pop(key, None)
        self._old.pop(key, None)
        self._dirty[key] = None

    def sleep(self, key: bytes, page: Page, until: int) -> None:
        """The page wants to be asked again at stream time ``until``, or earlier where it has said so before.

        An early wake-up finds nothing new and goes back to sleep; taking it out for every bill that moves it
        would cost more.
        """
        if until < page.wake:
            page.wake = until
            self._dirty[key] = page
            self._wakes.add(until, key)

    def next_due(self, now: int) -> tuple[int, bytes, Page] | None:
        """The earliest page whose wake-up is due at ``now``, which then has none; ties by key, so the order is fixed."""
        while (found := self._wakes.pop(now)) is not None:
            due, key = found
            page = self.get(self._kind_of[key[:1]], key)
            if page is not None and page.wake == due:
                page.wake = NEVER
                return due, key, page
        return None

    def _wake_of(self, key: bytes) -> int:
        page = self._decoded(key)
        if page is not None:
            return page.wake
        saved = None if key in self._dirty else self._saved.get(key)
        return NEVER if saved is None else wake_of(saved)

    @property
    def dirty(self) -> int:
        """How many pages the next flush will write."""
        return len(self._dirty)

    @property
    def wants_flush(self) -> bool:
        """Whether so many have changed that they should be written for the memory's sake."""
        return len(self._dirty) >= self._generation

    def objects(self) -> dict[bytes, Page]:
        """All pages that are objects in memory."""
        changed = {key: page for key, page in self._dirty.items() if page is not None}
        return {**changed, **self._old, **self._young}

    @property
    def decoded(self) -> int:
        """How many pages are objects in memory."""
        return len(self.objects())

    @property
    def waiting_bytes(self) -> int:
        """What the wake-ups of later days take in memory."""
        return self._wakes.waiting_bytes

    def rest(self) -> None:
        """Let go of what was not looked at for a generation; only where nobody holds a page that he has yet to change."""
        if len(self._young) > self._generation:
            self._old = self._young
            self._young = {}

    def flush(self) -> Writes:
        """What must be written, tombstones as None; the pages count as written."""
        writes = [(key, None if page is None else encode_page(page)) for key, page in self._dirty.items()]
        self._dirty.clear()
        self.rest()
        return writes

    def recount(self, kind: type[Page], before: int, after: int) -> None:
        """The model on a page of that kind has another warmth; 0 where there was, or is, none."""
        counts = self._models[kind.prefix]
        counts[before] -= 1
        counts[after] += 1

    def models(self, kind: type[Page]) -> tuple[int, int]:
        """How many models there are on pages of that kind, and how many of them are warming up."""
        counts = self._models.get(kind.prefix, Counter())
        return counts[WARMING_UP] + counts[WARM], counts[WARMING_UP]

    def all_of(self, kind: type[PageT]) -> list[PageT]:
        """Every page of a kind, in order of its key; it looks at all keys there are, so not for every record."""
        prefix = kind.prefix
        keys = {key for key, _ in self._saved.items() if key[:1] == prefix}
        keys.update(key for key, page in self._dirty.items() if key[:1] == prefix and page is not None)
        found = (self.peek(kind, key) for key in sorted(keys))
        return [page for page in found if page is not None]

    def kinds(self) -> Mapping[bytes, type[Page]]:
        """The kind of page of each key prefix."""
        return self._kind_of
