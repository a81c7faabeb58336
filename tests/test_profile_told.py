"""Of days that are far from all others, which are told of, and how gravely?"""

from __future__ import annotations

import pytest

from detectors.books.member import CaseMix, MemberPage, Month, OddDay, Strange
from detectors.books.odd_days import TREATED
from detectors.books.peer_calendar import first_day, month_of
from detectors.by_peers.institution_profile.rule import InstitutionProfile
from detectors.engine.rule import Finding, View
from schemas.peer_days import DayCounts
from tests.wire_messages import moment

MONTH = month_of(moment(0) // 86_400)
FIRST = first_day(MONTH)
GROUP = "3301 A100 05"


class Nothing:
    """Nobody has described anything."""

    def institution(self, fixmedins_code: str) -> None:
        return None

    def item(self, med_list_codg: str) -> None:
        return None


def page_of() -> MemberPage:
    page = MemberPage(institution="H1", region="3301", model_group=GROUP, is_profiled=True)
    page.months[MONTH] = Month(first_day(MONTH + 1) - 1, 31, DayCounts(visits=600), CaseMix(), CaseMix())
    page.scored_days[MONTH] = 31
    return page


def told(page: MemberPage) -> Finding | None:
    return InstitutionProfile().ask_month(page, MONTH, "", View(moment(40), Nothing()))


@pytest.mark.parametrize(("days", "severity"), [(3, "medium"), (6, "medium"), (7, "low")])
def test_what_goes_on_for_a_week_may_be_a_wave_of_illness(days: int, severity: str) -> None:
    page = page_of()
    page.odd = {FIRST + day: (OddDay(TREATED, 20, 22, 0.1, 30, 60_000),) for day in range(days)}
    found = told(page)
    assert found is not None
    assert found.severity == severity


@pytest.mark.parametrize(
    ("visits", "fund", "own", "severity"),
    [(-0.3, -0.3, -0.2, None), (-0.3, -0.3, 0.2, "low"), (-0.3, 0.3, -0.2, "medium"), (0.3, 0.3, 0.2, "medium")],
)
def test_who_does_less_than_others_costs_nobody_anything(
    visits: float, fund: float, own: float, severity: str | None
) -> None:
    page = page_of()
    apart = (("fund_of_day", fund), ("own_of_day", own), ("visits_of_day", visits))
    page.strange = {FIRST + day: Strange(0.9, 0.8, 20, apart) for day in range(14)}
    found = told(page)
    assert (found and found.severity) == severity
