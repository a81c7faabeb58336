"""What should never have been, and how it is taken back: every correction of the interface, at any time, in any order.

A `Case` builds an original and its correction; the properties of `tests.test_corrections` send them doubled, the correction
first, again under new message ids, or anew after having been taken back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal, NamedTuple

from schemas.china_time import DAY, HOUR, format_time
from tests.histories import PERSONS, Stay
from tests.wire_messages import DAY_ZERO, INFUSION, TABLETS, Billed, Gateway, routine_lines

Sent = list[bytes]


class Scene(NamedTuple):
    """On whose stay, through which gateways, when it is sent and when it is taken back; ``number`` makes ids new."""

    gateway: Gateway
    shop: Gateway
    stay: Stay
    at: int
    back: int
    number: int = 0

    @property
    def person(self) -> str:
        """The patient's number."""
        return PERSONS[self.stay.person]

    def named(self, name: str) -> str:
        """An id of this telling."""
        return f"{name}-{self.number}" if self.number else name

    def shopped(self, quantity: float = 300.0) -> list[Billed]:
        """Packs of the drug that the pharmacy sells every day."""
        return [Billed("1", self.at, TABLETS, quantity, 12.5 * quantity)]

    def extra(self) -> list[Billed]:
        """Two lines of treatment that the stay did not have, of one day and of the next."""
        return [
            Billed(f"x{hour}", self.stay.begin + hour * HOUR, INFUSION, 3.0, 90.0)
            for hour in (1, 25)
            if hour < 24 * self.stay.nights or not self.stay.nights
        ]


class Case(NamedTuple):
    """``tell`` gives the original's messages and its correction's. ``first``: the correction may come before them.

    ``anew``: it can be told again after it was taken back, and taken back again. ``when``: whether it must happen while the
    stay goes on, or after it was settled.
    """

    name: str
    tell: Callable[[Scene], tuple[Sent, Sent]]
    when: Literal["during", "after", "any"] = "any"
    first: bool = True
    anew: bool = True


def again(message: bytes, seconds: int) -> bytes:
    """The same call under a new message id, so much later."""
    call = json.loads(message)
    call["msgid"] += "-again"
    call["inf_time"] = format_time(seconds)
    return json.dumps(call, ensure_ascii=False).encode()


# -- stays ----------------------------------------------------------------------------------------------------------


def _ghost(s: Scene) -> tuple[str, str, Sent]:
    """Another member of the household who came at the same hour, with a bill for his first day."""
    member = {0: 1, 1: 0, 2: 3, 4: 5, 5: 6, 6: 4}.get(s.stay.person, 3)
    person, visit = PERSONS[member], s.named("MX")
    begin = s.at - s.at % HOUR
    lines = [*routine_lines(visit, 0), Billed("drip", begin + HOUR, INFUSION, 40.0, 400.0)]
    lines = [line._replace(time=begin + HOUR) for line in lines]
    return person, visit, [
        s.gateway.admission(s.at, person, visit, begin=begin, diagnosis=s.stay.diagnosis),
        s.gateway.bill(s.at + 2 * HOUR, person, visit, lines),
    ]  # fmt: skip


def admission_cancelled(s: Scene) -> tuple[Sent, Sent]:
    person, visit, sent = _ghost(s)
    return sent, [s.gateway.cancel_admission(s.back, person, visit)]


def discharged_and_cancelled(s: Scene) -> tuple[Sent, Sent]:
    """All of it undone, in the order in which the interface wants it: 2405, then 2404."""
    person, visit, sent = _ghost(s)
    sent.append(s.gateway.discharge(s.at + 4 * HOUR, person, visit))
    later = max(s.back, s.at + 4 * HOUR + 60)
    return sent, [
        s.gateway.cancel_discharge(later, person, visit),
        s.gateway.cancel_admission(later + 60, person, visit),
    ]


def admission_reversed(s: Scene) -> tuple[Sent, Sent]:
    person, _, sent = _ghost(s)
    return sent, [s.gateway.reversal(s.back, person, sent[0])]


def discharge_cancelled(s: Scene) -> tuple[Sent, Sent]:
    early = s.gateway.discharge(s.at, s.person, s.stay.visit, diagnosis="S72.000")
    return [early], [s.gateway.cancel_discharge(s.back, s.person, s.stay.visit)]


def changed_back(s: Scene) -> tuple[Sent, Sent]:
    """Of another person, at another time, in another bed, with another illness; the next snapshot says how it is."""
    other = PERSONS[(s.stay.person + 1) % len(PERSONS)]
    wrong = s.gateway.change(
        s.at, other, s.stay.visit, begin=s.stay.begin - 5 * DAY, diagnosis="S72.000", bed="B-1", med_type="28"
    )
    return [wrong], [s.gateway.change(s.back, s.person, s.stay.visit, begin=s.stay.begin, diagnosis=s.stay.diagnosis)]


# -- lines ----------------------------------------------------------------------------------------------------------


def lines_cancelled(s: Scene) -> tuple[Sent, Sent]:
    lines = s.extra()
    return [s.gateway.bill(s.at, s.person, s.stay.visit, lines)], [
        s.gateway.cancel_lines(s.back, s.person, s.stay.visit, [line.serial for line in lines])
    ]


def lines_refunded(s: Scene) -> tuple[Sent, Sent]:
    """In two parts, one of them a negative line that names more than is left."""
    lines = s.extra()
    parts = [
        line._replace(serial=f"{part}{line.serial}", quantity=-quantity, amount=-30.0 * quantity, refunds=line.serial)
        for line in lines
        for part, quantity in (("a", 1.0), ("b", 2.0))
    ]
    return [s.gateway.bill(s.at, s.person, s.stay.visit, lines)], [
        s.gateway.bill(s.back, s.person, s.stay.visit, parts)
    ]


def refund_cancelled(s: Scene) -> tuple[Sent, Sent]:
    """A negative line takes a line back that stands; cancelled itself, that line stands again."""
    night = next((n for n in range(s.stay.nights) if n not in s.stay.idle), None)
    if night is None:
        return [], []
    serial = f"{s.stay.visit}-{(s.stay.begin - DAY_ZERO) // DAY + night}-drip"
    back = Billed("refund", s.stay.begin, INFUSION, -2.0, -60.0, refunds=serial)
    return [s.gateway.bill(s.at, s.person, s.stay.visit, [back])], [
        s.gateway.cancel_lines(s.back, s.person, s.stay.visit, ["refund"])
    ]


# -- outpatients and pharmacies -------------------------------------------------------------------------------------


def _outpatient(s: Scene) -> tuple[str, Sent]:
    visit = s.named("MOX")
    return visit, [
        s.gateway.registration(s.at, s.person, visit),
        s.gateway.encounter(s.at + 60, s.person, visit),
        s.gateway.charges(s.at + 120, s.person, visit, "BX", s.shopped()),
    ]


def batch_cancelled(s: Scene) -> tuple[Sent, Sent]:
    visit, sent = _outpatient(s)
    return sent, [s.gateway.cancel_batch(s.back, s.person, visit, "BX")]


def all_unsettled_cancelled(s: Scene) -> tuple[Sent, Sent]:
    visit, sent = _outpatient(s)
    return sent, [s.gateway.cancel_batch(s.back, s.person, visit, "0000")]


def _settled(s: Scene) -> tuple[str, Sent]:
    visit, sent = _outpatient(s)
    return visit, [*sent, s.gateway.settle_visit(s.at + 180, s.person, visit, "BX", s.named("SOX"), 3750.0)]


def visit_refunded(s: Scene) -> tuple[Sent, Sent]:
    visit, sent = _settled(s)
    return sent, [s.gateway.refund_visit(s.back, s.person, visit, s.named("SOX"))]


def visit_reversed(s: Scene) -> tuple[Sent, Sent]:
    _, sent = _settled(s)
    return sent, [s.gateway.reversal(s.back, s.person, sent[-1])]


def _bought(s: Scene) -> tuple[str, Sent]:
    visit = s.named("MPX")
    return visit, [s.shop.purchase(s.at, s.person, visit, s.named("SPX"), s.shopped())]


def purchase_refunded(s: Scene) -> tuple[Sent, Sent]:
    visit, sent = _bought(s)
    return sent, [s.shop.refund_purchase(s.back, s.person, visit, s.named("SPX"))]


def purchase_reversed(s: Scene) -> tuple[Sent, Sent]:
    _, sent = _bought(s)
    return sent, [s.shop.reversal(s.back, s.person, sent[0])]


# -- settlements of stays -------------------------------------------------------------------------------------------


def _interim(s: Scene) -> bytes:
    return s.gateway.settle_stay(s.at, s.person, s.stay.visit, s.named("SX"), 500.0, interim=True)


def settlement_refunded(s: Scene) -> tuple[Sent, Sent]:
    return [_interim(s)], [s.gateway.refund_stay(s.back, s.person, s.stay.visit, s.named("SX"))]


def settlement_reversed(s: Scene) -> tuple[Sent, Sent]:
    settled = _interim(s)
    return [settled], [s.gateway.reversal(s.back, s.person, settled)]


def stay_refund_reversed(s: Scene) -> tuple[Sent, Sent]:
    refund = s.gateway.refund_stay(s.at, s.person, s.stay.visit, f"S{s.stay.visit}")
    return [refund], [s.gateway.reversal(s.back, s.person, refund)]


def purchase_refund_reversed(s: Scene) -> tuple[Sent, Sent]:
    """Of a purchase that was made before: `tests.test_corrections` puts one of every kind into the history."""
    refund = s.shop.refund_purchase(s.at, s.person, "MP-kept", "SP-kept")
    return [refund], [s.shop.reversal(s.back, s.person, refund)]


def visit_refund_reversed(s: Scene) -> tuple[Sent, Sent]:
    refund = s.gateway.refund_visit(s.at, s.person, "MO-kept", "SO-kept")
    return [refund], [s.gateway.reversal(s.back, s.person, refund)]


def kept(gateway: Gateway, shop: Gateway, person: str, at: int) -> Sent:
    """A purchase and an outpatient visit that stand, for refunds that do not."""
    lines = [Billed("1", at, TABLETS, 2.0, 25.0)]
    return [
        shop.purchase(at, person, "MP-kept", "SP-kept", lines),
        gateway.registration(at, person, "MO-kept"),
        gateway.charges(at + 120, person, "MO-kept", "B1", lines),
        gateway.settle_visit(at + 180, person, "MO-kept", "B1", "SO-kept", 25.0),
    ]


CASES = (
    Case("2404 admission cancelled", admission_cancelled),
    Case("2405 and 2404", discharged_and_cancelled, first=False, anew=False),
    Case("2601 of 2401", admission_reversed),
    Case("2405 discharge cancelled", discharge_cancelled, when="during", first=False),
    Case("2403 changed back", changed_back),
    Case("2302 lines cancelled", lines_cancelled, first=False),
    Case("negative lines", lines_refunded, anew=False),
    Case("2302 of a negative line", refund_cancelled, first=False),
    Case("2205 batch cancelled", batch_cancelled, first=False),
    Case("2205 all unsettled", all_unsettled_cancelled, first=False),
    Case("2208 visit refunded", visit_refunded),
    Case("2601 of 2207", visit_reversed),
    Case("2601 of 2208", visit_refund_reversed),
    Case("2103 purchase refunded", purchase_refunded),
    Case("2601 of 2102", purchase_reversed),
    Case("2601 of 2103", purchase_refund_reversed),
    Case("2305 settlement refunded", settlement_refunded),
    Case("2601 of 2304", settlement_reversed),
    Case("2601 of 2305", stay_refund_reversed, when="after"),
)
