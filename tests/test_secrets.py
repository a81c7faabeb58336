"""Do secrets and persons stay out of all that a worker shows: its log, its arguments, its metrics, its dead letters?

One run of the real service against a broker that requires TLS and a user, over a cut of a county, with bad records, a rule
that fails with a person's number in its error, a rebalance and a kill. Then everything that it wrote is searched.
"""

from __future__ import annotations

import ast
import asyncio
import gzip
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from stream import topics
from stream.broker import HOST, free_port, running
from stream.logs import write_logs
from stream.secret import Secret
from stream.settings import SettingError, Settings, resolve
from stream.topic_access import records_to_end
from tests.secure_brokers import PASSWORD, SecureBroker, environment_of
from tests.service_runs import CUT, published
from tests.test_secure_broker import command
from tests.test_worker_command import ask
from tests.toy_runs import ROOT, wait_until

PSEUDONYM_KEY = "the-county's-own-key-of-pseudonyms"
SECRETS = (PASSWORD, PSEUDONYM_KEY)
IDENTIFYING = (
    "psn_no",
    "psn_name",
    "certno",
    "tel",
    "coner_tel",
    "coner_name",
    "curr_addr",
    "live_addr",
    "mdtrt_cert_no",
)
# Bed-holding fails on one visit in forty, and says whose.
FAILING_RULE = """
import zlib
from detectors.by_stay.bed_holding.rule import BedHolding
sound = BedHolding.ask
def ask(self, page, anchor, view):
    if zlib.crc32(page.visit.encode()) % 40 == 0:
        raise ValueError(f"cannot judge {page.person} of {page!r}")
    return sound(self, page, anchor, view)
BedHolding.ask = ask
from stream.cli import main
main()
"""


REASONS = {"engine_error", "not_json", "unreadable_time", "wrong_type", "unknown_transaction"}


class Leftovers(msgspec.Struct, frozen=True):
    """What the run wrote, and what must not be in it."""

    persons: set[str]
    logs: dict[str, str]
    arguments: dict[str, str]
    metrics: list[str]
    letters: list[tuple[str, bytes]]  # a dead letter's headers and key, as text; its value
    alerts: str


@pytest.fixture(scope="module")
def leftovers(secure: SecureBroker, tmp_path_factory: pytest.TempPathFactory) -> Leftovers:
    folder = tmp_path_factory.mktemp("secrets")
    settings = msgspec.structs.replace(
        secure.users, prefix="secrets.", group="secrets", data=folder / "data", partitions=2,
        pseudonym_key=Secret(PSEUDONYM_KEY), log_level="debug",
    )  # fmt: skip
    environment = environment_of(settings, folder)
    history = folder / "history.jsonl"
    persons = written_history(history)
    command(environment, "topics", "create")
    for name in ("institutions", "catalogue", "persons"):
        command(environment, "load", "--topic", name, str(CUT.file(name)))
    command(environment, "load", str(history))
    arguments, metrics = {}, []
    ports = {"first": free_port(), "second": free_port()}
    with worker(environment, folder, "first", ports["first"]) as first:
        wait_until(lambda: "fundwatch_alerts_total" in ask(ports["first"], "/metrics")[1], 60, "the first worker")
        with worker(environment, folder, "second", ports["second"]) as second:
            wait_until(lambda: is_ready(second, ports["second"]), 90, "the second worker, after a rebalance")
            for name, process in (("first", first), ("second", second)):
                arguments[name] = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
            metrics.append(ask(ports["second"], "/metrics")[1])
            first.kill()
            first.wait()
            # Until it has the partitions of the first it may have nothing left to do in its own.
            wait_until(
                lambda: reasons_of(letters_of(settings)) == REASONS and no_lag(ports["second"]), 120, "all records done"
            )
            metrics.append(ask(ports["second"], "/metrics")[1])
            second.terminate()
            second.wait(30)
    logs = {name: (folder / f"{name}.log").read_text() for name in ports}
    letters = letters_of(settings)
    return Leftovers(persons, logs, arguments, metrics, letters, repr(published(settings)))


def written_history(path: Path) -> set[str]:
    """The county's cut with records that are broken in ways that tempt one to quote them; all that names a person."""
    persons_file = gzip.decompress(CUT.file("persons").read_bytes()).splitlines()
    records = [json.loads(line) for line in (*CUT.transactions(), *persons_file)]
    persons = {text for record in records for text in texts(record) if is_telling(text)}
    lines = CUT.transactions()
    victim = json.loads(next(line for line in lines if b'"2401"' in line))
    person = victim["input"]["mdtrtinfo"]["psn_no"]
    bad = [
        lines[0][: len(lines[0]) // 2],
        json.dumps(victim | {"infno": person}).encode(),
        json.dumps(victim | {"inf_time": person}).encode(),
        json.dumps(victim | {"input": [person]}).encode(),
        lines[1].replace(b'"psn_no": "', b'"psn_no": "\xff'),
        json.dumps(victim | {"msgid": {person: person}}).encode(),
    ]
    middle = len(lines) // 2
    path.write_bytes(b"\n".join([*lines[:middle], *bad, *lines[middle:]]) + b"\n")
    return persons


def is_telling(text: str) -> bool:
    """Long enough not to be part of something else: a card's eight digits are in half of all visit ids."""
    return len(text) >= (11 if text.isdigit() else 6)


def texts(node: Any, name: str = "") -> Iterator[str]:
    """The values of identifying fields, wherever they stand."""
    if isinstance(node, dict):
        for field, value in node.items():
            yield from texts(value, field)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value, name)
    elif name in IDENTIFYING and isinstance(node, str):
        yield node


@contextmanager
def worker(environment: dict[str, str], folder: Path, name: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The real worker with a rule that fails."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("FUNDWATCH_")}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", FAILING_RULE, "worker", "--name", name, "--metrics-port", str(port)],
            cwd=folder, env=inherited | environment | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def is_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it works; it must not have ended."""
    assert process.poll() is None
    return ask(port, "/readyz")[0] == 200


def no_lag(port: int) -> bool:
    """Whether the worker has nothing left to do."""
    status, body = ask(port, "/healthz")
    return status == 200 and json.loads(body)["lag_records"] == 0 and ask(port, "/readyz")[0] == 200


def letters_of(settings: Settings) -> list[tuple[str, bytes]]:
    """Every dead letter: what stands around the record's own bytes, and those bytes."""

    async def read() -> list[ConsumerRecord]:
        return [record async for record in records_to_end(settings, settings.topic(topics.DEAD_LETTERS))]

    return [
        (
            " ".join([repr(record.key), *(f"{name}={value!r}" for name, value in record.headers if name != "key")]),
            record.value or b"",
        )
        for record in asyncio.run(read())
    ]


def reasons_of(letters: list[tuple[str, bytes]]) -> set[str]:
    """Which of `REASONS` they bear."""
    around = " ".join(letter for letter, _ in letters)
    return {reason for reason in REASONS if f"reason={reason.encode()!r}" in around}


def test_the_run_met_what_it_should(leftovers: Leftovers) -> None:
    """Else the searches below would find nothing because nothing happened."""
    assert len(leftovers.persons) > 1000
    assert reasons_of(leftovers.letters) == REASONS
    assert "engine error" in leftovers.logs["first"] + leftovers.logs["second"]
    assert "partitions assigned" in leftovers.logs["second"]
    assert any("fundwatch_alerts_total" in page for page in leftovers.metrics)
    assert "Alert(" in leftovers.alerts


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_nowhere(secret: str, leftovers: Leftovers) -> None:
    shown = [*leftovers.logs.values(), *leftovers.arguments.values(), *leftovers.metrics, leftovers.alerts]
    shown += [letter for letter, _ in leftovers.letters] + [
        value.decode(errors="replace") for _, value in leftovers.letters
    ]
    assert all(secret not in text for text in shown)


def test_no_person_is_in_a_log_in_the_metrics_or_around_a_dead_letter(leftovers: Leftovers) -> None:
    shown = {f"log of {name}": text for name, text in leftovers.logs.items()}
    shown |= {f"metrics {number}": page for number, page in enumerate(leftovers.metrics)}
    shown |= {f"letter {number}": letter for number, (letter, _) in enumerate(leftovers.letters)}
    shown["alerts"] = leftovers.alerts  # pseudonyms are on
    found = {
        (place, person, text[: text.index(person)][-60:])
        for place, text in shown.items()
        for person in leftovers.persons
        if person in text
    }
    assert not found


def test_every_line_of_the_log_is_json(leftovers: Leftovers) -> None:
    for text in leftovers.logs.values():
        for line in text.splitlines():
            assert json.loads(line)["at"]


# -- what others would print ----------------------------------------------------------------------------------------


def test_what_other_packages_and_python_itself_would_print_of_an_error_is_left_out() -> None:
    written = StringIO()
    hooks = threading.excepthook, sys.unraisablehook
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        write_logs(written, "debug")
        error = ValueError("5001060000000000001")
        logging.getLogger("faust").error("Crashed reason=%r", error)
        logging.getLogger("asyncio").error(f"never retrieved\nfuture: <Task exception={error!r}>")
        logging.getLogger("mode").warning("no such %s %s", "place")  # noqa: PLE1206
        logging.getLogger("mode").debug("Request %r", "5001060000000000001")
        logging.getLogger("stream.x").error("it failed", exc_info=error)
        thread = threading.Thread(target=fail, args=["5001060000000000001"])
        thread.start()
        thread.join()
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
    finally:
        threading.excepthook, sys.unraisablehook = hooks
        logging.captureWarnings(capture=False)
        logging.basicConfig(handlers=handlers, level=level, force=True)
    assert "5001060000000000001" not in written.getvalue()
    assert [line["message"] for line in lines] == [
        "Crashed reason=ValueError",
        "never retrieved",
        "no such %s %s [1 arguments that do not fit]",
        "it failed",
        "a thread ended with an error",
    ]


def fail(text: str) -> None:
    raise ValueError(text)


# -- settings -------------------------------------------------------------------------------------------------------


def test_the_pseudonym_key_comes_from_a_file_too_and_shows_itself_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(PSEUDONYM_KEY + "\n")
    settings = resolve(environment={"FUNDWATCH_PSEUDONYM_KEY_FILE": str(file)})
    assert settings.pseudonym_key == Secret(PSEUDONYM_KEY)
    assert PSEUDONYM_KEY not in f"{settings!r} {settings} {msgspec.structs.asdict(settings)}"
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)
    with pytest.raises(SettingError, match="pseudonym_key and pseudonym_key_file are both set") as caught:
        resolve(environment={"FUNDWATCH_PSEUDONYM_KEY_FILE": str(file), "FUNDWATCH_PSEUDONYM_KEY": "another"})
    assert PSEUDONYM_KEY not in str(caught.value)


@pytest.mark.parametrize("name", ["pseudonym_key_file", "sasl_password_file"])
@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfehush"])
def test_a_secret_s_file_that_holds_none_stops_the_start(name: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=f"{name} .*(is empty|cannot be read)") as caught:
        resolve(environment={f"FUNDWATCH_{name.upper()}": str(file)})
    assert "hush" not in str(caught.value)


def test_no_command_takes_a_secret_as_an_option() -> None:
    """An option would be seen by everybody on the machine, in /proc/PID/cmdline."""
    import click

    from stream.cli import fundwatch

    context = click.Context(fundwatch)
    commands: list[click.Command] = [fundwatch]
    seen = 0
    while commands:
        found = commands.pop()
        if isinstance(found, click.Group):
            named = (found.get_command(context, name) for name in found.list_commands(context))
            commands += [inner for inner in named if inner is not None]
        for parameter in found.params:
            seen += 1
            assert not {"password", "key", "secret"} & {word for option in parameter.opts for word in option.split("-")}
    assert seen > 30


# -- what listens ---------------------------------------------------------------------------------------------------

LISTEN = "0A"


def listening(pid: int) -> set[tuple[str, int]]:
    """Address and port of every TCP socket on which a process listens, from /proc."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                found.add((address, int(port, 16)))
    return found


# 127.0.0.1 as the kernel writes it: alone, and as an IPv4 address in IPv6.
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_worker_and_broker_listen_on_loopback_only(
    kafka: str, kafka_folder: Path, kafka_topics: Settings, tmp_path: Path
) -> None:
    broker = running(kafka_folder)
    assert broker is not None
    port = free_port()
    with worker(environment_of(kafka_topics, tmp_path), tmp_path, "alone", port) as process:
        wait_until(lambda: ask(port, "/readyz")[0] == 200, 90, "readiness")
        of_worker, of_broker = listening(process.pid), listening(broker.pid)
    assert {number for _, number in of_worker} == {port}
    assert int(kafka.rpartition(":")[2]) in {number for _, number in of_broker}
    assert {host for host, _ in of_worker | of_broker} <= LOOPBACK
    assert Settings().metrics_host == HOST


# -- what is never done with a topic's bytes ------------------------------------------------------------------------

FORBIDDEN_MODULES = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_ATTRIBUTES = {"loads_pickle", "read_pickle", "load_pickle", "unsafe_load", "full_load"}
PACKAGES = ("schemas", "detectors", "stream", "simulation", "dashboards")


def forbidden(tree: ast.AST) -> list[str]:
    """What of a module could turn bytes into code."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom):
            names = {node.module or "", *(name.name for name in node.names)}
            found += [name for name in names if name.partition(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(node.func.id)
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            found.append(node.attr)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found.append("allow_pickle")
    return found


def test_nothing_unpickles_or_evaluates() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 100
    assert {path.name: found for path in modules if (found := forbidden(ast.parse(path.read_bytes())))} == {}


@pytest.mark.parametrize(
    "line", ["import pickle", "from marshal import loads", "eval(text)", "numpy.load(f, allow_pickle=True)",
             "pandas.read_pickle(f)", "from concurrent import dill"],
)  # fmt: skip
def test_the_search_finds_what_it_searches(line: str) -> None:
    assert forbidden(ast.parse(line))


def test_faust_is_given_no_serializer_that_unpickles() -> None:
    """Faust has a pickle codec; agents here carry raw chunks and tables hold bytes."""
    for path in (ROOT / "stream").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.keyword) and node.arg in ("key_serializer", "value_serializer", "serializer"):
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value in ("raw", None), path
