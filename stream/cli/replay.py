"""Replays a history through the engine, without a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stream.cli import EXIT_FAILURE, Invocation
from stream.cli.replay_options import check, replay_options


@click.command()
@replay_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where the alerts go.")
@click.option(
    "--history", is_flag=True, help="Every revision in the order of publishing, not only the newest of each alert."
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Where the summary goes, as JSON."
)
@click.pass_obj
def command(invocation: Invocation, /, out: Path, history: bool, json_file: Path | None, **options: Any) -> int:
    """Runs the engine over files, - (standard input) or kafka://host:port/topic, and writes the alerts.

    A folder as made by `fundwatch simulate` gives its transactions with its reference records; another one all its files of
    lines. The newest revision of every alert goes to --out, one a line, in order of alert_id. The same input gives the same
    bytes. Ctrl-C stops the run and writes what it has come to.

    Example: fundwatch replay county/ --set bed_holding.idle_days=4 --jobs 2 --out alerts.jsonl
    """
    from stream import replay_run

    check(options)
    options["rules_file"] = options["rules_file"] or invocation.settings().rules
    summary, is_partial = replay_run.run(replay_run.Asked(**options), invocation, out, history, json_file)
    click.echo(summary, err=True)
    return EXIT_FAILURE if is_partial else 0
