"""Is one chain of stays one alert, however long the household goes on, and however much was forgotten of it?"""

from __future__ import annotations

import pytest

from detectors.books.household import MOST_STAYS, HouseholdPage, household_key
from tests.engine_run import EngineRun, References
from tests.wire_messages import Gateway, moment, routine_lines

HOSPITAL = "H50010600001"
FAMILY = ("P1", "P2", "P3")
RECORDS = tuple(f'{{"psn_no": "{person}", "household_id": "HH1", "brdy": "1960-05-01"}}'.encode() for person in FAMILY)


def in_turn(turns: int, nights: int = 5, gap: int = 1) -> list[bytes]:
    """Stays one after the other, of one member after the other."""
    gateway, sent = Gateway(HOSPITAL), []
    for turn in range(turns):
        person, visit, day = FAMILY[turn % 3], f"M{turn}", turn * (nights + gap)
        sent.append(gateway.admission(moment(day, 8), person, visit, diagnosis="E11.900"))
        sent.append(gateway.bill(moment(day + 1, 6), person, visit, routine_lines(visit, day)))
        sent.append(gateway.discharge(moment(day + nights, 11), person, visit, diagnosis="E11.900"))
    return sent


def run(sent: list[bytes], days: int) -> EngineRun:
    engine = EngineRun(References(persons=RECORDS)).take(sent)
    for day in range(0, days, 7):
        engine.mark(moment(days + day))
    return engine


def sequences(engine: EngineRun) -> list[tuple[str, int]]:
    """Status and stays of every alert about a chain, in order of its begin."""
    found = [alert for alert in engine.newest().values() if alert.rule == "household_sequence"]
    return [(alert.status, len(alert.visits)) for alert in sorted(found, key=lambda alert: alert.begin)]


def test_a_chain_of_years_is_told_by_the_half_year() -> None:
    turns = 3 * 365 // 6
    told = sequences(run(in_turn(turns), 3 * 365))
    assert [status for status, _ in told] == ["open"] * len(told)
    assert len(told) == 6
    assert sum(stays for _, stays in told) == turns


def test_what_is_forgotten_of_a_chain_raises_nothing() -> None:
    """Three stays, and time alone: four hundred days later they go together."""
    engine = run(in_turn(4), 30)
    before = len(engine.published)
    assert sequences(engine) == [("open", 4)]
    for day in range(60, 460, 5):
        engine.mark(moment(day))
    assert len(engine.published) == before
    page = engine.pipeline.stages[2].pages.get(HouseholdPage, household_key("HH1"))
    assert page is None or not page.stays


@pytest.mark.parametrize("many", [MOST_STAYS + 1, 2 * MOST_STAYS])
def test_a_household_of_more_stays_than_a_page_may_hold_is_told_of_no_more(many: int) -> None:
    """Its chains would lose their heads, and ring anew with every stay."""
    engine = EngineRun(References(persons=RECORDS)).take(in_turn(many, nights=1))
    told = sequences(engine)
    assert 0 < len(told) <= 3
    assert {status for status, _ in told} == {"open"}
    assert engine.pipeline.counts["rule_inactive", "household_sequence", "too_many_stays"] > 0


def test_stays_far_apart_are_no_series() -> None:
    page = HouseholdPage(household="HH1")
    assert list(page.series()) == []
    engine = EngineRun(References(persons=RECORDS)).take(in_turn(6, gap=40))
    assert sequences(engine) == []
    held = engine.pipeline.stages[2].pages.get(HouseholdPage, household_key("HH1"))
    assert held is not None
    assert [len(series) for series in held.series()] == [1] * 6
    assert held.next_change() > moment(400)
