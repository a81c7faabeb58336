"""How does a stage tell the next one what time it is?"""

from __future__ import annotations

from schemas.snapshots import Mark
from schemas.snapshots import encode as encode_message


def encode(source_partition: int, time: int) -> bytes:
    """The value of a mark on an internal topic."""
    return encode_message(Mark(source_partition, time))
