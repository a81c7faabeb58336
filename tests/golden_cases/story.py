"""How is a golden case told: what is known, what was sent, what must be said?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from schemas.china_time import format_time
from tests.wire_messages import (
    CATEGORIES,
    TABLETS,
    Billed,
    Gateway,
    catalogue_record,
    institution_record,
    moment,
    person_record,
    routine_lines,
    treatment_lines,
)

HOSPITAL = "H50010600001"
FAMILY = tuple(f"500106000000000{number:04d}" for number in range(1, 5))
Expected = dict[str, Any]


class Case:
    """One case: what is known, what was sent, what must be said."""

    def __init__(self, rule: str, name: str, why: str, *expect: Expected) -> None:
        self.rule, self.name, self.why, self.expect = rule, name, why, expect
        self.gateway = Gateway(HOSPITAL)
        self.institutions: list[bytes] = [institution_record(HOSPITAL, aprv_bed_cnt=60)]
        self.persons: list[bytes] = [person_record(person, "HH1") for person in FAMILY]
        self.sent: list[tuple[int, bytes]] = []

    def send(self, at: int, message: bytes) -> None:
        """A message of that time; they are written in order of time."""
        self.sent.append((at, message))

    def until(self, time: int) -> Case:
        """A time mark ends the case."""
        self.send(time, json.dumps({"mark": format_time(time)}).encode())
        return self

    def lines(self) -> list[str]:
        """The file."""
        head = {
            "case": self.name,
            "why": self.why,
            "expect": self.expect,
            "institutions": [json.loads(record) for record in self.institutions],
            "persons": [json.loads(record) for record in self.persons],
            "catalogue": [
                json.loads(catalogue_record(item, category, unit="盒")) for item, category in CATEGORIES.items()
            ],
        }
        ordered = sorted(self.sent, key=lambda sent: sent[0])
        return [json.dumps(head, ensure_ascii=False), *(message.decode() for _, message in ordered)]

    # -- stays ------------------------------------------------------------------------------------------------------

    def stay(
        self, visit: str, person: str, nights: int, treated: Iterable[int], *, day: int = 0, hour: int = 9,
        ends: bool = True, delay: int = 6 * 3600, **entry: Any,
    ) -> None:  # fmt: skip
        """A stay from ``day`` on: treated on those days of it; bills come ``delay`` seconds after midnight."""
        g = self.gateway
        begin = moment(day, hour)
        self.send(begin + 300, g.admission(begin + 300, person, visit, begin=begin, **entry))
        treated = frozenset(treated)
        for night in range(nights):
            lines = routine_lines(visit, day + night) + (
                treatment_lines(visit, day + night) if night in treated else []
            )
            at = moment(day + night + 1) + delay
            self.send(at, g.bill(at, person, visit, lines))
        if ends:
            end = moment(day + nights, 11)
            self.send(end + 300, g.discharge(end + 300, person, visit, end=end))

    def visit(self, visit: str, person: str, begin: int, end: int | None, *, amount: float = 0.0, **entry: Any) -> None:
        """A stay without bills."""
        g = self.gateway
        self.send(begin + 300, g.admission(begin + 300, person, visit, begin=begin, **entry))
        if end is not None:
            self.send(end + 300, g.discharge(end + 300, person, visit, end=end))
            if amount:
                self.send(end + 600, g.settle_stay(end + 600, person, visit, f"S{visit}", amount))

    def sell(self, day: int, packs: int, hour: int = 10) -> str:
        """One purchase of one drug; its visit."""
        at, visit = moment(day, hour), f"MP{day}-{hour}"
        lines = [Billed("1", at, TABLETS, float(packs), 12.5 * packs)]
        self.send(at, self.gateway.purchase(at, FAMILY[0], visit, f"S{visit}", lines))
        return visit


CASES: list[Callable[[], Case]] = []


def case(tell: Callable[[], Case]) -> Callable[[], Case]:
    """Registers a case."""
    CASES.append(tell)
    return tell
