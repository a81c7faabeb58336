"""How does the graph of stages run in one process, without Kafka?

The same stages, in the same order, with the same bytes between them as in the service; what the service sends through an
internal topic is handed on at once. Used by the replay and by tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from detectors.engine import graph, marks
from detectors.engine.incoming import Effects, Incoming
from detectors.engine.rule import References, Rule
from detectors.engine.stage import Stage
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter

Stores: TypeAlias = dict[tuple[str, int], dict[bytes, bytes]]

_PAGES_BEFORE_FLUSH = 100_000  # decoded pages are quick, and saved ones small: write when this many have changed


class Pipeline:
    """``partitions`` institution stages in front of one person's and one household's stage.

    ``publish`` gets every revision in the order in which it arises, ``park`` every dead letter. ``stores`` holds the saved
    pages by stage and partition: one that an earlier run has saved is gone on from.
    """

    def __init__(
        self,
        rules: Iterable[Rule[Any]],
        references: References,
        publish: Callable[[Alert], None],
        park: Callable[[DeadLetter], None],
        partitions: int = 1,
        clock: Callable[[], int] | None = None,
        stores: Stores | None = None,
    ) -> None:
        rules = list(rules)
        self._publish, self._park = publish, park
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.stores: Stores = {} if stores is None else stores
        self._offset = Counter[str]()

        def opened(name: str, partition: int) -> tuple[Stage, dict[bytes, bytes]]:
            store = self.stores.setdefault((name, partition), {})
            return graph.open_stage(name, partition, partitions, store, references, rules, clock), store

        self._first = [opened("institution", partition) for partition in range(partitions)]
        self._later = {name: opened(name, 0) for name in graph.STAGES if name != "institution"}

    @property
    def stages(self) -> list[Stage]:
        """All stages, first to last."""
        return [stage for stage, _ in (*self._first, *self._later.values())]

    @property
    def stream_time(self) -> int | None:
        """The time of the stage that is furthest behind, as far as it has begun."""
        times = [time for stage, _ in self._first if (time := stage.stream_time) is not None]
        return min(times, default=None)

    def take(self, batch: Sequence[Incoming]) -> None:
        """Apply records of ``fund.transactions``, all of one partition, in order."""
        partition = batch[0].partition
        stage, store = self._first[partition]
        self._follow("institution", partition, stage.take("transactions", batch))
        _flush(stage, store)

    def take_persons(self, batch: Sequence[Incoming]) -> None:
        """Apply reference records of ``fund.persons``."""
        stage, store = self._later["person"]
        self._follow("person", 0, stage.take("persons", batch))
        _flush(stage, store)

    def save(self) -> None:
        """Write every changed page to the stores, as the service does after each batch."""
        for stage, store in (*self._first, *self._later.values()):
            _write(stage, store)

    def _follow(self, name: str, partition: int, effects: Effects) -> None:
        for alert in effects.alerts:
            self._publish(alert)
        for letter in effects.dead_letters:
            self._park(letter)
        self.counts.update(effects.counts)
        after = graph.NEXT[name]
        if after is None:
            return
        sent = [self._incoming(after, partition, forward.key, forward.value) for forward in effects.forwards]
        if effects.mark is not None:
            sources = range(len(self._first)) if name == "person" else (partition,)
            sent += [self._incoming(after, source, None, marks.encode(source, effects.mark)) for source in sources]
        if sent:
            stage, store = self._later[after]
            self._follow(after, 0, stage.take(graph.ROLE_OF_FORWARD[after], sent))
            _flush(stage, store)

    def _incoming(self, stage: str, partition: int, key: bytes | None, value: bytes) -> Incoming:
        self._offset[stage] += 1
        return Incoming(partition, self._offset[stage], 0, key, value)


def _flush(stage: Stage, store: dict[bytes, bytes]) -> None:
    if stage.pages.dirty >= _PAGES_BEFORE_FLUSH:
        _write(stage, store)


def _write(stage: Stage, store: dict[bytes, bytes]) -> None:
    for key, page in stage.flush():
        if page is None:
            store.pop(key, None)
        else:
            store[key] = page
