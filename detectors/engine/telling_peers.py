"""What does an institution's stage tell the stage of peers, and how does it know in which region that is?

Of its closed days and its items' months: each change at once, not by the batch, for what peers hear in which order must not go
by batches. Where an institution is found to be in another region, the first one is told that it never was there.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import structs

from detectors.books.activity import ActivityPage
from detectors.books.item import ItemPage, ToldMonth
from detectors.books.item_telling import closes_after, news
from detectors.engine.incoming import Effects, Forward
from detectors.engine.rule import References
from schemas.china_time import DAY
from schemas.peer_days import DayCounts, InstitutionDay, encode_for_peers
from schemas.peer_items import ItemMonth

_NATIONAL_CODE: Final = re.compile(r"[A-Z]([1-8]\d{5})\d{5}")
NOWHERE: Final = b"-"  # key of institutions that no reference record places
REGION_DIGITS: Final = 4  # of admdvs: institutions of a city are compared (a province's have 2, a county's 6)


def region_in(fixmedins_code: str) -> str:
    """The admdvs within a code of the national form, a letter, region and number (domain.md §2.2); "" where it is of another.

    An institution without a master record has peers by it, of whatever kind; what kind it is itself the code does not say.

    >>> region_in("H50010600012"), region_in("A3")
    ('500106', '')
    """
    known = _NATIONAL_CODE.fullmatch(fixmedins_code)
    return known[1] if known else ""


class TellingPeers:
    """For one partition of the institution's stage."""

    def __init__(self, partition: int, references: References) -> None:
        self._partition = partition
        self._references = references

    def tell_day(self, page: ActivityPage, effects: Effects) -> None:
        """An institution's day, as it now stands; the page remembers where that was told."""
        region = self._region_of(page.institution)
        told = InstitutionDay(
            page.institution, region, page.day, self._partition, max(page.position, 0),
            max(page.closes_at, page.newest), page.newest > page.closes_at, page.counts(), page.told_cases(),
        )  # fmt: skip
        if page.told is not None and page.told != region:
            gone = structs.replace(told, region=page.told, counts=DayCounts(), cases=())
            effects.forwards.append(Forward("peers", page.told.encode() or NOWHERE, encode_for_peers(gone)))
        page.told, page.told_position = region, page.position
        effects.forwards.append(Forward("peers", region.encode() or NOWHERE, encode_for_peers(told)))

    def tell_item(self, page: ItemPage, inf_time: int, now: int, effects: Effects) -> None:
        """An item's months of which there is news; ``inf_time``: of the message that did it, 0 where days have only closed."""
        region = self._region_of(page.institution)
        for month, told, before in news(page, region, now):
            if before is not None and before.region != region:
                self._tell_month(page, month, ToldMonth(told.through, 0, 0, 0, before.region), inf_time, effects)
            self._tell_month(page, month, told, inf_time, effects)

    def _tell_month(self, page: ItemPage, month: int, told: ToldMonth, inf_time: int, effects: Effects) -> None:
        message = ItemMonth(
            page.institution, told.region, page.item, month, told.through, self._partition, max(page.position, 0),
            max((told.through + 1) * DAY + closes_after(page), inf_time), told.packs, told.fen, told.sales,
            told.in_stays, told.parts,
        )  # fmt: skip
        effects.forwards.append(Forward("peers", told.region.encode() or NOWHERE, encode_for_peers(message)))

    def _region_of(self, institution: str) -> str:
        known = self._references.institution(institution)
        return (known.region if known and known.region else region_in(institution))[:REGION_DIGITS]
