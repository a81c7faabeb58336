"""Are a worker's processes one worker to those who run it? (stream/fellow_process.py, merged_metrics.py)"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from detectors.engine.rule import Rule
from stream import metric_catalogue as names
from stream.errors import OperatorError
from stream.fellow_process import Condition, FellowEnded, Questions, fellow_process
from stream.merged_metrics import Family, families, merged_registry
from stream.metrics import Metrics
from stream.probes import probes
from stream.serve import joined
from stream.settings import Settings
from tests.crews import fellows_of
from tests.metrics_of_a_day import VOCABULARY
from tests.test_worker_command import ask, fundwatch_worker
from tests.toy_runs import wait_until

# -- one beginning, one end -----------------------------------------------------------------------------------------------


def runs(pid: int) -> bool:
    """Whether there is such a process that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("processes", "first_gets", "later_gets", "share_gets", "status", "said"),
    [
        (3, signal.SIGKILL, None, None, -signal.SIGKILL, ""),
        (2, None, signal.SIGTERM, None, 0, ""),
        (3, signal.SIGTERM, signal.SIGTERM, None, 0, ""),
        (2, None, signal.SIGKILL, None, 1, "the process of the later stages ended with status -9"),
        (3, None, None, signal.SIGKILL, 1, "the process of the first stage, share 2 ended with status -9"),
    ],
)
def test_whatever_ends_one_ends_all(
    kafka_topics: Settings, tmp_path: Path, unused_port: int, processes: int,
    first_gets: int | None, later_gets: int | None, share_gets: int | None, status: int, said: str,
) -> None:  # fmt: skip
    log = tmp_path / "worker.log"
    with fundwatch_worker(kafka_topics, log, unused_port, FUNDWATCH_PROCESSES=str(processes)) as worker:
        wait_until(lambda: ask(unused_port, "/readyz")[0] == 200, 60, "readiness")
        later, *shares = fellows_of(worker.pid)
        assert len(shares) == processes - 2
        for pid, number in ((worker.pid, first_gets), (later, later_gets), *((share, share_gets) for share in shares)):
            if number is not None:
                os.kill(pid, number)
        assert worker.wait(20) == status, log.read_text()
        wait_until(lambda: not any(map(runs, (later, *shares))), 2, "the end of the other processes")
    lines = log.read_text().splitlines()
    assert "Traceback" not in log.read_text()
    if said:
        assert lines[-1].startswith("fundwatch: ")
        assert said in lines[-1]


def test_a_worker_of_one_process_is_one(kafka_topics: Settings, tmp_path: Path, unused_port: int) -> None:
    with fundwatch_worker(kafka_topics, tmp_path / "log", unused_port, FUNDWATCH_PROCESSES="1") as worker:
        wait_until(lambda: ask(unused_port, "/readyz")[0] == 200, 60, "readiness")
        assert Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text() == ""
        assert json.loads(ask(unused_port, "/readyz")[1])["partitions"] == 12


def test_processes_share_the_first_stage(kafka_topics: Settings, tmp_path: Path, unused_port: int) -> None:
    with fundwatch_worker(kafka_topics, tmp_path / "log", unused_port, FUNDWATCH_PROCESSES="4") as worker:
        wait_until(lambda: ask(unused_port, "/readyz")[0] == 200, 60, "readiness")
        partitions = kafka_topics.partitions
        topics_of_stages = 6
        wait_until(
            lambda: json.loads(ask(unused_port, "/readyz")[1])["partitions"] == topics_of_stages * partitions,
            60, "all partitions",
        )  # fmt: skip
        assert len(fellows_of(worker.pid)) == 3
        given = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        stages = {one.get("process"): one["stages"] for one in given if one["message"] == "partitions assigned"}
        assert sum(stages.values()) == 4 * partitions
        assert {None, "later stages", "first stage, share 2", "first stage, share 3"} == set(stages)


# -- what the other says -----------------------------------------------------------------------------------------------------


def _answers(questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str) -> None:
    """A process of later stages that does nothing but answer."""
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("fundwatch_transactions_total", "what", ["infno"], registry=registry).labels("2201").inc(
        5
    )

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.call_soon_threadsafe(stop.set)

        questions.answer(lambda: families(registry), end)
        questions.condition = Condition(questions.condition.at, is_ready=True, state="consuming", partitions=7)
        await stop.wait()

    asyncio.run(run())


def _cannot_tell(questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str) -> None:
    def told() -> list[Family]:
        raise ValueError

    questions.answer(told, lambda: os._exit(0))
    asyncio.run(asyncio.sleep(60))


def _fails(questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str) -> None:
    raise OperatorError(f"{name} has no folder", "give it one")


def _breaks(questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str) -> None:
    raise ValueError("patient 110101199003070000")


def _dies(questions: Questions, settings: Settings, rules: tuple[Rule[Any], ...], name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_its_condition_and_metrics_come_from_the_other_process() -> None:
    async def run() -> None:
        async with fellow_process(_answers, Settings(), (), "one", "the later stages") as later:
            await later.begun()
            watching = asyncio.create_task(later.watch())
            await asyncio.to_thread(wait_until, lambda: later.condition.is_ready, 20, "readiness")
            assert later.condition.partitions == 7
            [family] = [one for one in await asyncio.to_thread(later.metrics) if one.samples]
            assert [(one.labels, one.value) for one in family.samples if one.name.endswith("_total")] == [
                ({"infno": "2201"}, 5.0)
            ]
            watching.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))


@pytest.mark.parametrize("wait", ["begun", "watch"])
@pytest.mark.parametrize(
    ("work", "said"),
    [
        (_fails, "the later stages: one has no folder; give it one"),
        (_breaks, "the later stages: unexpected ValueError at test_worker_processes.py"),
        (_dies, "ended with status -9"),
    ],
)
def test_its_reason_is_the_workers_and_quotes_no_record(work: Callable[..., None], said: str, wait: str) -> None:
    async def run() -> None:
        async with fellow_process(work, Settings(), (), "one", "the later stages") as later:
            if wait == "begun":
                await asyncio.to_thread(later._process.join)  # else it may answer just before
            await getattr(later, wait)()

    with pytest.raises(FellowEnded) as ended:
        asyncio.run(asyncio.wait_for(run(), 30))
    assert said in str(ended.value)
    assert "110101199003070000" not in str(ended.value)


def test_a_scrape_that_gets_no_answer_says_so(unused_port: int) -> None:
    def well() -> tuple[bool, dict[str, object]]:
        return True, {}

    refused: list[str] = []

    def is_refused() -> bool:
        status, text = ask(unused_port, "/metrics")
        if status == 503:
            refused.append(text)
        return bool(refused)

    async def run() -> str:
        async with fellow_process(_cannot_tell, Settings(), (), "one", "the later stages") as later:
            registry = merged_registry(prometheus_client.CollectorRegistry(), later.metrics)
            async with probes("127.0.0.1", unused_port, registry, well, well):
                await asyncio.to_thread(wait_until, is_refused, 20, "a refusal")
        return refused[0]

    assert "the process of the later stages cannot tell its metrics" in asyncio.run(asyncio.wait_for(run(), 30))


def test_a_worker_is_as_far_as_the_one_that_is_less_far() -> None:
    first = Condition(2.0, is_ready=True, state="consuming", partitions=8, lag_records=3)
    later = Condition(1.0, is_alive=False, state="restoring", partitions=4, lag_records=2, newest_source_time=9)
    both = Condition(
        1.0, is_alive=False, is_ready=False, state="restoring", partitions=12, lag_records=5, newest_source_time=9
    )
    assert joined(first, later) == both
    assert joined(first, later, first).partitions == 20
    assert joined(first, later, first).newest_source_time == 9
    assert joined(first, first).is_ready


# -- one set of metrics ----------------------------------------------------------------------------------------------------


def shown(registry: prometheus_client.CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every series of the text that a scrape gets."""
    text = prometheus_client.generate_latest(registry).decode()
    series = [one for family in text_string_to_metric_families(text) for one in family.samples]
    found = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in series}
    assert len(found) == len(series), "a series is shown twice"
    return found


def test_what_each_has_done_is_added_and_what_both_see_is_not() -> None:
    first, later = Metrics(VOCABULARY, "1", lambda: 100.0), Metrics(VOCABULARY, "1", lambda: 90.0)
    first.batch_taken("institution", 7)
    later.batch_taken("person", 3)
    first.flushed(0.1, 0.2, 0.3)
    later.flushed(0.4, 0.2, 0.3)
    first.set_stream_times("institution", {0: 50.0})
    later.set_stream_times("person", {0: 40.0})
    both = shown(merged_registry(first.registry, lambda: families(later.registry)))
    assert both[f"{names.BATCH_RECORDS}_sum", (("stage", "institution"),)] == 7
    assert both[f"{names.BATCH_RECORDS}_sum", (("stage", "person"),)] == 3
    publish = (("step", "publish"),)
    assert both[f"{names.FLUSH_SECONDS}_sum", publish] == pytest.approx(0.5)
    assert both[f"{names.FLUSH_SECONDS}_bucket", (("le", "+Inf"), *publish)] == 2
    assert both[f"{names.FLUSH_SECONDS}_bucket", (("le", "0.1"), *publish)] == 1
    assert both[names.STREAM_TIME.name, (("partition", "0"), ("stage", "institution"))] == 50
    assert both[names.STREAM_TIME.name, (("partition", "0"), ("stage", "person"))] == 40
    assert both[names.STARTED.name, ()] == 100
    rule = next(iter(VOCABULARY.rules))
    assert both[names.RULE_INFO.name, tuple(sorted({"rule": rule, "zh": VOCABULARY.rules[rule].zh,
                                                    "en": VOCABULARY.rules[rule].en}.items()))] == 1  # fmt: skip
    alone = shown(first.registry)
    assert set(alone) <= set(both)
    assert both["process_cpu_seconds_total", ()] > alone["process_cpu_seconds_total", ()]
    assert both["process_max_fds", ()] == alone["process_max_fds", ()]
