"""Who is admitted too often, and whose illness explains it?"""

from __future__ import annotations

from collections.abc import Sequence

from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import Gateway, moment, person_record

PATIENT = FAMILY[0]
HOSPITALS = ("H50010600001", "H50010600002", "H50010600003")
POOR, NOBODY = "7131", ""


def often(name: str, why: str, *expect: Expected, group: str = POOR, birth: str = "1960-05-01") -> Case:
    told = Case("frequent_admission", name, why, *expect)
    told.persons = [person_record(PATIENT, "HH1", psn_idet_type=group, brdy=birth)]
    return told


def stays(
    told: Case, days: Sequence[int], *, places: Sequence[str] = HOSPITALS[:1], diagnosis: str = "I63.900",
    med_type: str = "21", way: str = "1", nights: int = 6, amount: float = 2000.0,
) -> None:  # fmt: skip
    """Stays that begin on those days, in the places in turn."""
    for number, day in enumerate(days):
        gateway = Gateway(places[number % len(places)])
        gateway.sent = 10 * number
        visit, begin, end = f"MF{day}", moment(day, 9), moment(day + nights, 11)
        told.send(begin, gateway.admission(begin, PATIENT, visit, diagnosis=diagnosis, med_type=med_type))
        told.send(end, gateway.discharge(end, PATIENT, visit, way=way))
        told.send(end + 300, gateway.settle_stay(end + 300, PATIENT, visit, f"S{visit}", amount))


@case
def four_of_a_special_group() -> Case:
    told = often(
        "hit-four-of-a-special-group",
        "特困 with four stays in 60 days, each weighing 1: 4 of 4: medium, from the fourth admission on (2026-04-25); the money "
        "is the fourth's.",
        {"status": "open", "severity": "medium", "raised_at": "2026-04-25 09:00:00", "score": 0.5, "fund_at_risk": 200000,
         "visits": ["MF0", "MF18", "MF36", "MF54"], "measures": {"stays_in_year": 4, "evidence_weight": 4.0}},
    )  # fmt: skip
    stays(told, (0, 18, 36, 54))
    return told.until(moment(62))


@case
def rotating() -> Case:
    told = often(
        "hit-rotating-with-mild-illness",
        "Five stays for back pain in three hospitals in turn: 5 + 0.5 x 2 + 1 = 7 of 4: high.",
        {
            "status": "open",
            "severity": "high",
            "measures": {"institutions": 3, "mild_stays": 5, "evidence_weight": 7.0},
        },
    )
    stays(told, (0, 12, 24, 36, 48), places=HOSPITALS, diagnosis="M54.500")
    return told.until(moment(58))


@case
def six_of_anybody() -> Case:
    told = often(
        "hit-six-of-anybody",
        "Six stays of somebody of no special group: 6 of 6: medium.",
        {"status": "open", "severity": "medium", "measures": {"stays_in_year": 6, "evidence_weight": 6.0}},
        group=NOBODY,
    )
    stays(told, (0, 10, 20, 30, 40, 50))
    return told.until(moment(60))


@case
def old_and_mildly_ill() -> Case:
    told = often(
        "hit-old-and-mildly-ill",
        "Eighty years old, four stays for hypertension: the lower limit, 4 + 1 = 5 of 4: medium.",
        {"status": "open", "severity": "medium", "measures": {"stays_in_year": 4, "evidence_weight": 5.0}},
        group=NOBODY,
        birth="1946-01-01",
    )
    stays(told, (0, 15, 30, 45), diagnosis="I10.x00")
    return told.until(moment(55))


@case
def one_alert_a_year() -> Case:
    told = often(
        "year-one-alert-each",
        "A stay every 60 days from March on: the alert of 2026 ends with that of 2026-12-27 (six of them), the one of 2027 with "
        "that of 2027-02-25 (seven within 365 days).",
        {"status": "open", "severity": "high", "visits": [f"MF{day}" for day in range(0, 301, 60)]},
        {"status": "open", "severity": "high", "visits": [f"MF{day}" for day in range(0, 361, 60)]},
    )
    stays(told, range(0, 361, 60))
    return told.until(moment(370))


@case
def three() -> Case:
    told = often("near-three", "Three stays of a special group.")
    stays(told, (0, 70, 140))
    return told.until(moment(160))


@case
def five_of_anybody() -> Case:
    told = often("near-five-of-anybody", "Five stays of somebody of no special group.", group=NOBODY)
    stays(told, (0, 40, 80, 120, 160))
    return told.until(moment(180))


@case
def over_a_year() -> Case:
    told = often("near-over-a-year", "Four stays, but the first was 366 days before the fourth.")
    stays(told, (0, 120, 240, 366))
    return told.until(moment(380))


@case
def chemotherapy() -> Case:
    told = often("exclude-chemotherapy", "Eight courses of chemotherapy (Z51.1) at three weeks' distance.")
    stays(told, range(0, 168, 21), diagnosis="Z51.102", nights=3)
    return told.until(moment(180))


@case
def chemotherapy_coded_by_the_tumour() -> Case:
    told = often(
        "exclude-chemotherapy-coded-by-the-tumour", "Eight stays of three days at three weeks' distance, coded C34.9."
    )
    stays(told, range(0, 168, 21), diagnosis="C34.900", nights=3)
    return told.until(moment(180))


@case
def dialysis() -> Case:
    told = often("exclude-dialysis", "Short stays for kidney failure every week: dialysis.")
    stays(told, range(0, 56, 7), diagnosis="N18.500", nights=1)
    return told.until(moment(70))


@case
def long_term_ward() -> Case:
    told = often("exclude-bed-day-package", "A psychiatric ward paid by the day (2105), month after month.")
    stays(told, range(0, 150, 30), diagnosis="F20.900", med_type="2105", nights=29)
    return told.until(moment(160))


@case
def transfers() -> Case:
    told = often(
        "exclude-transfers",
        "Three times taken to the county hospital the same day (dscg_way 2): three illnesses, not six.",
    )
    for day in (0, 60, 120):
        stays(told, (day,), way="2", nights=3)
        stays(told, (day + 3,), places=HOSPITALS[1:2], med_type="23")
    return told.until(moment(140))


@case
def grave_illness() -> Case:
    told = often(
        "near-grave-illness",
        "Five stays for heart failure, which weigh half: 2.5 of 4: a hint.",
        {"status": "open", "severity": "low", "measures": {"stays_in_year": 5, "evidence_weight": 2.5}},
    )
    stays(told, (0, 50, 100, 150, 200), diagnosis="I50.900")
    return told.until(moment(220))


@case
def late_discharge() -> Case:
    told = often(
        "late-first-discharge",
        "The first stay's discharge is sent again after all others were: nothing but admissions counts, medium as before.",
        {"status": "open", "severity": "medium", "measures": {"stays_in_year": 4}},
    )
    stays(told, (0, 20, 40, 60))
    gateway = Gateway(HOSPITALS[0])
    gateway.sent = 900
    told.send(moment(65), gateway.discharge(moment(65), PATIENT, "MF0", end=moment(7, 9)))
    return told.until(moment(70))


@case
def cancelled() -> Case:
    told = often(
        "correct-cancelled-admission",
        "The second of four admissions is cancelled (2404): three are left.",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    stays(told, (0, 20, 40, 60))
    gateway = Gateway(HOSPITALS[0])
    gateway.sent = 900
    told.send(moment(70), gateway.cancel_admission(moment(70), PATIENT, "MF20"))
    return told.until(moment(75))
