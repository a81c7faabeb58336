"""Does a real Prometheus that scrapes a real endpoint understand and answer every query of every dashboard?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import start_http_server

from stream import metric_catalogue as names
from stream.metrics import Metrics
from tests.metrics_of_a_day import VOCABULARY, metrics_of_a_day, one_more_batch
from tests.prometheus import (
    ask,
    assert_every_query_answers,
    assert_every_rule_is_healthy,
    running_prometheus,
    wait_for_scrapes,
)


@contextmanager
def served(metrics: Metrics) -> Iterator[str]:
    """The metrics over HTTP on loopback; gives host:port."""
    server, thread = start_http_server(0, addr="127.0.0.1", registry=metrics.registry)
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def test_every_query_and_every_rule_answers_with_two_workers(tmp_path: Path) -> None:
    workers = [metrics_of_a_day(), metrics_of_a_day()]
    with (
        served(workers[0]) as one,
        served(workers[1]) as two,
        running_prometheus([one, two], tmp_path) as address,
    ):
        wait_for_scrapes(address, 2)
        for metrics in workers:
            one_more_batch(metrics)
        wait_for_scrapes(address, 5)
        asked = assert_every_query_answers(address)
        boards = {query.dashboard for query in asked}
        assert boards == {"fundwatch-overview", "fundwatch-institution", "fundwatch-service"}
        assert_every_rule_is_healthy(address)
        # Both workers read the whole alerts topic: 60 institutions x 4 rules, and 20 more of each rule at the first.
        overview = {query.panel: query.expr for query in asked if query.dashboard == "fundwatch-overview"}
        open_alerts = ask(address, overview["未撤回疑点 / Open alerts"])
        assert [series["value"][1] for series in open_alerts] == [str(60 * 4 + 20 * 4)]
        # What each has counted itself is added up.
        transactions = ask(address, f"sum({names.TRANSACTIONS})")
        assert transactions[0]["value"][1] == str(2 * 2 * 500)


def test_a_query_of_a_metric_that_nobody_fills_is_found(tmp_path: Path) -> None:
    with (
        served(Metrics(VOCABULARY, "0.1.0")) as endpoint,
        running_prometheus([endpoint], tmp_path) as address,
    ):
        wait_for_scrapes(address, 2)
        with pytest.raises(AssertionError, match="no institution has an open alert"):
            assert_every_query_answers(address)
        with pytest.raises(AssertionError, match="parse error"):
            ask(address, "sum(")
