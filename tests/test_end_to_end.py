"""Does the service say on a real Kafka what the replay says of the same history, and do the dashboards show it?

One run: broker, topics with two partitions, a cut of a county, a worker with every rule, a Prometheus that scrapes it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from click.testing import CliRunner, Result

from schemas.alerts import Alert
from stream.cli import fundwatch
from stream.settings import Settings, environment_name
from stream.worker_process import running_worker
from tests.prometheus import (
    ask,
    assert_every_query_answers,
    assert_every_rule_is_healthy,
    running_prometheus,
    wait_for_scrapes,
)
from tests.service_runs import CUT, REFERENCES, comparable, published, replayed
from tests.toy_runs import wait_until

BROKEN = [b'{"infno": "2401", "msgid": ', b'{"infno": "9999", "msgid": "x"}']


class Run(msgspec.Struct, frozen=True):
    """What the one run left behind: both sides' alerts, and the Prometheus that watched."""

    service: dict[str, Alert]
    replay: dict[str, Alert]
    transactions: int
    prometheus: str


@pytest.fixture(scope="module")
def run(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("end-to-end")
    settings = Settings(broker=kafka, prefix="e2e.", group="e2e", data=folder / "data", partitions=2, metrics_port=0)
    history = folder / "transactions.jsonl"
    lines = CUT.transactions()
    middle = len(lines) // 2
    history.write_bytes(b"\n".join([*lines[:middle], *BROKEN, *lines[middle:]]) + b"\n")
    _fundwatch(settings, "topics", "create")
    for name in REFERENCES:
        _fundwatch(settings, "load", "--topic", name, str(CUT.file(name)))
    with running_worker(settings, folder, "look at its log") as worker:
        worker.wait_until_ready()
        with running_prometheus(
            [worker.metrics.removeprefix("http://").removesuffix("/metrics")], folder
        ) as prometheus:
            wait_for_scrapes(prometheus, 2)
            _fundwatch(settings, "load", str(history))
            replay = replayed(folder, history, CUT)
            told = {alert_id for alert_id, alert in replay.items() if alert.status == "open"}
            wait_until(lambda: _open_ids(settings) == told, 60, "the alerts")
            wait_until(lambda: _sum(prometheus, "fundwatch_transactions_total") >= len(lines), 30, "the count")
            wait_until(lambda: _sum(prometheus, "fundwatch_open_alerts") == len(told), 30, "the ledger")
            wait_for_scrapes(prometheus, 5)
            worker.check()
            yield Run(published(settings), replay, len(lines), prometheus)


def _fundwatch(settings: Settings, *words: str) -> Result:
    names = ("broker", "prefix", "group", "data", "partitions")
    environment = {environment_name(name): str(getattr(settings, name)) for name in names}
    result = CliRunner().invoke(fundwatch, list(words), env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def _open_ids(settings: Settings) -> set[str]:
    return {alert_id for alert_id, alert in published(settings).items() if alert.status == "open"}


def _sum(prometheus: str, metric: str) -> float:
    return sum(float(row["value"][1]) for row in ask(prometheus, f"sum({metric})"))


def test_the_service_says_what_the_replay_says(run: Run) -> None:
    assert len(run.replay) >= 10
    assert {alert.rule for alert in run.replay.values()} >= {"bed_holding", "household_together", "household_sequence"}
    assert comparable(run.service) == comparable(run.replay)


def test_every_transaction_was_counted_and_what_is_broken_was_parked(run: Run) -> None:
    assert _sum(run.prometheus, "fundwatch_transactions_total") == run.transactions
    parked = {
        row["metric"]["reason"]: float(row["value"][1])
        for row in ask(run.prometheus, "sum by (reason) (fundwatch_dead_letters_total) > 0")
    }
    assert parked == {"not_json": 1, "unknown_transaction": 1}


def test_the_models_and_their_warm_up_are_counted(run: Run) -> None:
    assert _sum(run.prometheus, "fundwatch_models") > _sum(run.prometheus, "fundwatch_models_warming_up") > 0


def test_every_query_of_every_dashboard_answers(run: Run) -> None:
    assert len(assert_every_query_answers(run.prometheus)) > 30


def test_every_prometheus_rule_is_healthy(run: Run) -> None:
    assert_every_rule_is_healthy(run.prometheus)


def test_no_person_is_named_in_the_metrics(run: Run) -> None:
    labels = {value for row in ask(run.prometheus, '{__name__=~"fundwatch_.*"}') for value in row["metric"].values()}
    persons = {person for alert in run.replay.values() for person in alert.persons}
    assert persons
    assert not labels & persons
