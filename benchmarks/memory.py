"""Does a county of a million people fit into a worker? Measured on smaller ones, and projected by what grows.

The replay with its pages where the service has them, in RocksDB, over counties of several sizes and a hundred days. What a
worker has in memory is then its program, pages as objects up to a bound, when which page wakes up, and the stores' blocks and
indexes. The first does not grow, the second has a bound that large counties reach, the others grow with the number of pages.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.commands import in_own_process
from benchmarks.counties import county
from benchmarks.page_sizes import decoded_size
from benchmarks.replaying import apply_transactions, with_references
from benchmarks.results import Row, Section, Tell, table
from detectors.engine import graph
from detectors.engine.page import encode_page
from detectors.engine.pages import MOST_DECODED
from detectors.engine.stage import FIRST
from stream import worker
from stream.block_pipeline import Between
from stream.blocks import SHARDS, Cut
from stream.page_store import Header, Origin, PageStore
from stream.process_usage import peak_rss_bytes, rss_bytes
from stream.replay import Progress, Replay
from stream.rules_file import configured_rules
from stream.store_memory import StoreMemory

PEOPLE, MUST_GIB = 1_000_000, 2.5
_MIB = 2**20
_AT_ONCE = 2_000
_SAMPLE = 2_000
_INDEXED = 6  # B a page, of indexes and filters in memory (`stream.store_memory`)
_UNTOUCHED = object()


class OnDisk(dict[bytes, bytes]):
    """A store that the replay takes for a dict; of the dict itself nothing is used."""

    def __init__(self, store: PageStore) -> None:
        super().__init__()
        self._store = store
        self._header = Header(Origin("", "", "", 0), 0, 0)
        self._unwritten: dict[bytes, bytes | None] = {}

    def get(self, key: bytes, default: object = None) -> bytes | None:  # type: ignore[override]  # no default is asked for
        """The page as it was written last."""
        page = self._unwritten.get(key, _UNTOUCHED)  # type: ignore[arg-type]
        return self._store.get(key) if page is _UNTOUCHED else page

    def items(self) -> Iterator[tuple[bytes, bytes]]:  # type: ignore[override]
        """All of them."""
        self.write()
        return self._store.items()

    def __setitem__(self, key: bytes, page: bytes) -> None:
        self._put(key, page)

    def pop(self, key: bytes, default: object = None) -> None:  # type: ignore[override]
        """Forget a page."""
        self._put(key, None)

    def _put(self, key: bytes, page: bytes | None) -> None:
        self._unwritten[key] = page
        if len(self._unwritten) >= _AT_ONCE:
            self.write()

    def write(self) -> None:
        """All of it is with the store when this returns."""
        self._store.write(list(self._unwritten.items()), self._header)
        self._unwritten = {}


class Held(msgspec.Struct, frozen=True):
    """What a process has held of a county. Bytes."""

    program: int  # before its first record
    peak_rss: int
    pages: int
    saved: int
    waking: int
    decoded: dict[str, tuple[int, float]]  # by stage: pages that are objects at the end, and what each of them takes

    @property
    def objects(self) -> float:
        """What all of these take."""
        return sum(count * size for count, size in self.decoded.values())


def held(folder: Path) -> Held:
    """Replay the county with its pages on disk."""
    assert worker  # what a worker loads is loaded
    with tempfile.TemporaryDirectory() as kept:
        memory = StoreMemory()
        places = [(FIRST, shard) for shard in range(SHARDS)] + [(name, 0) for name in graph.STAGES if name != FIRST]
        stores = {place: OnDisk(PageStore(Path(kept) / "-".join(map(str, place)), memory)) for place in places}
        progress = Progress(Cut(), Between(), [(name, number, store) for (name, number), store in stores.items()])
        replay = Replay(configured_rules(), int(time.time() * 1000), progress=progress)
        assert replay.pipeline  # its stages are opened, which loads what they need
        program = rss_bytes()
        with_references(replay, folder)
        apply_transactions(replay, folder)
        peak = peak_rss_bytes()
        decoded = _decoded(replay)
        replay.pipeline.save()
        sizes = [len(key) + len(page) for store in stores.values() for key, page in store.items()]
        waking = sum(stage.pages.waiting_bytes for stage in replay.pipeline.stages)
        return Held(program, peak, len(sizes), sum(sizes), waking, decoded)


def _decoded(replay: Replay) -> dict[str, tuple[int, float]]:
    found: dict[str, tuple[int, float]] = {}
    tracemalloc.start()
    for name in graph.STAGES:
        pages = [page for each in replay.pipeline.stages if each.name == name for page in each.pages.objects().values()]
        sample = pages[:: max(len(pages) // _SAMPLE, 1)]
        found[name] = len(pages), sum(decoded_size(type(page), encode_page(page)) for page in sample) / len(sample)
    tracemalloc.stop()
    return found


def measure(tell: Tell, sizes: tuple[int, ...] = (10_000, 20_000, 40_000), days: int = 100) -> Section:
    """What each county takes, and a million people's."""
    counties: dict[int, Held] = {}
    for persons in sizes:
        counties[persons] = in_own_process(held, county(persons, days))
        tell(f"{persons:,} persons: {counties[persons].peak_rss / _MIB:,.0f} MiB at most")
    return _section(counties, days)


def _section(counties: dict[int, Held], days: int) -> Section:
    (_, small), *_, (persons, large) = counties.items()
    # Over what the objects themselves take: their keys, what is free between them. What does not grow is in neither.
    grown = large.peak_rss - small.peak_rss - (large.waking - small.waking)
    times = grown / (large.objects - small.objects)
    share = PEOPLE / persons
    bound = {name: (min(float(MOST_DECODED), count * share), size) for name, (count, size) in large.decoded.items()}
    cache = sum(count * size for count, size in bound.values())
    indexes = _INDEXED * (large.pages * share - large.pages)
    whole = large.peak_rss + times * (cache - large.objects) + large.waking * (share - 1) + indexes
    rows = [
        (
            f"{each:,}", f"{one.pages:,}", f"{one.saved / _MIB:,.0f}", f"{one.waking / _MIB:,.1f}",
            f"{sum(count for count, _ in one.decoded.values()):,}", f"{one.objects / _MIB:,.0f}",
            f"{one.peak_rss / _MIB:,.0f}",
        )
        for each, one in counties.items()
    ]  # fmt: skip
    head = ("persons", "pages", "saved, MiB", "wake-ups, MiB", "pages as objects", "these, MiB", "process at most, MiB")
    stages = [(name, f"{count:,.0f}", f"{size:,.0f}") for name, (count, size) in bound.items()]
    text = f"""`python -m benchmarks memory`: counties over {days} days, replayed with their pages in RocksDB, as the
service has them; each in a fresh process, whose program takes {large.program / _MIB:,.0f} MiB before its first record.

{table(head, rows)}

What {PEOPLE:,} people would take, with {share:,.0f} times the pages of the largest: {large.pages * share / 1e6:.1f} million
pages, {large.saved * share / 2**30:.1f} GiB of them on disk before compression, and {whole / 2**30:.2f} GiB of memory. Of these
{times * cache / _MIB:,.0f} MiB are pages as objects, as many as there is room for, at {times:.2f} times what the objects
themselves take, which is what more of them have taken here; {large.waking * share / _MIB:,.0f} MiB are wake-ups, and
{_INDEXED * large.pages * share / _MIB:,.0f} MiB the stores' indexes and filters, {_INDEXED} B a page.

{table(("stage", "pages as objects at most", "bytes each"), stages)}"""
    measured = f"{whole / 2**30:.2f} GiB, projected from {persons:,} persons"
    row = Row(
        f"a million persons, {days} days: memory of one worker", f"≤ {MUST_GIB} GiB a worker", measured,
        whole / 2**30 <= MUST_GIB,
    )  # fmt: skip
    return Section("Memory of a worker", [row], text)
