"""Replays a history with labels, compared settings and swept thresholds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from stream.cli import EXIT_FAILURE, Invocation
from stream.cli.replay_options import check, replay_options

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)
_JUDGING = ("labels", "verdicts", "sweeps", "baseline")


@click.command()
@replay_options
@click.option("--labels", type=_FILE, multiple=True, help="What is known to be hidden in the history (truth.jsonl).")
@click.option("--verdicts", metavar="FILE|TOPIC", help="Inspectors' words: a file, or kafka://host:port/fund.verdicts.")
@click.option(
    "--sweep", "sweeps", multiple=True, metavar="RULE.PARAMETER=A,B,C",
    help="The rule with each of these values, in one pass; may be repeated.",
)  # fmt: skip
@click.option("--baseline", type=_FILE, help="A rules.toml to compare with: what is gained, lost and moved against it.")
@click.option("--report", type=_NEW, help="Where the report goes: one HTML file.")
@click.option("--json", "json_file", type=_NEW, help="Where the result goes, as JSON.")
@click.option("--out", type=_NEW, help="Where the alerts go, as those of a replay.")
@click.pass_context
def command(
    context: click.Context, /, report: Path | None, json_file: Path | None, out: Path | None, **options: Any
) -> int:  # fmt: skip
    """Replays a history and says how good the rules would have been: precision, recall, delay, load and money.

    Takes what `fundwatch replay` takes. Labels and verdicts say which alerts are right; a baseline and sweeps are asked in the
    same pass. docs/backtesting.md goes from a history to a decision.

    Example: fundwatch backtest county/ --labels county/truth.jsonl --sweep bed_holding.idle_days=2,3,4,5 --report report.html
    """
    from stream.backtest import report as html
    from stream.backtest import run
    from stream.replay_run import Asked

    invocation = context.find_object(Invocation)
    assert invocation is not None
    if report is None and json_file is None:
        raise click.UsageError("nothing would be kept of it: give --report FILE or --json FILE, or both")
    if report is not None:
        html.require()  # a long replay must not end at a package that is missing
    judged = run.Judged(**{name: options.pop(name) for name in _JUDGING})
    check(options)
    options["rules_file"] = options["rules_file"] or invocation.settings().rules
    found = run.run(Asked(**options), judged, invocation, _words(context), out)
    if json_file is not None:
        run.write_json(found, json_file)
    if report is not None:
        html.write(found, report)
    click.echo(run.as_text(found), err=True)
    return EXIT_FAILURE if found.is_partial else 0


def _words(context: click.Context) -> str:
    """The command as it could be given again: what was said, and nothing that was not."""
    words = ["fundwatch", "backtest"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        for each in value if isinstance(value, tuple) else (value,):
            words += [str(each)] if isinstance(parameter, click.Argument) else [parameter.opts[0], str(each)]
    return shlex.join(words)
