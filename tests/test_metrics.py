"""Does a worker tell Prometheus the truth, with labels that stay bounded?"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.written import METRICS_PAGE
from stream import metric_catalogue as names
from stream.ledger import OpenAlerts
from stream.metric_catalogue import CATALOGUE, INSTITUTION_CAP, Metric
from stream.metrics import Metrics
from tests.metrics_of_a_day import VOCABULARY, an_alert, metrics_of_a_day

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Clock:
    """A wall clock that a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def scraped(metrics: Metrics) -> Samples:
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


def value(samples: Samples, metric: Metric | str, **labels: str) -> float:
    return samples[str(metric), frozenset(labels.items())]


def label_values(samples: Samples, metric: Metric, label: str) -> set[str]:
    return {dict(labels)[label] for name, labels in samples if name == metric.name}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(VOCABULARY, "0.1.0", Clock(1_000_000.0))


def test_every_metric_of_the_catalogue_is_exported_and_nothing_else_of_ours() -> None:
    exported = {name for name, _ in scraped(metrics_of_a_day()) if name.startswith(names.NAMESPACE)}
    assert exported == {name for metric in CATALOGUE for name in names.series_names(metric)}


def test_as_many_institutions_stand_by_name_as_are_listed_the_highest_first(metrics: Metrics) -> None:
    metrics.set_standings({f"H{number:03d}": number / 100 for number in range(names.INSTITUTION_CAP + 9)})
    standing = {
        dict(labels)["institution"] for name, labels in scraped(metrics) if name == names.INSTITUTION_STANDING.name
    }
    assert standing == {f"H{number:03d}" for number in range(9, names.INSTITUTION_CAP + 9)}


def test_names_follow_the_conventions_of_prometheus() -> None:
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE) > 25
    for metric in CATALOGUE:
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert bool(metric.buckets) == (metric.kind == "histogram"), metric.name
        assert metric.zh
        assert metric.en
        assert set(metric.labels) <= set(names.LABELS), metric.name
        unit = metric.unit.split()[0]
        if unit in {"seconds", "bytes", "yuan"}:
            assert f"_{unit}" in metric.name


def test_every_described_label_is_used() -> None:
    assert set(names.LABELS) == {label for metric in CATALOGUE for label in metric.labels}


def test_a_counter_is_at_zero_before_its_first_event(metrics: Metrics) -> None:
    samples = scraped(metrics)
    assert value(samples, names.DEAD_LETTERS, stage="decode", reason="not_json") == 0
    assert value(samples, names.ALERTS, rule="bed_holding", severity="high", change="opened") == 0
    assert value(samples, names.TRANSACTIONS, infno="2401") == 0
    assert value(samples, names.OPEN_ALERTS, rule="bed_holding", severity="low") == 0


def test_what_is_not_in_a_closed_set_counts_as_other(metrics: Metrics) -> None:
    metrics.transactions_applied({"9999": 2, "8888": 3, "2401": 1})
    samples = scraped(metrics)
    assert value(samples, names.TRANSACTIONS, infno="other") == 5
    assert value(samples, names.TRANSACTIONS, infno="2401") == 1
    assert "9999" not in label_values(samples, names.TRANSACTIONS, "infno")


def test_a_revoked_partition_leaves_no_series_behind(metrics: Metrics) -> None:
    metrics.set_stream_times("institution", {0: 999_000.0, 1: 998_000.0})
    metrics.set_stream_times("person", {1: 997_000.0})
    metrics.set_consumer_lags({("transactions", 0): 7, ("transactions", 1): 8})
    metrics.set_stream_times("institution", {1: 998_500.0})
    metrics.set_consumer_lags({("transactions", 1): 3})
    samples = scraped(metrics)
    assert value(samples, names.STREAM_TIME, stage="institution", partition="1") == 998_500.0
    assert value(samples, names.STREAM_TIME, stage="person", partition="1") == 997_000.0
    assert value(samples, names.CONSUMER_LAG, topic="transactions", partition="1") == 3
    assert label_values(samples, names.CONSUMER_LAG, "partition") == {"1"}
    assert (names.STREAM_TIME.name, frozenset({("stage", "institution"), ("partition", "0")})) not in samples


def test_the_lag_of_a_worker_that_stands_still_grows() -> None:
    clock = Clock(1_000_000.0)
    metrics = Metrics(VOCABULARY, "0.1.0", clock)
    metrics.set_stream_times("institution", {0: 999_990.0})
    assert value(scraped(metrics), names.STREAM_TIME_LAG, stage="institution", partition="0") == 10
    clock.now += 60
    assert value(scraped(metrics), names.STREAM_TIME_LAG, stage="institution", partition="0") == 70


def test_latencies_fall_into_their_buckets(metrics: Metrics) -> None:
    metrics.alerts_published({("bed_holding", "high", "opened"): 3}, [0.2, 0.3, 40.0])
    samples = scraped(metrics)
    assert value(samples, f"{names.EVENT_TO_ALERT}_bucket", le="0.25") == 1
    assert value(samples, f"{names.EVENT_TO_ALERT}_bucket", le="0.5") == 2
    assert value(samples, f"{names.EVENT_TO_ALERT}_count") == 3
    assert value(samples, f"{names.EVENT_TO_ALERT}_sum") == pytest.approx(40.5)
    assert value(samples, names.ALERTS, rule="bed_holding", severity="high", change="opened") == 3


def test_the_institutions_of_clock_jumps_are_capped_and_keep_their_label(metrics: Metrics) -> None:
    metrics.clock_jumps_refused({f"H{n:03}": 1 for n in range(INSTITUTION_CAP + 5)})
    metrics.clock_jumps_refused({"H000": 1, "H052": 4})
    samples = scraped(metrics)
    assert value(samples, names.CLOCK_JUMPS, institution="H000") == 2
    assert value(samples, names.CLOCK_JUMPS, institution="other") == 5 + 4
    assert len(label_values(samples, names.CLOCK_JUMPS, "institution")) == INSTITUTION_CAP + 1


def test_open_alerts_by_institution_are_capped_with_the_rest_under_other(metrics: Metrics) -> None:
    ledger = OpenAlerts()
    for number in range(INSTITUTION_CAP + 10):
        ledger.observe(an_alert(f"one:{number}", institution=f"H{number:03}", visits=[f"v{number}"], fund_at_risk=100))
    ledger.observe(an_alert("two", institution="H059", visits=["w"], fund_at_risk=5_00))
    ledger.observe(an_alert("nowhere", institution="", visits=["x"], fund_at_risk=7_00))
    metrics.set_open_alerts(ledger)
    samples = scraped(metrics)
    listed = label_values(samples, names.INSTITUTION_OPEN_ALERTS, "institution")
    # H059 has two alerts; of those with one alert the first 49 codes, H000 to H048; ten of the 60 are left over.
    assert listed == {"H059", *(f"H{n:03}" for n in range(49)), names.OTHER, names.SEVERAL}
    where = {"rule": "bed_holding", "severity": "medium"}
    assert value(samples, names.INSTITUTION_OPEN_ALERTS, institution="H059", **where) == 2
    assert value(samples, names.INSTITUTION_OPEN_ALERTS, institution="other", **where) == 10
    assert value(samples, names.INSTITUTION_FUND_AT_RISK, institution="H059") == 6.0
    assert value(samples, names.INSTITUTION_FUND_AT_RISK, institution="other") == 10.0
    assert value(samples, names.INSTITUTION_FUND_AT_RISK, institution=names.SEVERAL) == 7.0
    assert value(samples, names.FUND_AT_RISK_DISTINCT) == 60 + 5 + 7
    assert label_values(samples, names.INSTITUTION_INFO, "institution") == listed


def test_an_institution_without_alerts_leaves_the_list(metrics: Metrics) -> None:
    ledger = OpenAlerts()
    ledger.observe(an_alert("a", institution="H1"))
    metrics.set_open_alerts(ledger)
    ledger.observe(an_alert("a", institution="H1", revision=2, status="retracted"))
    metrics.set_open_alerts(ledger)
    samples = scraped(metrics)
    assert label_values(samples, names.INSTITUTION_INFO, "institution") == {names.OTHER, names.SEVERAL}
    assert value(samples, names.FUND_AT_RISK_DISTINCT) == 0
    assert value(samples, names.FUND_AT_RISK, rule="bed_holding") == 0


def test_the_name_of_an_institution_is_exported_with_its_code(metrics: Metrics) -> None:
    ledger = OpenAlerts()
    ledger.observe(an_alert("a", institution="H1", institution_name="某县人民医院"))
    ledger.observe(an_alert("b", institution="H2", institution_name=None))
    metrics.set_open_alerts(ledger)
    samples = scraped(metrics)
    assert value(samples, names.INSTITUTION_INFO, institution="H1", name="某县人民医院") == 1
    assert value(samples, names.INSTITUTION_INFO, institution="H2", name="H2") == 1


def test_two_registries_do_not_know_each_other() -> None:
    one, two = Metrics(VOCABULARY, "1"), Metrics(VOCABULARY, "2")
    one.transactions_applied({"2401": 4})
    assert value(scraped(one), names.TRANSACTIONS, infno="2401") == 4
    assert value(scraped(two), names.TRANSACTIONS, infno="2401") == 0


def test_the_table_of_metrics_is_up_to_date() -> None:
    assert METRICS_PAGE.read_text(encoding="utf-8") == names.as_markdown()
