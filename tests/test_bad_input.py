"""Bad input: each kind has a clear reason, loses nothing, and the message after it is processed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from detectors.engine.clock import CLOCK_KEY
from detectors.engine.incoming import Incoming
from schemas.alerts import Alert
from schemas.decode import LARGEST_MESSAGE
from stream.cli import fundwatch
from stream.line_files import FileUnreadable, LineFile
from stream.replay import Replay
from tests.checks import Story
from tests.engine_run import TIMESTAMP_MS, EngineRun, every_rule
from tests.test_contract import subject_of
from tests.wire_messages import TABLETS, Billed, Gateway, moment, person_record, routine_lines, treatment_lines

HIT = next(story for story in subject_of("bed_holding").hits if story.name == "hit-three-idle-days")
PERSON = "5001060000000000001"
G = Gateway("H50010600009")
AT = moment(2, 9)


def with_bad(bad: bytes, story: Story = HIT, place: int = 3) -> EngineRun:
    """The story with something bad in the midst of it; the story's own alert must come all the same."""
    engine = EngineRun(story.records).take([*story.sent[:place], bad, *story.sent[place:]])
    assert engine.open_alerts() == EngineRun(story.records).take(story.sent).open_alerts() != {}
    return engine


MEGABYTES = 5 * 1024 * 1024
PADDED = G.call("2401", AT, {"mdtrtinfo": {"psn_no": "p", "begntime": "2026-03-04 09:00:00"}, "memo": "x" * MEGABYTES},
                {"result": {"mdtrt_id": "MI5"}})  # fmt: skip

PARKED = {
    "an unknown transaction": (G.call("9999", AT, {}), "decode", "unknown_transaction"),
    "broken JSON": (b'{"infno": "2401", "msgid": ', "decode", "not_json"),
    "no JSON at all": (b"\x00\x01 not a message", "decode", "not_json"),
    "an empty record": (b"", "decode", "not_json"),
    "5 MB of broken JSON": (PADDED[:-1], "decode", "not_json"),
    "more than any topic takes": (b'{"x": "' + b"x" * LARGEST_MESSAGE + b'"}', "decode", "too_large"),
    "a call from 2031": (G.admission(moment(1800), PERSON, "MI9"), "time", "clock_ahead"),
    "a mark from 2031": (b'{"mark": "2031-03-02 09:00:00"}', "time", "clock_ahead"),
    "a mark that is none": (b'{"mark": "soon"}', "decode", "unreadable_time"),
    "no institution": (Gateway("").admission(AT, PERSON, "MI9"), "decode", "missing_field"),
    "a quantity that is none": (
        G.bill(AT, PERSON, "MI9", [Billed("1", AT, TABLETS)]).replace(b'"cnt": 1.0', b'"cnt": "some"'),
        "decode", "unreadable_number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARKED)
def test_what_cannot_be_used_is_parked_whole_with_its_reason(name: str) -> None:
    bad, stage, reason = PARKED[name]
    (letter,) = with_bad(bad).dead_letters
    assert (letter.stage, letter.reason) == (stage, reason)
    assert letter.value == bad
    assert (letter.topic, letter.partition, letter.offset) == ("transactions", 0, 3)
    assert PERSON not in letter.detail


def test_a_message_of_five_megabytes_is_read_like_any_other() -> None:
    engine = with_bad(PADDED)
    assert not engine.dead_letters
    assert engine.pipeline.counts["transactions", "2401"] == 2


def test_a_bill_of_five_megabytes_posts_every_line() -> None:
    lines = [Billed(f"{number:040d}", AT, TABLETS, 1.0, 1.0) for number in range(20_000)]
    bill = G.bill(AT, PERSON, "MI9", lines)
    assert len(bill) > MEGABYTES
    assert not with_bad(bill).dead_letters


def counted(bad: bytes, *what: str) -> int:
    """How often the metric counts it; nothing is parked, for nothing is wrong with the message itself."""
    engine = with_bad(bad)
    assert not engine.dead_letters
    return engine.pipeline.counts[what]


@pytest.mark.parametrize(
    ("infno", "bad"),
    [
        ("2404", G.cancel_admission(AT, PERSON, "never seen")),
        ("2405", G.cancel_discharge(AT, PERSON, "never seen")),
        ("2302", G.cancel_lines(AT, PERSON, "never seen", ["1"])),
        ("2205", G.cancel_batch(AT, PERSON, "never seen", "B1")),
        ("2305", G.refund_stay(AT, PERSON, "never seen", "S1")),
        ("2208", G.refund_visit(AT, PERSON, "never seen", "S1")),
        ("2103", G.refund_purchase(AT, PERSON, "never seen", "S1")),
        ("2601", G.reversal(AT, PERSON, G.admission(AT, PERSON, "never seen"))),
        ("2301", G.bill(AT, PERSON, "MI9", [Billed("r", AT, TABLETS, -2.0, -20.0, refunds="never seen")])),
        ("2301", G.bill(AT, PERSON, "MI9", [Billed("r", AT, TABLETS, -2.0, -20.0)])),
    ],
)  # fmt: skip
def test_a_correction_of_what_nobody_has_sent_is_counted(infno: str, bad: bytes) -> None:
    assert counted(bad, "unmatched_corrections", infno) == 1


def test_a_negative_line_waits_for_its_original() -> None:
    """Two of the spike's hundred packs fewer would be an alert still; all of them back before they came are none."""
    story = next(story for story in subject_of("drug_volume").hits if story.name == "hit-spike")
    *sent, mark = story.sent
    original = [Billed("1", moment(30, 9), TABLETS, 200.0, 2500.0)]
    refund = [Billed("r", moment(30, 9), TABLETS, -200.0, -2500.0, refunds="1")]
    g = Gateway(json.loads(sent[0])["fixmedins_code"])
    bill = g.bill(moment(30, 12), PERSON, "MI9", original)
    back = g.bill(moment(30, 11), PERSON, "MI9", refund)
    expected = EngineRun(story.records).take(story.sent, batch=1).open_alerts()
    with_both = EngineRun(story.records).take([*sent, back, bill, mark], batch=1).open_alerts()
    assert [alert["measures"] for alert in with_both.values()] == [alert["measures"] for alert in expected.values()]
    assert EngineRun(story.records).take([*sent, bill, mark], batch=1).open_alerts() != expected


@pytest.mark.parametrize("cancel", ["2404", "2601"])
def test_an_admission_cancelled_before_it_came_is_void_when_it_comes(cancel: str) -> None:
    admission = HIT.sent[0]
    gateway = Gateway(json.loads(admission)["fixmedins_code"])
    gateway.sent = 900
    call = gateway.cancel_admission(AT, PERSON, "MI1") if cancel == "2404" else gateway.reversal(AT, PERSON, admission)
    assert not EngineRun(HIT.records).take([call, *HIT.sent]).open_alerts()


def test_a_settlement_dated_2031_settles_nothing_else() -> None:
    """The call's own time is right, the answer's is not: it is applied, and time is not moved by it."""
    late = G.settle_visit(AT, PERSON, "MO1", "B1", "S1", 10.0).replace(b'"setl_time": "2026', b'"setl_time": "2031')
    engine = with_bad(late)
    assert not engine.dead_letters
    assert engine.pipeline.stream_time == moment(9)


def test_lines_dated_in_another_century_hurt_no_other_day() -> None:
    lines = [*routine_lines("MI9", -40_000), *treatment_lines("MI9", 40_000)]
    assert not with_bad(G.bill(AT, PERSON, "MI9", lines)).dead_letters
    same = Gateway(json.loads(HIT.sent[0])["fixmedins_code"])
    same.sent = 900
    assert not with_bad(same.bill(AT, PERSON, "MI9", lines)).dead_letters


def test_a_stay_since_the_year_one_does_not_hold_up_the_others() -> None:
    begin = moment(0) - 2_000 * 365 * 86_400
    with_bad(G.admission(AT, PERSON, "MI9", begin=begin))
    with_bad(G.change(AT, PERSON, "MI9", begin=begin))


def test_a_person_without_household_is_counted_and_his_stay_is_judged() -> None:
    lone = HIT.records._replace(persons=(person_record(PERSON),))
    engine = EngineRun(lone).take(HIT.sent)
    assert [alert["rule"] for alert in engine.open_alerts().values()] == ["bed_holding"]
    assert engine.pipeline.counts["without_household", "person"] > 0


def test_a_person_nobody_has_heard_of_is_judged_like_one_without_household() -> None:
    engine = EngineRun(HIT.records._replace(persons=())).take(HIT.sent)
    assert [alert["rule"] for alert in engine.open_alerts().values()] == ["bed_holding"]


def test_an_institution_unknown_to_the_reference_is_judged_and_named_by_its_code() -> None:
    engine = EngineRun(HIT.records._replace(institutions=())).take(HIT.sent)
    (alert,) = engine.open_alerts().values()
    assert (alert["institution_name"], alert["institution"] in alert["text"]["zh"]) == (None, True)


def test_a_jump_of_one_clock_moves_nobodys_time() -> None:
    """A year ahead, but before the record's own time: applied, counted by its institution, and time stays."""
    jump = G.admission(moment(365), PERSON, "MI9")
    engine = with_bad(jump)
    assert engine.pipeline.counts["clock_jumps_refused", "H50010600009"] == 1


# -- files ----------------------------------------------------------------------------------------------------------


def replayed(path: Path) -> tuple[Replay, list[Alert]]:
    replay = Replay(every_rule(), TIMESTAMP_MS)
    with LineFile(str(path)) as file:
        replay.read_transactions(file)
    return replay, list(replay.alerts())


def test_an_empty_file_is_replayed_to_nothing(tmp_path: Path) -> None:
    for name, content in (("plain", b""), ("zipped", gzip.compress(b"")), ("blank", b"\n\n\n")):
        path = tmp_path / name
        path.write_bytes(content)
        replay, alerts = replayed(path)
        assert (replay.transactions, alerts, dict(replay.dead_letters)) == (0, [], {})


def test_a_file_that_ends_mid_line_is_replayed_to_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    whole = b"\n".join(HIT.sent) + b"\n"
    path.write_bytes(whole + HIT.sent[0][:100])
    replay, alerts = replayed(path)
    assert [alert.rule for alert in alerts] == ["bed_holding"]
    assert dict(replay.dead_letters) == {"not_json": 1}
    assert replay.first_dead["not_json"].value == HIT.sent[0][:100]
    assert "ends in the middle of a line" in replay.notes[0]


def test_a_whole_last_line_without_its_end_is_used(tmp_path: Path) -> None:
    path = tmp_path / "no-end.jsonl"
    path.write_bytes(b"\n".join(HIT.sent))
    replay, alerts = replayed(path)
    assert (len(alerts), dict(replay.dead_letters)) == (1, {})


def test_a_gzip_that_is_cut_off_is_replayed_to_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    zipped = gzip.compress(b"\n".join(HIT.sent * 20) + b"\n")
    path.write_bytes(zipped[: len(zipped) - 20])
    replay, _ = replayed(path)
    assert replay.transactions > 0
    assert "cut off" in replay.notes[0]


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="nowhere.jsonl"):
        LineFile(str(tmp_path / "nowhere.jsonl"))


def test_a_person_whose_record_is_deleted_belongs_to_no_household_any_more() -> None:
    story = next(story for story in subject_of("household_together").hits if story.name == "hit-twice-together")
    engine = EngineRun(story.records).take(story.sent)
    (alert,) = engine.newest().values()
    assert alert.status == "open"
    gone = Incoming(0, 10_000, TIMESTAMP_MS, alert.persons[0].encode(), b"")
    engine.pipeline.take_persons([gone])
    (alert,) = engine.newest().values()
    assert alert.status == "retracted"
    assert not engine.dead_letters


def test_a_sale_that_comes_too_late_to_be_learned_is_counted() -> None:
    sold = {"MT1": 1, "MT2": 20}  # visit: day of the message; both bill day 1
    engine = EngineRun().take(
        [
            G.purchase(moment(day, 9), PERSON, visit, f"S{visit}", [Billed(visit, moment(1, 8), TABLETS)])
            for visit, day in sold.items()
        ]
    )
    assert engine.pipeline.counts["late_facts", "drug_volume"] == 1


def purchase(day: int, visit: str, gateway: Gateway = G) -> bytes:
    lines = [Billed(visit, moment(day, 8), TABLETS)]
    return gateway.purchase(moment(day, 9), PERSON, visit, f"S{visit}", lines)


def test_a_double_that_comes_after_its_visit_was_forgotten_is_parked_and_changes_nothing() -> None:
    """Its page is gone: opened anew, it would count volumes twice and put a half-told visit in place of the whole one."""
    stay = [
        G.admission(moment(0, 9), PERSON, "MI1"),
        G.bill(moment(1, 9), PERSON, "MI1", treatment_lines("MI1", 0)),
        G.discharge(moment(3, 9), PERSON, "MI1"),
    ]
    old = [purchase(0, "MT0"), *stay]
    later = [purchase(day, f"MT{day}") for day in range(1, 75)]
    doubled, whole = EngineRun().take([*old, *later, *old]), EngineRun().take([*old, *later])
    assert [(letter.stage, letter.reason) for letter in doubled.dead_letters] == [("time", "too_late")] * len(old)
    assert [letter.value for letter in doubled.dead_letters] == old
    for engine in (doubled, whole):
        engine.pipeline.save()
    for place, pages in whole.stores.items():
        told = doubled.stores[place]
        assert pages.keys() == told.keys()
        assert [key for key in pages if pages[key] != told[key]] in ([], [CLOCK_KEY])


def test_a_first_message_that_is_weeks_late_is_taken() -> None:
    late = purchase(30, "MT-late")
    engine = EngineRun().take([*(purchase(day, f"MT{day}") for day in range(75)), late])
    assert not engine.dead_letters


def test_an_institution_whose_file_is_loaded_after_another_s_is_taken() -> None:
    """Time goes by the first one's year; what is late is so by its own sender's word."""
    other = Gateway("H50010600001")
    engine = EngineRun().take([purchase(day, f"MT{day}") for day in range(200)])
    engine.take([purchase(day, f"MO{day}", other) for day in range(5)])
    assert not engine.dead_letters


def test_one_call_from_the_future_makes_no_other_too_late() -> None:
    ahead = purchase(400, "MT-ahead")
    engine = EngineRun().take([ahead, *(purchase(day, f"MT{day}") for day in range(5))])
    assert not engine.dead_letters


def test_a_replay_of_messages_from_the_future_says_what_to_do(tmp_path: Path) -> None:
    future = tmp_path / "future.jsonl"
    future.write_bytes(
        G.admission(moment(40_000), PERSON, "MI9") + b"\n" + G.admission(moment(1), PERSON, "MI8") + b"\n"
    )
    done = CliRunner().invoke(fundwatch, ["replay", str(future), "--out", str(tmp_path / "alerts.jsonl")])
    told = done.output
    assert done.exit_code == 0, told
    assert "dead letters: clock_ahead 1" in told
    assert "note: 1 message(s) bear an inf_time more than an hour after this run began" in told
