"""Does everything work against a broker that insists on TLS, users and certificates, and is who is refused told why?

What each client is given is tested in test_connection.py; here commands and the service run end to end, and every
mistake that an operator can make gets one sentence with its cure, in bounded time, without the secret.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from stream import refusal
from stream.broker import HOST, free_port
from stream.cli import fundwatch
from stream.connection import aiokafka_options, tls_context
from stream.errors import OperatorError
from stream.secret import Secret
from stream.settings import Settings
from tests.checks import Story
from tests.engine_run import EngineRun
from tests.secure_brokers import MECHANISMS, PASSWORD, SecureBroker, environment_of
from tests.service_runs import comparable, published
from tests.test_contract import subject_of
from tests.test_worker_command import fundwatch_worker
from tests.toy_runs import ROOT, wait_until

STORY = next(story for story in subject_of("household_together").hits if story.name == "hit-twice-together")
NO_USER: dict[str, object] = {"sasl_mechanism": None, "sasl_user": None, "sasl_password": None}
NO_CERTIFICATE: dict[str, object] = {"tls_cert": None, "tls_key": None}
NO_TLS: dict[str, object] = {"tls": False, "tls_ca": None, **NO_CERTIFICATE}
WRONG = "not-the-password"
LONGEST_REFUSAL = 40.0  # seconds of a whole command on a busy machine: ten for the clients, one or two to say why


WAYS_IN = {
    "TLS and PLAIN": ("users", "PLAIN"),
    "a certificate and SCRAM-SHA-512": ("both", "SCRAM-SHA-512"),
    "TLS and SCRAM-SHA-256": ("users", "SCRAM-SHA-256"),
    "a certificate of one's own": ("certified", None),
}
FEW = 2  # between them TLS, a certificate, and both kinds of password; the others are other parts of the same


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[pytest.mark.soak] if n >= FEW else []) for n, way in enumerate(WAYS_IN)]
)
def test_the_whole_service_works_over(way: str, secure: SecureBroker, tmp_path: Path) -> None:
    """topics create, load, worker (its group, its group-less consumers, its transactions), alerts, replay of the topic."""
    listener, mechanism = WAYS_IN[way]
    name = f"{listener}-{mechanism}."
    settings: Settings = structs.replace(
        getattr(secure, listener), prefix=name, group=name, data=tmp_path / "data", sasl_mechanism=mechanism
    )
    environment = environment_of(settings, tmp_path)
    expected = EngineRun(STORY.records).take(STORY.sent)
    command(environment, "topics", "create")
    command(environment, "topics", "check")
    for topic, path in files_of(STORY, tmp_path).items():
        command(environment, "load", "--topic", topic, *(["--no-mark"] if topic == "transactions" else []), str(path))
    log = tmp_path / "worker.log"
    with fundwatch_worker(settings, log, free_port(), **environment) as worker:
        told = expected.open_alerts()
        wait_until(
            lambda: set(comparable(published(settings))) == set(told) or bool(worker.poll()), 120, log.read_text()
        )
        assert worker.poll() is None, log.read_text()
        worker.terminate()
        assert worker.wait(30) == 0, log.read_text()
    listed = command(environment, "alerts", "list", "--json")
    assert listed.count("household_together:") >= 1
    command(environment, "replay", f"kafka://{settings.broker}/{name}transactions",
            *(word for topic in ("institutions", "persons", "catalogue") for word in (f"--{topic}", str(tmp_path / topic))),
            "--out", str(tmp_path / "alerts.jsonl"))  # fmt: skip
    assert (tmp_path / "alerts.jsonl").read_bytes().count(b"\n") == len(expected.newest())
    assert PASSWORD not in log.read_text()


MISTAKES: dict[str, tuple[str, dict[str, object], str]] = {
    "a wrong password": ("users", {"sasl_password": Secret(WRONG)}, "does not accept the user 'worker'.*PASSWORD_FILE"),
    "an unknown user": ("users", {"sasl_user": "mallory"}, "does not accept the user 'mallory'.*FUNDWATCH_SASL_USER"),
    "no user": ("users", NO_USER, "it wants a user.*FUNDWATCH_SASL_MECHANISM"),
    "a user where none is asked for": (
        "misnamed",
        {"sasl_mechanism": "PLAIN", "sasl_user": "worker", "sasl_password": Secret(WRONG)},
        "certificate is for another name",  # nothing is sent to who is not verified
    ),
    "an unknown CA": ("users", {"tls_ca": None}, "certificate is not trusted.*FUNDWATCH_TLS_CA"),
    "another host's name": ("misnamed", {}, f"certificate is for another name than {HOST}.*FUNDWATCH_BROKER"),
    "no TLS": ("users", NO_TLS, "it wants TLS.*FUNDWATCH_TLS=true"),
    "neither TLS nor user": ("users", NO_TLS | NO_USER, "it wants TLS.*FUNDWATCH_TLS=true"),
    "no certificate": ("certified", NO_CERTIFICATE, "wants a client certificate.*FUNDWATCH_TLS_CERT"),
    "no certificate beside the user": ("both", NO_CERTIFICATE, "wants a client certificate.*FUNDWATCH_TLS_CERT"),
    "nobody there": ("users", {"broker": f"{HOST}:1"}, "broker start.*FUNDWATCH_BROKER"),
}


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_cure(mistake: str, mechanism: str, secure: SecureBroker) -> None:
    listener, wrong, expected = MISTAKES[mistake]
    right: Settings = getattr(secure, listener)
    settings = structs.replace(right, **wrong)
    if settings.sasl_mechanism is None and mechanism != "PLAIN":
        return  # the same again
    if settings.sasl_mechanism is not None:
        settings = structs.replace(settings, sasl_mechanism=mechanism)
    found = refusal.why_refused(settings, aiokafka_options(settings))
    assert found is not None
    said = " | ".join(found)
    assert_matches(expected, said)
    assert PASSWORD not in said
    assert WRONG not in said


def test_a_certificate_of_another_ca_is_named(secure: SecureBroker) -> None:
    cert, key = secure.stranger
    settings = structs.replace(secure.certified, tls_cert=cert, tls_key=key)
    found = refusal.why_refused(settings, aiokafka_options(settings))
    assert found is not None
    assert "does not accept our client certificate" in found.reason


def test_who_is_let_in_is_not_refused_and_asking_works_inside_a_running_loop(secure: SecureBroker) -> None:
    async def ask() -> object:
        return refusal.why_refused(secure.both, aiokafka_options(secure.both))

    assert asyncio.run(ask()) is None


def test_tls_to_a_plain_port_is_named(kafka: str) -> None:
    settings = Settings(broker=kafka, tls=True)
    found = refusal.why_refused(settings, aiokafka_options(settings))
    assert found is not None
    assert "does not speak TLS" in found.reason


def test_a_broker_that_never_answers_is_given_up_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "_TRY_SECONDS", 0.5)
    with socket.create_server((HOST, 0)) as silent:
        settings = Settings(broker=f"{HOST}:{silent.getsockname()[1]}")
        began = time.monotonic()
        found = refusal.why_refused(settings, aiokafka_options(settings))
    assert time.monotonic() - began < 10
    assert found is not None
    assert "does not answer" in found.reason


COMMANDS = {
    "topics create": ("topics", "create"),
    "load": ("load", "--topic", "transactions", "{story}"),
    "alerts list": ("alerts", "list"),
    "dead-letters list": ("dead-letters", "list"),
    "replay": ("replay", "kafka://{broker}/fund.transactions", "--out", "{folder}/alerts.jsonl"),
    "worker": ("worker",),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mistake", ["a wrong password", "no TLS"])
def test_every_command_says_the_mistake_in_one_line_and_ends_with_1(
    mistake: str, secure: SecureBroker, tmp_path: Path
) -> None:
    listener, wrong, expected = MISTAKES[mistake]
    settings = structs.replace(getattr(secure, listener), data=tmp_path / "data", **wrong)
    environment = os.environ | environment_of(settings, tmp_path) | {"PYTHONPATH": str(ROOT)}
    story = files_of(STORY, tmp_path)["transactions"]
    began, runs = time.monotonic(), {}
    for name, words in COMMANDS.items():  # side by side: each waits ten seconds for a broker that might be starting
        filled = [word.format(story=story, broker=settings.broker, folder=tmp_path) for word in words]
        runs[name] = subprocess.Popen(
            [sys.executable, "-c", "from stream.cli import main; main()", *filled],
            env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    for name, process in runs.items():
        out, err = process.communicate(timeout=4 * LONGEST_REFUSAL)
        assert process.returncode == 1, (name, out, err)
        assert_matches(expected, err.splitlines()[-1])
        assert len(err.splitlines()) == 1, (name, err)
        assert PASSWORD not in out + err
        assert WRONG not in out + err
    assert time.monotonic() - began < LONGEST_REFUSAL * 2  # six at once on two cores


def test_a_key_with_a_password_is_an_error_and_asks_nobody_for_it(secure: SecureBroker, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    assert secure.both.tls_key is not None
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", secure.both.tls_key, "-passout", "pass:sesame", "-out", locked],
        check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    with pytest.raises(OperatorError, match="TLS files cannot be used.*without a password"):
        tls_context(structs.replace(secure.both, tls_key=locked))


def command(environment: dict[str, str], *words: str) -> str:
    """Standard output of one command in this process; it must succeed."""
    result = CliRunner().invoke(fundwatch, list(words), env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    return result.stdout


def files_of(story: Story, folder: Path) -> dict[str, Path]:
    """A story as files that `fundwatch load` takes, by topic."""
    contents = {
        "institutions": story.records.institutions, "persons": story.records.persons,
        "catalogue": story.records.catalogue, "transactions": [line for line in story.sent if b'"infno"' in line],
    }  # fmt: skip
    for name, lines in contents.items():
        (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))
    return {name: folder / name for name, lines in contents.items() if lines}


def assert_matches(pattern: str, said: str) -> None:
    assert re.search(pattern, said), said
