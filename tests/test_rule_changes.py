"""Rules change while state stands: pages are asked again, and what changed is said.

A parameter moved, a rule switched on or off, a new version: when all pages have been asked, what stands open is what a run
with the new settings from the start would say, as far as the books still know.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.by_item.drug_volume.rule import DrugVolume
from detectors.by_stay.bed_holding.rule import BedHolding
from detectors.engine import walk
from detectors.engine.asked import ASKED_KEY, Asked
from detectors.engine.incoming import Incoming
from detectors.engine.page import decode_page
from detectors.engine.registry import all_rules
from detectors.engine.rule import Rule
from schemas.alerts import Alert, encode_alert
from schemas.china_time import DAY, format_time, parse_time
from tests.engine_run import TIMESTAMP_MS, EngineRun, every_rule, time_of
from tests.histories import HOSPITALS, PERSONS, REFERENCES, History, Stay, histories, tell_stay
from tests.test_contract import subject_of
from tests.wire_messages import Gateway, moment

EXAMPLES = settings(max_examples=12)
Rules = Sequence[Rule[Any]]

STRICTER: dict[str, dict[str, float]] = {
    "bed_conflict": {"overlap_hours": 200},
    "bed_holding": {"idle_days": 5},
    "drug_volume": {"day_ratio": 6.0, "week_packs": 80},
    "household_sequence": {"stays": 4},
    "household_together": {"weight_limit": 4.0, "once_weight_limit": 5.0},
}
LOOSER: dict[str, dict[str, float]] = {
    "bed_conflict": {"overlap_hours": 2},
    "bed_holding": {"idle_days": 2},
    "drug_volume": {"day_ratio": 1.5, "week_packs": 10, "day_zeros": 3},
    "household_sequence": {"stays": 2},
    "household_together": {"weight_limit": 1.0, "once_weight_limit": 1.0},
}


OLD = BedHolding.version
NEXT, LAST = OLD + 1, OLD + 2


class NewBedHolding(BedHolding, frozen=True, kw_only=True):
    """The rule in its next version."""

    version: ClassVar[int] = NEXT


def with_values(values: dict[str, dict[str, float]]) -> Rules:
    return [rule(**values.get(name, {})) for name, rule in all_rules().items()]


def walked(engine: EngineRun, at: int) -> EngineRun:
    """Time marks until every page was asked again."""
    for second in range(5_000):
        if all(stage.walk is None for stage in engine.pipeline.stages):
            return engine
        engine.mark(at + second, offset=10**6 + second)
    raise AssertionError("the walk does not end")


def idle_stay(visit: str = "MI1", idle: int = 4, person: int = 0) -> list[bytes]:
    return tell_stay(
        Gateway(HOSPITALS[0]),
        Stay(visit, 0, person, moment(3, 9), 9, frozenset(range(2, 2 + idle)), "I10.x00", 6 * 3600),
    )


UNTIL = moment(45)


def told(idle: int = 4, rules: Rules | None = None) -> EngineRun:
    """One stay with so many idle days in a row, saved."""
    engine = EngineRun(REFERENCES, rules=[BedHolding()] if rules is None else rules)
    engine.take(idle_stay(idle=idle)).mark(UNTIL).pipeline.save()
    return engine


def reopened(engine: EngineRun, rules: Rules) -> EngineRun:
    return walked(EngineRun(REFERENCES, rules=rules, stores=engine.stores), UNTIL + DAY)


def only(engine: EngineRun) -> Alert:
    (alert,) = engine.newest().values()
    return alert


# -- parameters -----------------------------------------------------------------------------------------------------


def test_an_alert_below_a_raised_limit_is_retracted_and_says_what_changed() -> None:
    engine = told(idle=4)
    assert only(engine).status == "open"
    alert = only(reopened(engine, [BedHolding(idle_days=5)]))
    assert (alert.status, alert.revision) == ("retracted", only(engine).revision + 1)
    assert alert.retraction is not None
    assert alert.retraction.zh == "规则参数已调整：连续无诊疗天数 3 → 5"
    assert alert.retraction.en == "the rule's parameters changed: consecutive days without treatment 3 → 5 days"


def test_a_lowered_limit_finds_what_was_below_the_old_one() -> None:
    engine = told(idle=2)
    assert not engine.published
    alert = only(reopened(engine, [BedHolding(idle_days=2)]))
    assert (alert.status, alert.revision) == ("open", 1)
    assert alert.source.change is not None
    assert alert.source.change.zh == "规则参数已调整：连续无诊疗天数 3 → 2"


def test_an_alert_that_stays_is_revised_with_the_limit_it_now_crosses() -> None:
    engine = told(idle=4)
    alert = only(reopened(engine, [BedHolding(idle_days=4)]))
    assert alert.status == "open"
    assert alert.measures[0].limit == 4
    assert alert.source.change is not None
    assert alert.source.change.en.endswith("3 → 4 days")


def test_what_a_message_brings_says_nothing_of_rules() -> None:
    for alert in told().published:
        assert b'"change"' not in encode_alert(alert)


def test_the_same_settings_again_ask_nothing() -> None:
    engine = told()
    again = EngineRun(REFERENCES, rules=[BedHolding()], stores=engine.stores)
    assert all(stage.walk is None for stage in again.pipeline.stages)
    again.mark(UNTIL + DAY)
    assert not again.published


def test_a_rule_that_did_not_change_is_not_asked() -> None:
    engine = told(rules=every_rule())
    changed = [rule() for name, rule in all_rules().items() if name != "drug_volume"] + [DrugVolume(day_ratio=5.0)]
    again = reopened(engine, changed)
    assert not again.published
    asked = {name for stage in again.pipeline.stages for name in stage.examiner.questions}
    assert asked <= {"drug_volume"}


def test_pages_on_which_nothing_changes_are_not_written() -> None:
    engine = told(rules=every_rule())
    before = {place: dict(pages) for place, pages in engine.stores.items()}
    again = reopened(engine, with_values({"bed_holding": {"idle_days": 5}}))
    again.pipeline.save()
    written = {
        key[:1] for place, pages in again.stores.items() for key in pages if pages[key] != before[place].get(key)
    }
    assert written == {b"v", b"l", b"c", ASKED_KEY}  # the stay whose alert went, its case, clocks, and what was asked


def test_a_page_touched_before_it_was_asked_again_names_both_reasons() -> None:
    """The walk has not come to it when treatment lines take an idle day away."""
    engine = EngineRun(REFERENCES, rules=[BedHolding()])
    gateway = Gateway(HOSPITALS[0])
    told_stay = idle_stay("MZ", idle=4)
    engine.take([*idle_stay("MA", idle=0, person=1), *told_stay]).mark(UNTIL).pipeline.save()
    again = EngineRun(REFERENCES, rules=[BedHolding(idle_days=4)], stores=engine.stores)
    again.take_records([again.record(gateway.cancel_admission(UNTIL + 60, PERSONS[0], "MZ"), offset=10**6)])
    alert = only(again)
    assert alert.retraction is not None
    assert alert.retraction.zh == "入院登记已撤销（2404）；规则参数已调整：连续无诊疗天数 3 → 4"


def test_what_the_book_has_forgotten_stays_as_it_was_said() -> None:
    engine = told(idle=4)
    engine.mark(UNTIL + 120 * DAY).pipeline.save()
    again = walked(EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=engine.stores), UNTIL + 121 * DAY)
    assert not again.published


# -- rules come and go ----------------------------------------------------------------------------------------------


def test_a_rule_that_is_switched_on_finds_what_stands_in_the_books() -> None:
    engine = told(idle=4, rules=[DrugVolume()])
    alert = only(reopened(engine, [DrugVolume(), BedHolding()]))
    assert alert.status == "open"
    assert alert.source.change is not None
    assert alert.source.change.zh == "规则已启用"


def test_a_rule_that_is_switched_off_takes_its_alerts_back() -> None:
    engine = told(idle=4, rules=[BedHolding(), DrugVolume()])
    off = reopened(engine, [DrugVolume()])
    alert = only(off)
    assert (alert.status, alert.basis, alert.rule_class) == ("retracted", only(engine).basis, "管理类")
    assert alert.retraction is not None
    assert alert.retraction.zh == "规则已停用"
    off.pipeline.save()
    on = reopened(off, [BedHolding(), DrugVolume()])
    assert (only(on).status, only(on).revision) == ("open", alert.revision + 1)


def test_a_new_version_takes_the_place_of_the_old_one() -> None:
    engine = told(idle=4)
    new = reopened(engine, [NewBedHolding()])
    opened, gone = new.published
    assert (opened.rule_version, opened.status, opened.revision) == (NEXT, "open", 1)
    assert opened.source.change is not None
    assert opened.source.change.en == f"version {NEXT} of the rule replaced version {OLD}"
    assert (gone.alert_id, gone.rule_version, gone.status) == (only(engine).alert_id, OLD, "retracted")
    assert gone.retraction is not None
    assert gone.retraction.zh == f"规则已由第{NEXT}版取代"
    assert gone.related == [opened.alert_id]


def test_a_version_that_came_and_went_in_the_midst_of_a_walk_leaves_nothing_open() -> None:
    class Newest(BedHolding, frozen=True, kw_only=True):
        version: ClassVar[int] = LAST

    old = many_stays(3)
    cut = EngineRun(REFERENCES, rules=[NewBedHolding()], stores=old.stores)
    mark_at(cut, 10**6, UNTIL, TIMESTAMP_MS)
    cut.pipeline.save()
    newest = old.then(cut).then(reopened(cut, [Newest()])).newest().values()
    assert sorted((alert.rule_version, alert.status) for alert in newest) == [
        *[(OLD, "retracted")] * 3, (NEXT, "retracted"), *[(LAST, "open")] * 3,
    ]  # fmt: skip


def test_the_old_version_comes_back_with_a_higher_revision() -> None:
    engine = told(idle=4)
    new = reopened(engine, [NewBedHolding()])
    new.pipeline.save()
    back = reopened(new, [BedHolding()])
    newest = engine.then(new).then(back).newest()
    assert {(alert.rule_version, alert.status) for alert in newest.values()} == {(OLD, "open"), (NEXT, "retracted")}
    assert [alert.revision for alert in newest.values()] == [only_of(engine, OLD) + 2, 2]


def only_of(engine: EngineRun, version: int) -> int:
    """The newest revision before the rule was replaced."""
    return max(a.revision for a in engine.published if a.rule_version == version and a.source.change is None)


def test_state_that_does_not_say_how_it_was_asked_is_asked_again() -> None:
    """As written by a version that did not remember."""
    engine = told(idle=4)
    for pages in engine.stores.values():
        del pages[ASKED_KEY]
    alert = only(reopened(engine, [BedHolding(idle_days=5)]))
    assert alert.status == "retracted"
    assert alert.retraction is not None
    assert "此前的设置未留存" in alert.retraction.zh


# -- the walk -------------------------------------------------------------------------------------------------------


def many_stays(count: int) -> EngineRun:
    engine = EngineRun(REFERENCES, rules=[BedHolding()])
    for number in range(count):
        engine.take(idle_stay(f"M{number:03d}", person=number % 8))
    engine.mark(UNTIL).pipeline.save()
    return engine


def pages_left(engine: EngineRun) -> int:
    """How many pages of the first stage wait to be asked again."""
    walk_on = engine.pipeline.stages[0].walk
    return 0 if walk_on is None else walk_on.left


def mark_at(engine: EngineRun, offset: int, time: int, timestamp_ms: int) -> None:
    value = b'{"mark": "%s"}' % format_time(time).encode()
    engine.pipeline.take([Incoming(0, offset, timestamp_ms, None, value, True)])


def test_no_record_waits_for_more_pages_than_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """One page at first, then by the time that the records' own timestamps say has passed, up to a bound."""
    monkeypatch.setattr(walk, "MOST_AT_ONCE", 6)
    engine = EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=many_stays(12).stores)
    left = []
    for number, milliseconds in enumerate((0, 0, 1, 60_000)):
        mark_at(engine, 10**6 + number, UNTIL + number, TIMESTAMP_MS + milliseconds)
        left.append(pages_left(engine))
    assert left == [11, 10, 6, 0]  # one, one, four in a millisecond, then six at most
    assert len([alert for alert in engine.published if alert.status == "retracted"]) == 12


def test_redelivered_records_do_not_hurry_the_walk() -> None:
    """Whatever comes again after a crash drives it as it did before: the same revisions come out."""
    engine = EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=many_stays(5).stores)
    for _ in range(3):
        mark_at(engine, 10**6, UNTIL, TIMESTAMP_MS)
    assert pages_left(engine) == 4


def test_a_walk_that_was_cut_goes_on_where_it_was() -> None:
    engine = EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=many_stays(5).stores)
    for number in range(2):
        mark_at(engine, 10**6 + number, UNTIL, TIMESTAMP_MS)
    engine.pipeline.save()
    again = EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=engine.stores)
    assert pages_left(again) == 3
    again = walked(again, UNTIL + DAY)
    assert len(engine.published) == 2
    assert len(again.published) == 3


def test_a_crash_before_the_walk_was_saved_says_the_same_again() -> None:
    stores = many_stays(5).stores
    kept = {place: dict(pages) for place, pages in stores.items()}
    said = []
    for store in (stores, kept):
        engine = EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=store)
        for number in range(3):
            mark_at(engine, 10**6 + number, UNTIL + number, TIMESTAMP_MS)
        said.append([encode_alert(alert) for alert in engine.published])
    assert len(said[0]) == 3
    assert said[0] == said[1]


def test_settings_that_change_in_the_midst_of_a_walk_reach_every_page() -> None:
    engine = EngineRun(REFERENCES, rules=[BedHolding(idle_days=5)], stores=many_stays(5).stores)
    for number in range(2):
        mark_at(engine, 10**6 + number, UNTIL, TIMESTAMP_MS)
    assert len(engine.published) == 2  # retracted
    engine.pipeline.save()
    back = reopened(engine, [BedHolding()])
    assert [alert.status for alert in back.published] == ["open", "open"]
    assert {alert.source.change.zh for alert in back.published if alert.source.change} == {
        "规则参数已调整：连续无诊疗天数 5 → 3"
    }


def test_what_was_asked_is_remembered_once_the_walk_is_over() -> None:
    engine = reopened(told(), [BedHolding(idle_days=5)])
    engine.pipeline.save()
    page = decode_page(Asked, engine.stores["institution", 0][ASKED_KEY])
    assert not page.is_walking
    assert page.before == {}
    assert page.rules["bed_holding"].parameters["idle_days"] == 5


# -- as if it had always been so ------------------------------------------------------------------------------------

SETTINGS = {
    "as they are": {},
    "stricter": STRICTER,
    "looser": LOOSER,
}


def newest_open(engines: Sequence[EngineRun]) -> dict[str, dict[str, Any]]:
    whole = EngineRun()
    for engine in engines:
        whole.then(engine)
    return whole.open_alerts()


def but_for_past_habits(alerts: dict[str, dict[str, Any]], changed_at: int) -> dict[str, dict[str, Any]]:
    """Without those on stays that had ended when the rules changed: `bed_holding` weighs what is usual at an institution, and
    asks them by the habits of now (docs/guarantees.md)."""
    at = format_time(changed_at)
    past = {key for key, one in alerts.items() if one["rule"] == "bed_holding" and one["end"] and one["end"] < at}
    return {
        key: one | {"related": [other for other in one["related"] if other not in past]}
        for key, one in alerts.items()
        if key not in past
    }


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in SETTINGS for b in SETTINGS if a != b])
@given(history=histories(), data=st.data())
@EXAMPLES
def test_after_the_walk_all_is_as_if_the_settings_had_never_been_others(
    before: str, after: str, history: History, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history.sent)), label="cut")
    partitions = data.draw(st.sampled_from([1, 4]), label="partitions")
    batch = data.draw(st.integers(1, 30), label="batch")
    end = history.until + DAY
    new = with_values(SETTINGS[after])
    throughout = EngineRun(REFERENCES, rules=new, partitions=partitions).take(history.sent).mark(end)
    runs = [EngineRun(REFERENCES, rules=with_values(SETTINGS[before]), partitions=partitions)]
    records = [runs[0].record(message) for message in history.sent]
    runs[0].take_records(records[:cut], batch=batch).pipeline.save()
    runs.append(EngineRun(REFERENCES, rules=new, partitions=partitions, stores=runs[0].stores))
    further = data.draw(st.integers(cut, len(records)), label="saved in the midst")
    runs[-1].take_records(records[cut:further], batch=batch).pipeline.save()
    runs.append(EngineRun(REFERENCES, rules=new, partitions=partitions, stores=runs[-1].stores))
    runs[-1].take_records(records[further:], batch=batch)
    walked(runs[-1].mark(history.until, offset=10**6 - 1), history.until).mark(end, offset=10**7)
    changed_at = max(map(time_of, history.sent[:cut]), default=0)
    expected = but_for_past_habits(throughout.open_alerts(), changed_at)
    assert but_for_past_habits(newest_open(runs), changed_at) == expected


@pytest.mark.parametrize("rule_id", sorted(STRICTER))
@given(history=histories(), data=st.data())
@EXAMPLES
def test_a_rule_switched_on_later_finds_what_it_would_have_found(
    rule_id: str, history: History, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history.sent)), label="cut")
    end = history.until + DAY
    throughout = EngineRun(REFERENCES).take(history.sent).mark(end)
    without = EngineRun(REFERENCES, rules=[rule for rule in every_rule() if rule.rule_id != rule_id])
    records = [without.record(message) for message in history.sent]
    without.take_records(records[:cut]).pipeline.save()
    later = EngineRun(REFERENCES, stores=without.stores).take_records(records[cut:])
    walked(later.mark(history.until, offset=10**6 - 1), history.until).mark(end, offset=10**7)
    changed_at = max(map(time_of, history.sent[:cut]), default=0)
    expected = but_for_past_habits(throughout.open_alerts(), changed_at)
    assert but_for_past_habits(newest_open([without, later]), changed_at) == expected
    later.pipeline.save()
    off = walked(EngineRun(REFERENCES, rules=without.rules, stores=later.stores), end + DAY)
    assert not [one for one in newest_open([without, later, off]).values() if one["rule"] == rule_id]


@pytest.mark.parametrize("rule_id", sorted(all_rules()))
def test_a_rule_switched_on_in_the_midst_of_its_golden_story_finds_what_it_would_have_found(rule_id: str) -> None:
    """Whatever the histories above hold; and switched off again it takes its alerts back."""
    story = subject_of(rule_id).hits[0]
    throughout = EngineRun(story.records).take(story.sent)
    assert any(alert["rule"] == rule_id for alert in throughout.open_alerts().values())
    without = EngineRun(story.records, rules=[rule for rule in every_rule() if rule.rule_id != rule_id])
    records = [without.record(message) for message in story.sent]
    middle = len(records) // 2
    without.take_records(records[:middle]).pipeline.save()
    later = EngineRun(story.records, stores=without.stores).take_records(records[middle:])
    end = parse_time(json.loads(story.sent[-1])["mark"])
    walked(later, end)
    assert newest_open([without, later]) == throughout.open_alerts()
    later.pipeline.save()
    off = walked(EngineRun(story.records, rules=without.rules, stores=later.stores), end)
    assert not [one for one in newest_open([without, later, off]).values() if one["rule"] == rule_id]


def test_the_histories_change_with_the_settings() -> None:
    """Otherwise the properties above prove nothing: alerts must come and go with the settings, of each rule that has others."""
    gone: set[str] = set()
    found: set[str] = set()

    @settings(max_examples=30, database=None, derandomize=True)
    @given(histories())
    def look(history: History) -> None:
        opened = []
        for values in SETTINGS.values():
            engine = EngineRun(REFERENCES, rules=with_values(values)).take(history.sent).mark(history.until + DAY)
            opened.append(set(engine.open_alerts()))
        as_is, strict, loose = opened
        gone.update(name.partition(":")[0] for name in as_is - strict)
        found.update(name.partition(":")[0] for name in loose - as_is)

    look()
    assert set(STRICTER) == set(LOOSER)
    assert gone >= set(STRICTER)
    assert found >= set(LOOSER)


def test_what_is_remembered_of_the_rules_is_small() -> None:
    rules = every_rule()
    assert len(told(rules=rules).stores["institution", 0][ASKED_KEY]) < 200 * len(rules)  # of one page a partition
