"""What tests share: one real Kafka for the session, and topics of one's own on it."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from stream import topics
from stream.broker import free_port, running_broker
from stream.settings import ENVIRONMENT_PREFIX, Settings
from tests.secure_brokers import SecureBroker, secure_broker

# The machine is shared and slow at times, so no example has a deadline; in CI the same examples come in every run.
hypothesis.settings.register_profile("laptop", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "laptop")


@pytest.fixture(autouse=True)
def _settings_of_this_machine_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A FUNDWATCH_… of the shell that runs the tests must not decide what they test."""
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def kafka_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's broker keeps its data."""
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture(scope="session")
def kafka(kafka_folder: Path) -> Iterator[str]:
    """The address of a real broker on a free port of loopback, started when the first test asks for it."""
    with running_broker(kafka_folder) as address:
        yield address


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A broker that insists on TLS, users and certificates, started when the first test asks for it."""
    with secure_broker(tmp_path_factory.mktemp("secure")) as broker:
        yield broker


@pytest.fixture
def kafka_settings(kafka: str, tmp_path: Path, new_prefix: Callable[[], str]) -> Settings:
    """The session's broker with a topic prefix, a group and a data folder of this test's own; no topics yet.

    A worker of two processes, which starts sooner than one of three.
    """
    prefix = new_prefix()
    return Settings(
        broker=kafka, prefix=prefix, group=f"{prefix}group", data=tmp_path / "data", partitions=2, metrics_port=0,
        processes=2,
    )  # fmt: skip


@pytest.fixture
def kafka_topics(kafka_settings: Settings) -> Settings:
    """`kafka_settings` with all topics created, two partitions each."""
    topics.create(kafka_settings)
    return kafka_settings


@pytest.fixture(scope="session")
def new_prefix() -> Callable[[], str]:
    """A topic prefix that no other test of this session has."""
    numbers = itertools.count(1)
    return lambda: f"test{next(numbers)}."


@pytest.fixture
def unused_port() -> int:
    """A port of loopback on which nobody listens at this moment."""
    return free_port()
