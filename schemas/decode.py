"""What does one record of ``fund.transactions`` say, or why can it not be read?

`decode` is strict about meaning and lenient about form (wire.md, "What real senders do"). Nothing is guessed: a record
whose meaning is not certain raises `Undecodable` with a reason from a closed set and the field at fault, never a value,
because values are personal data.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas import facts, wire
from schemas.calls import FACTS_OF
from schemas.fields import Undecodable, code, moment, required

LARGEST_MESSAGE: Final = 8 * 1024 * 1024  # the topic takes 6 MiB; a file could hold anything

_calls: Final = msgspec.json.Decoder(wire.AnyCall)
_marks: Final = msgspec.json.Decoder(wire.Mark)


_envelopes: Final = msgspec.json.Decoder(wire.Envelope)


def decode(value: bytes) -> facts.Transaction:
    """The facts of one mirrored call; raises `Undecodable`."""
    if len(value) > LARGEST_MESSAGE:
        raise Undecodable("too_large", f"{len(value)} bytes")
    try:
        call = _calls.decode(value)
    except UnicodeDecodeError:
        raise Undecodable("not_utf8") from None
    except msgspec.ValidationError as error:
        raise _why_invalid(value, error) from None
    except (msgspec.DecodeError, RecursionError):
        raise Undecodable("not_json") from None
    return facts.Transaction(
        type(call).__struct_config__.tag,
        required(call.msgid, "msgid"),
        required(call.fixmedins_code, "fixmedins_code"),
        moment(call.inf_time, "inf_time"),
        FACTS_OF[type(call)](call),
        code(call.opter),
    )


def decode_mark(value: bytes) -> facts.TimeMark:
    """A time mark (a record with the header ``mark``); raises `Undecodable`."""
    try:
        return facts.TimeMark(moment(_marks.decode(value).mark, "mark"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable("wrong_type", "mark") from None


def _why_invalid(value: bytes, error: msgspec.ValidationError) -> Undecodable:
    try:
        infno = code(_envelopes.decode(value).infno)
    except msgspec.ValidationError:
        return Undecodable("wrong_type", "the record is not an object with an infno")
    except UnicodeDecodeError:
        return Undecodable("not_utf8")
    except (msgspec.DecodeError, RecursionError):  # broken further on than where its meaning was found wrong
        return Undecodable("not_json")
    if not infno:
        return Undecodable("missing_field", "infno")
    if f"Call{infno}" not in vars(wire):
        # Shown where it looks like one: what else stands there may be anything, a person's number too.
        looks_like_one = len(infno) == 4 and infno.isascii() and infno.isdigit()
        return Undecodable("unknown_transaction", f"infno {infno!r}" if looks_like_one else "infno")
    place = str(error).rpartition("`$")[2].rstrip("`").lstrip(".")
    return Undecodable("wrong_type", place or "infno is not text")
