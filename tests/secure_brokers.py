"""A broker that requires what an operator would require of it: a CA of its own, users, client certificates.

Every listener refuses whom it should. There is no plain one, not even for the broker itself (but for its own controller, on
loopback). Certificates are made by `openssl`, which Debian installs with Java; Kafka and our clients read the same PEM files.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from stream.broker import HOST, free_port, running_broker
from stream.kafka_jars import required_program
from stream.secret import Secret
from stream.settings import Settings, environment_name

USER, PASSWORD = "worker", "correct-horse-battery-staple"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_LISTENERS = {"USERS": "SASL_SSL", "CERTIFIED": "SSL", "BOTH": "SASL_SSL", "MISNAMED": "SSL"}
_JAAS = "org.apache.kafka.common.security"
_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Certificate(NamedTuple):
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class SecureBroker(NamedTuple):
    """Settings for each listener; every one is right, to be made wrong by the test."""

    users: Settings  # TLS and a user
    certified: Settings  # TLS and a client certificate
    both: Settings
    misnamed: Settings  # TLS; the broker's certificate is for another host
    stranger: Certificate  # of a CA that the broker does not know


class Authority:
    """A CA of the test's own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.own = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
        _openssl("req", "-x509", *_EC, "-subj", f"/CN={name}", "-days", "2", "-addext", "keyUsage=critical,keyCertSign",
                 "-keyout", self.own.key, "-out", self.own.certificate)  # fmt: skip

    def certify(self, name: str, alternative: str) -> Certificate:
        """A certificate signed by this CA, for a host (`DNS:…`, `IP:…`) or a client."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n")
        _openssl("req", *_EC, "-subj", f"/CN={name}", "-keyout", made.key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.own.certificate, "-CAkey", self.own.key, "-CAcreateserial",
                 "-days", "2", "-extfile", extensions, "-out", made.certificate)  # fmt: skip
        return made


@contextmanager
def secure_broker(folder: Path) -> Iterator[SecureBroker]:
    """Such a broker for the time of a `with` block."""
    authority, unknown = Authority(folder, "county-ca"), Authority(folder, "unknown-ca")
    ports = {name: free_port() for name in (*_LISTENERS, "CONTROLLER")}
    properties = _properties(folder, authority, ports)
    scram = [f"{mechanism}=[name={USER},password={PASSWORD}]" for mechanism in MECHANISMS if mechanism != "PLAIN"]
    arguments = [word for credential in scram for word in ("--add-scram", credential)]
    client, stranger = authority.certify("worker", "DNS:worker"), unknown.certify("stranger", "DNS:worker")
    with running_broker(folder / "kafka", ports["USERS"], properties, arguments):
        users = Settings(
            broker=f"{HOST}:{ports['USERS']}", partitions=1, metrics_port=0, tls=True, tls_ca=authority.own.certificate,
            sasl_mechanism="SCRAM-SHA-512", sasl_user=USER, sasl_password=Secret(PASSWORD),
        )  # fmt: skip
        both = structs.replace(users, broker=f"{HOST}:{ports['BOTH']}", tls_cert=client.certificate, tls_key=client.key)
        nobody = {"sasl_mechanism": None, "sasl_user": None, "sasl_password": None}
        certified = structs.replace(both, broker=f"{HOST}:{ports['CERTIFIED']}", **nobody)
        misnamed = structs.replace(users, broker=f"{HOST}:{ports['MISNAMED']}", **nobody)
        yield SecureBroker(users, certified, both, misnamed, stranger)


def _properties(folder: Path, authority: Authority, ports: dict[str, int]) -> dict[str, str]:
    here, elsewhere = (
        _store(folder, authority.certify(name, alternative))
        for name, alternative in (("broker", f"IP:{HOST}"), ("elsewhere", "DNS:kafka.elsewhere.example"))
    )
    places = {name: f"{name}://{HOST}:{port}" for name, port in ports.items()}
    protocols = _LISTENERS | {"CONTROLLER": "PLAINTEXT"}
    plain = f'{_JAAS}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    of_users = {
        f"listener.name.{name}.{mechanism.lower()}.sasl.jaas.config": (
            plain if mechanism == "PLAIN" else f"{_JAAS}.scram.ScramLoginModule required;"
        )
        for name in ("users", "both")
        for mechanism in MECHANISMS
    }
    return of_users | {
        "listeners": ",".join(places.values()),
        "advertised.listeners": ",".join(place for name, place in places.items() if name != "CONTROLLER"),
        "controller.quorum.voters": f"1@{HOST}:{ports['CONTROLLER']}",
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "inter.broker.listener.name": "CERTIFIED",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(here),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.own.certificate),
        "listener.name.certified.ssl.client.auth": "required",
        "listener.name.both.ssl.client.auth": "required",
        "listener.name.misnamed.ssl.keystore.type": "PEM",
        "listener.name.misnamed.ssl.keystore.location": str(elsewhere),
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
    }


def _store(folder: Path, made: Certificate) -> Path:
    """One file with key and certificate, as Kafka wants it."""
    store = folder / f"{made.key.stem}.store.pem"
    store.write_text(made.key.read_text() + made.certificate.read_text())
    return store


def _openssl(*arguments: str | Path) -> None:
    openssl = required_program("openssl", "openssl")
    subprocess.run([openssl, *map(str, arguments)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


def environment_of(settings: Settings, folder: Path) -> dict[str, str]:
    """The settings as an operator gives them: secrets in files, nothing secret in the environment."""
    secrets = {"sasl_password": settings.sasl_password, "pseudonym_key": settings.pseudonym_key}
    given: dict[str, object] = {
        name: value for name, value in structs.asdict(settings).items() if value is not None and name not in secrets
    }
    for name, secret in secrets.items():
        if secret is not None:
            path = folder / f"{name}.secret"
            path.write_text(secret.reveal() + "\n")
            path.chmod(0o600)
            given[f"{name}_file"] = path
    return {environment_name(name): str(value).lower() if value in (True, False) else str(value)
            for name, value in given.items()}  # fmt: skip
