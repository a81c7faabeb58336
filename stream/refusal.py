"""Why does the broker not let us in? Asked once, after a client has given up.

The clients only say that they could not start: they go on to the next address whatever the reason was. Here one
connection is tried by itself, as the settings say, and what it fails with is put into words with its cure. No secret is in
them: they name the user and the mechanism, never the password.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from stream.settings import Settings

_TRY_SECONDS = 5.0
_ALERT_SECONDS = 1.0
_MOST_TRIED = 3  # addresses
_OTHER_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_EXPIRED = {9, 10}  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED

START_OR_ADDRESS = "start one with 'fundwatch broker start', or correct FUNDWATCH_BROKER"


class Refusal(NamedTuple):
    """What stands between us and the broker, and the cure."""

    reason: str
    cure: str


def why_refused(settings: Settings, options: dict[str, Any]) -> Refusal | None:
    """What one connection with these options of aiokafka fails with; None where one is let in now.

    Takes at most `_TRY_SECONDS` for each of the first `_MOST_TRIED` addresses. Works with and without a running loop.
    """
    with ThreadPoolExecutor(1) as thread, _quiet():
        return thread.submit(asyncio.run, _first_answer(settings, options)).result()


async def _first_answer(settings: Settings, options: dict[str, Any]) -> Refusal | None:
    refusal: Refusal | None = None
    for address in settings.brokers()[:_MOST_TRIED]:
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(_TRY_SECONDS):
                refusal = await _answer_of(settings, options, host.strip("[]"), int(port))
        except TimeoutError:
            refusal = Refusal(f"{address} does not answer within {_TRY_SECONDS:.0f} s", START_OR_ADDRESS)
        if refusal is None:
            return None
    return refusal


async def _answer_of(settings: Settings, options: dict[str, Any], host: str, port: int) -> Refusal | None:
    security = {name: value for name, value in options.items() if name not in ("bootstrap_servers", "client_id")}
    try:
        connection = await create_conn(host, port, **security)
        try:
            await connection.send(MetadataRequest([]))  # a listener that wants SASL, or a certificate, ends here
        finally:
            connection.close()
    except ssl.SSLError as error:
        return await _refused_by_tls(settings, options, host, port, error)
    except SaslAuthenticationFailed:
        return Refusal(
            f"it does not accept the user {settings.sasl_user!r} with this password ({settings.sasl_mechanism})",
            "correct FUNDWATCH_SASL_USER and FUNDWATCH_SASL_PASSWORD_FILE",
        )
    except UnsupportedSaslMechanismError:
        return Refusal(f"it does not take {settings.sasl_mechanism}", "choose another FUNDWATCH_SASL_MECHANISM")
    except IllegalSaslStateError:
        return Refusal("it does not ask for a user there", "drop FUNDWATCH_SASL_…, or use the port that wants SASL")
    except (KafkaConnectionError, ConnectionResetError, BrokenPipeError):
        return await _hung_up(settings, options, host, port)
    except OSError as error:
        return Refusal(f"{host}:{port}: {error.strerror or type(error).__name__}", START_OR_ADDRESS)
    except (KafkaError, ValueError) as error:  # ValueError: the server's SCRAM proof is wrong
        return Refusal(f"it answers with {type(error).__name__}", "see the broker's log")
    return None


async def _refused_by_tls(
    settings: Settings, options: dict[str, Any], host: str, port: int, error: ssl.SSLError
) -> Refusal:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _OTHER_NAME:
            return Refusal(
                f"its certificate is for another name than {host}",
                "give the broker in FUNDWATCH_BROKER the name that its certificate bears",
            )
        cure = "renew the broker's certificate" if error.verify_code in _EXPIRED else _GIVE_CA
        return Refusal(f"its certificate is not trusted ({error.verify_message})", cure)
    if "ALERT" in (error.reason or ""):
        return _no_certificate(settings)
    return await _hung_up(settings, options, host, port)


async def _hung_up(settings: Settings, options: dict[str, Any], host: str, port: int) -> Refusal:
    """It closed the connection without a word: what does it speak, then?"""
    speaks_tls = await _speaks_tls(host, port)
    if settings.tls and not speaks_tls:
        return Refusal("it does not speak TLS there", "use its TLS port, or set FUNDWATCH_TLS=false")
    if speaks_tls and not settings.tls:
        return Refusal("it wants TLS", "set FUNDWATCH_TLS=true and FUNDWATCH_TLS_CA")
    if settings.tls and await _alarmed_after_handshake(options["ssl_context"], host, port):
        return _no_certificate(settings)
    if settings.sasl_mechanism is None:
        return Refusal("it closes the connection: it wants a user", _GIVE_USER)
    return Refusal("it closes the connection", "see the broker's log")


def _no_certificate(settings: Settings) -> Refusal:
    if settings.tls_cert is None:
        return Refusal("it wants a client certificate", _GIVE_CERT)
    return Refusal("it does not accept our client certificate", "correct FUNDWATCH_TLS_CERT and FUNDWATCH_TLS_KEY")


async def _alarmed_after_handshake(context: ssl.SSLContext, host: str, port: int) -> bool:
    """Since TLS 1.3 our handshake has ended before the other side has looked at our certificate."""
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        async with asyncio.timeout(_ALERT_SECONDS):
            await reader.read(1)
    except TimeoutError:  # it waits for us to begin
        return False
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    finally:
        writer.close()
    return False


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake begins there. Nothing is sent over it, so nobody needs to be trusted for it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it refused us in TLS
    except OSError:
        return False
    writer.close()
    return True


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What aiokafka's and asyncio's logs would say of this one connection is what we are about to say."""
    logs = [logging.getLogger(name) for name in ("aiokafka", "asyncio")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


_GIVE_CA = "give the CA that signed it: FUNDWATCH_TLS_CA"
_GIVE_CERT = "give one: FUNDWATCH_TLS_CERT and FUNDWATCH_TLS_KEY"
_GIVE_USER = "give one: FUNDWATCH_SASL_MECHANISM, FUNDWATCH_SASL_USER, FUNDWATCH_SASL_PASSWORD_FILE"
