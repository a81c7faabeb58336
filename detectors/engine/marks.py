"""How does a stage tell the next one what time it is, and what if somebody else tells it?"""

from __future__ import annotations

from detectors.engine.incoming import Reached
from schemas.china_time import DAY, from_unix
from schemas.snapshots import Mark
from schemas.snapshots import encode as encode_message

LARGEST_LEAD = DAY  # over the broker's clock; the first stage has parked what was an hour ahead of its sender's


def encode(source_partition: int, reached: Reached) -> bytes:
    """The value of a mark on an internal topic."""
    return encode_message(Mark(source_partition, *reached))


def fault_of(mark: Mark, source_partitions: int, timestamp_ms: int) -> str | None:
    """Why the mark cannot be from a stage of ours, None where it can.

    One from nowhere would stand for a partition that has not spoken yet, and one from the future would close for good all
    days there are. ``timestamp_ms`` is the record's own, 0 where it has none.
    """
    if not 0 <= mark.source_partition < source_partitions or mark.partition < 0 or mark.offset < 0:
        return "out_of_range"
    if timestamp_ms and mark.time > from_unix(timestamp_ms / 1000) + LARGEST_LEAD:
        return "clock_ahead"
    return None
