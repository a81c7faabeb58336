"""Who have no household in their records and live at one address are one, until somebody's record says more."""

from __future__ import annotations

import random
from collections.abc import Sequence

from detectors.books.group_keys import home_of, ties_of
from detectors.books.household import HouseholdPage, household_key
from detectors.by_household.household_together.rule import HouseholdTogether
from detectors.engine.incoming import Incoming
from schemas.alerts import encode_alert
from schemas.references import decode_person
from tests.engine_run import TIMESTAMP_MS, EngineRun, References
from tests.golden_cases.household_together import of_no_household, together
from tests.golden_cases.story import FAMILY, Case
from tests.wire_messages import moment, person_record

ADDRESS, ELSEWHERE = "幸福村1组1号", "幸福村1组2号"
TOLD = of_no_household(together("", ""), ADDRESS)
RECORDS = tuple(TOLD.persons)


def sent_of(told: Case) -> list[bytes]:
    return [message for _, message in sorted(told.sent, key=lambda sent: sent[0]) if b'"mark"' not in message]


def run(records: Sequence[bytes]) -> EngineRun:
    engine = EngineRun(References(persons=tuple(records)), rules=[HouseholdTogether()])
    return engine.take(sent_of(TOLD)).mark(moment(40))


def know(engine: EngineRun, *records: bytes, offset: int = 100) -> EngineRun:
    engine.pipeline.take_persons(
        [Incoming(0, offset + n, TIMESTAMP_MS, None, value) for n, value in enumerate(records)]
    )
    return engine


def home_page(engine: EngineRun) -> HouseholdPage | None:
    [stage] = [stage for stage in engine.pipeline.stages if stage.name == "household"]
    return stage.pages.get(HouseholdPage, household_key(home_of(ties_of(decode_person(RECORDS[0])))))


def neighbours(count: int) -> list[bytes]:
    """Others of that address, each of a household of his own."""
    return [
        person_record(f"50010600000000090{number:02d}", f"HV{number}", live_addr=ADDRESS) for number in range(count)
    ]


def test_who_get_a_number_leave_the_home_for_their_household() -> None:
    engine = run(RECORDS)
    (before,) = engine.newest().values()
    numbered = [person_record(person, "HH1", live_addr=ADDRESS) for person in FAMILY]
    assert list(know(engine, numbered[1]).open_alerts()) == [before.alert_id], "the other's record has a gap"
    know(engine, *numbered, offset=200)
    assert engine.newest()[before.alert_id].status == "retracted"
    assert engine.open_alerts() == run(numbered).open_alerts()
    assert [alert["household"] for alert in engine.open_alerts().values()] == ["HH1"]


def test_a_gap_in_the_records_is_found_whichever_comes_first() -> None:
    records = [person_record(FAMILY[0], "HH1", live_addr=ADDRESS), RECORDS[1]]
    expected = run(records).open_alerts()
    assert [alert["household"] for alert in expected.values()] == [None]
    for ordered in (records, records[::-1]):
        assert run(ordered).open_alerts() == expected
        late = EngineRun(rules=[HouseholdTogether()]).take(sent_of(TOLD))
        assert know(late, *ordered, offset=0).mark(moment(40)).open_alerts() == expected


def test_a_guest_who_moves_out_and_one_who_gives_up_his_number() -> None:
    engine = run([person_record(FAMILY[0], "HH1", live_addr=ADDRESS), RECORDS[1]])
    (before,) = engine.open_alerts()
    assert not know(engine, person_record(FAMILY[0], "HH1", live_addr=ELSEWHERE)).open_alerts()
    assert list(know(engine, RECORDS[0], offset=200).open_alerts()) == [before]
    assert engine.open_alerts() == run(RECORDS[:2]).open_alerts()


def test_who_moves_out_was_never_of_the_home() -> None:
    engine = run(RECORDS)
    gone = person_record(FAMILY[1], live_addr=ELSEWHERE)
    assert not know(engine, gone).open_alerts()
    assert {alert.status for alert in engine.newest().values()} == {"retracted"}
    back = know(engine, RECORDS[1], offset=200).open_alerts()
    assert back == run(RECORDS).open_alerts()


def test_a_house_that_fills_up_is_no_home_and_one_that_empties_is() -> None:
    engine = run(RECORDS)
    assert len(engine.open_alerts()) == 1
    assert len(know(engine, *neighbours(8)).open_alerts()) == 1
    assert not know(engine, *neighbours(9), offset=200).open_alerts()
    page = home_page(engine)
    assert page is not None
    assert (len(page.members), page.size()) == (4, 13)
    moved = person_record("5001060000000009003", "HV3", live_addr=ELSEWHERE)
    assert len(know(engine, moved, offset=300).open_alerts()) == 1


def test_the_order_in_which_they_become_known_changes_nothing() -> None:
    for others in (8, 9):
        records = [*RECORDS, *neighbours(others)]
        expected = run(records).open_alerts()
        assert len(expected) == (others == 8)
        for seed in range(5):
            mixed = random.Random(seed).sample(records, len(records))
            assert run(mixed).open_alerts() == expected
            late = EngineRun(rules=[HouseholdTogether()]).take(sent_of(TOLD))
            assert know(late, *mixed, offset=0).mark(moment(40)).open_alerts() == expected


def test_a_home_is_named_by_a_digest_and_no_household() -> None:
    (alert,) = run(RECORDS).newest().values()
    assert alert.household is None
    assert alert.group == home_of(ties_of(decode_person(RECORDS[0])))
    assert "幸福村".encode() not in encode_alert(alert)
    assert alert.text.zh.startswith("登记同一住址（无户信息）的2人")
    assert alert.text.en.startswith("2 people registered at one address")


def test_who_has_neither_a_number_nor_an_address_is_of_no_household() -> None:
    engine = run([person_record(person, live_addr="不详") for person in FAMILY])
    assert not engine.newest()
    assert engine.pipeline.counts["without_household", "person"] > 0
