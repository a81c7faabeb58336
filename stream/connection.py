"""How do our Kafka clients reach the brokers that the settings name?

One set of settings, three clients: kafka-python (administration, the command line), aiokafka and Faust (the service).
"""

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
_BOOTSTRAP_TIMEOUT_MS = 10_000


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
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(
            f"the TLS files cannot be used: {error}", "tls_ca, tls_cert and tls_key must be readable PEM files"
        ) from error
    return context


@contextlib.contextmanager
def administration(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client of kafka-python, closed at the end.

    Raises `BrokerUnreachable` when no broker answers within ten seconds.
    """
    with kafka_errors_explained(settings):
        client = KafkaAdminClient(bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS, **kafka_python_options(settings))
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
        raise BrokerUnreachable(
            f"the broker at {settings.broker} cannot be used ({type(error).__name__}: {error})",
            "start one with 'fundwatch broker start', or set FUNDWATCH_BROKER (and FUNDWATCH_TLS…, FUNDWATCH_SASL_…)",
        ) from error
    finally:
        log.setLevel(level)


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
