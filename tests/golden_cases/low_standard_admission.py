"""When was somebody admitted for what outpatients come for, and when does a stay of tests have its reason?"""

from __future__ import annotations

import json
from typing import Any

from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import INFUSION, TABLETS, Billed, moment, routine_lines

ULTRASOUND, CT, BLOOD, PUNCTURE, OPERATION = (
    "220302001000000", "210300001000000", "250101015000000", "120400002000000", "331008001000000",
)  # fmt: skip
UNHEARD_OF = "999900000000000"
KINDS = {ULTRASOUND: "03", CT: "03", BLOOD: "04", PUNCTURE: "05", OPERATION: "06", UNHEARD_OF: ""}
WHO = FAMILY[0]


def told(name: str, why: str, *expect: Expected) -> Case:
    return Case("low_standard_admission", name, why, *expect)


def bill(one: Case, at: int, visit: str, lines: list[Billed]) -> None:
    """2301, answered with what each line is for."""
    message = json.loads(one.gateway.bill(at, WHO, visit, lines))
    for line, answer in zip(lines, message["output"]["result"], strict=True):
        answer["med_chrgitm_type"] = KINDS.get(line.item, answer["med_chrgitm_type"])
    one.send(at, json.dumps(message, ensure_ascii=False).encode())


def lines_of_tests(visit: str, day: int = 0) -> list[Billed]:
    """Ultrasound 180, CT 260, blood 120 yuan."""
    time = moment(day, 10)
    return [
        Billed(f"{visit}-us", time, ULTRASOUND, 1.0, 180.0),
        Billed(f"{visit}-ct", time, CT, 1.0, 260.0),
        Billed(f"{visit}-bl", time, BLOOD, 1.0, 120.0),
    ]


def examined(
    one: Case, *more: Billed, nights: int = 2, way: str = "1", diagnosis: str = "K29.500", settles: bool = True,
    discharge: str = "", **entry: Any,
) -> Case:  # fmt: skip
    """In on day 0, tests on that day, bed and nursing each night (70 yuan); out on day 2 at 11:00, settled at 15:00."""
    g = one.gateway
    begin, end = moment(0, 9), moment(nights, 11)
    one.send(begin + 300, g.admission(begin + 300, WHO, "MI1", begin=begin, diagnosis=diagnosis, **entry))
    for night in range(nights):
        lines = routine_lines("MI1", night) + ([*lines_of_tests("MI1"), *more] if night == 0 else [])
        bill(one, moment(night + 1, 6), "MI1", lines)
    left = json.loads(g.discharge(end + 300, WHO, "MI1", end=end, diagnosis=discharge))
    left["input"]["dscginfo"]["dscg_way"] = way
    one.send(end + 300, json.dumps(left, ensure_ascii=False).encode())
    if settles:
        one.send(end + 14_400, g.settle_stay(end + 14_400, WHO, "MI1", "S1", 700.0))
    return one


@case
def check_up() -> Case:
    return examined(
        told(
            "hit-check-up",
            "Gastritis (K29.5), 2 days: 560 of 700 yuan are tests, 0.8; the rest is bed, nursing and rounds. Told at the "
            "settlement, day 2, 15:00. 0.4 + 0.5 x 0.2 + 0.2 for nothing but tests + 0.1 for a mild illness.",
            {
                "status": "open", "severity": "medium", "visits": ["MI1"], "raised_at": "2026-03-04 15:00:00", "score": 0.8,
                "begin": "2026-03-02 09:00:00", "end": "2026-03-04 11:00:00", "fund_at_risk": 70_000,
                "measures": {"diagnostic_share": 0.8, "days_of_stay": 2, "drug_share": 0.0, "diagnostic_lines": 3},
            },
        )
    ).until(moment(9))  # fmt: skip


@case
def follow_up() -> Case:
    return examined(
        told(
            "hit-follow-up",
            "The same tests to see that what was treated is well (Z09.9): no illness at all. 0.2 for a check-up.",
            {"status": "open", "severity": "medium", "visits": ["MI1"], "score": 0.9, "fund_at_risk": 70_000},
        ),
        diagnosis="Z09.900",
    ).until(moment(9))


@case
def follow_up_of_a_tumour() -> Case:
    return examined(
        told("exclude-follow-up-of-a-tumour", "The same after a tumour (Z08.9): what is looked for is grave."),
        diagnosis="Z08.900",
    ).until(moment(9))


@case
def unsettled() -> Case:
    return examined(
        told(
            "hit-72-hours-after",
            "The same without a settlement: its lines must be there 72 hours after the discharge, day 5 (03-07), 11:00.",
            {"status": "open", "severity": "medium", "raised_at": "2026-03-07 11:00:00", "fund_at_risk": 70_000},
        ),
        settles=False,
    ).until(moment(9))


@case
def with_tablets() -> Case:
    return examined(
        told(
            "hit-with-tablets",
            "Tablets for 90 yuan and 10 for drawing blood: 560 / 800 = 0.7 tests, 0.113 drugs, 0.013 treatment.",
            {
                "status": "open", "severity": "medium", "score": 0.55,
                "measures": {"diagnostic_share": 0.7, "drug_share": 0.113, "treatment_share": 0.013},
            },
        ),
        Billed("MI1-t", moment(0, 12), TABLETS, 3.0, 90.0), Billed("MI1-p", moment(0, 8), PUNCTURE, 1.0, 10.0),
    ).until(moment(9))  # fmt: skip


@case
def infusions_for_a_few_yuan() -> Case:
    return examined(
        told(
            "exclude-infusions-for-a-few-yuan",
            "The fee for an infusion, 11 yuan or 0.015 of 711, on the day after the tests: no blood is drawn then. He was "
            "treated.",
        ),
        Billed("MI1-d", moment(1, 9), PUNCTURE, 1.0, 11.0),
    ).until(moment(9))


@case
def one_line_of_unknown_kind() -> Case:
    return examined(
        told(
            "near-one-line-of-unknown-kind",
            "A line of 40 yuan of which neither answer nor catalogue says what it is: 560 of 740 are tests, 0.757, and 0.054 is "
            "too little to be what he came for: low.",
            {"status": "open", "severity": "low", "measures": {"diagnostic_share": 0.757}},
        ),
        Billed("MI1-x", moment(0, 12), UNHEARD_OF, 1.0, 40.0),
    ).until(moment(9))


@case
def too_few_tests() -> Case:
    return examined(
        told("near-too-few-tests", "Tablets for 300 yuan: 560 of 1,000 are tests, 0.56."),
        Billed("MI1-t", moment(0, 12), TABLETS, 10.0, 300.0),
    ).until(moment(9))


@case
def many_drugs() -> Case:
    return examined(
        told(
            "near-many-drugs",
            "Tablets for 220 yuan: 560 / 920 = 0.609 tests, but 0.239 drugs: somebody was treated. Low.",
            {"status": "open", "severity": "low", "measures": {"drug_share": 0.239}},
        ),
        Billed("MI1-t", moment(0, 12), TABLETS, 8.0, 220.0),
    ).until(moment(9))


@case
def four_days() -> Case:
    return examined(
        told("near-four-days", "Four days are longer than three, though 560 of 840 yuan are tests."), nights=4
    ).until(moment(12))


@case
def on_no_list() -> Case:
    return examined(
        told(
            "near-an-illness-on-no-list",
            "Filariasis (B74.9) is on no list; 0.8 of tests and no drugs: low, 0.4 + 0.1 + 0.2 - 0.1.",
            {"status": "open", "severity": "low", "score": 0.6},
        ),
        diagnosis="B74.900",
    ).until(moment(9))


@case
def chest_pain() -> Case:
    return examined(
        told("exclude-chest-pain", "Admitted with chest pain (R07.4), discharged with gastritis: that is what tests are for."),
        diagnosis="R07.400", discharge="K29.500",
    ).until(moment(9))  # fmt: skip


@case
def tumour() -> Case:
    return examined(told("exclude-tumour", "A shadow on the lung (D38.1)."), diagnosis="D38.100").until(moment(9))


@case
def operated() -> Case:
    return examined(
        told("exclude-operation", "A polyp was taken away (06)."),
        Billed("MI1-o", moment(0, 14), OPERATION, 1.0, 100.0),
    ).until(moment(9))


@case
def treated() -> Case:
    return examined(
        told("exclude-treatment", "Treated for 80 yuan: 0.1 of the bill."),
        Billed("MI1-p", moment(0, 14), PUNCTURE, 4.0, 80.0),
    ).until(moment(9))


@case
def infused() -> Case:
    return examined(
        told("exclude-infusion", "A drip (B05) on the first day."), Billed("MI1-i", moment(0, 14), INFUSION, 1.0, 20.0)
    ).until(moment(9))


@case
def emergency() -> Case:
    return examined(told("exclude-emergency", "急诊转住院 (24)."), med_type="24").until(moment(9))


@case
def day_surgery() -> Case:
    return examined(told("exclude-day-surgery", "日间手术 (28)."), med_type="28").until(moment(9))


@case
def packaged() -> Case:
    return examined(told("exclude-package", "单病种 (26) is paid by the case."), med_type="26").until(moment(9))


@case
def transferred() -> Case:
    return examined(told("exclude-transfer", "Sent on to another hospital (dscg_way 2)."), way="2").until(moment(9))


@case
def left() -> Case:
    return examined(
        told("exclude-left-against-advice", "Left against advice (4) before anything was done."), way="4"
    ).until(moment(9))


@case
def late_line() -> Case:
    one = examined(
        told(
            "late-lines-retract",
            "On day 4 a line of treatment for 80 yuan comes after all: 0.1 of the bill.",
            {"status": "retracted", "raised_at": "2026-03-04 15:00:00"},
        )
    )
    bill(one, moment(4, 9), "MI1", [Billed("MI1-p", moment(1, 14), PUNCTURE, 4.0, 80.0)])
    return one.until(moment(9))


@case
def discharge_cancelled() -> Case:
    one = examined(
        told(
            "correct-discharge-cancelled",
            "Raised 72 h after the discharge; on day 6 the discharge is cancelled: the stay goes on.",
            {"status": "retracted", "raised_at": "2026-03-07 11:00:00"},
        ),
        settles=False,
    )
    one.send(moment(6), one.gateway.cancel_discharge(moment(6), WHO, "MI1"))
    return one.until(moment(9))


@case
def admission_cancelled() -> Case:
    one = examined(
        told(
            "correct-admission-cancelled", "On day 6 the admission is cancelled.",
            {"status": "retracted", "raised_at": "2026-03-07 11:00:00"},
        ),
        settles=False,
    )  # fmt: skip
    one.send(moment(6), one.gateway.cancel_admission(moment(6), WHO, "MI1"))
    return one.until(moment(9))


@case
def settlement_refunded() -> Case:
    one = examined(
        told(
            "correct-settlement-refunded",
            "Told at the settlement on day 2; it is refunded on day 3: until 72 h have passed it is open what is billed, then "
            "it is told again, on the whole bill.",
            {"status": "open", "severity": "medium", "raised_at": "2026-03-04 15:00:00", "fund_at_risk": 70_000},
        )
    )
    one.send(moment(3), one.gateway.refund_stay(moment(3), WHO, "MI1", "S1"))
    return one.until(moment(9))


@case
def held_bed() -> Case:
    one = told("exclude-held-bed", "Three days of nothing but bed and nursing, tests on the last: that is a held bed.")
    g, begin, end = one.gateway, moment(0, 9), moment(3, 15)
    one.send(begin + 300, g.admission(begin + 300, WHO, "MI1", begin=begin, diagnosis="K29.500"))
    for night in range(3):
        bill(one, moment(night + 1, 6), "MI1", routine_lines("MI1", night))
    bill(one, moment(3, 14), "MI1", lines_of_tests("MI1", 3))
    one.send(end + 300, g.discharge(end + 300, WHO, "MI1", end=end))
    return one.until(moment(12))
