"""Does `fundwatch worker` start when all fits, say what does not, answer its probes, and stop? (stream/cli/worker.py)"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream.outbox import Outbox, new_producer
from stream.settings import Settings
from tests.toy_runs import ROOT, wait_until


@contextmanager
def fundwatch_worker(settings: Settings, log: Path, port: int, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command as an operator starts it, for the time of a `with` block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNDWATCH_")}
    environment |= {
        "FUNDWATCH_BROKER": settings.broker, "FUNDWATCH_PREFIX": settings.prefix, "FUNDWATCH_GROUP": settings.group,
        "FUNDWATCH_DATA": str(settings.data), "FUNDWATCH_METRICS_PORT": str(port), "PYTHONPATH": str(ROOT),
        "FUNDWATCH_PROCESSES": str(settings.processes), **more,
    }  # fmt: skip
    command = [sys.executable, "-c", "from stream.cli import main; main()", "worker", "--name", "test"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, cwd=log.parent, env=environment, stderr=errors, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and body; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except urllib.error.URLError:
        return 0, ""


def test_a_worker_says_when_it_is_ready_and_alive_and_stops_cleanly(
    kafka_topics: Settings, tmp_path: Path, unused_port: int
) -> None:
    log = tmp_path / "worker.log"
    with fundwatch_worker(kafka_topics, log, unused_port) as worker:
        seen: list[int] = []

        def ready() -> bool:
            seen.append(ask(unused_port, "/readyz")[0])
            return seen[-1] == 200

        wait_until(ready, 40, "readiness")
        assert 503 in seen, "ready before its state was restored"
        assert json.loads(ask(unused_port, "/readyz")[1]) == {"ready": True, "state": "consuming", "partitions": 12}
        assert ask(unused_port, "/healthz") == (200, '{"alive": true, "lag_records": 0}\n')
        status, metrics = ask(unused_port, "/metrics")
        assert status == 200
        assert 'fundwatch_state_keys{stage="person"} 0.0' in metrics
        assert ask(unused_port, "/")[0] == 404
        worker.terminate()
        assert worker.wait(15) == 0, log.read_text()
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(one["at"] for one in said)
    serving = {one.get("process"): one["worker"] for one in said if one["message"] == "serving"}
    assert serving == {None: "test", "later stages": "test"}


def test_a_worker_does_not_start_without_its_topics_and_names_them(kafka_settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with fundwatch_worker(kafka_settings, log, 0) as worker:
        assert worker.wait(60) == 1
    assert f"{kafka_settings.prefix}transactions: the topic is missing" in log.read_text()
    assert "fundwatch topics create" in log.read_text()


def test_a_worker_does_not_start_when_its_port_is_taken(kafka_topics: Settings, tmp_path: Path, kafka: str) -> None:
    log = tmp_path / "worker.log"
    with fundwatch_worker(kafka_topics, log, int(kafka.rpartition(":")[2])) as worker:
        assert worker.wait(60) == 1
    assert "FUNDWATCH_METRICS_PORT" in log.read_text().splitlines()[-1]


@pytest.mark.parametrize("name", ["institutions", "catalogue"])
def test_a_reference_that_cannot_be_read_is_parked(
    kafka_topics: Settings, tmp_path: Path, unused_port: int, name: str
) -> None:
    async def send() -> None:
        producer = new_producer(kafka_topics)
        await producer.start()
        outbox = Outbox(producer)
        outbox.add(kafka_topics.topic(name), 0, b"key", b"{broken")
        await outbox.delivered()
        await producer.stop()

    asyncio.run(send())
    with fundwatch_worker(kafka_topics, tmp_path / "worker.log", unused_port):
        line = 'fundwatch_dead_letters_total{reason="not_json",stage="decode"} 1.0'
        wait_until(lambda: line in ask(unused_port, "/metrics")[1], 40, line)
