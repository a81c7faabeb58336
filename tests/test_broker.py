"""Does the laptop's Kafka start, stop and report as it says? Real processes, on free ports of loopback."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream import broker, kafka_jars
from stream.broker import PortTaken, free_port, running, running_broker
from stream.connection import administration
from stream.errors import OperatorError
from stream.settings import Settings


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A broker of this module's own: its folder and its address."""
    directory = tmp_path_factory.mktemp("laptop")
    with running_broker(directory) as address:
        yield directory, address


def test_it_serves_on_loopback_and_creates_no_topic_by_itself(laptop: tuple[Path, str]) -> None:
    _, address = laptop
    assert address.startswith("127.0.0.1:")
    with administration(Settings(broker=address)) as admin:
        assert admin.describe_topics(["nobody-made-me"])[0]["error_code"] == 3  # UNKNOWN_TOPIC_OR_PARTITION
        assert admin.list_topics() == []


def test_its_status_names_the_process_and_the_address(laptop: tuple[Path, str]) -> None:
    directory, address = laptop
    found = running(directory)
    assert found is not None
    assert found.address == address
    os.kill(found.pid, 0)


def test_starting_twice_is_harmless(laptop: tuple[Path, str]) -> None:
    directory, _ = laptop
    assert broker.start(directory, free_port()) == running(directory)


def test_a_port_that_somebody_else_has_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server((broker.HOST, 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} .*in use.*FUNDWATCH_BROKER"):
            broker.start(tmp_path, port)
    assert running(tmp_path) is None


def test_what_it_holds_outlives_a_stop_and_a_new_port(tmp_path: Path) -> None:
    with running_broker(tmp_path) as address, administration(Settings(broker=address)) as admin:
        admin.create_topics({"kept": {"num_partitions": 1}}, wait_for_metadata=True)
        process = running(tmp_path)
    assert process is not None
    assert running(tmp_path) is None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    with running_broker(tmp_path) as address, administration(Settings(broker=address)) as admin:
        assert admin.list_topics() == ["kept"]


def test_a_stale_pid_file_deceives_nobody(tmp_path: Path) -> None:
    (tmp_path / "broker.lock").write_text("")
    (tmp_path / "broker.json").write_text(f'{{"pid": {os.getpid()}, "address": "127.0.0.1:1"}}')
    assert running(tmp_path) is None
    assert broker.stop(tmp_path) is False


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"did not start: .*num\.partitions"):
        broker.start(tmp_path, free_port(), {"num.partitions": "none"})
    assert running(tmp_path) is None


def test_a_missing_java_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="'java' is missing; install it: sudo apt-get install openjdk-17-jre"):
        broker.start(tmp_path, free_port())


def test_a_missing_maven_is_named_and_leaves_no_folder_of_jars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jars = tmp_path / "cache" / "jars"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(kafka_jars, "jars_folder", lambda: jars)
    with pytest.raises(OperatorError, match="'mvn' is missing; install it: sudo apt-get install maven"):
        kafka_jars.fetched_jars()
    assert not jars.exists()


def test_maven_s_own_complaint_is_shown_when_it_cannot_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho '[ERROR] no such host'\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(kafka_jars, "jars_folder", lambda: tmp_path / "cache" / "jars")
    with pytest.raises(OperatorError, match=r"could not fetch Kafka: \[ERROR\] no such host; .*fundwatch broker fetch"):
        kafka_jars.fetched_jars()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["fetch.lock"]


def test_another_pom_has_another_folder_of_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kafka_jars.jars_folder()
    shutil.copytree(kafka_jars.BROKER_FILES, tmp_path / "broker")
    monkeypatch.setattr(kafka_jars, "BROKER_FILES", tmp_path / "broker")
    assert kafka_jars.jars_folder() == before
    with (tmp_path / "broker" / "pom.xml").open("a") as pom:
        pom.write("<!-- a change -->")
    assert kafka_jars.jars_folder() != before


def test_the_command_starts_reports_and_stops(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert fundwatch(address, "status", tmp_path)[0] == 1
    status, out, _ = fundwatch(address, "start", tmp_path)
    try:
        assert (status, out.split()[:2]) == (0, ["started:", address])
        assert fundwatch(address, "start", tmp_path)[1].startswith(f"already running: {address}")
        assert fundwatch(address, "status", tmp_path)[:2] == (0, out.replace("started", "running"))
        status, _, err = fundwatch(f"127.0.0.1:{free_port()}", "start", tmp_path)
        assert status == 1
        assert f"runs already, at {address}" in err
    finally:
        status, out, _ = fundwatch(address, "stop", tmp_path)
    assert (status, out.split()[0]) == (0, "stopped")
    assert fundwatch(address, "stop", tmp_path)[1].startswith("not running")


@pytest.mark.parametrize(
    "address", ["kafka.example:9092", "127.0.0.1:9092,127.0.0.1:9093", "127.0.0.1:0", "127.0.0.1:70000"]
)
def test_it_refuses_to_be_anywhere_but_on_one_port_of_loopback(address: str, tmp_path: Path) -> None:
    status, _, err = fundwatch(address, "start", tmp_path)
    assert status == 1
    assert "one port of 127.0.0.1" in err


def fundwatch(address: str, verb: str, data: Path) -> tuple[int, str, str]:
    """Status, standard output and standard error of one `fundwatch broker` command."""
    command = [sys.executable, "-c", "from stream.cli import main; main()"]
    run = subprocess.run(
        [*command, "--broker", address, "broker", verb, "--data", str(data)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return run.returncode, run.stdout, run.stderr
