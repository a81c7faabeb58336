"""Who is in two hospitals at once, and who only looks so?"""

from __future__ import annotations

from schemas.china_time import HOUR
from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import Gateway, moment, person_record

PATIENT = FAMILY[0]
OTHER = "H50010600002"


def at_once(name: str, why: str, *expect: Expected) -> Case:
    return Case("overlapping_stay", name, why, *expect)


def stay(
    told: Case, visit: str, begin: int, end: int | None, *, place: str = "", way: str = "1", late: int = 300,
    diagnosis: str = "I10.x00", med_type: str = "21", amount: float = 0.0,
) -> Gateway:  # fmt: skip
    """A stay in one of the two hospitals, whose discharge is reported ``late`` seconds after it."""
    gateway = Gateway(place) if place else told.gateway
    gateway.sent += 100 * (len(told.sent) + 1) if place else 0
    admission = gateway.admission(begin + 300, PATIENT, visit, begin=begin, diagnosis=diagnosis, med_type=med_type)
    told.send(begin + 300, admission)
    if end is not None:
        told.send(end + late, gateway.discharge(end + late, PATIENT, visit, end=end, way=way))
        if amount:
            at = end + late + 300
            told.send(at, gateway.settle_stay(at, PATIENT, visit, f"S{visit}", amount))
    return gateway


@case
def two_days() -> Case:
    told = at_once(
        "hit-two-days-in-both",
        "In one hospital from day 0 to 8, in another from day 6 to 12: 50 hours: 1 + 0.2 for the day beyond 24 hours = 1.2: "
        "medium; the money is the cheaper stay's. Raised on day 9, when an end of the second within a day would be known.",
        {"status": "open", "severity": "medium", "institution": OTHER, "visits": ["MA", "MB"], "fund_at_risk": 300000,
         "raised_at": "2026-03-11 09:00:00", "measures": {"overlap_hours": 50, "evidence_weight": 1.2}},
    )  # fmt: skip
    stay(told, "MA", moment(0, 9), moment(8, 11), amount=5000.0)
    stay(told, "MB", moment(6, 9), moment(12, 11), place=OTHER, diagnosis="M54.500", amount=3000.0)
    told.send(moment(10), told.gateway.admission(moment(10), FAMILY[1], "MC"))
    return told.until(moment(16))


@case
def both_open() -> Case:
    told = at_once(
        "hit-both-open",
        "Both are open: three days after the second admission (24 h and 48 h for late reports) it is certain: day 9 at 9:00.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-11 09:00:00",
         "measures": {"overlap_hours": 24, "evidence_weight": 1.0}},
    )  # fmt: skip
    stay(told, "MA", moment(0, 9), None)
    stay(told, "MB", moment(6, 9), None, place=OTHER, diagnosis="M54.500")
    return told.until(moment(10))


@case
def six_days_same_illness() -> Case:
    told = at_once(
        "hit-most-of-both",
        "Six days at once with one illness: 1 + 0.2 x 5 + 0.2 = 2.2: high.",
        {"status": "open", "severity": "high", "measures": {"overlap_hours": 146, "evidence_weight": 2.2}},
    )
    stay(told, "MA", moment(0, 9), moment(8, 11))
    stay(told, "MB", moment(2, 9), moment(9, 11), place=OTHER)
    return told.until(moment(16))


@case
def again() -> Case:
    told = at_once(
        "hit-again-and-again",
        "50 hours at once, and again a month later between the same hospitals: the second group weighs 1.2 + 0.5 = 1.7: high.",
        {"status": "open", "severity": "medium", "visits": ["MA1", "MB1"]},
        {"status": "open", "severity": "high", "visits": ["MA2", "MB2"], "measures": {"evidence_weight": 1.7}},
    )
    for number, day in ((1, 0), (2, 30)):
        stay(told, f"MA{number}", moment(day, 9), moment(day + 8, 11))
        stay(told, f"MB{number}", moment(day + 6, 9), moment(day + 12, 11), place=OTHER, diagnosis="M54.500")
    return told.until(moment(50))


@case
def transfer_day() -> Case:
    told = at_once("near-a-day", "23 hours, as when a patient changes hospitals and the papers follow.")
    stay(told, "MA", moment(0, 9), moment(8, 8))
    stay(told, "MB", moment(7, 9), moment(12, 11), place=OTHER)
    return told.until(moment(16))


@case
def transfer() -> Case:
    told = at_once(
        "exclude-transfer", "Transferred (dscg_way 2) with a discharge dated two days late: within 72 hours."
    )
    stay(told, "MA", moment(0, 9), moment(8, 11), way="2")
    stay(told, "MB", moment(6, 9), moment(12, 11), place=OTHER, med_type="23")
    return told.until(moment(16))


@case
def newborn() -> Case:
    told = at_once("exclude-newborn", "A newborn's stay beside its mother, and one in a children's hospital.")
    told.persons = [person_record(PATIENT, "HH1", brdy="2026-03-01")]
    stay(told, "MA", moment(0, 9), moment(8, 11), med_type="9921", diagnosis="Z38.000")
    stay(told, "MB", moment(2, 9), moment(12, 11), place=OTHER, diagnosis="P59.900")
    return told.until(moment(16))


@case
def forgotten_discharge() -> Case:
    told = at_once(
        "near-forgotten-discharge",
        "The first stay had been open for 40 days without an end when the second began: most likely nobody registered its "
        "discharge: 0.4 of 1: a hint.",
        {"status": "open", "severity": "low"},
    )
    stay(told, "MA", moment(0, 9), None)
    stay(told, "MB", moment(40, 9), moment(46, 11), place=OTHER, diagnosis="M54.500")
    return told.until(moment(60))


@case
def late_report() -> Case:
    told = at_once(
        "late-discharge-in-time",
        "Out on day 6 at 8:00, reported two days later; in the other hospital from day 6, 10:00 on.",
    )
    stay(told, "MA", moment(0, 9), moment(6, 8), late=48 * HOUR)
    stay(told, "MB", moment(6, 10), moment(12, 11), place=OTHER)
    return told.until(moment(16))


@case
def very_late_report() -> Case:
    told = at_once(
        "correct-very-late-discharge",
        "Reported five days late: raised on day 9, taken back on day 11.",
        {"status": "retracted", "raised_at": "2026-03-11 10:00:00",
         "retraction": {"en": "the discharge changed the picture (2402)"}},
    )  # fmt: skip
    stay(told, "MA", moment(0, 9), moment(6, 8), late=5 * 24 * HOUR)
    stay(told, "MB", moment(6, 10), moment(12, 11), place=OTHER)
    told.send(moment(10), told.gateway.admission(moment(10), FAMILY[1], "MC"))
    return told.until(moment(16))


@case
def cancelled() -> Case:
    told = at_once(
        "correct-cancelled-admission",
        "The second admission is cancelled (2404).",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    stay(told, "MA", moment(0, 9), None)
    other = stay(told, "MB", moment(6, 9), None, place=OTHER)
    told.send(moment(10), told.gateway.admission(moment(10), FAMILY[1], "MC"))
    told.send(moment(11), other.cancel_admission(moment(11), PATIENT, "MB"))
    return told.until(moment(16))


@case
def settled_without_discharge() -> Case:
    told = at_once(
        "near-settled-without-discharge",
        "The first stay was settled on day 6, its discharge never registered; the second began on day 10: a hint.",
        {"status": "open", "severity": "low"},
    )
    first = stay(told, "MA", moment(0, 9), None)
    told.send(moment(6, 12), first.settle_stay(moment(6, 12), PATIENT, "MA", "SMA", 700.0))
    stay(told, "MB", moment(10, 9), moment(16, 11), place=OTHER, diagnosis="M54.500")
    return told.until(moment(30))
