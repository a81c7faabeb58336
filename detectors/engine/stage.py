"""What do all stages do alike? Take records, fire wake-ups in time, review touched pages, and hand out writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from detectors.engine.clock import BEGINNING, CLOCK_KEY
from detectors.engine.compare import Cause, Examiner
from detectors.engine.incoming import Effects, Incoming
from detectors.engine.page import Page
from detectors.engine.pages import Pages, SavedPages, Writes
from detectors.engine.rule import References, Rule, View
from schemas.dead_letters import DeadLetter


class Layout(msgspec.Struct, frozen=True):
    """How a run is cut: the stage's own partition, and how many the topics have."""

    partition: int
    partitions: int


class Stage:
    """One stage of one partition. Not thread-safe; every call leaves it ready for the next."""

    name: ClassVar[str]
    roles: ClassVar[tuple[str, ...]]  # the topics that it reads, without prefix
    phases: ClassVar[tuple[tuple[type[Page], ...], ...]]

    def __init__(
        self, layout: Layout, saved: SavedPages, references: References, rules: Iterable[Rule[Any]],
        clock: Callable[[], int] | None = None,
    ) -> None:  # fmt: skip
        self._layout = layout
        self._references = references
        self._pages = Pages(saved, self.phases)
        kinds = set(self._pages.kinds().values())
        self.examiner = Examiner([rule for rule in rules if rule.page in kinds], self._view, clock)
        self._effects = Effects()
        self._sent_mark = BEGINNING

    @property
    def pages(self) -> Pages:
        """Its pages, for metrics and tests."""
        return self._pages

    def models(self) -> dict[str, tuple[int, int]]:
        """By rule that has models: how many, and how many of them are warming up."""
        return {rule.rule_id: self._pages.models(rule.page) for rule in self.examiner.rules() if rule.has_models}

    @property
    def stream_time(self) -> int | None:
        """How far its time has come, seconds of China time; None before the first record."""
        now = self._now()
        return None if now == BEGINNING else now

    def take(self, role: str, batch: Sequence[Incoming]) -> Effects:
        """Apply records of one topic in order; what they brought about, to be published before `flush` is written."""
        for record in batch:
            self._take_one(role, record)
        self._finish()
        now = self._now()
        if now > self._sent_mark:
            self._effects.mark = self._sent_mark = now
        effects, self._effects = self._effects, Effects()
        return effects

    def flush(self) -> Writes:
        """The pages that changed, in phases: each must be written before the next (design.md, State and delivery)."""
        return self._pages.flush()

    # -- for the stages ---------------------------------------------------------------------------------------------

    def _now(self) -> int:
        raise TypeError(f"{self.name} does not say what time it is")

    def _take_one(self, role: str, record: Incoming) -> None:
        raise TypeError(f"{self.name} does not say how it takes a record of {role}")

    def _finish(self) -> None:
        """After the last record of a batch."""

    def _view(self, page: Page, now: int) -> View:
        """What a rule may see beside the page."""
        return View(now, self._references)

    def _park(self, stage: str, reason: str, detail: str, role: str, record: Incoming) -> None:
        self._effects.dead_letters.append(
            DeadLetter(stage, reason, detail, role, record.partition, record.offset, record.key, record.value)
        )
        self._effects.counts["dead_letters", stage, reason] += 1

    def _review(self, key: bytes, page: Page, now: int, cause: Cause) -> None:
        """Let time do its work on the page, ask the rules, and set its next wake-up."""
        page.advance(now)
        forget = page.forgets_at()
        if forget <= now:
            self._pages.drop(key)
            return
        wake = self.examiner.review(key, page, now, cause, self._effects)
        change = page.next_change()
        self._pages.changed(key, page)
        self._pages.sleep(key, page, min(wake, forget, change if change > now else now + 1))

    def _fire_until(self, now: int, cause: Cause) -> None:
        """Fire every wake-up due at ``now`` or before, in order of time; what they raise bears the wake-up's time."""
        while (due := self._pages.next_due(now)) is not None:
            at, key, page = due
            self._review(key, page, at, cause._replace(infno="", at=at))

    def _keep_clock(self, clock: Page) -> None:
        self._pages.changed(CLOCK_KEY, clock)
