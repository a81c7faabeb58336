"""Who fetches more of a drug than can be used, and who fetches what was prescribed?"""

from __future__ import annotations

import json

from tests.golden_cases.story import FAMILY, HOSPITAL, Case, Expected, case
from tests.wire_messages import INFUSION, TABLETS, Billed, Gateway, moment

PATIENT = FAMILY[0]
ELSEWHERE = Gateway("P50010600002")
THIRD = Gateway("P50010600003")
HEPARIN, ALBUMIN = "XB01ABG020B002010100771", "XB05AAR010B002010100200"
INSULIN = "XA10ABG010B002010100300"
DIALYSIS, INJECTION = "003110000060000-311000006", "001204000010000-120400001"


def hoard(name: str, why: str, *expect: Expected) -> Case:
    return Case("drug_hoarding", name, why, *expect)


def fetch(
    told: Case, day: int, packs: float, lasting: int | None, *, gateway: Gateway | None = None, hour: int = 10,
    sent: int | None = None, price: float = 25.0,
) -> str:  # fmt: skip
    """A purchase of tablets on that day, ``price`` yuan a pack; its visit. ``sent``: the day of the message, if it is late."""
    gateway, visit = gateway or told.gateway, f"MP{day}-{hour}"
    at = moment(day if sent is None else sent, hour)
    line = Billed("1", moment(day, hour), TABLETS, packs, price * packs, days=lasting)
    told.send(at, gateway.purchase(at, PATIENT, visit, f"S{visit}", [line]))
    return visit


def refund(told: Case, day: int, after: int, hour: int = 10) -> None:
    """Takes the purchase of that day back, so many days later."""
    at = moment(day + after, hour, 30)
    told.send(at, told.gateway.refund_purchase(at, PATIENT, f"MP{day}-{hour}", f"SMP{day}-{hour}"))


def treat(
    told: Case, day: int, packs: float, lasting: int | None, *, service: str = DIALYSIS, diagnosis: str = "N18.900",
    drug: str = TABLETS,
) -> None:  # fmt: skip
    """An outpatient is treated on that day, and ``packs`` of a drug are on the same bill, at 33 yuan each."""
    g, visit, at = told.gateway, f"MO{day}", moment(day, 9)
    lines = [Billed("1", at, service, 1.0, 400.0), Billed("2", at, drug, packs, 33.0 * packs, days=lasting)]
    told.send(at, g.encounter(at, PATIENT, visit, diagnosis, "14"))
    message = json.loads(g.charges(at + 600, PATIENT, visit, "B1", lines))
    message["output"]["result"][0]["med_chrgitm_type"] = "05"
    told.send(at + 600, json.dumps(message, ensure_ascii=False).encode())
    told.send(at + 1200, g.settle_visit(at + 1200, PATIENT, visit, "B1", f"S{visit}", 400.0 + 33.0 * packs))


def dialysed(told: Case, lasting: int, drug: str = TABLETS) -> Case:
    """On Mondays, Wednesdays and Fridays of ten weeks, each time with a pack of the drug."""
    for week in range(10):
        for day in (0, 2, 4):
            treat(told, 7 * week + day, 1, lasting, drug=drug)
    return told.until(moment(80))


@case
def five_times() -> Case:
    told = hoard(
        "hit-five-times-a-month",
        "Two weeks' supply (four packs) every fifth day: at home are 14, 9+14=23, 18+14=32, 27+14=41, 36+14=50 days. Five times "
        "in March, three of them while 14 days or more were left: medium. Of 70 days 50-14=36 are too much: 36/70 of 500 yuan.",
        {"status": "open", "severity": "medium", "institution": HOSPITAL, "item": TABLETS, "fund_at_risk": 25_714,
         "raised_at": "2026-03-22 10:00:00", "visits": [f"MP{day}-10" for day in (0, 5, 10, 15, 20)],
         "measures": {"fetches_in_month": 5, "days_at_home": 50, "fetched_early": 3, "institutions": 1, "quantity_fetched": 20}},
    )  # fmt: skip
    for day in (0, 5, 10, 15, 20):
        fetch(told, day, 4, 14)
    return told.until(moment(30))


@case
def three_places() -> Case:
    told = hoard(
        "hit-three-places",
        "Thirty days' supply every tenth day, from two pharmacies and a hospital: 30, 20+30=50, 40+30=70, 60+30=90 days at home.",
        {"status": "open", "severity": "medium", "institution": "P50010600002",
         "measures": {"institutions": 3, "days_at_home": 90, "fetched_early": 3, "fetches_in_month": 3}},
    )  # fmt: skip
    at, g = moment(0, 9), told.gateway
    told.send(at, g.charges(at, PATIENT, "MO1", "B1", [Billed("1", at, TABLETS, 4.0, 100.0, days=30)]))
    told.send(at + 600, g.settle_visit(at + 600, PATIENT, "MO1", "B1", "SO1", 100.0))
    for day, place in ((10, ELSEWHERE), (20, THIRD), (30, ELSEWHERE)):
        fetch(told, day, 4, 30, gateway=place)
    return told.until(moment(40))


@case
def heaps() -> Case:
    told = hoard(
        "hit-heaps",
        "Forty packs for a week, it says: they last 40*3=120 days at least. Thirty days later the same: 90+120=210 days at home.",
        {
            "status": "open",
            "severity": "medium",
            "measures": {"days_at_home": 210, "fetched_early": 1, "quantity_fetched": 80},
        },
    )
    for day in (0, 30):
        fetch(told, day, 40, 7)
    return told.until(moment(40))


@case
def four_weeks_early() -> Case:
    told = hoard(
        "near-four-weeks-early",
        "Twelve weeks' supply, fetched again four weeks early: 28+84=112 days at home, which is what may be.",
    )
    for day in (0, 56):
        fetch(told, day, 28, 84)
    return told.until(moment(70))


@case
def somewhat_early() -> Case:
    told = hoard(
        "hit-somewhat-early",
        "Twelve weeks' supply, fetched again five weeks early at another place: 35+84=119 days at home, a week more than may "
        "be: low.",
        {"status": "open", "severity": "low", "measures": {"days_at_home": 119, "fetched_early": 1}},
    )
    fetch(told, 0, 28, 84)
    fetch(told, 49, 28, 84, gateway=ELSEWHERE)
    return told.until(moment(60))


@case
def what_one_place_gives() -> Case:
    told = hoard(
        "near-what-one-place-gives",
        "Ten weeks' supply every fifth week, always at the same place: 70, 35+70=105, 70+70=140 days at home. What a place gives "
        "its patients is asked about by cost_level and drug_volume_peer.",
    )
    for day in (0, 35, 70):
        fetch(told, day, 24, 70)
    return told.until(moment(80))


@case
def over_months() -> Case:
    told = hoard(
        "kept-drugs-of-forgotten-visits",
        "Twelve weeks' supply every fifty days, each time elsewhere: 84, 34+84=118, 68+84=152, 102+84=186 days. The first visit "
        "is forgotten by then, what it gave is not.",
        {"status": "open", "severity": "high", "begin": "2026-01-11 00:00:00",
         "measures": {"days_at_home": 186, "institutions": 3, "fetches_in_half_year": 4, "fetched_early": 3}},
    )  # fmt: skip
    for day, place in ((-50, told.gateway), (0, ELSEWHERE), (50, THIRD), (100, ELSEWHERE)):
        fetch(told, day, 12, 84, gateway=place)
    return told.until(moment(110))


@case
def kept() -> Case:
    told = hoard(
        "kept-said-stays-said",
        "A year later all is forgotten; what was said stays said.",
        {"status": "open", "severity": "medium", "revised_at": "2026-04-01 10:00:00"},
    )
    for day in (0, 30):
        fetch(told, day, 40, 7)
    return told.until(moment(400))


@case
def twelve_weeks() -> Case:
    told = hoard("near-twelve-weeks", "Twelve weeks, and again after sixty days: 24+84=108 days, 112 are ordinary.")
    for day in (0, 60):
        fetch(told, day, 24, 84)
    return told.until(moment(70))


@case
def one_heap() -> Case:
    told = hoard(
        "near-one-heap", "Half a year's supply once: one line alone may as well be a quantity in the wrong unit."
    )
    fetch(told, 0, 60, 180)
    return told.until(moment(5))


@case
def every_monday() -> Case:
    told = hoard("near-every-monday", "A week's supply on each of the five Mondays of March: used up every time.")
    for day in (0, 7, 14, 21, 28):
        fetch(told, day, 2, 7)
    return told.until(moment(40))


@case
def four_times() -> Case:
    told = hoard("near-four-times", "Two weeks' supply every fifth day, but four times only, at one pharmacy: 41 days.")
    for day in (0, 5, 10, 15):
        fetch(told, day, 4, 14)
    return told.until(moment(30))


@case
def cheap() -> Case:
    told = hoard(
        "near-cheap",
        "As in five times a month, at 4 yuan a pack: 36/70 of 80 yuan are 41, which is too little to go by times alone.",
    )
    for day in (0, 5, 10, 15, 20):
        fetch(told, day, 4, 14, price=4.0)
    return told.until(moment(30))


@case
def refunded() -> Case:
    told = hoard("exclude-refunded", "Of five purchases two are taken back at once, and one never was (2601).")
    g = told.gateway
    for day in (0, 5, 15, 20):
        fetch(told, day, 4, 14)
    for day in (5, 15):
        refund(told, day, 0)
    at = moment(10, 10)
    call = g.purchase(at, PATIENT, "MP10-10", "SMP10-10", [Billed("1", at, TABLETS, 4.0, 100.0, days=14)])
    told.send(at, call)
    told.send(at + 60, g.reversal(at + 60, PATIENT, call))
    return told.until(moment(30))


@case
def drips() -> Case:
    told = hoard("exclude-drips", "An outpatient's drip on ten days running: it runs in on the spot.")
    g = told.gateway
    for day in range(10):
        at = moment(day, 9)
        told.send(at, g.charges(at, PATIENT, f"MO{day}", "B1", [Billed("1", at, INFUSION, 2.0, 60.0, days=7)]))
        told.send(at + 600, g.settle_visit(at + 600, PATIENT, f"MO{day}", "B1", f"SO{day}", 60.0))
    return told.until(moment(20))


@case
def given_at_dialysis() -> Case:
    told = hoard(
        "exclude-given-at-dialysis",
        "Dialysed on Mondays, Wednesdays and Fridays of ten weeks, each time a pack, for two days it says: it is given there. "
        "Of three days a pack there would be 14 and more at home after seven weeks.",
    )
    return dialysed(told, 2)


@case
def injected_at_dialysis() -> Case:
    told = hoard(
        "exclude-injected-at-dialysis",
        "Dialysed three times a week for ten weeks, each time an ampoule of heparin, for seven days it says, as on every "
        "prescription of that place: it is in the machine. Of seven days each there would be 70*3-70=140 and more at home.",
    )
    return dialysed(told, 7, HEPARIN)


@case
def for_weeks_at_dialysis() -> Case:
    told = hoard(
        "exclude-injected-at-dialysis-for-weeks",
        "Dialysed three times a week for ten weeks, each time an ampoule of heparin, for four weeks says a program that fills in "
        "the same for every drug: it is in the machine.",
    )
    return dialysed(told, 28, HEPARIN)


@case
def pens_at_dialysis() -> Case:
    told = hoard(
        "hit-pens-taken-home-from-dialysis",
        "Insulin as well, two pens for four weeks, at five sessions within a fortnight: 28, 26+28=54, 52+28=80, 77+28=105, "
        "103+28=131 days at home: what is for weeks is injected at home.",
        {"status": "open", "severity": "high", "measures": {"fetches_in_month": 5, "days_at_home": 131}},
    )
    for day in (0, 2, 4, 7, 9):
        treat(told, day, 2, 28, drug=INSULIN)
    return told.until(moment(20))


@case
def a_box_too_many() -> Case:
    told = hoard(
        "near-a-box-too-many",
        "Seven packs for twelve weeks from two pharmacies within five days, at 8 yuan each: 84, then 79+84=163 days at home. 99 "
        "of 112 yuan of it are too much: somebody fetched twice, and nobody lives by selling that.",
    )
    fetch(told, 0, 7, 84, price=8.0)
    fetch(told, 5, 7, 84, price=8.0, gateway=Gateway("P50010600007"))
    return told.until(moment(20))


@case
def carried_off() -> Case:
    told = hoard(
        "hit-pharmacies-albumin",
        "Albumin (B05AA) from three pharmacies on seven days, six bottles each, for three weeks it says: 21, then 16+21, … after "
        "the seventh 117 days at home. No pharmacy infuses.",
        {"status": "open", "severity": "high", "item": ALBUMIN, "measures": {"institutions": 3, "days_at_home": 117}},
    )
    for number in range(7):
        gateway, at = (told.gateway, ELSEWHERE, THIRD)[number % 3], moment(5 * number, 10)
        line = Billed("1", at, ALBUMIN, 6.0, 2_400.0, days=21)
        told.send(at, gateway.purchase(at, PATIENT, f"MP{number}", f"SMP{number}", [line]))
    return told.until(moment(40))


@case
def around_the_corner() -> Case:
    told = hoard(
        "near-three-places-in-a-rhythm",
        "Thirty days' supply from three places in turn, every twenty-fourth day: 30, 6+30=36, 42, 48, 54 days at home in the "
        "end, two of the fetches while two weeks were left. Less than the twelve weeks that one prescription may give.",
    )
    for number in range(5):
        fetch(told, 24 * number, 4, 30, gateway=(told.gateway, ELSEWHERE, THIRD)[number % 3])
    return told.until(moment(110))


@case
def given_in_a_course() -> Case:
    told = hoard(
        "exclude-given-in-a-course",
        "Chemotherapy (Z51.1) on twelve days running, under the hospital's own code of a treatment; for how many days it is "
        "meant nobody says.",
    )
    for day in range(12):
        treat(told, day, 1, None, service="990000001", diagnosis="Z51.100")
    return told.until(moment(20))


@case
def injected() -> Case:
    told = hoard(
        "exclude-injected", "A pack on each of twelve days, and each day an injection: as many as were used there."
    )
    for day in range(12):
        treat(told, day, 1, 1, service=INJECTION, diagnosis="M54.500")
    return told.until(moment(20))


@case
def from_dialysis_to_home() -> Case:
    told = hoard(
        "hit-taken-home-from-dialysis",
        "At five sessions within a fortnight tablets for four weeks, four packs: 28, 26+28=54, 52+28=80, 77+28=105, 103+28=131 "
        "days at home: they are not swallowed there: high.",
        {"status": "open", "severity": "high",
         "measures": {"fetches_in_month": 5, "days_at_home": 131, "fetched_early": 4}},
    )  # fmt: skip
    for day in (0, 2, 4, 7, 9):
        treat(told, day, 4, 28)
    return told.until(moment(20))


@case
def heaps_at_dialysis() -> Case:
    told = hoard(
        "hit-heaps-at-dialysis",
        "Forty packs for two days, it says, and thirty days later again, at a session: nobody is given forty packs there.",
        {"status": "open", "severity": "medium", "measures": {"days_at_home": 210, "quantity_fetched": 80}},
    )
    for day in (0, 30):
        treat(told, day, 40, 2)
    return told.until(moment(40))


@case
def inpatient() -> Case:
    told = hoard("exclude-stay", "Six packs a day, for ten days in hospital.")
    told.visit("MI1", PATIENT, moment(0, 9), moment(11, 9))
    for day in range(10):
        at = moment(day, 20)
        told.send(at, told.gateway.bill(at, PATIENT, "MI1", [Billed(f"{day}", at, TABLETS, 6.0, 150.0)]))
    at = moment(11, 12)
    told.send(at, told.gateway.settle_stay(at, PATIENT, "MI1", "SI1", 1500.0))
    return told.until(moment(20))


@case
def split_calls() -> Case:
    told = hoard(
        "exclude-one-purchase-in-five-calls", "Twenty packs for four weeks, keyed in as five calls: 60 days at most."
    )
    for hour in (8, 9, 10, 11, 12):
        fetch(told, 0, 4, 28, hour=hour)
    return told.until(moment(10))


@case
def taken_back() -> Case:
    told = hoard(
        "correct-refunded-later",
        "The fifth purchase is given back two days later: four are left.",
        {"status": "retracted", "retraction": {"en": "the purchase was cancelled (2103)"}},
    )
    for day in (0, 5, 10, 15, 20):
        fetch(told, day, 4, 14)
    refund(told, 20, 2)
    return told.until(moment(30))


@case
def late() -> Case:
    told = hoard(
        "late-purchase",
        "The third of five purchases is sent twelve days late; it counts on its own day.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-24 10:00:00",
         "measures": {"fetches_in_month": 5, "days_at_home": 50, "fetched_early": 3}},
    )  # fmt: skip
    for day in (0, 5, 15, 20):
        fetch(told, day, 4, 14)
    fetch(told, 10, 4, 14, sent=22)
    return told.until(moment(30))
