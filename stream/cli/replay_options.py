"""The options that `fundwatch replay` and `fundwatch backtest` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.argument("sources", metavar="SOURCE…", nargs=-1, required=True),
    click.option("--institutions", type=_FILE, help="Master records of institutions, as on fund.institutions."),
    click.option("--persons", type=_FILE, help="Reference records of persons, as on fund.persons."),
    click.option("--catalogue", type=_FILE, help="Catalogue records, as on fund.catalogue."),
    click.option("--rules", "rules_file", type=_FILE, help="Parameters of the rules (rules.toml)."),
    click.option(
        "--set", "assignments", multiple=True, metavar="RULE.PARAMETER=VALUE", help="One parameter; may be repeated."
    ),
    click.option("--only", metavar="RULE,…", help="Only these rules."),
    click.option(
        "--from", "start", metavar="T", help="Alerts raised before T are left out: what comes before is warm-up."
    ),
    click.option("--until", "end", metavar="T", help="Nothing after T is replayed."),
    click.option(
        "--warm-up",
        "warm_up_days",
        metavar="DAYS",
        type=click.FloatRange(min=0),
        help="How much of the history before --from is read (default: all of it).",
    ),
    click.option(
        "--jobs", type=click.IntRange(1, 16), default=1, show_default=True, help="Processes; alerts are the same."
    ),
    click.option(
        "--snapshot",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Go on from this file where it is there; where the run ends or is stopped is written into it.",
    ),
    click.option(
        "--snapshot-at",
        metavar="T",
        help="Write --snapshot at T instead, as a start for other runs; it is kept as it is.",
    ),
)


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds them, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check(options: dict[str, Any]) -> None:
    """Raises `click.UsageError` for options that do not go together."""
    if options["snapshot_at"] is not None and options["snapshot"] is None:
        raise click.UsageError("--snapshot-at needs --snapshot FILE")
