"""When has an institution more stays than beds, and when does it only look like it?"""

from __future__ import annotations

from typing import Any

from tests.golden_cases.story import HOSPITAL, Case, Expected, case
from tests.wire_messages import institution_record, moment

BEDS = 4


def ward(name: str, why: str, *expect: Expected, beds: int | None = BEDS) -> Case:
    told = Case("bed_overcommit", name, why, *expect)
    told.institutions = [institution_record(HOSPITAL, **({} if beds is None else {"aprv_bed_cnt": beds}))]
    return told


def fill(
    told: Case, stays: int, first: int, until: int, *, prefix: str = "MI", amount: float = 0.0, **entry: Any
) -> None:
    """So many stays from day ``first`` to day ``until``."""
    for number in range(1, stays + 1):
        told.visit(
            f"{prefix}{number}", f"P{prefix}{number}", moment(first, 9, number), moment(until, 11, number), amount=amount,
            **entry,
        )  # fmt: skip


@case
def three_nights() -> Case:
    told = ward(
        "hit-three-nights",
        "Eleven stays for eight beds on the nights of days 0, 1 and 2: 137.5 % of the beds, above 120 %, for less than a week: "
        "medium. Three too many are more than the root of eight. The third night ends on day 3 and is judged 48 h later, on "
        "day 5 (2026-03-07) 00:00. Score 0.3 + 1.2 x 0.375. Three bed-nights in eleven are too many: of 11 x 100 yuan 300 are "
        "at risk.",
        {
            "status": "open", "severity": "medium", "raised_at": "2026-03-07 00:00:00", "score": 0.75, "fund_at_risk": 30_000,
            "begin": "2026-03-02 00:00:00", "end": "2026-03-05 00:00:00",
            "measures": {"census_peak": 11, "beds_share": 1.375, "nights_above": 3},
        },
        beds=8,
    )  # fmt: skip
    fill(told, 11, 0, 3, amount=100.0)
    return told.until(moment(6))


@case
def beds_at_home() -> Case:
    told = ward(
        "exclude-beds-at-home",
        "Eight stays for eight beds, and three who lie at home (家庭病床), where a nurse calls: they take no bed here.",
        beds=8,
    )
    fill(told, 8, 0, 3, amount=100.0)
    fill(told, 3, 0, 3, prefix="MH", bed="家床-001")
    return told.until(moment(6))


@case
def one_in_four_beds() -> Case:
    told = ward(
        "hit-one-too-many-for-four-beds",
        "Five stays for four beds on three nights: 125 %, but one stay more is what any full house sees: low.",
        {"status": "open", "severity": "low", "measures": {"census_peak": 5, "beds_share": 1.25, "nights_above": 3}},
    )
    fill(told, 5, 0, 3)
    return told.until(moment(6))


@case
def a_warning() -> Case:
    told = ward(
        "hit-one-bed-in-five-for-a-week",
        "Twelve stays for ten beds on seven nights: a warning, for extra beds are common; two more for a week are no chance "
        "(2 x 2 > the root of ten). At 110 % and more for a week it is medium. Score 0.3 + 1.2 x 0.2 + 4 x 0.02.",
        {"status": "open", "severity": "medium", "score": 0.62, "measures": {"census_peak": 12, "nights_above": 7}},
        beds=10,
    )
    fill(told, 12, 0, 7)
    return told.until(moment(11))


@case
def a_few_nights_by_a_few() -> Case:
    told = ward(
        "near-one-bed-in-ten",
        "Eleven stays for ten beds on three nights: 110 %, one bed more for three nights is chance, and extra beds are common.",
        beds=10,
    )
    fill(told, 11, 0, 3)
    return told.until(moment(6))


@case
def a_week_that_comes_and_goes() -> Case:
    told = ward(
        "hit-a-week-of-one-to-three-too-many",
        "Eighteen beds and 19, 19, 21, 21, 19, 21, 21 and 19 stays: never more than one too many for three nights running, but "
        "two on the mean of eight nights, and twice that is more than half the root of 18: a warning. Score 0.3 + 1.2 x 0.056 "
        "+ 0.1.",
        {"status": "open", "severity": "low", "score": 0.4667, "measures": {"census_peak": 21, "nights_above": 8}},
        beds=18,
    )
    fill(told, 19, 0, 8)
    fill(told, 2, 2, 4, prefix="MJ")
    fill(told, 2, 5, 7, prefix="MK")
    return told.until(moment(12))


@case
def six_nights_of_two_more() -> Case:
    told = ward(
        "hit-two-too-many-for-six-nights",
        "Twenty-six stays for twenty-four beds on six nights: two are less than half the root of 24, which three nights would "
        "ask for; three nights more than these make it one and three quarters as much: a warning.",
        {"status": "open", "severity": "low", "measures": {"census_peak": 26, "nights_above": 6}},
        beds=24,
    )
    fill(told, 26, 0, 6)
    return told.until(moment(10))


@case
def three_nights_of_two_more() -> Case:
    told = ward("near-two-too-many-for-three-nights", "The same on three nights is chance.", beds=24)
    fill(told, 26, 0, 3)
    return told.until(moment(7))


@case
def a_week_of_one_more() -> Case:
    told = ward(
        "near-one-more-than-eighteen-for-a-week",
        "Nineteen stays for eighteen beds on eight nights: one more, and twice one is less than half the root of 18.",
        beds=18,
    )
    fill(told, 19, 0, 8)
    return told.until(moment(12))


@case
def half_of_how_far_it_strays() -> Case:
    told = ward(
        "hit-three-too-many-for-thirty-six",
        "Thirty-nine stays for thirty-six beds on three nights: 108 %, three more, which is half the root of 36: a warning.",
        {"status": "open", "severity": "low", "score": 0.4, "measures": {"census_peak": 39, "beds_share": 1.083}},
        beds=36,
    )
    fill(told, 39, 0, 3)
    return told.until(moment(6))


@case
def a_large_ward() -> Case:
    told = ward(
        "hit-a-warning",
        "Forty-two stays for thirty-six beds on three nights: 117 %, six more than beds, the root of 36: a warning.",
        {"status": "open", "severity": "low", "score": 0.5, "measures": {"census_peak": 42, "nights_above": 3}},
        beds=36,
    )
    fill(told, 42, 0, 3)
    return told.until(moment(6))


@case
def it_grows() -> Case:
    told = ward(
        "hit-it-grows",
        "Six stays for four beds on eight nights, from day 0 to 7: told of when the third, fourth, fifth and seventh have been "
        "judged, and of all eight when a night with no more stays than beds follows: five revisions.",
        {"status": "open", "severity": "high", "revision": 5, "measures": {"nights_above": 8}},
    )
    fill(told, 6, 0, 8, bed="")
    return told.until(moment(20))


@case
def it_goes_on() -> Case:
    told = ward(
        "hit-it-goes-on",
        "Six stays for four beds on the nights of days 0 to 7, ordinary nights on days 8 and 9, six again on 10 to 12: one "
        "alert, anchored on day 0, of eleven nights at 150 %: high.",
        {
            "status": "open", "severity": "high", "begin": "2026-03-02 00:00:00", "end": "2026-03-15 00:00:00",
            "raised_at": "2026-03-07 00:00:00", "measures": {"census_peak": 6, "beds_share": 1.5, "nights_above": 11},
        },
    )  # fmt: skip
    fill(told, 6, 0, 8)
    fill(told, 6, 10, 13, prefix="MJ")
    return told.until(moment(16))


@case
def two_nights() -> Case:
    told = ward("near-two-nights", "Two nights above the beds are one too few.")
    fill(told, 5, 0, 2)
    return told.until(moment(6))


@case
def full() -> Case:
    told = ward("near-full", "Four stays for four beds: full, not above.")
    fill(told, 4, 0, 6)
    return told.until(moment(10))


@case
def no_beds() -> Case:
    told = ward("near-beds-not-known", "Without the number of approved beds nothing is said.", beds=None)
    fill(told, 9, 0, 6)
    return told.until(moment(10))


@case
def day_of_change() -> Case:
    told = ward(
        "near-day-of-change",
        "Four go and four come on day 2: eight have the beds that day, four each night.",
    )
    fill(told, 4, 0, 2)
    fill(told, 4, 2, 5, prefix="MJ")
    return told.until(moment(10))


@case
def newborn() -> Case:
    told = ward("exclude-newborn", "The fifth lies beside his mother (9921).")
    fill(told, 4, 0, 5)
    fill(told, 1, 0, 5, prefix="MN", med_type="9921", diagnosis="Z38.000")
    return told.until(moment(10))


@case
def day_surgery() -> Case:
    told = ward("exclude-day-surgery", "日间手术 (28) sleeps at home, whatever the dates say.")
    fill(told, 4, 0, 5)
    fill(told, 1, 0, 5, prefix="MD", med_type="28")
    return told.until(moment(10))


@case
def forgotten_discharge() -> Case:
    told = ward(
        "exclude-forgotten-discharge",
        "One was admitted on day -40 and never heard of again: no bed is counted for him 28 days later.",
    )
    told.visit("MF1", "PF1", moment(-40, 9), None)
    fill(told, 4, 0, 5)
    return told.until(moment(10))


@case
def settled_without_discharge() -> Case:
    told = ward(
        "exclude-settled-without-discharge",
        "Of one no discharge came, but his final settlement on day 1: he left then.",
    )
    told.visit("MF1", "PF1", moment(0, 8), None)
    told.send(moment(1, 10), told.gateway.settle_stay(moment(1, 10), "PF1", "MF1", "SF1", 100.0))
    fill(told, 4, 0, 5)
    return told.until(moment(10))


@case
def late_discharge_in_time() -> Case:
    told = ward(
        "late-discharge-in-time",
        "The fifth went on day 1; his discharge is told on day 3, within 48 h of the night's end: nothing was ever said.",
    )
    fill(told, 4, 0, 5)
    told.visit("ML1", "PL1", moment(0, 9), None)
    told.send(moment(3, 8), told.gateway.discharge(moment(3, 8), "PL1", "ML1", end=moment(1, 10)))
    return told.until(moment(10))


@case
def late_discharge_retracts() -> Case:
    told = ward(
        "late-discharge-retracts",
        "The same, told on day 6 only: the alert stands since day 5, and is retracted.",
        {
            "status": "retracted",
            "raised_at": "2026-03-07 00:00:00",
            "revised_at": "2026-03-08 08:00:00",
            "retraction": {"en": "the discharge changed the picture (2402)"},
        },
    )
    fill(told, 4, 0, 5)
    told.visit("ML1", "PL1", moment(0, 9), None)
    told.send(moment(6, 8), told.gateway.discharge(moment(6, 8), "PL1", "ML1", end=moment(1, 10)))
    return told.until(moment(10))


@case
def cancelled_admission() -> Case:
    told = ward(
        "correct-cancelled-admission",
        "The fifth admission is cancelled (2404) on day 6: four stays for four beds.",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    fill(told, 5, 0, 3)
    told.send(moment(6, 9), told.gateway.cancel_admission(moment(6, 9), "PMI5", "MI5"))
    return told.until(moment(10))


@case
def cancelled_discharge() -> Case:
    told = ward(
        "correct-cancelled-discharge",
        "One had left on day 1 by his discharge, which is cancelled (2405) on day 2: he is still in when the others go. "
        "Nights 0 to 2 have five.",
        {"status": "open", "severity": "low", "raised_at": "2026-03-07 00:00:00", "measures": {"nights_above": 3}},
    )
    fill(told, 4, 0, 3)
    told.visit("MC1", "PC1", moment(0, 9), moment(1, 10))
    told.send(moment(2, 9), told.gateway.cancel_discharge(moment(2, 9), "PC1", "MC1"))
    return told.until(moment(6))
