"""What could a broken or hostile sender make of a message? Seeded mutations of JSON, of msgpack, and of bare bytes.

The same seed gives the same inputs, so an input that breaks something is named by a number.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec


class Raw(str):
    """JSON that is written as it stands, well-formed or not."""

    __slots__ = ()


class Pairs:
    """An object whose keys may repeat."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -0.0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**40, 1e14, 1.0000001e14, 1e300, 0.1,
    "", " ", "0", "0000", "1.5", "1e5", "1_000", "NaN", "inf", "٣", "0x10", "null", "9" * 400, "x" * 5_000, "\0", "a|b", "\n",
    "2026-03-02", "2026-03-02 09:00:00", "0001-01-01", "9999-12-31 23:59:59", "2026-02-30", "2026-03-02T09:00:00Z",
    "𝟙𝟚", "😀", "\u202e", "../../etc/passwd", "{{7*7}}", "%s%n", [], {}, [[]], {"": ""},
    Raw("NaN"), Raw("Infinity"), Raw("-"), Raw("1e99999"), Raw("9" * 500), Raw("-0"), Raw("01"), Raw('"\\ud800"'),
    Raw('"\\ud800\\udc00"'), Raw('"\\udfff\\ud800"'), Raw('"\\u0000"'), Raw("[" * 2_000 + "]" * 2_000), Raw("{" * 2_000),
    Raw('{"a":' * 2_000 + "1" + "}" * 2_000), Raw("'x'"), Raw("undefined"), Raw("[1,]"), Raw("\t\t\t"), Raw('"\x01"'),
)  # fmt: skip


def mutated_json(rng: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """The seed's tree with one to four changes, or the seed's bytes with a few."""
    if rng.random() < 0.25:
        return mutated_bytes(rng, seed, others)
    tree = json.loads(seed)
    for _ in range(rng.randint(1, 4)):
        tree = _changed(rng, tree, lambda: json.loads(rng.choice(others)))
    written = _written(tree).encode("utf-8", "surrogatepass")
    return mutated_bytes(rng, written, others) if rng.random() < 0.05 else written


def mutated_msgpack(rng: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """Likewise of msgpack; its headers may claim any number of elements."""
    if rng.random() < 0.5:
        return mutated_bytes(rng, seed, others)
    tree = msgspec.msgpack.decode(seed)
    for _ in range(rng.randint(1, 4)):
        tree = _changed(rng, tree, lambda: msgspec.msgpack.decode(rng.choice(others)))
    try:
        written = msgspec.msgpack.encode(_packable(tree))
    except (OverflowError, TypeError, UnicodeEncodeError):  # not every change can be said in msgpack
        return mutated_bytes(rng, seed, others)
    return written


CLAIMS = (b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
          b"\xdd\x7f\xff\xff\xff",
          b"\xdc\xff\xff", b"\xc9\xff\xff\xff\xff\x01", b"\xc1", b"\x91" * 3_000)  # fmt: skip


def mutated_bytes(rng: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """A few bytes flipped, put in, left out, doubled, cut off, or put together with another's."""
    made = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        match rng.randrange(8):
            case 0 if made:
                made[at % len(made)] ^= 1 << rng.randrange(8)
            case 1:
                made[at:at] = rng.randbytes(rng.randint(1, 8))
            case 2:
                del made[at : at + rng.randint(1, 40)]
            case 3:
                made[at:at] = made[at : at + rng.randint(1, 200)]
            case 4:
                del made[at:]
            case 5:
                other = rng.choice(others)
                made[at:] = other[rng.randrange(len(other) + 1) :]
            case 6:
                made[at:at] = rng.choice(CLAIMS)
            case _ if made:
                made[at % len(made)] = rng.choice(b'\x00\xff\x80\xc0\xed"{}[]:,0-')
    return bytes(made)


def _changed(rng: random.Random, tree: Any, other: Callable[[], Any]) -> Any:
    """The tree with one change at a place drawn from all of it."""
    place, holder = tree, None
    key: Any = None
    while isinstance(place, list | dict) and place and (holder is None or rng.random() < 0.85):
        holder = place
        key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
        place = place[key]
    if holder is None:
        return rng.choice(LEAVES)
    match rng.randrange(9):
        case 0:
            del holder[key]
        case 1:
            holder[key] = [place] * rng.randint(0, 30)
        case 2:
            holder[key] = {str(key): place}
        case 3 if isinstance(holder, dict):
            pairs = list(holder.items())
            pairs.insert(rng.randrange(len(pairs) + 1), (str(key), rng.choice(LEAVES)))
            return _replaced(tree, holder, Pairs(pairs))
        case 4 if isinstance(place, str | int | float):
            holder[key] = (
                str(place) if not isinstance(place, str) else place + rng.choice((" ", "0", "\u00a0", "x" * 300))
            )
        case 5:
            holder[key] = _subtree(rng, other())
        case 6 if isinstance(place, list):
            rng.shuffle(place)
        case _:
            holder[key] = rng.choice(LEAVES)
    return tree


def _subtree(rng: random.Random, tree: Any) -> Any:
    while isinstance(tree, list | dict) and tree and rng.random() < 0.7:
        tree = rng.choice(list(tree.values()) if isinstance(tree, dict) else tree)
    return tree


def _replaced(tree: Any, old: Any, new: Any) -> Any:
    if tree is old:
        return new
    if isinstance(tree, dict):
        return {key: _replaced(value, old, new) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_replaced(value, old, new) for value in tree]
    return tree


def _written(tree: Any) -> str:
    if isinstance(tree, Raw):
        return str(tree)
    if isinstance(tree, Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(value)}" for key, value in tree.pairs) + "}"
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{_written(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(_written, tree)) + "]"
    return json.dumps(tree, ensure_ascii=False)


def _packable(tree: Any) -> Any:
    if isinstance(tree, Pairs):
        return {key: _packable(value) for key, value in tree.pairs}
    if isinstance(tree, dict):
        return {key: _packable(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_packable(value) for value in tree]
    return tree
