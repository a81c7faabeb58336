"""What do all stages do alike? Take records, fire wake-ups in time, review touched pages, and hand out writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from detectors.engine.asked import Asked
from detectors.engine.clock import BEGINNING, CLOCK_KEY
from detectors.engine.compare import Cause, Examiner
from detectors.engine.incoming import Effects, Forward, Incoming, Reached, Said
from detectors.engine.page import Page
from detectors.engine.pages import MOST_DECODED, Pages, SavedPages, Writes
from detectors.engine.rule import References, Rule, View
from detectors.engine.trial import is_on_trial
from detectors.engine.walk import Walk, open_walk
from schemas.dead_letters import DeadLetter
from schemas.returns import AlertLeft, Returned, ReturnedAlert, encode_return

FIRST: Final = "institution"  # the stage that alerts of later ones come back to


class Layout(NamedTuple):
    """How a run is cut: the stage's own partition, and how many the topics have."""

    partition: int
    partitions: int


class Stage:
    """One stage of one partition. Not thread-safe; every call leaves it ready for the next.

    ``decoded``: how many pages it may have as objects in memory; without it, its part of what a stage has of all partitions.
    """

    name: ClassVar[str]
    roles: ClassVar[tuple[str, ...]]  # the topics that it reads, without prefix
    kinds: ClassVar[tuple[type[Page], ...]]  # the pages of its books

    def __init__(
        self, layout: Layout, saved: SavedPages, references: References, rules: Iterable[Rule[Any]],
        clock: Callable[[], int] | None = None, decoded: int | None = None,
    ) -> None:  # fmt: skip
        self._layout = layout
        self._references = references
        self._pages = Pages(
            saved, (*self.kinds, Asked), MOST_DECODED // layout.partitions if decoded is None else decoded
        )
        kinds = set(self._pages.kinds().values())
        self._moved_by_time = {
            kind: kind.advance is not Page.advance or kind.next_change is not Page.next_change for kind in kinds
        }
        rules = [rule for rule in rules if rule.page in kinds]
        self.examiner = Examiner(rules, self._view, clock)
        self._judging: dict[type[Page], list[str]] = {}  # rules by the page on which their model learns
        for rule in rules:
            if rule.has_models and rule.page.take_judged is not Page.take_judged:
                self._judging.setdefault(rule.page, []).append(rule.rule_id)
        self._has_trials = any(is_on_trial(rule.rule_id) for rule in rules)
        self.walk = self.examiner.changing = open_walk(self._pages, saved, rules)
        self._effects = Effects()
        self._sent_mark = BEGINNING
        self._begin()

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
            if self.walk is not None:
                self._walk_on(self.walk, role, record)
            self._take_one(role, record)
            if self._effects.said:
                said, self._effects.said = self._effects.said, []
                self._speak(self._heard(said) if self._has_trials else said)
        self._finish()
        self._pages.rest()
        now = self._now()
        if now > self._sent_mark:
            self._effects.mark = Reached(now, *self._moved_by())
            self._sent_mark = now
        effects, self._effects = self._effects, Effects()
        return effects

    def _walk_on(self, walk: Walk, role: str, record: Incoming) -> None:
        now = self._now()
        if now != BEGINNING and walk.go_on(role, record, self._moved_by(), self.examiner, now, self._effects):
            self.walk = self.examiner.changing = None

    def _heard(self, said: list[Said]) -> list[Said]:
        """What rules that are not on trial have said; nothing else is joined, sent on or published."""
        self._effects.trials += [one.alert for one in said if is_on_trial(one.alert.rule)]
        return [one for one in said if not is_on_trial(one.alert.rule)]

    def resume(self) -> None:
        """Its pages were saved behind a whole batch, and so the mark of that batch is known further on."""
        self._sent_mark = self._now()

    def flush(self) -> Writes:
        """The pages that changed since the last flush, to be written together."""
        return self._pages.flush()

    # -- for the stages ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Open what the stage keeps besides its pages; the last step of its making."""

    def _now(self) -> int:
        raise TypeError(f"{self.name} does not say what time it is")

    def _moved_by(self) -> tuple[int, int]:
        """Partition and offset of the transaction that its time goes by."""
        raise TypeError(f"{self.name} does not say what its time goes by")

    def _take_one(self, role: str, record: Incoming) -> None:
        raise TypeError(f"{self.name} does not say how it takes a record of {role}")

    def _speak(self, said: list[Said]) -> None:
        """Alerts about an institution are published by its own stage, which knows its other alerts (decision 12)."""
        for alert, change, left in said:
            if left:
                self._return(left, AlertLeft(left, alert.alert_id, alert.revision))
            if alert.institution:
                self._return(alert.institution, ReturnedAlert(change, alert))
            else:
                self._effects.publish(alert, change)

    def _return(self, institution: str, message: Returned) -> None:
        """Let an institution's stage know."""
        self._effects.forwards.append(Forward(FIRST, institution.encode(), encode_return(message)))

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
        moves = self._moved_by_time.get(type(page), True)
        if moves:
            page.advance(now)
        if (judging := self._judging.get(type(page))) is not None:
            self._count_judged(judging, *page.take_judged())
        forget, pages, warmth = page.forgets_at(), self._pages, page.warmth
        if forget <= now:
            if warmth:
                pages.recount(type(page), warmth, 0)
            self._forget(key, page)
            return
        wake = self.examiner.review(key, page, now, cause, self._effects)
        if page.warmth != warmth:
            pages.recount(type(page), warmth, page.warmth)
        if moves:
            change = page.next_change()
            if change <= now:
                change = now + 1
            if change < wake:
                wake = change
        pages.changed(key, page)
        pages.sleep(key, page, wake if wake < forget else forget)

    def _count_judged(self, rules: Iterable[str], judged: int, above: int) -> None:
        """How well models fit, day by day, for the metrics."""
        if judged:
            for rule in rules:
                self._effects.counts["model_days", rule] += judged
                self._effects.counts["model_days_above", rule] += above

    def _forget(self, key: bytes, page: Page) -> None:
        """The page's horizon has passed."""
        self._pages.drop(key)

    def _fire_until(self, now: int, cause: Cause) -> None:
        """Fire every wake-up due at ``now`` or before, in order of time; what they raise bears the wake-up's time."""
        while (due := self._pages.next_due(now)) is not None:
            at, key, page = due
            self._review(key, page, at, cause.waking(at))

    def _keep_clock(self, clock: Page) -> None:
        self._pages.changed(CLOCK_KEY, clock)
