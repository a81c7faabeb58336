"""How are the series of a metric kept, so that no label lookup happens twice and no label set is open?

Counters and histograms: all children of closed label sets made at the start; a value outside its set goes to `other`.
Gauges: a table each, swapped whole, because partitions and institutions come and go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

import msgspec
import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.alerts import Text
from stream import metric_catalogue as names
from stream.metric_catalogue import CATALOGUE, OTHER, Metric

Labels = tuple[str, ...]
LabelsT = TypeVar("LabelsT", bound=Labels)
Child = TypeVar("Child")


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The closed sets that labels are drawn from, given by who knows them (registry of rules, wire, stages)."""

    rules: Mapping[str, Text]
    infnos: tuple[str, ...]
    stages: tuple[str, ...]
    reasons: tuple[str, ...]
    dead_letter_stages: tuple[str, ...]
    missing_references: tuple[str, ...]

    def values(self, metric: Metric, label: str) -> tuple[str, ...] | None:
        """The values a label may take, None where it is bounded in another way."""
        if metric is names.RULE_INACTIVE and label == "reason":
            return self.missing_references
        if metric is names.DEAD_LETTERS and label == "stage":
            return self.dead_letter_stages
        fixed = {
            "severity": names.SEVERITIES,
            "change": names.CHANGES,
            "step": names.FLUSH_STEPS,
            "result": names.READ_RESULTS,
            "infno": (*self.infnos, OTHER),
            "stage": self.stages,
            "reason": (*self.reasons, OTHER),
        }
        return tuple(self.rules) if label == "rule" else fixed.get(label)


class Children(Generic[Child]):
    """The children of one metric by their label values, in the order of the catalogue."""

    def __init__(self, sets: list[tuple[str, ...] | None], make: Callable[[Labels], Child]) -> None:
        self._sets = sets
        self._make = make
        self._children = {labels: make(labels) for labels in _every(sets)}

    def __getitem__(self, labels: Labels) -> Child:
        child = self._children.get(labels)
        return self._bounded(labels) if child is None else child

    def _bounded(self, labels: Labels) -> Child:
        pairs = zip(labels, self._sets, strict=True)
        bounded = tuple(value if known is None or value in known else OTHER for value, known in pairs)
        if bounded not in self._children:
            self._children[bounded] = self._make(bounded)
        return self._children[bounded]


def counter_children(
    metric: Metric, vocabulary: Vocabulary, registry: prometheus_client.CollectorRegistry
) -> Children[prometheus_client.Counter]:
    """A counter's children, each at 0."""
    family = prometheus_client.Counter(metric.name, help_text(metric), metric.labels, registry=registry)
    return Children(_sets(metric, vocabulary), lambda labels: family.labels(*labels) if labels else family)


def histogram_children(
    metric: Metric, vocabulary: Vocabulary, registry: prometheus_client.CollectorRegistry
) -> Children[prometheus_client.Histogram]:
    """A histogram's children, each empty."""
    family = prometheus_client.Histogram(
        metric.name, help_text(metric), metric.labels, buckets=metric.buckets, registry=registry
    )
    return Children(_sets(metric, vocabulary), lambda labels: family.labels(*labels) if labels else family)


class Gauges(Collector):
    """All gauges of the catalogue, each a table that is swapped whole."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rows: dict[Metric, dict[Labels, float]] = {metric: {} for metric in CATALOGUE if metric.kind == "gauge"}

    def replace(self, metric: Metric, rows: Mapping[LabelsT, float], within: Labels = ()) -> None:
        """Put rows in place of all rows of the metric, or of those whose labels begin with `within`."""
        kept = {labels: v for labels, v in self._rows[metric].items() if within and labels[: len(within)] != within}
        for labels, value in rows.items():
            kept[labels] = value
        self._rows[metric] = kept

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Called by the registry at a scrape, from the thread that serves it."""
        for metric in self._rows:
            family = GaugeMetricFamily(metric.name, help_text(metric), labels=metric.labels)
            for labels, value in self._rows_now(metric).items():
                family.add_metric(labels, value)
            yield family

    def _rows_now(self, metric: Metric) -> Mapping[Labels, float]:
        if metric is not names.STREAM_TIME_LAG:
            return self._rows[metric]
        # Taken at the scrape: a worker that stands still must show a lag that grows.
        now = self._clock()
        return {labels: now - at for labels, at in self._rows[names.STREAM_TIME].items()}


def help_text(metric: Metric) -> str:
    """What Prometheus shows beside the name."""
    return f"{metric.en} / {metric.zh}"


def _sets(metric: Metric, vocabulary: Vocabulary) -> list[tuple[str, ...] | None]:
    return [vocabulary.values(metric, label) for label in metric.labels]


def _every(sets: list[tuple[str, ...] | None]) -> list[Labels]:
    """All combinations of the closed sets; none where a label is not closed."""
    combinations: list[Labels] = [()]
    for values in sets:
        combinations = [(*labels, value) for labels in combinations for value in values or ()]
    return combinations
