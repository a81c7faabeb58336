"""A replay says the same whatever the number of processes, wherever it was saved, and with whatever is on trial beside it."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

import detectors.engine.stage
import stream.pipeline
from detectors.engine import graph
from detectors.engine.incoming import Incoming
from detectors.engine.pages import Pages
from detectors.engine.registry import all_rules
from detectors.engine.trial import on_trial, values_of
from schemas.alerts import decode_alert
from schemas.china_time import format_time, parse_time
from stream import snapshot
from stream.backtest.trials import as_itself
from stream.blocks import LONGEST, MOST_RECORDS, SHARDS, Cutter
from stream.replay import Progress, Window
from stream.snapshot import SnapshotRefused
from tests.engine_run import TIMESTAMP_MS, EngineRun, every_rule
from tests.golden_county import golden_county
from tests.replay_runs import ReplayRun, golden_replay
from tests.wire_messages import Gateway, moment

COUNTY = golden_county()
_OF_LAST_BLOCKS = 800  # pages that the last batch of each stage has looked at: they are let go of before the next


@pytest.fixture(scope="module")
def whole() -> ReplayRun:
    """The golden county in one process and in one go."""
    return golden_replay()


def test_the_golden_county_has_alerts_of_every_rule(whole: ReplayRun) -> None:
    """Otherwise nothing below proves anything."""
    rules = {alert.rule for alert in whole.replay.alerts() if alert.status == "open"}
    assert rules == {rule.rule_id for rule in every_rule()}


def test_processes_write_the_same_bytes_as_one(whole: ReplayRun) -> None:
    shared = golden_replay(jobs=3)
    assert shared.written == whole.written
    assert shared.published == whole.published, "every revision, in the same order"
    assert shared.replay.pipeline.counts == whole.replay.pipeline.counts


@pytest.mark.parametrize("room", [0, 40 * SHARDS])
def test_with_room_for_few_decoded_pages_it_writes_the_same_bytes(
    room: int, whole: ReplayRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And holds no more of them than that and what its last block has touched."""
    monkeypatch.setattr(detectors.engine.stage, "MOST_DECODED", room)
    monkeypatch.setattr(stream.pipeline, "MOST_DECODED", room)
    narrow = golden_replay()
    assert narrow.written == whole.written
    assert narrow.published == whole.published
    assert narrow.replay.pipeline.counts == whole.replay.pipeline.counts
    pages = _pages(narrow)
    assert sum(each.misses for each in pages) > 1_000
    assert sum(each.decoded for each in pages) <= len(graph.STAGES) * room + _OF_LAST_BLOCKS
    assert sum(each.decoded for each in _pages(whole)) > len(graph.STAGES) * 40 * SHARDS + _OF_LAST_BLOCKS


def _pages(run: ReplayRun) -> list[Pages]:
    return [stage.pages for stage in run.replay.pipeline.stages]


def test_blocks_and_shards_say_what_one_engine_says(whole: ReplayRun) -> None:
    """Open alerts, but for what may differ between two runs of the same transactions."""
    engine = EngineRun(COUNTY.references).take(COUNTY.sent, batch=50)
    engine.mark(whole.replay.stream_time or 0)
    of_replay = EngineRun()
    of_replay.published = list(whole.replay.alerts())
    assert of_replay.open_alerts() == engine.open_alerts()


@pytest.mark.parametrize(("seed", "jobs"), [(0, (1, 1)), (1, (1, 1)), (2, (1, 2))])
def test_saved_anywhere_it_goes_on_to_the_same_bytes(
    seed: int, jobs: tuple[int, int], whole: ReplayRun, tmp_path: Path
) -> None:
    cut = random.Random(seed).randrange(len(COUNTY.sent))
    first = ReplayRun(COUNTY.references, jobs=jobs[0]).take(COUNTY.sent[:cut])
    file = tmp_path / "run.snapshot"
    snapshot.write(file, head(), first.replay.progress())
    first.replay.close()
    _, progress = snapshot.read(file, every_rule(), {}, Window())
    second = ReplayRun(COUNTY.references, jobs=jobs[1], progress=progress).take(COUNTY.sent[cut:], cut).finish()
    assert first.published + second.published == whole.published
    assert second.written == whole.written
    assert second.replay.transactions == whole.replay.transactions


def test_who_saved_it_may_go_on_too(whole: ReplayRun) -> None:
    run = ReplayRun(COUNTY.references).take(COUNTY.sent[:300])
    run.replay.progress()
    assert run.take(COUNTY.sent[300:], 300).finish().published == whole.published


# -- what a snapshot is refused for -------------------------------------------------------------------------------------


def head(window: Window | None = None, references: dict[str, Path] | None = None) -> snapshot.Head:
    return snapshot.head_of("stopped", moment(3), every_rule(), references or {}, window or Window())


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "run.snapshot"
    run = ReplayRun(COUNTY.references).take(COUNTY.sent[:5])
    snapshot.write(file, head(Window(start=moment(2))), run.replay.progress())
    return file


def test_a_snapshot_of_other_values_is_refused_by_rule_and_value(saved: Path) -> None:
    rules = [all_rules()["bed_holding"](idle_days=5), *(r for r in every_rule() if r.rule_id != "bed_holding")]
    with pytest.raises(SnapshotRefused, match=r"made with other rules \(bed_holding.idle_days = 3\)"):
        snapshot.read(saved, rules, {}, Window(start=moment(2)))


def test_a_snapshot_without_a_rule_is_refused_by_its_name(saved: Path) -> None:
    without = [rule for rule in every_rule() if rule.rule_id != "after_death"]
    with pytest.raises(SnapshotRefused, match=r"other rules \(with after_death\)"):
        snapshot.read(saved, without, {}, Window(start=moment(2)))


def test_a_snapshot_of_other_layouts_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_layouts", lambda: {"institution/v": 99})
    with pytest.raises(SnapshotRefused, match="other layouts: another version made it"):
        snapshot.read(saved, every_rule(), {}, Window(start=moment(2)))


def test_a_snapshot_with_other_persons_is_refused(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "persons.jsonl").write_bytes(b"{}\n")
    with pytest.raises(SnapshotRefused, match="other records of persons"):
        snapshot.read(saved, every_rule(), {"persons": tmp_path / "persons.jsonl"}, Window(start=moment(2)))


def test_a_snapshot_that_left_out_alerts_is_refused_for_an_earlier_window(saved: Path) -> None:
    with pytest.raises(SnapshotRefused, match="no alerts that were raised before 2026-03-04 00:00:00"):
        snapshot.read(saved, every_rule(), {}, Window())


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:200] + bytes([b[200] ^ 1]) + b[201:]])
def test_a_damaged_snapshot_is_refused(saved: Path, damage: object) -> None:
    saved.write_bytes(damage(saved.read_bytes()))  # type: ignore[operator]
    with pytest.raises(SnapshotRefused, match="damaged or cut off"):
        snapshot.read(saved, every_rule(), {}, Window(start=moment(2)))


def test_another_file_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x80\x04pickle")
    with pytest.raises(SnapshotRefused, match="is no snapshot of a replay"):
        snapshot.read(tmp_path / "x", every_rule(), {}, Window())


def test_a_snapshot_holds_what_its_types_say_and_nothing_more(saved: Path) -> None:
    _, progress = snapshot.read(saved, every_rule(), {}, Window(start=moment(2)))
    assert isinstance(progress, Progress)
    assert progress.cut.positions == {0: 5}


# -- trials -------------------------------------------------------------------------------------------------------------


def test_on_trial_every_rule_says_what_it_says_itself_and_disturbs_nothing(whole: ReplayRun) -> None:
    rules = every_rule()
    trials = [on_trial(type(rule), "again", values_of(rule)) for rule in rules]
    run = golden_replay([*rules, *trials])
    assert run.published == whole.published
    own = {alert.alert_id: alert for alert in run.replay.alerts()}
    tried = {
        as_itself(decode_alert(value)).alert_id: as_itself(decode_alert(value)) for value in run.replay.trials.values()
    }
    assert tried.keys() == own.keys()
    for alert_id, alert in own.items():
        # Only who publishes for the institution knows its other alerts, and counts revisions with theirs.
        said = msgspec.structs.replace(alert, related=[], revision=0, revised_at="", source=alert.source)
        trial = msgspec.structs.replace(
            tried[alert_id], related=[], revision=0, revised_at="", source=alert.source
        )  # fmt: skip
        assert trial == said


def test_a_value_on_trial_says_what_a_run_with_it_says() -> None:
    rule = all_rules()["bed_holding"]
    tried = golden_replay([rule(), on_trial(rule, "five", values_of(rule()) | {"idle_days": 5})])
    run = golden_replay([rule(idle_days=5)])
    expected = {alert.alert_id: (alert.status, alert.raised_at, alert.fund_at_risk) for alert in run.replay.alerts()}
    alerts = [as_itself(decode_alert(value)) for value in tried.replay.trials.values()]
    found = {alert.alert_id: (alert.status, alert.raised_at, alert.fund_at_risk) for alert in alerts}
    assert found == expected
    assert len(expected) >= 2
    assert found != {a.alert_id: (a.status, a.raised_at, a.fund_at_risk) for a in tried.replay.alerts()}


# -- the window ---------------------------------------------------------------------------------------------------------


def test_what_was_raised_in_the_warm_up_is_left_out_and_counted(whole: ReplayRun) -> None:
    raised = sorted(parse_time(alert.raised_at) for alert in whole.replay.alerts() if alert.status == "open")
    start = raised[len(raised) // 2]
    run = golden_replay(window=Window(start=start))
    assert {a.alert_id for a in run.replay.alerts()} == {
        a.alert_id for a in whole.replay.alerts() if parse_time(a.raised_at) >= start
    }
    open_then = set[str]()
    for line in whole.published.splitlines():
        alert = decode_alert(line)
        if parse_time(alert.revised_at) < start:
            (open_then.add if alert.status == "open" else open_then.discard)(alert.alert_id)
    assert run.replay.open_before == open_then
    assert open_then


def test_records_of_before_the_warm_up_are_not_taken() -> None:
    gateway = Gateway("H50010600011")
    early = gateway.admission(moment(0, 9), "P1", "MI1")
    late = gateway.admission(moment(5, 9), "P2", "MI2")
    run = ReplayRun(COUNTY.references, window=Window(start=moment(8), warm_up_from=moment(4)))
    run.take([early, late]).finish()
    assert (run.replay.transactions, run.replay.skipped) == (1, 1)


# -- blocks -------------------------------------------------------------------------------------------------------------


def record(number: int, time: int, institution: str = "H50010600011") -> Incoming:
    stated = msgspec.json.encode({"fixmedins_code": institution, "inf_time": format_time(time)})
    return Incoming(0, number, TIMESTAMP_MS, None, stated)


def test_a_block_ends_after_so_many_records_or_so_long() -> None:
    cutter = Cutter(TIMESTAMP_MS)
    times = [moment(0, 8)] * (MOST_RECORDS + 1) + [moment(0, 8) + LONGEST, moment(0, 8) + LONGEST + 1]
    blocks = [*cutter.take(record(n, time) for n, time in enumerate(times)), *cutter.rest()]
    assert [block.transactions for block in blocks] == [MOST_RECORDS, 2, 1, 0]
    assert [block.number for block in blocks] == [0, 1, 2, 3]


def test_every_share_begins_with_the_time_at_which_all_institutions_have_come() -> None:
    cutter = Cutter(TIMESTAMP_MS)
    blocks = [*cutter.take([record(0, moment(0, 8), "H1"), record(1, moment(1, 7), "H2")]), *cutter.rest()]
    for block, time in zip(blocks, (moment(0, 8), moment(1, 7), moment(1, 7)), strict=True):
        assert len(block.shares) == SHARDS
        assert all(share[0].value == b'{"mark":"%s"}' % format_time(time).encode() for share in block.shares)
    assert [len(share) for share in blocks[0].shares[:3]] == [2, 1, 1], "institutions go to shards in turn"
    assert [len(share) for share in blocks[1].shares[:3]] == [1, 2, 1]


def test_one_wrong_clock_moves_no_shards_time() -> None:
    """Its shard has no other institution that could contradict it: the pace does."""
    one, other = Gateway("H50010600011"), Gateway("H50010600012")
    lines = [
        one.admission(moment(0, 9), "P1", "MI1"),
        other.admission(moment(0, 9, 30), "P2", "MI2"),
        other.admission(moment(300, 9), "P3", "MI3"),
        one.admission(moment(0, 10), "P4", "MI4"),
    ]
    run = ReplayRun(COUNTY.references).take(lines).finish()
    assert run.replay.stream_time == moment(0, 10)
    assert {stage.stream_time for stage in run.replay.pipeline.stages} == {moment(0, 10)}
    assert run.replay.pipeline.counts["clock_jumps_refused", "H50010600012"] == 1


def test_a_history_that_ends_with_the_window_comes_to_its_very_end() -> None:
    gateway = Gateway("H50010600011")
    lines = [gateway.admission(moment(n, 9), f"P{n}", f"MI{n}") for n in range(5)]
    run = ReplayRun(COUNTY.references, window=Window(end=moment(2, 12))).take(lines).finish()
    assert run.replay.is_over
    assert run.replay.transactions == 3
    assert run.replay.stream_time == moment(2, 12)
