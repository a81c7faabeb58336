"""The alerts, as their consumers read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stream.cli import Invocation
from stream.errors import OperatorError

if TYPE_CHECKING:
    from schemas.alerts import Alert
    from stream.alert_reading import Selection
    from stream.printing import Lang

Function = TypeVar("Function", bound=Callable[..., Any])
_LANG = click.option(
    "--lang", type=click.Choice(["zh", "en", "both"]), default="zh", show_default=True, help="Language of the words."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, one alert a line, as on the topic.")


def _filters(function: Function) -> Function:
    options = (
        click.option("--rule", "rules", metavar="RULE,…", help="Only alerts of these rules."),
        click.option("--institution", "institutions", metavar="CODE,…", help="Only alerts of these institutions."),
        click.option("--severity", "severities", metavar="high,…", help="Only these of low, medium, high."),
        click.option("--status", "statuses", metavar="open,…", help="Only these of open, retracted."),
        click.option("--since", metavar="T", help="Only revisions of this stream time or later (China time)."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """The alerts, read from their topic as its consumers do; reading changes nothing.

    Example: fundwatch alerts list --severity high --lang en
    """
    from stream.topic_access import quiet_client_log

    quiet_client_log()


@command.command()
@_filters
@_LANG
@_JSON
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest revision on the topic.")
@click.pass_obj
def follow(invocation: Invocation, /, lang: Lang, as_json: bool, from_beginning: bool, **filters: str | None) -> None:
    """Prints revisions as they come, until Ctrl-C.

    Example: fundwatch alerts follow --rule bed_holding --lang both
    """
    import asyncio

    from stream import alert_reading

    settings, selection = invocation.settings(), _selection(**filters)

    async def print_all() -> None:
        async for alert in alert_reading.follow(settings, selection, from_beginning, _complain):
            _print(alert, lang, as_json)

    asyncio.run(print_all())


@command.command(name="list")
@_filters
@_LANG
@_JSON
@click.pass_obj
def list_(invocation: Invocation, /, lang: Lang, as_json: bool, **filters: str | None) -> None:
    """The newest revision of every alert, newest first.

    Example: fundwatch alerts list --status open --since 2026-02-01
    """
    import asyncio

    from stream import alert_reading
    from stream.ledger import OpenAlerts
    from stream.printing import yuan

    found = asyncio.run(alert_reading.newest(invocation.settings(), _selection(**filters), _complain))
    if as_json:
        for alert in found:
            _print(alert, lang, as_json)
    else:
        _print_rows(found, lang)
    standing = OpenAlerts()
    for alert in found:
        standing.observe(alert)
    total = f"{len(found):,} alerts, {len(standing):,} of them open, {yuan(standing.fund_at_risk)} at risk"
    click.echo(total, err=True)


@command.command()
@click.argument("alert_id", metavar="ID")
@_LANG
@_JSON
@click.pass_obj
def show(invocation: Invocation, alert_id: str, lang: Lang, as_json: bool) -> None:
    """Everything about one alert: measures, evidence, series, revisions.

    Example: fundwatch alerts show bed_holding:1:030980022522711f29e5 --lang both
    """
    import asyncio

    from stream import alert_reading, alert_text
    from stream.printing import console

    settings = invocation.settings()
    revisions = asyncio.run(alert_reading.revisions_of(settings, alert_id, _complain))
    if not revisions:
        raise OperatorError(
            f"there is no alert {alert_id} on {settings.topic('alerts')}", "see 'fundwatch alerts list'"
        )
    if as_json:
        _print(revisions[-1], lang, as_json)
        return
    out = console()
    out.print(alert_text.whole(revisions[-1], lang, revisions, out.width))


def _print(alert: Alert, lang: Lang, as_json: bool) -> None:
    from schemas.alerts import encode_alert
    from stream import alert_text
    from stream.printing import console

    if as_json:
        click.echo(encode_alert(alert))  # flushes, so that a pipe's reader has it at once
        return
    out = console()
    out.print(alert_text.brief(alert, lang))
    out.print()
    out.file.flush()


def _print_rows(alerts: list[Alert], lang: Lang) -> None:
    from stream.alert_text import period, place
    from stream.alert_words import SEVERITIES, STATUSES, named, rule_title
    from stream.printing import show_table, words, yuan

    texts = (
        ("时间", "revised"), ("程度", "severity"), ("状态", "status"), ("规则", "rule"), ("机构", "institution"),
        ("期间", "period"), ("涉及基金", "fund at risk"), ("编号", "alert"),
    )  # fmt: skip
    rows = [
        (
            alert.revised_at,
            named(SEVERITIES, alert.severity, lang),
            named(STATUSES, alert.status, lang),
            rule_title(alert.rule, lang),
            place(alert),
            period(alert, lang),
            yuan(alert.fund_at_risk),
            alert.alert_id,
        )
        for alert in alerts
    ]
    show_table([words(zh, en, lang) for zh, en in texts], rows, right=(6,))


def _complain(message: str) -> None:
    click.echo(message, err=True)


def _selection(
    rules: str | None, institutions: str | None, severities: str | None, statuses: str | None, since: str | None
) -> Selection:
    from detectors.engine.registry import all_rules
    from schemas.alerts import SEVERITIES
    from schemas.china_time import UnreadableTime, format_time, parse_time
    from stream.alert_reading import Selection

    try:
        earliest = format_time(parse_time(since)) if since else ""
    except UnreadableTime:
        raise click.BadParameter("write yyyy-MM-dd or 'yyyy-MM-dd HH:mm:ss'", param_hint="--since") from None
    return Selection(
        _several(rules, "--rule", list(all_rules())),
        _several(institutions, "--institution", None),
        _several(severities, "--severity", SEVERITIES),
        _several(statuses, "--status", ("open", "retracted")),
        earliest,
    )


def _several(text: str | None, option: str, allowed: list[str] | tuple[str, ...] | None) -> frozenset[str]:
    chosen = frozenset(word.strip() for word in (text or "").split(",") if word.strip())
    unknown = sorted(word for word in chosen if allowed is not None and word not in allowed)
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: allowed are {', '.join(allowed or ())}", param_hint=option)
    return chosen
