"""Which single days are far from an institution's own others, and what is left of them when they change?"""

from __future__ import annotations

import pytest

from detectors.books.indicators import NIGHT, REFUNDS
from detectors.books.member import MemberPage
from detectors.books.odd_days import MEDICATED, TREATED, VISITS, review_day, watch_day
from schemas.china_time import DAY, parse_time
from schemas.peer_days import DayCounts, InstitutionDay

FIRST = parse_time("2026-03-02") // DAY  # a Monday after the festival


def told(day: int, counts: DayCounts) -> InstitutionDay:
    return InstitutionDay("H1", "5001", day, 0, day, (day + 4) * DAY, False, counts, ())


def watched(*days: DayCounts, since: int = FIRST) -> MemberPage:
    """An institution whose days these were."""
    page = MemberPage(institution="H1", region="5001")
    for number, counts in enumerate(days):
        watch_day(page, told(since + number, counts))
        page.learned_days += 1
    return page


def usual(days: int = 20, visits: int = 10) -> list[DayCounts]:
    return [DayCounts(visits=visits, timed=visits * 5_000, total=visits * 5_000) for _ in range(days)]


def noted(page: MemberPage) -> list[tuple[int, str]]:
    return [(day - FIRST, one.name) for day, found in sorted(page.odd.items()) for one in found]


def test_a_day_of_many_times_the_usual_visits_is_noted() -> None:
    page = watched(*usual(), DayCounts(visits=60))
    assert noted(page) == [(20, VISITS)]
    ((one,),) = page.odd.values()
    assert (one.part, one.busiest) == (60, 10)
    assert one.expected == pytest.approx(10)


def test_fewer_beyond_the_usual_are_not_however_many_times_that_is() -> None:
    assert noted(watched(*usual(visits=1), DayCounts(visits=20))) == []
    assert noted(watched(*usual(visits=1), DayCounts(visits=21))) == [(20, VISITS)]


def test_every_fifth_day_may_be_market_day() -> None:
    market = [DayCounts(visits=40 if day % 5 == 0 else 2) for day in range(30)]
    assert noted(watched(*market)) == []
    assert noted(watched(*market, DayCounts(visits=85))) == [(30, VISITS)]


def test_nothing_is_noted_while_its_usual_day_is_learned() -> None:
    assert noted(watched(*usual(13), DayCounts(visits=60))) == []
    assert noted(watched(*usual(14), DayCounts(visits=60))) == [(14, VISITS)]


def test_a_crowd_is_not_learned_whole_but_what_lasts_becomes_usual() -> None:
    page = watched(*usual(), *[DayCounts(visits=60)] * 3)
    assert noted(page) == [(20, VISITS)], "the day after it has been the busiest"
    page = watched(*usual(), *usual(40, visits=60), DayCounts(visits=130))
    assert noted(page) == [(20, VISITS)]


def test_spring_festival_neither_counts_nor_teaches() -> None:
    festival = parse_time("2026-02-17") // DAY
    page = watched(*usual(20), since=festival - 30)
    habits = dict(page.habits)
    watch_day(page, told(festival, DayCounts(visits=200)))
    assert page.odd == {}
    assert page.habits == habits


@pytest.mark.parametrize(("by_night", "is_noted"), [(29_000, False), (31_000, True)])
def test_money_by_night_where_there_is_none(by_night: int, is_noted: bool) -> None:
    page = watched(*usual(), DayCounts(visits=10, timed=50_000, by_night=by_night))
    assert noted(page) == ([(20, NIGHT)] if is_noted else [])


def test_who_is_always_open_by_night_has_no_odd_nights() -> None:
    open_always = [DayCounts(visits=10, timed=100_000, by_night=50_000)] * 20
    assert noted(watched(*open_always, DayCounts(visits=10, timed=100_000, by_night=80_000))) == []


def test_settlements_taken_back_where_none_are() -> None:
    assert noted(watched(*usual(), DayCounts(visits=20, refunds=3))) == []
    assert noted(watched(*usual(), DayCounts(visits=20, refunds=4))) == [(20, REFUNDS)]
    assert noted(watched(*usual(), DayCounts(visits=25, refunds=4))) == [(20, REFUNDS)]
    assert noted(watched(*usual(visits=20), DayCounts(visits=35, refunds=4))) == []


def test_what_is_taken_back_of_a_day_is_odd_no_more() -> None:
    page = watched(*usual(), DayCounts(visits=60))
    review_day(page, FIRST + 20, DayCounts(visits=45))
    assert [one.part for found in page.odd.values() for one in found] == [45]
    review_day(page, FIRST + 20, DayCounts(visits=12))
    assert page.odd == {}


def given(treated: int, medicated: int, of: int) -> DayCounts:
    """A day whose outpatients were treated and given drugs so often."""
    return DayCounts(visits=of, itemized=of, treated=treated, medicated=medicated)


@pytest.mark.parametrize(
    ("treated", "of", "is_noted"),
    [(5, 5, False), (6, 6, True), (13, 30, False), (30, 30, True)],
)
def test_all_treated_where_few_are(treated: int, of: int, is_noted: bool) -> None:
    page = watched(*[given(3, 28, 30)] * 20, given(treated, of - of // 10, of))
    assert noted(page) == ([(20, TREATED)] if is_noted else [])


def test_what_most_are_given_anyway_is_nothing_odd() -> None:
    assert noted(watched(*[given(0, 22, 30)] * 20, given(0, 30, 30))) == []
    assert noted(watched(*[given(0, 3, 30)] * 20, given(0, 30, 30))) == [(20, MEDICATED)]


def test_a_department_that_opens_is_usual_after_two_months() -> None:
    page = watched(*[given(3, 28, 30)] * 20, *[given(20, 28, 30)] * 70)
    days = [day for day, _ in noted(page)]
    assert days
    assert max(days) < 60


def test_money_of_stays_is_not_that_of_outpatients() -> None:
    odd = given(30, 0, 30)
    page = watched(*[given(0, 28, 30)] * 20, odd)
    assert [one.fund for found in page.odd.values() for one in found] == [0]
    mixed = DayCounts(visits=30, discharges=1, fund=900_000, itemized=30, treated=30)
    assert [one.fund for found in watched(*[given(0, 28, 30)] * 20, mixed).odd.values() for one in found] == [0]
    alone = DayCounts(visits=30, fund=90_000, itemized=30, treated=30)
    assert [one.fund for found in watched(*[given(0, 28, 30)] * 20, alone).odd.values() for one in found] == [90_000]
