"""What would an item bring on a day if it had risen as others beside it did?

An influenza wave lifts an item at most sellers of a region at once, and a place that has twice the customers sells twice of
everything; an item's own history can know neither. The peers' stage says by how much the others stood above their own baselines
in a part of a month (`schemas.returns.RoseBeside`); here that is made packs: this item's baseline, times the higher rise. It is
everybody's baseline of four weeks before the part: one that goes on learning has learned half of a wave when the wave is told.
Parts that are not told yet take the newest one that is, for two weeks, or every week of a wave would ring until its look.
"""

from __future__ import annotations

from typing import Final

import msgspec

from detectors.books.item_days import ItemDays
from detectors.books.kept_days import LAG
from detectors.books.peer_calendar import days_of
from schemas.returns import NO_RISE, RoseBeside

BEFORE: Final = 28  # days before a part, of which the baseline is asked: the longest window of `drug_volume`
WARM: Final = 14  # closed days that must have been learned, as `drug_volume` asks of itself


class Wave(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The other sellers' rise of a part (thousandths, median of ``members``), compared at stream time ``at``; and that of the
    institution's other ``items``.

    ``week``: what this institution's baseline expected before, thousandths of packs by ``day % 7``; kept, for the page forgets
    those days before it forgets the part.
    """

    rise: int
    members: int
    at: int
    week: tuple[int, ...]
    place_rise: int = NO_RISE
    items: int = 0

    @property
    def is_of_place(self) -> bool:
        """Whether it is the institution's other items that have risen, and more than the other sellers."""
        return self.place_rise > self.rise

    def told(self) -> tuple[int, int, int, int]:
        """What the peers' stage has said, but for when."""
        return self.rise, self.members, self.place_rise, self.items


def week_before(days: ItemDays, first: int) -> tuple[int, ...] | None:
    """What was expected of a week before the part that begins with the day ``first``, by ``day % 7``.

    Of a younger history the first week that can be judged; None where there is none, or it is forgotten.
    """
    if days.born < 0:
        return None
    begin = max(first - BEFORE, days.born + LAG + WARM - 1)
    index = begin - days.first_day
    if begin > first or index < 0 or index + 7 > len(days.means):
        return None
    week = days.means[index : index + 7]
    return None if min(week) < 0 else tuple(week[(weekday - begin) % 7] for weekday in range(7))


def post_rise(waves: dict[int, Wave], days: ItemDays, message: RoseBeside) -> bool:
    """Upsert what the peers' stage tells; False where that is known, older, or of days before there was a baseline."""
    held = waves.get(message.part)
    if held is not None and held.at > message.at:
        return False
    week = week_before(days, days_of(message.part).start) if held is None else held.week
    if week is None:
        return False
    wave = Wave(message.rise, message.members, message.at, week, message.place_rise, message.items)
    if held is not None and held.told() == wave.told():
        return False
    waves[message.part] = wave
    days.forget_notes(days_of(message.part).start)
    return True


def kept_waves(waves: dict[int, Wave], days: ItemDays) -> dict[int, Wave]:
    """Without those of parts whose days are forgotten: no day that can still be judged is within two weeks of them."""
    return {part: wave for part, wave in waves.items() if days_of(part).stop > days.first_day}
