"""`fundwatch simulate`: a made county with schemes hidden in it."""

import sys
import time
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulation.county import START, Summary, simulate
from simulation.schemes import available, chosen


def _schemes(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    try:
        return chosen(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _run(folder: Path, days: int, persons: int, seed: int, schemes: list[str], start: date) -> Summary:
    if not sys.stderr.isatty():
        return simulate(folder, days, persons, seed, schemes, start)
    columns = (TextColumn("days"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("days", total=days)
        return simulate(folder, days, persons, seed, schemes, start, lambda done: bar.update(task, completed=done))


@click.command(
    "simulate",
    epilog="Example: fundwatch simulate county/ --days 60 --persons 20000 --seed 7 --schemes bed_holding,drug_volume",
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--days", type=click.IntRange(1, 3_660), required=True, help="Length of the period.")
@click.option("--persons", type=click.IntRange(200, 20_000_000), required=True, help="Insured people of the county.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), required=True, help="The same seed gives the same bytes.")
@click.option(
    "--schemes", "schemes", default="all", show_default=True, callback=_schemes,
    help=f"What is hidden: all, none, or some of {', '.join(available())} with commas between them.",
)  # fmt: skip
@click.option(
    "--start", type=click.DateTime(["%Y-%m-%d"]), default=START.isoformat(), show_default=True, metavar="yyyy-MM-dd",
    help="First day of the period.",
)  # fmt: skip
def command(folder: Path, days: int, persons: int, seed: int, schemes: list[str], start: datetime) -> None:
    """Make a county that lives, with schemes hidden in it.

    Writes transactions.jsonl, institutions.jsonl, persons.jsonl, catalogue.jsonl and truth.jsonl into DIR, and says on
    standard output how many transactions a second it made.
    """
    began = time.monotonic()
    try:
        summary = _run(folder, days, persons, seed, schemes, start.date())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--start") from None
    except OSError as error:
        raise click.ClickException(f"cannot write the county: {error}") from None
    seconds = time.monotonic() - began
    rate = summary.transactions / seconds if seconds else 0.0
    click.echo(
        f"{summary.transactions} transactions ({summary.written_bytes / 1e6:.1f} MB), {summary.labels} labels "
        f"in {seconds:.1f} s, {rate:.0f} per second"
    )
