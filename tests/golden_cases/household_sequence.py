"""Which households follow one another into hospital?"""

from __future__ import annotations

from collections.abc import Sequence

from tests.golden_cases.household_together import some_numbers
from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import moment, person_record


def sequence(
    name: str, why: str, *expect: Expected, gap: int = 2, members: Sequence[int] = (0, 1, 2),
    diagnoses: Sequence[str] = ("E11.900", "E11.901", "E11.900"), hour: int = 9,
) -> Case:  # fmt: skip
    """Stays of four days that begin at ``hour`` and end at nine, ``gap`` days between them."""
    told = Case("household_sequence", name, why, *expect)
    day = 0
    for number, (member, diagnosis) in enumerate(zip(members, diagnoses, strict=True)):
        told.visit(f"MS{number}", FAMILY[member], moment(day, hour), moment(day + 4, 9), diagnosis=diagnosis)
        day += 4 + gap
    return told.until(moment(60))


@case
def three_in_sequence() -> Case:
    return sequence(
        "hit-three-in-sequence",
        "Three members, two days between, the same illness by its first three characters: medium, 0.6; raised with the third "
        "admission, day 12.",
        {"status": "open", "severity": "medium", "score": 0.6, "visits": ["MS0", "MS1", "MS2"], "household": "HH1",
         "raised_at": "2026-03-14 09:05:00", "measures": {"stays_in_sequence": 3, "longest_gap_days": 2}},
    )  # fmt: skip


@case
def bed_still_warm() -> Case:
    return sequence(
        "hit-bed-still-warm",
        "No more than a day between any two: high, 0.75.",
        {"status": "open", "severity": "high", "score": 0.75, "measures": {"longest_gap_days": 1}},
        gap=1,
    )


@case
def neighbouring_codes() -> Case:
    return sequence(
        "hit-neighbouring-codes",
        "A disc, spondylosis and back pain, one after another: three codes of one ICD block: medium.",
        {"status": "open", "severity": "medium", "visits": ["MS0", "MS1", "MS2"]},
        diagnoses=("M51.202", "M47.200", "M54.500"),
    )


@case
def two_in_sequence() -> Case:
    return sequence("near-two-in-sequence", "Two follow each other.", members=(0, 1), diagnoses=("E11.900", "E11.900"))


@case
def wide_gaps() -> Case:
    return sequence("near-wide-gaps", "Four days between them is one too many.", gap=4)


@case
def three_calendar_days() -> Case:
    return sequence(
        "hit-three-calendar-days",
        "Out on the 4th day at nine, the next in on the 7th in the afternoon: 77 hours, but three days as everybody counts them.",
        {"status": "open", "severity": "medium", "score": 0.6, "measures": {"longest_gap_days": 3}},
        gap=3, hour=14,
    )  # fmt: skip


@case
def next_afternoon() -> Case:
    return sequence(
        "hit-the-next-afternoon",
        "Out in the morning, the next in on the afternoon of the next day: 29 hours, and no more than a day: high.",
        {"status": "open", "severity": "high", "score": 0.75, "measures": {"longest_gap_days": 1}},
        gap=1, hour=14,
    )  # fmt: skip


@case
def four_calendar_days() -> Case:
    return sequence(
        "near-four-calendar-days", "In on the fourth day after, in the first hour: 88 hours, four days.", gap=4, hour=1
    )


@case
def other_illness() -> Case:
    return sequence(
        "near-other-illness", "The second has another illness.", diagnoses=("E11.900", "I10.x00", "E11.900")
    )


@case
def back_and_forth() -> Case:
    return sequence("near-two-members", "Three stays, but of two members.", members=(0, 1, 0))


@case
def contagion() -> Case:
    return sequence(
        "exclude-contagion-is-low",
        "Pneumonia goes round in a family: one step weaker, low, 0.45.",
        {"status": "open", "severity": "low", "score": 0.45},
        diagnoses=("J18.900", "J18.901", "J18.900"),
    )


@case
def births() -> Case:
    return sequence("exclude-births", "Births are left out.", diagnoses=("O80.000", "O80.100", "O80.000"))


@case
def sequence_in_a_home() -> Case:
    told = sequence("exclude-nursing-home", "Three of twenty-four at one address: not 30 % of it.")
    told.persons += [person_record(f"50010600000000020{number:02d}", "HH1") for number in range(20)]
    return told


@case
def one_address() -> Case:
    told = sequence(
        "hit-one-address-without-numbers",
        "Three without a household in their records, at one address at which nobody else lives: they are one.",
        {"status": "open", "severity": "medium", "visits": ["MS0", "MS1", "MS2"], "household": None,
         "measures": {"household_size": 3}},
    )  # fmt: skip
    told.persons = [person_record(person, live_addr="幸福村1组1号") for person in FAMILY[:3]]
    return told


@case
def a_gap_in_the_records() -> Case:
    told = sequence(
        "hit-one-without-a-number",
        "Three at one address, of whom the second has no household in his record: a gap, they are one family.",
        {"status": "open", "severity": "medium", "visits": ["MS0", "MS1", "MS2"], "household": None},
    )
    return some_numbers(told, "HH1", "", "HH1")


@case
def one_address_of_many() -> Case:
    told = sequence("exclude-dormitory", "Three of thirteen without a household at one address: no family's.")
    told.persons = [person_record(person, live_addr="幸福村1组1号") for person in FAMILY]
    told.persons += [person_record(f"50010600000000020{number:02d}", live_addr="幸福村1组1号") for number in range(9)]
    return told


@case
def middle_never_was() -> Case:
    told = sequence(
        "correct-cancelled-admission",
        "The stay in the middle is cancelled (2404): eight days lie between the two that are left.",
        {"status": "retracted", "visits": ["MS0", "MS1", "MS2"]},
    )
    told.send(moment(20), told.gateway.cancel_admission(moment(20), FAMILY[1], "MS1"))
    return told


@case
def moved_by_a_change() -> Case:
    told = sequence(
        "correct-changed-admission",
        "A change (2403) gives the second stay another illness, a second one gives back the first: it stands again.",
        {"status": "open", "visits": ["MS0", "MS1", "MS2"], "raised_at": "2026-03-14 09:05:00"},
    )
    for at, diagnosis in ((moment(20), "S72.000"), (moment(21), "E11.901")):
        told.send(at, told.gateway.change(at, FAMILY[1], "MS1", begin=moment(6, 9), diagnosis=diagnosis))
    return told
