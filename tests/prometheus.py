"""A real Prometheus for tests: it scrapes real endpoints with our rules loaded and answers our dashboards' queries."""

from __future__ import annotations

import json
import math
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dashboards.queries import DashboardQuery, all_queries
from dashboards.rules import RECORDED
from dashboards.written import RULES
from stream import metric_catalogue as names

_CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
scrape_configs:
- job_name: fundwatch
  metrics_path: {path}
  static_configs:
  - targets: {targets}
"""


@contextmanager
def running_prometheus(targets: list[str], directory: Path, metrics_path: str = "/metrics") -> Iterator[str]:
    """Scrape `targets` (host:port) once a second with our rules loaded; gives the address of Prometheus.

    Start it before the worker does its work: rates see nothing of what a counter rose by before the first scrape.
    """
    config = directory / "prometheus.yml"
    config.write_text(_CONFIG.format(rules=RULES, targets=json.dumps(targets), path=metrics_path), encoding="utf-8")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        executable("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    log = directory / "prometheus.log"
    with log.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=written) as process:
        try:
            _wait_until_ready(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def executable(name: str) -> str:
    """Path of prometheus or promtool; a missing one is a failure that says how to get it."""
    found = shutil.which(name)
    assert found is not None, f"{name} is needed: apt-get install prometheus"
    return found


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(address: str, expr: str) -> list[dict[str, Any]]:
    """The series of an instant query; raises `AssertionError` with Prometheus's words if it refuses."""
    parameters = urllib.parse.urlencode({"query": expr})
    answer = _get(f"{address}/api/v1/query?{parameters}")
    assert answer["status"] == "success", f"{answer.get('error')}: {expr}"
    series: list[dict[str, Any]] = answer["data"]["result"]
    return series


def wait_for_scrapes(address: str, number: int, seconds: float = 30.0) -> None:
    """Until every target has been scraped so often: `rate()` needs two."""
    deadline = time.monotonic() + seconds
    seen = 0
    while time.monotonic() < deadline:
        counted = [int(series["value"][1]) for series in ask(address, f"count_over_time({names.STARTED}[1h])")]
        seen = min(counted, default=0)
        if seen >= number:
            return
        time.sleep(0.3)
    raise AssertionError(f"{seen} of {number} scrapes after {seconds:g} s: {target_errors(address)}")


def target_errors(address: str) -> list[str]:
    """What Prometheus says about targets that it cannot scrape."""
    targets = _get(f"{address}/api/v1/targets")["data"]["activeTargets"]
    return [f"{target['scrapeUrl']}: {target['lastError']}" for target in targets if target["lastError"]]


def assert_every_query_answers(address: str, window: str = "5m") -> list[DashboardQuery]:
    """Every query of every dashboard must be understood and give at least one series that is a number.

    `window` stands for Grafana's intervals: the work whose rates are asked for must lie within it. The institution is
    the one with most open alerts. Gives the queries that were asked.
    """
    queries = all_queries(window=window, institution=_worst_institution(address))
    assert queries, "no dashboard asks anything"
    faults = [fault for query in queries if (fault := _fault(address, query.expr))]
    assert not faults, "\n".join(faults)
    return queries


def assert_every_rule_is_healthy(address: str) -> None:
    """Every rule evaluates without error, and every recorded series has a value."""
    groups = _get(f"{address}/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules, "no rule is loaded"
    assert not [(r["name"], r.get("lastError")) for r in rules if r["health"] != "ok"]
    deadline = time.monotonic() + 20.0  # rules are evaluated in turns, behind the scrapes
    while faults := [fault for name in RECORDED if (fault := _fault(address, name))]:
        assert time.monotonic() < deadline, "\n".join(faults)
        time.sleep(0.5)


def _worst_institution(address: str) -> str:
    listed = f'{names.INSTITUTION_OPEN_ALERTS}{{institution!~"{names.OTHER}|{names.SEVERAL}"}}'
    worst = ask(address, f"topk(1, sum by (institution) ({listed}))")
    assert worst, "no institution has an open alert"
    code: str = worst[0]["metric"]["institution"]
    return code


def _fault(address: str, expr: str) -> str | None:
    try:
        series = ask(address, expr)
    except AssertionError as refused:
        return str(refused)
    if not series:
        return f"empty: {expr}"
    if all(math.isnan(float(one["value"][1])) for one in series):
        return f"not a number: {expr}"
    return None


def _get(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as refused:
        answer = json.load(refused)
    return answer


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"Prometheus did not get ready:\n{log.read_text(encoding='utf-8')[-2000:]}")
