"""The same transactions give the same set of alerts (design.md, Time, order, corrections).

"The same" is the newest revision of every open alert, but for its revision, when it was raised and revised, and its source.
What is taken back is in `tests.test_corrections`, rules that change in `tests.test_rule_changes`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.engine.incoming import Incoming
from schemas.alerts import Alert, encode_alert
from schemas.china_time import HOUR
from tests.engine_run import TIMESTAMP_MS, EngineRun, time_of
from tests.golden_county import ENOUGH, golden_county
from tests.histories import (
    DIAGNOSES,
    HOSPITALS,
    PERSONS,
    PHARMACY,
    REFERENCES,
    History,
    Stay,
    histories,
    in_order,
    tell_sales,
    tell_stay,
)
from tests.wire_messages import Gateway, moment, person_record

EXAMPLES = settings(max_examples=25)
ROOT = Path(__file__).parent.parent


def parts(message: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(message)
    return read


def dump(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def institution_of(message: bytes) -> str:
    return str(parts(message)["fixmedins_code"])


def infno_of(message: bytes) -> str:
    return str(parts(message)["infno"])


def without(alerts: Iterable[Alert], *fields: str) -> list[dict[str, Any]]:
    stated = [parts(encode_alert(alert)) for alert in alerts]
    return [{name: value for name, value in alert.items() if name not in fields} for alert in stated]


def published_bytes() -> bytes:
    """Every revision of one fixed history that holds all kinds of stays."""
    gateways = {code: Gateway(code) for code in (*HOSPITALS, PHARMACY)}
    stays = [
        Stay(f"M{n}", n % 2, n % 7, moment(n % 5, 9), 4 + n % 3, frozenset(range(n % 4)), DIAGNOSES[n % 2], 6 * HOUR)
        for n in range(20)
    ]
    sent = [message for stay in stays for message in tell_stay(gateways[HOSPITALS[stay.hospital]], stay)]
    sent += tell_sales(gateways[PHARMACY], [4] * 30 + [90, 4, 4])
    engine = EngineRun(REFERENCES, partitions=4).take(in_order(sent)).mark(moment(60))
    return b"\n".join(encode_alert(alert) for alert in engine.published)


def run(history: History, sent: Iterable[bytes] | None = None, **options: int) -> EngineRun:
    batch = options.pop("batch", 7)
    engine = EngineRun(REFERENCES, **options)  # type: ignore[arg-type]
    return engine.take(history.sent if sent is None else sent, batch).mark(history.until)


def test_the_histories_hold_alerts_of_every_rule() -> None:
    """Otherwise nothing below proves anything."""
    found: set[str] = set()

    @settings(max_examples=25, database=None, derandomize=True)
    @given(histories())
    def look(history: History) -> None:
        found.update(alert["rule"] for alert in run(history).open_alerts().values())

    look()
    assert found >= {"bed_holding", "household_together", "household_sequence", "drug_volume"}
    golden = {alert["rule"] for alert in golden_alerts(ENOUGH).values()}
    assert golden == {rule.rule_id for rule in EngineRun().rules}


# -- every rule: golden hits of all of them, as one county ---------------------------------------------------------------

of_golden_hits = pytest.mark.parametrize(
    "enough", [pytest.param(ENOUGH, id=""), pytest.param(1_000_000, marks=pytest.mark.soak, id="every hit")]
)


def golden_run(enough: int, sent: Iterable[bytes] | None = None, **options: int) -> EngineRun:
    county = golden_county(enough)
    batch = options.pop("batch", 7)
    engine = EngineRun(county.references, **options)  # type: ignore[arg-type]
    return engine.take(county.sent if sent is None else sent, batch).mark(county.until)


@cache
def golden_alerts(enough: int) -> dict[str, dict[str, Any]]:
    """What an undisturbed run says: every test compares with it."""
    return golden_run(enough).open_alerts()


@of_golden_hits
@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_every_rule_says_the_same_whatever_the_partitions_and_though_all_comes_twice(
    partitions: int, enough: int
) -> None:
    doubled = [message for message in golden_county(enough).sent for _ in range(2)]
    assert golden_run(enough, doubled, partitions=partitions, batch=50).open_alerts() == golden_alerts(enough)


@of_golden_hits
@pytest.mark.parametrize("seed", range(3))
def test_every_rule_says_the_same_however_institutions_interleave(seed: int, enough: int) -> None:
    county, chance = golden_county(enough), random.Random(seed)
    drift = {institution: chance.randint(-900, 900) for institution in set(map(institution_of, county.sent))}
    permuted = sorted(county.sent, key=lambda message: time_of(message) + drift[institution_of(message)])
    assert golden_run(enough, permuted, partitions=4).open_alerts() == golden_alerts(enough)


@of_golden_hits
@pytest.mark.parametrize("seed", range(3))
def test_every_rule_goes_on_alike_from_saved_pages_and_from_an_earlier_offset(seed: int, enough: int) -> None:
    county, chance = golden_county(enough), random.Random(seed)
    cut = chance.randrange(len(county.sent))
    back = chance.randrange(cut + 1)
    engine = EngineRun(county.references)
    records = [engine.record(message) for message in county.sent]
    engine.take_records(records[:cut])
    engine.pipeline.save()
    again = EngineRun(county.references, stores=engine.stores)
    again.take_records(records[back:])
    again.mark(county.until, offset=len(records))
    assert engine.then(again).open_alerts() == golden_alerts(enough)


# -- made histories -----------------------------------------------------------------------------------------------------


@given(histories())
@EXAMPLES
def test_every_message_twice_changes_nothing(history: History) -> None:
    doubled = [message for message in history.sent for _ in range(2)]
    expected = run(history).open_alerts()
    assert run(history, doubled).open_alerts() == expected
    late_again = in_order([*history.sent, *history.sent])  # all of them once more, right behind their second
    assert run(history, late_again).open_alerts() == expected
    assert run(history, [*history.sent, *history.sent]).open_alerts() == expected


@given(histories(), st.integers(1, 40))
@EXAMPLES
def test_how_records_are_batched_changes_nothing(history: History, batch: int) -> None:
    assert run(history, batch=batch).open_alerts() == run(history, batch=1).open_alerts()


@given(histories(), st.sampled_from([2, 4, 16]))
@EXAMPLES
def test_how_many_partitions_there_are_changes_nothing(history: History, partitions: int) -> None:
    assert run(history, partitions=partitions).open_alerts() == run(history).open_alerts()


@given(histories(), st.randoms(use_true_random=False), st.sampled_from([1, 4]))
@EXAMPLES
def test_the_interleaving_of_institutions_changes_nothing(
    history: History, chance: random.Random, partitions: int
) -> None:
    """Each institution's messages stay in order; against the others they are early or late by some minutes."""
    drift = {institution: chance.randint(-900, 900) for institution in history.institutions}

    def arrival(message: bytes) -> int:
        return time_of(message) + drift[institution_of(message)]

    permuted = sorted(history.sent, key=arrival)
    assert run(history, permuted, partitions=partitions).open_alerts() == run(history).open_alerts()


@given(histories(), st.randoms(use_true_random=False))
@EXAMPLES
def test_partitions_may_catch_up_at_any_speed(history: History, chance: random.Random) -> None:
    """With four partitions, one after the other or in turns of any length."""
    waiting: dict[int, list[Incoming]] = {}
    engine = EngineRun(REFERENCES, partitions=4)
    for message in history.sent:
        record = engine.record(message)
        waiting.setdefault(record.partition, []).append(record)
    while waiting:
        partition = chance.choice(sorted(waiting))
        length = chance.choice([1, 5, 200])
        engine.take_records(waiting[partition][:length])
        waiting[partition] = waiting[partition][length:]
        if not waiting[partition]:
            del waiting[partition]
    assert engine.mark(history.until).open_alerts() == run(history).open_alerts()


@given(histories(), st.data())
@EXAMPLES
def test_saved_and_restored_at_any_cut_it_goes_on_alike(history: History, data: st.DataObject) -> None:
    whole = run(history, batch=1)
    cut = data.draw(st.integers(0, len(history.sent)))
    engine = EngineRun(REFERENCES)
    records = [engine.record(message) for message in history.sent]
    engine.take_records(records[:cut], batch=1)
    engine.pipeline.save()
    restored = EngineRun(REFERENCES, stores=engine.stores)
    restored.take_records(records[cut:], batch=1)
    restored.mark(history.until, offset=len(records))
    # every revision, not just the newest; a wake-up's source is a record of an internal topic, which is numbered anew here
    assert without(engine.then(restored).published, "source") == without(whole.published, "source")


@given(histories(), st.data())
@EXAMPLES
def test_redelivery_from_an_earlier_offset_changes_nothing(history: History, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(history.sent)))
    back = data.draw(st.integers(0, cut))
    engine = EngineRun(REFERENCES)
    records = [engine.record(message) for message in history.sent]
    engine.take_records(records[:cut])
    engine.pipeline.save()
    again = EngineRun(REFERENCES, stores=engine.stores)
    again.take_records(records[back:])
    again.mark(history.until, offset=len(records))
    assert engine.then(again).open_alerts() == run(history).open_alerts()


@given(histories(), st.data())
@EXAMPLES
def test_a_crash_between_two_writes_changes_nothing(history: History, data: st.DataObject) -> None:
    """Later stages were written, the first stage and the offset were not; then all comes again."""
    saved = data.draw(st.integers(0, len(history.sent)))
    crash = data.draw(st.integers(saved, len(history.sent)))
    engine = EngineRun(REFERENCES)
    records = [engine.record(message) for message in history.sent]
    engine.take_records(records[:saved])
    engine.pipeline.save()
    engine.take_records(records[saved:crash])
    engine.save_later_stages()
    again = EngineRun(REFERENCES, stores=engine.stores)
    again.take_records(records[saved:])
    again.mark(history.until, offset=len(records))
    assert engine.then(again).open_alerts() == run(history).open_alerts()


@given(histories(), st.data())
@EXAMPLES
def test_when_persons_become_known_changes_nothing(history: History, data: st.DataObject) -> None:
    """Their records and their stays come from two topics, in whatever order."""
    cut = data.draw(st.integers(0, len(history.sent)))
    engine = EngineRun(REFERENCES._replace(persons=())).take(history.sent[:cut])
    persons = [Incoming(0, n, TIMESTAMP_MS, None, value) for n, value in enumerate(REFERENCES.persons)]
    engine.pipeline.take_persons(persons)
    assert engine.take(history.sent[cut:]).mark(history.until).open_alerts() == run(history).open_alerts()


@given(histories(), st.integers(0, 7))
@EXAMPLES
def test_who_moved_to_another_household_has_always_been_there(history: History, mover: int) -> None:
    """A person's newest record holds; that an older one named another household leaves no trace."""
    elsewhere = person_record(PERSONS[mover], "HH9")
    first = REFERENCES._replace(persons=(elsewhere, *REFERENCES.persons))
    moved = EngineRun(first).take(history.sent).mark(history.until).open_alerts()
    assert moved == run(history).open_alerts()
    late = EngineRun(REFERENCES._replace(persons=(elsewhere,))).take(history.sent)
    newer = [Incoming(0, n + 1, TIMESTAMP_MS, None, value) for n, value in enumerate(REFERENCES.persons)]
    late.pipeline.take_persons(newer)
    assert late.mark(history.until).open_alerts() == moved


def test_two_processes_with_different_hash_seeds_publish_the_same_bytes() -> None:
    program = (
        "from tests.test_invariants import published_bytes; import sys; sys.stdout.buffer.write(published_bytes())"
    )
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
    assert b"bed_holding" in next(iter(said))
