"""Which open alerts of one institution belong together, and what must be published when one comes, changes or goes?

`Joining` holds the cases of one partition of the institution's stage. It works record by record: however records are cut
into batches, the same revisions come out, and a crash repeats them with the same bytes. Nothing is done for a record about
which nothing was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from detectors.books.case import MOST_RELATED, CasePage, Tied, TiePage, case_key
from detectors.engine.clock import BEGINNING
from detectors.engine.incoming import Effects, Said
from detectors.engine.pages import Pages
from schemas.alerts import Alert, Source, decode_alert, encode_alert
from schemas.china_time import format_time, parse_time
from schemas.returns import AlertLeft, Change


class _Joined(NamedTuple):
    """An alert that is to go out, and whether it is the last that this record says of it."""

    page: CasePage
    alert: Alert
    change: Change
    is_last: bool


class Joining:
    """Publishes alerts with what they are related to. ``pages`` holds its `CasePage` and `TiePage`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def is_new(self, alert: Alert) -> bool:
        """Whether that revision of a later stage is not joined yet."""
        page = self._pages.get(CasePage, case_key(alert.institution, alert.alert_id))
        return page is None or not page.holds(alert.revision, parse_time(alert.revised_at))

    def join(self, said: Sequence[Said], now: int, effects: Effects) -> None:
        """Publish what was said of one institution or several, and every other alert that is related otherwise by it."""
        last = {one.alert.alert_id: number for number, one in enumerate(said)}
        near: dict[bytes, Source] = {}
        joined: list[_Joined] = []
        for number, one in enumerate(said):
            page = self._open(one.alert)
            before = page.ties(), page.begin, page.end
            page.join(one.alert)
            self._tie(page, *before, one.alert.source, near)
            joined.append(_Joined(page, one.alert, one.change, last[one.alert.alert_id] == number))
        for page, alert, change, is_last in joined:
            if is_last:
                page.related = self._related(page, alert)
            self._publish(page, alert, change, max(alert.revision, page.revision + 1), effects)
            near.pop(case_key(page.institution, page.alert_id), None)
        self._revise(near, now, effects)

    def leave(self, left: AlertLeft, now: int, effects: Effects) -> None:
        """The alert is no longer about this institution: whoever publishes it now, its former neighbours let it go."""
        key = case_key(left.institution, left.alert_id)
        page = self._pages.get(CasePage, key)
        if page is None or page.joined >= left.revision:
            return
        near: dict[bytes, Source] = {}
        before = page.ties()
        page.is_open = False
        self._tie(page, before, page.begin, page.end, decode_alert(page.published).source, near)
        self._pages.drop(key)
        self._revise(near, now, effects)

    # -- ties -------------------------------------------------------------------------------------------------------

    def _open(self, alert: Alert) -> CasePage:
        key = case_key(alert.institution, alert.alert_id)
        return self._pages.open(CasePage, key, lambda: CasePage(institution=alert.institution, alert_id=alert.alert_id))

    def _tie(
        self, page: CasePage, before: dict[bytes, bool], begin: int, end: int | None, source: Source,
        near: dict[bytes, Source],
    ) -> None:  # fmt: skip
        """Note under each visit and person that the alert names it; whom that may concern goes into ``near``."""
        ties, until = page.ties(), page.kept_until()
        by_visit, by_person = Tied(0, None, until), Tied(page.begin, page.end, until)
        has_moved = (begin, end) != (page.begin, page.end)
        for key in sorted(before.keys() | ties.keys()):
            tie = self._pages.open(TiePage, key, TiePage)
            if key not in ties:
                tie.alerts.pop(page.alert_id, None)
            elif not tie.put(page.alert_id, by_visit if ties[key] else by_person):
                continue
            if tie.alerts:
                self._pages.changed(key, tie)
                self._pages.sleep(key, tie, tie.next_change())
            else:
                self._pages.drop(key)
            if key not in before or key not in ties or (has_moved and not ties[key]):
                is_visit = ties.get(key) or before.get(key)
                for other, tied in tie.alerts.items():
                    if other != page.alert_id and (
                        is_visit or tied.is_near(page.begin, page.end) or (key in before and tied.is_near(begin, end))
                    ):
                        near[case_key(page.institution, other)] = source

    def _related(self, page: CasePage, alert: Alert) -> tuple[str, ...]:
        """What is open and shares a visit, or a person at about the time; with what the rule itself has named.

        A retracted alert keeps what it had.
        """
        found = set(alert.related)
        if not page.is_open:
            return tuple(sorted(found | set(page.related))[:MOST_RELATED])
        for key, is_visit in page.ties().items():
            tie = self._pages.get(TiePage, key)
            if tie is not None:
                found.update(
                    other for other, tied in tie.alerts.items() if is_visit or tied.is_near(page.begin, page.end)
                )
        found.discard(page.alert_id)
        return tuple(sorted(found)[:MOST_RELATED])

    # -- what goes out ----------------------------------------------------------------------------------------------

    def _publish(self, page: CasePage, alert: Alert, change: Change, revision: int, effects: Effects) -> None:
        page.revision = revision
        alert = msgspec.structs.replace(alert, revision=revision, related=list(page.related))
        page.published = encode_alert(alert)
        effects.publish(alert, change)
        key = case_key(page.institution, page.alert_id)
        self._pages.changed(key, page)
        self._pages.sleep(key, page, page.forgets_at())

    def _revise(self, near: dict[bytes, Source], now: int, effects: Effects) -> None:
        """A revision of each that is related to others than before; in order, so that a repeat is the same."""
        for key in sorted(near):
            page = self._pages.get(CasePage, key)
            if page is None or not page.is_open:
                continue
            alert = decode_alert(page.published)
            related = self._related(page, msgspec.structs.replace(alert, related=[]))
            if related == page.related:
                continue
            page.related = related
            at = alert.revised_at if now == BEGINNING else max(alert.revised_at, format_time(now))
            alert = msgspec.structs.replace(alert, revised_at=at, source=_without_change(near[key]))
            self._publish(page, alert, "revised", page.revision + 1, effects)


def _without_change(source: Source) -> Source:
    """Of this alert's rule nothing has changed."""
    return source if source.change is None else msgspec.structs.replace(source, change=None)
