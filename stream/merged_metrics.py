"""How do the processes of a worker show one set of metrics?

As Prometheus would bring several workers together (`stream.metric_catalogue`, "over workers"): what each counts of its own
work is added up, what all read alike and times are the largest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

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
    """A metric with all its series, as another process tells it."""

    name: str
    documentation: str
    kind: str
    samples: list[Sample]


Ask: TypeAlias = Callable[[], Sequence[Family]]


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
    """A registry's metrics together with those of other processes, each of which is asked for its own."""

    def __init__(self, own: CollectorRegistry, asks: Sequence[Ask]) -> None:
        self._own, self._asks = own, asks

    def collect(self) -> Iterator[MetricFamily]:
        """Called at a scrape, from the thread that serves it; raises what whoever is asked raises."""
        alike: dict[str, list[Family]] = {}
        for told in (families(self._own), *(ask() for ask in self._asks)):
            for family in told:
                alike.setdefault(family.name, []).append(family)
        yield from map(_shown, alike.values())


def merged_registry(own: CollectorRegistry, *asks: Ask) -> CollectorRegistry:
    """A registry that shows all of them at once."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Merged(own, asks))
    return registry


def _shown(alike: Sequence[Family]) -> MetricFamily:
    first = alike[0]
    shown = MetricFamily(first.name, first.documentation, first.kind)
    values: dict[_Key, float] = {}
    for family in alike:
        for key, value in _values(family.samples).items():
            before = values.get(key)
            values[key] = value if before is None else max(before, value) if first.name in _LARGER else before + value
    for (name, labels), value in values.items():
        shown.add_sample(name, dict(labels), value)
    return shown


def _values(samples: Iterable[Sample]) -> dict[_Key, float]:
    return {(one.name, tuple(one.labels.items())): one.value for one in samples}
