"""Who is served after his death, and who was only settled?"""

from __future__ import annotations

from tests.golden_cases.story import FAMILY, HOSPITAL, Case, Expected, case
from tests.wire_messages import TABLETS, Billed, Gateway, moment, person_record

PATIENT = FAMILY[0]
PHARMACY, CLINIC = "P50010600002", "H50010600003"


def death(name: str, why: str, *expect: Expected, day: int = 5, med_type: str = "21") -> Case:
    """Admitted on day 0, dead on day 5 (2026-03-07) at ten in the evening."""
    told = Case("after_death", name, why, *expect)
    told.send(moment(0, 9), told.gateway.admission(moment(0, 9), PATIENT, "MD", diagnosis="I50.900", med_type=med_type))
    end = moment(day, 22)
    told.send(end + 600, told.gateway.discharge(end + 600, PATIENT, "MD", end=end, way="5"))
    return told


def buy(told: Case, day: int, hour: int = 10, where: str = PHARMACY, certificate: str = "03") -> None:
    at, visit = moment(day, hour), f"MP{day}-{hour}"
    lines = [Billed("1", at, TABLETS, 1.0, 150.0)]
    told.send(at, Gateway(where).purchase(at, PATIENT, visit, f"S{visit}", lines, certificate=certificate))


def see(told: Case, visit: str, served: int, settled: int, where: str = CLINIC) -> None:
    g = Gateway(where)
    told.send(served, g.registration(served, PATIENT, visit))
    told.send(served + 600, g.charges(served + 600, PATIENT, visit, "B1", [Billed("1", served, TABLETS, 1.0, 80.0)]))
    told.send(settled, g.settle_visit(settled, PATIENT, visit, "B1", f"S{visit}", 80.0, certificate="03"))


@case
def drugs_for_the_dead() -> Case:
    told = death(
        "hit-drugs-bought",
        "Dead on day 5; drugs are bought with his card on days 8 and 12: high, one alert.",
        {"status": "open", "severity": "high", "visits": ["MP8-10", "MP12-10", "MD"], "institution": PHARMACY,
         "raised_at": "2026-03-10 10:00:00", "fund_at_risk": 30_000, "begin": "2026-03-08 00:00:00",
         "measures": {"services_after_death": 2, "days_after_death": 3}},
    )  # fmt: skip
    buy(told, 8)
    buy(told, 12)
    return told.until(moment(30))


def by_the_register(name: str, why: str, *expect: Expected, died: str = "2026-03-07") -> Case:
    """He died at home: no discharge says so, his reference record does."""
    told = Case("after_death", name, why, *expect)
    told.persons = [person_record(person, "HH1") for person in FAMILY[1:]]
    told.persons.append(person_record(PATIENT, "HH1", die_date=died))
    return told


@case
def at_home() -> Case:
    told = by_the_register(
        "hit-died-at-home",
        "By the register dead on day 5 (2026-03-07); seen on day 4, which counts for nothing, and drugs are bought with his card "
        "on days 8 and 12: high.",
        {"status": "open", "severity": "high", "visits": ["MP8-10", "MP12-10"], "institution": PHARMACY,
         "raised_at": "2026-03-10 10:00:00", "fund_at_risk": 30_000, "begin": "2026-03-08 00:00:00",
         "measures": {"services_after_death": 2, "days_after_death": 3}},
    )  # fmt: skip
    see(told, "MO4", moment(4, 9), moment(4, 10))
    buy(told, 8)
    buy(told, 12)
    return told.until(moment(30))


@case
def the_register_and_a_discharge() -> Case:
    told = by_the_register(
        "hit-discharge-before-the-register",
        "The register says day 1, a wrong day; he was in hospital until he died there on day 5, and the drugs of day 8 came "
        "after: the discharge counts, and the stay's own days do not.",
        {"status": "open", "severity": "high", "visits": ["MP8-10", "MD"], "measures": {"days_after_death": 3}},
        died="2026-03-03",
    )
    told.send(moment(0, 9), told.gateway.admission(moment(0, 9), PATIENT, "MD", diagnosis="I50.900"))
    told.send(moment(5, 22), told.gateway.discharge(moment(5, 22), PATIENT, "MD", end=moment(5, 22), way="5"))
    buy(told, 8)
    return told.until(moment(30))


@case
def died_at_home_after_all() -> Case:
    told = by_the_register(
        "near-bought-on-the-day-he-died", "By the register dead on day 8, drugs bought that day.", died="2026-03-10"
    )
    buy(told, 8)
    return told.until(moment(30))


@case
def heard_of_later() -> Case:
    told = Case(
        "after_death", "hit-death-heard-of-later",
        "The discharge is sent only after the purchase that followed the death: raised then.",
        {"status": "open", "severity": "high", "raised_at": "2026-03-11 08:00:00"},
    )  # fmt: skip
    told.send(moment(0, 9), told.gateway.admission(moment(0, 9), PATIENT, "MD"))
    buy(told, 8)
    at = moment(9, 8)
    told.send(at, told.gateway.discharge(at, PATIENT, "MD", end=moment(5, 22), way="5", died="2026-03-07"))
    return told.until(moment(20))


@case
def admitted_elsewhere() -> Case:
    told = death(
        "hit-admitted-elsewhere",
        "Another hospital admits him eight days after his death: high.",
        {"status": "open", "severity": "high", "visits": ["MI2", "MD"]},
    )
    at = moment(13, 9)
    told.send(at, Gateway(CLINIC).admission(at, PATIENT, "MI2"))
    return told.until(moment(20))


@case
def he_lives() -> Case:
    told = death(
        "hit-a-wrong-record-perhaps",
        "Served five times at two institutions over a month: rather a wrong record of death: medium.",
        {
            "status": "open",
            "severity": "medium",
            "measures": {"services_after_death": 5, "institutions_after_death": 2},
        },
    )
    for day in (8, 15, 22, 29):
        buy(told, day)
    see(told, "MO1", moment(38, 9), moment(38, 10))
    return told.until(moment(45))


@case
def electronic() -> Case:
    told = death(
        "hit-electronic-certificate",
        "Bought with his electronic certificate, which somebody has on a telephone: medium.",
        {"status": "open", "severity": "medium"},
    )
    buy(told, 8, certificate="01")
    return told.until(moment(20))


@case
def before_and_on_the_day() -> Case:
    told = death("near-before-and-on-the-day", "Drugs bought before he died, and on the day itself.")
    buy(told, 3)
    buy(told, 5)
    return told.until(moment(20))


@case
def the_night_after() -> Case:
    told = death("near-the-night-after", "The hospital where he died bills half an hour of the next day.")
    see(told, "MO1", moment(6, 0, 30), moment(6, 9), HOSPITAL)
    return told.until(moment(20))


@case
def discharged_alive() -> Case:
    told = Case("after_death", "near-discharged-alive", "He went home, and buys his drugs.")
    told.visit("MD", PATIENT, moment(0, 9), moment(5, 22))
    buy(told, 8)
    return told.until(moment(20))


@case
def settled_afterwards() -> Case:
    told = death(
        "exclude-settled-afterwards", "A visit of day 4 and the stay itself are settled a week after his death."
    )
    see(told, "MO1", moment(4, 9), moment(12, 9))
    told.send(moment(13), told.gateway.settle_stay(moment(13), PATIENT, "MD", "SD", 9000.0))
    told.send(moment(15), told.gateway.settlement_list(moment(15), PATIENT, "MD", "SD"))
    return told.until(moment(20))


@case
def refunded() -> Case:
    told = death("exclude-refunded", "A purchase after his death was refunded within the hour.")
    at, g = moment(8, 10), Gateway(PHARMACY)
    paid = g.purchase(at, PATIENT, "MP8", "SMP8", [Billed("1", at, TABLETS, 1.0, 150.0)])
    told.send(at + 1, g.refund_purchase(at + 1, PATIENT, "MP8", "SMP8"))  # that it was refunded comes first
    told.send(at + 2, paid)
    return told.until(moment(20))


@case
def her_child_died() -> Case:
    told = death(
        "exclude-newborn-under-its-mother", "A newborn's death under its mother's number (9921).", med_type="9921"
    )
    buy(told, 8)
    return told.until(moment(20))


@case
def discharge_undone() -> Case:
    told = death(
        "correct-wrong-way",
        "The discharge is undone (2405) and comes again: he went home.",
        {"status": "retracted", "retraction": {"en": "the discharge was cancelled (2405)"}},
    )
    buy(told, 8)
    told.send(moment(10), told.gateway.cancel_discharge(moment(10), PATIENT, "MD"))
    told.send(moment(10, 1), told.gateway.discharge(moment(10, 1), PATIENT, "MD", end=moment(5, 22)))
    return told.until(moment(20))


@case
def purchase_refunded() -> Case:
    told = death(
        "correct-purchase-refunded",
        "What was bought is refunded.",
        {"status": "retracted", "retraction": {"en": "the purchase was cancelled (2103)"}},
    )
    buy(told, 8)
    told.send(moment(9), Gateway(PHARMACY).refund_purchase(moment(9), PATIENT, "MP8-10", "SMP8-10"))
    return told.until(moment(20))
