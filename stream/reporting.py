"""What does a delivered batch say to the metrics and the log?"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from detectors.engine.incoming import Effects, Incoming
from detectors.engine.stage import Stage as EngineStage
from stream.delivery import Steps, where
from stream.metrics import Metrics
from stream.stages import Site

log = logging.getLogger(__name__)
FIRST = "institution"
_MARK = "mark"  # counted by the engine among the transactions; it is none


class MetricsReport:
    """Turns effects into counts, once a batch."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._clock = clock

    def delivered(self, site: Site, batch: Sequence[Incoming], effects: Effects, since_ms: int, steps: Steps) -> None:
        """The batch's effects and pages are safe at the broker."""
        counts = _by_kind(effects.counts)
        self._metrics.batch_taken(site.stage_name, len(batch))
        self._metrics.transactions_applied(_single(counts.get("transactions", ()), without=_MARK))
        self._metrics.corrections_unmatched(_single(counts.get("unmatched_corrections", ())))
        self._metrics.clock_jumps_refused(_single(counts.get("clock_jumps_refused", ())))
        self._metrics.late_facts_not_learned(_single(counts.get("late_facts", ())))
        self._metrics.models_judged(_single(counts.get("model_days", ())), _single(counts.get("model_days_above", ())))
        self._metrics.rules_inactive({(names[0], names[1]): n for names, n in counts.get("rule_inactive", ())})
        self._dead_letters(effects)
        if effects.alerts:
            changes = {(names[0], names[1], names[2]): n for names, n in counts.get("alerts", ())}
            # Records of another topic than the transactions are what came back to the stage; their offsets say nothing.
            is_first = site.stage_name == FIRST and "transactions" in counts
            self._metrics.alerts_published(changes, self._latencies(batch, effects, since_ms, is_first))
        self._metrics.flushed(steps.publish, steps.write, steps.settle)
        if isinstance(site.stage, EngineStage):
            self._engine(site.stage_name, site.stage)

    def engine_failed(self, site: Site, error: Exception) -> None:
        """The engine raised on what it was given."""
        log.error(
            "engine error", extra={"stage": site.stage_name, "partition": site.partition, "error_at": where(error)}
        )

    def _dead_letters(self, effects: Effects) -> None:
        if effects.dead_letters:
            letters = effects.dead_letters
            self._metrics.dead_lettered(Counter((letter.stage, letter.reason) for letter in letters))
            self._metrics.decode_failed(Counter(letter.reason for letter in letters if letter.stage == "decode"))

    def _latencies(self, batch: Sequence[Incoming], effects: Effects, since_ms: int, is_first: bool) -> list[float]:
        """Seconds from the transaction's record to now; in later stages from the newest transaction behind the batch."""
        now = self._clock()
        written_ms = {record.offset: record.timestamp_ms for record in batch} if is_first else {}
        return [now - written_ms.get(alert.source.offset, since_ms) / 1000 for alert in effects.alerts]

    def _engine(self, name: str, stage: EngineStage) -> None:
        """What the stage has counted by itself since the last batch."""
        pages, examiner = stage.pages, stage.examiner
        self._metrics.pages_read(name, pages.hits - pages.misses, pages.misses)
        pages.hits = pages.misses = 0
        self._metrics.rules_asked(
            examiner.questions, {rule: spent / 1e9 for rule, spent in examiner.nanoseconds.items()}
        )
        examiner.questions.clear()
        examiner.nanoseconds.clear()


Counted = list[tuple[tuple[str, ...], int]]


def _by_kind(counts: Counter[tuple[str, ...]]) -> dict[str, Counted]:
    kinds: dict[str, Counted] = {}
    for (kind, *names), number in counts.items():
        kinds.setdefault(kind, []).append((tuple(names), number))
    return kinds


def _single(counted: Iterable[tuple[tuple[str, ...], int]], without: str = "") -> dict[str, int]:
    return {names[0]: number for names, number in counted if names[0] != without}
