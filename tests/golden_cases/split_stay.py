"""Which readmissions are one stay cut in two, and which have a reason?"""

from __future__ import annotations

from typing import Any

from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import Gateway, moment, person_record

PATIENT = FAMILY[0]


def split(name: str, why: str, *expect: Expected) -> Case:
    return Case("split_stay", name, why, *expect)


def stay(
    told: Case, visit: str, day: int, days: int | None, *, way: str = "1", gateway: Gateway | None = None, hour: int = 9,
    settled: float = 0.0, person: str = PATIENT, **entry: Any,
) -> None:  # fmt: skip
    """From 9 h on day ``day`` to 10 h, ``days`` later; None: he is still in."""
    gateway = gateway or told.gateway
    begin = moment(day, hour)
    told.send(begin + 300, gateway.admission(begin + 300, person, visit, begin=begin, **entry))
    if days is not None:
        end = moment(day + days, 10)
        told.send(end + 300, gateway.discharge(end + 300, person, visit, end=end, way=way))
        if settled:
            told.send(end + 600, gateway.settle_stay(end + 600, person, visit, f"S{visit}", settled))


def twice(name: str, why: str, *expect: Expected, gap: int, days: int | None = None, **first: Any) -> Case:
    """Seven days in, ``gap`` days out, in again with the same illness."""
    told = split(name, why, *expect)
    stay(told, "MA", 0, 7, **first)
    stay(told, "MB", 7 + gap, days)
    return told


@case
def the_next_day() -> Case:
    return twice(
        "hit-the-next-day",
        "Discharged on day 7, admitted again on day 8 with the same illness: 3 of 2.75: high, when he is admitted.",
        {"status": "open", "severity": "high", "visits": ["MA", "MB"], "raised_at": "2026-03-10 09:05:00", "score": 0.75,
         "measures": {"days_to_readmission": 1, "stays_in_chain": 2, "evidence_weight": 3.0}},
        gap=1,
    ).until(moment(20))  # fmt: skip


@case
def within_a_week() -> Case:
    return twice(
        "hit-within-a-week",
        "Five days between: 2 of 1.75: medium.",
        {"status": "open", "severity": "medium", "measures": {"days_to_readmission": 5, "evidence_weight": 2.0}},
        gap=5,
    ).until(moment(20))


@case
def within_a_fortnight() -> Case:
    return twice(
        "near-within-a-fortnight",
        "Twelve days between: 1: low, as the rule's words have it.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 12, "evidence_weight": 1.0}},
        gap=12,
    ).until(moment(30))


@case
def as_long_and_as_dear() -> Case:
    told = split(
        "hit-as-long-and-as-dear",
        "Seven days, three out, seven days, for 3,000 and 3,060 yuan: 2 + 0.25 + 0.25 = 2.5: medium; the readmission's money.",
        {"status": "open", "severity": "medium", "fund_at_risk": 306_000, "measures": {"evidence_weight": 2.5}},
    )
    stay(told, "MA", 0, 7, settled=3000.0)
    stay(told, "MB", 10, 7, settled=3060.0)
    return told.until(moment(30))


@case
def again_and_again() -> Case:
    told = split(
        "hit-again-and-again",
        "Four stays, three days between: 2 + 0.25 for like lengths + 0.5 for each of two repetitions: one alert, high.",
        {"status": "open", "severity": "high", "visits": ["MA", "MB", "MC", "MD"], "raised_at": "2026-03-12 09:05:00",
         "measures": {"stays_in_chain": 4, "evidence_weight": 3.25}},
    )  # fmt: skip
    for number, visit in enumerate(("MA", "MB", "MC", "MD")):
        stay(told, visit, 10 * number, 7)
    return told.until(moment(50))


@case
def gravely_ill() -> Case:
    told = split(
        "near-gravely-ill",
        "Chronic ischaemia of the heart, five days between: 2 - 0.5: he may have come back by himself: low.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 5, "evidence_weight": 1.5}},
    )
    stay(told, "MA", 0, 7, diagnosis="I25.103")
    stay(told, "MB", 12, None, diagnosis="I25.103")
    return told.until(moment(30))


@case
def gravely_ill_the_next_day() -> Case:
    told = split(
        "hit-gravely-ill-the-next-day",
        "A stroke, out on day 5, in again on day 6, as long again: 3 - 0.5 + 0.25 = 2.75: high.",
        {"status": "open", "severity": "high", "measures": {"days_to_readmission": 1, "evidence_weight": 2.75}},
    )
    stay(told, "MA", 0, 5, diagnosis="I63.900")
    stay(told, "MB", 6, 5, diagnosis="I63.900")
    return told.until(moment(30))


@case
def after_a_full_stay() -> Case:
    told = split(
        "hit-gravely-ill-after-a-full-stay",
        "Heart failure, eleven days in, five out, in again: 2 - 1: the first stay was not cut short, and it flares up: low.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 5, "evidence_weight": 1.0}},
    )
    stay(told, "MA", 0, 11, diagnosis="I50.900")
    stay(told, "MB", 16, None, diagnosis="I50.900")
    return told.until(moment(30))


@case
def acutely_ill_after_a_full_stay() -> Case:
    told = split(
        "near-acutely-ill-after-a-full-stay",
        "The same with pneumonia, which was cured or was not: 2 - 1: low.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 5, "evidence_weight": 1.0}},
    )
    stay(told, "MA", 0, 11, diagnosis="J18.900")
    stay(told, "MB", 16, None, diagnosis="J18.900")
    return told.until(moment(30))


@case
def a_stroke_a_fortnight_ago() -> Case:
    told = split(
        "near-a-stroke-a-fortnight-ago",
        "A stroke, five days in, twelve out, in again: 1 - 0.5: it does not flare up by itself: low.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 12, "evidence_weight": 0.5}},
    )
    stay(told, "MA", 0, 5, diagnosis="I63.900")
    stay(told, "MB", 17, None, diagnosis="I63.900")
    return told.until(moment(30))


@case
def flares_up() -> Case:
    told = split(
        "hit-flares-up-after-weeks",
        "Chronic obstruction of the lungs, twelve days between: 1 - 0.5: low.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 12, "evidence_weight": 0.5}},
    )
    stay(told, "MA", 0, 7, diagnosis="J44.100")
    stay(told, "MB", 19, 7, diagnosis="J44.100")
    return told.until(moment(40))


@case
def flares_up_at_night() -> Case:
    told = split(
        "hit-flares-up-at-night",
        "Chronic obstruction of the lungs, two days between, in again at eight in the evening, as long and as dear: "
        "2 - 0.5 - 0.5 + 0.25: who cannot breathe comes when he cannot, and is treated as the last time: low.",
        {"status": "open", "severity": "low", "measures": {"days_to_readmission": 2, "evidence_weight": 1.25}},
    )
    stay(told, "MA", 0, 7, diagnosis="J44.100", settled=2653.0)
    stay(told, "MB", 9, 7, diagnosis="J44.100", hour=20, settled=2645.0)
    return told.until(moment(40))


@case
def flares_up_by_day() -> Case:
    told = split(
        "hit-flares-up-by-day",
        "The same in the morning: 2 - 0.5 + 0.25: medium: he came as to an appointment.",
        {"status": "open", "severity": "medium", "measures": {"days_to_readmission": 2, "evidence_weight": 1.75}},
    )
    stay(told, "MA", 0, 7, diagnosis="J44.100", settled=2653.0)
    stay(told, "MB", 9, 7, diagnosis="J44.100", settled=2645.0)
    return told.until(moment(40))


@case
def nights_as_a_habit() -> Case:
    told = split(
        "hit-flares-up-at-night-again-and-again",
        "The same four times, always at night: 2 - 0.5 - 0.5, and 0.5 for each of two repetitions: a habit: medium.",
        {"status": "open", "severity": "medium", "visits": ["MA", "MB", "MC", "MD"],
         "measures": {"stays_in_chain": 4, "evidence_weight": 2.0}},
    )  # fmt: skip
    for number, visit in enumerate(("MA", "MB", "MC", "MD")):
        stay(told, visit, 9 * number, 7, diagnosis="J44.100", hour=20)
    return told.until(moment(60))


@case
def a_habit() -> Case:
    told = split(
        "hit-weeks-apart-four-times",
        "The same four times in a row, always twelve days between: 1 - 0.5, and 0.5 for each of two repetitions: low.",
        {"status": "open", "severity": "low", "visits": ["MA", "MB", "MC", "MD"],
         "measures": {"stays_in_chain": 4, "evidence_weight": 1.5}},
    )  # fmt: skip
    for number, visit in enumerate(("MA", "MB", "MC", "MD")):
        stay(told, visit, 19 * number, 7, diagnosis="J44.100")
    return told.until(moment(80))


@case
def registered_twice() -> Case:
    told = split("exclude-registered-twice", "One admission of an hour, registered twice on its day.")
    stay(told, "MA", 3, 0, hour=8)
    stay(told, "MB", 3, 1, hour=11)
    return told.until(moment(20))


@case
def a_related_illness() -> Case:
    told = split(
        "hit-a-related-illness-at-once",
        "Angina, and the day after chronic ischaemia: one block, 3 - 1 = 2: medium.",
        {"status": "open", "severity": "medium", "measures": {"evidence_weight": 2.0}},
    )
    stay(told, "MA", 0, 7, diagnosis="I20.000")
    stay(told, "MB", 8, None, diagnosis="I25.103")
    return told.until(moment(20))


@case
def a_late_discharge() -> Case:
    told = split(
        "hit-a-late-discharge",
        "The first discharge is reported two days after the readmission: raised then.",
        {"status": "open", "severity": "high", "raised_at": "2026-03-12 08:00:00"},
    )
    told.send(moment(0, 9), told.gateway.admission(moment(0, 9), PATIENT, "MA"))
    told.send(moment(8, 9), told.gateway.admission(moment(8, 9), PATIENT, "MB"))
    told.send(moment(10, 8), told.gateway.discharge(moment(10, 8), PATIENT, "MA", end=moment(7, 10)))
    return told.until(moment(20))


@case
def three_weeks() -> Case:
    return twice("near-three-weeks", "Sixteen days between are one too many.", gap=16).until(moment(40))


@case
def another_illness() -> Case:
    told = split("near-another-illness", "Hypertension, then a stomach ulcer: nothing goes on.")
    stay(told, "MA", 0, 7)
    stay(told, "MB", 8, None, diagnosis="K25.900")
    return told.until(moment(20))


@case
def another_name() -> Case:
    told = split(
        "hit-another-name-at-once",
        "Chronic bronchitis, discharged at 10 h; acute bronchitis, admitted at 11 h (another block of the same chapter: "
        "3-1.25, and 0.25 for a stay as long); the next day chronic bronchitis again (the same), and half a point for the "
        "second time: 2.5 of 1.75: medium.",
        {"status": "open", "severity": "medium", "visits": ["MA", "MB", "MC"],
         "measures": {"days_to_readmission": 0, "stays_in_chain": 3, "evidence_weight": 2.5}},
    )  # fmt: skip
    stay(told, "MA", 0, 7, diagnosis="J42.x00")
    stay(told, "MB", 7, 7, diagnosis="J20.900", hour=11)
    stay(told, "MC", 15, 7, diagnosis="J42.x00")
    return told.until(moment(40))


@case
def another_organ_at_once() -> Case:
    told = split(
        "near-another-organ-at-once", "A stomach ulcer, and admitted on the next day with bronchitis: another chapter."
    )
    stay(told, "MA", 0, 7, diagnosis="K25.900")
    stay(told, "MB", 8, 7, diagnosis="J20.900")
    return told.until(moment(20))


@case
def another_name_later() -> Case:
    told = split(
        "near-another-name-later", "Chronic bronchitis, three days later acute bronchitis: he has caught a cold."
    )
    stay(told, "MA", 0, 7, diagnosis="J42.x00")
    stay(told, "MB", 10, 7, diagnosis="J20.900")
    return told.until(moment(20))


@case
def another_hospital() -> Case:
    told = split("near-another-hospital", "The second stay is elsewhere.")
    stay(told, "MA", 0, 7)
    stay(told, "MB", 8, None, gateway=Gateway("H50010600002"))
    return told.until(moment(20))


@case
def interim_settlement() -> Case:
    told = split("near-interim-settlement", "A long stay settled half-way is one stay.")
    stay(told, "MA", 0, 20)
    at = moment(10)
    told.send(at, told.gateway.settle_stay(at, PATIENT, "MA", "SI", 2000.0, interim=True))
    return told.until(moment(30))


@case
def transferred() -> Case:
    return twice("exclude-transfer", "He was transferred (way 2) and comes back.", gap=1, way="2").until(moment(20))


@case
def against_advice() -> Case:
    told = twice("exclude-left-against-advice", "He left against advice (way 4) and comes back: 2 - 1.", gap=3, way="4")
    return told.until(moment(20))


@case
def emergency() -> Case:
    told = split("exclude-emergency", "He comes back through the emergency room (24): 2 - 1.")
    stay(told, "MA", 0, 7)
    stay(told, "MB", 10, None, med_type="24")
    return told.until(moment(20))


@case
def at_night() -> Case:
    told = split(
        "exclude-at-night-by-halves",
        "Admitted again at two in the night, three days later: 2 - 0.5 is low.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 1.5}},
    )
    stay(told, "MA", 0, 7)
    stay(told, "MB", 10, None, hour=2)
    return told.until(moment(20))


@case
def chemotherapy() -> Case:
    told = split("exclude-chemotherapy", "A course of chemotherapy (Z51), a week between two stays.")
    for number in range(4):
        stay(told, f"MC{number}", 10 * number, 3, diagnosis="Z51.102")
    return told.until(moment(50))


@case
def dialysis() -> Case:
    told = split("exclude-dialysis", "Kidney failure (N18) that is dialysed in short stays.")
    for number in range(4):
        stay(told, f"MD{number}", 4 * number, 2, diagnosis="N18.600")
    return told.until(moment(40))


@case
def planned() -> Case:
    told = twice("exclude-planned-readmission", "The settlement list says that he comes back by plan.", gap=3)
    told.send(moment(8), told.gateway.settlement_list(moment(8), PATIENT, "MA", "SMA", comes_back="2"))
    return told.until(moment(20))


@case
def planned_as_counted_from_zero() -> Case:
    told = twice(
        "exclude-planned-where-none-is-zero",
        "The list of another patient's stay, weeks before, says 0: this hospital counts 0 and 1, and his 1 is a plan.",
        gap=3,
    )
    stay(told, "M0", -30, 3, diagnosis="J18.900", person=FAMILY[1])
    told.send(moment(-20), told.gateway.settlement_list(moment(-20), FAMILY[1], "M0", "SM0", comes_back="0"))
    told.send(moment(8), told.gateway.settlement_list(moment(8), PATIENT, "MA", "SMA", comes_back="1"))
    return told.until(moment(20))


@case
def no_plan_as_the_code_book_says() -> Case:
    told = twice(
        "hit-no-plan-by-the-code-book",
        "The list says 1, which is none by the code book, in a hospital that never says 0.",
        {"status": "open"},
        gap=3,
    )
    told.send(moment(8), told.gateway.settlement_list(moment(8), PATIENT, "MA", "SMA", comes_back="1"))
    return told.until(moment(20))


@case
def births() -> Case:
    told = split("exclude-birth", "False labour, and a day later the birth.")
    stay(told, "MA", 0, 2, diagnosis="O47.100")
    stay(told, "MB", 3, 3, diagnosis="O80.000", med_type="52")
    return told.until(moment(20))


@case
def newborn() -> Case:
    told = split("exclude-newborn", "A child of ten days with jaundice comes back.")
    child = "5001060000000001001"
    told.persons.append(person_record(child, "HH1", brdy="2026-03-01"))
    stay(told, "MA", 2, 3, diagnosis="J18.900", person=child)
    stay(told, "MB", 7, None, diagnosis="J18.900", person=child)
    return told.until(moment(20))


@case
def day_surgery() -> Case:
    told = split("exclude-day-surgery", "Day surgery of one eye after the other.")
    stay(told, "MA", 0, 1, med_type="28", diagnosis="H25.900")
    stay(told, "MB", 4, 1, med_type="28", diagnosis="H25.900")
    return told.until(moment(20))


@case
def paid_by_the_day() -> Case:
    told = split("exclude-paid-by-the-day", "A psychiatric bed paid by the day (2105): cutting it gains nothing.")
    stay(told, "MA", 0, 7, med_type="2105", diagnosis="F20.900")
    stay(told, "MB", 7, None, med_type="2105", diagnosis="F20.900")
    return told.until(moment(20))


@case
def injury() -> Case:
    told = split("exclude-injury", "Two days after the ward he breaks a leg.")
    stay(told, "MA", 0, 7, diagnosis="M80.900")
    stay(told, "MB", 9, None, diagnosis="S82.200")
    return told.until(moment(20))


@case
def readmission_never_was() -> Case:
    told = twice(
        "correct-readmission-cancelled",
        "The readmission is cancelled (2404).",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
        gap=1,
    )
    told.send(moment(9), told.gateway.cancel_admission(moment(9), PATIENT, "MB"))
    return told.until(moment(20))


@case
def discharge_undone() -> Case:
    told = twice(
        "correct-discharge-undone",
        "The first discharge is undone (2405): he never left.",
        {"status": "retracted", "retraction": {"en": "the discharge was cancelled (2405)"}},
        gap=1,
    )
    told.send(moment(9), told.gateway.cancel_discharge(moment(9), PATIENT, "MA"))
    return told.until(moment(20))


@case
def illness_corrected() -> Case:
    told = twice(
        "correct-illness-changed",
        "The second admission's diagnosis was wrong (2403): another illness.",
        {"status": "retracted", "retraction": {"en": "the admission was changed (2403)"}},
        gap=1,
    )
    at = moment(9)
    told.send(at, told.gateway.change(at, PATIENT, "MB", begin=moment(8, 9), diagnosis="K25.900"))
    return told.until(moment(20))


@case
def planned_after_all() -> Case:
    told = twice(
        "correct-planned-after-all",
        "The settlement list comes a week later and says that the readmission was planned.",
        {"status": "retracted"},
        gap=3,
    )
    told.send(moment(15), told.gateway.settlement_list(moment(15), PATIENT, "MA", "SMA", comes_back="2"))
    return told.until(moment(20))
