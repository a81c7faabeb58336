"""How is a replay saved in the middle, and when may a run go on from there?

One file: a head that says what it is and with what it was made, then the run's `stream.replay.Progress`, all msgpack, with a
digest behind it. A run goes on only from a file of the same layouts, rules, values and reference records; anything else is
refused in words, for pages that were asked by other rules, or made of other references, would give alerts that no run gives
in one go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from detectors.engine import graph
from detectors.engine.asked import Setting, settings_of
from detectors.engine.page import Page
from detectors.engine.rule import Rule
from schemas.china_time import format_time
from stream.errors import OperatorError
from stream.replay import Progress, Window

VERSION: Final = 2
_MAGIC: Final = b"fundwatch replay snapshot\n"
_DIGEST_BYTES: Final = 16

Kind = Literal["start", "stopped", "end"]


class SnapshotRefused(OperatorError):
    """A snapshot is not of this run. Operator action: begin anew without it, or give what it was made with."""


class Head(msgspec.Struct, frozen=True):
    """What a snapshot is. ``at``: its stream time; ``kind``: asked for as a start, or where a run was stopped or ended."""

    version: int
    kind: Kind
    at: int
    layouts: dict[str, int]  # of pages, by stage and prefix
    rules: dict[str, Setting]
    references: dict[str, str]  # a digest of each reference's file
    start: int | None  # of the window: alerts raised before are not in it
    warm_up_from: int | None


_encode = msgspec.msgpack.Encoder().encode
_read_head = msgspec.msgpack.Decoder(Head).decode
_read_progress = msgspec.msgpack.Decoder(Progress).decode


def head_of(
    kind: Kind, at: int, rules: Iterable[Rule[Any]], references: Mapping[str, Path], window: Window
) -> Head:  # fmt: skip
    """The head of a snapshot of this run."""
    digests = {name: _file_digest(path) for name, path in sorted(references.items())}
    return Head(VERSION, kind, at, _layouts(), settings_of(rules), digests, window.start, window.warm_up_from)


def write(file: Path, head: Head, progress: Progress) -> None:
    """Put a snapshot in the place of the one before."""
    parts = (_encode(head), _encode(progress))
    unfinished = file.with_name(file.name + ".unfinished")
    digest = blake2b(digest_size=_DIGEST_BYTES)
    try:
        with unfinished.open("wb") as out:
            out.write(_MAGIC)
            for part in parts:
                for piece in (len(part).to_bytes(8, "big"), part):
                    out.write(piece)
                    digest.update(piece)
            out.write(digest.digest())
    except OSError as error:
        raise OperatorError(f"{file} cannot be written ({error.strerror})", "give another --snapshot") from None
    unfinished.replace(file)


def read(
    file: Path, rules: Iterable[Rule[Any]], references: Mapping[str, Path], window: Window
) -> tuple[Head, Progress]:  # fmt: skip
    """What a run goes on from; raises `SnapshotRefused` where it may not."""
    try:
        saved = file.read_bytes()
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be read ({error.strerror})", "give an existing snapshot") from None
    first, second = _parts(file, saved)
    try:
        head = _read_head(first)
    except msgspec.DecodeError:
        raise _other_version(file) from None
    if head.version != VERSION:
        raise _other_version(file)
    _check(file, head, head_of(head.kind, head.at, rules, references, window))
    return head, _read_progress(second)


def _parts(file: Path, saved: bytes) -> tuple[bytes, bytes]:
    if not saved.startswith(_MAGIC):
        raise SnapshotRefused(f"{file} is no snapshot of a replay", "give another file, or one that is not there yet")
    body, digest = saved[len(_MAGIC) : -_DIGEST_BYTES], saved[-_DIGEST_BYTES:]
    if blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
        raise SnapshotRefused(f"{file} is damaged or cut off", "begin anew without it")
    length = int.from_bytes(body[:8], "big")
    return body[8 : 8 + length], body[16 + length :]


def _check(file: Path, head: Head, run: Head) -> None:
    if head.layouts != run.layouts:
        raise SnapshotRefused(f"{file} holds pages of other layouts: another version made it", "begin anew without it")
    told = [*_differing(head.rules, run.rules)]
    if told:
        raise SnapshotRefused(
            f"{file} was made with other rules ({'; '.join(told)})", "begin anew without it, or give the same rules"
        )
    if other := sorted(
        name
        for name in head.references.keys() | run.references.keys()
        if head.references.get(name) != run.references.get(name)
    ):
        raise SnapshotRefused(
            f"{file} was made with other records of {', '.join(other)}", "begin anew without it, or give the same files"
        )
    if head.start is not None and (run.start is None or run.start < head.start):
        raise SnapshotRefused(
            f"{file} has no alerts that were raised before {format_time(head.start)}",
            "give --from that time or a later one",
        )
    if head.warm_up_from is not None and (run.warm_up_from is None or run.warm_up_from < head.warm_up_from):
        raise SnapshotRefused(
            f"{file} knows nothing of before {format_time(head.warm_up_from)}",
            "give a later --from or a shorter --warm-up",
        )


def _differing(before: Mapping[str, Setting], now: Mapping[str, Setting]) -> Iterable[str]:
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old is None:
            yield f"without {name}"
        elif new is None:
            yield f"with {name}"
        elif not old.asks_like(new):
            values = [
                f"{name}.{key} = {old.parameters.get(key)}"
                for key in sorted(old.parameters.keys() | new.parameters.keys())
                if old.parameters.get(key) != new.parameters.get(key)
            ]
            yield ", ".join(values) or f"version {old.version} of {name}"


def _layouts() -> dict[str, int]:
    kinds: list[tuple[str, type[Page]]] = [(name, kind) for name, stage in graph.STAGES.items() for kind in stage.kinds]
    return {f"{name}/{kind.prefix.decode()}": kind.layout for name, kind in kinds}


def _file_digest(path: Path) -> str:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read ({error.strerror})", "give a readable file") from None
    return digest.hexdigest()


def _other_version(file: Path) -> SnapshotRefused:
    return SnapshotRefused(f"{file} was made by another version", "begin anew without it")
