"""How do our Kafka clients reach the brokers that the settings name?

One set of settings, three clients: kafka-python (administration, the command line), aiokafka and Faust (the service).
"""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import Iterator
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from stream.errors import OperatorError
from stream.settings import Settings

CLIENT_ID = "fundwatch"
BOOTSTRAP_TIMEOUT_MS = 10_000


class BrokerUnreachable(OperatorError):
    """No broker answered, or it refused us.

    Operator action: start the broker, or correct the address and the TLS and SASL settings.
    """


def kafka_python_options(settings: Settings) -> dict[str, Any]:
    """Arguments for any client of kafka-python: addresses, TLS, SASL and the client's name."""
    return {"bootstrap_servers": settings.brokers(), "client_id": CLIENT_ID, **_security(settings)}


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Arguments for `AIOKafkaConsumer`, `AIOKafkaProducer` and the admin client of aiokafka."""
    return {"bootstrap_servers": settings.brokers(), "client_id": CLIENT_ID, **_security(settings)}


def faust_options(settings: Settings) -> dict[str, Any]:
    """Arguments for `faust.App`: `broker`, and `broker_credentials` where TLS or SASL is on."""
    import faust  # half a second, and only the service needs it

    options: dict[str, Any] = {"broker": [f"kafka://{address}" for address in settings.brokers()]}
    context = tls_context(settings)
    if settings.sasl_mechanism is not None and settings.sasl_password is not None:
        options["broker_credentials"] = faust.SASLCredentials(
            username=settings.sasl_user,
            password=settings.sasl_password.reveal(),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    elif context is not None:
        options["broker_credentials"] = faust.SSLCredentials(context=context)
    return options


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The context of an encrypted connection, or None without TLS; certificates and host names are always verified."""
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_cert is not None:
            # Without a password of ours OpenSSL would ask for one on the terminal, and wait.
            context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(
            f"the TLS files cannot be used: {error}",
            "tls_ca, tls_cert and tls_key must be readable PEM files, without a password",
        ) from error
    return context


@contextlib.contextmanager
def administration(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client of kafka-python, closed at the end.

    Raises `BrokerUnreachable` when no broker answers within ten seconds.
    """
    with kafka_errors_explained(settings):
        client = KafkaAdminClient(bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS, **kafka_python_options(settings))
        try:
            yield client
        finally:
            client.close()


@contextlib.contextmanager
def kafka_errors_explained(settings: Settings) -> Iterator[None]:
    """Turns what kafka-python raises inside into a `BrokerUnreachable` that names the address and the cure.

    Its own log is kept quiet meanwhile: it repeats the same trouble a dozen times before it raises.
    """
    log = logging.getLogger("kafka")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    except KafkaError as error:
        raise unreachable(settings, error) from error
    finally:
        log.setLevel(level)


def unreachable(settings: Settings, error: Exception) -> BrokerUnreachable:
    """The error of a client in words: what stands between us and the broker, and the cure.

    Tries one connection to find out, for some seconds at most.
    """
    from stream.refusal import START_OR_ADDRESS, why_refused  # aiokafka, only where something went wrong

    refusal = why_refused(settings, aiokafka_options(settings))
    if refusal is not None:
        return BrokerUnreachable(f"the broker at {settings.broker} cannot be used: {refusal.reason}", refusal.cure)
    said = f"{type(error).__name__}: {error}"
    cure = START_OR_ADDRESS
    if "AuthorizationFailed" in said:
        cure = "give its user the rights that docs/security.md lists"
    return BrokerUnreachable(f"the broker at {settings.broker} cannot be used ({said})", cure)


def _security(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": "SSL" if settings.tls else "PLAINTEXT"}
    if settings.sasl_mechanism is not None and settings.sasl_password is not None:
        options["security_protocol"] = "SASL_SSL" if settings.tls else "SASL_PLAINTEXT"
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_user
        options["sasl_plain_password"] = settings.sasl_password.reveal()
    if settings.tls:
        options["ssl_context"] = tls_context(settings)
    return options
