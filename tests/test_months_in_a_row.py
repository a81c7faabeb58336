"""Are months in a row one alert that grows, ends, is cut and is joined as it should, also where its beginning is final?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest

from detectors.books.member import MONTHS_ASKED, CaseMix, MemberPage, Month
from detectors.books.peer_calendar import first_day, name_of
from detectors.by_peers.monthly import MonthlyRule
from detectors.engine.compare import Cause, Examiner
from detectors.engine.incoming import Effects
from detectors.engine.page import Page, decode_page, encode_page
from detectors.engine.rule import Finding, Rule, View
from schemas.alerts import Alert, RuleClass, Severity, Text
from schemas.china_time import DAY, format_time
from schemas.peer_days import DayCounts
from stream.known import KnownReferences

FIRST = 2026 * 12
LEVELS: tuple[Severity, ...] = ("low", "medium", "high")


class Spent(MonthlyRule[MemberPage], frozen=True, kw_only=True):
    """Finds every month in which the fund paid, and, apart from that, every month with visits."""

    rule_id: ClassVar[str] = "spent"
    version: ClassVar[int] = 1
    page: ClassVar[type[Page]] = MemberPage
    title: ClassVar[Text] = Text("支付", "Spent")
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = ()
    subjects: ClassVar[tuple[str, ...]] = ("", "visits")

    def months(self, page: MemberPage, subject: str) -> Iterable[int]:
        return [month for month in sorted(page.months) if month >= page.asked_from()]

    def ask_month(self, page: MemberPage, month: int, subject: str, view: View) -> Finding | None:
        counts = page.months[month].counts
        much = counts.visits if subject else counts.fund
        if not much:
            return None
        return Finding(
            severity=LEVELS[min(much // 1_000, 2)],
            score=0.5,
            begin=first_day(month) * DAY,
            end=first_day(month + 1) * DAY - 1,
            institution=page.institution,
            fund_at_risk=0 if subject else much,
            text=Text(f"{name_of(month)}。", f"{name_of(month)}."),
        )


class Asked:
    """A page whose months are told one after another; what was published of it."""

    def __init__(self) -> None:
        self.page = MemberPage(institution="H1", region="3201")
        self.alerts: dict[str, Alert] = {}
        self.revisions = 0
        rules: list[Rule[Any]] = [Spent()]
        self.examiner = Examiner(rules, lambda page, now: View(now, KnownReferences()))

    def tell(self, month: int, fund: int = 0, visits: int = 0) -> None:
        counts = DayCounts(fund=fund, visits=visits)
        self.page.months[month] = Month(first_day(month + 1) - 1, 20, counts, CaseMix(), CaseMix())
        self.page.newest_day = max(self.page.newest_day, first_day(month + 1) - 1)
        self.ask()

    def ask(self) -> None:
        now, effects = (self.page.newest_day + 5) * DAY, Effects()
        self.examiner.review(b"M1", self.page, now, Cause(0, 1, now, "", "", now), effects)
        for said in effects.said:
            assert said.alert.revision > self.alerts.get(said.alert.alert_id, said.alert).revision or (
                said.alert.alert_id not in self.alerts
            )
            self.alerts[said.alert.alert_id] = said.alert
            self.revisions += 1
        self.page = decode_page(MemberPage, encode_page(self.page))

    def told(self, month: int, *funds: int) -> Asked:
        for number, fund in enumerate(funds):
            self.tell(month + number, fund)
        return self

    def open(self) -> list[tuple[str, str, int]]:
        """First and last month, and fund at risk, of what stands open."""
        return sorted(
            (alert.begin[:7], (alert.end or "")[:7], alert.fund_at_risk)
            for alert in self.alerts.values()
            if alert.status == "open"
        )


def test_a_month_alone_says_nothing_of_a_row() -> None:
    asked = Asked().told(FIRST, 10)
    [alert] = asked.alerts.values()
    assert alert.text.zh == "2026-01。"
    assert alert.measures == []


def test_months_in_a_row_are_one_alert_that_grows() -> None:
    asked = Asked().told(FIRST, 10, 2_500, 30)
    [alert] = asked.alerts.values()
    assert asked.open() == [("2026-01", "2026-03", 2_540)]
    assert (alert.revision, alert.severity) == (3, "high"), "as grave as its gravest month"
    assert [(one.name, one.value) for one in alert.measures] == [("months_in_a_row", 3)]
    assert alert.text.zh == "2026-03。该情况自2026-01起已连续3个月，累计涉及基金约25元。"
    assert alert.text.en.endswith("for 3 months in a row since 2026-01, 25 yuan of the fund in all.")


def test_a_gap_ends_it_and_the_next_is_another() -> None:
    assert Asked().told(FIRST, 10, 20, 0, 40).open() == [("2026-01", "2026-02", 30), ("2026-04", "2026-04", 40)]


def test_what_fills_the_gap_joins_them() -> None:
    asked = Asked().told(FIRST, 10, 0, 30)
    asked.tell(FIRST + 1, 20)
    assert asked.open() == [("2026-01", "2026-03", 60)]
    assert sorted(alert.status for alert in asked.alerts.values()) == ["open", "retracted"]


def test_what_is_taken_back_in_the_middle_parts_them() -> None:
    asked = Asked().told(FIRST, 10, 20, 30)
    asked.tell(FIRST + 1, 0)
    assert asked.open() == [("2026-01", "2026-01", 10), ("2026-03", "2026-03", 30)]


@pytest.mark.parametrize("months", [MONTHS_ASKED + 1, 12, 40])
def test_it_goes_on_though_its_beginning_is_final(months: int) -> None:
    asked = Asked().told(FIRST, *range(1, months + 1))
    [alert] = asked.alerts.values()
    assert alert.begin == format_time(first_day(FIRST) * DAY)
    assert alert.fund_at_risk == months * (months + 1) // 2
    assert alert.revision == months
    assert next(one.value for one in alert.measures) == months
    assert len(encode_page(asked.page)) < 1_500 + 200 * months, "what is final is one stretch"


def test_a_correction_changes_what_is_not_final_and_no_more() -> None:
    asked = Asked().told(FIRST, *[10] * 8)
    asked.tell(FIRST + 6, 15)
    asked.tell(FIRST + 1, 500)  # asked about no more
    assert asked.open() == [("2026-01", "2026-08", 85)]


def test_once_it_is_over_and_final_it_stays_said() -> None:
    asked = Asked().told(FIRST, 10, 20, *[0] * 8)
    assert asked.open() == [("2026-01", "2026-02", 30)]
    assert asked.page.standing == {}
    [alert] = asked.alerts.values()
    assert alert.revision == 2


def test_when_all_that_can_change_is_taken_back_what_is_final_is_left() -> None:
    asked = Asked().told(FIRST, *[10] * 7)
    for month in range(FIRST + 2, FIRST + 7):
        asked.tell(month, 0)
    assert asked.open() == [("2026-01", "2026-02", 20)]
    [alert] = [alert for alert in asked.alerts.values() if alert.status == "open"]
    assert alert.text.zh.startswith("其后月份的数据已更正")
    assert "连续2个月" in alert.text.zh
    revisions = asked.revisions
    asked.ask()
    asked.ask()
    assert asked.revisions == revisions
    assert asked.page.standing == {} or all(not one.is_open for one in asked.page.standing.values())


def test_after_months_of_silence_it_goes_on_only_where_no_month_is_missing() -> None:
    asked = Asked().told(FIRST, 10, 20, 30)
    asked.tell(FIRST + 6, 40)  # January and February are final at once
    assert asked.open() == [("2026-01", "2026-03", 60), ("2026-07", "2026-07", 40)]
    asked.tell(FIRST + 8, 50)
    assert asked.open() == [("2026-01", "2026-03", 60), ("2026-07", "2026-07", 40), ("2026-09", "2026-09", 50)]


def test_two_subjects_are_two_matters() -> None:
    asked = Asked()
    for month in range(FIRST, FIRST + 9):
        asked.tell(month, fund=10, visits=0 if month == FIRST + 1 else 5)
    assert asked.open() == [("2026-01", "2026-01", 0), ("2026-01", "2026-09", 90), ("2026-03", "2026-09", 0)]
