"""When is a bed held, and when does a stay only look like it?"""

from __future__ import annotations

from typing import Any

from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import MATERIAL, TABLETS, Billed, Gateway, moment, routine_lines, treatment_lines


def held_bed(name: str, why: str, *expect: Expected, **entry: Any) -> Case:
    """Six nights of which the second to fourth saw nobody treated; discharged on day 6."""
    told = Case("bed_holding", name, why, *expect)
    told.stay("MI1", FAMILY[0], 6, {0, 4, 5}, **entry)
    return told


@case
def three_idle_days() -> Case:
    return held_bed(
        "hit-three-idle-days",
        "Days 1 to 3 of a stay bill nothing but bed, nursing and consulting. The third is settled 72 h after its end, on day 7 "
        "(2026-03-09) 00:00; this sender's habits are not known, so nothing is said earlier. 3 of 6 days: share 0.5, medium; "
        "score 0.35 + 0.35 x 0.5 + 0.1; the whole bill is at risk: 6 x 70 + 3 x 60 = 600 yuan.",
        {
            "status": "open", "severity": "medium", "visits": ["MI1"], "raised_at": "2026-03-09 00:00:00", "score": 0.625,
            "measures": {"idle_days_in_a_row": 3, "idle_days_settled": 3, "idle_share": 0.5, "days_of_stay": 6},
            "begin": "2026-03-02 09:00:00", "end": "2026-03-08 11:00:00", "fund_at_risk": 60_000,
        },
    ).until(moment(9))  # fmt: skip


@case
def two_idle_days() -> Case:
    told = Case("bed_holding", "near-two-idle-days", "Two idle days are one too few.")
    told.stay("MI1", FAMILY[0], 6, {0, 3, 4, 5})
    return told.until(moment(12))


@case
def raised_during_the_stay() -> Case:
    told = Case(
        "bed_holding", "hit-during-the-stay",
        "The sender has billed ten treated stay-days, each whole in one message: its routine-only bills are believed 12 h after "
        "the day. Day 1 is settled on day 5 (03-07) 00:00; days 2 and 3 are probable: the alert is raised while the patient is "
        "in. By day 5, 12:00, day 4 is probable too: 4 idle of 5 days, one settled: low; 0.35 + 0.35 x 0.8 + 0.05.",
        {
            "status": "open", "severity": "low", "visits": ["MI1"], "raised_at": "2026-03-07 00:00:00", "score": 0.68,
            "measures": {"idle_days_in_a_row": 4, "idle_days_settled": 1, "days_of_stay": 5}, "end": None,
        },
    )  # fmt: skip
    told.stay("MI0", FAMILY[1], 11, range(11), day=-13)
    told.stay("MI1", FAMILY[0], 5, {0}, ends=False)
    return told.until(moment(5, 12))


@case
def day_surgery() -> Case:
    return held_bed("exclude-day-surgery", "日间手术 (28) is short by design.", med_type="2801").until(moment(12))


@case
def bed_day_package() -> Case:
    return held_bed("exclude-bed-day-package", "按床日付费 (2105) is paid by the day.", med_type="2105").until(
        moment(12)
    )


@case
def home_bed() -> Case:
    return held_bed(
        "exclude-home-bed", "家庭病床: the patient lies at home, where a nurse calls twice a week.", bed="家床-003"
    ).until(moment(12))


@case
def newborn() -> Case:
    return held_bed("exclude-newborn", "新生儿随母 (9921): a newborn gets care, not treatment.", med_type="9921").until(
        moment(12)
    )


@case
def delivery() -> Case:
    return held_bed("exclude-birth", "A delivery (O80) rests after it.", diagnosis="O80.000").until(moment(12))


@case
def discharge_day() -> Case:
    told = Case(
        "bed_holding", "exclude-discharge-day", "Days 1 and 2 idle; day 3, of discharge, is none of the stay's days."
    )
    told.stay("MI1", FAMILY[0], 3, {0})
    at = moment(3, 20)
    told.send(at, told.gateway.bill(at, FAMILY[0], "MI1", routine_lines("MI1", 3)))
    return told.until(moment(12))


@case
def night_of_admission() -> Case:
    told = Case(
        "bed_holding",
        "exclude-night-of-admission",
        "Admitted at 20:00: who comes at night is treated from the morning on.",
    )
    told.stay("MI1", FAMILY[0], 5, {3, 4}, hour=20)
    return told.until(moment(12))


@case
def lines_within_the_bound() -> Case:
    told = held_bed(
        "late-lines-in-time",
        "Day 2's treatment is billed 60 h after its end, inside the 72 h that lines may take: nothing was ever said.",
    )
    at = moment(3) + 60 * 3600
    told.send(at, told.gateway.bill(at, FAMILY[0], "MI1", treatment_lines("MI1", 2)))
    return told.until(moment(12))


@case
def lines_after_the_bound() -> Case:
    told = held_bed(
        "late-lines-retract",
        "Day 2's treatment is billed on day 9, when the alert stands since day 7: it is retracted, with its facts.",
        {
            "status": "retracted",
            "visits": ["MI1"],
            "raised_at": "2026-03-09 00:00:00",
            "revised_at": "2026-03-11 10:00:00",
        },
    )
    at = moment(9, 10)
    told.send(at, told.gateway.bill(at, FAMILY[0], "MI1", treatment_lines("MI1", 2)))
    return told.until(moment(20))


@case
def cancelled_admission() -> Case:
    told = held_bed(
        "correct-cancelled-admission",
        "The admission is cancelled (2404) after the alert was raised.",
        {"status": "retracted", "visits": ["MI1"], "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    told.send(moment(10), told.gateway.cancel_admission(moment(10), FAMILY[0], "MI1"))
    return told.until(moment(20))


@case
def cancelled_treatment() -> Case:
    told = Case(
        "bed_holding", "correct-cancelled-treatment",
        "Day 2's treatment is cancelled (2302) on day 8: what is left are three idle days, all of them settled.",
        {"status": "open", "severity": "medium", "visits": ["MI1"], "raised_at": "2026-03-10 08:00:00",
         "measures": {"idle_days_in_a_row": 3, "days_of_stay": 6}},
    )  # fmt: skip
    told.stay("MI1", FAMILY[0], 6, {0, 2, 4, 5})
    told.send(moment(8, 8), told.gateway.cancel_lines(moment(8, 8), FAMILY[0], "MI1", ["MI1-2-drip"]))
    return told.until(moment(12))


@case
def refunded_treatment() -> Case:
    told = Case(
        "bed_holding", "correct-refunded-treatment",
        "Day 2's treatment is refunded whole by a negative line on day 8: the same.",
        {"status": "open", "visits": ["MI1"], "measures": {"idle_days_in_a_row": 3}},
    )  # fmt: skip
    told.stay("MI1", FAMILY[0], 6, {0, 2, 4, 5})
    back = [
        line._replace(serial="r1", quantity=-line.quantity, amount=-line.amount, refunds=line.serial)
        for line in treatment_lines("MI1", 2)
    ]
    told.send(moment(8, 8), told.gateway.bill(moment(8, 8), FAMILY[0], "MI1", back))
    return told.until(moment(12))


CLINIC = Gateway("H50010600002")


def seen_at_a_clinic(told: Case, day: int) -> None:
    """Seen by a doctor elsewhere, and dressed there."""
    at = moment(day, 10)
    lines = [Billed("c1", at, MATERIAL, 1.0, 60.0)]
    told.send(at, CLINIC.registration(at, FAMILY[0], "MC1"))
    told.send(at + 60, CLINIC.charges(at + 60, FAMILY[0], "MC1", "B1", lines))
    told.send(at + 120, CLINIC.settle_visit(at + 120, FAMILY[0], "MC1", "B1", "SC1", 60.0))


@case
def served_elsewhere() -> Case:
    told = held_bed(
        "hit-served-elsewhere-meanwhile",
        "As three idle days, and on the second of them the patient was treated at a clinic: high, not medium, and 0.15 more.",
        {"status": "open", "severity": "high", "visits": ["MI1"], "score": 0.775, "raised_at": "2026-03-09 00:00:00",
         "measures": {"idle_days_in_a_row": 3, "days_served_elsewhere": 1}},
    )  # fmt: skip
    seen_at_a_clinic(told, 2)
    return told.until(moment(9))


@case
def elsewhere_refunded() -> Case:
    told = held_bed(
        "correct-served-elsewhere-refunded",
        "The clinic's visit is refunded (2208) on day 9: what is left are three idle days, medium as if he had never been there.",
        {"status": "open", "severity": "medium", "visits": ["MI1"], "score": 0.625, "revised_at": "2026-03-11 10:00:00"},
    )  # fmt: skip
    seen_at_a_clinic(told, 2)
    told.until(moment(9))
    told.send(moment(9, 10), CLINIC.refund_visit(moment(9, 10), FAMILY[0], "MC1", "SC1"))
    return told.until(moment(12))


@case
def fetched_drugs() -> Case:
    told = held_bed(
        "hit-drugs-fetched-meanwhile",
        "As three idle days, and on the second of them a pharmacy sold on his card: a relative may have gone, 0.05 more, still "
        "medium.",
        {"status": "open", "severity": "medium", "visits": ["MI1"], "score": 0.675,
         "measures": {"days_served_elsewhere": 1}},
    )  # fmt: skip
    shop = Gateway("P50010600003")
    at = moment(2, 10)
    told.send(at, shop.purchase(at, FAMILY[0], "MP1", "SP1", [Billed("1", at, TABLETS, 1.0, 12.5)]))
    return told.until(moment(9))


@case
def silent_feed() -> Case:
    told = Case(
        "bed_holding", "near-no-lines", "An institution that sends no lines at all shows nothing by their absence."
    )
    told.visit("MI1", FAMILY[0], moment(0, 9), moment(8, 11))
    return told.until(moment(20))


@case
def silent_days() -> Case:
    told = Case(
        "bed_holding", "hit-days-without-lines",
        "Days 1 to 3 have no line at all, while the ward billed another patient for each of them: 3 idle of 6 days, the third "
        "settled on day 7.",
        {"status": "open", "severity": "medium", "visits": ["MI1"], "raised_at": "2026-03-09 00:00:00",
         "measures": {"idle_days_in_a_row": 3, "days_of_stay": 6}},
    )  # fmt: skip
    told.stay("MI0", FAMILY[1], 6, range(6))
    told.visit("MI1", FAMILY[0], moment(0, 9), moment(6, 11))
    for day in (0, 4, 5):
        lines = routine_lines("MI1", day) + treatment_lines("MI1", day)
        told.send(moment(day + 1, 6), told.gateway.bill(moment(day + 1, 6), FAMILY[0], "MI1", lines))
    return told.until(moment(9))


@case
def takeaway_drugs() -> Case:
    told = held_bed(
        "hit-takeaway-is-no-treatment",
        "Drugs to take home (dscg_tkdrug_flag) billed for day 2 treat nobody in a bed.",
        {"status": "open", "visits": ["MI1"], "measures": {"idle_days_in_a_row": 3}},
    )
    home = [line._replace(takeaway=True) for line in treatment_lines("MI1", 2)]
    told.send(moment(3, 7), told.gateway.bill(moment(3, 7), FAMILY[0], "MI1", home))
    return told.until(moment(9))


def never_discharged(name: str, why: str, *expect: Expected, interim: bool = False, other: int = 11) -> Case:
    """Treated on each of four days and settled on the fourth; no discharge ever comes, while others are billed on."""
    told = Case("bed_holding", name, why, *expect)
    told.stay("MI0", FAMILY[1], other, range(other))
    told.stay("MI1", FAMILY[0], 4, range(4), ends=False)
    at = moment(4, 11)
    told.send(at, told.gateway.settle_stay(at, FAMILY[0], "MI1", "S1", 520.0, interim=interim))
    return told.until(moment(12))


@case
def settled_without_discharge() -> Case:
    return never_discharged(
        "exclude-settled-without-discharge",
        "The final settlement on day 4 says that he has left, though the discharge was forgotten: the days after it are not his.",
    )


@case
def settled_midway() -> Case:
    return never_discharged(
        "hit-settled-midway",
        "An interim settlement says nothing of the kind: days 4, 5, 6 … are idle, as others' bills for them came. Day 4 begins "
        "the run; the third, day 6, is settled 72 h after its end, on day 10 (2026-03-12) 00:00. By day 12 days 4 to 8 are.",
        {"status": "open", "severity": "medium", "visits": ["MI1"], "raised_at": "2026-03-12 00:00:00",
         "measures": {"idle_days_in_a_row": 5, "idle_days_settled": 3}, "end": None},
        interim=True,
    )  # fmt: skip
