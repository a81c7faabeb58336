"""Which households come and go together, and which have reason to?"""

from __future__ import annotations

from detectors.books.group_keys import home_of, ties_of
from schemas.china_time import format_time
from schemas.references import decode_person
from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import Gateway, moment, person_record


def together(name: str, why: str, *expect: Expected) -> Case:
    return Case("household_together", name, why, *expect)


def apart_but_together(told: Case, number: int, day: int, out: bool = True) -> None:
    """Two members within 10 h of each other, with nothing else alike: weight 1."""
    for index, (person, diagnosis, ward) in enumerate(
        zip(FAMILY, ("I10.x00", "M54.500"), ("A03", "A04"), strict=False)
    ):
        begin = moment(day, 8 + 10 * index)
        end = moment(day + 5, 8 + 10 * index) if out or index == 0 else None
        told.visit(f"MT{number}-{index}", person, begin, end, diagnosis=diagnosis, department=ward)


@case
def twice_together() -> Case:
    told = together(
        "hit-twice-together",
        "Two members in and out within a day of each other, twice, nothing else alike: 1 + 1 reaches the limit of 2: medium; "
        "0.3 + 0.7 x (1 - 1/2).",
        {"status": "open", "severity": "medium", "household": "HH1", "score": 0.65,
         "visits": ["MT0-0", "MT0-1", "MT1-0", "MT1-1"], "measures": {"times_together": 2, "evidence_weight": 2.0}},
    )  # fmt: skip
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    return told.until(moment(40))


@case
def once_together() -> Case:
    told = together("near-once-together", "Once, with nothing else alike, weighs 1 of 2.")
    apart_but_together(told, 0, 0)
    return told.until(moment(40))


@case
def a_year_apart() -> Case:
    told = together("near-a-year-apart", "Twice, but 366 days apart.")
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 366)
    return told.until(moment(375))


@case
def three_together() -> Case:
    told = together(
        "hit-three-together-once",
        "Three members with one illness, hours and wards apart: 1 + 1 for the third + 0.5 for the illness = 2.5: medium.",
        {"status": "open", "severity": "medium", "measures": {"members_together": 3, "evidence_weight": 2.5}},
    )
    for index, ward in enumerate(("A03", "A04", "A05")):
        begin, end = moment(0, 8 + 5 * index), moment(4, 8 + 5 * index)
        told.visit(f"MT{index}", FAMILY[index], begin, end, diagnosis="E11.900", department=ward)
    return told.until(moment(10))


@case
def three_with_nothing_alike() -> Case:
    told = together(
        "hit-three-with-nothing-alike",
        "Three members in and out within a day of each other, each with an illness and a ward of his own: 1 + 1 reaches "
        "the limit of 2: low.",
        {"status": "open", "severity": "low", "measures": {"members_together": 3, "evidence_weight": 2.0}},
    )
    for index, (diagnosis, ward) in enumerate((("E11.900", "A03"), ("M54.500", "A04"), ("K29.500", "A05"))):
        begin, end = moment(0, 8 + 5 * index), moment(4, 8 + 5 * index)
        told.visit(f"MT{index}", FAMILY[index], begin, end, diagnosis=diagnosis, department=ward)
    return told.until(moment(10))


def at_one_hour(told: Case, diagnosis: str, count: int = 2, day: int = 0) -> None:
    for index in range(count):
        begin, end = moment(day, 9, 10 * index), moment(day + 4, 10, 10 * index)
        told.visit(f"MT{day}-{index}", FAMILY[index], begin, end, diagnosis=diagnosis)


@case
def once_but_alike() -> Case:
    told = together(
        "hit-once-but-alike",
        "Two with the same chronic illness on one ward, in and out within the hour: 1 + 0.5 + 0.1 + 0.4 + 0.4 = 2.4: low, being "
        "once and two.",
        {"status": "open", "severity": "low", "measures": {"times_together": 1, "evidence_weight": 2.4}},
    )
    at_one_hour(told, "I10.x00")
    return told.until(moment(10))


@case
def outbreak() -> Case:
    told = together("exclude-outbreak", "The same with pneumonia, which strikes a family together: half of 2.4 is 1.2.")
    at_one_hour(told, "J18.900")
    return told.until(moment(10))


@case
def contagion_untreated() -> Case:
    told = together(
        "hit-contagion-that-nobody-treated",
        "Two with bronchitis, in and out within the hour, who after the first day have nothing but bed and nursing for three "
        "days: who is truly ill is treated. 1 + 0.5 + 0.1 + 0.4 + 0.4 + 0.2 + 0.3 = 2.9: low, being once and two.",
        {"status": "open", "severity": "low", "measures": {"times_together": 1, "evidence_weight": 2.9}},
    )
    for index in range(2):
        told.stay(f"MT{index}", FAMILY[index], 4, {0}, diagnosis="J20.900")
    return told.until(moment(10))


@case
def contagion_treated() -> Case:
    told = together(
        "exclude-contagion-treated",
        "The same, treated day by day: half of 1 + 0.5 + 0.1 + 0.4 + 0.4 + 0.2 is 1.3.",
    )
    for index in range(2):
        told.stay(f"MT{index}", FAMILY[index], 4, {0, 1, 2, 3}, diagnosis="J20.900")
    return told.until(moment(10))


@case
def struck_after_another_reason() -> Case:
    told = together(
        "hit-pneumonia-a-month-after-together",
        "A couple in and out together, each with an illness of his own: 1. A month later both with pneumonia on one ward: half "
        "of 1 + 0.5 + 0.1, and half as much again, being soon after: 1.2. Together 2.2 of 2: medium.",
        {"status": "open", "severity": "medium", "measures": {"times_together": 2, "evidence_weight": 2.2}},
    )
    apart_but_together(told, 0, 0)
    for index in range(2):
        begin, end = moment(30, 8 + 10 * index), moment(35, 8 + 10 * index)
        told.visit(f"MT1-{index}", FAMILY[index], begin, end, diagnosis="J18.900", department="A03")
    return told.until(moment(40))


@case
def struck_again() -> Case:
    told = together(
        "hit-bronchitis-twice-in-a-season",
        "A couple with bronchitis, in five hours apart and out within the hour, treated: half of 1 + 0.5 + 0.1 + 0.4 is 1.0. "
        "Forty days later again: 1.5 times as much: 2.5 of 2: medium.",
        {"status": "open", "severity": "medium", "measures": {"times_together": 2, "evidence_weight": 2.5}},
    )
    struck(told, 0)
    struck(told, 40)
    return told.until(moment(50))


@case
def struck_in_another_season() -> Case:
    told = together(
        "near-bronchitis-in-two-seasons",
        "The same, a hundred days apart: 1.0 + 1.0 reaches the limit of 2, 0.9 each does not.",
    )
    struck(told, 0, hours=7)
    struck(told, 100, hours=7)
    return told.until(moment(110))


def struck(told: Case, day: int, hours: int = 5) -> None:
    """Two with bronchitis, admitted so many hours apart."""
    for index in range(2):
        begin, end = moment(day, 9 + hours * index), moment(day + 6, 10 + (hours == 7) * 4 * index, 20 * index)
        told.visit(f"MT{day}-{index}", FAMILY[index], begin, end, diagnosis="J20.900")


@case
def cataracts() -> Case:
    told = together(
        "exclude-cataracts", "A couple on one operating list, twice, for one eye and the other: by appointment."
    )
    at_one_hour(told, "H25.100")
    at_one_hour(told, "H25.100", day=20)
    return told.until(moment(30))


@case
def injury() -> Case:
    told = together(
        "exclude-accident",
        "Four hurt together (S82): half of 1 + 0.5 + 0.1 + 0.4 + 0.4 = 1.2; it is no wonder that it struck all four.",
    )
    at_one_hour(told, "S82.000", 4)
    return told.until(moment(10))


@case
def discharge_forgotten() -> Case:
    told = together(
        "hit-discharge-forgotten",
        "Twice together, but the second time nobody reported one's discharge: he was settled for good the day after the other "
        "left, which a discharge would have preceded: 1 + 1: medium.",
        {"status": "open", "severity": "medium", "measures": {"times_together": 2, "evidence_weight": 2.0}},
    )
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30, out=False)
    at = moment(36, 4)
    told.send(at, told.gateway.settle_stay(at, FAMILY[1], "MT1-1", "SMT1-1", 1000.0))
    return told.until(moment(60))


@case
def settled_much_later() -> Case:
    told = together(
        "correct-settled-much-later",
        "The same, but settled a week after the other left: he may have stayed for as long. Taken back when he had not left.",
        {"status": "retracted"},
    )
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30, out=False)
    at = moment(42, 4)
    told.send(at, told.gateway.settle_stay(at, FAMILY[1], "MT1-1", "SMT1-1", 1000.0))
    return told.until(moment(60))


@case
def mother_and_newborn() -> Case:
    told = together("exclude-mother-and-newborn", "A mother and her newborn belong together, twice in a year too.")
    for number, day in enumerate((0, 300)):
        child = f"50010600000000010{number:02d}"
        told.persons.append(person_record(child, "HH1", brdy=format_time(moment(day))[:10]))
        told.visit(f"MM{number}", FAMILY[0], moment(day, 1), moment(day + 3, 9), med_type="52", diagnosis="O80.000")
        told.visit(f"MB{number}", child, moment(day, 2), moment(day + 3, 9), diagnosis="I10.x00")
    return told.until(moment(310))


@case
def nursing_home() -> Case:
    told = together("exclude-nursing-home", "Two of twenty-four at one address: not 30 % of it.")
    told.persons += [person_record(f"50010600000000020{number:02d}", "HH1") for number in range(20)]
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    return told.until(moment(40))


@case
def two_hospitals() -> Case:
    told = together("near-two-hospitals", "On the same days, but each in a hospital of his own.")
    elsewhere = Gateway("H50010600002")
    for number, day in enumerate((0, 30)):
        told.visit(f"MT{number}-0", FAMILY[0], moment(day, 9), moment(day + 4, 9))
        at = moment(day, 9)
        told.send(at, elsewhere.admission(at, FAMILY[1], f"MT{number}-1"))
        told.send(moment(day + 4, 9), elsewhere.discharge(moment(day + 4, 9), FAMILY[1], f"MT{number}-1"))
    return told.until(moment(40))


@case
def no_household() -> Case:
    told = together("near-no-household", "Persons without a household record are nobody's relatives.")
    told.persons = [person_record(person) for person in FAMILY]
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    return told.until(moment(40))


def of_no_household(told: Case, live_addr: str, others: int = 0, household: str = "") -> Case:
    """The family without a household in its records, together twice; so many others at its address."""
    told.persons = [person_record(person, live_addr=live_addr) for person in FAMILY]
    told.persons += [
        person_record(f"50010600000000020{number:02d}", household and f"{household}{number}", live_addr=live_addr)
        for number in range(others)
    ]
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    return told.until(moment(40))


@case
def one_address() -> Case:
    told = together(
        "hit-one-address-without-numbers",
        "No household is recorded of four, but they live at one address, and no others do: two twice, 1 + 1: medium. The alert "
        "names the digest of the address and no household.",
        {"status": "open", "severity": "medium", "score": 0.65, "household": None,
         "group": home_of(ties_of(decode_person(person_record("P", live_addr="幸福村1组1号")))),
         "visits": ["MT0-0", "MT0-1", "MT1-0", "MT1-1"], "measures": {"times_together": 2, "household_size": 4}},
    )  # fmt: skip
    return of_no_household(told, "幸福村1组1号")


def some_numbers(told: Case, *households: str) -> Case:
    """The family, each with what his record says of a household, at one address."""
    told.persons = [
        person_record(person, household, live_addr="幸福村1组1号")
        for person, household in zip(FAMILY, households, strict=False)
    ]
    return told


@case
def a_gap_in_the_records() -> Case:
    told = together(
        "hit-one-without-a-number",
        "The household is recorded of the wife and not of the husband, the address of both: two twice, 1 + 1: medium.",
        {"status": "open", "severity": "medium", "score": 0.65, "household": None,
         "group": home_of(ties_of(decode_person(person_record("P", live_addr="幸福村1组1号")))),
         "visits": ["MT0-0", "MT0-1", "MT1-0", "MT1-1"], "measures": {"times_together": 2}},
    )  # fmt: skip
    some_numbers(told, "HH1", "")
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    return told.until(moment(40))


@case
def told_once() -> Case:
    told = together(
        "hit-with-one-without-a-number-at-home",
        "Husband and wife have one number, their son at the same address has none and stays at home: it is told of once, by "
        "the household.",
        {"status": "open", "household": "HH1", "measures": {"times_together": 2}},
    )
    some_numbers(told, "HH1", "HH1", "")
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    return told.until(moment(40))


@case
def two_families_and_one_more() -> Case:
    told = together(
        "near-two-families-at-one-address",
        "Two of two households live at one address, and the third has no number: of which of them he is nobody says. All three "
        "come together once.",
    )
    some_numbers(told, "HH1", "HH2", "")
    at_one_hour(told, "I10.x00", 3)
    return told.until(moment(10))


@case
def house_of_twelve() -> Case:
    told = together(
        "hit-one-address-of-twelve",
        "Eight others live there: twelve are a large household still.",
        {"status": "open", "severity": "medium", "household": None, "measures": {"household_size": 12}},
    )
    return of_no_household(told, "幸福村1组1号", 8, "HV")


@case
def home_without_numbers() -> Case:
    told = together(
        "exclude-nursing-home-without-numbers",
        "Nine others live there, each with a household of his own: thirteen at one address are no family, though only four of "
        "them have no number, and two of four are half.",
    )
    return of_no_household(told, "幸福村敬老院1号", 9, "HV")


@case
def dormitory() -> Case:
    told = together(
        "exclude-dormitory",
        "Four of thirteen at one address came together, more than 30 %: of a household with a number that would count.",
    )
    told.persons = [person_record(person, live_addr="幸福村1组1号") for person in FAMILY]
    told.persons += [person_record(f"50010600000000020{number:02d}", live_addr="幸福村1组1号") for number in range(9)]
    at_one_hour(told, "I10.x00", 4)
    return told.until(moment(10))


@case
def one_village() -> Case:
    told = together("exclude-one-village", "All that is known of where they live is the village.")
    return of_no_household(told, "幸福村")


@case
def one_building() -> Case:
    told = together("exclude-one-building", "All that is known of where they live is the building, not the flat.")
    return of_no_household(told, "阳光花园3栋2单元")


@case
def stayed_behind() -> Case:
    told = together(
        "correct-stayed-behind",
        "The alert comes with the second occasion's second admission (day 30, 18:05). One leaves on day 35; the other has not "
        "left on day 36 either, nor has it been reported within a day: retracted on day 38 (04-09) 00:00.",
        {"status": "retracted", "raised_at": "2026-04-01 18:05:00", "revised_at": "2026-04-09 00:00:00"},
    )
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30, out=False)
    return told.until(moment(40))


@case
def one_never_was() -> Case:
    told = together(
        "correct-cancelled-admission",
        "One stay of the second occasion is cancelled (2404): once together is left.",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    told.send(moment(37), told.gateway.cancel_admission(moment(37), FAMILY[1], "MT1-1"))
    return told.until(moment(40))


@case
def discharge_undone() -> Case:
    told = together(
        "correct-discharge-undone",
        "Of the second occasion one discharge is undone (2405) and comes again five days later: apart.",
        {"status": "retracted"},
    )
    apart_but_together(told, 0, 0)
    apart_but_together(told, 1, 30)
    told.send(moment(36), told.gateway.cancel_discharge(moment(36), FAMILY[1], "MT1-1"))
    told.send(moment(40, 9), told.gateway.discharge(moment(40, 9), FAMILY[1], "MT1-1"))
    return told.until(moment(42))
