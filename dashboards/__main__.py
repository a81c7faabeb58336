"""`python -m dashboards build` writes dashboards, Prometheus rules and the table of metrics; `check` what is stale."""

from __future__ import annotations

import sys

import click

from dashboards.written import out_of_date, write


def main(arguments: list[str]) -> int:
    """0 when all is well, 1 when something is out of date, 2 on wrong use."""
    if arguments == ["build"]:
        for path in write():
            click.echo(path)
        return 0
    if arguments == ["check"]:
        stale = out_of_date()
        for path in stale:
            click.echo(f"out of date: {path}; run: python -m dashboards build", err=True)
        return 1 if stale else 0
    click.echo("usage: python -m dashboards build|check", err=True)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
