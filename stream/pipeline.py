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
from detectors.engine.pages import MOST_DECODED
from detectors.engine.rule import References, Rule
from detectors.engine.stage import FIRST, Stage
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from stream.outbox import partition_of

RETURNS = graph.ROLE_OF_FORWARD[FIRST]
Stores: TypeAlias = dict[tuple[str, int], dict[bytes, bytes]]
Returned: TypeAlias = dict[int, list[Incoming]]


class Pipeline:
    """``partitions`` institution stages in front of one person's, one household's and one peers' stage, which return to them.

    ``publish`` gets every revision in the order in which it arises, ``park`` every dead letter. ``stores`` holds the saved
    pages by stage and partition: one that an earlier run has saved is gone on from. ``returned`` is filled, by partition, with
    what has come back and is not in saved pages yet; a run gone on from them takes it again, as the service does from a topic.
    ``partition_of`` says in which partition an institution's transactions lie, where no client of Kafka's put them there.
    ``hear_trial`` gets what rules on trial say.
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
        returned: Returned | None = None,
        partition_of: Callable[[bytes, int], int] = partition_of,
        hear_trial: Callable[[Alert], None] = lambda alert: None,
    ) -> None:
        rules = list(rules)
        self._publish, self._park, self._hear_trial = publish, park, hear_trial
        self._partitions = partitions
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.stores: Stores = {} if stores is None else stores
        self._offset = Counter[str]()
        self._partition_of = partition_of

        def opened(name: str, partition: int) -> tuple[Stage, dict[bytes, bytes]]:
            store = self.stores.setdefault((name, partition), {})
            decoded = None if name == FIRST else MOST_DECODED  # of a later stage there is one, for all partitions
            return graph.open_stage(name, partition, partitions, store, references, rules, clock, decoded), store

        self._first = [opened(FIRST, partition) for partition in self._own_partitions()]
        self._later = {name: opened(name, 0) for name in graph.STAGES if name != FIRST}
        self._returned = returned
        for partition, records in list((returned or {}).items()):
            self._offset[FIRST] = max(self._offset[FIRST], records[-1].offset)
            self._take_back(partition, records)

    def _own_partitions(self) -> Iterable[int]:
        """The partitions whose first stage is in this pipeline."""
        return range(self._partitions)

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
        stage, _ = self._first[partition]
        self._follow(FIRST, partition, stage.take("transactions", batch))
        self._flush_first(partition)

    def take_persons(self, batch: Sequence[Incoming]) -> None:
        """Apply reference records of ``fund.persons``."""
        stage, store = self._later["person"]
        self._follow("person", 0, stage.take("persons", batch))
        flush(stage, store)

    def save(self) -> None:
        """Write every changed page to the stores, as the service does after each batch."""
        for stage, store in (*self._first, *self._later.values()):
            write(stage, store)
        if self._returned is not None:
            self._returned.clear()

    def save_later(self) -> None:
        """Write what a crash may leave: each stage writes for itself, and the later ones were quicker than the first."""
        for stage, store in self._later.values():
            write(stage, store)

    def _follow(self, name: str, partition: int, effects: Effects) -> None:
        for alert in effects.alerts:
            self._publish(alert)
        for alert in effects.trials:
            self._hear_trial(alert)
        for letter in effects.dead_letters:
            self._park(letter)
        self.counts.update(effects.counts)
        for after in graph.NEXT.get(name, ()):
            self._send_on(after, partition, effects)
        back: dict[int, list[Incoming]] = {}
        for stage, key, value in effects.forwards:
            if stage == FIRST:
                home = self._partition_of(key, self._partitions)
                back.setdefault(home, []).append(self._incoming(FIRST, home, key, value))
        for home, records in back.items():
            if self._returned is not None:
                self._returned.setdefault(home, []).extend(records)
            self._take_back(home, records)

    def _send_on(self, after: str, partition: int, effects: Effects) -> None:
        sent = [
            self._incoming(after, partition, key, value) for stage, key, value in effects.forwards if stage == after
        ]
        if effects.mark is not None:
            sources = range(self._partitions) if after == "household" else (partition,)
            sent += [self._incoming(after, source, None, marks.encode(source, effects.mark)) for source in sources]
        if sent:
            stage, store = self._later[after]
            self._follow(after, 0, stage.take(graph.ROLE_OF_FORWARD[after], sent))
            flush(stage, store)

    def _take_back(self, partition: int, records: list[Incoming]) -> None:
        stage, _ = self._first[partition]
        self._follow(FIRST, partition, stage.take(RETURNS, records))
        self._flush_first(partition)

    def _flush_first(self, partition: int) -> None:
        if flush(*self._first[partition]) and self._returned is not None:
            self._returned.pop(partition, None)

    def _incoming(self, stage: str, partition: int, key: bytes | None, value: bytes) -> Incoming:
        self._offset[stage] += 1
        return Incoming(partition, self._offset[stage], 0, key, value)


def flush(stage: Stage, store: dict[bytes, bytes]) -> bool:
    """Write the stage's pages, where enough of them have changed; whether it did."""
    if not stage.pages.wants_flush:
        return False
    write(stage, store)
    return True


def write(stage: Stage, store: dict[bytes, bytes]) -> None:
    """Write every changed page of a stage into its store."""
    for key, page in stage.flush():
        if page is None:
            store.pop(key, None)
        else:
            store[key] = page
