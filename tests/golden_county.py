"""Golden hits in one county: every rule's plainest stories at once, each with institutions and people of its own.

The property tests ask of it what they ask of made histories, so a rule that is added is held to the invariant by its cases. The
county of all hits is for `make soak`: a few months of many peers are most of its messages, and say again what shorter ones say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from schemas.china_time import DAY, parse_time
from tests.engine_run import References, time_of
from tests.golden_cases import DETECTORS

# What names somebody or something: the same in two stories it would be the same one.
_NAMES = frozenset({
    "fixmedins_code", "psn_no", "mdtrt_id", "setl_id", "msgid", "omsgid", "household_id", "tel", "live_addr", "emp_name",
    "medins_setl_id",
})  # fmt: skip
_AFTER = 5 * DAY
ENOUGH = 160  # messages of a rule, after which no longer story of it is told


class GoldenCounty(msgspec.Struct, frozen=True):
    """What is known, what was sent in order of time, and the time to which all stories have come."""

    references: References
    sent: tuple[bytes, ...]
    until: int


@cache
def golden_county(enough: int = ENOUGH) -> GoldenCounty:
    """Cases whose names begin with ``hit``: of every rule the shortest one, and more until it has ``enough`` messages."""
    institutions, persons, catalogue = dict[bytes, None](), dict[bytes, None](), dict[bytes, None]()
    sent: list[bytes] = []
    until = 0
    for number, path in enumerate(_hits(enough)):
        head, *messages = path.read_bytes().splitlines()
        stated: dict[str, Any] = _renamed(json.loads(head), number)
        for records, name in ((institutions, "institutions"), (persons, "persons"), (catalogue, "catalogue")):
            records.update(dict.fromkeys(map(_dumped, stated.get(name, ()))))
        for message in messages:
            read = json.loads(message)
            if "mark" in read:
                until = max(until, parse_time(read["mark"]))
            else:
                sent.append(_dumped(_renamed(read, number)))
    sent.sort(key=time_of)
    return GoldenCounty(
        References(tuple(institutions), tuple(persons), tuple(catalogue)), tuple(sent),
        max(until, time_of(sent[-1])) + _AFTER,
    )  # fmt: skip


def _hits(enough: int) -> Iterator[Path]:
    for folder in sorted(DETECTORS.glob("by_*/*/golden")):
        told = 0
        for length, path in sorted((path.read_bytes().count(b"\n"), path) for path in folder.glob("hit-*.jsonl")):
            if told and told + length > enough:
                break
            told += length
            yield path


def _renamed(value: Any, number: int) -> Any:
    if isinstance(value, list):
        return [_renamed(one, number) for one in value]
    if isinstance(value, dict):
        return {name: _anew(name, one, number) for name, one in value.items()}
    return value


def _anew(name: str, value: Any, number: int) -> Any:
    if name == "admdvs":  # a story's institutions are one another's peers, and nobody else's
        return f"{value[1]}{number:03d}{value[4:]}"
    return f"{value}{number:03d}" if name in _NAMES and isinstance(value, str) and value else _renamed(value, number)


def _dumped(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()
