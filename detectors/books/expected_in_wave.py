"""How much does a day of an item bring, if it has risen as others beside it did?

Functions, not methods of what is kept (`detectors.books.item_wave`): this module is compiled (see ``setup.py``), and a struct
cannot be.
"""

from __future__ import annotations

from typing import Final

from detectors.books.item_wave import Wave
from detectors.books.peer_calendar import days_of, part_of
from detectors.books.volumes import THOUSAND
from schemas.returns import NO_RISE

CARRIED: Final = 14  # days after the end of the newest part that was told
_PARTS_BACK: Final = 3  # no part further back ends so few days before


def expected_in_wave(waves: dict[int, Wave], day: int) -> float:
    """Packs of a day as the rise beside it lets expect; 0 where nothing is told of it, or nothing has risen."""
    wave = wave_of(waves, day) if waves else None
    return 0.0 if wave is None else wave.week[day % 7] / THOUSAND * max(wave.rise, wave.place_rise) / NO_RISE


def wave_of(waves: dict[int, Wave], day: int) -> Wave | None:
    """The rise in which a day lies, if it does."""
    part = part_of(day)
    for known in range(part, part - _PARTS_BACK - 1, -1):
        wave = waves.get(known)
        if wave is None:
            continue
        is_over = max(wave.rise, wave.place_rise) <= NO_RISE or day >= days_of(known).stop + CARRIED
        return None if is_over else wave
    return None
