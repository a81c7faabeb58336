"""Workers started again with other rules say what a replay with these rules says, also when killed in the midst of asking."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from schemas.alerts import decode_alert
from stream.settings import Settings
from tests.crews import alert_records, crew, prepare, run_fundwatch, wait_until_done
from tests.service_runs import CUT, comparable, published, replayed

STRICTER = "[bed_holding]\nidle_days = 5\n\n[drug_volume]\nenabled = false\n"
MARKS = 4  # one page at first, then by the seconds between them: a few thousand, more than the cut holds


@pytest.mark.timeout(600)
def test_new_rules_reach_every_alert_though_the_worker_is_killed(kafka_settings: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(kafka_settings, partitions=2)
    prepare(settings, CUT)
    lines = CUT.transactions()
    history, last, rules = (tmp_path / name for name in ("history.jsonl", "last.jsonl", "rules.toml"))
    history.write_bytes(b"\n".join(lines) + b"\n")
    last.write_bytes(lines[-1] + b"\n")  # again: nothing but a time mark
    rules.write_text(STRICTER)
    expected = replayed(tmp_path, history, CUT, "--rules", str(rules))
    before = replayed(tmp_path, history, CUT)
    assert set(comparable(before)) > set(comparable(expected))
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with crew(settings, tmp_path / "old", 1):
        assert run_fundwatch(settings, "load", str(history)).wait() == 0
        wait_until_done(settings)
        assert comparable(published(settings)) == comparable(before)
    configuration = f'rules = "{rules}"'
    with crew(settings, tmp_path / "new", 0) as some:
        worker = some.start_one(configuration=configuration)
        worker.wait_until_ready()
        for number in range(MARKS):
            assert run_fundwatch(settings, "load", str(last)).wait() == 0
            if number == 1:
                time.sleep(0.3)
                worker.kill()
                some.start_one(configuration=configuration).wait_until_ready()
        wait_until_done(settings)
    found = published(settings)
    assert comparable(found) == comparable(expected)
    gone = [found[alert_id] for alert_id in set(comparable(before)) - set(comparable(expected))]
    assert {alert.rule for alert in gone} == {"bed_holding", "drug_volume"}
    assert {alert.retraction.zh for alert in gone if alert.retraction is not None} == {
        "规则参数已调整：连续无诊疗天数 3 → 5",
        "规则已停用",
    }
    revisions = {(alert.alert_id, alert.revision) for alert in map(decode_alert, values(settings))}
    assert len(revisions) == sum(alert.revision for alert in found.values()), "a revision that consumers never got"


def values(settings: Settings) -> list[bytes]:
    """Every alert that was ever published."""
    return [record.value for record in alert_records(settings) if record.value is not None]
