"""What could not be used, why, and again after a mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stream.cli import Invocation
from stream.errors import OperatorError

if TYPE_CHECKING:
    from stream.dead_letter_reading import Parked, Wanted

Function = TypeVar("Function", bound=Callable[..., Any])
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, one object a line.")


def _filters(function: Function) -> Function:
    options = (
        click.option("--reason", "reasons", metavar="REASON,…", help="Only these reasons."),
        click.option("--stage", "stages", metavar="STAGE,…", help="Only these stages."),
        click.option("--source", "sources", metavar="TOPIC,…", help="Only records of these topics (without prefix)."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """What could not be used and why; and sends it again after a mend.

    Example: fundwatch dead-letters list
    """
    from stream.topic_access import quiet_client_log

    quiet_client_log()


@command.command(name="list")
@_filters
@click.option("--each", is_flag=True, help="One line for every dead letter, instead of counts.")
@_JSON
@click.pass_obj
def list_(invocation: Invocation, /, each: bool, as_json: bool, **filters: str | None) -> None:
    """How many there are of each reason and stage.

    Example: fundwatch dead-letters list --reason missing_field --each
    """
    import asyncio

    from stream import dead_letter_reading as reading

    settings, wanted = invocation.settings(), _wanted(**filters)
    if each:

        async def rows() -> list[dict[str, object]]:
            return [_row(one) async for one in reading.parked(settings, wanted, _complain)]

        _show(asyncio.run(rows()), as_json, ("id", "at", "stage", "reason", "detail", "bytes"))
        return
    found = asyncio.run(reading.kinds(settings, wanted, _complain))
    counted: list[dict[str, object]] = [
        {
            "count": kind.count,
            "source": kind.source,
            "stage": kind.stage,
            "reason": kind.reason,
            "detail": kind.details.most_common(1)[0][0],
            "first": _time(kind.first_ms),
            "last": _time(kind.last_ms),
            "example": kind.example,
        }
        for kind in found
    ]
    _show(counted, as_json, ("count", "source", "stage", "reason", "detail", "first", "last", "example"))
    click.echo(f"{sum(kind.count for kind in found):,} dead letters", err=True)


@command.command()
@click.argument("letter_id", metavar="ID")
@click.option("--raw", is_flag=True, help="The record's bytes alone and as they are, personal data included.")
@_JSON
@click.pass_obj
def show(invocation: Invocation, letter_id: str, raw: bool, as_json: bool) -> None:
    """One record: where it came from, why it is here, its text.

    Names, numbers and addresses of persons are masked, unless --raw.

    Example: fundwatch dead-letters show transactions/0/1742
    """
    import asyncio

    from stream import dead_letter_reading as reading
    from stream.masking import masked, masked_number

    settings = invocation.settings()

    async def find() -> Parked | None:
        wanted = reading.Wanted(ids=frozenset([letter_id]))
        return await anext(reading.parked(settings, wanted, _complain), None)

    found = asyncio.run(find())
    if found is None:
        topic = settings.topic("dead-letters")
        raise OperatorError(
            f"there is no dead letter {letter_id} on {topic}", "see 'fundwatch dead-letters list --each'"
        )
    if raw:
        click.echo(found.letter.value, nl=False)
        return
    letter = found.letter
    key = "" if letter.key is None else masked_number(letter.key.decode("utf-8", "backslashreplace"))
    stated = _row(found) | {"source": letter.topic, "partition": letter.partition, "offset": letter.offset, "key": key}
    if as_json:
        _echo_json(stated | {"text": masked(letter.value)})
        return
    for name, value in stated.items():
        click.echo(f"{name}: {value}")
    click.echo()
    click.echo(masked(letter.value))


@command.command()
@click.argument("ids", metavar="[ID]…", nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="Every dead letter there is.")
@click.pass_obj
def retry(invocation: Invocation, /, ids: tuple[str, ...], everything: bool, **filters: str | None) -> None:
    """Sends records again, with their own keys.

    Say which: by id, by filters (all of which must hold), or --all. The dead letters stay; what fails again is parked again.
    A reference record is not sent again where a newer one of its key is there.

    Example: fundwatch dead-letters retry --reason unknown_transaction
    """
    import asyncio

    from stream import dead_letter_reading as reading

    wanted = _wanted(*ids, **filters)
    if wanted == reading.Wanted() and not everything:
        raise click.UsageError("say which: ids, --reason, --stage, --source, or --all")
    if wanted != reading.Wanted() and everything:
        raise click.UsageError("--all goes with no other choice")
    done = asyncio.run(reading.retry(invocation.settings(), wanted, _complain))
    for letter_id in done.outdated:
        click.echo(f"{letter_id}: not sent, a newer record with its key is there", err=True)
    for source, count in sorted(done.sent.items()):
        click.echo(f"{source}\t{count:,} sent again")
    if not done.sent and not done.outdated:
        raise OperatorError("there is no such dead letter", "see 'fundwatch dead-letters list --each'")


def _row(one: Parked) -> dict[str, object]:
    letter = one.letter
    return {
        "id": one.letter_id,
        "at": _time(one.at_ms),
        "stage": letter.stage,
        "reason": letter.reason,
        "detail": letter.detail,
        "bytes": len(letter.value),
    }


def _show(rows: list[dict[str, object]], as_json: bool, columns: tuple[str, ...]) -> None:
    from stream.printing import show_table

    if as_json:
        for row in rows:
            _echo_json(row)
        return
    show_table(columns, [[str(row[name]) for name in columns] for row in rows])


def _echo_json(row: dict[str, object]) -> None:
    import msgspec

    click.echo(msgspec.json.encode(row))


def _time(unix_ms: int) -> str:
    from schemas.china_time import format_time, from_unix

    return format_time(from_unix(unix_ms / 1000))


def _complain(message: str) -> None:
    click.echo(message, err=True)


def _wanted(*ids: str, reasons: str | None, stages: str | None, sources: str | None) -> Wanted:
    from stream.dead_letter_reading import Wanted

    several = (
        frozenset(word.strip() for word in (text or "").split(",") if word.strip())
        for text in (reasons, stages, sources)
    )
    return Wanted(frozenset(ids), *several)
