"""Rules have changed: which pages must be asked again, and when?

All pages of the kinds that a changed rule asks, in order of their keys, a few before every record: so the walk goes on
with whatever comes, time marks of a quiet partition too, and no batch waits for millions of pages. How many is a matter of
the records alone (their timestamps, never a clock): taken again after a crash, in whatever batches, the same records
bring about the same revisions. How far it has come is saved with the pages.

A page that has nothing for a changed rule is decoded and let go; only what a question changes is written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from detectors.engine.asked import ASKED_KEY, Asked, Setting, settings_of
from detectors.engine.compare import Cause, Examiner
from detectors.engine.incoming import Effects, Incoming
from detectors.engine.page import Page
from detectors.engine.pages import Pages, SavedPages
from detectors.engine.rule import Rule
from detectors.engine.rule_changes import changes
from schemas.alerts import Text

# 50 µs a page: a fifth of a core while records come, a tenth of a second at once where a quiet partition gets a mark
# a minute, and no backlog goes slower than page for record.
PAGES_A_MS = 4
MOST_AT_ONCE = 2_000
LEAST_AT_ONCE = 1


class Walk:
    """Asks the pages of one stage again. `open_walk` says whether there is one to do."""

    def __init__(
        self, pages: Pages, saved: SavedPages, asked: Asked, changed: Mapping[str, Text], rules: Iterable[Rule[Any]]
    ) -> None:
        self._pages, self._asked, self._changed = pages, asked, changed
        self._kinds = dict(pages.kinds())
        self._rules: dict[type[Page], list[Rule[Any]]] = {}
        for rule in rules:
            if rule.rule_id in changed:
                self._rules.setdefault(rule.page, []).append(rule)
        prefixes = self._prefixes()
        self._keys = sorted(key for key, _ in saved.items() if key[:1] in prefixes and key > asked.reached)
        self._next = 0

    def _prefixes(self) -> set[bytes]:
        if self._asked.before is None:
            return set(self._kinds) - {ASKED_KEY}
        known = {**self._asked.before, **self._asked.rules}
        return {setting.prefix.encode() for name, setting in known.items() if name in self._changed} | {
            self._asked.before[name].prefix.encode() for name in self._changed if name in self._asked.before
        }

    @property
    def left(self) -> int:
        """Pages that have not been asked yet."""
        return len(self._keys) - self._next

    def go_on(
        self, role: str, record: Incoming, position: tuple[int, int], examiner: Examiner, now: int, effects: Effects
    ) -> bool:  # fmt: skip
        """Ask some pages, before that record is taken; whether it was the last. ``position``: the transaction, by partition and
        offset, that time goes by."""
        partition, offset = position
        cause = Cause(partition, offset, now, "", "", now)
        for key in self._keys[self._next : self._next + self._due(role, record)]:
            self._ask(key, examiner, now, cause, effects)
            self._asked.reached = key
            self._next += 1
        if not self.left:
            self._asked.arrive()
        self._pages.changed(ASKED_KEY, self._asked)
        return not self.left

    def _due(self, role: str, record: Incoming) -> int:
        asked = self._asked
        if record.offset <= asked.positions.get(role, -1):  # it comes again, and has done its part
            return 0
        asked.positions = asked.positions | {role: record.offset}
        elapsed = record.timestamp_ms - asked.heard_ms if asked.heard_ms >= 0 else 0
        asked.heard_ms = max(asked.heard_ms, record.timestamp_ms)
        return min(max(elapsed * PAGES_A_MS, LEAST_AT_ONCE), MOST_AT_ONCE)

    def _ask(self, key: bytes, examiner: Examiner, now: int, cause: Cause, effects: Effects) -> None:
        kind = self._kinds[key[:1]]
        page = self._pages.peek(kind, key)
        rules = self._rules.get(kind, [])
        if page is None or not (page.standing or any(rule.concerns(page) for rule in rules)):
            return
        page.advance(now)
        if page.forgets_at() <= now:  # its own wake-up drops it
            return
        said, warmth = len(effects.said), page.warmth
        wake = examiner.ask_again(rules, key, page, now, cause, effects)
        if len(effects.said) > said:
            wake = min(wake, max(page.next_change(), now + 1))
        if len(effects.said) > said or wake < page.wake or page.warmth != warmth:
            if page.warmth != warmth:
                self._pages.recount(kind, warmth, page.warmth)
            self._pages.keep(key, page)
            self._pages.sleep(key, page, wake)

    # -- for whoever asks meanwhile ---------------------------------------------------------------------------------

    def changed_since(self, rule_id: str, key: bytes) -> Text | None:
        """What changed of a rule since that page was last asked; None where nothing did."""
        changed = self._changed.get(rule_id)
        if changed is None:
            return None
        place = bisect_left(self._keys, key, self._next)
        return changed if place < len(self._keys) and self._keys[place] == key else None

    def former(self, rule_id: str) -> Setting | None:
        """The rule as it was before."""
        return None if self._asked.before is None else self._asked.before.get(rule_id)


def open_walk(pages: Pages, saved: SavedPages, rules: Iterable[Rule[Any]]) -> Walk | None:
    """Remember the rules that run now; the walk that is to be done because others ran before, or is not yet done."""
    rules = list(rules)
    settings = settings_of(rules)
    asked = pages.get(Asked, ASKED_KEY)
    if asked is None:
        is_blank = next(iter(saved.items()), None) is None
        asked = pages.open(Asked, ASKED_KEY, Asked)
        asked.rules, asked.before, asked.is_walking = settings, {} if is_blank else None, not is_blank
        pages.changed(ASKED_KEY, asked)
    elif asked.reopen(settings):
        pages.changed(ASKED_KEY, asked)
    if not asked.is_walking:
        return None
    return Walk(pages, saved, asked, changes(asked.before, rules), rules)
