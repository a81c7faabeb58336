"""Is what lasts strange while it is new, without making itself usual, and usual once it has lasted long enough?"""

from __future__ import annotations

import random
from math import log

import pytest

from detectors.books.indicators import COST_VISITS
from detectors.books.member import CaseMix, Compared, MemberPage, Month, OddDay, Strange
from detectors.books.odd_days import TREATED
from detectors.books.peer_calendar import month_of
from detectors.books.profile import BY_NIGHT, FUND, REFUNDS, VISIT_COST, VISITS, ProfilePage, learn_day, profile_key
from detectors.by_peers.institution_profile.rule import InstitutionProfile
from detectors.engine.pages import Pages
from detectors.engine.rule import View
from detectors.models.distance import Spread, distance_of
from detectors.models.spring_festival import is_quiet
from schemas.china_time import DAY, parse_time
from schemas.peer_days import Cases, DayCounts, InstitutionDay
from tests.item_days import NoReferences

FIRST = parse_time("2026-03-02") // DAY
GROUP = "5001 P 11"


class Group:
    """Eight pharmacies of one group; the first may do so many times its business, dearer, and by night."""

    def __init__(self) -> None:
        self.pages = Pages({}, (ProfilePage, MemberPage))
        self.members = [MemberPage(institution=f"P{number}", region="5001", model_group=GROUP) for number in range(8)]
        self.chance = random.Random(7)

    def days(self, first: int, last: int, times: float = 1.0, dear: float = 1.0, by_night: float = 0.01) -> None:
        for day in range(first, last):
            for number, member in enumerate(self.members):
                mine = number == 0
                sales = max(round(self.chance.gauss(40 * (times if mine else 1.0), 6)), 1)
                price = 9_000 * (dear if mine else 1.0) * self.chance.uniform(0.85, 1.18)
                total = round(sales * price)
                nightly = round(total * (by_night if mine else 0.01))
                counts = DayCounts(
                    visits=sales, total=total, own=total // 20, fund=total * 3 // 4, timed=total, by_night=nightly
                )
                cases = (Cases("p", sales, total, round(1_000 * sales * log(price))),)
                told = InstitutionDay(member.institution, "5001", day, 0, day, (day + 5) * DAY, False, counts, cases)
                learn_day(self.pages, member, told, (GROUP,))

    @property
    def model(self) -> ProfilePage:
        page = self.pages.get(ProfilePage, profile_key(GROUP))
        assert page is not None
        return page


def limits_of(model: ProfilePage) -> tuple[float, float]:
    return model.of_trees.value, model.of_distance.value


def strange(member: MemberPage, first: int, last: int) -> int:
    return sum(first <= day < last for day in member.strange)


def test_ordinary_days_are_seldom_strange() -> None:
    group = Group()
    group.days(FIRST, FIRST + 150)
    assert all(strange(member, FIRST, FIRST + 150) <= 8 for member in group.members)


def test_weeks_of_strange_days_do_not_make_themselves_usual() -> None:
    group = Group()
    group.days(FIRST, FIRST + 100)
    limits, usual = limits_of(group.model), dict(group.model.usual)
    group.days(FIRST + 100, FIRST + 130, times=3.0, dear=3.0)
    assert strange(group.members[0], FIRST + 105, FIRST + 130) >= 22
    assert all(after < before + 0.06 for before, after in zip(limits, limits_of(group.model), strict=True))
    assert all(abs(group.model.usual[name] - value) < 0.3 for name, value in usual.items())


def test_weeks_by_night_are_strange_and_say_so() -> None:
    group = Group()
    group.days(FIRST, FIRST + 100)
    group.days(FIRST + 100, FIRST + 120, dear=1.5, by_night=0.5)
    member = group.members[0]
    assert strange(member, FIRST + 105, FIRST + 120) >= 10
    assert all(member.strange[day].apart[0][0] == BY_NIGHT for day in member.strange if day >= FIRST + 105)


def test_what_has_lasted_for_months_is_usual() -> None:
    group = Group()
    group.days(FIRST, FIRST + 100)
    group.days(FIRST + 100, FIRST + 300, times=3.0, dear=3.0)
    assert strange(group.members[0], FIRST + 260, FIRST + 300) <= 8


def test_the_days_of_spring_festival_are_nobodys_usual_days() -> None:
    festival = parse_time("2026-02-18") // DAY
    assert is_quiet(festival)
    group = Group()
    group.days(festival, festival + 1)
    assert group.pages.get(ProfilePage, profile_key(GROUP)) is None
    assert group.members[0].learned_days == 0


def test_one_indicator_that_is_far_out_alone_is_strange_by_its_distance() -> None:
    group = Group()
    group.days(FIRST, FIRST + 100)
    group.days(FIRST + 100, FIRST + 115, by_night=0.25)
    found = [one for day, one in group.members[0].strange.items() if day >= FIRST + 105]
    assert len(found) >= 8
    assert all(one.apart[0][0] == BY_NIGHT for one in found)


def test_the_days_after_a_strange_week_are_not_strange() -> None:
    group = Group()
    group.days(FIRST, FIRST + 100)
    group.days(FIRST + 100, FIRST + 107, by_night=0.5)
    group.days(FIRST + 107, FIRST + 130)
    assert strange(group.members[0], FIRST + 100, FIRST + 107) >= 4
    assert strange(group.members[0], FIRST + 108, FIRST + 130) <= 1


def test_the_middle_and_the_first_deviation_of_each_number_are_no_distance() -> None:
    spreads = {"a": Spread(0.5, 0.0096), "b": Spread(0.4, 0.0096)}  # a tenth is one deviation
    assert distance_of(spreads, {"a": 0.5, "b": 0.4}) == 0
    assert distance_of(spreads, {"a": 0.6, "b": 0.3}) == pytest.approx(0, abs=1e-9)
    assert distance_of(spreads, {"a": 0.9, "b": 0.4}) == pytest.approx(0.5)
    assert distance_of(spreads, {"a": 0.9, "b": 0.9}) > 0.55


def test_no_outlier_moves_a_spread_whole_and_many_days_are_learned() -> None:
    spread, chance = Spread(), random.Random(3)
    for _ in range(800):
        spread.learn(chance.gauss(0.6, 0.05))
    assert spread.middle == pytest.approx(0.6, abs=0.02)
    assert spread.variance == pytest.approx(0.0025, rel=0.35)
    before = spread.middle
    spread.learn(1.0)
    assert spread.middle - before < 0.002


@pytest.mark.parametrize(
    ("apart", "severity"),
    [
        (((VISITS, 0.5), (FUND, 0.4), (VISIT_COST, -0.2)), "medium"),
        (((VISITS, -0.5), (FUND, -0.4), (VISIT_COST, -0.2)), None),
        (((VISITS, -0.5), (FUND, -0.4), (VISIT_COST, 0.2)), "low"),
        (((VISITS, -0.5), (VISIT_COST, 0.4), (FUND, -0.2)), "low"),
        (((REFUNDS, 0.5), (BY_NIGHT, 0.4), (VISIT_COST, -0.2)), "medium"),
    ],
)
def test_a_place_that_is_paid_less_than_it_was_is_no_grave_case_and_one_that_does_less_is_none(
    apart: tuple[tuple[str, float], ...], severity: str | None
) -> None:
    month = month_of(FIRST)
    page = MemberPage(institution="P1", region="5001", model_group=GROUP, is_profiled=True, newest_day=FIRST + 20)
    seen = {COST_VISITS: Compared(0.0, 0.0, -0.3, 0.3, 0.0, GROUP, 8)}
    page.months[month] = Month(
        FIRST + 20, 21, DayCounts(), CaseMix(), CaseMix(), groups=(GROUP, "5001 药店"), seen=seen
    )
    page.strange = {FIRST + day: Strange(0.6, 0.4, 9, apart) for day in range(12)}
    page.scored_days[month] = 20
    finding = InstitutionProfile().ask_month(page, month, "", View((FIRST + 20) * DAY, NoReferences()))
    assert (finding and finding.severity) == severity


@pytest.mark.parametrize(("days", "severity"), [(3, "medium"), (4, "medium"), (5, "low")])
def test_what_goes_on_for_a_working_week_may_be_a_wave_of_illness(days: int, severity: str) -> None:
    month = month_of(FIRST)
    page = MemberPage(institution="P1", region="5001", model_group=GROUP, is_profiled=True, newest_day=FIRST + 20)
    page.months[month] = Month(FIRST + 20, 21, DayCounts(), CaseMix(), CaseMix())
    page.odd = {FIRST + day: (OddDay(TREATED, 20, 22, 0.1, 30, 60_000),) for day in range(days)}
    finding = InstitutionProfile().ask_month(page, month, "", View((FIRST + 20) * DAY, NoReferences()))
    assert finding is not None
    assert finding.severity == severity
