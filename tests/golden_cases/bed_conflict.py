"""When do several patients lie in one bed, and when is it only told late?"""

from __future__ import annotations

from typing import Any

from tests.golden_cases.story import FAMILY, Case, Expected, case
from tests.wire_messages import CATEGORIES, NURSING, Billed, moment

HOUR = 3_600


def told(name: str, why: str, *expect: Expected) -> Case:
    return Case("bed_conflict", name, why, *expect)


def two_in_a_bed(name: str, why: str, *expect: Expected, **entry: Any) -> Case:
    """MI1 from day 0 to 6, MI2 in the same bed from day 2 to 5."""
    one = told(name, why, *expect)
    one.stay("MI1", FAMILY[0], 6, range(6), **entry)
    one.stay("MI2", FAMILY[1], 3, range(3), day=2, hour=10)
    return one


@case
def two_patients() -> Case:
    return two_in_a_bed(
        "hit-two-in-a-bed",
        "Bed A03-001 has MI1 from day 0, 09:00, to day 6, 11:00, and MI2 from day 2, 10:00, to day 5, 11:00: 73 hours. While "
        "both are in, it is waited 24 + 48 h for a late discharge or move: until day 5 (03-07), 10:00, when both have been "
        "billed for days 2 to 4: at least until day 5, 00:00. Bed 1 of 60 is a bed: weight 2, medium; 0.3 + 0.7 x (1 - 1/2). "
        "The cheaper stay is at risk: 3 x (70 + 60) = 390 yuan.",
        {
            "status": "open", "severity": "medium", "visits": ["MI1", "MI2"], "raised_at": "2026-03-07 10:00:00",
            "score": 0.65, "begin": "2026-03-02 09:00:00", "end": "2026-03-07 11:00:00", "fund_at_risk": 39_000,
            "measures": {"persons_in_bed": 2, "overlap_hours": 73, "times_shared": 1, "evidence_weight": 2.0},
        },
    ).until(moment(12))  # fmt: skip


@case
def four_patients() -> Case:
    one = told(
        "hit-four-at-once",
        "Four cards in one bed from day 0 to day 6: weight 1 + 2 for the third and fourth + 1 for a bed's own number + 0.5 "
        "for five days (146 hours): 4.5, high. One of the four could be real: 3 x 6 x 130 = 2,340 yuan at risk.",
        {
            "status": "open", "severity": "high", "visits": ["MI1", "MI2", "MI3", "MI4"],
            "raised_at": "2026-03-05 09:00:00", "fund_at_risk": 234_000, "end": "2026-03-08 11:00:00",
            "measures": {"persons_in_bed": 4, "overlap_hours": 146, "times_shared": 1, "evidence_weight": 4.5},
        },
    )  # fmt: skip
    for number, person in enumerate(FAMILY):
        one.stay(f"MI{number + 1}", person, 6, range(6))
    return one.until(moment(12))


@case
def again_and_again() -> Case:
    one = two_in_a_bed(
        "hit-again-and-again",
        "The same bed is shared again from day 9 to day 12 (75 hours): one alert, under the first visit's name, that grew: "
        "1 + 1 + 0.75 = 2.75. Of two and two the cheaper: 390 + 390 yuan.",
        {
            "status": "open", "severity": "medium", "visits": ["MI1", "MI2", "MI3", "MI4"], "fund_at_risk": 78_000,
            "measures": {"persons_in_bed": 2, "overlap_hours": 74, "times_shared": 2, "evidence_weight": 2.75},
        },
    )  # fmt: skip
    one.stay("MI3", FAMILY[2], 3, range(3), day=9, hour=9)
    one.stay("MI4", FAMILY[3], 3, range(3), day=9, hour=9)
    return one.until(moment(15))


@case
def handed_over() -> Case:
    one = told("near-a-day-of-overlap", "MI2 comes at 12:00 of the day before MI1's discharge at 11:00: 23 hours.")
    one.stay("MI1", FAMILY[0], 6, range(6))
    one.stay("MI2", FAMILY[1], 5, range(5), day=5, hour=12)
    return one.until(moment(14))


@case
def another_ward() -> Case:
    one = told("near-another-ward", "Bed 001 of A03 and bed 001 of A19 are two beds.")
    one.stay("MI1", FAMILY[0], 6, range(6), bed="001")
    one.stay("MI2", FAMILY[1], 6, range(6), bed="001", department="A19")
    return one.until(moment(14))


@case
def a_number_beyond_the_beds() -> Case:
    one = told(
        "near-a-number-that-may-be-no-beds",
        "Bed 713 of a hospital with 60: two at once for 146 hours, and nobody else had it. 1 + 0.5 for its length: low.",
        {"status": "open", "severity": "low", "visits": ["MI1", "MI2"], "measures": {"evidence_weight": 1.5}},
    )
    one.stay("MI1", FAMILY[0], 6, range(6), bed="A03-713")
    one.stay("MI2", FAMILY[1], 6, range(6), bed="A03-713")
    return one.until(moment(14))


@case
def mother_and_newborn() -> Case:
    one = told("exclude-mother-and-newborn", "A newborn (9921) lies with its mother (O80).")
    one.stay("MI1", FAMILY[0], 4, range(4), diagnosis="O80.000", med_type="52")
    one.stay("MI2", FAMILY[1], 4, range(4), hour=20, diagnosis="Z38.000", med_type="9921")
    return one.until(moment(14))


@case
def no_bed() -> Case:
    one = told("exclude-words-for-no-bed", "加床, 0 and nothing at all name no bed; three times two patients at once.")
    for number, bed in enumerate(("加床", "0", "")):
        one.stay(f"MI{number}1", FAMILY[0], 4, range(4), day=7 * number, bed=bed)
        one.stay(f"MI{number}2", FAMILY[1], 4, range(4), day=7 * number, bed=bed)
    return one.until(moment(30))


@case
def everybodys_code() -> Case:
    one = told("exclude-a-code-for-everybody", "Nine at once have bed 'J1': it is a word, not a bed.")
    for number in range(9):
        one.stay(f"MI{number}", f"P{number}", 5, range(5), hour=8 + number, bed="J1")
    return one.until(moment(14))


@case
def discharged_late() -> Case:
    one = told(
        "late-discharge-in-time",
        "MI1 leaves on day 4, 11:00, and is billed no further; MI2 gets the bed at 15:00. The discharge is told on day 6, "
        "20:00, with the time it was: nothing was ever said.",
    )
    one.stay("MI1", FAMILY[0], 4, range(4), ends=False)
    one.stay("MI2", FAMILY[1], 5, range(5), day=4, hour=15)
    at = moment(6, 20)
    one.send(at, one.gateway.discharge(at, FAMILY[0], "MI1", end=moment(4, 11)))
    return one.until(moment(14))


@case
def never_discharged() -> Case:
    one = told(
        "exclude-never-discharged",
        "MI1 is billed for four days and settled on day 6; no discharge ever comes. It had the bed until day 4, 00:00.",
    )
    one.stay("MI1", FAMILY[0], 4, range(4), ends=False)
    one.stay("MI2", FAMILY[1], 8, range(8), day=4, hour=15)
    at = moment(6, 10)
    one.send(at, one.gateway.settle_stay(at, FAMILY[0], "MI1", "S1", 520.0))
    return one.until(moment(20))


@case
def moved_late() -> Case:
    one = told(
        "late-move",
        "MI1 went to bed 2 on day 2; the office hears of it on day 4, 06:00, 44 hours after MI2 got the bed. A move may be "
        "told 48 hours late.",
    )
    one.stay("MI1", FAMILY[0], 8, range(8))
    one.stay("MI2", FAMILY[1], 5, range(5), day=2, hour=10)
    at = moment(4, 6)
    one.send(at, one.gateway.change(at, FAMILY[0], "MI1", begin=moment(0, 9), bed="A03-002"))
    return one.until(moment(14))


def standing(name: str, why: str, *expect: Expected) -> Case:
    """Two in a bed from day 0 and day 1 on, both still in; the alert stands since day 4 (03-06), 09:00."""
    one = told(name, why, *expect)
    one.stay("MI1", FAMILY[0], 6, range(6), ends=False)
    one.stay("MI2", FAMILY[1], 5, range(5), day=1, ends=False)
    return one


@case
def still_in() -> Case:
    return standing(
        "hit-raised-while-they-are-in",
        "Both in since day 1, 09:00; told at the bound of 72 hours, on day 4 (03-06), 09:00. Billed until day 6, 00:00, by "
        "day 6, 06:00: 111 hours by then, told in whole days, of which there are steps: 72; two revisions, though bills "
        "come every day. What it costs is known at the discharge.",
        {
            "status": "open",
            "severity": "medium",
            "raised_at": "2026-03-06 09:00:00",
            "end": None,
            "fund_at_risk": 0,
            "revision": 2,
            "measures": {"persons_in_bed": 2, "overlap_hours": 72},
        },
    ).until(moment(6, 12))


@case
def discharge_after_all() -> Case:
    one = standing(
        "correct-discharge-after-all",
        "On day 7 MI1's discharge comes, of day 2, 08:00: the two had the bed for 23 hours, the bills beyond are another "
        "matter. The alert is taken back.",
        {"status": "retracted", "raised_at": "2026-03-06 09:00:00"},
    )
    at = moment(7, 9)
    one.send(at, one.gateway.discharge(at, FAMILY[0], "MI1", end=moment(2, 8)))
    return one.until(moment(8))


@case
def admission_cancelled() -> Case:
    one = standing(
        "correct-admission-cancelled", "On day 7 MI2's admission is cancelled.",
        {"status": "retracted", "raised_at": "2026-03-06 09:00:00"},
    )  # fmt: skip
    at = moment(7, 9)
    one.send(at, one.gateway.cancel_admission(at, FAMILY[1], "MI2"))
    return one.until(moment(8))


@case
def lines_cancelled() -> Case:
    one = standing(
        "correct-lines-cancelled",
        "On day 7 all of MI2's lines are cancelled: nothing shows any more that anybody lay there.",
        {"status": "retracted", "raised_at": "2026-03-06 09:00:00"},
    )
    at = moment(7, 9)
    one.send(at, one.gateway.cancel_lines(at, FAMILY[1], "MI2"))
    return one.until(moment(8))


@case
def late_lines() -> Case:
    one = told(
        "late-lines",
        "MI2 is not billed until day 6, 20:00 (03-08): then its lines of days 1 to 5 show that it was there with MI1.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-08 20:00:00"},
    )
    one.stay("MI1", FAMILY[0], 6, range(6), ends=False)
    one.stay("MI2", FAMILY[1], 0, (), day=1, ends=False)
    at = moment(6, 20)
    lines = [Billed(f"L{day}", moment(day, 23), NURSING, 1.0, 18.0) for day in range(1, 6)]
    assert CATEGORIES[NURSING] == "07"
    one.send(at, one.gateway.bill(at, FAMILY[1], "MI2", lines))
    return one.until(moment(8))
