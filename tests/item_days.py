"""An item's days, told to a page and a rule as the institution's stage would: for tests and `benchmarks.volume_quality`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from detectors.books.item import ItemPage, item_key
from detectors.books.item_posting import post_volumes
from detectors.books.volumes import VolumeDelta
from detectors.by_item.drug_volume.rule import DrugVolume
from detectors.engine.compare import Cause, Examiner
from detectors.engine.incoming import Effects
from detectors.engine.rule import Rule, View
from schemas.alerts import Alert
from schemas.china_time import DAY, HOUR
from schemas.references import CatalogueItem, Institution
from schemas.snapshots import Reference

FIRST_DAY = date(2024, 3, 4).toordinal() - date(1970, 1, 1).toordinal()  # a Monday, after the festival
PRICE = 2_000  # fen a pack


class NoReferences:
    """Nothing is known of anybody."""

    def institution(self, fixmedins_code: str) -> Institution | None:
        return None

    def item(self, med_list_codg: str) -> CatalogueItem | None:
        return None


class Watch:
    """One item at one institution under one rule; keeps every revision of every alert."""

    def __init__(self, rule: DrugVolume | None = None, page: ItemPage | None = None) -> None:
        self.rule = rule or DrugVolume()
        self.page = page or ItemPage(institution="P1", item="X1")
        self.revisions: list[Alert] = []
        self.messages = 0
        rules: list[Rule[Any]] = [self.rule]
        self._examiner = Examiner(rules, lambda page, now: View(now, NoReferences()))

    def sell(self, day: int, packs: float, at: int | None = None, scope: int | None = None) -> None:
        """One message bills (or takes back) packs of ``day``; at noon of that day unless said."""
        self.messages += 1
        now = day * DAY + 12 * HOUR if at is None else at
        infno = "2102" if packs > 0 else "2103"
        message = Reference(infno, f"M{self.messages:06d}", now)
        change = VolumeDelta(self.page.item, day, packs, round(packs * PRICE) if scope is None else scope, message)
        self._fire(now)
        post_volumes(self.page, [change], now)
        self._review(now, infno)

    def wait(self, until: int) -> None:
        """Stream time goes on without this item."""
        self._fire(until)
        self._review(until, "")

    def days(self, volumes: Iterable[float], first: int = FIRST_DAY) -> int:
        """One message a day with volume; the day after the last."""
        day = first
        for packs in volumes:
            if packs > 0:
                self.sell(day, packs)
            day += 1
        self.wait(day * DAY)
        return day

    @property
    def newest(self) -> dict[str, Alert]:
        """The newest revision of each alert."""
        return {alert.alert_id: alert for alert in self.revisions}

    @property
    def open(self) -> Sequence[Alert]:
        """Alerts that stand."""
        return [alert for alert in self.newest.values() if alert.status == "open"]

    def _fire(self, until: int) -> None:
        while (due := self.page.next_change()) <= until and self.page.standing:
            self._review(due, "")

    def _review(self, now: int, infno: str) -> None:
        effects = Effects()
        self.page.advance(now)
        cause = Cause(0, self.messages, now, f"M{self.messages:06d}", infno, now)
        self._examiner.review(item_key("P1", "X1"), self.page, now, cause, effects)
        self.revisions += [said.alert for said in effects.said]
