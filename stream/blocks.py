"""How is a history cut into blocks, and each block into the shares of its shards?

A replay runs its institutions in shards, each with a first stage of its own, so that processes can share the work; and block
by block, so that the result does not depend on how many processes there are (docs/architecture.md, Replay). An institution is
given to a shard when it is first heard of, in turn. Every share begins with the time at which all institutions together have
come, as the service's marks would say it. Nothing here depends on anything but the records in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from detectors.engine.clock import BEGINNING, PACE, StreamClock
from detectors.engine.incoming import Incoming
from detectors.engine.institution_stage import LARGEST_LEAD
from schemas.china_time import HOUR, format_time, from_unix
from schemas.decode import decode_mark
from schemas.fields import Undecodable, moment, required

SHARDS: Final = 16  # a worker of the service may have as many partitions; more would cost more than they spread
MOST_RECORDS: Final = 2_000  # of a block: some 60 ms of work, so that waiting for one another costs little …
LONGEST: Final = 4 * HOUR  # … and of stream time: a finding of a later stage comes back within three blocks


class Block(NamedTuple):
    """``shares``: by shard, its records in their order, a mark of the pace first."""

    number: int
    shares: list[list[Incoming]]
    transactions: int


class Cut(msgspec.Struct, array_like=True):
    """All that a cutter knows; saved in snapshots. ``shares``, ``records``, ``transactions`` and ``began`` are of the block in
    hand; ``positions``: the offset behind the last record that was taken, by partition."""

    clock: StreamClock = msgspec.field(default_factory=StreamClock)
    homes: dict[str, int] = {}
    blocks: int = 0
    positions: dict[int, int] = {}
    last: Incoming | None = None
    shares: list[list[Incoming]] = []
    records: int = 0
    transactions: int = 0
    began: int = BEGINNING
    first: int | None = None  # stream time of the first record


class _Head(msgspec.Struct, gc=False):
    fixmedins_code: Any = None
    inf_time: Any = None


_head: Final = msgspec.json.Decoder(_Head).decode


def head_of(value: bytes) -> tuple[str, int]:
    """Institution and ``inf_time`` of a transaction; raises `Undecodable` where it has none. All else is not looked at."""
    try:
        head = _head(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable("not_json") from None
    return required(head.fixmedins_code, "fixmedins_code"), moment(head.inf_time, "inf_time")


class Cutter:
    """``skip_before``, ``end``: stream time before and after which records are left out; seconds of China time.

    ``is_over``: a record behind ``end`` has come; nothing more is taken. ``cut`` is to be read only, and between calls.
    """

    def __init__(
        self, started_ms: int, skip_before: int | None = None, end: int | None = None, cut: Cut | None = None
    ) -> None:
        self.cut = cut or Cut()
        if not self.cut.shares:
            self.cut.shares = _empty()
        self._started_ms = started_ms
        self._skip_before = BEGINNING if skip_before is None else skip_before
        self._end = end
        self.skipped = 0
        self.is_over = False

    @property
    def now(self) -> int | None:
        """The stream time of all institutions together; None before the first record."""
        now = self.cut.clock.now
        return None if now == BEGINNING else now

    def home_of(self, institution: str) -> int:
        """The shard of an institution."""
        home = self.cut.homes.get(institution)
        if home is None:
            home = self.cut.homes[institution] = len(self.cut.homes) % SHARDS
        return home

    def take(self, records: Iterable[Incoming]) -> Iterator[Block]:
        """Blocks that these records complete. A block is cut before the record that it has no more room for."""
        cut = self.cut
        for record in records:
            shard = self._hear_mark(record) if record.is_mark else self._hear(record)
            if shard is None:
                continue
            if self.is_over:
                return
            now = cut.clock.now
            if cut.records and (cut.records >= MOST_RECORDS or now - cut.began > LONGEST):
                yield self._block()
            if not cut.records:
                self._begin(now, record)
            cut.last = record
            cut.positions[record.partition] = record.offset + 1
            cut.shares[shard].append(record)
            cut.records += 1
            cut.transactions += not record.is_mark

    def rest(self) -> Iterator[Block]:
        """What is left, and last of all the time at which it ends."""
        if self.cut.records:
            yield self._block()
        if self.cut.last is not None and self.now is not None:
            self._begin(self.now, self.cut.last)
            yield self._block()

    def _hear(self, record: Incoming) -> int | None:
        """The shard of a transaction, and time moves on by it; None where it is left out."""
        try:
            institution, inf_time = head_of(record.value)
        except Undecodable:
            return 0  # whose stage says why it cannot be read
        if inf_time < self._skip_before:
            self.skipped += 1
            return None
        if inf_time <= from_unix(record.timestamp_ms / 1000) + LARGEST_LEAD:
            self._move(institution, inf_time)
        return self.home_of(institution)

    def _hear_mark(self, record: Incoming) -> int | None:
        try:
            time = decode_mark(record.value).time
        except Undecodable:
            return 0
        if time < self._skip_before:
            self.skipped += 1
            return None
        if time <= from_unix(record.timestamp_ms / 1000) + LARGEST_LEAD:
            self._move("", time)
        return 0

    def _move(self, institution: str, time: int) -> None:
        clock = self.cut.clock
        before = clock.now
        if institution:
            clock.hear(institution, time)
        else:
            clock.hear_mark(time)
        if self._end is not None and clock.now > self._end:
            self.is_over = True
            clock.now = max(before, self._end)

    def _begin(self, now: int, by: Incoming) -> None:
        self.cut.began = now
        if now == BEGINNING:
            return
        if self.cut.first is None:
            self.cut.first = now
        value = b'{"mark":"' + format_time(now).encode() + b'"}'
        pace = Incoming(by.partition, by.offset, max(self._started_ms, by.timestamp_ms), PACE, value, True)
        for share in self.cut.shares:
            share.append(pace)

    def _block(self) -> Block:
        cut = self.cut
        block = Block(cut.blocks, cut.shares, cut.transactions)
        cut.shares, cut.records, cut.transactions = _empty(), 0, 0
        cut.blocks += 1
        return block


def _empty() -> list[list[Incoming]]:
    return [[] for _ in range(SHARDS)]
