"""`fundwatch backtest` and what `fundwatch replay` shares with it, as they are used."""

from __future__ import annotations

import errno
import fcntl
import gzip
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner, Result

from stream.cli import fundwatch
from stream.shard_processes import ShardProcesses

DATA = Path(__file__).parent / "data" / "county"
TRUTH = str(DATA / "truth.jsonl.gz")
ROOT = Path(__file__).parent.parent


def run(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(fundwatch, [str(word) for word in words], input=stdin)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that one backtest writes: labels, verdicts, a baseline and a sweep, by two processes."""
    folder = tmp_path_factory.mktemp("backtest")
    (folder / "baseline.toml").write_text("[bed_holding]\nidle_days = 5\n[household_sequence]\nenabled = false\n")
    done = run("replay", DATA, "--out", folder / "replayed.jsonl", "--json", folder / "replayed.json")
    assert done.exit_code == 0, done.output
    first = next(a for a in alerts(folder / "replayed.jsonl") if a["rule"] == "bed_holding")
    said = {"alert_id": first["alert_id"], "verdict": "confirmed", "at": "2026-02-28 00:00:00"}
    (folder / "verdicts.jsonl").write_text(json.dumps(said) + "\n")
    done = run(
        "backtest", DATA, "--jobs", "2", "--labels", TRUTH, "--verdicts", folder / "verdicts.jsonl",
        "--baseline", folder / "baseline.toml", "--sweep", "bed_holding.idle_days=2,3,8",
        "--out", folder / "alerts.jsonl", "--json", folder / "result.json", "--report", folder / "report.html",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    return read


def alerts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_backtest_writes_the_alerts_of_a_replay_whatever_is_asked_beside(folder: Path) -> None:
    assert (folder / "alerts.jsonl").read_bytes() == (folder / "replayed.jsonl").read_bytes()


def test_the_result_has_what_others_rely_on(result: dict[str, Any]) -> None:
    assert {"transactions", "seconds", "per_second", "peak_rss_bytes", "alerts", "dead_letters"} <= result.keys()
    of_rule = {"labels", "alerts", "hits", "precision", "recall", "delay_hours_median", "in_time_share", "fund_at_risk"}
    assert all(of_rule <= one.keys() for one in result["rules"].values())
    assert all({"standing", "alerts", "fund_at_risk", "parts"} <= one.keys() for one in result["institutions"].values())
    of_sweep = {"rule", "parameter", "value", "alerts", "precision", "recall", "fund_at_risk"}
    assert all(of_sweep <= one.keys() for one in result["sweeps"])
    assert result["transactions"] == 1_791


def test_the_labels_of_the_county_are_found(result: dict[str, Any]) -> None:
    holding = result["rules"]["bed_holding"]
    with gzip.open(TRUTH) as lines:
        labels = sum(1 for line in lines if json.loads(line)["pattern"] == "bed_holding")
    assert holding["labels"] == labels == holding["found"] == 14
    assert holding["precision"] == holding["recall"] == 1.0
    # Wilson's interval of 14 of 14: from n/(n + z²) = 14/17.8415 on
    assert round(holding["recall_interval"]["low"], 4) == 0.7847
    assert len(holding["delay_hours"]) == 14
    assert result["rules"]["after_death"]["recall"] is None, "no label of it: nothing can be said, and not 0"


def test_the_verdict_is_counted(result: dict[str, Any]) -> None:
    verdicts = result["rules"]["bed_holding"]["verdicts"]
    assert (verdicts["confirmed"], verdicts["unjudged"]) == (1, 13)
    assert [place["verdict"] for place in result["places"] if place["verdict"]] == ["confirmed"]


def test_a_sweep_gives_the_alerts_of_a_run_with_each_value(result: dict[str, Any], tmp_path: Path) -> None:
    points = {point["value"]: point for point in result["sweeps"]}
    assert list(points) == [2, 3, 8]
    assert [point["is_current"] for point in points.values()] == [False, True, False]
    done = run(
        "replay", DATA, "--only", "bed_holding", "--set", "bed_holding.idle_days=8", "--out", tmp_path / "a.jsonl"
    )
    assert done.exit_code == 0, done.output
    open_alerts = [alert for alert in alerts(tmp_path / "a.jsonl") if alert["status"] == "open"]
    assert points[8]["alerts"] == len(open_alerts) == 2
    assert points[8]["fund_at_risk"] == sum(alert["fund_at_risk"] for alert in open_alerts)
    assert points[8]["recall"] == 2 / 14


def test_the_comparison_says_what_changed(result: dict[str, Any]) -> None:
    rules = result["comparison"]["rules"]
    holding, sequence = rules["bed_holding"], rules["household_sequence"]
    assert holding["changed"] == {"idle_days": [5, 3]}
    assert (holding["before"], holding["after"], holding["gained"], holding["moved"]) == (12, 14, 2, 12)
    assert holding["raised_later_hours_median"] < 0, "three idle days are seen sooner than five"
    assert sequence["runs"] == [False, True]
    assert (sequence["before"], sequence["gained"]) == (0, 7)
    assert rules["household_together"]["same"] == rules["household_together"]["before"] == 9


def test_cases_tell_the_days_of_their_stays(result: dict[str, Any]) -> None:
    hit = next(case for case in result["cases"] if case["rule"] == "bed_holding" and case["kind"] == "hit")
    [stay] = hit["stays"]
    assert stay["visit"] in hit["alert"]["visits"]
    idle = [day for day in stay["days"] if day["routine_lines"] and not day["treatment_lines"]]
    assert len(idle) >= 3
    assert sum(day["scope"] for day in stay["days"]) == stay["scope"]
    assert all(sum(day["charges"].values()) == day["scope"] for day in stay["days"])


def test_the_command_is_there_to_be_given_again(result: dict[str, Any]) -> None:
    assert result["command"].startswith(f"fundwatch backtest {DATA} --jobs 2 --labels {TRUTH}")
    assert "--sweep bed_holding.idle_days=2,3,8" in result["command"]


def test_the_days_load_adds_up_to_the_alerts(result: dict[str, Any]) -> None:
    for load in result["load"]:
        assert len(load["alerts"]) == len(result["days"])
        assert sum(load["alerts"]) == result["alerts"][load["rule"]]


# -- wrong use ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--json", "x"], "Missing argument"),
        ([DATA], "give --report FILE or --json FILE"),
        ([DATA, "--json", "x", "--sweep", "bed_holding.idle_days"], "is not rule.parameter=a,b,c"),
        ([DATA, "--json", "x", "--sweep", "bed_holding.idle_days=2,,3"], "is not rule.parameter=a,b,c"),
        ([DATA, "--json", "x", "--sweep", "bed_holding.idle_days=2,-1"], "idle_days=2,-1: bed_holding.idle_days = -1"),
        ([DATA, "--json", "x", "--sweep", "bedholding.idle_days=2"], "bedholding is not a rule"),
        ([DATA, "--json", "x", "--only", "after_death", "--sweep", "bed_holding.idle_days=2"], "bed_holding does not run"),
        ([DATA, "--json", "x", "--from", "March"], "--from March is not a time"),
        ([DATA, "--json", "x", "--from", "2026-02-01", "--until", "2026-01-01"], "is not after --from"),
        ([DATA, "--json", "x", "--warm-up", "30"], "--warm-up needs --from"),
        ([DATA, "--json", "x", "--snapshot-at", "2026-02-01"], "--snapshot-at needs --snapshot"),
        ([DATA, "kafka://127.0.0.1:1/t", "--json", "x"], "a topic is replayed alone"),
        (["-", "-", "--json", "x"], "standard input can be read once"),
    ],
)  # fmt: skip
def test_wrong_use_is_told_before_anything_is_replayed(words: list[str | Path], told: str) -> None:
    done = run("backtest", *words)
    assert done.exit_code == 2, done.output
    assert told in done.output


def test_what_is_no_label_is_told_with_its_place(tmp_path: Path) -> None:
    labels = tmp_path / "truth.jsonl"
    labels.write_text('{"pattern":"bed_holding","institution":"H","end":null}\n')
    command = [
        sys.executable,
        "-c",
        "from stream.cli import main; main()",
        "backtest",
        str(DATA),
        "--labels",
        str(labels),
    ]
    done = subprocess.run([*command, "--json", "x"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert f"{labels}, line 1 is no label (Object missing required field `begin`)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# -- sources ------------------------------------------------------------------------------------------------------------


def test_a_folder_of_files_is_read_in_order_of_name(folder: Path, tmp_path: Path) -> None:
    with gzip.open(DATA / "transactions.jsonl.gz") as file:
        lines = file.read().splitlines(keepends=True)
    (tmp_path / "2026-02.jsonl").write_bytes(b"".join(lines[900:]))
    with gzip.open(tmp_path / "2026-01.jsonl.gz", "wb") as file:
        file.write(b"".join(lines[:900]))
    for name in ("institutions", "persons", "catalogue", "truth"):
        (tmp_path / f"{name}.jsonl.gz").write_bytes((DATA / f"{name}.jsonl.gz").read_bytes())
    done = run("replay", tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out").read_bytes() == (folder / "replayed.jsonl").read_bytes()


def test_a_folder_without_files_of_lines_is_told(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text("")
    done = run("replay", tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "holds no transactions.jsonl" in str(done.exception)
    assert not (tmp_path / "out").exists()


# -- stopped and gone on ------------------------------------------------------------------------------------------------


def wait_until_read(pipe: IO[bytes]) -> None:
    """Until whoever is at its other end has taken all that was written."""
    for _ in range(600):
        left = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
        if int.from_bytes(left, sys.byteorder) == 0:
            return
        time.sleep(0.1)
    pytest.fail("nobody reads")


def test_ctrl_c_leaves_what_it_has_come_to_and_the_snapshot_goes_on(folder: Path, tmp_path: Path) -> None:
    """A pipe that stays open stands for a long history: the run cannot be over."""
    with gzip.open(DATA / "transactions.jsonl.gz") as file:
        lines = file.read().splitlines(keepends=True)
    options = [
        word for name in ("institutions", "persons", "catalogue") for word in (f"--{name}", DATA / f"{name}.jsonl.gz")
    ]
    words = [
        "replay",
        "-",
        *options,
        "--snapshot",
        tmp_path / "s",
        "--out",
        tmp_path / "out",
        "--json",
        tmp_path / "json",
    ]
    command = [sys.executable, "-c", "from stream.cli import main; main()", *map(str, words)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(lines[:1_000]))
        process.stdin.flush()
        wait_until_read(process.stdin)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told.decode()
    assert b"note: stopped at 2026-" in told
    stopped = json.loads((tmp_path / "json").read_bytes())
    assert stopped["is_partial"] is True
    assert 0 < stopped["transactions"] <= 1_000
    assert sum(alert["status"] == "open" for alert in alerts(tmp_path / "out")) == sum(stopped["alerts"].values()) > 0
    (tmp_path / "whole.jsonl").write_bytes(b"".join(lines))
    words[1] = tmp_path / "whole.jsonl"
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "begun with the snapshot of 2026-" in done.output
    assert (tmp_path / "out").read_bytes() == (folder / "replayed.jsonl").read_bytes()


def test_a_start_is_written_at_its_time_and_kept_as_it_is(folder: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    words: list[str | Path] = ["replay", DATA, "--snapshot", start, "--out", tmp_path / "out"]
    done = run(*words, "--snapshot-at", "2026-02-01")
    assert done.exit_code == 0, done.output
    saved = start.read_bytes()
    assert (tmp_path / "out").read_bytes() == (folder / "replayed.jsonl").read_bytes()
    done = run(*words, "--from", "2026-02-10", "--until", "2026-02-20")
    assert done.exit_code == 0, done.output
    assert start.read_bytes() == saved
    assert "begun with the snapshot of 2026-02-01" in done.output
    run("replay", DATA, "--from", "2026-02-10", "--until", "2026-02-20", "--out", tmp_path / "anew")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "anew").read_bytes() != b""


def test_a_snapshot_of_other_lines_is_refused(tmp_path: Path) -> None:
    with gzip.open(DATA / "transactions.jsonl.gz") as file:
        lines = file.read().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines[:50]))
    (tmp_path / "b.jsonl").write_bytes(b"".join(lines[1:80]))
    snapshot: list[str | Path] = ["--snapshot", tmp_path / "s", "--out", tmp_path / "out"]
    assert run("replay", tmp_path / "a.jsonl", *snapshot).exit_code == 0
    done = run("replay", tmp_path / "b.jsonl", *snapshot)
    assert done.exit_code == 1
    assert "b.jsonl is not what the snapshot was made from: its line 50 is another one" in str(done.exception)


def test_a_full_disk_between_processes_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("stream.process_line.os.pwrite", full)
    done = run("replay", DATA, "--jobs", "2", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "cannot be written (No space left on device)" in str(done.exception)
    assert "name a folder with room in TMPDIR" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_process_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    begin = ShardProcesses.begin

    def begin_and_kill(self: ShardProcesses, blocks: Any) -> None:
        begin(self, blocks)
        os.kill(self._processes[0].pid or 0, signal.SIGKILL)
        self._processes[0].join()

    monkeypatch.setattr(ShardProcesses, "begin", begin_and_kill)
    done = run("replay", DATA, "--jobs", "2", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "process 2 of 2 has ended; if the system was short of memory" in str(done.exception)
    assert not (tmp_path / "out").exists()
