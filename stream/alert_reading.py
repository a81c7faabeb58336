"""What do the alerts say, read from their topic as any consumer reads it?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec
from aiokafka import ConsumerRecord

from schemas.alerts import Alert, decode_alert
from stream import topics
from stream.settings import Settings
from stream.topic_access import records_as_they_come, records_to_end

Complain = Callable[[str], None]


class Selection(msgspec.Struct, frozen=True):
    """Which alerts are wanted; what is empty selects nothing out. ``since`` is the earliest `revised_at`."""

    rules: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    since: str = ""

    def takes(self, alert: Alert) -> bool:
        """Whether the alert is one of them."""
        wanted = (
            (self.rules, alert.rule),
            (self.institutions, alert.institution),
            (self.severities, alert.severity),
            (self.statuses, alert.status),
        )
        return all(not some or value in some for some, value in wanted) and alert.revised_at >= self.since


async def newest(settings: Settings, selection: Selection, complain: Complain) -> list[Alert]:
    """The newest revision of every selected alert that the topic holds now, the newest first.

    ``complain`` hears of each record that is no alert; it is left out. Raises `TopicMissing` and `BrokerUnreachable`.
    """
    kept: dict[str, Alert] = {}
    revisions: dict[str, int] = {}
    async for record in records_to_end(settings, settings.topic(topics.ALERTS)):
        if record.value is None:
            alert_id = (record.key or b"").decode(errors="replace")
            kept.pop(alert_id, None)
            revisions.pop(alert_id, None)
            continue
        alert = _alert(record, complain)
        # A crash may bring old revisions again, after newer ones.
        if alert is None or alert.revision < revisions.get(alert.alert_id, 0):
            continue
        revisions[alert.alert_id] = alert.revision
        if selection.takes(alert):
            kept[alert.alert_id] = alert
        else:
            kept.pop(alert.alert_id, None)
    return sorted(kept.values(), key=lambda alert: (alert.revised_at, alert.alert_id), reverse=True)


async def follow(
    settings: Settings, selection: Selection, from_beginning: bool, complain: Complain
) -> AsyncIterator[Alert]:
    """Every selected revision as it comes, for ever; raises and complains as `newest` does."""
    async for record in records_as_they_come(settings, settings.topic(topics.ALERTS), from_beginning):
        alert = None if record.value is None else _alert(record, complain)
        if alert is not None and selection.takes(alert):
            yield alert


async def revisions_of(settings: Settings, alert_id: str, complain: Complain) -> list[Alert]:
    """The revisions of one alert that the topic still holds, oldest first, each once; empty where it has none."""
    found: dict[int, Alert] = {}
    async for record in records_to_end(settings, settings.topic(topics.ALERTS), alert_id.encode()):
        if record.value is None:
            found.clear()
        elif (alert := _alert(record, complain)) is not None:
            found[alert.revision] = alert
    return [found[revision] for revision in sorted(found)]


def _alert(record: ConsumerRecord, complain: Complain) -> Alert | None:
    try:
        return decode_alert(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        complain(f"{record.topic}/{record.partition}/{record.offset} is not an alert: {error}")
        return None
