"""Who is served elsewhere while he is in, and who has reason to be?"""

from __future__ import annotations

from typing import Any

from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import MATERIAL, TABLETS, Billed, Gateway, moment, routine_lines, treatment_lines

PATIENT = FAMILY[0]


def during(name: str, why: str, *expect: Expected) -> Case:
    return Case("outpatient_during_stay", name, why, *expect)


def in_hospital(told: Case, *, nights: int = 8, ends: bool = True, **entry: Any) -> None:
    """In on day 0 at 9:00, out on day ``nights`` at 11:00, treated every day."""
    told.stay("MI1", PATIENT, nights, range(nights), ends=ends, **entry)


def at_desk(
    told: Case, day: int, *, hour: int = 10, place: str = "H50010600002", diagnosis: str = "J06.900", med_type: str = "11",
    item: str = MATERIAL, external: bool = False,
) -> str:  # fmt: skip
    """A registered outpatient visit of 80 yuan; its visit."""
    desk = told.gateway if place == told.gateway.institution else Gateway(place)
    at, visit = moment(day, hour), f"MO{day}-{hour}"
    desk.sent += 10 * day + hour
    told.send(at, desk.registration(at, PATIENT, visit))
    told.send(at + 60, desk.encounter(at + 60, PATIENT, visit, diagnosis, med_type))
    lines = [Billed("1", at + 120, item, 1.0, 80.0, external=external)]
    told.send(at + 120, desk.charges(at + 120, PATIENT, visit, "B1", lines))
    told.send(at + 180, desk.settle_visit(at + 180, PATIENT, visit, "B1", f"S{visit}", 80.0))
    return visit


def at_pharmacy(told: Case, day: int, yuan: float, *, hour: int = 16, certificate: str = "03") -> str:
    """A purchase; its visit."""
    shop, at, visit = Gateway("P50010600030"), moment(day, hour), f"MP{day}-{hour}"
    shop.sent += 10 * abs(day) + hour
    lines = [Billed("1", at, TABLETS, 1.0, yuan)]
    told.send(at, shop.purchase(at, PATIENT, visit, f"S{visit}", lines, certificate=certificate))
    return visit


@case
def visit_during_the_stay() -> Case:
    told = during(
        "hit-visit-during-the-stay",
        "A registered visit at another institution on day 3 of a stay that is still open: 1. By the end of day 3 and a day for "
        "late reports (day 5, 0:00) no discharge was reported: medium, with the visit's 80 yuan.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-07 00:00:00", "score": 0.5, "fund_at_risk": 8000,
         "institution": "H50010600001", "visits": ["MI1", "MO3-10"],
         "measures": {"services_inside": 1, "evidence_weight": 1.0}},
    )  # fmt: skip
    in_hospital(told, ends=False, nights=6)
    at_desk(told, 3)
    return told.until(moment(6, 12))


@case
def several_services() -> Case:
    told = during(
        "hit-several-services",
        "Two visits and a purchase of 120 yuan on three days: 1 + 1 + 0.7 = 2.7 of 2: high.",
        {"status": "open", "severity": "high", "measures": {"services_inside": 3, "evidence_weight": 2.7}},
    )
    in_hospital(told)
    at_desk(told, 2)
    at_desk(told, 5)
    at_pharmacy(told, 4, 120.0)
    return told.until(moment(12))


@case
def own_desk() -> Case:
    told = during(
        "hit-own-outpatient-desk",
        "The same institution's outpatient desk serves its own inpatient: medium as well.",
        {"status": "open", "severity": "medium", "measures": {"evidence_weight": 1.0}},
    )
    in_hospital(told)
    at_desk(told, 4, place="H50010600001")
    return told.until(moment(12))


@case
def purchases_in_an_idle_stay() -> Case:
    told = during(
        "hit-purchases-in-an-idle-stay",
        "Purchases of 120 and 110 yuan (0.7 each) in a stay of which five of eight days saw no treatment (0.4): 1.8: medium; "
        "the stay looks empty, so its own money counts too: eight days at 70 and three treatments at 60 are 740, and 230.",
        {"status": "open", "severity": "medium", "fund_at_risk": 97000,
         "measures": {"evidence_weight": 1.8, "idle_days_of_stay": 5}},
    )  # fmt: skip
    told.stay("MI1", PATIENT, 8, (0, 1, 7))
    at_pharmacy(told, 3, 120.0)
    at_pharmacy(told, 4, 110.0)
    return told.until(moment(12))


@case
def purchase_in_an_idle_stay() -> Case:
    told = during(
        "near-one-purchase-in-an-idle-stay",
        "One of 40 yuan: 0.35 + 0.4: a hint; that the bed is empty is said by bed_holding.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.75}},
    )
    told.stay("MI1", PATIENT, 8, (0, 1, 7))
    at_pharmacy(told, 4, 40.0)
    return told.until(moment(12))


@case
def dear_purchases() -> Case:
    told = during(
        "hit-purchases-on-two-days",
        "Purchases of 450 and 380 yuan on two days: 0.7 each: medium.",
        {"status": "open", "severity": "medium", "measures": {"evidence_weight": 1.4, "days_with_services": 2}},
    )
    in_hospital(told)
    at_pharmacy(told, 3, 450.0)
    at_pharmacy(told, 6, 380.0)
    return told.until(moment(12))


@case
def the_same_purchase_again() -> Case:
    told = during(
        "near-the-same-purchase-again",
        "450 yuan on two days at one pharmacy, the same both times: a refill, which anybody fetches: 0.7 + 0.4 x 0.7: "
        "a hint.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.98}},
    )
    in_hospital(told)
    at_pharmacy(told, 3, 450.0)
    at_pharmacy(told, 6, 450.0)
    return told.until(moment(12))


@case
def weekend_and_rest() -> Case:
    told = during(
        "hit-three-quiet-days-of-eight",
        "Pneumonia; one purchase of 90 yuan, 0.4; three of the stay's eight days without treatment, as a weekend and a day of "
        "rest are, add nothing: low.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.4}},
    )
    told.stay("MI1", PATIENT, 8, (0, 1, 4, 6, 7), diagnosis="J18.900")
    at_pharmacy(told, 4, 90.0)
    return told.until(moment(12))


@case
def one_small_purchase() -> Case:
    told = during("near-one-small-purchase", "One purchase of 40 yuan, which says little in any stay: 0.35 of 0.4.")
    in_hospital(told)
    at_pharmacy(told, 3, 40.0)
    return told.until(moment(12))


@case
def purchase_of_one_who_can_walk() -> Case:
    told = during(
        "hit-one-purchase-of-one-who-can-walk",
        "In for back pain, and one purchase of 90 yuan with the card: nothing keeps him in bed: 0.7: low.",
        {"status": "open", "severity": "low", "fund_at_risk": 9000, "measures": {"evidence_weight": 0.7}},
    )
    in_hospital(told, diagnosis="M54.500")
    at_pharmacy(told, 3, 90.0)
    return told.until(moment(12))


@case
def purchase_for_the_gravely_ill() -> Case:
    told = during(
        "hit-one-purchase-for-pneumonia",
        "One of 450 yuan with the card of somebody in with pneumonia: his family may have gone: 0.5: low.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.5}},
    )
    in_hospital(told, diagnosis="J18.900")
    at_pharmacy(told, 3, 450.0)
    return told.until(moment(12))


@case
def purchases_for_the_gravely_ill() -> Case:
    told = during(
        "hit-two-purchases-in-pneumonia",
        "Purchases of 450 and 40 yuan on two days of a stay for pneumonia: 0.5 + 0.25: low.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.75}},
    )
    in_hospital(told, diagnosis="J18.900")
    at_pharmacy(told, 3, 450.0)
    at_pharmacy(told, 5, 40.0)
    return told.until(moment(12))


@case
def drugs_taken_before() -> Case:
    told = during(
        "exclude-drugs-taken-before-the-stay",
        "Tablets for 450 yuan; the same tablets, for 300 yuan, he had bought three weeks before the stay: 0.2 of 0.4.",
    )
    in_hospital(told)
    at_pharmacy(told, -21, 300.0)
    at_pharmacy(told, 3, 450.0)
    return told.until(moment(12))


@case
def two_small_purchases() -> Case:
    told = during(
        "near-two-small-purchases",
        "Purchases of 40 and 30 yuan on two days: 0.35 each: a hint.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.7}},
    )
    in_hospital(told)
    at_pharmacy(told, 3, 40.0)
    at_pharmacy(told, 5, 30.0)
    return told.until(moment(12))


@case
def one_larger_purchase() -> Case:
    told = during(
        "hit-one-purchase-with-the-card",
        "One purchase of 450 yuan with the social-security card, which was not in the ward then: 0.7: low.",
        {"status": "open", "severity": "low", "fund_at_risk": 45000, "measures": {"evidence_weight": 0.7}},
    )
    in_hospital(told)
    at_pharmacy(told, 3, 450.0)
    return told.until(moment(12))


@case
def one_electronic_purchase() -> Case:
    told = during(
        "hit-one-purchase-by-telephone",
        "The same with the electronic certificate, which a daughter may have in her telephone: 0.5: low.",
        {"status": "open", "severity": "low", "measures": {"evidence_weight": 0.5}},
    )
    in_hospital(told)
    at_pharmacy(told, 3, 450.0, certificate="01")
    return told.until(moment(12))


@case
def refill() -> Case:
    told = during(
        "exclude-bought-before-the-stay-too",
        "450 yuan with the card, as at that pharmacy three weeks before the stay: what he takes anyway: 0.2 of 0.4.",
    )
    in_hospital(told)
    at_pharmacy(told, -21, 450.0)
    at_pharmacy(told, 3, 450.0)
    return told.until(moment(12))


@case
def one_dear_purchase() -> Case:
    told = during(
        "hit-one-dear-purchase",
        "One purchase of 1,200 yuan, more than a relative fetches: weighs like a visit: medium.",
        {"status": "open", "severity": "medium", "fund_at_risk": 120000},
    )
    in_hospital(told)
    at_pharmacy(told, 3, 1200.0)
    return told.until(moment(12))


@case
def first_and_last_day() -> Case:
    told = during(
        "exclude-first-and-last-day", "Visits before the admission of day 0 and after the discharge of day 8."
    )
    in_hospital(told)
    at_desk(told, 0, hour=8)
    at_desk(told, 8, hour=15)
    return told.until(moment(12))


@case
def emergency_before_a_night_admission() -> Case:
    told = during(
        "exclude-emergency-of-that-night",
        "Admitted at 22:00; the emergency room's visit is registered and billed at 1:00 after midnight.",
    )
    told.stay("MI1", PATIENT, 6, range(6), hour=22, med_type="24")
    at_desk(told, 1, hour=1, place="H50010600001", med_type="13")
    return told.until(moment(12))


@case
def examined_elsewhere() -> Case:
    told = during("exclude-external-examination", "An examination done elsewhere (etip_flag) for the hospital.")
    in_hospital(told)
    at_desk(told, 3, external=True)
    return told.until(moment(12))


@case
def prescribed_before() -> Case:
    told = during(
        "exclude-chronic-drugs",
        "A pick-up of drugs for a chronic illness (140104), prescribed before: 0.2 of 0.4.",
    )
    in_hospital(told)
    at_desk(told, 3, med_type="140104", item=TABLETS, diagnosis="E11.900")
    return told.until(moment(12))


@case
def dialysis_goes_on() -> Case:
    told = during(
        "exclude-dialysis",
        "Three dialyses elsewhere during a stay for another illness: 0.1 each, whatever their number at most 0.75: 0.3 of 0.4.",
    )
    in_hospital(told, diagnosis="J18.900")
    for day in (1, 3, 5):
        at_desk(told, day, diagnosis="N18.500")
    return told.until(moment(12))


@case
def late_discharge() -> Case:
    told = during(
        "late-discharge-in-time",
        "Out on day 4, reported a day later (day 5, 11:00); a visit on day 5 was after the end, though no message said so yet.",
    )
    in_hospital(told, ends=False, nights=4)
    at_desk(told, 5, hour=9)
    told.send(moment(5, 11), told.gateway.discharge(moment(5, 11), PATIENT, "MI1", end=moment(4, 11)))
    return told.until(moment(12))


@case
def very_late_discharge() -> Case:
    told = during(
        "correct-very-late-discharge",
        "Out on day 4, reported on day 8: the visit of day 5 looked inside from day 7 on, and is taken back.",
        {"status": "retracted", "raised_at": "2026-03-09 00:00:00",
         "retraction": {"en": "the discharge changed the picture (2402)"}},
    )  # fmt: skip
    in_hospital(told, ends=False, nights=4)
    at_desk(told, 5, hour=9)
    told.send(moment(7, 12), told.gateway.admission(moment(7, 12), FAMILY[1], "MI2"))
    told.send(moment(8, 11), told.gateway.discharge(moment(8, 11), PATIENT, "MI1", end=moment(4, 11)))
    return told.until(moment(12))


@case
def refunded_visit() -> Case:
    told = during(
        "correct-refunded-visit",
        "The visit's settlement is refunded (2208): it never was.",
        {"status": "retracted", "retraction": {"en": "the settlement was cancelled (2208)"}},
    )
    in_hospital(told)
    visit = at_desk(told, 3)
    desk = Gateway("H50010600002")
    desk.sent = 900
    told.send(moment(9), desk.refund_visit(moment(9), PATIENT, visit, f"S{visit}"))
    return told.until(moment(12))


@case
def changed_admission() -> Case:
    told = during(
        "correct-changed-admission",
        "A 2403 says that the admission was on day 3, not on day 0: the visit of day 2 was before it.",
        {"status": "retracted", "retraction": {"en": "the admission was changed (2403)"}},
    )
    g = told.gateway
    told.send(moment(0, 9), g.admission(moment(0, 9), PATIENT, "MI1"))
    at_desk(told, 2)
    told.send(moment(5, 9), g.admission(moment(5, 9), FAMILY[1], "MI2"))
    told.send(moment(6, 9), g.change(moment(6, 9), PATIENT, "MI1", begin=moment(3, 9)))
    told.send(moment(9, 9), g.discharge(moment(9, 9), PATIENT, "MI1"))
    return told.until(moment(12))


@case
def goes_on() -> Case:
    told = during(
        "hit-a-later-message-shows-it",
        "Visit on day 3; a 2403 of day 4 moves the patient to another bed: the stay went on, and the alert comes with it.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-06 09:00:00"},
    )
    g = told.gateway
    told.send(moment(0, 9), g.admission(moment(0, 9), PATIENT, "MI1"))
    told.send(moment(1, 6), g.bill(moment(1, 6), PATIENT, "MI1", routine_lines("MI1", 0) + treatment_lines("MI1", 0)))
    at_desk(told, 3)
    told.send(moment(4, 9), g.change(moment(4, 9), PATIENT, "MI1", begin=moment(0, 9), bed="A03-002"))
    return told.until(moment(4, 12))


@case
def settled_without_discharge() -> Case:
    told = during(
        "exclude-settled-without-discharge",
        "The stay was settled on day 6 and its discharge never registered: the visit of day 20 was after it.",
    )
    in_hospital(told, ends=False, nights=6)
    told.send(moment(6, 12), told.gateway.settle_stay(moment(6, 12), PATIENT, "MI1", "SMI1", 700.0))
    at_desk(told, 20)
    return told.until(moment(25))
