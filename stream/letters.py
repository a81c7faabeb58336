"""How does a record that could not be used get into the dead letters?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.dead_letters import DeadLetter
from stream.outbox import Outbox, partition_of

LARGEST_LETTER = 8 * 1024 * 1024  # the topic takes 9 MiB; a batch that was compressed may hold records of any size
_KEPT_OF_LARGER = 256 * 1024


async def park(producer: AIOKafkaProducer, topic: str, partitions: int, letters: Iterable[DeadLetter]) -> None:
    """Put records into the dead letters (full name of the topic); they are there when this returns."""
    outbox = Outbox(producer)
    add_letters(outbox, topic, partitions, letters)
    await outbox.delivered()


def add_letters(outbox: Outbox, topic: str, partitions: int, letters: Iterable[DeadLetter]) -> None:
    """Queue them to be sent."""
    for letter in letters:
        key, kept = letter.record_key, _that_fits(letter)
        outbox.add(topic, partition_of(key, partitions), key, kept.value, kept.headers())


def _that_fits(letter: DeadLetter) -> DeadLetter:
    """The letter, or its beginning where it is larger than the topic takes: the record itself stays where it is."""
    key = letter.key or b""
    size = len(letter.value) + len(key)
    if size <= LARGEST_LETTER:
        return letter
    cut = f"of {size} bytes the first {_KEPT_OF_LARGER} are kept here, all of them in its topic"
    return msgspec.structs.replace(
        letter,
        detail=f"{letter.detail}; {cut}" if letter.detail else cut,
        key=letter.key and key[:_KEPT_OF_LARGER],
        value=letter.value[:_KEPT_OF_LARGER],
    )
