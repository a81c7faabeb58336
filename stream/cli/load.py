"""Sends files into a topic."""

import click

from stream.cli import Invocation

_TOPICS = ("transactions", "institutions", "persons", "catalogue", "verdicts")


@click.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--topic", type=click.Choice(_TOPICS), default="transactions", show_default=True, help="Where to.")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="At most N records a second, evenly."
)
@click.option("--no-mark", is_flag=True, help="Do not end transactions with a time mark in every partition.")
@click.pass_obj
def command(invocation: Invocation, files: tuple[str, ...], topic: str, rate: float | None, no_mark: bool) -> None:
    """Sends .jsonl, .jsonl.gz or - (standard input) into a topic with the right key.

    Transactions end with a time mark (the latest time of the files) in every partition. A transaction whose key cannot be
    read is sent for the service to park; a reference record without a key is not sent, and the command exits with 1.

    Example: fundwatch load --topic persons persons.jsonl && fundwatch load transactions.jsonl.gz
    """
    import asyncio
    import contextlib

    from stream import load_report, loading
    from stream.line_files import LineFile
    from stream.topic_access import quiet_client_log

    quiet_client_log()
    settings = invocation.settings()
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(LineFile(name)) for name in files]
        progress = stack.enter_context(load_report.progress_bar(topic, opened))
        done = asyncio.run(loading.load(settings, opened, topic, rate=rate, mark=not no_mark, progress=progress))
    for note in load_report.notes(done):
        click.echo(note, err=True)
    click.echo(load_report.summary(done))
    load_report.raise_if_incomplete(done)
