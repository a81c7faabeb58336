"""All of it in one go."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 730), default=90, show_default=True, help="Length of the county's history."
)
@click.option("--persons", type=click.IntRange(200, 1_000_000), default=15_000, show_default=True, help="Its insured.")
@click.option(
    "--seed", type=click.IntRange(0), default=7, show_default=True, help="The same seed makes the same county."
)
@click.option(
    "--partitions", type=click.IntRange(1, 64), default=4, show_default=True, help="Partitions of the topics."
)
@click.option(
    "--show", "shown", type=click.IntRange(0), default=2, show_default=True, help="Alerts shown of each rule."
)
@click.option("--lang", type=click.Choice(["zh", "en", "both"]), default="both", show_default=True, help="Language.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep everything in this new folder.")
@click.option(
    "--stay/--stop", "stays_up", default=None, help="Stay up after the summary, or stop (default: stay on a terminal)."
)
def command(
    days: int, persons: int, seed: int, partitions: int, shown: int, lang: str, data: Path | None, stays_up: bool | None
) -> None:
    """The main job on this machine: a real Kafka, a made county, the service, its alerts.

    Everything is in a temporary folder and on free ports of loopback, and is stopped at the end.

    Example: fundwatch demo --lang en --days 60 --stop
    """
    from typing import cast

    from simulation.county import simulate
    from simulation.schemes import available
    from stream import demo
    from stream.printing import Lang, console, is_terminal
    from stream.topic_access import quiet_client_log

    quiet_client_log()
    plan = demo.Plan(cast(Lang, lang), shown, partitions, is_terminal() if stays_up is None else stays_up, data)
    demo.run(plan, lambda folder: simulate(folder, days, persons, seed, available()).transactions, console())
