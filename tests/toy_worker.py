"""A worker with a stage of a few lines, for tests of transport and delivery: `python -m tests.toy_worker SETTINGS.json`.

The stage counts, for each key, how many different numbers it has seen, and says each new one as an alert of its own, so
that what is lost or doubled *in effect* shows in the alerts topic and in the counts of the changelog.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from detectors.engine.incoming import Effects, Incoming
from schemas.alerts import Alert, Source, Text
from stream.blueprint import Blueprint
from stream.delivery import Destinations, Steps
from stream.logs import write_logs
from stream.settings import Settings
from stream.stages import Route, Site
from stream.tables import Pages, Writes
from stream.worker import Worker

POISON = b"poison"
SECONDS_A_RECORD = 0.0002  # slow enough that a test can do something in the midst of the flow


class Tally(msgspec.Struct):
    """A page of the toy: how many records of its key were applied, and the offset that it includes."""

    count: int = 0
    position: int = -1


class ToyStage:
    """Counts records by key; on the poison it changes a page and raises."""

    def __init__(self, name: str, partition: int, pages: Pages) -> None:
        self.name = name
        self.partition = partition
        self.stream_time: int | None = None
        self._saved = pages
        self._pages: dict[bytes, Tally] = {}
        self._dirty: set[bytes] = set()

    def take(self, role: str, batch: Sequence[Incoming]) -> Effects:
        """Apply records; a repeat changes nothing."""
        effects = Effects()
        time.sleep(SECONDS_A_RECORD * len(batch))
        for record in batch:
            key = record.key or b""
            tally = self._page(key)
            if record.offset <= tally.position:
                continue
            tally.count += 1
            tally.position = record.offset
            self._dirty.add(key)
            if record.value == POISON:
                raise ValueError("13")
            effects.alerts.append(toy_alert(f"{record.partition}-{record.offset}", tally.count, key))
        return effects

    def flush(self) -> Writes:
        """All changed pages."""
        writes = [(key, msgspec.msgpack.encode(self._pages[key])) for key in sorted(self._dirty)]
        self._dirty.clear()
        return writes

    def _page(self, key: bytes) -> Tally:
        if key not in self._pages:
            saved = self._saved.get(key)
            self._pages[key] = Tally() if saved is None else msgspec.msgpack.decode(saved, type=Tally)
        return self._pages[key]


def toy_alert(alert_id: str, count: int, key: bytes) -> Alert:
    """An alert whose revision is the count it was raised at."""
    return Alert(
        alert_id=alert_id, rule="toy", rule_version=1, revision=count, status="open", severity="low", score=0.5,
        raised_at="", revised_at="", begin="", end=None, institution=key.decode(), institution_name=None, persons=[],
        visits=[], household=None, item=None, group=None, measures=[], evidence=[], evidence_total=0, fund_at_risk=0,
        rule_class="管理类", basis=[], text=Text("", ""), source=Source(0, 0, "", ""),
    )  # fmt: skip


class Silent:
    """Reports nothing."""

    def delivered(self, site: Site, batch: Sequence[Incoming], effects: Effects, since_ms: int, steps: Steps) -> None:
        """Nothing."""

    def engine_failed(self, site: Site, error: Exception) -> None:
        """Nothing."""


def toy_blueprint(settings: Settings, partitions: int) -> Blueprint:
    """`transactions` into one stage; alerts and dead letters out."""
    destinations = Destinations(settings.topic("alerts"), settings.topic("dead-letters"), {}, {}, partitions)
    routes = (Route("transactions", settings.topic("transactions"), "toy"),)
    return Blueprint(routes, {"toy": settings.topic("state.toy")}, destinations, ToyStage, lambda p, m: b"", Silent())


def main(broker: str, prefix: str, group: str, partitions: str, folder: str) -> None:
    """Run until stopped."""
    write_logs()
    settings = Settings(broker=broker, prefix=prefix, group=group, data=Path(folder))

    async def run() -> None:
        await Worker(settings, toy_blueprint(settings, int(partitions)), Path(folder)).run()

    asyncio.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
