"""Do the settings of TLS and SASL reach a real broker that insists on both, through each of the three clients?"""

import asyncio
from pathlib import Path

import faust
import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from stream import topics
from stream.connection import BrokerUnreachable, administration, aiokafka_options, faust_options, kafka_python_options
from stream.errors import OperatorError
from stream.secret import Secret
from stream.settings import Settings
from tests.secure_brokers import PASSWORD, USER, SecureBroker


@pytest.fixture
def strict(secure: SecureBroker) -> Settings:
    """Settings for a listener that takes TLS with SASL only, PLAIN and SCRAM."""
    return msgspec.structs.replace(secure.users, prefix="strict.")


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
        USER,
        PASSWORD,
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
    assert PASSWORD not in str(caught.value)
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
