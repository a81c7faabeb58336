"""Whose card was in two places, and who only went next door?"""

from __future__ import annotations

from tests.golden_cases.story import FAMILY, HOSPITAL, Case, Expected, case
from tests.wire_messages import TABLETS, Billed, Gateway, institution_record, moment

PATIENT = FAMILY[0]
CARD, IDENTITY_CARD, ELECTRONIC = "03", "02", "01"
NEXT_DOOR, OTHER_TOWN, CLINIC, ONLINE, NOWHERE = (
    "P50010600002", "P50010600003", "H50010600004", "H50010600005", "P50010600006",
)  # fmt: skip


def places(name: str, why: str, *expect: Expected) -> Case:
    """One degree of latitude is 111.2 km: the other town lies 0.36 degrees, 40 km, to the north."""
    told = Case("same_card_two_places", name, why, *expect)
    told.institutions = [
        institution_record(HOSPITAL, medins_type="A100", lnt=106.5, lat=29.5),
        institution_record(NEXT_DOOR, medins_type="P", lnt=106.5, lat="29.51"),
        institution_record(OTHER_TOWN, medins_type="P", lnt=106.5, lat="29.86"),
        institution_record(CLINIC, medins_type="D600", lnt=106.5, lat=29.86),
        institution_record(ONLINE, medins_name="市人民互联网医院", medins_type="A100", lnt=106.5, lat=29.86),
        institution_record(NOWHERE, medins_type="P"),
    ]
    return told


def at_hospital(
    told: Case,
    at: int,
    *,
    certificate: str = CARD,
    served: int | None = None,
    where: str = HOSPITAL,
    visit: str = "MO1",
) -> None:
    """An outpatient visit settled at ``at``; ``served``: when, if not half an hour before."""
    g = told.gateway if where == HOSPITAL else Gateway(where)
    served = at - 1800 if served is None else served
    told.send(served, g.registration(served, PATIENT, visit))
    told.send(at - 60, g.charges(at - 60, PATIENT, visit, "B1", [Billed("1", served, TABLETS, 1.0, 200.0)]))
    told.send(at, g.settle_visit(at, PATIENT, visit, "B1", f"S{visit}", 200.0, certificate=certificate))


def at_pharmacy(told: Case, at: int, where: str = OTHER_TOWN, certificate: str = CARD, visit: str = "MP1") -> bytes:
    call = Gateway(where).purchase(
        at, PATIENT, visit, f"S{visit}", [Billed("1", at, TABLETS, 1.0, 100.0)], certificate=certificate
    )
    told.send(at, call)
    return call


def both(
    name: str, why: str, *expect: Expected, minutes: int = 10, where: str = OTHER_TOWN, one: str = CARD, other: str = CARD,
) -> Case:  # fmt: skip
    told = places(name, why, *expect)
    at_hospital(told, moment(0, 10), certificate=one)
    at_pharmacy(told, moment(0, 10, minutes), where, other)
    return told.until(moment(2))


@case
def ten_minutes() -> Case:
    return both(
        "hit-forty-kilometres-in-ten-minutes",
        "40.0 km in ten minutes: 240 km/h with one card; raised with the second swipe; both amounts. A pharmacy may have keyed "
        "in later what it sold before, so one such pair alone is low.",
        {"status": "open", "severity": "low", "visits": ["MO1", "MP1"], "institution": OTHER_TOWN, "fund_at_risk": 30_000,
         "raised_at": "2026-03-02 10:10:00", "measures": {"minutes_between": 10.0, "distance": 40.0, "speed_needed": 240}},
    )  # fmt: skip


def clinics(name: str, why: str, *expect: Expected, one: str = CARD, minutes: int = 3) -> Case:
    """Two outpatient visits some minutes and 40 km apart, both where the patient is seen by a doctor."""
    told = places(name, why, *expect)
    at_hospital(told, moment(0, 10), certificate=one)
    at_hospital(told, moment(0, 10, minutes), where=CLINIC, visit="MO2")
    return told.until(moment(2))


@case
def two_doctors() -> Case:
    return clinics(
        "hit-two-doctors",
        "One card in two consulting rooms 40 km and three minutes apart: it happened once, and one of the clocks may be wrong: "
        "low.",
        {"status": "open", "severity": "low", "visits": ["MO1", "MO2"], "institution": CLINIC,
         "measures": {"speed_needed": 801}},
    )  # fmt: skip


@case
def two_certificates() -> Case:
    return clinics(
        "hit-two-certificates",
        "Three minutes, with the identity card here and the social security card there: two hands may have held them: low.",
        {"status": "open", "severity": "low"},
        one=IDENTITY_CARD,
    )


@case
def registered() -> Case:
    told = places(
        "hit-registered-while-buying",
        "A purchase at ten to ten, registered 40 km away at ten, settled at twenty to eleven: 240 km/h to the registration, "
        "48 to the settlement.",
        {"status": "open", "severity": "low", "visits": ["MP1", "MO1"], "measures": {"speed_needed": 240}},
    )
    at_pharmacy(told, moment(0, 9, 50))
    at_hospital(told, moment(0, 10, 40), served=moment(0, 10))
    return told.until(moment(2))


@case
def three_swipes() -> Case:
    told = places(
        "hit-three-swipes-once",
        "Two bills at a pharmacy and one 40 km away ten minutes later: one occasion, so no second one that were no slip: low.",
        {"status": "open", "severity": "low", "visits": ["MP1", "MO1", "MP2"]},
    )
    at_pharmacy(told, moment(0, 9, 58), visit="MP1")
    at_pharmacy(told, moment(0, 10), visit="MP2")
    at_hospital(told, moment(0, 10, 10))
    return told.until(moment(2))


@case
def on_two_days() -> Case:
    told = places(
        "hit-once-possible-but-on-two-days",
        "40 km in twenty-five minutes from the settlement here to the purchase there: 96 km/h, which can be driven. But nobody "
        "does it twice in three days, finds no queue and parks for nothing: low, both.",
        {"status": "open", "severity": "low", "visits": ["MO1", "MP1"], "measures": {"speed_needed": 96}},
        {"status": "open", "severity": "low", "visits": ["MO2", "MP2"], "raised_at": "2026-03-04 10:25:00"},
    )
    for visit, day in (("1", 0), ("2", 2)):
        at_hospital(told, moment(day, 10), visit=f"MO{visit}")
        at_pharmacy(told, moment(day, 10, 25), visit=f"MP{visit}")
    return told.until(moment(4))


@case
def twice() -> Case:
    told = places(
        "hit-twice-with-a-pharmacy",
        "Hospital and pharmacy 40 km and ten minutes apart, and again three days later: no slip any more: both high.",
        {"status": "open", "severity": "high", "visits": ["MO1", "MP1"]},
        {"status": "open", "severity": "high", "visits": ["MO2", "MP2"]},
    )
    for number in (1, 2):
        at_hospital(told, moment(3 * number, 10), visit=f"MO{number}")
        at_pharmacy(told, moment(3 * number, 10, 10), visit=f"MP{number}")
    return told.until(moment(9))


@case
def admitted_here() -> Case:
    told = places(
        "hit-swiped-while-admitted",
        "Admitted at ten, drugs bought 40 km away at five past: one pair with a pharmacy alone: low.",
        {"status": "open", "severity": "low", "visits": ["MI1", "MP1"]},
    )
    told.visit("MI1", PATIENT, moment(0, 10), None)
    at_pharmacy(told, moment(0, 10, 5))
    return told.until(moment(2))


@case
def hardly() -> Case:
    return both(
        "near-hardly-possible",
        "18 minutes for 40 km, 133 km/h as the crow flies, and a purchase: hardly possible: low.",
        {"status": "open", "severity": "low", "measures": {"speed_needed": 133}},
        minutes=18,
    )


@case
def too_fast_a_drive() -> Case:
    return both(
        "hit-too-fast-a-drive",
        "40 km as the crow flies are more than 50 on a road, in 23 minutes, from counter to counter: 104 km/h and low.",
        {"status": "open", "severity": "low", "measures": {"speed_needed": 104}},
        minutes=23,
    )


@case
def a_fast_drive() -> Case:
    return both("near-a-fast-drive", "25 minutes for 40 km: who drives at once may just be there.", minutes=25)


@case
def a_stay_s_bill() -> Case:
    told = places(
        "exclude-a-stay-s-bill",
        "A stay is settled ten minutes before a purchase 40 km away: whoever fetched him paid the bill, and he sat in no ward "
        "any more; nor does it tell anything when it is done again three days later.",
    )
    for number, day in ((1, 0), (2, 3)):
        visit, at = f"MI{number}", moment(day, 10)
        told.visit(visit, PATIENT, moment(day - 2, 9), moment(day, 9))
        told.send(at, told.gateway.settle_stay(at, PATIENT, visit, f"S{visit}", 900.0))
        at_pharmacy(told, moment(day, 10, 10), visit=f"MP{number}")
    return told.until(moment(5))


@case
def transferred() -> Case:
    told = places(
        "exclude-transferred",
        "Transferred at nine (way 2) and admitted 40 km away at ten; the first ward's bill is paid at five to ten.",
    )
    g, other = told.gateway, Gateway(CLINIC)
    begin, end, again, paid = moment(-1, 9), moment(0, 9), moment(0, 10), moment(0, 9, 55)
    told.send(begin + 300, g.admission(begin + 300, PATIENT, "MI1", begin=begin))
    told.send(end + 300, g.discharge(end + 300, PATIENT, "MI1", end=end, way="2"))
    told.send(paid, g.settle_stay(paid, PATIENT, "MI1", "SMI1", 350.0))
    told.send(again + 900, other.admission(again + 900, PATIENT, "MI2", begin=again, diagnosis="K25.900"))
    return told.until(moment(2))


@case
def admitted_there() -> Case:
    told = places(
        "hit-seen-by-a-doctor-while-admitted",
        "Admitted at ten, a doctor's visit is settled 40 km away at ten past: one of the two was not he: low, it happened once, "
        "and an admission does not say with which certificate; the stay's bill adds nothing.",
        {"status": "open", "severity": "low", "visits": ["MI1", "MO2"], "institution": CLINIC},
    )
    told.visit("MI1", PATIENT, moment(0, 10), moment(4, 9), amount=900.0)
    at_hospital(told, moment(0, 10, 10), where=CLINIC, visit="MO2")
    return told.until(moment(6))


@case
def caught_up() -> Case:
    told = places(
        "near-village-clinic-catches-up",
        "A village clinic settles in the evening whom it saw in the morning: low.",
        {"status": "open", "severity": "low"},
    )
    at_hospital(told, moment(0, 18), served=moment(0, 9), where=CLINIC)
    at_pharmacy(told, moment(0, 18, 10), NEXT_DOOR)
    return told.until(moment(2))


@case
def an_hour() -> Case:
    return both("near-an-hour", "Forty kilometres in an hour can be driven.", minutes=50)


@case
def next_door() -> Case:
    return both("near-next-door", "The pharmacy lies a kilometre from the hospital.", where=NEXT_DOOR)


@case
def electronic() -> Case:
    return both(
        "exclude-electronic", "Bought with the electronic certificate: nobody needs to be there.", other=ELECTRONIC
    )


@case
def internet_hospital() -> Case:
    told = places("exclude-internet-hospital", "Seen by an internet hospital, and at the pharmacy.")
    at_hospital(told, moment(0, 10), where=ONLINE)
    at_pharmacy(told, moment(0, 10, 10), NEXT_DOOR)
    return told.until(moment(2))


@case
def no_coordinates() -> Case:
    return both("exclude-no-coordinates", "Where the pharmacy lies is not known: nothing is guessed.", where=NOWHERE)


@case
def settled_later() -> Case:
    told = places("exclude-settled-days-later", "The hospital settles on Thursday whom it saw on Monday.")
    at_hospital(told, moment(3, 10), served=moment(0, 9))
    at_pharmacy(told, moment(3, 10, 10))
    return told.until(moment(5))


@case
def refunded() -> Case:
    told = both(
        "correct-refunded",
        "The purchase is refunded: the wrong person's card.",
        {"status": "retracted", "retraction": {"en": "the purchase was cancelled (2103)"}},
    )
    at = moment(0, 11)
    told.send(at, Gateway(OTHER_TOWN).refund_purchase(at, PATIENT, "MP1", "SMP1"))
    return told


@case
def reversed_purchase() -> Case:
    told = places("correct-reversed", "The purchase timed out and is reversed (2601).", {"status": "retracted"})
    at_hospital(told, moment(0, 10))
    call = at_pharmacy(told, moment(0, 10, 10))
    gateway = Gateway(OTHER_TOWN)
    gateway.sent = 1
    told.send(moment(0, 10, 20), gateway.reversal(moment(0, 10, 20), PATIENT, call))
    return told.until(moment(2))
