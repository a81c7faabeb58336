"""Replays a history through the engine, without a service."""

from __future__ import annotations

from pathlib import Path

import click

from stream.cli import Invocation

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("sources", metavar="SOURCE…", nargs=-1, required=True)
@click.option("--institutions", type=_FILE, help="Master records of institutions, as on fund.institutions.")
@click.option("--persons", type=_FILE, help="Reference records of persons, as on fund.persons.")
@click.option("--catalogue", type=_FILE, help="Catalogue records, as on fund.catalogue.")
@click.option("--rules", "rules_file", type=_FILE, help="Parameters of the rules (rules.toml).")
@click.option(
    "--set", "assignments", multiple=True, metavar="RULE.PARAMETER=VALUE", help="One parameter; may be repeated."
)
@click.option("--only", metavar="RULE,…", help="Only these rules.")
@click.option("--from", "start", metavar="T", help="Alerts raised before T are left out: what comes before is warm-up.")
@click.option("--until", "end", metavar="T", help="Nothing after T is replayed.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where the alerts go.")
@click.option(
    "--history", is_flag=True, help="Every revision in the order of publishing, not only the newest of each alert."
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Where the summary goes, as JSON."
)
@click.pass_obj
def command(
    invocation: Invocation,
    sources: tuple[str, ...],
    institutions: Path | None,
    persons: Path | None,
    catalogue: Path | None,
    rules_file: Path | None,
    assignments: tuple[str, ...],
    only: str | None,
    start: str | None,
    end: str | None,
    out: Path,
    history: bool,
    json_file: Path | None,
) -> None:
    """Runs the engine over files, - (standard input) or kafka://host:port/topic, and writes the alerts.

    A folder as made by `fundwatch simulate` gives its transactions with its reference records. The newest revision of every
    alert goes to --out, one a line, in order of alert_id. The same input gives the same bytes.

    Example: fundwatch replay county/ --set bed_holding.idle_days=4 --out alerts.jsonl
    """
    from stream import replay_run

    asked = replay_run.Asked(
        sources=sources,
        institutions=institutions,
        persons=persons,
        catalogue=catalogue,
        rules_file=rules_file or invocation.settings().rules,
        assignments=assignments,
        only=only,
        start=start,
        end=end,
    )
    summary = replay_run.run(asked, invocation, out, history, json_file)
    click.echo(summary, err=True)
