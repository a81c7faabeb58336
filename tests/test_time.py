"""Does anything but the data say what time it is? Partitions that lag, are quiet or empty, and clocks that are wrong.

The real engine: in one process, and on a real Kafka. The stages' clocks by themselves are in `tests/test_clock.py`.
"""

from __future__ import annotations

import gzip
import json
import re
import time
import urllib.request
from pathlib import Path

import msgspec
import pytest

from detectors.engine.incoming import Incoming
from schemas.china_time import DAY, format_time, from_unix, parse_time
from stream import topics
from stream.outbox import partition_of
from stream.settings import Settings
from tests.crews import Member, all_records, assert_alerts_are, crew, prepare, run_fundwatch, wait_until_done
from tests.engine_run import EngineRun, References, time_of
from tests.service_runs import CUT, replayed
from tests.test_contract import subject_of
from tests.toy_runs import wait_until
from tests.wire_messages import Gateway

LINES = CUT.transactions()
END = max(map(time_of, LINES))
WRONG = "2026-10-01 08:00:00"  # seven months behind the history's end, and no future yet
IDLE = next(story for story in subject_of("bed_holding").hits if story.name == "hit-three-idle-days")
TOGETHER = next(story for story in subject_of("household_together").hits if story.name == "hit-twice-together")


def references() -> References:
    return References(
        *(tuple(gzip.decompress(CUT.file(name).read_bytes()).splitlines()) for name in References._fields)
    )


def wrong_clock() -> bytes:
    """One institution of the history says that it is autumn."""
    return Gateway("H50010600010").admission(parse_time(WRONG), "5001060000000000001", "MI-wrong")


# -- in one process -------------------------------------------------------------------------------------------------


def by_partition(run: EngineRun, lines: list[bytes]) -> dict[int, list[Incoming]]:
    found: dict[int, list[Incoming]] = {}
    for line in lines:
        record = run.record(line)
        found.setdefault(record.partition, []).append(record)
    return found


@pytest.mark.parametrize("last", range(4))
def test_a_partition_that_lags_by_two_months_causes_no_wrong_alert(last: int) -> None:
    """Not even on the way: nothing is ever said that an undisturbed run would not have said at some time."""
    undisturbed = EngineRun(references()).take(LINES).mark(END)
    lagging = EngineRun(references(), partitions=4)
    waiting = by_partition(lagging, LINES)
    late = waiting.pop(last, [])
    assert waiting
    for records in waiting.values():
        lagging.take_records(records)
    _, person, household, peers = (stage for stage in lagging.pipeline.stages[3:])
    assert {person.stream_time, household.stream_time, peers.stream_time} == {None}, (
        "time stands where a source has not spoken"
    )
    lagging.take_records(late).mark(END)
    assert {person.stream_time, household.stream_time, peers.stream_time} == {END}
    assert lagging.open_alerts() == undisturbed.open_alerts() != {}
    assert {alert.alert_id for alert in lagging.published} <= {alert.alert_id for alert in undisturbed.published}


def test_behind_the_first_stage_it_is_as_late_as_in_the_partition_that_is_furthest_behind() -> None:
    run = EngineRun(references(), partitions=4).mark(END - 9 * DAY)
    waiting = by_partition(run, LINES)
    ahead, behind = sorted(waiting)[:2]
    run.take_records(waiting[ahead])
    assert run.pipeline.stages[-1].stream_time == END - 9 * DAY
    run.take_records(waiting[behind])
    assert run.pipeline.stages[-1].stream_time == END - 9 * DAY, "two more have said nothing since"
    run.mark(END - DAY)
    assert run.pipeline.stages[-1].stream_time == END - DAY


def test_a_mark_wakes_what_waits_in_a_partition_where_nothing_comes_any_more() -> None:
    *sent, mark = IDLE.sent
    quiet = EngineRun(IDLE.records, partitions=4).take(sent)
    assert not quiet.open_alerts()
    quiet.mark(parse_time(json.loads(mark)["mark"]))
    assert quiet.open_alerts() == EngineRun(IDLE.records).take(IDLE.sent).open_alerts() != {}


def test_a_household_is_judged_though_partitions_are_empty_once_they_have_marks() -> None:
    run = EngineRun(TOGETHER.records, partitions=16).take(TOGETHER.sent[:-1])
    run.mark(parse_time(json.loads(TOGETHER.sent[-1])["mark"]))
    assert run.open_alerts() == EngineRun(TOGETHER.records).take(TOGETHER.sent).open_alerts() != {}


def test_a_wrong_clock_moves_nobody_and_a_mark_of_the_files_end_does() -> None:
    clean = EngineRun(references(), partitions=4).take(LINES).mark(END)
    disturbed = EngineRun(references(), partitions=4).take([*LINES[:900], wrong_clock(), *LINES[900:]]).mark(END)
    assert disturbed.open_alerts() == clean.open_alerts()
    assert disturbed.pipeline.stages[-1].stream_time == END


# -- on a real Kafka ------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_a_lagging_partition_and_a_wrong_clock_at_the_end_of_a_load_cause_no_wrong_alert(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    """One partition's two months first, then the other's; two partitions are empty. The end of the load marks them all."""
    settings = msgspec.structs.replace(kafka_settings, partitions=4)
    first = [line for line in LINES if _partition(line) == 2]
    second = [*(line for line in LINES if _partition(line) != 2), wrong_clock()]
    assert len(first) > 500
    assert len(second) > 500
    (tmp_path / "first.jsonl").write_bytes(b"\n".join(first) + b"\n")
    (tmp_path / "second.jsonl").write_bytes(b"\n".join(second) + b"\n")
    (tmp_path / "whole.jsonl").write_bytes(b"\n".join([*LINES, wrong_clock()]) + b"\n")
    expected = replayed(tmp_path, tmp_path / "whole.jsonl", CUT)
    prepare(settings, CUT)
    with crew(settings, tmp_path, 1) as some:
        assert run_fundwatch(settings, "load", "--no-mark", str(tmp_path / "first.jsonl")).wait() == 0
        wait_until_done(settings)
        assert _times(some.members[0], "household") == {}, "three partitions have not spoken"
        assert run_fundwatch(settings, "load", str(tmp_path / "second.jsonl")).wait() == 0
        wait_until_done(settings)
        marks = {record.value for record in all_records(settings, topics.TRANSACTIONS) if record.headers}
        assert marks == {b'{"mark":"%s"}' % format_time(END).encode()}
        assert_alerts_are(settings, expected)


@pytest.mark.timeout(300)
def test_the_service_marks_partitions_that_are_quiet_or_empty_and_none_while_history_is_loaded(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    """Two workers: most of the four partitions never had a record, and their owner may have no other."""
    settings = msgspec.structs.replace(kafka_settings, partitions=4)
    prepare(settings, CUT)
    quiet = "mark_quiet_seconds = 1\n"
    with crew(settings, tmp_path, 0) as some:
        workers = [some.start_one(configuration=quiet) for _ in range(2)]
        for worker in workers:
            worker.wait_until_ready()
        _load(settings, tmp_path, next(line for line in LINES if json.loads(line)["fixmedins_code"] == "H50010600012"))
        time.sleep(6)
        assert not [record for record in all_records(settings, topics.TRANSACTIONS) if record.headers]
        began = from_unix(time.time())
        _load(settings, tmp_path, Gateway("H50010600012").admission(began, "5001060000000000001", "MI-now"))

        def times() -> dict[str, float]:
            return {place: at for worker in workers for place, at in _times(worker, "household").items()}

        def all_moved() -> bool:
            seen = times()
            return len(seen) == 4 and all(from_unix(at) > began + 3 for at in seen.values())

        wait_until(all_moved, 60, "households' time to go on by itself in every partition")
        marked = {record.partition for record in all_records(settings, topics.TRANSACTIONS) if record.headers}
        assert marked == {0, 1, 2, 3}
        assert not any(worker.has_ended for worker in workers)


def _partition(line: bytes) -> int:
    return partition_of(json.loads(line)["fixmedins_code"].encode(), 4)


def _load(settings: Settings, folder: Path, line: bytes) -> None:
    path = folder / "one.jsonl"
    path.write_bytes(line + b"\n")
    assert run_fundwatch(settings, "load", "--no-mark", str(path)).wait() == 0


def _times(worker: Member, stage: str) -> dict[str, float]:
    """A stage's stream time (Unix) by partition, as the worker's metrics have it."""
    with urllib.request.urlopen(worker.metrics, timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r"fundwatch_stream_time_seconds\{([^}]*)\} (\S+)", text)
    labels = [(dict(re.findall(r'(\w+)="([^"]*)"', names)), float(value)) for names, value in found]
    return {stated["partition"]: value for stated, value in labels if stated["stage"] == stage}
