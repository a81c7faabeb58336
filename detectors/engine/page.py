"""What is a page of a book, and how is it saved?

A book is kept in pages, each small, each with a key of its own: one a visit, an institution × item, a household. A page
is what is decoded, cached, dirtied and saved; it is forgotten when its horizon has passed. Saved form: a header of fixed
length that says the layout's version, the next wake-up and the model's warmth, so that restoring needs to decode no page,
then msgpack.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar, Final, Protocol, TypeVar

import msgspec

from detectors.engine.standing import Standing

_HEADER = struct.Struct(">Bqb")
NEVER: Final = 0x7FFF_FFFF_FFFF_FFFF
WARMING_UP: Final = 1
WARM: Final = 2


class UnreadableState(Exception):
    """A saved page is of another layout. Operator action: let the state be rebuilt from the topic's history (use a new
    ``FUNDWATCH_GROUP``), or run the version that wrote it."""


class Page(msgspec.Struct, array_like=True, kw_only=True, gc=False):
    """What all pages hold.

    ``position`` is the newest offset of the source partition that is included: a record at or before it changes
    nothing. ``standing`` is what the rules have said about this page, by rule and anchor.
    """

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes]
    has_model: ClassVar[bool] = False  # an online model learns on this page

    position: int = -1
    wake: int = NEVER
    warmth: int = 0  # of the model: `WARMING_UP` or `WARM`, 0 before the first look
    standing: dict[str, Standing] = {}

    def forgets_at(self) -> int:
        """Stream time at which the page is dropped, `NEVER` while it must stay."""
        return NEVER

    def next_change(self) -> int:
        """Stream time at which `advance` has something to do (a day to close, something to forget), or `NEVER`."""
        return NEVER

    def kept_from(self) -> int:
        """Business time before which the page has forgotten what it knew; what stood on it is then final."""
        return -NEVER

    def take_judged(self) -> tuple[int, int]:
        """Of a page with a model: days that it has learned since this was last asked, and how many lay above its band."""
        return 0, 0

    def advance(self, now: int) -> None:
        """Do what time alone does to the page: close and learn days, forget what lies beyond the horizon."""


PageT = TypeVar("PageT", bound=Page)


class Saved(Protocol):
    """A part of a page that is a class of its own, because it is compiled: it says and reads its plain numbers itself."""

    def saved(self) -> tuple[Any, ...]:
        """All of it; equal parts give equal ones."""


def _save(part: Saved) -> tuple[Any, ...]:
    return part.saved()


def _restore(kind: Any, saved: Any) -> Any:
    return kind.restored(saved)


_encoder = msgspec.msgpack.Encoder(enc_hook=_save)
_decoders: dict[type[Page], msgspec.msgpack.Decoder[Page]] = {}


def encode_page(page: Page) -> bytes:
    """The saved form; equal pages give equal bytes."""
    return _HEADER.pack(page.layout, page.wake, page.warmth) + _encoder.encode(page)


def wake_of(saved: bytes) -> int:
    """The wake-up of a saved page, without decoding it."""
    return int(_HEADER.unpack_from(saved)[1])


def warmth_of(saved: bytes) -> int:
    """The warmth of a saved page's model, without decoding it."""
    return int(_HEADER.unpack_from(saved)[2])


def decode_page(kind: type[PageT], saved: bytes) -> PageT:
    """The page; raises `UnreadableState` for another layout."""
    layout = saved[0] if len(saved) >= _HEADER.size else None
    if layout != kind.layout:
        raise UnreadableState(f"{kind.__name__}: saved layout {layout}, this version reads {kind.layout}")
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind, dec_hook=_restore)
    try:
        page = decoder.decode(memoryview(saved)[_HEADER.size :])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, ValueError) as error:
        raise UnreadableState(f"{kind.__name__}: {type(error).__name__}") from None
    assert isinstance(page, kind)
    return page
