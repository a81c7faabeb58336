"""What does an inspector say of an alert? One record of ``fund.verdicts``, keyed by ``alert_id``.

    {"alert_id": "bed_holding:1:5fd1…", "verdict": "confirmed", "at": "2026-03-14 09:20:00", "stage": "终审", "recovered": 118423}

``at``: when it was said, China time; the newest word counts. ``stage``: 初审, 复审, 申诉 or 终审. ``recovered``: fen. Who said it
is in the ledger (问题台账), not here.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from schemas.china_time import UnreadableTime, parse_time
from schemas.fields import LONGEST_CODE

Word: TypeAlias = Literal["confirmed", "rejected", "undecided"]


class Verdict(msgspec.Struct, frozen=True):
    """An inspector's word: the alert was right, was wrong, or nothing is decided yet."""

    alert_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]
    verdict: Word
    at: str
    stage: str | None = None
    recovered: int | None = None


def decode_verdict(value: bytes) -> Verdict:
    """Raises `msgspec.DecodeError` for what is not a verdict."""
    try:
        verdict = _decoder.decode(value)
        parse_time(verdict.at)
    except UnreadableTime:
        raise msgspec.DecodeError("at is not a time: write yyyy-MM-dd HH:mm:ss") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(type(error).__name__) from None
    return verdict


_decoder = msgspec.json.Decoder(Verdict)
