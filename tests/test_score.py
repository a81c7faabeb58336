"""Does `fundwatch score` say of each row how surprising it is, by what came before alone?"""

from __future__ import annotations

import csv
import gzip
import io
import math
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.window_score import judged, worth
from detectors.models.rarity import Rarity
from detectors.models.series import WARM_UP, SavedSeries, SeriesScorer

STEP = 300
FIRST = 1_396_310_400  # 2014-04-01
A_DAY = 86_400 // STEP

Readings = Sequence[tuple[float, float]]


def scored(readings: Readings) -> list[float]:
    scorer = SeriesScorer()
    return [scorer.score(at, value) for at, value in readings]


def every(values: Sequence[float], step: float = STEP) -> list[tuple[float, float]]:
    return [(FIRST + step * row, value) for row, value in enumerate(values)]


def daily_course(days: int, noise: float = 2.0, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [50 + 30 * math.sin(2 * math.pi * row / A_DAY) + chance.gauss(0, noise) for row in range(days * A_DAY)]


def noisy(rows: int, level: float = 20.0, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [level + chance.gauss(0, 1) for _ in range(rows)]


def alarms(scores: Sequence[float], limit: float = 0.5) -> list[int]:
    return [row for row, score in enumerate(scores) if score > limit]


# -- what is a surprise ---------------------------------------------------------------------------------------------------


def test_a_spike_is_one_alarm_and_what_was_expected_is_the_level() -> None:
    values = noisy(2_000)
    values[1_500] = 60.0
    scorer, scores = SeriesScorer(), []
    for row, (at, value) in enumerate(every(values)):
        scores.append(scorer.score(at, value))
        if row == 1_500:
            assert scorer.expected == pytest.approx(20, abs=1)
    assert alarms(scores) == [1_500]
    assert scores[1_500] > 0.7


def test_a_level_shift_is_one_alarm_and_then_the_new_level() -> None:
    values = noisy(1_500) + noisy(1_500, level=40.0, seed=2)
    scorer = SeriesScorer()
    scores = [scorer.score(at, value) for at, value in every(values)]
    assert alarms(scores) == [1_500]
    assert scorer.expected == pytest.approx(40, abs=1)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e9])
def test_the_unit_of_a_series_does_not_matter(size: float) -> None:
    values = noisy(1_500, level=0.0)
    values[1_200] = 30.0
    assert alarms(scored(every([value * size for value in values]))) == [1_200]


def test_ordinary_noise_is_hardly_ever_a_surprise() -> None:
    scores = [score for seed in range(5) for score in scored(every(noisy(4_000, seed=seed)))]
    assert len(alarms(scores)) <= 5  # one in 4,000 rows
    assert sorted(scores)[len(scores) // 2] < 0.05


def test_a_daily_course_is_learned_and_a_day_without_its_peak_is_an_alarm() -> None:
    values = daily_course(12)
    assert not alarms(scored(every(values))[2 * A_DAY :])
    flat = range(9 * A_DAY, 9 * A_DAY + A_DAY // 2)
    for row in flat:
        values[row] = 50.0
    seen = alarms(scored(every(values))[2 * A_DAY :])
    assert seen
    assert all(row + 2 * A_DAY in range(flat.start, flat.start + 2 * A_DAY) for row in seen)


def test_a_weekly_course_of_days_is_learned() -> None:
    chance = random.Random(3)
    values = [(100 if day % 7 < 5 else 20) + chance.gauss(0, 4) for day in range(400)]
    scorer, missed = SeriesScorer(), []
    for at, value in every(values, step=86_400):
        scorer.score(at, value)
        missed.append(abs(value - scorer.expected))
    assert sum(missed[-70:]) / 70 < 8  # the noise alone is 3.2; a level without weekdays would miss by 33


def test_an_outage_of_a_series_with_bursts_is_a_surprise_though_bursts_are_none() -> None:
    chance = random.Random(5)
    values = [40 + chance.gauss(0, 3) + (60 if chance.random() < 0.03 else 0) for _ in range(4_000)]
    for row in range(3_000, 3_040):
        values[row] = 0.0
    assert {row for row in alarms(scored(every(values))) if row > 500} & set(range(3_000, 3_041))
    assert len(alarms(scored(every(values)))) <= 3


def test_growing_noise_is_a_surprise() -> None:
    chance = random.Random(4)
    values = noisy(2_000) + [20 + chance.gauss(0, 4) for _ in range(300)]
    seen = alarms(scored(every(values))[1_900:], 0.2)
    assert seen
    assert 100 <= min(seen) < 160


def test_a_slow_trend_is_no_surprise() -> None:
    assert not alarms(scored(every([value + row / 200 for row, value in enumerate(noisy(4_000))])))


def test_a_constant_never_alarms_and_its_first_change_is_no_infinity() -> None:
    constant = every([5.0] * 1_000)
    assert max(scored(constant)) < 0.1
    changed = scored([*constant, (constant[-1][0] + STEP, 5.001)])[-1]
    assert changed < 0.5  # a fiftieth of a per cent: nothing anybody would call a change
    assert 0.5 < scored([*constant, (constant[-1][0] + STEP, 50.0)])[-1] < 1


# -- what holds of every series -------------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.floats(-1e3, 1e3), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, -0.0, 5.0])
)
STEPS = st.one_of(st.sampled_from([0.0, 60.0, 300.0, 86_400.0]), st.floats(-1e5, 1e7))


@given(st.lists(st.tuples(STEPS, VALUES), min_size=1, max_size=300), st.integers(0, 300))
@settings(max_examples=60, deadline=None)
def test_scores_are_finite_and_saved_at_any_row_it_goes_on_alike(steps: Readings, cut: int) -> None:
    at, readings = float(FIRST), []
    for step, value in steps:
        at += step
        readings.append((at, value))
    scores = scored(readings)
    assert all(0 <= score <= 1 for score in scores)
    scorer = SeriesScorer()
    for at, value in readings[:cut]:
        scorer.score(at, value)
    kept = msgspec.msgpack.encode(scorer.saved())
    again = SeriesScorer.restored(msgspec.msgpack.decode(kept, type=SavedSeries))
    assert msgspec.msgpack.encode(again.saved()) == kept
    assert [again.score(at, value) for at, value in readings[cut:]] == scores[cut:]
    assert math.isfinite(again.expected)


def test_a_score_never_depends_on_what_follows() -> None:
    values = daily_course(5, seed=2)
    values[900] = 200.0
    whole = scored(every(values))
    for row in (101, 900, 901, 1_200):
        assert scored(every(values[: row + 1])) == whole[: row + 1]
        assert scored(every([*values[: row + 1], 1e12, -1e12]))[: row + 1] == whole[: row + 1]


def test_what_it_keeps_does_not_grow_with_the_series() -> None:
    def size(rows: int) -> int:
        scorer = SeriesScorer()
        for at, value in every(noisy(rows)):
            scorer.score(at, value)
        return len(msgspec.msgpack.encode(scorer.saved()))

    assert size(8_000) <= size(4_000) + 2_000  # counters of slices take more digits
    assert size(8_000) < 20_000


def test_gaps_doubles_and_steps_back_in_time_are_taken_as_they_come() -> None:
    readings = every(noisy(1_000))
    readings = readings[:400] + readings[700:]  # a day is missing
    readings[500] = readings[499]
    readings[600], readings[601] = readings[601], readings[600]
    assert not alarms(scored(readings))


def test_rarity_is_honest_about_a_normal_measure_and_a_heavy_tail() -> None:
    chance = random.Random(9)
    normal = [abs(chance.gauss(0, 1)) for _ in range(30_000)]
    heavy = [chance.paretovariate(2.0) for _ in range(30_000)]
    for drawn in (normal, heavy):
        past, above = Rarity(0.4), 0
        for row, size in enumerate(drawn):
            measure = math.log(size + 0.02)
            above += row >= 2_000 and past.zeros(measure) > 3
            past.learn(measure)
        assert above <= 2 * 28  # one in a thousand of 28,000, and as many for what is learned on the way


# -- the command ----------------------------------------------------------------------------------------------------------


def run(*arguments: str, given: str | bytes = b"") -> subprocess.CompletedProcess[bytes]:
    code = "from stream.cli import main; main()"
    data = given.encode() if isinstance(given, str) else given
    return subprocess.run(
        [sys.executable, "-c", code, "score", *arguments], check=False, input=data, capture_output=True
    )


def table(values: Sequence[object], head: str = "timestamp,value", step: int = STEP) -> str:
    rows = [
        f"{datetime.fromtimestamp(FIRST + row * step, UTC):%Y-%m-%d %H:%M:%S},{value}"
        for row, value in enumerate(values)
    ]
    return "\n".join([head, *rows]) + "\n"


def test_the_command_keeps_the_columns_and_adds_two(tmp_path: Path) -> None:
    values = noisy(400)
    values[300] = 90.0
    source, out = tmp_path / "cpu.csv", tmp_path / "scored.csv"
    source.write_text(table(values))
    done = run(str(source), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert b"400 rows; the first 100 readings (30,000 s) were warm-up" in done.stderr
    rows = list(csv.DictReader(out.open()))
    assert list(rows[0]) == ["timestamp", "value", "score", "expected"]
    assert [row["value"] for row in rows] == [str(value) for value in values]
    assert {float(row["score"]) for row in rows[:WARM_UP]} == {0.0}
    assert max(range(400), key=lambda row: float(rows[row]["score"])) == 300
    assert float(rows[300]["expected"]) == pytest.approx(20, abs=1.5)


def test_the_command_reads_gzip_and_pipes_and_other_names(tmp_path: Path) -> None:
    text = table(noisy(150), head="Datum;Wert").replace(",", ";")
    source = tmp_path / "x.csv.gz"
    source.write_bytes(gzip.compress(text.encode()))
    by_file = run(str(source), "--timestamp", "datum", "--value", "wert")
    by_pipe = run("-", "--timestamp", "Datum", "--value", "Wert", given=text)
    assert by_file.returncode == by_pipe.returncode == 0, by_file.stderr
    assert by_file.stdout == by_pipe.stdout
    assert by_file.stdout.startswith(b"Datum;Wert;score;expected\n")


def test_a_row_without_a_reading_has_no_score_and_teaches_nothing() -> None:
    values: list[object] = list(noisy(300))
    without = run("-", given=table(values))
    lines = table(values).splitlines()
    lines[201:201] = ["2014-04-01 16:37:00,", "2014-04-01 16:38:00,NaN"]
    done = run("-", given="\n".join(lines))
    assert b"302 rows, 2 without a reading (no score)" in done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout.decode())))
    assert [row[2:] for row in rows[201:203]] == [["", ""], ["", ""]]
    assert rows[:201] + rows[203:] == list(csv.reader(io.StringIO(without.stdout.decode())))


@pytest.mark.parametrize(
    ("form", "seconds"),
    [
        ("2014-04-01 00:05:00", 1_396_310_700),
        ("2014-04-01T00:05:00Z", 1_396_310_700),
        ("2014-04-01T08:05:00+08:00", 1_396_310_700),
        ("2014/4/1 0:05", 1_396_310_700),
        ("1396310700", 1_396_310_700),
        ("1396310700000", 1_396_310_700),
        ("1396310700000000", 1_396_310_700),
        ("20140401", 1_396_310_400),
        ("2014-04-01", 1_396_310_400),
        ("7", 7),
    ],
)
def test_times_are_read_in_each_form(form: str, seconds: float) -> None:
    from stream.score import _time

    assert _time(form, "x.csv", 2) == seconds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,much\n",
            "line 3 of standard input: 'much' is no reading",
        ),
        ("timestamp,value\n2014-04-01 00:00:00,inf\n", "line 2 of standard input: 'inf' is no reading"),
        (
            "timestamp,value\n4/1/2014 00:00,1\n",
            "line 2 of standard input: '4/1/2014 00:00' is no time; write yyyy-MM-dd",
        ),
        ("timestamp,value\n2014-04-01 00:00:00\n", "line 2 of standard input has 1 fields, its head 2"),
        (
            "time,value\n",
            "has no one column timestamp (its columns: time, value); head the columns timestamp and value, or",
        ),
        ("", "has no one column timestamp (its columns: none)"),
        ("timestamp,value,score\n", "has a column score already; rename it"),
        ("timestamp,value\n\xff\xfe,1\n".encode("latin-1"), "line 2 of standard input is not UTF-8"),
    ],
)
def test_what_is_no_series_stops_with_its_line_and_a_cure(text: str | bytes, told: str) -> None:
    done = run("-", given=text)
    assert done.returncode == 1
    assert told in done.stderr.decode()


def test_a_file_that_is_missing_or_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    assert b"cannot be read" in run(str(tmp_path / "none.csv")).stderr
    source = tmp_path / "x.csv"
    source.write_text(table([1, "x"]))
    assert run(str(source), "--out", str(tmp_path / "y.csv")).returncode == 1
    assert list(tmp_path.iterdir()) == [source]
    assert b"cannot be written" in run(str(source), "--out", str(tmp_path / "no" / "y.csv")).stderr


# -- the benchmark's score ------------------------------------------------------------------------------------------------


def test_the_window_score_is_that_of_the_paper() -> None:
    rows, window = 1_000, (500, 599)
    nothing, first, last = [0.0] * rows, [0.0] * rows, [0.0] * rows
    first[500], last[599] = 1.0, 1.0
    assert judged([nothing], [[window]]).score == 0
    assert judged([first], [[window]]).score == pytest.approx(100)
    assert judged([last], [[window]]).score == pytest.approx(50)  # a miss costs 1, the last row is worth 0
    early = [0.0] * rows
    early[300] = early[500] = 1.0
    assert judged([early], [[window]]).score == pytest.approx(100 - 0.11 * 100 / 2)
    probation = [0.0] * rows
    probation[20] = probation[500] = 1.0
    assert judged([probation], [[window]]).score == pytest.approx(100)
    assert worth(-0.5) == pytest.approx(0.8483, abs=1e-4)  # 2/(1 + e^-2.5) - 1
