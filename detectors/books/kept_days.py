"""Which numbers are kept of an item's days, and what do they say: how much came, and what was to be expected?

One number a day, net volume and policy-scope money of the last days; and what the baseline that learned the closed ones expected
of each day *before it came*. Volumes are kept as whole thousandths of a pack: sums of them do not depend on their order, and a
correction cancels what it corrects to the last digit. How they come to be is in `detectors.books.item_days`.

A plain class, not a struct: it is compiled (see ``setup.py``), for most of a replay's time is spent with it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.books.volumes import THOUSAND
from detectors.models.baseline import DRUGS_FESTIVAL_DRIFT, FESTIVAL_DRIFT, Expected
from detectors.models.spring_festival import is_unsettled

LAG: Final = 5  # days: a day's end + 72 h for late lines + a day for disorder, before the next day begins
LONGEST_GAP: Final = 14  # days within one story
LOOK_BACK: Final = (
    42  # days that a day's judgement needs before it: a window of four weeks, or what was missed till then
)
_JUDGED: Final = 56  # days on which a story may begin
KEPT: Final = _JUDGED + LONGEST_GAP + 1 + LOOK_BACK  # days of volumes
DRIFT_UNIT: Final = 200  # half per cents
LUMP_UNIT: Final = 10


class Ordinary(NamedTuple):
    """What was expected of a window of days: ``mean`` packs, with ``variance``."""

    mean: float
    variance: float


def variance_of_drugs(mean: float, variance: float, begin: int) -> float:
    """That of a window from ``begin`` on: around Spring Festival drugs are bought ahead, but stray less than admissions do."""
    return variance - (FESTIVAL_DRIFT - DRUGS_FESTIVAL_DRIFT) * mean * mean if is_unsettled(begin) else variance


class KeptDays:
    """The days. ``volumes`` and its siblings hold one number a day from ``first_day`` on, the newest last."""

    def __init__(self) -> None:
        self.today = -1  # the day that stream time has reached here
        self.born = -1  # the first day of the history, -1 while none has volume
        self.first_day = -1
        self.volumes: list[int] = []  # thousandths of a pack, net
        self.scopes: list[int] = []  # fen, net
        self.means: list[int] = []  # expected, thousandths
        self.lumps: list[int] = []  # lumpiness, tenths
        self.spreads: list[int] = []  # thousandths
        self.drifts: list[int] = []  # half per cents: one byte saved where thousandths would be two
        self.pending: dict[int, tuple[int, int]] = {}  # by day: what has come since today began, volume and scope

    def known_from(self) -> int:
        """The oldest day on which a story may begin, eight weeks back: what is taken back later no longer retracts.

        The days of a longest gap before it are judged as they always were, so that what goes on there is known to have
        begun before.
        """
        return self.first_day if self._is_whole() else self.whole_from() + LONGEST_GAP + 1

    def whole_from(self) -> int:
        """The oldest day of which all is kept that its judgement needs."""
        return self.first_day if self._is_whole() else self.first_day + LOOK_BACK

    def _is_whole(self) -> bool:
        """No day of the history is forgotten yet."""
        return self.born < 0 or self.first_day <= self.born

    def volume(self, day: int, days: int = 1) -> float:
        """Packs of the ``days`` days up to and with ``day``, now; never below 0."""
        end = day - self.first_day + 1
        return max(sum(self.volumes[max(end - days, 0) : max(end, 0)]), 0) / THOUSAND

    def told(self, day: int) -> tuple[float, int]:
        """Packs and fen of a day as they stood when ``today`` began: what an alert says, so that it changes once a day."""
        index = day - self.first_day
        if index < 0 or index >= len(self.volumes):
            return 0.0, 0
        volume, scope = self.pending.get(day, (0, 0))
        return max(self.volumes[index] - volume, 0) / THOUSAND, max(self.scopes[index] - scope, 0)

    def history(self, day: int) -> int:
        """Days that were learned before ``day``'s expectation was fixed."""
        return max(day - LAG - self.born + 1, 0) if self.born >= 0 else 0

    def is_empty(self, day: int, share: float) -> bool:
        """Whether no more than this share of what had been expected of a day came; no where that is not known."""
        index = self._expected_at(day)
        if index < 0:
            return False
        return max(self.volumes[index], 0) / THOUSAND <= share * (self.means[index] / THOUSAND)

    def usual(self, day: int) -> float:
        """Packs that had been expected of a day; 0 where that is not known."""
        index = self._expected_at(day)
        return 0.0 if index < 0 else self.means[index] / THOUSAND

    def expected(self, day: int) -> Expected | None:
        """What had been expected of a day; None where it is not known."""
        index = self._expected_at(day)
        if index < 0:
            return None
        drift = self.drifts[index] / DRIFT_UNIT
        return Expected(
            self.means[index] / THOUSAND, self.lumps[index] / LUMP_UNIT, self.spreads[index] / THOUSAND, drift
        )

    def _expected_at(self, day: int) -> int:
        """Where the day stands in the lists; -1 where what had been expected of it is not known."""
        index = day - self.first_day
        return index if 0 <= index < len(self.means) and self.means[index] >= 0 else -1

    def ordinary(self, day: int, days: int) -> Ordinary | None:
        """What was expected of the window of ``days`` that ends on ``day``, by what was known as the window began.

        Whole weeks are judged by the week of expectations at their beginning: the baseline follows a ramp, and a window
        measured against what it taught would never find one.
        """
        if days == 1:
            single = self.expected(day)
            return None if single is None else Ordinary(single.mean, single.variance())
        begin = day - days + 1 - self.first_day
        if begin < 0 or begin + 7 > len(self.means):
            return None
        week = self.means[begin : begin + 7]
        if min(week) < 0:
            return None
        mean = sum(week) / THOUSAND * days / 7
        lumpiness, spread = self.lumps[begin] / LUMP_UNIT, self.spreads[begin] / THOUSAND
        return Ordinary(mean, lumpiness * mean + (spread * mean) ** 2)
