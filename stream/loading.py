"""How do lines of files become records of a topic, with the right key, fast, and none lost in silence?

A line is sent as it stands. Its key is read from it; a transaction whose key cannot be read goes to partition 0 without
one, so that the service parks it with its reason. The compacted topics take no record without a key: there, such a line
is not sent, and reported. Records bear the moment of loading: the service holds a sender's clock against it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from detectors.engine.clock import BEGINNING, StreamClock
from schemas.china_time import HOUR, UnreadableTime, format_time, from_unix, parse_time
from schemas.fields import Undecodable, code
from schemas.wire import Code
from stream.connection import aiokafka_options
from stream.line_files import LineFile
from stream.outbox import BATCH_BYTES, Headers, Outbox, partition_of
from stream.settings import Settings
from stream.topic_access import client_errors_explained, partitions_of

TRANSACTIONS: Final = "transactions"
CLOCK_AHEAD: Final = HOUR  # a transaction that lies further ahead of its record's timestamp is parked: it moves no time
# Our transactions, 64 MB of them: zstd 660 MB/s and 1/17 of the size; aiokafka's lz4 (its level is fixed at 9) 46 MB/s, 1/10.
_COMPRESSION: Final = "zstd"
_OUTBOX_RECORDS = 2_000
_REQUEST_BYTES = 16 * 1024 * 1024
_PACE_SECONDS = 0.05  # with a rate: how far apart the small batches are
_LISTED = 5


class _OfInstitution(msgspec.Struct, gc=False):
    key: Code = msgspec.field(default=None, name="fixmedins_code")
    inf_time: Code = None


class _OfPerson(msgspec.Struct, gc=False):
    key: Code = msgspec.field(default=None, name="psn_no")


class _OfItem(msgspec.Struct, gc=False):
    key: Code = msgspec.field(default=None, name="med_list_codg")


class _OfAlert(msgspec.Struct, gc=False):
    key: Code = msgspec.field(default=None, name="alert_id")


_KEYED: Final[dict[str, type[_OfInstitution | _OfPerson | _OfItem | _OfAlert]]] = {
    TRANSACTIONS: _OfInstitution,
    "institutions": _OfInstitution,
    "persons": _OfPerson,
    "catalogue": _OfItem,
    "verdicts": _OfAlert,
}
LOADABLE: Final = tuple(_KEYED)


class Lines(msgspec.Struct):
    """Some lines of a file: how many, and where the first of them are."""

    count: int = 0
    places: list[str] = []

    def add(self, place: str) -> None:
        """One more."""
        self.count += 1
        if len(self.places) < _LISTED:
            self.places.append(place)


class Loaded(msgspec.Struct):
    """What a load did. ``unkeyed`` transactions were sent for the service to park; ``refused`` and ``too_large`` were not."""

    topic: str
    sent: int = 0
    seconds: float = 0.0
    mark: str | None = None
    partitions: int = 0
    unkeyed: Lines = msgspec.field(default_factory=Lines)
    refused: Lines = msgspec.field(default_factory=Lines)
    too_large: Lines = msgspec.field(default_factory=Lines)
    ended_mid_line: list[str] = []  # files whose last line is broken
    cut_off: dict[str, str] = {}  # files whose end is missing, and why
    empty: list[str] = []

    @property
    def per_second(self) -> float:
        """Records a second, the broker's acknowledgement included."""
        return self.sent / self.seconds if self.seconds else 0.0


Progress = Callable[[LineFile, int], None]


async def load(
    settings: Settings,
    files: Sequence[LineFile],
    topic: str,
    *,
    rate: float | None = None,
    mark: bool = True,
    progress: Progress = lambda file, sent: None,
    clock: Callable[[], float] = time.time,
) -> Loaded:
    """Sends the files, in order, into the topic of that name (one of `LOADABLE`).

    When it returns, the broker has acknowledged everything. Raises `BrokerUnreachable`, `TopicMissing`, `FileUnreadable`.
    """
    producer = _producer(settings, BATCH_BYTES, is_idempotent=True)
    started = time.monotonic()
    try:
        with client_errors_explained(settings):
            await producer.start()
            partitions = await partitions_of(producer.client, settings, settings.topic(topic))
            load_ = _Load(settings, producer, topic, len(partitions), rate, int(clock()))
            for file in files:
                await load_.file(file, progress)
            await load_.delivered()
            if mark and topic == TRANSACTIONS and not load_.done.cut_off:
                await load_.mark()
    finally:
        await producer.stop()
    load_.done.seconds = time.monotonic() - started
    return load_.done


def _producer(settings: Settings, batch_bytes: int, is_idempotent: bool) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        acks="all",
        enable_idempotence=is_idempotent,
        compression_type=_COMPRESSION,
        max_batch_size=batch_bytes,
        max_request_size=max(2 * batch_bytes, _REQUEST_BYTES),
        **aiokafka_options(settings),
    )


class _Load:
    """One load under way: an outbox being filled, and the one before it on its way to the broker."""

    def __init__(
        self, settings: Settings, producer: AIOKafkaProducer, topic: str, partitions: int, rate: float | None, now: int
    ) -> None:
        self.done = Loaded(topic, partitions=partitions)
        self._settings = settings
        self._producer = producer
        self._topic = settings.topic(topic)
        self._is_transactions = topic == TRANSACTIONS
        self._read = msgspec.json.Decoder(_KEYED[topic]).decode
        self._rate = rate
        self._latest_allowed = from_unix(now) + CLOCK_AHEAD
        # One sender's wrong clock must not set the time of all partitions: it is believed as the service believes it.
        self._clock = StreamClock()
        self._outbox = Outbox(producer)
        self._under_way: asyncio.Task[None] | None = None
        self._started = time.monotonic()
        self._outbox_records = (
            _OUTBOX_RECORDS if rate is None else max(1, min(_OUTBOX_RECORDS, int(rate * _PACE_SECONDS)))
        )

    async def file(self, file: LineFile, progress: Progress) -> None:
        """Sends one file's lines; the next lines are read, and unpacked, beside the sending."""
        number, last_is_broken = 0, False
        while (lines := await asyncio.to_thread(file.read)) is not None:
            if not lines:  # a pipe that is quiet
                await self.delivered()
            for line in lines:
                number += 1
                if line and not line.isspace():
                    last_is_broken = not await self._line(line, f"{file.name}:{number}")
            progress(file, self.done.sent)
        if file.cut_off is not None:
            self.done.cut_off[file.name] = file.cut_off
        elif file.ends_mid_line and last_is_broken:
            self.done.ended_mid_line.append(f"{file.name}:{number}")
        if number == 0:
            self.done.empty.append(file.name)

    async def _line(self, line: bytes, place: str) -> bool:
        """Sends or reports one line; whether its key could be read."""
        key = self._key(line)
        if key is None and not self._is_transactions:
            self.done.refused.add(place)
            return False
        partition = 0 if key is None else partition_of(key, self.done.partitions)
        if len(line) > BATCH_BYTES:
            if not await self._alone(partition, key, line):
                self.done.too_large.add(place)
                return key is not None
        else:
            self._outbox.add(self._topic, partition, key, line)
        self.done.sent += 1
        if key is None:
            self.done.unkeyed.add(place)
        if self._outbox.records >= self._outbox_records:
            await self._send()
        return key is not None

    def _key(self, line: bytes) -> bytes | None:
        """The line's key, None where it cannot be read; hears what time it is on the way."""
        try:
            read = self._read(line)
            key = code(read.key)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Undecodable):
            return None
        if type(read) is _OfInstitution and type(read.inf_time) is str and key:
            self._hear(key, read.inf_time)
        return key.encode() or None

    def _hear(self, institution: str, inf_time: str) -> None:
        try:
            time = parse_time(inf_time.strip())
        except UnreadableTime:
            return  # the service parks this line; it moves no time
        if time <= self._latest_allowed:
            self._clock.hear(institution, time)

    async def _send(self) -> None:
        """Hands the full outbox over and begins a new one; never more than one is on its way, so order holds."""
        if self._under_way is not None:
            await self._under_way
        self._under_way = asyncio.create_task(self._outbox.delivered())
        self._outbox = Outbox(self._producer)
        if self._rate is not None:
            await asyncio.sleep(self._started + self.done.sent / self._rate - time.monotonic())

    async def delivered(self) -> None:
        """Everything so far is at the broker."""
        await self._send()
        if self._under_way is not None:
            await self._under_way

    async def _alone(self, partition: int, key: bytes | None, line: bytes) -> bool:
        """Sends one large line; False where the topic does not take it.

        With a producer of its own: an idempotent one that is refused a batch can send nothing after it.
        """
        await self.delivered()
        producer = _producer(self._settings, 2 * len(line), is_idempotent=False)
        try:
            await producer.start()
            await producer.send_and_wait(self._topic, line, key, partition)
        except MessageSizeTooLargeError:
            return False
        finally:
            await producer.stop()
        return True

    async def mark(self) -> None:
        """Puts the files' largest believed time into every partition, behind everything else."""
        if self._clock.now == BEGINNING:
            return
        latest = format_time(self._clock.now)
        value = msgspec.json.encode({"mark": latest})
        headers: Headers = [("mark", b"")]
        for partition in range(self.done.partitions):
            self._outbox.add(self._topic, partition, None, value, headers)
        await self.delivered()
        self.done.mark = latest
