"""The service: one worker of the group."""

from pathlib import Path

import click

from stream.cli import Invocation


@click.command()
@click.option("--name", default="1", show_default=True, help="Name of this worker in its log and its data folder.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Data folder (default: .fundwatch).")
@click.option(
    "--metrics-port", type=int, metavar="P", help="Port of /metrics, /healthz and /readyz (default 9464; 0: any)."
)
@click.pass_obj
def command(invocation: Invocation, name: str, data: Path | None, metrics_port: int | None) -> None:
    """Runs the service: transactions in, alerts out. Stops cleanly on SIGTERM and SIGINT.

    More workers of the same group share the partitions. The log goes to standard error, one JSON object a line.

    Example: fundwatch worker --name a --metrics-port 9465
    """
    import asyncio

    from stream.logs import write_logs
    from stream.rules_file import configured_rules
    from stream.serve import check_topics, serve

    settings = invocation.settings({"data": data, "metrics_port": metrics_port})
    rules = configured_rules(settings.rules)
    write_logs(level=settings.log_level)
    check_topics(settings)
    asyncio.run(serve(settings, rules, name))
