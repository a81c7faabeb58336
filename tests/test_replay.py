"""The engine over a county's traffic: the same bytes every time, and what it finds against what was hidden in it."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from detectors.engine.registry import all_rules
from schemas.alerts import Alert
from schemas.china_time import parse_time
from schemas.labels import Label, decode_label, hits
from stream.line_files import LineFile
from stream.replay import Replay, Window
from tests.engine_run import TIMESTAMP_MS, every_rule

DATA = Path(__file__).parent / "data"
COUNTY = DATA / "county"
ROOT = Path(__file__).parent.parent


def replay(
    transactions: Path,
    references: Path | None = None,
    *,
    window: Window | None = None,
    history: io.BytesIO | None = None,
) -> Replay:
    run = Replay(every_rule(), TIMESTAMP_MS, window, history)
    if references is not None:
        for name, read in (
            ("institutions", run.read_institutions),
            ("catalogue", run.read_catalogue),
            ("persons", run.read_persons),
        ):
            with LineFile(str(references / f"{name}.jsonl.gz")) as file:
                read(file)
    with LineFile(str(transactions)) as file:
        run.read_transactions(file)
    return run


@pytest.fixture(scope="module")
def county() -> Replay:
    """A cut of a county's first quarter: three hospitals, a health centre and a pharmacy, with their whole stays."""
    return replay(COUNTY / "transactions.jsonl.gz", COUNTY)


@pytest.fixture(scope="module")
def labels() -> list[Label]:
    """What is hidden in it."""
    with gzip.open(COUNTY / "truth.jsonl.gz") as lines:
        return [decode_label(line) for line in lines]


def open_alerts(run: Replay, rule: str) -> list[Alert]:
    return [alert for alert in run.alerts() if alert.rule == rule and alert.status == "open"]


def test_a_countys_traffic_has_no_dead_letter(county: Replay) -> None:
    assert county.transactions > 1_500
    assert not county.dead_letters
    assert not county.notes


@pytest.mark.parametrize("rule", ["bed_holding", "drug_volume", "household_sequence", "household_together"])
def test_what_is_hidden_is_found_and_nothing_else(rule: str, county: Replay, labels: Sequence[Label]) -> None:
    alerts = open_alerts(county, rule)
    of_rule = [label for label in labels if label.pattern == rule]
    assert of_rule, f"the cut holds no label of {rule}: nothing would be shown"
    right = [alert for alert in alerts if any(hits(alert, label) for label in of_rule)]
    found = [label for label in of_rule if any(hits(alert, label) for alert in alerts)]
    assert len(right) >= 0.9 * len(alerts), [alert.text.en for alert in alerts if alert not in right]
    assert len(found) >= 0.95 * len(of_rule), [label for label in of_rule if label not in found]


def test_other_rules_ring_only_for_who_is_in_a_scheme_but_for_weak_signs(
    county: Replay, labels: Sequence[Label]
) -> None:
    """Nothing is hidden for them; but who holds a bed may buy drugs meanwhile."""
    hidden = {visit for label in labels for visit in label.visits}
    patterns = {label.pattern for label in labels}
    others = [alert for rule in all_rules() if rule not in patterns for alert in open_alerts(county, rule)]
    for alert in others:
        assert alert.severity == "low" or hidden & set(alert.visits), alert.text.en
    assert others, "nobody in a held bed bought drugs: nothing would be shown"


def test_held_beds_are_raised_while_the_patient_is_in(county: Replay, labels: Sequence[Label]) -> None:
    alerts = open_alerts(county, "bed_holding")
    in_time = []
    for label in labels:
        if label.pattern == "bed_holding" and label.end is not None:
            raised = [parse_time(alert.raised_at) for alert in alerts if hits(alert, label)]
            in_time.append(min(raised) < parse_time(label.end))
    assert len(in_time) >= 10
    assert sum(in_time) >= 0.9 * len(in_time)


def test_real_hospitals_and_pharmacies_raise_no_storm() -> None:
    """No schemes are known in either; a hospital of 786 stays without lines, and six buyers of opioids over nine years.

    In the hospital somebody was admitted after his recorded death, and somebody again on the day of his discharge.
    """
    for name, most in (("hdhi", 786 * 5 // 1000), ("opioids", 12)):
        run = replay(DATA / f"{name}.jsonl.gz")
        assert run.transactions > 1_000
        assert not run.dead_letters
        alerts = [alert for alert in run.alerts() if alert.status == "open"]
        assert len([alert for alert in alerts if alert.severity != "low"]) <= most


def test_a_first_month_raises_no_storm(county: Replay) -> None:
    """Everything is new to the engine: what it says in the first ten days must be next to nothing."""
    first = [alert for alert in county.alerts() if alert.raised_at < "2026-01-11"]
    assert len(first) <= 2


def test_the_same_input_gives_the_same_bytes_in_every_process() -> None:
    program = "from tests.test_replay import written; import sys; sys.stdout.buffer.write(written())"
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said == {written()}
    assert len(next(iter(said)).splitlines()) > 30


def written() -> bytes:
    """Every revision in order, then the newest of each."""
    history, out = io.BytesIO(), io.BytesIO()
    replay(COUNTY / "transactions.jsonl.gz", COUNTY, history=history).write(out)
    return history.getvalue() + out.getvalue()


def test_alerts_are_written_in_order_of_id(county: Replay) -> None:
    ids = [alert.alert_id for alert in county.alerts()]
    assert ids == sorted(ids)
    assert len(ids) == len(set(ids))


def test_a_window_leaves_out_what_was_raised_before_and_revised_after(county: Replay) -> None:
    start, end = parse_time("2026-02-01"), parse_time("2026-02-20")
    run = replay(COUNTY / "transactions.jsonl.gz", COUNTY, window=Window(start, end))
    alerts = list(run.alerts())
    assert alerts
    assert all(start <= parse_time(alert.raised_at) and parse_time(alert.revised_at) <= end for alert in alerts)
    assert run.transactions < county.transactions - 100
