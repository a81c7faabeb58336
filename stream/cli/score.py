"""Scores a bare numeric series."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", metavar="FILE.csv")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the rows go (default: standard output)."
)
@click.option("--timestamp", default="timestamp", show_default=True, metavar="NAME", help="The column of the times.")
@click.option("--value", default="value", show_default=True, metavar="NAME", help="The column of the readings.")
def command(file: str, out: Path | None, timestamp: str, value: str) -> None:
    """Says of each row of a numeric series how surprising it is, by what came before it.

    FILE.csv (plain or gzip, - for standard input) has a head and one row a reading, oldest first. Its rows come out as they are
    with two columns more: score, from 0 to 1 (one half: rarer than one reading in some thousands; 0.9: one in a million), and
    expected, what the reading should have been. A row's score never depends on what follows. What lasts is told
    once: a spike, a new level or an outage is one high score.

    \b
    Times     yyyy-MM-dd HH:mm:ss, ISO 8601, or a count since 1970 (seconds to nanoseconds);
              any step, gaps and doubles allowed
    Readings  any finite numbers; an empty cell or NaN is a row without a reading:
              its score is empty too, and nothing is learned
    Warm-up   the first 100 readings score 0 (said in seconds on standard error);
              a daily course is known after two days, a weekly one after two weeks

    Example: fundwatch score cpu.csv --out cpu-scored.csv
    """
    from stream import score_run

    click.echo(score_run.run(file, out, (timestamp, value)), err=True)
