"""How is each kind of metric asked for, so that several workers and new rules come out right by themselves?

Counters and histograms are summed over workers. A gauge goes by its `across`: what every worker shows alike must not be
added. No rule is ever named in a query; whoever registers a rule sees it on the dashboards.
"""

from __future__ import annotations

from stream import metric_catalogue as names
from stream.metric_catalogue import Metric

RATE = "$__rate_interval"
LISTED = f"!~{names.OTHER}|{names.SEVERAL}"  # institutions that have a place of their own


def selector(metric: Metric, **where: str) -> str:
    """The metric, restricted to labels that match; a value that begins with `!~` must not match."""
    if not where:
        return metric.name
    matchers = (
        f'{label}!~"{value[2:]}"' if value.startswith("!~") else f'{label}="{value}"' for label, value in where.items()
    )
    return f"{metric.name}{{{', '.join(matchers)}}}"


def now(metric: Metric, *by: str, **where: str) -> str:
    """A gauge's present value, added up over all labels but `by`."""
    alike = each(metric, **where) if metric.across == "max" else selector(metric, **where)
    return f"{_by('sum', by)}({alike})"


def most(metric: Metric, *by: str, **where: str) -> str:
    """A gauge's largest present value."""
    return f"{_by('max', by)}({selector(metric, **where)})"


def each(metric: Metric, **where: str) -> str:
    """A gauge with all its own labels, workers brought together."""
    return f"{_by(metric.across, metric.labels)}({selector(metric, **where)})"


def per_second(metric: Metric, *by: str, window: str = RATE, part: str = "", **where: str) -> str:
    """How fast a counter (or a histogram's `_sum`, `_count`) rises."""
    return f"{_by('sum', by)}(rate({_part(metric, part, **where)}[{window}]))"


def increase(metric: Metric, *by: str, window: str, **where: str) -> str:
    """By how much a counter rose, in whole events."""
    return f"round({_by('sum', by)}(increase({selector(metric, **where)}[{window}])))"


def increase_with_newcomers(metric: Metric, *by: str, window: str) -> str:
    """`increase` for labels that cannot be there from the start: a series that appears at 3 has risen by 3."""
    newcomers = f"({metric.name} unless {metric.name} offset {window})"
    return f"round({_by('sum', by)}({newcomers} or increase({metric.name}[{window}])))"


def quantile(share: float, metric: Metric, *by: str, window: str = RATE) -> str:
    """A histogram's quantile."""
    return f"histogram_quantile({share}, {per_second(metric, 'le', *by, window=window, part='bucket')})"


def with_title(expr: str) -> str:
    """Give series that have a `rule` its titles, as labels `zh` and `en`."""
    return f"{expr} * on (rule) group_left (zh, en) {each(names.RULE_INFO)}"


def with_name(expr: str) -> str:
    """Give series that have an `institution` its name, as label `name`."""
    return f"{expr} * on (institution) group_left (name) {each(names.INSTITUTION_INFO)}"


def grown(expr: str, before: str) -> str:
    """How much a gauge is above what it was `before`; what did not exist then counts from zero."""
    return f"clamp_min({expr} - ({before} or {expr} * 0), 0)"


def ago(metric: Metric, window: str, *by: str, **where: str) -> str:
    """What `now` would have answered a while ago."""
    inner = f"{_by(metric.across, metric.labels)}({selector(metric, **where)} offset {window})"
    return f"{_by('sum', by)}({inner})"


def or_zero(expr: str) -> str:
    """For counts of something that may not be there at all."""
    return f"(({expr}) or vector(0))"


def _by(operation: str, by: tuple[str, ...]) -> str:
    return f"{operation} by ({', '.join(by)}) " if by else operation


def _part(metric: Metric, part: str, **where: str) -> str:
    named = selector(metric, **where)
    return named.replace(metric.name, f"{metric.name}_{part}", 1) if part else named
