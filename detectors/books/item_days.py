"""How do an item's days come to be: posted line by line, closed, and learned by a baseline?

A day is closed a day of stream time after the last moment (72 h after its end, domain.md §3.2) at which lines for it are
on time, so no disorder under a day changes what is learned; what comes later by its own ``inf_time`` is counted, not learned.
What a day should bring is fixed `LAG` days ahead of it, by the newest day then closed: a running day is judged by a
limit that does not move.

A history begins with the first day that has volume when it is closed. Until then all days on which lines can still come
are kept, so that what was taken back before it was learned leaves nothing behind, not even a beginning.

What is kept of them is in `detectors.books.kept_days`.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from detectors.books.item_screen import LONGEST_WINDOW, passes
from detectors.books.kept_days import DRIFT_UNIT, KEPT, LAG, LUMP_UNIT, KeptDays
from detectors.books.volumes import LARGEST, THOUSAND, VolumeDelta, thousandths
from detectors.models.baseline import SavedBaseline, VolumeBaseline
from schemas.china_time import DAY

LATE: Final = 72 * 3_600
FORGOTTEN: Final = 400  # days without any volume
AHEAD: Final = 3  # days: lines dated after the day on which they come
_BAND: Final = (
    1.645  # standard deviations: of ordinary days one in twenty lies above, and as many as that while the model fits
)
_LEAST_VARIANCE: Final = 0.25  # packs squared


SavedDays: TypeAlias = tuple[
    int, int, int, int, int,
    list[int], list[int], list[int], list[int], list[int], list[int],
    dict[int, int], dict[int, tuple[int, int]], list[int], SavedBaseline,
]  # fmt: skip


def _whole(number: float) -> int:
    return int(number + 0.5) if number < LARGEST else LARGEST


class ItemDays(KeptDays):
    """The days, with what makes them."""

    def __init__(self) -> None:
        super().__init__()
        self.active_day = -1  # on which something came last
        self.learned = -1  # the newest closed day
        self.late: dict[int, int] = {}  # by day: came too late to be learned
        self.suspects: list[int] = []  # days whose volume, alone or with those before, may interest a rule
        self.baseline = VolumeBaseline()
        # Not saved: days learned since `take_judged`, and how many lay above their band; and what was found out about days.
        self.judged, self.above = 0, 0
        self._notes: dict[object, dict[int, Any]] = {}

    def saved(self) -> SavedDays:
        """All of it as plain numbers; equal days give equal ones."""
        return (
            self.today, self.born, self.first_day, self.active_day, self.learned,
            self.volumes, self.scopes, self.means, self.lumps, self.spreads, self.drifts,
            self.late, self.pending, self.suspects, self.baseline.saved(),
        )  # fmt: skip

    @staticmethod
    def restored(saved: Any) -> ItemDays:
        """What was `saved`. Raises `ValueError` for anything else."""
        days = ItemDays()
        (
            days.today, days.born, days.first_day, days.active_day, days.learned,
            days.volumes, days.scopes, days.means, days.lumps, days.spreads, days.drifts,
            days.late, days.pending, days.suspects, baseline,
        ) = msgspec.convert(saved, SavedDays)  # fmt: skip
        days.baseline = VolumeBaseline.restored(baseline)
        kept = (days.volumes, days.scopes, days.means, days.lumps, days.spreads, days.drifts)
        if len({len(numbers) for numbers in kept}) != 1:
            raise ValueError("the days of an item differ in number")
        return days

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemDays) and self.saved() == other.saved()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def notes(self, asked: object) -> dict[int, Any]:
        """What was found out about days by who asked in this way; it may be written to.

        The note of a day stands while nothing has changed on that day or before it, and all is kept that its judgement needs:
        it may rest on volumes, sales, messages and expectations up to its day, and on what is known of the rise beside the
        item on these days, but on no later day.
        """
        notes = self._notes.get(asked)
        if notes is None:
            notes = self._notes[asked] = {}
        return notes

    def forget_notes(self, day: int) -> None:
        """Something has changed on that day."""
        self._keep_notes(0, day)

    def _keep_notes(self, first: int, before: int) -> None:
        """Forget those of all other days."""
        for notes in self._notes.values():
            for known in [known for known in notes if not first <= known < before]:
                del notes[known]

    # -- posting ----------------------------------------------------------------------------------------------------

    def post(self, changes: list[VolumeDelta], inf_time: int) -> tuple[int, list[int], bool]:
        """Count what one message did to this item. How many of its changes came too late to be learned, the days that
        changed, and whether any of their volume was taken back.

        Days older than are kept, or far ahead, are left out.
        """
        self.turn(inf_time // DAY)
        if self.today > self.active_day:
            self.active_day = self.today
        late, has_grown, has_shrunk, touched = 0, False, False, list[int]()
        for change in changes:
            index = change.day - self.first_day
            if index < 0 or index >= len(self.volumes) or change.stays:
                continue
            amount = thousandths(change.quantity)
            if self._add(index, change.day, amount, change.scope, inf_time):
                late += 1
            if amount > 0:
                has_grown = True
            elif amount < 0:
                has_shrunk = True
            if change.day not in touched:
                touched.append(change.day)
        if self.baseline.days == 0:
            self._find_birth()
        touched.sort()
        self._look_again(touched)
        return late, touched if has_grown or has_shrunk else [], has_shrunk

    def _add(self, index: int, day: int, amount: int, scope: int, inf_time: int) -> bool:
        """Add to a day that is kept; whether that came too late to be learned."""
        self.volumes[index] = max(min(self.volumes[index] + amount, LARGEST), -LARGEST)
        self.scopes[index] += scope
        if inf_time // DAY >= self.today:
            before = self.pending.get(day)
            self.pending[day] = (amount, scope) if before is None else (before[0] + amount, before[1] + scope)
        if inf_time <= (day + 1) * DAY + LATE:
            return False
        if day > self.learned:
            amount += self.late.get(day, 0)
            if amount:
                self.late[day] = amount
            else:
                self.late.pop(day, None)
        return True

    def turn(self, today: int) -> None:
        """The day is ``today`` now: close the days that are due."""
        if self.today < 0 or today - self.today > FORGOTTEN:  # after that long a story begins anew
            self._begin(today)
        before = self.today
        if today <= before:
            return
        self.today = today
        if self.pending:
            self.pending = {}
        self._close(today - LAG)
        self._extend(today + AHEAD)
        for day in range(
            max(before + 1, self.first_day), min(today, before + AHEAD) + 1
        ):  # lines that were dated ahead
            if self.volumes[day - self.first_day] > 0:
                self._screen(day)
        self._drop_days(today + AHEAD + 1 - KEPT)
        self._keep_notes(self.whole_from(), today)

    def _begin(self, today: int) -> None:
        first = today - LAG
        self._notes.clear()
        self.today, self.born, self.first_day, self.learned = today, -1, first, first - 1
        self.volumes, self.scopes, self.means, self.lumps, self.spreads, self.drifts = [], [], [], [], [], []
        self.baseline, self.late, self.pending, self.suspects = VolumeBaseline(), {}, {}, []
        self._extend(today + AHEAD)

    def _find_birth(self) -> None:
        self.born = -1
        self._notes.clear()
        for index, volume in enumerate(self.volumes):
            if volume > 0:
                self.born = self.first_day + index
                return

    def _await_birth(self, newest: int) -> bool:
        """Before anything was learned: leave out the days before the history; whether it has begun by ``newest``."""
        is_born = 0 <= self.born <= newest
        first = self.born if is_born else newest
        if first > self.first_day:
            self._drop_days(first)
            self.learned = first - 1
            self.late = {day: amount for day, amount in self.late.items() if day >= first}
        return is_born

    def _extend(self, newest: int) -> None:
        more = newest - self.first_day + 1 - len(self.volumes)
        if more > 0:
            nothing = [0] * more
            self.volumes += nothing
            self.scopes += nothing
            self.means += [-1] * more
            self.lumps += nothing
            self.spreads += nothing
            self.drifts += nothing

    def _close(self, newest: int) -> None:
        """Learn the days up to ``newest``, and fix what each lets expect of the day `LAG` days on."""
        if self.baseline.days == 0 and not self._await_birth(newest):
            return
        self._extend(newest + LAG)
        model, first = self.baseline, self.first_day
        for day in range(self.learned + 1, newest + 1):
            volume = self.volumes[day - first]
            if self.late:
                volume -= self.late.get(day, 0)
            if self.means[day - first] >= 0:
                self._judge(volume, day - first)
            model.learn(day, volume / THOUSAND if volume > 0 else 0.0)
            mean, lumpiness, spread, drift = model.expect(day + LAG)
            index = day + LAG - first
            self.means[index] = _whole(mean * THOUSAND)
            self.lumps[index] = _whole(lumpiness * LUMP_UNIT)
            self.spreads[index] = int(spread * THOUSAND)
            self.drifts[index] = int(drift * DRIFT_UNIT + 0.5)
        if newest > self.learned:
            self.learned = newest
        if self.late:
            self.late = {day: amount for day, amount in self.late.items() if day > self.learned}

    def _judge(self, volume: int, index: int) -> None:
        """Count a day that is learned, and whether it lies above the band in which it was expected: by both it shows whether the
        model still fits."""
        self.judged += 1
        mean = self.means[index]
        if volume > mean:
            excess, stray = (volume - mean) / THOUSAND, self.spreads[index] / THOUSAND * mean / THOUSAND
            variance = self.lumps[index] / LUMP_UNIT * mean / THOUSAND + stray * stray
            if excess * excess > _BAND * _BAND * max(variance, _LEAST_VARIANCE):
                self.above += 1

    def take_judged(self) -> tuple[int, int]:
        """Days that were learned since this was last asked, and how many of them lay above their band."""
        judged, above = self.judged, self.above
        self.judged = self.above = 0
        return judged, above

    def _drop_days(self, first: int) -> None:
        """Those before ``first``."""
        surplus = first - self.first_day
        if surplus <= 0:
            return
        self.first_day = first
        del self.volumes[:surplus]
        del self.scopes[:surplus]
        del self.means[:surplus]
        del self.lumps[:surplus]
        del self.spreads[:surplus]
        del self.drifts[:surplus]
        if self.suspects and self.suspects[0] < self.first_day:
            self.suspects = [day for day in self.suspects if day >= self.first_day]

    def _look_again(self, touched: list[int]) -> None:
        """At days that have changed, in order."""
        if touched:
            self.forget_notes(touched[0])
        for day in touched:
            self._screen(day)

    def _screen(self, day: int) -> None:
        """Mark, or clear, the days whose windows hold ``day``."""
        for end in range(day, min(day + LONGEST_WINDOW, self.today + 1)):
            is_suspect = passes(self, end)
            if is_suspect != (end in self.suspects):
                if is_suspect:
                    self.suspects.append(end)
                    self.suspects.sort()
                else:
                    self.suspects.remove(end)
