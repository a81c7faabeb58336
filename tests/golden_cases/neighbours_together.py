"""Which neighbours come and go together, and which have reason to?

The sums: of a group of eight with no history one expects 0.01 companions (`chance.ACQUAINTED`), the gamma's shape being 1; so two
companions are worth 2 ln(2/0.01) - 3 ln(3/1.01) = 7.3 nats, four 4 ln(4/0.01) - 5 ln(5/1.01) = 16.0, and one 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.golden_cases.story import Case, Expected, case
from tests.wire_messages import Gateway, moment, person_record

VILLAGERS = tuple(f"50010600000000030{number:02d}" for number in range(40))
ILLS = ("I10.x00", "M54.500", "K29.500", "I63.801", "N20.000")
WARDS = ("A03", "A04", "A05", "A06", "A07")


def neighbours(name: str, why: str, *expect: Expected) -> Case:
    return Case("neighbours_together", name, why, *expect)


def of_one_village(told: Case, count: int = 8, **more: str) -> Case:
    """Each with a household and in a part of the village of his own."""
    told.persons = [
        person_record(person, f"HV{number}", live_addr=f"幸福村{number + 1}组{number + 1}号", **more)
        for number, person in enumerate(VILLAGERS[:count])
    ]
    return told


def tied(told: Case, count: int, **ties: str) -> Case:
    """Of households of their own, who share this and nothing else that is known."""
    told.persons = [person_record(person, f"HV{number}", **ties) for number, person in enumerate(VILLAGERS[:count])]
    return told


def busload(
    told: Case, day: int = 0, diagnosis: str = "I10.x00", members: Sequence[int] = range(5), nights: int = 5
) -> Case:
    """One after another through the door, a quarter of an hour apart; out alike."""
    for index, member in enumerate(members):
        begin, end = moment(day, 9 + index // 4, 15 * (index % 4)), moment(day + nights, 10, 10 * index)
        told.visit(f"MB{day}-{member}", VILLAGERS[member], begin, end, diagnosis=diagnosis)
    return told


def unlike(told: Case, day: int = 0, members: Sequence[int] = range(3), tels: Sequence[str] = ()) -> Case:
    """On one day, five hours apart, with illnesses and wards of their own; out likewise. ``tels``: whom the admissions name."""
    for index, member in enumerate(members):
        begin, end = moment(day, 8 + 5 * index), moment(day + 4, 8 + 5 * index)
        entry: dict[str, Any] = {
            "diagnosis": ILLS[index],
            "department": WARDS[index],
            "tel": tels[index] if tels else "",
        }
        told.visit(f"MU{day}-{member}", VILLAGERS[member], begin, end, **entry)
    return told


@case
def of_a_village() -> Case:
    told = neighbours(
        "hit-busload",
        "Five households of a village within an hour: 16.0 nats, and for each of four companions 1.3 for the hour, 1.8 for the "
        "illness, 0.3 for the ward, 1.1 + 0.6 for the discharge: 36.4, or 15.8 powers of ten. "
        "Raised with the third admission (09:30, sent 09:35): 7.3 + 2 x 3.4 = 14.1, or 6.1.",
        {"status": "open", "severity": "high", "raised_at": "2026-03-02 09:35:00", "household": None,
         "measures": {"improbability": 15.8, "members_together": 5, "households_together": 5, "group_size": 8}},
    )  # fmt: skip
    return busload(of_one_village(told)).until(moment(8))


@case
def of_a_telephone() -> Case:
    told = neighbours(
        "hit-three-by-one-telephone",
        "The published pattern and no more: three households of one telephone, in on one day, out on one day. 7.3 nats and 2 x "
        "1.1 for the discharge: 9.5, or 4.1 powers of ten: medium.",
        {"status": "open", "severity": "medium", "measures": {"improbability": 4.1, "members_together": 3},
         "visits": ["MU0-0", "MU0-1", "MU0-2"]},
    )  # fmt: skip
    return unlike(tied(told, 8, tel="139 0000 1234")).until(moment(8))


@case
def called_by_one_telephone() -> Case:
    told = neighbours(
        "hit-one-telephone-at-admission",
        "Three households of three villages, each with a telephone of its own; the admissions name one for all, written as it "
        "came, that of him who brought them: 9.5 nats as in the case of the registered one.",
        {"status": "open", "severity": "medium", "measures": {"improbability": 4.1, "group_size": 3},
         "visits": ["MU0-0", "MU0-1", "MU0-2"]},
    )  # fmt: skip
    told.persons = _of_three_villages()
    return unlike(told, tels=("139 0000 1234", "+86-13900001234", "13900001234")).until(moment(8))


@case
def called_by_a_members_telephone() -> Case:
    told = neighbours(
        "hit-one-members-telephone-at-admission",
        "The telephone that two admissions name is the third one's by the register.",
        {"status": "open", "severity": "medium", "measures": {"members_together": 3, "group_size": 3}},
    )
    told.persons = _of_three_villages()
    return unlike(told, tels=("", "13900000001", "13900000001")).until(moment(8))


@case
def another_telephone_after_all() -> Case:
    told = neighbours(
        "correct-another-telephone",
        "A 2403 says a day later that the third one is called by another telephone: two remain, once.",
        {"status": "retracted", "retraction": {"en": "the admission was changed (2403)"}},
    )
    told.persons = _of_three_villages()
    unlike(told, tels=("13900001234",) * 3)
    at, begin = moment(5, 9), moment(0, 18)
    told.send(
        at,
        told.gateway.change(
            at, VILLAGERS[2], "MU0-2", begin=begin, diagnosis=ILLS[2], department=WARDS[2], tel="13900009999"
        ),
    )
    return told.until(moment(8))


@case
def telephone_of_the_ward() -> Case:
    told = neighbours(
        "near-the-wards-telephone",
        "A ward writes its own telephone into every admission: one a day for two months, and three on one day.",
    )
    told.persons = [person_record(person, f"HV{number}") for number, person in enumerate(VILLAGERS)]
    for day in range(36):
        begin, end = moment(day, 9), moment(day + 3 + day % 4, 10 + day % 5)
        told.visit(f"MW{day}", VILLAGERS[3 + day], begin, end, diagnosis=ILLS[day % 5], tel="02368001234")
    return unlike(told, 37, tels=("02368001234",) * 3).until(moment(48))


def _of_three_villages() -> list[bytes]:
    places = ("幸福村1组1号", "红星村2组8号", "柳林村4组67号")
    return [
        person_record(person, f"HV{number}", live_addr=place, tel=f"1390000000{number + 1}")
        for number, (person, place) in enumerate(zip(VILLAGERS, places, strict=False))
    ]


@case
def one_of_each_family() -> Case:
    told = neighbours(
        "hit-one-of-each-family-by-one-telephone",
        "Twenty-four people of eight families gave one telephone; one each of five families comes on one day and leaves "
        "on one. Five are under 30 % of twenty-four, but their families are more.",
        {"status": "open", "severity": "high", "measures": {"members_together": 5, "households_together": 5,
                                                            "group_size": 24}},
    )  # fmt: skip
    told.persons = [
        person_record(person, f"HV{number % 8}", tel="139 0000 1234") for number, person in enumerate(VILLAGERS[:24])
    ]
    return unlike(told, members=range(5)).until(moment(8))


@case
def two_once() -> Case:
    told = neighbours("near-two-once", "Two of one telephone, once.")
    return unlike(tied(told, 8, tel="13900001234"), members=range(2)).until(moment(8))


@case
def two_twice() -> Case:
    told = neighbours(
        "hit-the-same-two-twice",
        "Two colleagues, nothing alike, and again a month later. Once: 3.2 + 1.1 = 4.3. Then, after one day with an admission of "
        "31, 0.03 companions are expected: 2.2 + 1.1. And 3 for the same people: 10.7, or 4.6 powers of ten.",
        {"status": "open", "severity": "medium", "measures": {"times_together": 2, "members_together": 2}},
    )
    tied(told, 8, emp_name="重庆某某机械有限公司")
    return unlike(unlike(told, 0, range(2)), 30, range(2)).until(moment(40))


@case
def hospital_in_town() -> Case:
    told = neighbours(
        "near-the-hospital-in-town",
        "Three of a village on one day where somebody of it comes on three days of four: nothing alike, out a day apart.",
    )
    of_one_village(told, 40)
    for day in range(48):
        if day % 4 != 3:
            person = VILLAGERS[3 + day % 37]
            told.visit(f"MH{day}", person, moment(day, 9), moment(day + 2, 10), diagnosis=ILLS[day % 5])
    return unlike(told, 50).until(moment(58))


@case
def outbreak() -> Case:
    told = neighbours("exclude-outbreak", "Five households with an intestinal infection (A09), on one morning too.")
    return busload(of_one_village(told), diagnosis="A09.900").until(moment(8))


@case
def accident() -> Case:
    told = neighbours("exclude-accident", "The village bus turned over (S82).")
    return busload(of_one_village(told), diagnosis="S82.000").until(moment(8))


@case
def cold_week() -> Case:
    told = neighbours(
        "exclude-a-week-of-colds", "Five with a cold on one morning, after two others in the days before."
    )
    of_one_village(told)
    for day, member in ((-3, 6), (-1, 7)):
        told.visit(f"MC{member}", VILLAGERS[member], moment(day, 9), moment(day + 3, 9), diagnosis="J06.900")
    return busload(told, diagnosis="J06.900").until(moment(9))


@case
def cold_morning() -> Case:
    told = neighbours(
        "hit-colds-of-one-morning",
        "Five with a cold on one morning, out on one morning, and no other in the weeks around: no outbreak. The illness itself "
        "counts for nothing: 16.0 + 4 x (1.3 + 0.3 + 1.7) = 29.2, or 12.7.",
        {"status": "open", "severity": "high", "measures": {"members_together": 5, "improbability": 12.7}},
    )
    return busload(of_one_village(told), diagnosis="J06.900").until(moment(9))


@case
def stomachs_of_one_morning() -> Case:
    told = neighbours(
        "hit-upset-stomachs-of-one-morning",
        "The same with gastroenteritis of no known cause (K52.9), which is as easily said.",
        {"status": "open", "severity": "high", "measures": {"members_together": 5, "improbability": 12.7}},
    )
    return busload(of_one_village(told), diagnosis="K52.900").until(moment(9))


@case
def bad_food() -> Case:
    told = neighbours(
        "exclude-bad-food", "The same with food poisoning (A05): its cause is known, and strikes a village."
    )
    return busload(of_one_village(told), diagnosis="A05.900").until(moment(9))


@case
def family() -> Case:
    told = neighbours("exclude-one-household", "Four of one household: its own rules ask about it.")
    told.persons = [
        person_record(person, "HV1", live_addr="幸福村1组1号", tel="13900001234") for person in VILLAGERS[:8]
    ]
    return busload(told, members=range(4)).until(moment(8))


@case
def family_without_a_record() -> Case:
    told = neighbours(
        "exclude-a-family-with-gaps",
        "A family of four of whom two have no household in their record: at one address with one telephone they are of it.",
    )
    told.persons = [
        person_record(person, "" if number % 2 else "HV1", live_addr="幸福村1组1号", tel="13900001234")
        for number, person in enumerate(VILLAGERS[:4])
    ]
    return busload(told, members=range(4)).until(moment(8))


@case
def family_without_any_record() -> Case:
    told = neighbours(
        "exclude-a-family-without-numbers",
        "Four at one address of whom no household is known: one household, as far as anybody can tell.",
    )
    told.persons = [person_record(person, live_addr="幸福村1组1号") for person in VILLAGERS[:4]]
    return busload(told, members=range(4)).until(moment(8))


@case
def house_of_three_families() -> Case:
    told = neighbours(
        "hit-three-families-of-one-house",
        "Three households of one address, and one of nobody knows which: three parties, in within the hour, out on one morning. "
        "7.3 nats and 2 x (1.3 + 1.8 + 0.3 + 1.7 + 2.1, the logarithm of eight parts of a village): 21.7, or 9.4 powers of ten.",
        {"status": "open", "severity": "high", "measures": {"improbability": 9.4, "households_together": 3,
                                                            "members_together": 4}},
    )  # fmt: skip
    told.persons = [
        person_record(person, ("HV1", "HV2", "HV3", "")[number], live_addr="幸福村1组1号")
        for number, person in enumerate(VILLAGERS[:4])
    ]
    return busload(told, members=range(4)).until(moment(8))


@case
def dormitory() -> Case:
    told = neighbours(
        "hit-a-dormitory",
        "Thirteen at one address, none with a household: more than a home has. Five come within an hour, of thirteen more than "
        "30 %.",
        {"status": "open", "severity": "high", "measures": {"households_together": 5, "group_size": 13}},
    )
    told.persons = [person_record(person, live_addr="幸福村1组1号") for person in VILLAGERS[:13]]
    return busload(told).until(moment(8))


@case
def two_couples() -> Case:
    told = neighbours(
        "exclude-families-that-meet", "Two couples of a village come on one day: each is its household's business."
    )
    told.persons = [
        person_record(person, f"HV{number // 2}", live_addr=f"幸福村1组{number // 2 + 1}号")
        for number, person in enumerate(VILLAGERS[:8])
    ]
    return busload(told, members=range(4)).until(moment(8))


@case
def chemotherapy() -> Case:
    told = neighbours(
        "exclude-chemotherapy-days", "Five of a village, on the ward's day for chemotherapy (Z51), twice."
    )
    of_one_village(told)
    return busload(busload(told, diagnosis="Z51.102"), 21, "Z51.102").until(moment(30))


@case
def chemotherapy_coded_by_the_tumour() -> Case:
    told = neighbours("exclude-tumour-days", "The same with the stays coded by the tumour (C34).")
    of_one_village(told)
    return busload(busload(told, diagnosis="C34.900"), 21, "C34.900").until(moment(30))


@case
def cataracts() -> Case:
    told = neighbours("exclude-cataract-day", "Five of a village are operated on for cataract on the surgeon's day.")
    return busload(of_one_village(told), diagnosis="H25.900", nights=1).until(moment(8))


@case
def nursing_home() -> Case:
    told = neighbours("exclude-nursing-home", "Three of forty at one address, none with a household: not 30 % of it.")
    told.persons = [person_record(person, live_addr="幸福村敬老院1号") for person in VILLAGERS]
    return busload(told, members=range(3)).until(moment(8))


@case
def nobodys_telephone() -> Case:
    told = neighbours("exclude-placeholders", "A telephone, an employer and an address that stand for none.")
    tied(told, 8, tel="13800000000", emp_name="务农", live_addr="不详")
    return busload(told).until(moment(8))


@case
def two_hospitals() -> Case:
    told = neighbours("near-two-hospitals", "Four of a village on one day, two in each of two hospitals.")
    of_one_village(told)
    busload(told, members=range(2))
    told.gateway = Gateway("H50010600002")
    return busload(told, members=range(2, 4)).until(moment(8))


@case
def never_were() -> Case:
    told = neighbours(
        "correct-cancelled-admissions",
        "Of three of one telephone one admission is cancelled (2404): two once are left.",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    unlike(tied(told, 8, tel="13900001234"))
    told.send(moment(6), told.gateway.cancel_admission(moment(6), VILLAGERS[2], "MU0-2"))
    return told.until(moment(8))


@case
def stayed_behind() -> Case:
    told = neighbours(
        "correct-stayed-behind",
        "Three alike, in within the hour: 7.3 + 2 x 3.4 = 14.1 nats while they are in. Two leave on day 3, the third is still "
        "there when a late report of his discharge (48 h after day 4) would have come: retracted on day 7 (03-09) 00:00.",
        {"status": "retracted", "raised_at": "2026-03-02 09:35:00", "revised_at": "2026-03-09 00:00:00"},
    )
    tied(told, 8, tel="13900001234")
    for index in range(3):
        end = moment(3, 10) if index < 2 else None
        told.visit(f"MS{index}", VILLAGERS[index], moment(0, 9, 15 * index), end)
    return told.until(moment(9))


@case
def late_discharge() -> Case:
    told = neighbours(
        "hit-late-discharge",
        "Three alike; the discharge of the third is sent a day and a half late: they left together all the same. 7.3 + 2 x "
        "(3.4 + 1.7) = 17.5 nats, or 7.6 powers of ten.",
        {"status": "open", "severity": "high", "raised_at": "2026-03-02 09:35:00", "measures": {"improbability": 7.6}},
    )
    tied(told, 8, tel="13900001234")
    for index in range(3):
        told.visit(f"MS{index}", VILLAGERS[index], moment(0, 9, 15 * index), None)
        at = moment(3, 10, index) if index < 2 else moment(4, 22)
        told.send(at, told.gateway.discharge(at, VILLAGERS[index], f"MS{index}", end=moment(3, 10, index)))
    return told.until(moment(9))


@case
def discharge_undone() -> Case:
    told = neighbours(
        "correct-discharge-undone",
        "One of the three discharges is undone (2405) and comes again a week later: apart.",
        {"status": "retracted"},
    )
    unlike(tied(told, 8, tel="13900001234"))
    told.send(moment(5), told.gateway.cancel_discharge(moment(5), VILLAGERS[2], "MU0-2"))
    told.send(moment(11, 9), told.gateway.discharge(moment(11, 9), VILLAGERS[2], "MU0-2"))
    return told.until(moment(14))
