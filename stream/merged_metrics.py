"""How do the two processes of a worker show one set of metrics?

As Prometheus would bring several workers together (`stream.metric_catalogue`, "over workers"): what each counts of its own
work is added up, what both read alike and times are the larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from stream.metric_catalogue import CATALOGUE

_LARGER: Final = {metric.name for metric in CATALOGUE if metric.across == "max"} | {
    "process_start_time_seconds", "process_max_fds"
}  # fmt: skip
_Key = tuple[str, tuple[tuple[str, str], ...]]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One series and its value now."""

    name: str
    labels: dict[str, str]
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """A metric with all its series, as the other process tells it."""

    name: str
    documentation: str
    kind: str
    samples: list[Sample]


def families(registry: CollectorRegistry) -> list[Family]:
    """What a registry would show now."""
    return [
        Family(
            found.name,
            found.documentation,
            found.type,
            [Sample(one.name, dict(one.labels), one.value) for one in found.samples],
        )
        for found in registry.collect()
    ]


class Merged(Collector):
    """A registry's metrics together with those of another process, which ``ask`` asks for."""

    def __init__(self, own: CollectorRegistry, ask: Callable[[], Sequence[Family]]) -> None:
        self._own, self._ask = own, ask

    def collect(self) -> Iterator[MetricFamily]:
        """Called at a scrape, from the thread that serves it; raises what ``ask`` raises."""
        others = {family.name: family for family in self._ask()}
        for own in families(self._own):
            yield _shown(own, others.pop(own.name, None))
        for other in others.values():
            yield _shown(other, None)


def merged_registry(own: CollectorRegistry, ask: Callable[[], Sequence[Family]]) -> CollectorRegistry:
    """A registry that shows both at once."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Merged(own, ask))
    return registry


def _shown(own: Family, other: Family | None) -> MetricFamily:
    shown = MetricFamily(own.name, own.documentation, own.kind)
    values = _values(own.samples)
    for key, value in _values(other.samples if other else ()).items():
        before = values.get(key)
        values[key] = value if before is None else max(before, value) if own.name in _LARGER else before + value
    for (name, labels), value in values.items():
        shown.add_sample(name, dict(labels), value)
    return shown


def _values(samples: Iterable[Sample]) -> dict[_Key, float]:
    return {(one.name, tuple(one.labels.items())): one.value for one in samples}
