"""Is everything at the broker before anything is settled, and is a fault confined to its record? (stream/delivery.py)"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from detectors.engine.incoming import Effects, Forward, Incoming, Reached
from schemas.dead_letters import from_record
from stream.chunks import Chunk
from stream.delivery import MOST_FAILURES, Delivery, Destinations, EngineBroken, LeaseLost, Steps
from stream.outbox import partition_of
from stream.stages import Route, Site, Sites
from stream.tables import Pages, StateTable, Writes
from tests.fake_producer import FakeProducer, Sent
from tests.stores import blank_pages
from tests.test_transport import Row
from tests.toy_worker import POISON, toy_alert

TO = Destinations("alerts", "dead", {"person": "visits"}, {"institution": ("person",)}, partitions=3)


class SomeTable:
    """The part of a state table that sites use, with the real way of writing."""

    changelog_topic_name = "state"
    write, adopt = StateTable.write, StateTable.adopt

    def __init__(self) -> None:
        self.kept: Any = self
        self.partitions: dict[int, Pages] = {}


class Scribe:
    """Counts records in a page, and says an alert, a forward and a mark for each batch."""

    stream_time = 7

    def __init__(self, name: str, partition: int, pages: Pages) -> None:
        self._pages = pages
        self._count = int(pages.get(b"count") or b"0")

    def take(self, role: str, batch: Sequence[Incoming]) -> Effects:
        effects = Effects()
        for record in batch:
            self._count += 1
            if record.value == POISON:
                raise ValueError("personal")
            effects.alerts.append(toy_alert(str(record.offset), self._count, b"key"))
        effects.forwards.append(Forward("person", b"somebody", b"snapshot"))
        effects.mark = Reached(99, 0, 7)
        return effects

    def flush(self) -> Writes:
        return [(b"derived", b"x"), (b"count", b"%d" % self._count)]


class Reports:
    def __init__(self) -> None:
        self.batches: list[int] = []
        self.errors: list[str] = []

    def delivered(self, site: Site, batch: Sequence[Incoming], effects: Effects, since_ms: int, steps: Steps) -> None:
        self.batches.append(len(batch))

    def engine_failed(self, site: Site, error: Exception) -> None:
        self.errors.append(type(error).__name__)


class Bench:
    """A delivery to one stage over a producer that writes down."""

    def __init__(self, producer: FakeProducer | None = None, lease: Callable[[], None] = lambda: None) -> None:
        self.producer, self.reports, self.table = producer or FakeProducer(), Reports(), SomeTable()
        tables = {"institution": cast(StateTable, self.table)}
        routes = Route("transactions", "transactions", "institution"), Route("returns", "returns", "institution", True)
        sites = Sites(routes, tables, Scribe)
        self._folder = tempfile.TemporaryDirectory()  # goes when the bench does
        self.pages = blank_pages(Path(self._folder.name))
        sites.install("institution", 0, self.pages, cast(AIOKafkaProducer, self.producer))
        self._delivery = Delivery(
            sites,
            {"institution": cast(Any, self.producer)},
            TO,
            lambda source, mark: b"%d@%d" % (mark.time, source),
            self.reports,
            lease,
        )

    def deliver(self, *values: bytes, first: int = 0) -> Chunk:
        chunk = Chunk("transactions", 0, [Row(first + n, value=value) for n, value in enumerate(values)], epoch=0)
        asyncio.run(self.run(chunk))
        return chunk

    async def run(self, *chunks: Chunk) -> None:
        """All begun before the first is finished."""
        finishes = [await self._delivery.begin("transactions", [chunk]) for chunk in chunks]
        await asyncio.gather(*(finish() for finish in finishes))

    async def only_begin(self, role: str, *chunks: Chunk) -> None:
        """What is done of it while the site's lock is held."""
        await self._delivery.begin(role, chunks)

    def of(self, topic: str) -> list[Sent]:
        return [sent for sent in self.producer.sent if sent.topic == topic]


def test_everything_is_published_before_pages_are_written_in_one_transaction() -> None:
    bench = Bench()
    assert bench.deliver(b"a", b"b").settled
    log = [entry if isinstance(entry, str) else entry.topic for entry in bench.producer.log]
    first_page = log.index("state")
    assert set(log[: first_page - 1]) == {"alerts", "visits", "acknowledged"}
    assert log[first_page - 1 :] == ["begun", "state", "state", "acknowledged", "committed"]
    assert [sent.key for sent in bench.of("state")] == [b"derived", b"count"]
    assert dict(bench.pages.items()) == {b"derived": b"x", b"count": b"2"}


def test_a_mark_goes_to_every_partition_behind_the_forwards() -> None:
    bench = Bench()
    bench.deliver(b"a")
    for partition in range(3):
        rows = [sent for sent in bench.of("visits") if sent.partition == partition]
        assert (rows[-1].key, rows[-1].value, rows[-1].headers) == (None, b"99@0", [("mark", b"")])
        expected = [b"somebody"] if partition == partition_of(b"somebody", 3) else []
        assert [row.key for row in rows[:-1]] == expected


def test_a_batch_that_is_full_goes_on_in_the_next_in_the_same_order() -> None:
    bench = Bench(FakeProducer(room=2))
    bench.deliver(*[b"a"] * 30)
    for partition in range(3):
        offsets = [int(sent.key or b"") for sent in bench.of("alerts") if sent.partition == partition]
        assert offsets == sorted(offsets)
    assert len(bench.of("alerts")) == 30


@pytest.mark.parametrize("topic", ["alerts", "visits", "state"])
def test_a_chunk_is_not_settled_when_the_broker_does_not_take_what_follows_from_it(topic: str) -> None:
    bench = Bench(FakeProducer(fails_on=topic))
    chunk = Chunk("transactions", 0, [Row(0)], epoch=0)
    with pytest.raises(KafkaTimeoutError):
        asyncio.run(bench.run(chunk))
    assert not chunk.settled
    assert not bench.of("state")


def test_chunks_do_not_wait_for_pages_and_pages_of_several_chunks_are_written_together() -> None:
    bench = Bench()
    chunks = [Chunk("transactions", 0, [Row(number)], epoch=0) for number in range(3)]
    asyncio.run(bench.run(*chunks))
    assert all(chunk.settled for chunk in chunks)
    topics = [sent.topic for sent in bench.producer.sent]
    assert topics.index("state") > max(place for place, topic in enumerate(topics) if topic == "alerts")
    assert [(sent.key, sent.value) for sent in bench.of("state")] == [(b"derived", b"x"), (b"count", b"3")]
    assert bench.producer.log.count("committed") == 1
    assert bench.reports.batches == [1, 1, 1]


def test_what_came_back_is_written_before_anything_else_is_taken() -> None:
    bench = Bench()
    asyncio.run(bench.only_begin("transactions", Chunk("transactions", 0, [Row(0)], epoch=0)))
    assert not bench.of("state")
    asyncio.run(bench.only_begin("returns", Chunk("returns", 0, [Row(0)], epoch=0)))
    assert [(sent.key, sent.value) for sent in bench.of("state")] == [(b"derived", b"x"), (b"count", b"2")]
    log = [entry if isinstance(entry, str) else entry.topic for entry in bench.producer.log]
    assert log.index("begun") > max(place for place, entry in enumerate(log) if entry == "alerts")


def test_a_worker_that_the_group_may_have_given_up_sends_nothing() -> None:
    def lost() -> None:
        raise LeaseLost("frozen")

    bench = Bench(lease=lost)
    with pytest.raises(LeaseLost):
        bench.deliver(b"a")
    assert not bench.producer.sent


def test_a_record_that_the_engine_cannot_take_is_parked_and_all_others_are_counted_once() -> None:
    bench = Bench()
    values = [b"a"] * 37 + [POISON] + [b"a"] * 26
    assert bench.deliver(*values).settled
    assert sorted(int(sent.key or b"") for sent in bench.of("alerts")) == [n for n in range(64) if n != 37]
    assert bench.pages.get(b"count") == b"63"
    [parked] = bench.of("dead")
    letter = from_record(parked.key or b"", parked.headers, parked.value or b"")
    assert (letter.stage, letter.reason, letter.offset, letter.value) == ("institution", "engine_error", 37, POISON)
    assert "personal" not in letter.detail
    assert len(bench.reports.errors) == 7  # 64 records: whole, then halved six times


def test_the_worker_stops_when_the_engine_fails_on_everything() -> None:
    bench = Bench()
    with pytest.raises(EngineBroken):
        bench.deliver(*[POISON] * (MOST_FAILURES + 5))
    assert len(bench.of("dead")) == MOST_FAILURES - 1


def test_failures_are_counted_in_a_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.delivery.WRITE_SECONDS", 0.01)  # a parked record waits for its page to be written
    bench = Bench()
    for number in range(MOST_FAILURES * 2):
        bench.deliver(POISON, first=2 * number)
        bench.deliver(b"a", first=2 * number + 1)
    assert len(bench.of("dead")) == MOST_FAILURES * 2
