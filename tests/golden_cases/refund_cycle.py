"""Whose card is swiped and refunded again and again, and whose bills were only mended?"""

from __future__ import annotations

from tests.golden_cases.story import FAMILY, HOSPITAL, Case, Expected, case
from tests.wire_messages import TABLETS, Billed, Gateway, moment

PATIENT = FAMILY[0]


def cycle(name: str, why: str, *expect: Expected) -> Case:
    return Case("refund_cycle", name, why, *expect)


def buy(
    told: Case, day: int, *, after: int | None = None, amount: float = 500.0, hour: int = 10, gateway: Gateway | None = None,
) -> None:  # fmt: skip
    """A purchase on that day; refunded ``after`` minutes, or not at all."""
    gateway = gateway or told.gateway
    at, visit = moment(day, hour), f"MP{day}-{hour}"
    told.send(at, gateway.purchase(at, PATIENT, visit, f"S{visit}", [Billed("1", at, TABLETS, 1.0, amount)]))
    if after is not None:
        told.send(at + 60 * after, gateway.refund_purchase(at + 60 * after, PATIENT, visit, f"S{visit}"))


@case
def three_times() -> Case:
    told = cycle(
        "hit-three-times",
        "Three purchases of 500 yuan in forty days, each refunded after ten minutes, and nothing else: chance 0.05^3 = 0.000125 "
        "(3.9 powers of ten): medium. The fund's 300 yuan each went round.",
        {"status": "open", "severity": "medium", "institution": HOSPITAL, "fund_at_risk": 90_000,
         "raised_at": "2026-04-11 10:10:00", "visits": ["MP0-10", "MP20-10", "MP40-10"],
         "measures": {"refund_pairs": 3, "settlements_made": 3, "quick_refunds": 3, "improbability": 3.9}},
    )  # fmt: skip
    for day in (0, 20, 40):
        buy(told, day, after=10)
    return told.until(moment(50))


@case
def fourteen_times() -> Case:
    told = cycle(
        "hit-fourteen-times",
        "Fourteen times in a month: one alert that grew: high.",
        {"status": "open", "severity": "high", "measures": {"refund_pairs": 14}, "evidence_total": 28},
    )
    for number in range(14):
        buy(told, 2 * number, after=10)
    return told.until(moment(28))


@case
def one_visit() -> Case:
    told = cycle(
        "hit-one-visit-again-and-again",
        "One outpatient visit is settled and refunded three times; the fourth settlement stands and explains one only: two "
        "pairs and a correction are not enough; a fourth pair in another visit makes three.",
        {"status": "open", "severity": "medium", "measures": {"refund_pairs": 3}},
    )
    g = told.gateway
    for number in range(4):
        at = moment(0, 9 + 2 * number)
        told.send(at, g.settle_visit(at, PATIENT, "MO1", f"B{number}", f"SO{number}", 300.0))
        if number < 3:
            told.send(at + 3600, g.refund_visit(at + 3600, PATIENT, "MO1", f"SO{number}"))
    buy(told, 9, after=30)
    return told.until(moment(20))


@case
def frozen() -> Case:
    told = cycle(
        "kept-said-stays-said",
        "Four months later the purchases are forgotten; what was said stays said.",
        {"status": "open", "severity": "medium", "revised_at": "2026-03-06 10:10:00"},
    )
    for day in (0, 2, 4):
        buy(told, day, after=10)
    return told.until(moment(150))


@case
def twice_only() -> Case:
    told = cycle("near-twice", "Two refunds.")
    for day in (0, 20):
        buy(told, day, after=10)
    return told.until(moment(50))


@case
def too_far_apart() -> Case:
    told = cycle("near-within-three-months", "Three, but never three within sixty days.")
    for day in (0, 35, 70):
        buy(told, day, after=10)
    return told.until(moment(80))


@case
def two_pharmacies() -> Case:
    told = cycle("near-two-places", "Two here and two there.")
    for day in (0, 20):
        buy(told, day, after=10)
        buy(told, day + 1, after=10, gateway=Gateway("P50010600002"))
    return told.until(moment(50))


@case
def many_settlements() -> Case:
    told = cycle(
        "exclude-many-settlements",
        "A dialysis patient with 26 settlements, of which 3 are refunded after hours: of 24 from the first to the last, 1.2 are "
        "expected and three no surprise (chance 0.12).",
    )
    for number in range(26):
        buy(told, 2 * number, after=300 if number in (2, 12, 25) else None)
    return told.until(moment(58))


@case
def corrections() -> Case:
    told = cycle(
        "exclude-corrections", "Four times a wrong bill is refunded and settled again an hour later: a quarter each."
    )
    for number in range(4):
        buy(told, 10 * number, after=30, hour=9)
        buy(told, 10 * number, hour=11, amount=480.0)
    return told.until(moment(50))


@case
def stays() -> Case:
    told = cycle("exclude-stays", "A stay's settlement is taken back three times until it is right.")
    g = told.gateway
    told.visit("MI1", PATIENT, moment(0, 9), moment(5, 9))
    for number in range(4):
        at = moment(5 + number, 12)
        told.send(at, g.settle_stay(at, PATIENT, "MI1", f"SI{number}", 3000.0))
        if number < 3:
            told.send(at + 600, g.refund_stay(at + 600, PATIENT, "MI1", f"SI{number}"))
    return told.until(moment(20))


@case
def network_break() -> Case:
    told = cycle("exclude-reversals", "Three purchases timed out and were reversed (2601): they never were.")
    g = told.gateway
    for day in (0, 10, 20):
        at, visit = moment(day, 10), f"MP{day}"
        call = g.purchase(at, PATIENT, visit, f"S{visit}", [Billed("1", at, TABLETS, 1.0, 500.0)])
        told.send(at, call)
        told.send(at + 60, g.reversal(at + 60, PATIENT, call))
    return told.until(moment(30))


@case
def a_refund_reversed() -> Case:
    told = cycle(
        "correct-refund-reversed",
        "The third refund is reversed (2601): the purchase stands.",
        {"status": "retracted", "retraction": {"en": "the original call was reversed (2601)"}},
    )
    for day in (0, 10):
        buy(told, day, after=10)
    g, at = told.gateway, moment(20, 10)
    told.send(at, g.purchase(at, PATIENT, "MP20", "SMP20", [Billed("1", at, TABLETS, 1.0, 500.0)]))
    refund = g.refund_purchase(at + 600, PATIENT, "MP20", "SMP20")
    told.send(at + 600, refund)
    told.send(at + 900, g.reversal(at + 900, PATIENT, refund))
    return told.until(moment(30))


@case
def settled_again() -> Case:
    told = cycle(
        "correct-settled-again",
        "The third is settled again the same afternoon and stands: a correction.",
        {"status": "retracted"},
    )
    for day in (0, 10, 20):
        buy(told, day, after=10)
    buy(told, 20, hour=15)
    return told.until(moment(30))
