"""How is an alert printed for an inspector: in a few lines as it comes, and whole when he asks for it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.alerts import Alert, Measure, Series
from stream.alert_words import CALLS, CLASSES, MEASURES, SEVERITIES, STATUSES, UNITS, named, rule_title
from stream.printing import Lang, words, yuan
from stream.sparkline import sparkline

_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan"}
_LONGEST_SERIES = 120  # points
_LABEL_WIDTH = 10


def brief(alert: Alert, lang: Lang) -> RenderableType:
    """A few lines: how grave, what, where, when, how much; what happened; what revision this is."""
    score = f"{words('评分', 'score', lang)} {alert.score:.2f}"
    tail = " · ".join([_revision(alert, lang), score, alert.alert_id])
    lines = [*_said(alert, lang)]
    if alert.related:
        lines.append(Text(f"{words('相关疑点', 'related', lang)}: {_related_rules(alert, lang)}"))
    return Group(_heading(alert, lang), *(_indented(line) for line in (*lines, Text(tail, "dim"))))


def whole(alert: Alert, lang: Lang, revisions: Sequence[Alert], width: int) -> RenderableType:
    """Everything the alert holds; ``revisions`` are those still on the topic, oldest first."""
    parts: list[RenderableType] = [_heading(alert, lang), *(_indented(line) for line in _said(alert, lang)), ""]
    parts.append(_facts(alert, lang))
    if alert.measures:
        parts += ["", Text(words("测量", "measures", lang), "bold"), _measures(alert.measures, lang)]
    if alert.series is not None and alert.series.points:
        parts += ["", *_series(alert.series, lang, width)]
    if alert.evidence:
        of = words(f"证据（共{alert.evidence_total}条）", f"evidence ({alert.evidence_total} in all)", lang)
        parts += ["", Text(of, "bold"), _evidence(alert, lang)]
    if len(revisions) > 1:
        parts += ["", Text(words("历次修订", "revisions", lang), "bold"), _history(revisions, lang)]
    return Group(*parts)


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)


def _heading(alert: Alert, lang: Lang) -> Text:
    if alert.status == "retracted":
        sign, style = named(STATUSES, alert.status, lang), "dim"
    else:
        sign, style = named(SEVERITIES, alert.severity, lang), _COLOURS.get(alert.severity, "")
    return Text.assemble(
        (f"[{sign}] {rule_title(alert.rule, lang)}", style),
        f"  {place(alert)}  {period(alert, lang)}  ",
        (f"{words('涉及基金', 'fund at risk', lang)} {yuan(alert.fund_at_risk)}", "bold"),
    )


def place(alert: Alert) -> str:
    """Name and code of the institution, as far as they are known."""
    if not alert.institution:
        return "—"
    return f"{alert.institution_name} ({alert.institution})" if alert.institution_name else alert.institution


def period(alert: Alert, lang: Lang) -> str:
    """The days that the alert is about.

    An end that is not there yet is said to be so.
    """
    begin, end = alert.begin[:10], alert.end[:10] if alert.end else words("至今", "now", lang)
    return begin if begin == end else f"{begin} – {end}"


def _said(alert: Alert, lang: Lang) -> Iterator[Text]:
    for one in ("zh", "en"):
        if lang in (one, "both"):
            yield Text(getattr(alert.text, one))
            if alert.retraction is not None:
                why = {"zh": "撤回原因", "en": "Retracted because"}[one]
                yield Text(f"{why}: {getattr(alert.retraction, one)}", "italic")
            elif alert.source.change is not None:
                yield Text(getattr(alert.source.change, one), "italic")


def _revision(alert: Alert, lang: Lang) -> str:
    if alert.revision == 1:
        return words(f"{alert.raised_at} 首次发出", f"raised {alert.raised_at}", lang)
    number, at = alert.revision, alert.revised_at
    return words(f"{at} 第{number}版", f"revision {number} of {at}", lang)


def _facts(alert: Alert, lang: Lang) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", min_width=_LABEL_WIDTH, no_wrap=True)
    grid.add_column(overflow="fold")
    rows = [
        (words("编号", "alert", lang), alert.alert_id),
        (words("规则", "rule", lang), f"{alert.rule}, {words('版本', 'version', lang)} {alert.rule_version}"),
        (words("状态", "status", lang), f"{named(STATUSES, alert.status, lang)}, {_revision(alert, lang)}"),
        (words("程度", "severity", lang), f"{named(SEVERITIES, alert.severity, lang)}, {alert.score:.2f}"),
        (words("首次发出", "raised", lang), alert.raised_at),
        (words("业务期间", "period", lang), f"{alert.begin} – {alert.end or words('至今', 'now', lang)}"),
        (words("机构", "institution", lang), place(alert)),
        (words("人员", "persons", lang), ", ".join(alert.persons)),
        (words("就诊", "visits", lang), ", ".join(alert.visits)),
        (words("户", "household", lang), alert.household or ""),
        (words("项目", "item", lang), alert.item or ""),
        (words("组", "group", lang), alert.group or ""),
        (words("涉及基金", "fund at risk", lang), yuan(alert.fund_at_risk)),
        (words("类别", "class", lang), named(CLASSES, alert.rule_class, lang)),
        (words("依据", "basis", lang), "; ".join(alert.basis)),
        (words("相关疑点", "related", lang), "\n".join(_named_alert(one, lang) for one in alert.related)),
        (words("来源", "source", lang), _source(alert)),
    ]
    for label, text in rows:
        if text:
            grid.add_row(label, Text(text))
    return grid


def _named_alert(alert_id: str, lang: Lang) -> str:
    """Its rule in words, and the id under which ``fundwatch alerts show`` finds it."""
    return f"{rule_title(alert_id.partition(':')[0], lang)}  {alert_id}"


def _related_rules(alert: Alert, lang: Lang) -> str:
    """How many of which rule, the most first."""
    counts = Counter(one.partition(":")[0] for one in alert.related).most_common()
    return ", ".join(
        f"{rule_title(rule, lang)} × {count}" if count > 1 else rule_title(rule, lang) for rule, count in counts
    )


def _source(alert: Alert) -> str:
    source = alert.source
    return f"{source.partition}/{source.offset}, {source.inf_time}, msgid {source.msgid}"


def _measures(measures: Sequence[Measure], lang: Lang) -> Table:
    table = _table(
        (words("指标", "measure", lang), False),
        (words("实测", "value", lang), True),
        (words("界限", "limit", lang), True),
        (words("预期", "expected", lang), True),
        (words("单位", "unit", lang), False),
    )
    for measure in measures:
        numbers = (_number(measure.value), _number(measure.limit), _number(measure.expected))
        table.add_row(named(MEASURES, measure.name, lang), *numbers, named(UNITS, measure.unit, lang))
    return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.3f}".rstrip("0").removesuffix(".")


def _series(series: Series, lang: Lang, width: int) -> Iterator[RenderableType]:
    bars, marks = sparkline(series.points, min(max(10, width - 4), _LONGEST_SERIES))
    drawn = series.points[-len(bars) :]
    most, last = max(point.value for point in drawn), drawn[-1]
    title = f"{words('走势', 'series', lang)} ({named(UNITS, series.unit, lang)}), {drawn[0].at} – {last.at}"
    yield Text(f"{title}, {words('最高', 'most', lang)} {_number(most)}", "bold")
    yield _indented(Text(bars))
    if marks.strip():
        yield _indented(Text(marks, "bold red"))
        yield _indented(Text(words("^ 高于预期  v 低于预期", "^ above, v below what was expected", lang), "dim"))
    if last.low is not None and last.high is not None:
        band = f"{_number(last.low)} – {_number(last.high)}"
        yield _indented(Text(f"{words('最后一点的预期范围', 'expected at the last point', lang)}: {band}"))


def _evidence(alert: Alert, lang: Lang) -> Table:
    table = _table(
        (words("时间", "time", lang), False),
        (words("交易", "call", lang), False),
        ("msgid", False),
        (words("就诊", "visit", lang), False),
    )
    for one in alert.evidence:
        call = f"{one.infno} {named(CALLS, one.infno, lang)}" if one.infno in CALLS else one.infno
        table.add_row(one.inf_time, call, one.msgid, one.visit or "")
    return table


def _history(revisions: Sequence[Alert], lang: Lang) -> Table:
    table = _table(
        (words("版次", "revision", lang), True),
        (words("时间", "time", lang), False),
        (words("状态", "status", lang), False),
        (words("程度", "severity", lang), False),
        (words("评分", "score", lang), True),
        (words("涉及基金", "fund at risk", lang), True),
    )
    for one in revisions:
        said = named(STATUSES, one.status, lang), named(SEVERITIES, one.severity, lang)
        table.add_row(str(one.revision), one.revised_at, *said, f"{one.score:.2f}", yuan(one.fund_at_risk))
    return table


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, is_right in columns:
        table.add_column(name, justify="right" if is_right else "left", overflow="fold")
    return table
