"""How does a worker tell Prometheus what it does?

`Metrics` has one method for each thing a worker reports, to be called once a batch (or flush, or second) with totals,
never once a message. All children of closed label sets exist from the start, at 0. Gauges whose labels come and go
(partitions, institutions) are replaced as a whole, so a revoked partition leaves no stale series behind, and a scrape
from another thread sees either all of the old rows or all of the new.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping

import prometheus_client

from stream import metric_catalogue as names
from stream.ledger import OpenAlerts
from stream.metric_catalogue import CATALOGUE, OTHER
from stream.metric_series import Gauges, Vocabulary, counter_children, histogram_children

_FEN_PER_YUAN = 100
_LONGEST_NAME = 40


class Metrics:
    """Everything a worker exports, in a registry of its own.

    Called from one thread; scrapes may come from any.
    """

    def __init__(self, vocabulary: Vocabulary, version: str, clock: Callable[[], float] = time.time) -> None:
        # Half of all series would be `_created` times that no query of ours reads; the switch is global in the client.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = prometheus_client.CollectorRegistry(auto_describe=False)
        prometheus_client.ProcessCollector(registry=self.registry)
        self._vocabulary = vocabulary
        self._gauges = Gauges(clock)
        self.registry.register(self._gauges)
        counters = [metric for metric in CATALOGUE if metric.kind == "counter"]
        histograms = [metric for metric in CATALOGUE if metric.kind == "histogram"]
        self._counters = {m: counter_children(m, vocabulary, self.registry) for m in counters}
        self._histograms = {m: histogram_children(m, vocabulary, self.registry) for m in histograms}
        self._jumpers: set[str] = set()
        _ = self._counters[names.CLOCK_JUMPS][(OTHER,)]  # exists from the start, as no institution has to
        self._ledger_version = -1
        self._gauges.replace(names.BUILD_INFO, {(version, platform.python_version()): 1})
        self._gauges.replace(names.STARTED, {(): clock()})
        self._gauges.replace(names.RULE_INFO, {(rule, t.zh, t.en): 1 for rule, t in vocabulary.rules.items()})
        self.set_models({})
        self.set_open_alerts(OpenAlerts())

    def batch_taken(self, stage: str, records: int) -> None:
        """A stage has taken a batch of so many records."""
        self._histograms[names.BATCH_RECORDS][(stage,)].observe(records)

    def transactions_applied(self, by_infno: Mapping[str, int]) -> None:
        """Transactions applied to the books in this batch."""
        for infno, number in by_infno.items():
            self._counters[names.TRANSACTIONS][(infno,)].inc(number)

    def decode_failed(self, by_reason: Mapping[str, int]) -> None:
        """Records of this batch that could not be decoded."""
        for reason, number in by_reason.items():
            self._counters[names.DECODE_FAILURES][(reason,)].inc(number)

    def dead_lettered(self, by_stage_and_reason: Mapping[tuple[str, str], int]) -> None:
        """Records of this batch that were parked."""
        for labels, number in by_stage_and_reason.items():
            self._counters[names.DEAD_LETTERS][labels].inc(number)

    def alerts_published(
        self, by_rule_severity_change: Mapping[tuple[str, str, str], int], latencies: Iterable[float]
    ) -> None:
        """Revisions the broker has acknowledged, and for each the seconds since its source record's Kafka timestamp."""
        for labels, number in by_rule_severity_change.items():
            self._counters[names.ALERTS][labels].inc(number)
        for seconds in latencies:
            self._histograms[names.EVENT_TO_ALERT][()].observe(max(seconds, 0.0))

    def rules_asked(self, questions: Mapping[str, int], seconds: Mapping[str, float]) -> None:
        """Questions put to each rule in this batch and the time they took."""
        for rule, number in questions.items():
            self._counters[names.RULE_QUESTIONS][(rule,)].inc(number)
        for rule, spent in seconds.items():
            self._counters[names.RULE_SECONDS][(rule,)].inc(spent)

    def rules_inactive(self, by_rule_and_reference: Mapping[tuple[str, str], int]) -> None:
        """Questions left unanswered for lack of reference data: (rule, which reference)."""
        for labels, number in by_rule_and_reference.items():
            self._counters[names.RULE_INACTIVE][labels].inc(number)

    def corrections_unmatched(self, by_infno: Mapping[str, int]) -> None:
        """Corrections whose original was never seen."""
        for infno, number in by_infno.items():
            self._counters[names.UNMATCHED_CORRECTIONS][(infno,)].inc(number)

    def clock_jumps_refused(self, by_institution: Mapping[str, int]) -> None:
        """Transactions that were not allowed to move stream time. The first 50 institutions keep their code as label:
        a counter must not change its label later, so the list cannot be of the worst ones."""
        for institution, number in by_institution.items():
            if len(self._jumpers) < names.INSTITUTION_CAP:
                self._jumpers.add(institution)
            self._counters[names.CLOCK_JUMPS][(institution if institution in self._jumpers else OTHER,)].inc(number)

    def late_facts_not_learned(self, by_rule: Mapping[str, int]) -> None:
        """Facts that came after their day was closed."""
        for rule, number in by_rule.items():
            self._counters[names.LATE_FACTS][(rule,)].inc(number)

    def models_judged(self, days: Mapping[str, int], above: Mapping[str, int]) -> None:
        """Days that models have judged and learned, and how many of them lay above their band, by rule."""
        for metric, by_rule in ((names.MODEL_DAYS, days), (names.MODEL_DAYS_ABOVE, above)):
            for rule, number in by_rule.items():
                self._counters[metric][(rule,)].inc(number)

    def pages_read(self, stage: str, hits: int, misses: int) -> None:
        """Reads of state pages since the last call: from the cache of decoded pages, or past it."""
        self._counters[names.PAGE_READS][(stage, "hit")].inc(hits)
        self._counters[names.PAGE_READS][(stage, "miss")].inc(misses)

    def flushed(self, publish: float, state: float, acknowledge: float) -> None:
        """Seconds that the three steps of a flush took."""
        for step, seconds in zip(names.FLUSH_STEPS, (publish, state, acknowledge), strict=True):
            self._histograms[names.FLUSH_SECONDS][(step,)].observe(seconds)

    def set_stream_times(self, stage: str, by_partition: Mapping[int, float]) -> None:
        """Seconds since 1970 for every partition assigned now; those not named are forgotten. Lag follows by itself."""
        rows = {(stage, str(partition)): at for partition, at in by_partition.items()}
        self._gauges.replace(names.STREAM_TIME, rows, within=(stage,))

    def set_consumer_lags(self, by_topic_and_partition: Mapping[tuple[str, int], int]) -> None:
        """Records not yet processed, for every partition assigned now; those not named are forgotten."""
        rows = {(topic, str(p)): float(lag) for (topic, p), lag in by_topic_and_partition.items()}
        self._gauges.replace(names.CONSUMER_LAG, rows)

    def set_state(self, stage: str, keys: int, size_bytes: int) -> None:
        """What the stage keeps now."""
        self._gauges.replace(names.STATE_KEYS, {(stage,): keys}, within=(stage,))
        self._gauges.replace(names.STATE_BYTES, {(stage,): size_bytes}, within=(stage,))

    def set_models(self, by_rule: Mapping[str, tuple[int, int]]) -> None:
        """For each rule with online models: how many it keeps, and how many of these are warming up."""
        counts = {rule: by_rule.get(rule, (0, 0)) for rule in self._vocabulary.rules}
        self._gauges.replace(names.MODELS, {(rule,): total for rule, (total, _) in counts.items()})
        self._gauges.replace(names.MODELS_WARMING_UP, {(rule,): cold for rule, (_, cold) in counts.items()})

    def set_pages_to_ask_again(self, by_stage: Mapping[str, int]) -> None:
        """How far a change of rules has still to go, for every stage that runs here."""
        self._gauges.replace(names.PAGES_TO_ASK_AGAIN, {(stage,): left for stage, left in by_stage.items()})

    def restored(self, stage: str, seconds: float, keys: int, records: int) -> None:
        """A stage has its state back, having read so many records for it."""
        self._gauges.replace(names.RESTORE_SECONDS, {(stage,): seconds}, within=(stage,))
        self._gauges.replace(names.RESTORED_KEYS, {(stage,): keys}, within=(stage,))
        self._gauges.replace(names.RESTORED_RECORDS, {(stage,): records}, within=(stage,))

    def set_open_alerts(self, ledger: OpenAlerts) -> None:
        """Show what stands open. Free while nothing changed; else it walks the institutions: once in a few seconds."""
        if ledger.version == self._ledger_version:
            return
        self._ledger_version = ledger.version
        rules = self._vocabulary.rules
        listed = ledger.listed_institutions()
        none_open = dict.fromkeys(((rule, severity) for rule in rules for severity in names.SEVERITIES), 0)
        funds = dict.fromkeys(rules, 0) | ledger.fund_by_rule()
        places = dict.fromkeys(listed, 0) | ledger.fund_by_institution(listed)
        self._gauges.replace(names.OPEN_ALERTS, none_open | ledger.by_rule_and_severity())
        self._gauges.replace(names.FUND_AT_RISK, {(rule,): _yuan(fen) for rule, fen in funds.items()})
        self._gauges.replace(names.FUND_AT_RISK_DISTINCT, {(): _yuan(ledger.fund_at_risk)})
        self._gauges.replace(names.INSTITUTION_OPEN_ALERTS, ledger.by_institution(listed))
        self._gauges.replace(names.INSTITUTION_FUND_AT_RISK, {(code,): _yuan(fen) for code, fen in places.items()})
        named = {(code, name[:_LONGEST_NAME]): 1.0 for code, name in listed.items()}
        collective = {(OTHER, "其他 / other"): 1.0, (names.SEVERAL, "多家 / several"): 1.0}
        self._gauges.replace(names.INSTITUTION_INFO, named | collective)

    def set_standings(self, standings: Mapping[str, float]) -> None:
        """Show how institutions stand among their peers; as many as are listed by name at most."""
        ranked = sorted(standings.items(), key=lambda one: (-one[1], one[0]))[: names.INSTITUTION_CAP]
        self._gauges.replace(names.INSTITUTION_STANDING, {(code,): value for code, value in ranked})


def _yuan(fen: int) -> float:
    return fen / _FEN_PER_YUAN
