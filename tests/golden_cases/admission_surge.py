"""When are too many admitted at once, and when is it ordinary life?

The hospital of these cases admits one patient a day for three weeks and a half, every other one for something that
could have waited: about half a patient a day of those. Of a count with the mean 0.5 six or more are rarer than one in ten
thousand where the mean is known (Poisson: 1.4e-5). Learned from 21 days it is not known better than to a third, and people
come unevenly: then it is the seventh (1.9e-5 at the variance 0.7), of a day's one usual admission too (Poisson: 8.3e-5).
"""

from __future__ import annotations

from tests.golden_cases.story import Case, Expected, case
from tests.wire_messages import moment

WAITS = ("I10.x00", "M51.202", "E11.900", "K29.500", "M17.900", "H81.000", "I25.103", "M47.200")
ACUTE = "K35.800"


def hospital(name: str, why: str, *expect: Expected, days: int = 25, a_day: int = 1) -> Case:
    """So many ordinary days before day 0, at ordinary hours."""
    told = Case("admission_surge", name, why, *expect)
    for day in range(-days, 0):
        ordinary(told, day, a_day)
    return told


def ordinary(told: Case, day: int, a_day: int) -> None:
    """Every other one comes for something that could have waited."""
    for number in range(a_day):
        diagnosis = ACUTE if (day + number) % 2 else WAITS[(day + number) // 2 % len(WAITS)]
        hour = 8 + (day * 7 + number * 5) % 9
        told.visit(f"MO{day}-{number}", f"PO{day}-{number}", moment(day, hour), None, diagnosis=diagnosis)


def come(
    told: Case, count: int, day: int = 0, *, hour: int = 8, minutes: int = 40, diagnoses: tuple[str, ...] = WAITS,
    prefix: str = "MS", med_type: str = "21", until: int | None = None, amount: float = 0.0,
) -> list[str]:  # fmt: skip
    """So many admissions, one every ``minutes``; their visits."""
    visits = [f"{prefix}{day}-{number}" for number in range(1, count + 1)]
    for number, visit in enumerate(visits):
        begin = moment(day, hour, 0) + number * minutes * 60
        end = None if until is None else moment(until, 10, number)
        told.visit(
            visit,
            "P" + visit,
            begin,
            end,
            diagnosis=diagnoses[number % len(diagnoses)],
            med_type=med_type,
            amount=amount,
        )
    return visits


@case
def a_morning() -> Case:
    told = hospital(
        "hit-eight-on-a-day",
        "Eight come on day 0, forty minutes apart, none for anything that could not have waited, of whom about half a one was "
        "expected. Raised on the same day, when the seventh has come (12:00, told five minutes later), before the eighth has.",
        {
            "status": "open", "severity": "medium", "raised_at": "2026-03-02 12:05:00", "begin": "2026-03-02 08:00:00",
            "end": "2026-03-02 23:59:59", "visits": [f"MS0-{n}" for n in range(1, 9)],
            "measures": {"could_have_waited": 8, "admissions_of_day": 8, "surge_days": 1},
        },
    )  # fmt: skip
    come(told, 8)
    return told.until(moment(3))


@case
def a_bus() -> Case:
    told = hospital(
        "hit-a-bus",
        "Ten come within fifty minutes, all with hypertension, and leave on the same day 3: an hour of its own, one diagnosis, "
        "one day of leaving: high. Each is settled with 200 yuan; nearly all of it is at risk.",
        {
            "status": "open", "severity": "high",
            "measures": {"could_have_waited": 10, "admissions_of_hour": 10, "same_diagnosis": 10, "left_same_day": 10},
        },
    )  # fmt: skip
    come(told, 10, hour=13, minutes=5, diagnoses=("I10.x00",), until=3, amount=200.0)
    return told.until(moment(5))


@case
def told_in_steps() -> Case:
    told = hospital(
        "hit-told-in-steps",
        "Twenty-one come on day 0, every twenty minutes, and are settled one by one on days 3 to 5. The alert is opened with the "
        "seventh, and revised with the eighth, ninth, tenth, twelfth, fourteenth, sixteenth and nineteenth, when the day is "
        "closed, and when half, four fifths and all of them have left: twelve, not forty-two. Two diagnoses of three are "
        "one, nobody's hour is full enough, four leave a day at most.",
        {
            "status": "open", "revision": 12,
            "measures": {"could_have_waited": 21, "admissions_of_day": 21, "left_same_day": 7},
        },
    )  # fmt: skip
    for number in range(21):
        begin, end = moment(0, 8) + number * 20 * 60, moment(3 + number // 7, 10, number)
        told.visit(f"MS{number}", f"PS{number}", begin, end, diagnosis=WAITS[number % len(WAITS)], amount=100.0)
    return told.until(moment(7))


@case
def two_days() -> Case:
    told = hospital(
        "hit-two-days-are-one",
        "Seven on day 0 and seven on day 2: one alert, named after day 0, that has grown. They leave on one day: with the second "
        "day two signs of arrangement, and the days together are rarer than one in a million: high.",
        {
            "status": "open", "severity": "high", "begin": "2026-03-02 08:00:00", "end": "2026-03-04 23:59:59",
            "measures": {"could_have_waited": 7, "surge_days": 2, "left_same_day": 14},
        },
    )  # fmt: skip
    come(told, 7, until=5)
    come(told, 7, 2, until=5)
    return told.until(moment(6))


@case
def after_many_another() -> Case:
    crowds = (3, 13, 24, 33, 41)
    told = hospital(
        "hit-after-many-another",
        "Two a day are usual. Fourteen come on each of five days, ten days apart; of eight on day 50 one is as surprised as if "
        "they were the first. Taken for what is usual here, the five would have made them one in some thousands only.",
        *({"status": "open", "measures": {"could_have_waited": 14}} for _ in crowds),
        {"status": "open", "begin": "2026-04-21 08:00:00", "measures": {"could_have_waited": 8}},
        days=40, a_day=2,
    )  # fmt: skip
    for day in range(50):
        if day in crowds:
            come(told, 14, day, minutes=30)
        else:
            ordinary(told, day, 2)
    come(told, 8, 50)
    return told.until(moment(56))


@case
def four() -> Case:
    told = hospital("near-four", "Four are one too few, however quiet the days before were.")
    come(told, 4, minutes=5)
    return told.until(moment(3))


@case
def warming_up() -> Case:
    told = hospital("near-warming-up", "Ten days of history: nobody knows what is usual here.", days=10)
    come(told, 8)
    return told.until(moment(3))


@case
def an_ordinary_day() -> Case:
    told = hospital(
        "near-a-busy-day",
        "Three a day are usual, half of which could have waited: five of these are a busy day.",
        a_day=3,
    )
    come(told, 5, minutes=100)
    return told.until(moment(3))


@case
def outbreak() -> Case:
    told = hospital("exclude-outbreak", "Eight come with influenza or pneumonia: contagion strikes many at once.")
    come(told, 8, diagnoses=("J10.100", "J18.900"))
    return told.until(moment(3))


COLDS = ("J20.900", "K52.900", "J06.900")


@case
def colds_out_of_nowhere() -> Case:
    told = hospital(
        "hit-colds-out-of-nowhere",
        "Eight come with bronchitis, a cold or gastroenteritis, which strike many at once; but nobody had any in the week "
        "before, and one cold a fortnight is all that is expected.",
        {
            "status": "open", "severity": "medium", "begin": "2026-03-02 08:00:00",
            "measures": {"could_have_waited": 8, "admissions_of_day": 8, "surge_days": 1},
        },
    )  # fmt: skip
    come(told, 8, diagnoses=COLDS)
    return told.until(moment(3))


@case
def some_have_colds() -> Case:
    told = hospital(
        "hit-half-have-colds",
        "Ten on a day, four of whom could have waited and six have colds: neither would be too many alone.",
        {"status": "open", "measures": {"could_have_waited": 10, "admissions_of_day": 10}},
    )
    come(told, 4)
    come(told, 6, hour=9, diagnoses=COLDS, prefix="MC")
    return told.until(moment(3))


@case
def some_are_said_to_have_pneumonia() -> Case:
    told = hospital(
        "hit-three-of-eight-have-pneumonia",
        "Five who could have waited are too few; of the three with pneumonia that came with them nobody was there in the week "
        "before.",
        {"status": "open", "severity": "medium", "measures": {"could_have_waited": 8, "admissions_of_day": 8}},
    )
    come(told, 5)
    come(told, 3, hour=11, diagnoses=("J18.900",), prefix="MC")
    return told.until(moment(3))


@case
def pneumonia_goes_about() -> Case:
    told = hospital(
        "exclude-pneumonia-goes-about",
        "The same five and three, where two a day had pneumonia in the week before.",
    )
    for day in range(-7, 0):
        come(told, 2, day, diagnoses=("J18.900",), prefix="MB")
    come(told, 5)
    come(told, 3, hour=11, diagnoses=("J18.900",), prefix="MC")
    return told.until(moment(3))


@case
def wave_of_colds() -> Case:
    told = hospital(
        "exclude-wave-of-colds",
        "Colds go about: one, two, two, three, four, five on the days before, and eight on day 0.",
    )
    for day, count in enumerate((1, 2, 2, 3, 4, 5, 8), -6):
        come(told, count, day, diagnoses=COLDS)
    return told.until(moment(3))


@case
def colds_cancelled() -> Case:
    told = hospital(
        "correct-colds-cancelled",
        "Four of the eight with colds are cancelled (2404) two days later: four are ordinary.",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    for visit in come(told, 8, diagnoses=COLDS)[:4]:
        told.send(moment(2, 9), told.gateway.cancel_admission(moment(2, 9), "P" + visit, visit))
    return told.until(moment(3))


@case
def accident() -> Case:
    told = hospital("exclude-accident", "A bus has crashed: twelve injured within the hour.")
    come(told, 12, minutes=4, diagnoses=("S06.000", "S22.300", "T14.900"), med_type="22")
    return told.until(moment(3))


@case
def surgery_by_the_list() -> Case:
    told = hospital("exclude-day-surgery", "日间手术 (28) is called in by the list.")
    come(told, 8, med_type="28")
    return told.until(moment(3))


@case
def births() -> Case:
    told = hospital("exclude-births", "Six mothers on one day, and their six newborns.")
    come(told, 6, diagnoses=("O80.000",), med_type="52")
    come(told, 6, diagnoses=("Z38.000",), med_type="9921", prefix="MN")
    return told.until(moment(3))


@case
def courses() -> Case:
    told = hospital("exclude-chemotherapy", "Eight come for their course on one day (Z51).")
    come(told, 8, diagnoses=("Z51.101",))
    return told.until(moment(3))


@case
def strokes_among_them() -> Case:
    told = hospital(
        "hit-strokes-among-them",
        "Four who could have waited, and six with a stroke, a failing heart or obstructed lungs, on one day. None of these could "
        "have waited, but nothing brings them at once; one a day is usual in all. Four are not too many, and six are not told.",
        {"status": "open", "measures": {"of_no_common_cause": 10, "admissions_of_day": 10}},
    )
    come(told, 4, minutes=60)
    come(told, 6, minutes=45, diagnoses=("I63.900", "I50.900", "J44.100"), hour=8, prefix="MA")
    return told.until(moment(3))


def young_ward(name: str, why: str, *expect: Expected, outpatients: bool) -> Case:
    """One admission a day for nine days, then twelve; ``outpatients``: as many days with a visit before."""
    told = Case("admission_surge", name, why, *expect)
    for day in range(-30, -9) if outpatients else ():
        at = moment(day, 9)
        told.send(at, told.gateway.settle_visit(at, f"PV{day}", f"MV{day}", "B1", f"SMV{day}", 60.0))
    for day in range(-9, 0):
        ordinary(told, day, 1)
    come(told, 12, minutes=30)
    return told.until(moment(3))


@case
def a_ward_that_has_opened() -> Case:
    return young_ward(
        "hit-first-admissions-nine-days-ago",
        "Visits since January 31st, admissions since nine days: that nobody was admitted before is known as well, so the twelve "
        "of day 0 are judged.",
        {"status": "open", "measures": {"admissions_of_day": 12}},
        outpatients=True,
    )


@case
def a_hospital_that_has_opened() -> Case:
    return young_ward(
        "exclude-first-heard-nine-days-ago",
        "The same, and nothing was heard of it before: too short.",
        outpatients=False,
    )


@case
def a_bad_day() -> Case:
    told = hospital(
        "near-five-with-strokes",
        "Five with strokes and failing hearts on a day on which one is usual: one in some hundred.",
    )
    come(told, 5, minutes=90, diagnoses=("I63.900", "I50.900"), hour=7, prefix="MA")
    return told.until(moment(3))


@case
def full_hospital_next_door() -> Case:
    told = hospital(
        "exclude-full-hospital-next-door",
        "Seven who could have waited come on a day on which twelve others come too: another hospital is full, and sends "
        "all kinds.",
    )
    come(told, 7, minutes=60)
    come(told, 12, minutes=45, diagnoses=("J15.900", "S82.200", "J18.900", ACUTE), hour=7, prefix="MA")
    return told.until(moment(3))


@case
def after_a_closure() -> Case:
    told = hospital(
        "exclude-after-a-closure",
        "Two a day are usual; for six days nobody was taken in (12 did not come). Eight on the day of reopening are owed.",
        a_day=2, days=26,
    )  # fmt: skip
    come(told, 8, 6, minutes=50)
    return told.until(moment(9))


@case
def cancelled() -> Case:
    told = hospital(
        "correct-cancelled-admissions",
        "Four of the eight are cancelled (2404) two days later: four are ordinary.",
        {"status": "retracted", "retraction": {"en": "the admission was cancelled (2404)"}},
    )
    for visit in come(told, 8)[:4]:
        told.send(moment(2, 9), told.gateway.cancel_admission(moment(2, 9), "P" + visit, visit))
    return told.until(moment(3))


@case
def another_diagnosis() -> Case:
    told = hospital(
        "correct-another-diagnosis",
        "By a 2403 the next day five of the eight have influenza after all: three who could have waited are left.",
        {"status": "retracted", "retraction": {"en": "the admission was changed (2403)"}},
    )
    for number, visit in enumerate(come(told, 8)[:5]):
        begin = moment(0, 8) + number * 40 * 60
        change = told.gateway.change(moment(1, 9), "P" + visit, visit, begin=begin, diagnosis="J10.100")
        told.send(moment(1, 9), change)
    return told.until(moment(3))


@case
def told_late() -> Case:
    told = hospital(
        "late-admissions",
        "Five are told on their day, three more a day late (the network was down): they count for the day on which they came.",
        {
            "status": "open", "severity": "medium", "begin": "2026-03-02 08:00:00",
            "measures": {"could_have_waited": 8, "surge_days": 1},
        },
    )  # fmt: skip
    come(told, 5)
    for number in range(3):
        at, begin = moment(1, 9, number), moment(0, 15, number)
        told.send(at, told.gateway.admission(at, f"PL{number}", f"ML{number}", begin=begin))
    return told.until(moment(3))
