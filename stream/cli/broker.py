"""Runs a real Kafka on this laptop."""

from pathlib import Path

import click

from stream.cli import Invocation
from stream.errors import OperatorError
from stream.settings import Settings

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), help="Keep its files in DIR/broker (default: .fundwatch)."
)


@click.group()
def command() -> None:
    """The real Kafka for a laptop: jars from Maven, one process, loopback only.

    Example: fundwatch broker start && fundwatch topics create
    """


@command.command()
@_DATA
@click.pass_obj
def start(invocation: Invocation, data: Path | None) -> None:
    """Starts it and waits until it serves; when it runs already, says so.

    Example: FUNDWATCH_BROKER=127.0.0.1:19092 fundwatch broker start
    """
    from stream import broker

    settings = invocation.settings({"data": data})
    directory = settings.data / "broker"
    before = broker.running(directory)
    wanted = f"{broker.HOST}:{_loopback_port(settings)}"
    if before is not None and before.address != wanted:
        raise OperatorError(
            f"the broker of {directory} runs already, at {before.address}",
            f"set FUNDWATCH_BROKER={before.address}, or stop it with 'fundwatch broker stop', or give another --data",
        )
    running = before or broker.start(directory, _loopback_port(settings))
    verb = "already running" if before else "started"
    click.echo(f"{verb}: {running.address} (process {running.pid}, {directory})")


@command.command()
@_DATA
@click.pass_obj
def stop(invocation: Invocation, data: Path | None) -> None:
    """Stops it, by its own process id; its topics stay on disk.

    Example: fundwatch broker stop
    """
    from stream import broker

    directory = invocation.settings({"data": data}).data / "broker"
    click.echo(f"stopped ({directory})" if broker.stop(directory) else f"not running ({directory})")


@command.command()
@_DATA
@click.pass_obj
def status(invocation: Invocation, data: Path | None) -> None:
    """Says where it runs; exits with 1 when it does not.

    Example: fundwatch broker status
    """
    from stream import broker

    directory = invocation.settings({"data": data}).data / "broker"
    running = broker.running(directory)
    if running is None:
        raise OperatorError(f"no broker runs with the folder {directory}", "start one with 'fundwatch broker start'")
    click.echo(f"running: {running.address} (process {running.pid}, {directory})")


@command.command()
def fetch() -> None:
    """Fetches Kafka's jars with Maven, when they are not here yet.

    Example: fundwatch broker fetch
    """
    from stream.kafka_jars import fetched_jars

    click.echo(str(fetched_jars()))


def _loopback_port(settings: Settings) -> int:
    """The port of the one loopback address in the settings."""
    host, _, port = settings.broker.rpartition(":")
    if host not in ("127.0.0.1", "localhost") or not 1 <= int(port) <= 65535:
        raise OperatorError(
            f"the laptop's broker listens on one port of 127.0.0.1, not on {settings.broker}",
            "set FUNDWATCH_BROKER=127.0.0.1:9092 (any port from 1 to 65535)",
        )
    return int(port)
