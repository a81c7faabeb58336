"""How does the graph of stages run block by block, so that any number of processes gives the same bytes?

A block goes to the first stages of all shards. What they send on goes to the later stages in the order of the calls behind
it, and what those return goes to the first stages `AHEAD` blocks later than it could: so the first stages may be as many
blocks ahead of the later ones, and no result depends on which of them was quicker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from detectors.engine.incoming import Effects, Forward, Incoming
from detectors.engine.rule import References, Rule
from detectors.engine.stage import FIRST, Stage
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.snapshots import order_of
from stream.blocks import SHARDS, Block
from stream.pipeline import Pipeline, Stores
from stream.shards import Front, Share

AHEAD: Final = 2  # with one, both sides wait for the other's longest blocks: a tenth of the time of two processes
_PERSON: Final = "person"
_FIRST_OF_ALL: Final = (0, 0, 0)  # what goes to other stages keeps the order of shards
_Returns = dict[int, list[Incoming]]


def _nothing() -> list[_Returns]:
    return [{} for _ in range(AHEAD + 1)]


class Between(msgspec.Struct, array_like=True):
    """What is under way between two blocks, for a snapshot: the returns that are due with each of the next blocks, how many
    records each internal topic has had, and what was counted."""

    due: list[_Returns] = msgspec.field(default_factory=_nothing)
    offsets: dict[str, int] = {}
    counts: list[tuple[tuple[str, ...], int]] = []


class BlockPipeline(Pipeline):
    """The later stages here, the first ones behind a `Front`. ``home_of`` says which shard an institution has."""

    def __init__(
        self, rules: Iterable[Rule[Any]], references: References, publish: Callable[[Alert], None],
        park: Callable[[DeadLetter], None], front: Front, home_of: Callable[[str], int],
        clock: Callable[[], int] | None = None, stores: Stores | None = None, between: Between | None = None,
        hear_trial: Callable[[Alert], None] = lambda alert: None,
    ) -> None:  # fmt: skip
        is_resumed = between is not None
        between = between or Between()
        super().__init__(
            rules, references, publish, park, SHARDS, clock, stores,
            partition_of=lambda institution, shards: home_of(institution.decode()), hear_trial=hear_trial,
        )  # fmt: skip
        self._front = front
        self._due: deque[_Returns] = deque(between.due)  # with each block to come, as far as all before it are answered
        self._unanswered = 0
        self._back: _Returns = {}
        self._offset.update(between.offsets)
        self.counts.update(dict(between.counts))
        if is_resumed:
            for stage, _ in self._later.values():
                stage.resume()

    def _own_partitions(self) -> Iterable[int]:
        return ()

    @property
    def stages(self) -> list[Stage]:
        """All stages that are in this process, first to last."""
        return [*self._front.stages(), *(stage for stage, _ in self._later.values())]

    def take_block(self, block: Block) -> None:
        """Begin with a block, and go on with the one that is `AHEAD` before it."""
        self._send(block.shares)
        if not self._due:
            self._answer()

    def settle(self) -> Between:
        """Bring the blocks that are under way to their end; what is then still due."""
        while self._unanswered:
            self._answer()
        counts = [(names, count) for names, count in self.counts.items() if count]
        return Between(list(self._due), dict(self._offset), counts)

    def finish(self) -> None:
        """Bring everything to its end, what was returned too."""
        self.settle()
        while any(self._due):
            self._send([[] for _ in range(SHARDS)])
            self._answer()

    def save(self) -> None:
        """Write every changed page to the stores, those of the first stages too."""
        super().save()
        for shard, store in self._front.saved().items():
            self.stores[FIRST, shard] = store

    def _send(self, records: Sequence[Sequence[Incoming]]) -> None:
        due = self._due.popleft()
        self._front.send([Share(shard, due.get(shard, []), own) for shard, own in enumerate(records)])
        self._unanswered += 1

    def _answer(self) -> None:
        """Take what the oldest unanswered block has brought about through the later stages, and note what they return."""
        self._back = {}
        answers = self._front.receive()
        together, marks = Effects(), [effects.mark for effects in answers]
        for effects in answers:
            effects.mark = None
            together.forwards += effects.forwards
            effects.forwards = []
            self._follow(FIRST, 0, effects)
        together.forwards.sort(key=_order)
        self._follow(FIRST, 0, together)
        for shard, mark in enumerate(marks):
            if mark is not None:
                told = Effects()
                told.mark = mark
                self._follow(FIRST, shard, told)
        self._due.append(self._back)
        self._unanswered -= 1

    def _take_back(self, partition: int, records: list[Incoming]) -> None:
        self._back.setdefault(partition, []).extend(records)


def _order(forward: Forward) -> tuple[int, int, int]:
    return order_of(forward.value) if forward.stage == _PERSON else _FIRST_OF_ALL
