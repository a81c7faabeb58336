"""Do the books of an institution's arrivals and nights say what a count by hand of what stands would say?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.books.arrivals import ArrivalsPage, arrivals_key
from detectors.books.census import KEPT, CensusPage, census_key
from detectors.engine.page import Page, PageT, decode_page, encode_page
from schemas.china_time import DAY
from tests.engine_run import EngineRun
from tests.golden_cases.story import HOSPITAL
from tests.test_golden import FILES, run
from tests.wire_messages import Gateway, moment, routine_lines

TODAY = moment(0) // DAY


class Told(NamedTuple):
    """A stay of a random history, and what becomes of it."""

    begin: int  # day
    nights: int
    med_type: str
    ends: str  # how it is told that it ended, and what is taken back


STAYS = st.lists(
    st.builds(
        Told,
        st.integers(0, 12),
        st.integers(0, 9),
        st.sampled_from(("21", "21", "21", "28", "9921")),
        st.sampled_from(
            ("discharge", "late", "settled", "open", "cancelled", "back", "moved", "reversed", "never", "resettled")
        ),
    ),
    max_size=25,
)


def sent_of(told: list[Told]) -> list[bytes]:
    """In order of time."""
    gateway = Gateway(HOSPITAL)
    sent = [one for number, stay in enumerate(told) for one in story_of(gateway, number, stay)]
    return [message for _, message in sorted(sent, key=lambda one: one[0])]


def story_of(gateway: Gateway, number: int, stay: Told) -> list[tuple[int, bytes]]:
    """Its messages with their times: the admission, how it is said to end, and what is taken back three days later."""
    visit, person, med_type = f"MI{number}", f"P{number}", stay.med_type
    begin, end = moment(stay.begin, 9, number), moment(stay.begin + stay.nights, 11, number)
    admission = gateway.admission(begin + 60, person, visit, begin=begin, med_type=med_type)
    sent = [(begin + 60, admission)]
    if stay.ends in ("discharge", "cancelled", "moved", "back", "reversed"):
        sent.append((end + 60, gateway.discharge(end + 60, person, visit, end=end)))
    if stay.ends == "late":
        sent.append((end + 2 * DAY, gateway.discharge(end + 2 * DAY, person, visit, end=end)))
    if stay.ends in ("settled", "resettled"):
        sent.append((end + 60, gateway.settle_stay(end + 60, person, visit, f"S{visit}", 100.0)))
    later = end + 3 * DAY
    back: dict[str, Callable[[], bytes]] = {
        "cancelled": lambda: gateway.cancel_admission(later, person, visit),
        "reversed": lambda: gateway.reversal(later, person, admission),
        "back": lambda: gateway.cancel_discharge(later, person, visit),
        "resettled": lambda: gateway.refund_stay(later, person, visit, f"S{visit}"),
        "moved": lambda: gateway.change(later, person, visit, begin=begin - DAY, med_type=med_type),  # a day earlier
    }
    if stay.ends in back:
        sent.append((later, back[stay.ends]()))
    return sent


def is_gone(stay: Told) -> bool:
    return stay.ends in ("cancelled", "reversed")


def census_by_hand(told: list[Told], last: int) -> Counter[int]:
    """Nights from day 0 to ``last``, of what stands when all was told."""
    found = Counter[int]()
    for stay in told:
        if is_gone(stay) or stay.med_type in ("28", "9921"):
            continue
        first = stay.begin - (stay.ends == "moved")
        is_open = stay.ends in ("open", "never", "back", "resettled")
        for night in range(first, last + 1 if is_open else stay.begin + stay.nights):
            found[night] += 1
    return found


def page_of(engine: EngineRun, kind: type[PageT], key: bytes) -> PageT | None:
    engine.pipeline.save()
    for store in engine.stores.values():
        if key in store:
            return decode_page(kind, store[key])
    return None


def census(engine: EngineRun, first: int, last: int) -> list[int]:
    page = page_of(engine, CensusPage, census_key(HOSPITAL))
    return [0] * (last - first + 1) if page is None else page.nights(TODAY + last, TODAY + first)


@settings(max_examples=60, deadline=None)
@given(STAYS)
def test_a_census_is_a_count_of_the_stays_that_stand(told: list[Told]) -> None:
    engine = EngineRun(rules=[]).take(sent_of(told))
    by_hand = census_by_hand(told, 16)
    assert census(engine, -1, 16) == [by_hand[night] for night in range(-1, 17)]


@settings(max_examples=40, deadline=None)
@given(STAYS)
def test_arrivals_are_a_count_of_the_admissions_that_stand(told: list[Told]) -> None:
    engine = EngineRun(rules=[]).take(sent_of(told))
    page = page_of(engine, ArrivalsPage, arrivals_key(HOSPITAL))
    by_hand = Counter(
        stay.begin - (stay.ends == "moved")
        for stay in told
        if not is_gone(stay) and stay.med_type not in ("28", "9921")
    )
    if page is None:
        assert not by_hand
        return
    days = range(page.days.first_day, page.days.today + 1)
    assert [page.count(day) for day in days] == [by_hand[day - TODAY] for day in days]
    for day, known in page.recent.items():
        assert sum(known.bins) == by_hand[day - TODAY]


@settings(max_examples=25, deadline=None)
@given(STAYS, st.integers(0, 60))
def test_doubles_and_a_restore_change_neither(told: list[Told], cut: int) -> None:
    sent = sent_of(told)
    whole = EngineRun(rules=[]).take(sent)
    cut = min(cut, len(sent))
    before = EngineRun(rules=[]).take([message for message in sent[:cut] for _ in range(2)], batch=3)
    before.pipeline.save()
    after = EngineRun(rules=[], stores=before.stores)
    after._next = before._next
    after.take([message for message in sent[cut:] for _ in range(2)], batch=3)
    for kind, key in ((CensusPage, census_key(HOSPITAL)), (ArrivalsPage, arrivals_key(HOSPITAL))):
        one, other = page_of(whole, kind, key), page_of(after, kind, key)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert without_position(one) == without_position(other)


def without_position(page: Page) -> bytes:
    page.position = 0
    return encode_page(page)


def test_a_stay_that_nobody_ends_leaves_the_census_weeks_after_it_was_last_heard_of() -> None:
    gateway = Gateway(HOSPITAL)
    engine = EngineRun(rules=[]).take([gateway.admission(moment(0, 9), "P1", "MI1")])
    assert census(engine, 0, 27)[:21] == [1] * 21
    assert census(engine, 28, 40) == [0] * 13


def test_a_stay_that_is_billed_stays_in_the_census() -> None:
    gateway = Gateway(HOSPITAL)
    sent = [gateway.admission(moment(0, 9), "P1", "MI1")]
    sent += [gateway.bill(moment(day, 6), "P1", "MI1", routine_lines("MI1", day - 1)) for day in range(1, 60)]
    engine = EngineRun(rules=[]).take(sent)
    assert census(engine, 0, 59) == [1] * 60


def test_a_discharge_long_after_it_was_forgotten_counts_the_nights_that_it_tells() -> None:
    gateway = Gateway(HOSPITAL)
    sent = [
        gateway.admission(moment(0, 9), "P1", "MI1"),
        gateway.discharge(moment(50, 9), "P1", "MI1", end=moment(40, 9)),
    ]
    assert census(EngineRun(rules=[]).take(sent), 0, 45) == [1] * 40 + [0] * 6


def test_a_page_of_two_years_keeps_the_nights_of_one() -> None:
    gateway = Gateway(HOSPITAL)
    sent = []
    for week in range(104):
        at = moment(7 * week, 9)
        sent += [
            gateway.admission(at, f"P{week}", f"MI{week}"),
            gateway.discharge(at + 3 * DAY, f"P{week}", f"MI{week}", end=at + 3 * DAY),
        ]
    engine = EngineRun(rules=[]).take(sent)
    page = page_of(engine, CensusPage, census_key(HOSPITAL))
    assert page is not None
    assert KEPT <= len(page.moves) < 2 * KEPT
    assert len(page.stays) < 10
    last = 7 * 103
    assert page.nights(TODAY + last + 3, TODAY + last) == [1, 1, 1, 0]
    assert len(encode_page(page)) < 3_000


def test_who_came_is_known_of_a_day_that_is_out_of_the_ordinary_and_of_no_other() -> None:
    gateway, sent = Gateway(HOSPITAL), []
    for day in range(-25, 0):
        at = moment(day, 9)
        sent.append(gateway.admission(at, f"P{day}", f"MO{day}", diagnosis="I10.x00" if day % 2 else "K35.800"))
    for number in range(9):
        at = moment(0, 8, 6 * number)
        sent.append(gateway.admission(at, f"P{number}", f"MS{number}"))
    engine = EngineRun(rules=[]).take(sent)
    page = page_of(engine, ArrivalsPage, arrivals_key(HOSPITAL))
    assert page is not None
    assert {day: sorted(known.arrivals) for day, known in page.recent.items() if known.arrivals} == {
        TODAY: [f"MS{number}" for number in range(9)]
    }
    engine.take([gateway.cancel_admission(moment(1, 8, number), f"P{number}", f"MS{number}") for number in range(7)])
    page = page_of(engine, ArrivalsPage, arrivals_key(HOSPITAL))
    assert page is not None
    assert not any(known.arrivals for known in page.recent.values())
    assert page.count(TODAY) == 2


def test_the_day_that_is_told_of_lies_above_its_band_and_the_ordinary_ones_within() -> None:
    [told] = [path for path in FILES if path.stem == "hit-eight-on-a-day"]
    [alert] = [alert for alert in run(told).newest().values() if alert.rule == "admission_surge"]
    assert alert.series is not None
    *before, peak = alert.series.points
    assert peak.value == 8
    assert peak.high is not None
    assert peak.high < 8
    bands = [(point.value, point.high) for point in before if point.high is not None]
    assert bands
    assert all(value <= high for value, high in bands)


def test_of_a_day_that_runs_no_fewer_are_told_to_have_come_than_are_named() -> None:
    """Names of a surge go by steps of the whole surge, admissions by steps of the day: eleven may be named of a day of ten."""
    gateway, sent = Gateway(HOSPITAL), []
    for day in range(-25, 0):
        at = moment(day, 9)
        sent.append(gateway.admission(at, f"P{day}", f"MO{day}", diagnosis="I10.x00" if day % 2 else "K35.800"))
    for day, people in ((0, 8), (2, 14)):
        sent += [
            gateway.admission(moment(day, 8, 6 * number), f"P{day}-{number}", f"MS{day}-{number}")
            for number in range(people)
        ]
    engine = EngineRun().take(sent, batch=1)
    revisions = [alert for alert in engine.published if alert.rule == "admission_surge"]
    told = [{measure.name: measure.value for measure in alert.measures} for alert in revisions]
    assert max(one["could_have_waited"] for one in told) >= 11
    assert all(one["admissions_of_day"] >= one["could_have_waited"] for one in told)
