"""Do the settings of TLS and SASL reach a real broker that insists on both, through each of the three clients?"""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import faust
import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from stream import topics
from stream.broker import HOST, free_port, running_broker
from stream.connection import BrokerUnreachable, administration, aiokafka_options, faust_options, kafka_python_options
from stream.errors import OperatorError
from stream.kafka_jars import required_program
from stream.secret import Secret
from stream.settings import Settings

STORE_PASSWORD = "only for the tests"
JAAS = "org.apache.kafka.common.security"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings for a broker whose one client listener takes TLS with SASL only, PLAIN and SCRAM."""
    directory = tmp_path_factory.mktemp("strict")
    store, certificate = made_certificate(directory)
    port, inner, controller = free_port(), free_port(), free_port()
    properties = {
        "listeners": f"CLIENTS://{HOST}:{port},INNER://{HOST}:{inner},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CLIENTS://{HOST}:{port},INNER://{HOST}:{inner}",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INNER",
        "ssl.keystore.location": str(store),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.password": STORE_PASSWORD,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.clients.plain.sasl.jaas.config": f'{JAAS}.plain.PlainLoginModule required user_worker="hush";',
        "listener.name.clients.scram-sha-512.sasl.jaas.config": f"{JAAS}.scram.ScramLoginModule required;",
    }
    scram = ["--add-scram", "SCRAM-SHA-512=[name=worker,password=hush]"]
    with running_broker(directory / "kafka", port, properties, scram) as address:
        yield Settings(
            broker=address,
            prefix="strict.",
            partitions=1,
            tls=True,
            tls_ca=certificate,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_user="worker",
            sasl_password=Secret("hush"),
        )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_kafka_python_gets_through_tls_and_sasl(strict: Settings, mechanism: str) -> None:
    settings = msgspec.structs.replace(strict, sasl_mechanism=mechanism)
    topics.create(settings)
    assert topics.check(settings) == []


def test_aiokafka_gets_through_tls_and_sasl(strict: Settings) -> None:
    async def names() -> list[str]:
        admin = AIOKafkaAdminClient(**aiokafka_options(strict))
        await admin.start()
        try:
            return list(await admin.list_topics())
        finally:
            await admin.close()

    topics.create(strict)
    assert strict.topic(topics.ALERTS) in asyncio.run(names())


def test_faust_gets_the_same_credentials(strict: Settings) -> None:
    options = faust_options(strict)
    credentials = options["broker_credentials"]
    assert isinstance(credentials, faust.SASLCredentials)
    assert credentials.protocol.value == aiokafka_options(strict)["security_protocol"] == "SASL_SSL"
    assert (credentials.mechanism.value, credentials.username, credentials.password) == (
        "SCRAM-SHA-512",
        "worker",
        "hush",
    )
    assert credentials.ssl_context is not None
    assert options["broker"] == [f"kafka://{strict.broker}"]


@pytest.mark.parametrize(
    "wrong",
    [{"sasl_password": Secret("shout")}, {"tls_ca": None}, {"tls": False, "tls_ca": None}],
    ids=["a wrong password", "an unknown certificate", "no TLS"],
)
def test_who_should_not_get_in_does_not(
    strict: Settings, wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.connection.BOOTSTRAP_TIMEOUT_MS", 1500)
    settings = msgspec.structs.replace(strict, **wrong)
    with pytest.raises(BrokerUnreachable) as caught, administration(settings):
        pass
    assert "hush" not in str(caught.value)
    assert "shout" not in str(caught.value)


def test_without_tls_and_sasl_nothing_is_said_of_them() -> None:
    settings = Settings(broker="a:1,b:2")
    expected = {"bootstrap_servers": ["a:1", "b:2"], "client_id": "fundwatch", "security_protocol": "PLAINTEXT"}
    assert kafka_python_options(settings) == aiokafka_options(settings) == expected
    assert faust_options(settings) == {"broker": ["kafka://a:1", "kafka://b:2"]}


def test_tls_alone_is_given_to_faust_as_tls(strict: Settings) -> None:
    settings = Settings(tls=True, tls_ca=strict.tls_ca)
    assert isinstance(faust_options(settings)["broker_credentials"], faust.SSLCredentials)
    assert kafka_python_options(settings)["security_protocol"] == "SSL"


def test_a_file_that_is_no_certificate_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(OperatorError, match="TLS files cannot be used"):
        kafka_python_options(Settings(tls=True, tls_ca=tmp_path / "ca.pem"))


def made_certificate(directory: Path) -> tuple[Path, Path]:
    """A key store for the broker and its self-signed certificate, by the keytool that comes with Java."""
    keytool = required_program("keytool", "openjdk-17-jre-headless")
    store, certificate = directory / "key.p12", directory / "ca.pem"
    name = ["-alias", "broker", "-keystore", str(store), "-storetype", "PKCS12", "-storepass", STORE_PASSWORD]
    key = ["-dname", f"CN={HOST}", "-ext", f"SAN=IP:{HOST}", "-ext", "BC=ca:true", "-keyalg", "EC", "-validity", "2"]
    subprocess.run([keytool, "-genkeypair", *name, *key], check=True, capture_output=True)
    subprocess.run([keytool, "-exportcert", "-rfc", *name, "-file", str(certificate)], check=True, capture_output=True)
    return store, certificate
