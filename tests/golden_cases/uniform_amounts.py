"""Which inpatient settlements came to the same?

A small hospital settles one stay every other day, of amounts that are spread; then the story. The fund pays 60 % of each bill.
How surprising a cluster is rests on a curve that is supposed until more is learned: round 1.2 % of settlements near any amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from statistics import NormalDist
from typing import Any

from tests.golden_cases.story import Case, Expected, case
from tests.wire_messages import moment

PERSONS = tuple(f"50010600000002{number:05d}" for number in range(1, 141))
FIVE = (3000.0, 3010.0, 3022.0, 2995.0, 3030.0)  # 35 of 6,025: 0.6 % to either side
ILLS = ("I10.x00", "J44.100", "E11.900", "M51.202", "K29.500", "I63.900", "G45.900", "I25.103", "N20.000")


class Ward(Case):
    """Cases of one hospital's settlements."""

    def stays(
        self, amounts: Sequence[float], *, day: int = 30, every: int = 1, nights: Sequence[int] = (5, 8, 11, 6, 9),
        ills: Sequence[str] = ILLS, same_person: bool = False, tag: str = "A", **entry: Any,
    ) -> list[str]:  # fmt: skip
        """Stays of other persons, settled one every so many days, or all of them on one where ``every`` is 0."""
        visits = []
        for number, amount in enumerate(amounts):
            end = moment(day + every * number, 10, 3 * number % 60)
            begin = end - nights[number % len(nights)] * 86_400 - 3_600 * (number % 5)
            visit, person = f"MU{tag}{number}", PERSONS[0 if same_person else number]
            department = f"A{number % 7:02d}"
            told = {"diagnosis": ills[number % len(ills)], "department": department, **entry}
            self.visit(visit, person, begin, end, amount=amount, **told)
            visits.append(visit)
        return visits

    def custom(self, until: int = 28) -> None:
        """Every other day a stay of an amount of its own, spread as bills are: the middle 3,000 yuan, one in six above 6,000."""
        count = until // 2
        for number in range(count):
            rank = (number * 5 % count + 0.5) / count
            amount = round(3_000 * exp(0.7 * NormalDist().inv_cdf(rank)), 2)
            self.stays((amount,), day=2 * number, tag=f"C{number}-", nights=(4 + number % 5,), ills=ILLS[number % 9 :])


def told(name: str, why: str, *expect: Expected, custom: int = 28) -> Ward:
    """A hospital with its custom."""
    ward = Ward("uniform_amounts", name, why, *expect)
    ward.custom(custom)
    ward.until(moment(80))
    return ward


@case
def five_of_one_amount() -> Ward:
    ward = told(
        "hit-five-of-one-amount",
        "Five stays in five days, 2,995 to 3,030 yuan of different illnesses, wards and lengths: medium; the fifth is settled on"
        " day 34 at 10:22.",
        {"status": "open", "severity": "medium", "visits": [f"MUA{n}" for n in range(5)], "fund_at_risk": 1_505_700,
         "raised_at": "2026-04-05 10:22:00",
         "measures": {"settlements_of_one_amount": 5, "amount_spread": 0.0058, "settlements_in_cluster": 5}},
    )  # fmt: skip
    ward.stays(FIVE)
    return ward


@case
def copies_of_one_another() -> Ward:
    ward = told(
        "hit-copies-of-one-another",
        "Nine stays of one illness and one length, discharged on one day, all within half a per cent: high.",
        {
            "status": "open",
            "severity": "high",
            "measures": {"settlements_of_one_amount": 9, "settlements_in_cluster": 9},
        },
    )
    ward.stays([3000.0 + 3 * number for number in range(9)], every=0, nights=(7,), ills=("M51.202",))
    return ward


@case
def it_goes_on() -> Ward:
    ward = told(
        "hit-it-goes-on",
        "Twelve stays, one every other day over three weeks: one alert that grows; never more than four within seven days but"
        " for the last six.",
        {"status": "open", "measures": {"settlements_of_one_amount": 6, "settlements_in_cluster": 12}},
    )
    ward.stays([3000.0 + 2 * number for number in range(8)], every=2)
    for number in range(4):
        end = moment(45 + number, 11)
        ward.visit(f"MUB{number}", PERSONS[20 + number], moment(36 + number, 9), end, amount=3001.0 + number)
    return ward


@case
def a_month_later_again() -> Ward:
    ward = told(
        "hit-once-more-a-month-later",
        "Seven stays of one amount, and from day 58 on five more: what was made out to a plan does not make its like usual.",
        {"status": "open", "measures": {"settlements_of_one_amount": 7}},
        {"status": "open", "measures": {"settlements_of_one_amount": 5}},
    )
    ward.stays((*FIVE, 3005.0, 3015.0))
    ward.stays((3012.0, 2998.0, 3020.0, 3004.0, 3027.0), day=58, tag="B", ills=ILLS[3:])
    return ward


@case
def four_of_one_amount() -> Ward:
    ward = told("near-four-of-one-amount", "Four.")
    ward.stays(FIVE[:4])
    return ward


@case
def three_per_cent() -> Ward:
    ward = told("near-three-per-cent", "Five, but three per cent apart to either side.")
    ward.stays((2920.0, 2970.0, 3010.0, 3060.0, 3100.0))
    return ward


@case
def over_weeks() -> Ward:
    ward = told("near-over-weeks", "Five, but four days between them: two in a week.")
    ward.stays(FIVE, every=4)
    return ward


@case
def by_chance() -> Ward:
    ward = told(
        "near-large-hospital",
        "Ten stays a day: five of a week within one per cent, and alike in nothing else, are chance.",
        custom=0,
    )
    amounts = [round(3_000 * exp(0.7 * NormalDist().inv_cdf((number * 37 % 70 + 0.5) / 70)), 2) for number in range(70)]
    for day in range(7):
        ward.stays(
            amounts[10 * day : 10 * day + 10], day=30 + day, every=0, nights=(3, 12, 5, 20, 8, 15, 4), tag=f"L{day}-"
        )
    ward.stays(FIVE[:3], day=32, nights=(4, 9, 14), tag="X")
    return ward


@case
def packaged() -> Ward:
    ward = told("exclude-paid-by-case", "按病种 (26): equal amounts are the rule.")
    ward.stays(FIVE, med_type="26")
    return ward


@case
def births() -> Ward:
    ward = told("exclude-births", "Deliveries.")
    ward.stays(FIVE, ills=("O80.000",), med_type="52")
    return ward


@case
def day_surgery() -> Ward:
    ward = told("exclude-day-surgery", "日间手术 (28).")
    ward.stays(FIVE, nights=(1,), ills=("H25.900",), med_type="28")
    return ward


@case
def chemotherapy() -> Ward:
    ward = told("exclude-chemotherapy", "A course of chemotherapy costs every patient the same.")
    ward.stays(FIVE, nights=(3,), ills=("Z51.102",))
    return ward


@case
def one_person() -> Ward:
    ward = told("exclude-one-person", "Five stays of one and the same person.")
    ward.stays(FIVE, nights=(1,), same_person=True)
    return ward


@case
def at_the_cap() -> Ward:
    ward = told("exclude-at-the-cap", "The fund pays 5,000.00 for five bills of 9,000 to 14,000 yuan: its cap.")
    ward.stays((9_000.0, 10_200.0, 11_300.0, 12_500.0, 14_000.0))
    ward.sent = [(at, _capped(message)) for at, message in ward.sent]
    return ward


def _capped(message: bytes) -> bytes:
    for amount in (5400.0, 6120.0, 6780.0, 7500.0, 8400.0):
        message = message.replace(f'"fund_pay_sumamt": {amount}'.encode(), b'"fund_pay_sumamt": 5000.0')
    return message


@case
def a_package_after_all() -> Ward:
    ward = told(
        "correct-settlement-list-says-package",
        "Eighteen days later the settlement list of one of them says DIP (hi_paymtd 3): four are left.",
        {"status": "retracted"},
    )
    visits = ward.stays(FIVE)
    at = moment(52)
    listed = ward.gateway.settlement_list(at, PERSONS[2], visits[2], f"S{visits[2]}")
    ward.send(at, listed.replace(b'"hi_paymtd": "1"', b'"hi_paymtd": "3"'))
    return ward


@case
def by_item_after_all() -> Ward:
    ward = told(
        "hit-settlement-lists-say-by-item",
        "The settlement lists of all five say that each item was paid (hi_paymtd 1): it stands.",
        {"status": "open", "severity": "medium", "measures": {"settlements_of_one_amount": 5}},
    )
    for number, visit in enumerate(ward.stays(FIVE)):
        at = moment(50 + number)
        ward.send(at, ward.gateway.settlement_list(at, PERSONS[number], visit, f"S{visit}"))
    return ward


@case
def settled_anew() -> Ward:
    ward = told(
        "correct-settled-anew",
        "One settlement is cancelled (2305) and made anew over another amount: four are left.",
        {"status": "retracted"},
    )
    visit = ward.stays(FIVE)[1]
    ward.send(moment(36), ward.gateway.refund_stay(moment(36), PERSONS[1], visit, f"S{visit}"))
    ward.send(moment(36, 1), ward.gateway.settle_stay(moment(36, 1), PERSONS[1], visit, f"T{visit}", 4_400.0))
    return ward


@case
def discharged_late() -> Ward:
    ward = told(
        "late-discharge",
        "The discharge of the fifth is sent a day after its settlement: raised then.",
        {"status": "open", "severity": "medium", "raised_at": "2026-04-06 12:00:00"},
    )
    ward.stays(FIVE[:4])
    g, end, sent = ward.gateway, moment(34, 10), moment(35, 12)
    begin = moment(28, 9)
    ward.send(begin, g.admission(begin, PERSONS[30], "MUZ", begin=begin, diagnosis="N20.000"))
    ward.send(end + 600, g.settle_stay(end + 600, PERSONS[30], "MUZ", "SMUZ", FIVE[4]))
    ward.send(sent, g.discharge(sent, PERSONS[30], "MUZ", end=end))
    return ward
