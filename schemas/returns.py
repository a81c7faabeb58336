"""What comes back from a later stage to the stage of an institution? Its alerts, and what it must know of its visits.

Messages are keyed by the institution that they are for. Each says the newest there is to say, never an increment: one that
comes twice changes nothing. The topic carries msgpack; layouts are versioned by their tag.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from schemas.alerts import Alert
from schemas.china_time import DAY, parse_time
from schemas.fields import EARLIEST, LATEST, LONGEST_CODE, Undecodable
from schemas.snapshots import Reference

Change = Literal["opened", "revised", "retracted"]

MOST_DAYS: Final = 60  # of one visit that are told of
MOST_CITED: Final = 3
NO_RISE: Final = 1_000  # thousandths
LARGEST_RISE: Final = 1_000_000

_Code = Annotated[str, msgspec.Meta(max_length=LONGEST_CODE)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]
_Offset = Annotated[int, msgspec.Meta(ge=0)]
_Day = Annotated[int, msgspec.Meta(ge=EARLIEST // DAY, le=LATEST // DAY)]


class ReturnedAlert(msgspec.Struct, frozen=True, array_like=True, tag="alert1"):
    """A revision that a later stage has made; ``alert.revision`` is that stage's own count."""

    change: Change
    alert: Alert


class AlertLeft(msgspec.Struct, frozen=True, array_like=True, tag="left1"):
    """An alert that was about this institution is, from that revision on, about another one or about several."""

    institution: _Name
    alert_id: _Name
    revision: _Offset


class Elsewhere(msgspec.Struct, frozen=True, array_like=True, tag="else1"):
    """On which days of a stay its patient was served in another visit, as its person's stage knows it now.

    ``days`` (empty: on none, any more) lie inside the stay, not on its first or last day. ``partition`` and ``offset`` are the
    version: those of the snapshot that says so. ``evidence`` are the other visit's messages.
    """

    institution: _Name  # of the stay
    stay: _Name
    person: _Name
    visit: _Name
    place: _Name  # institution of the other visit
    days: Annotated[tuple[_Day, ...], msgspec.Meta(max_length=MOST_DAYS)]
    drugs_only: bool  # a relative may have fetched them
    partition: _Offset
    offset: _Offset
    source: Reference
    evidence: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=MOST_CITED)]


class RoseBeside(msgspec.Struct, frozen=True, array_like=True, tag="rose1", gc=False):
    """By how much others have risen beside an item in a part of a month: the region's other sellers of it, and the other items of
    its institution; the median, each against its own baseline. `NO_RISE` takes back what was told before, or ends what would be
    carried on from the part before.

    ``at``, the stream time at which they were compared, is the version.
    """

    institution: _Name
    item: _Name
    part: Annotated[int, msgspec.Meta(ge=1900 * 48, le=2300 * 48)]  # four a month, through all months
    rise: Annotated[int, msgspec.Meta(ge=NO_RISE, le=LARGEST_RISE)]  # thousandths
    members: _Offset  # other sellers with a baseline; 0 where there is no rise
    at: Annotated[int, msgspec.Meta(ge=EARLIEST, le=LATEST)]
    place_rise: Annotated[int, msgspec.Meta(ge=NO_RISE, le=LARGEST_RISE)] = NO_RISE  # thousandths
    items: _Offset = 0  # other items of the institution with a baseline; 0 where there is no rise


Returned: TypeAlias = ReturnedAlert | AlertLeft | Elsewhere | RoseBeside

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Returned] = msgspec.msgpack.Decoder(Returned)


def encode_return(message: Returned) -> bytes:
    """The topic's value."""
    return _encoder.encode(message)


def decode_return(value: bytes) -> Returned:
    """Raises `Undecodable` for what no stage of ours can have sent."""
    try:
        message = _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable("wrong_type", "not a return") from None
    if isinstance(message, ReturnedAlert):
        _check_alert(message.alert)
    elif isinstance(message, Elsewhere):
        for cited in (message.source, *message.evidence):
            if not EARLIEST <= cited.inf_time <= LATEST:
                raise Undecodable("out_of_range", "inf_time")
    return message


def _check_alert(alert: Alert) -> None:
    if not 0 < len(alert.institution) <= LONGEST_CODE or not 0 < len(alert.alert_id) <= LONGEST_CODE:
        raise Undecodable("out_of_range", "institution or alert_id")
    if alert.revision < 1:
        raise Undecodable("out_of_range", "revision")
    try:
        for moment in (alert.begin, alert.end or alert.begin, alert.raised_at, alert.revised_at):
            parse_time(moment)
    except ValueError:
        raise Undecodable("unreadable_time", "begin, end, raised_at or revised_at") from None
