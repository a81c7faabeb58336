"""How are cases about an institution among its peers told? Hospitals of one city and kind, all alike but one.

Day 0 is 2026-03-02. A month is looked at when its first 7, 14, 21 days and its last have closed: March on the 11th (day 9),
18th (16) and 25th (23) and on April 4th (33), each at 01:00:01, compared a minute later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.golden_cases.story import Case, Expected
from tests.wire_messages import Gateway, institution_record, moment

PEERS = 5  # beside the one that it is about
PERSONS = tuple(f"50010600000003{number:05d}" for number in range(400))
SPREAD = (0.8, 0.9, 1.0, 1.1, 1.25)  # of bills about their mean


class City(Case):
    """Hospitals ``H…001`` (the story's) to ``H…006`` of a region of their own."""

    def __init__(
        self, rule: str, name: str, why: str, *expect: Expected, region: str, hospitals: int = PEERS + 1
    ) -> None:  # fmt: skip
        super().__init__(rule, name, why, *expect)
        self.codes = [f"H{region}{number:05d}" for number in range(1, hospitals + 1)]
        self.gateways = {code: Gateway(code) for code in self.codes}
        self.institutions = [
            institution_record(code, admdvs=region, medins_type="A100", hosp_lv="05") for code in self.codes
        ]
        self.persons = []
        self.number = 0

    def discharged(
        self, hospital: int, day: int, amount: float, *, nights: int = 4, diagnosis: str = "J18.900", own: float | None = None,
    ) -> str:  # fmt: skip
        """A stay that ends and is settled on ``day``; its visit."""
        g, visit, person = self._next(hospital)
        begin, end = moment(day - nights, 9), moment(day, 10, self.number % 50)
        self.send(begin + 60, g.admission(begin + 60, person, visit, begin=begin, diagnosis=diagnosis))
        self.send(end + 60, g.discharge(end + 60, person, visit, end=end))
        settled = g.settle_stay(end + 120, person, visit, f"S{visit}", amount)
        self.send(end + 120, settled if own is None else with_own(settled, own))
        return visit

    def admitted(self, hospital: int, day: int) -> str:
        """An admission, nothing more; its visit."""
        g, visit, person = self._next(hospital)
        at = moment(day, 9, self.number % 50)
        self.send(at + 60, g.admission(at + 60, person, visit, begin=at, department=f"A{self.number % 9:02d}", bed=""))
        return visit

    def served(self, hospital: int, day: int, amount: float, *, own: float | None = None) -> str:
        """An outpatient visit, settled; its visit."""
        g, visit, person = self._next(hospital)
        at = moment(day, 8 + self.number % 9, self.number % 50)
        settled = g.settle_visit(at, person, visit, "B1", f"S{visit}", amount)
        self.send(at, settled if own is None else with_own(settled, own))
        return visit

    def refund(self, hospital: int, visit: str, at: int) -> None:
        """A stay's settlement is taken back."""
        g = self.gateways[self.codes[hospital]]
        self.send(at, g.refund_stay(at, "", visit, f"S{visit}"))

    def cancel(self, hospital: int, visit: str, at: int) -> None:
        """An admission never was."""
        g = self.gateways[self.codes[hospital]]
        self.send(at, g.cancel_admission(at, "", visit))

    def ward(self, amounts: Sequence[float], stays: int = 10, *, diagnosis: str = "J18.900") -> list[str]:
        """Every hospital discharges as many, at its own mean ``amounts``; the visits of the story's."""
        visits = []
        for number in range(stays):
            for hospital, amount in enumerate(amounts):
                visit = self.discharged(
                    hospital, number % 6, round(amount * SPREAD[number % len(SPREAD)], 2), diagnosis=diagnosis
                )
                if hospital == 0:
                    visits.append(visit)
        return visits

    def ended(self, day: int) -> City:
        """A time mark ends the case."""
        self.until(moment(day))
        return self

    def _next(self, hospital: int) -> tuple[Gateway, str, str]:
        code = self.codes[hospital]
        self.number += 1
        return self.gateways[code], f"MI{code[1:5]}{self.number:05d}", PERSONS[self.number % len(PERSONS)]


def with_own(settled: bytes, own: float) -> bytes:
    """The settlement says how much lies outside of the catalogue."""
    call = json.loads(settled)
    call["output"]["setlinfo"]["fulamt_ownpay_amt"] = own
    return json.dumps(call, ensure_ascii=False).encode()
