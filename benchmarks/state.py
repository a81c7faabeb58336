"""What do pages on disk cost: a write, a look, a restart, and how much memory do the stores of a worker take?

Looks and writes are timed as processor time with the compaction that they cause; a restore with the broker on the same
cores. The memory is that of a process with a store for each of three stages and sixteen partitions, filled like a county of
a million persons, written to in small batches all over, as a worker does.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from benchmarks.commands import fundwatch, in_own_process
from benchmarks.results import Row, Section, Tell, table
from stream import topics
from stream.broker import running_broker
from stream.changelog import look_up
from stream.outbox import Outbox, new_producer
from stream.page_store import Header, Origin, PageStore
from stream.restore import Restored, restore
from stream.settings import Settings
from stream.store_memory import StoreMemory
from stream.store_room import Claim, StoreRoom

STAGES, PARTITIONS = 3, 16
MUST_KEYS = 100_000  # a second
MOST_MIB = 256  # of all stores of a worker: a tenth of its 2.5 GiB
_LOOKS = 50_000
_FLUSH = 500  # pages of a partition in half a second
_PEEK = 4096


class Costs(msgspec.Struct, frozen=True):
    """Processor time, microseconds a page."""

    write: float
    look_unflushed: float
    look_cached: float
    look_anywhere: float
    look_in_vain: float
    walk: float


class Footprint(msgspec.Struct, frozen=True):
    """What the stores of a worker take; MiB."""

    pages: int
    memory: float
    shared: float  # blocks and what is not yet in files, of it
    disk: float
    saved: float  # the pages and their keys
    open_files: int
    walk_seconds: float


def measure(tell: Tell, pages: int = 2_500_000, keys: int = 400_000) -> Section:
    """Costs over ``keys`` pages, three restores of them, and the footprint of ``pages``."""
    costs = in_own_process(costs_of, keys)
    tell(f"{costs}")
    restores = [in_own_process(restores_of, keys) for _ in range(3)]
    tell(f"{restores}")
    footprint = in_own_process(footprint_of, pages)
    tell(f"{footprint}")
    return _section(costs, restores, footprint, keys)


def costs_of(keys: int) -> Costs:
    """One store, everything that its compaction does included."""
    chance = random.Random(1)
    names = [b"v%024d" % chance.randrange(10**20) for _ in range(keys)]
    page = _pages(chance)
    header = _header()
    with tempfile.TemporaryDirectory() as folder:
        store = PageStore(Path(folder) / "store", StoreMemory())

        def write() -> None:
            for first in range(0, keys, _FLUSH):
                store.write([(name, next(page)) for name in names[first : first + _FLUSH]], header)
            store.flush()
            _wait_for_compaction(store)

        written = _cpu(write) / keys
        newest, hot = names[:_FLUSH], names[1000 : 1000 + _PEEK]
        anywhere = [chance.choice(names) for _ in range(_LOOKS)]
        looked = _cpu(lambda: _look(store, anywhere)) / _LOOKS
        _look(store, hot)
        cached = _cpu(lambda: _look(store, hot)) / len(hot)
        store.write([(name, next(page)) for name in newest], header)
        unflushed = _cpu(lambda: _look(store, newest)) / len(newest)
        vain = _cpu(lambda: _look(store, [b"x" + name for name in anywhere])) / _LOOKS
        walked = _cpu(lambda: sum(1 for _ in store.items())) / keys
        store.close()
    return Costs(*(1e6 * seconds for seconds in (written, unflushed, cached, looked, vain, walked)))


def restores_of(keys: int) -> tuple[Restored, Restored]:
    """The whole changelog of two partitions, then the tail of a tenth as much."""
    with tempfile.TemporaryDirectory() as folder, running_broker(Path(folder) / "broker") as broker:
        settings = Settings(broker=broker, data=Path(folder) / "data", partitions=2)
        fundwatch("topics", "create", settings=settings)
        return asyncio.run(_restores(settings, Path(folder) / "stores", keys))


async def _restores(settings: Settings, folder: Path, keys: int) -> tuple[Restored, Restored]:
    topic, memory = settings.topic(topics.STATE_PERSON), StoreMemory()
    await _fill(settings, topic, keys)
    stores = {partition: PageStore(folder / str(partition), memory) for partition in range(2)}
    changelog = look_up(settings, [topic])[topic]
    whole = await restore(settings, changelog, stores)
    await _fill(settings, topic, keys // 10)
    tail = await restore(settings, changelog, stores)
    for store in stores.values():
        store.close()
    assert whole is not None
    assert tail is not None
    return whole, tail


async def _fill(settings: Settings, topic: str, keys: int) -> None:
    producer, page = new_producer(settings), _pages(random.Random(2), 300)
    await producer.start()
    for first in range(0, keys, 10_000):
        outbox = Outbox(producer)
        for number in range(first, min(first + 10_000, keys)):
            outbox.add(topic, number % 2, b"v%024d" % number, next(page))
        await outbox.delivered()
    await producer.stop()


def footprint_of(pages: int) -> Footprint:
    """A worker's stores, filled in small batches all over and then looked at all over."""
    chance = random.Random(3)
    page, before = _pages(chance), _resident()
    with tempfile.TemporaryDirectory() as folder:
        room = StoreRoom(Path(folder))
        claims = asyncio.run(_claims(room))
        written, saved = 0, 0
        files = len(os.listdir("/proc/self/fd"))
        while written < pages:
            for claim in claims:
                batch = [(b"v%024d" % (number * 7919 % 10**12), next(page)) for number in range(written, written + 50)]
                claim.store.write(batch, _header())
                written += len(batch)
                saved += sum(len(key) + len(value) for key, value in batch)
        for number in range(_LOOKS):
            chance.choice(claims).store.get(b"v%024d" % (number * 7919 % 10**12))
        started = time.perf_counter()
        found = sum(1 for claim in claims for _ in claim.store.items())
        walked = time.perf_counter() - started
        for claim in claims:
            _wait_for_compaction(claim.store)
        files = len(os.listdir("/proc/self/fd"))
        disk = sum(claim.store.size()[1] for claim in claims)
        result = Footprint(
            found, _mib(_resident() - before), _mib(room.memory.used_bytes), _mib(disk), _mib(saved), files, walked
        )
        for claim in claims:
            claim.release()
    return result


async def _claims(room: StoreRoom) -> list[Claim]:
    return [await room.claim(f"stage{stage}", p) for stage in range(STAGES) for p in range(PARTITIONS)]


def _header() -> Header:
    return Header(Origin("benchmark", "topic", "id", 0), 0, 0)


def _pages(chance: random.Random, mean: int = 700) -> Iterator[bytes]:
    """Pages of 100 to 1,500 bytes that compress to about a half, as saved pages do."""
    pool = []
    for _ in range(500):
        size = min(max(int(chance.gauss(mean, mean / 2)), 100), 1_500)
        pool.append(b"".join(chance.randbytes(8) + b"\xa6\x00\x01\x00\x02\x00\xcd\x00" for _ in range(size // 16)))
    while True:
        yield chance.choice(pool)


def _look(store: PageStore, names: list[bytes]) -> None:
    get = store.get
    for name in names:
        get(name)


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _wait_for_compaction(store: PageStore) -> None:
    while store.is_compacting:
        time.sleep(0.05)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _mib(size_bytes: float) -> float:
    return size_bytes / 2**20


def _section(
    costs: Costs, restores: list[tuple[Restored, Restored]], footprint: Footprint, keys: int
) -> Section:  # fmt: skip
    rates = sorted(whole.records / whole.seconds for whole, _ in restores)
    whole, (_, tail) = rates[len(rates) // 2], sorted(restores, key=lambda pair: pair[1].seconds)[len(restores) // 2]
    rows = [
        Row("keys restored a second", f"≥ {MUST_KEYS:,}", f"{whole:,.0f}", whole >= MUST_KEYS),
        Row(
            "restart with the same data folder",
            "reads only the tail",
            f"{tail.records:,} of {keys + tail.records:,} records in {tail.seconds:.2f} s",
            (tail.whole, tail.records) == (0, keys // 10),
        ),
        Row(
            f"memory of the stores of a worker, {footprint.pages / 1e6:.1f} million pages in 48 partitions",
            f"≤ {MOST_MIB} MiB",
            f"{footprint.memory:,.0f} MiB",
            footprint.memory <= MOST_MIB,
        ),
    ]
    costs_rows = [
        ("write a page, with its compaction", costs.write),
        ("look at a page that is not yet in a file", costs.look_unflushed),
        ("look at a page whose block is in memory", costs.look_cached),
        ("look at any page", costs.look_anywhere),
        ("look for a page that is not there", costs.look_in_vain),
        ("walk all pages, as at a start", costs.walk),
    ]
    text = f"""`python -m benchmarks state`. Processor time a page of 700 B in the mean, {keys:,} of them:

{table(("what", "µs"), [(what, f"{cost:.1f}") for what, cost in costs_rows])}

{footprint.pages:,} pages of {footprint.saved:,.0f} MiB in 48 stores: {footprint.disk:,.0f} MiB on disk,
{footprint.memory:,.0f} MiB of memory
({footprint.shared:,.0f} of them blocks and what is not yet in files), {footprint.open_files} open files; walked in
{footprint.walk_seconds:.1f} s."""
    return Section("State on disk", rows, text)
