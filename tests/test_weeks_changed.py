"""Is a change of some weeks held against the weeks before it, by what chance makes of them, and does it not teach itself?"""

from __future__ import annotations

from math import exp, log

import msgspec
import pytest

from detectors.books.bill_noise import noise_of_sum, sums_of
from detectors.books.indicators import COST_STAYS, GROWTH, INPATIENT, OWN, told
from detectors.books.member import OF_WEEKS, CaseMix, Compared, DayHeld, MemberPage, Month, Week
from detectors.books.norms import count_cases
from detectors.books.peer_calendar import days_of, first_day, parts_of
from detectors.books.peer_groups import NormPage
from detectors.books.weeks import weeks_of
from detectors.books.weeks_changed import changed, level_of, most_changed
from detectors.engine.pages import Pages
from schemas.peer_days import Cases, DayCounts

GROWTHS = OF_WEEKS[GROWTH]
GROUPS = ("3401 A100", "3401")
MONTH = 2026 * 12 + 6  # far from Spring Festival
NOISE = 0.1


def pages_of() -> Pages:
    return Pages({}, (NormPage,))


def month_of_weeks(*funds: int, days: int = 7) -> Month:
    weeks = tuple(Week(days, fund, 100, NOISE) for fund in funds)
    return Month(first_day(MONTH + 1) - 1, 28, DayCounts(), CaseMix(), CaseMix(), weeks=weeks)


def history(*funds: int) -> dict[int, Month]:
    """Weeks in fours, the last of them in `MONTH`."""
    fours = [funds[index : index + 4] for index in range(0, len(funds), 4)]
    return {MONTH - len(fours) + 1 + number: month_of_weeks(*four) for number, four in enumerate(fours)}


def growth(months: dict[int, Month], number: int = 0) -> tuple[float, float]:
    """Times what was usual, and how uncertain that is."""
    indicator = changed(MONTH, months)[GROWTHS[number]]
    return exp(indicator.value), indicator.noise


def test_a_week_is_held_against_the_median_of_the_eight_before_it() -> None:
    times, _ = growth(history(50, 100, 100, 100, 110, 90, 100, 1_000, 300))
    assert times == pytest.approx(3.0, rel=0.01)


def test_weeks_further_back_say_nothing() -> None:
    assert growth(history(9_000, 9_000, 9_000, 9_000, *[100] * 8, 300))[0] == pytest.approx(3.0)


def test_fewer_than_four_weeks_before_are_too_few() -> None:
    months = history(0, 100, 100, 100, 300, 300)
    assert GROWTHS[0] not in changed(MONTH, months)
    assert growth(months, 1)[0] == pytest.approx(3.0)


def test_a_week_in_which_it_was_hardly_known_is_no_week() -> None:
    months = history(100, 100, 100, 100, 100, 100, 100, 100, 300)
    months[MONTH] = month_of_weeks(300, days=4)
    assert changed(MONTH, months) == {}


def test_who_strays_from_week_to_week_is_less_certain_to_have_grown() -> None:
    steady = growth(history(*[100] * 8, 300))[1]
    assert growth(history(50, 200, 60, 180, 50, 200, 60, 180, 300))[1] > 2 * steady


def test_what_chance_makes_of_few_bills_is_no_straying() -> None:
    months = history(80, 120, 90, 110, 80, 120, 90, 110, 300)
    noisy = {
        month: Month(
            known.through, 28, known.counts, known.stays, known.visits,
            weeks=tuple(Week(week.days, week.fund, 5, 0.5) for week in known.weeks),
        )
        for month, known in months.items()
    }  # fmt: skip
    (_, certain), (_, uncertain) = growth(months), growth(noisy)
    assert uncertain > 0.5 > certain


def compared(value: float, deviation: float = 0.0, expected: float = 0.0) -> Compared:
    return Compared(value, expected, expected - 0.9, expected + 0.9, deviation, "3401 A100", 7, 0.2)


def test_weeks_that_stood_out_teach_nothing() -> None:
    months = history(100, 110, 90, 100, 300, 330, 270, 300, 300)
    taught, noise = growth(months)
    assert taught < 2.0
    for name in GROWTHS:
        months[MONTH - 1].seen[name] = compared(log(3), 4.0)
    assert growth(months)[0] == pytest.approx(3.0, rel=0.01)
    assert growth(months)[1] < 0.6 * noise, "nor how far its weeks stray"


def test_when_hardly_any_others_are_left_they_are_what_is_usual() -> None:
    months = history(100, 100, 100, *[300] * 6)
    for month, numbers in ((MONTH - 2, (3,)), (MONTH - 1, (0, 1, 2, 3))):
        for number in numbers:
            months[month].seen[GROWTHS[number]] = compared(log(3), 4.0)
    assert growth(months)[0] == pytest.approx(1.0)


def member(*values: float, expected: float = 0.0) -> MemberPage:
    """Weeks of a month by the logarithm of their growth, after eight as ever; each brought 1,000 fen for a hundred cases."""
    page = MemberPage(institution="H1", region="3401", months=history(*[1_000] * 8, 1_000))
    page.months[MONTH] = month_of_weeks(*[1_000] * len(values))
    page.months[MONTH].seen = {
        GROWTHS[number]: compared(value, expected=expected) for number, value in enumerate(values)
    }
    return page


def test_weeks_in_a_row_are_weighed_together() -> None:
    found = most_changed(member(0.0, 0.8, 0.8, 0.8), GROWTH, MONTH)
    assert found is not None
    assert (found.since, found.until) == (parts_of(MONTH)[1], parts_of(MONTH)[3])
    assert sum(week.fund for week in found.weeks) == 3_000
    assert found.distance == pytest.approx(0.8)
    alone = most_changed(member(0.0, 0.8), GROWTH, MONTH)
    assert alone is not None
    assert alone.deviation < found.deviation


def test_what_weeks_in_a_row_are_held_against_is_no_more_certain_for_their_number() -> None:
    """Eight weeks that stray leave their median uncertain, and three weeks that are held against it are so by the same error."""
    found = []
    for before in ([1_000] * 8, [400, 2_500] * 4):
        page = member(0.0, 0.8, 0.8, 0.8)
        page.months |= history(*before, *[1_000] * 4) | {MONTH: page.months[MONTH]}
        one = most_changed(page, GROWTH, MONTH)
        assert one is not None
        assert one.distance == pytest.approx(0.8)
        found.append(one.deviation)
    assert found[1] < 0.9 * found[0]


def test_around_spring_festival_each_place_has_a_season_of_its_own() -> None:
    """In 2026 it is on February 17th: the parts of March from the second week on are settled again."""
    months = {month - MONTH + 2026 * 12 + 2: known for month, known in history(*[100] * 8, *[300] * 4).items()}
    noise = [changed(2026 * 12 + 2, months)[name].noise for name in GROWTHS]
    assert noise[0] ** 2 == pytest.approx(noise[2] ** 2 + 0.3**2, rel=0.05)
    assert noise[3] == pytest.approx(noise[2], rel=0.05)


def test_weeks_that_reach_into_the_month_before_are_at_risk_there() -> None:
    page = member(0.8)
    page.months[MONTH - 1] = member(*[0.8] * 4).months[MONTH]
    found = most_changed(page, GROWTH, MONTH)
    assert found is not None
    assert (found.since, found.until) == (parts_of(MONTH - 1)[2], parts_of(MONTH)[0])
    assert (len(found.weeks), len(found.of_month)) == (3, 1)
    before = most_changed(page, GROWTH, MONTH - 1)
    assert before is not None
    assert (len(before.weeks), len(before.of_month)) == (3, 3)


def test_what_is_over_is_not_told_by_the_weeks_after_it() -> None:
    found = most_changed(member(0.0, 1.5, 0.1, 0.0), GROWTH, MONTH)
    assert found is not None
    assert (found.since, found.until) == (parts_of(MONTH)[1], parts_of(MONTH)[1])


def test_only_what_goes_beyond_the_peers_counts() -> None:
    found = most_changed(member(0.9, expected=0.9), GROWTH, MONTH)
    assert found is not None
    assert found.distance == pytest.approx(0.0)
    assert most_changed(member(), GROWTH, MONTH) is None


def test_the_weeks_of_a_month_are_its_parts_that_have_closed() -> None:
    case = Cases("vJ06", 2, 20_000, round(2 * 1_000 * log(10_000)))
    days = {first_day(MONTH) + day: DayHeld(1, DayCounts(visits=2, fund=1_000), (case,), ()) for day in range(20)}
    own, first = sums_of([case] * 20), first_day(MONTH)
    weeks = list(weeks_of(pages_of(), GROUPS, own, days, range(first + 3, first + 20)))
    assert [(week.days, week.fund, week.cases) for week in weeks] == [(4, 7_000, 14), (7, 7_000, 14)]
    assert weeks[0].noise == pytest.approx(noise_of_sum(sums_of([case] * 7)), abs=1e-4)
    assert len(list(weeks_of(pages_of(), GROUPS, own, days, range(first, first_day(MONTH + 1))))) == 4
    assert len(days_of(parts_of(MONTH)[3])) == 10


def test_a_weeks_cases_are_held_against_the_peers_of_the_month_without_its_own_other_weeks() -> None:
    dear, usual = (Cases("sI63", 2, 2 * each, round(2 * 1_000 * log(each))) for each in (40_000, 10_000))
    first = first_day(MONTH)
    days = {first + day: DayHeld(1, DayCounts(discharges=2), (dear if day >= 7 else usual,), ()) for day in range(14)}
    own, pages = sums_of([usual] * 7 + [dear] * 7), pages_of()
    count_cases(pages, GROUPS, MONTH, tuple([usual] * 7 + [dear] * 7), 1)
    assert [week.of_stays.ratio for week in weeks_of(pages, GROUPS, own, days, range(first, first + 14))] == [
        None,
        None,
    ]
    count_cases(pages, GROUPS, MONTH, tuple([usual] * 50), 1)
    before, after = weeks_of(pages, GROUPS, own, days, range(first, first + 14))
    assert before.of_stays.ratio == pytest.approx(0.0, abs=0.01)
    assert after.of_stays.ratio == pytest.approx(log(4), abs=0.01)
    assert (after.of_stays.count, after.of_stays.top) == (14, ())


def shares(**after: int) -> dict[str, float]:
    """How a week compares with the eight before it, by indicator: a hundred visits, ten admissions, 5 % of the bills own."""
    usual = Week(7, 1_000, 100, 0.1, 10, 100, 100_000, 5_000, CaseMix(ratio=0.1, noise=0.2))
    months = {
        number: Month(0, 28, DayCounts(), CaseMix(), CaseMix(), weeks=(usual,) * 4) for number in (MONTH - 2, MONTH - 1)
    }
    changed_week = msgspec.structs.replace(usual, **after)
    months[MONTH] = Month(0, 28, DayCounts(), CaseMix(), CaseMix(), weeks=(changed_week,))
    return {name: one.value for name, one in changed(MONTH, months).items()}


def test_each_indicator_is_held_against_its_own_weeks_before() -> None:
    usual = shares()
    assert {name: round(value, 9) for name, value in usual.items()} == {
        OF_WEEKS[name][0]: 0.0 for name in (GROWTH, INPATIENT, OWN, COST_STAYS)
    }, "of outpatients nothing is known"
    assert shares(own=25_000)[OF_WEEKS[OWN][0]] == pytest.approx(0.2)
    level = level_of(INPATIENT, Week(7, 0, 0, 0.0, 10, 100))
    assert level is not None
    assert told(INPATIENT, level.value + shares(admissions=50)[OF_WEEKS[INPATIENT][0]]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", [INPATIENT, OWN, COST_STAYS])
def test_a_week_in_which_nothing_happened_that_would_show_it_shows_nothing(name: str) -> None:
    assert level_of(name, Week(7, 1_000, 0, 0.1)) is None
