"""What could not be used, why, and how does it go again?"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.dead_letters import DeadLetter, from_record
from stream import topics
from stream.outbox import Outbox, new_producer, partition_of
from stream.settings import Settings
from stream.topic_access import client_errors_explained, partitions_of, records_to_end

Complain = Callable[[str], None]
RETRY_OF = "retry-of"  # header of a record that was sent again: the dead letter's id
# Roles whose topics are called otherwise.
_INTERNAL = {
    "visits": topics.VISITS,
    "households": topics.HOUSEHOLDS,
    "returns": topics.RETURNS,
    "peers": topics.PEERS,
}
_COMPACTED = frozenset({topics.INSTITUTIONS, topics.PERSONS, topics.CATALOGUE, topics.VERDICTS})
_OUTBOX_BYTES = 8 * 1024 * 1024


class Parked(msgspec.Struct, frozen=True):
    """A dead letter and when it was written, Unix milliseconds."""

    letter: DeadLetter
    at_ms: int

    @property
    def letter_id(self) -> str:
        """What ``show`` and ``retry`` take: source topic, partition and offset."""
        return self.letter.record_key.decode()


class Wanted(msgspec.Struct, frozen=True):
    """Which dead letters; what is empty selects nothing out."""

    ids: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether the letter is one of them."""
        wanted = (
            (self.ids, letter.record_key.decode()),
            (self.reasons, letter.reason),
            (self.stages, letter.stage),
            (self.sources, letter.topic),
        )
        return all(not some or value in some for some, value in wanted)


class Kind(msgspec.Struct):
    """Dead letters of one source, stage and reason; times in Unix milliseconds, ``example`` the newest one's id."""

    source: str
    stage: str
    reason: str
    count: int = 0
    first_ms: int = 0
    last_ms: int = 0
    example: str = ""
    details: Counter[str] = msgspec.field(default_factory=Counter)


class Retried(msgspec.Struct, frozen=True):
    """What a retry did. ``outdated`` are references of which a newer record is there: the old one would undo it."""

    sent: Counter[str]  # by source topic
    outdated: list[str]


async def parked(settings: Settings, wanted: Wanted, complain: Complain) -> AsyncIterator[Parked]:
    """The dead letters that the topic holds now, each record once however often it was parked.

    ``complain`` hears of each record that is no dead letter. Raises `TopicMissing` and `BrokerUnreachable`.
    """
    seen: set[str] = set()
    async for record in records_to_end(settings, settings.topic(topics.DEAD_LETTERS)):
        try:
            letter = from_record(record.key or b"", list(record.headers), record.value or b"")
        except ValueError as error:
            complain(f"{record.topic}/{record.partition}/{record.offset}: {error}")
            continue
        found = Parked(letter, record.timestamp)
        if found.letter_id not in seen and wanted.takes(letter):
            seen.add(found.letter_id)
            yield found


async def kinds(settings: Settings, wanted: Wanted, complain: Complain) -> list[Kind]:
    """How many there are of each kind, the most first; raises and complains as `parked` does."""
    found: dict[tuple[str, str, str], Kind] = {}
    async for one in parked(settings, wanted, complain):
        letter = one.letter
        key = (letter.topic, letter.stage, letter.reason)
        kind = found.setdefault(key, Kind(*key, first_ms=one.at_ms))
        kind.count += 1
        kind.details[letter.detail] += 1
        kind.first_ms = min(kind.first_ms, one.at_ms)
        if one.at_ms >= kind.last_ms:
            kind.last_ms, kind.example = one.at_ms, one.letter_id
    return sorted(found.values(), key=lambda kind: (-kind.count, kind.source, kind.stage, kind.reason))


async def retry(settings: Settings, wanted: Wanted, complain: Complain) -> Retried:
    """Sends the bytes of the wanted dead letters to their source topics again, with their keys; the letters stay.

    In the order in which they first came, so that a cancel comes after what it cancels; for that all of them are held in
    memory. What fails again is parked again, under its new place. Raises and complains as `parked` does.
    """
    letters = [one.letter async for one in parked(settings, wanted, complain)]
    letters.sort(key=lambda letter: (letter.topic, letter.partition, letter.offset))
    newest = await _newest_references(settings, letters)
    again = [letter for letter in letters if letter.offset >= newest.get((letter.topic, letter.key), -1)]
    producer = new_producer(settings)
    try:
        with client_errors_explained(settings):
            await producer.start()
            await _send(settings, producer, again)
    finally:
        await producer.stop()
    sent = {letter.record_key for letter in again}
    outdated = [letter.record_key.decode() for letter in letters if letter.record_key not in sent]
    return Retried(Counter(letter.topic for letter in again), outdated)


async def _send(settings: Settings, producer: AIOKafkaProducer, letters: Iterable[DeadLetter]) -> None:
    counts: dict[str, int] = {}
    outbox, waiting = Outbox(producer), 0
    for letter in letters:
        topic = settings.topic(_INTERNAL.get(letter.topic, letter.topic))
        if topic not in counts:
            counts[topic] = len(await partitions_of(producer.client, settings, topic))
        # Without a key it was put where it was by hand: there it goes again.
        key, count = letter.key, counts[topic]
        partition = letter.partition % count if key is None else partition_of(key, count)
        outbox.add(topic, partition, key, letter.value, [(RETRY_OF, letter.record_key)])
        waiting += len(letter.value)
        if waiting > _OUTBOX_BYTES:
            await outbox.delivered()
            outbox, waiting = Outbox(producer), 0
    await outbox.delivered()


async def _newest_references(settings: Settings, letters: Iterable[DeadLetter]) -> dict[tuple[str, bytes | None], int]:
    """The newest offset on its topic of every reference of which a dead letter is there, by topic and key."""
    found: dict[tuple[str, bytes | None], int]
    found = {(one.topic, one.key): -1 for one in letters if one.topic in _COMPACTED and one.key is not None}
    for source in sorted({source for source, _ in found}):
        async for record in records_to_end(settings, settings.topic(source)):
            if (source, record.key) in found:
                found[source, record.key] = record.offset
    return found
