"""Are the rights of docs/security.md enough, and is who has fewer refused with a clear word? A broker with an authoriser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)
from msgspec import structs

from stream import topics
from stream.broker import HOST, free_port, running_broker
from stream.connection import administration
from stream.errors import OperatorError
from stream.secret import Secret
from stream.settings import Settings
from stream.topic_access import records_to_end
from tests.engine_run import EngineRun
from tests.secure_brokers import environment_of
from tests.service_runs import comparable, published
from tests.test_secure_broker import STORY, command, files_of
from tests.test_worker_command import fundwatch_worker
from tests.toy_runs import wait_until

PREFIX, GROUP = "fund.", "watch"
USERS = ("admin", "worker", "gateway", "consumer", "analyst", "nobody")
OP = ACLOperation
WRITTEN_BY_WORKER = ("alerts", "dead-letters", "transactions")
# docs/security.md, "What the broker must be told": user, kind of resource, its name (`*` at its end: all that begin so), rights
RIGHTS: tuple[tuple[str, ResourceType, str, tuple[ACLOperation, ...]], ...] = (
    ("worker", ResourceType.TOPIC, f"{PREFIX}*", (OP.READ, OP.DESCRIBE, OP.DESCRIBE_CONFIGS)),
    *(("worker", ResourceType.TOPIC, f"{PREFIX}{name}", (OP.WRITE,)) for name in WRITTEN_BY_WORKER),
    ("worker", ResourceType.TOPIC, f"{PREFIX}internal.*", (OP.WRITE,)),
    ("worker", ResourceType.GROUP, f"{GROUP}", (OP.READ,)),
    ("worker", ResourceType.TRANSACTIONAL_ID, f"{PREFIX}{GROUP}.*", (OP.WRITE, OP.DESCRIBE)),
    ("gateway", ResourceType.TOPIC, f"{PREFIX}*", (OP.WRITE, OP.DESCRIBE)),
    ("consumer", ResourceType.TOPIC, f"{PREFIX}alerts", (OP.READ,)),
    ("analyst", ResourceType.TOPIC, f"{PREFIX}transactions", (OP.READ,)),
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The admin's settings for a broker that lets nobody do anything that he was not given the right to do."""
    port, controller = free_port(), free_port()
    users = " ".join(f'user_{name}="of-{name}"' for name in USERS)
    properties = {
        "listeners": f"CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CLIENTS://{HOST}:{port}",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.clients.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required"
        f' username="admin" password="of-admin" {users};',
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:ANONYMOUS",  # the controller's listener, on loopback, has no users
    }
    with running_broker(tmp_path_factory.mktemp("guarded"), port, properties) as address:
        admin = Settings(
            broker=address, prefix=PREFIX, group=GROUP, partitions=1, metrics_port=0,
            sasl_mechanism="PLAIN", sasl_user="admin", sasl_password=Secret("of-admin"),
        )  # fmt: skip
        topics.create(admin)
        with administration(admin) as client:
            client.create_acls([acl for row in RIGHTS for acl in acls(*row)])
        analyst = structs.replace(admin, sasl_user="analyst", sasl_password=Secret("of-analyst"))
        wait_until(lambda: may_read(analyst, admin.topic(topics.TRANSACTIONS)), 30, "the broker to hear of the rights")
        yield admin


def may_read(settings: Settings, topic: str) -> bool:
    """Whether that user may read that topic."""

    async def read() -> int:
        return len([record async for record in records_to_end(settings, topic)])

    try:
        return asyncio.run(read()) >= 0
    except OperatorError:
        return False


def acls(user: str, kind: ResourceType, name: str, rights: tuple[ACLOperation, ...]) -> list[ACL]:
    pattern = ACLResourcePatternType.PREFIXED if name.endswith("*") else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(kind, name.rstrip("*"), pattern)
    return [ACL(f"User:{user}", "*", right, ACLPermissionType.ALLOW, resource) for right in rights]


def as_user(guarded: Settings, name: str, folder: Path) -> dict[str, str]:
    """That user's environment."""
    folder.mkdir(exist_ok=True)
    return environment_of(structs.replace(guarded, sasl_user=name, sasl_password=Secret(f"of-{name}")), folder)


@pytest.mark.timeout(300)
def test_the_rights_of_the_docs_are_enough(guarded: Settings, tmp_path: Path) -> None:
    told = EngineRun(STORY.records).take(STORY.sent).open_alerts()
    for topic, path in files_of(STORY, tmp_path).items():
        mark = ["--no-mark"] if topic == "transactions" else []
        command(as_user(guarded, "gateway", tmp_path / "gateway"), "load", "--topic", topic, *mark, str(path))
    log, worker_s = tmp_path / "worker.log", as_user(guarded, "worker", tmp_path / "worker")
    with fundwatch_worker(structs.replace(guarded, data=tmp_path / "data"), log, free_port(), **worker_s) as worker:
        wait_until(
            lambda: set(comparable(published(guarded))) == set(told) or worker.poll() is not None, 120, "the alerts"
        )
        assert worker.poll() is None, log.read_text()
        worker.terminate()
        assert worker.wait(30) == 0, log.read_text()
    listed = command(as_user(guarded, "consumer", tmp_path / "consumer"), "alerts", "list", "--json")
    assert "household_together:" in listed
    command(as_user(guarded, "analyst", tmp_path / "analyst"), "replay", f"kafka://{guarded.broker}/{PREFIX}transactions",
            "--out", str(tmp_path / "alerts.jsonl"))  # fmt: skip


@pytest.mark.parametrize("words", [("topics", "create"), ("alerts", "list")])
def test_who_has_no_rights_is_told_so_without_his_password(
    words: tuple[str, ...], guarded: Settings, tmp_path: Path
) -> None:
    with pytest.raises(OperatorError) as caught:
        command(as_user(guarded, "nobody", tmp_path), *words)
    assert "of-nobody" not in str(caught.value)
    assert re.search(r"docs/security.md|fundwatch topics create", str(caught.value))
