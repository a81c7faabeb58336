"""Creates and checks the topics."""

import click

from stream.cli import Invocation
from stream.errors import OperatorError


@click.group()
def command() -> None:
    """Creates the topics with their settings, or says what differs from what is needed.

    Example: FUNDWATCH_PARTITIONS=8 fundwatch topics create
    """


@command.command()
@click.option(
    "--partitions", type=int, help="Partitions of a new transactions topic and all that go with it (default 4)."
)
@click.option("--repair", is_flag=True, help="Also set the settings of topics that are there already.")
@click.pass_obj
def create(invocation: Invocation, partitions: int | None, repair: bool) -> None:
    """Creates what is missing and keeps what is there; may be run again at any time.

    Example: fundwatch topics create --partitions 8
    """
    from stream import topics

    settings = invocation.settings({"partitions": partitions})
    done = topics.create(settings, repair=repair)
    for verb in ("created", "repaired", "kept"):
        for name, count in sorted(getattr(done, verb).items()):
            click.echo(f"{verb}\t{name}\t{count} partition{'' if count == 1 else 's'}")
    differences = topics.check(settings)
    for difference in differences:
        click.echo(f"differs: {difference}", err=True)


@command.command()
@click.pass_obj
def check(invocation: Invocation) -> None:
    """Says what differs from what the service needs, each with its cure; exits with 1 when anything does.

    Example: fundwatch topics check
    """
    from stream import topics

    settings = invocation.settings()
    differences = topics.check(settings)
    for difference in differences:
        click.echo(str(difference))
    if differences:
        raise OperatorError(
            f"{len(differences)} differences from the topics that the service needs", "see each one's cure"
        )
    click.echo(f"all {len(topics.TOPICS)} topics are as the service needs them", err=True)
