"""How much of an item came day by day, what was to be expected of each day, and which days are out of the ordinary?

One number a day, net volume and policy-scope money of the last days; the baseline that learned the closed ones; and what
that baseline expected of each day *before it came*. Volumes are kept as whole thousandths of a pack: sums of them do not
depend on their order, and a correction cancels what it corrects to the last digit.

A day is closed a day of stream time after the last moment (72 h after its end, domain.md §3.2) at which lines for it are
on time, so no disorder under a day changes what is learned; what comes later by its own ``inf_time`` is counted, not learned.
What a day should bring is fixed `LAG` days ahead of it, by the newest day then closed: a running day is judged by a
limit that does not move.

A history begins with the first day that has volume when it is closed. Until then all days on which lines can still come
are kept, so that what was taken back before it was learned leaves nothing behind, not even a beginning.

A plain class, not a struct: it is compiled (see ``setup.py``), for most of a replay's time is spent here.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from detectors.books.volumes import LARGEST, THOUSAND, VolumeDelta, thousandths
from detectors.models.baseline import DRUGS_FESTIVAL_DRIFT, FESTIVAL_DRIFT, Expected, SavedBaseline, VolumeBaseline
from detectors.models.spring_festival import is_unsettled
from detectors.models.tail import surprise
from schemas.china_time import DAY

LAG: Final = 5  # days: a day's end + 72 h for late lines + a day for disorder, before the next day begins
LATE: Final = 72 * 3_600
FORGOTTEN: Final = 400  # days without any volume
AHEAD: Final = 3  # days: lines dated after the day on which they come
WINDOWS: Final = (1, 7, 14, 28)  # days over which volumes are judged
_LONG_WINDOWS: Final = (7, 14, 28)
_LONGEST_WINDOW: Final = 28
LONGEST_GAP: Final = 14  # days within one story
LOOK_BACK: Final = (
    42  # days that a day's judgement needs before it: a window of four weeks, or what was missed till then
)
_JUDGED: Final = 56  # days on which a story may begin
KEPT: Final = _JUDGED + LONGEST_GAP + 1 + LOOK_BACK  # days of volumes
DRIFT_UNIT: Final = 200  # half per cents
_LUMP_UNIT: Final = 10
_SCREEN_PACKS: Final = 4 * THOUSAND
SCREEN_NATS: Final = 6.9  # one in a thousand; no rule may ask for less
SCREEN_RATIO: Final = 1.25
DEARER_DAYS, USUAL_DAYS = 14, 28  # a price is asked about over these days, against those before them
DEARER_SCREEN: Final = 1.3  # times the usual price; no rule may ask for less
_DEARER_PACKS: Final = 8 * THOUSAND
_BAND: Final = (
    1.645  # standard deviations: of ordinary days one in twenty lies above, and as many as that while the model fits
)
_LEAST_VARIANCE: Final = 0.25  # packs squared


SavedDays: TypeAlias = tuple[
    int, int, int, int, int,
    list[int], list[int], list[int], list[int], list[int], list[int],
    dict[int, int], dict[int, tuple[int, int]], list[int], SavedBaseline,
]  # fmt: skip


class Ordinary(NamedTuple):
    """What was expected of a window of days: ``mean`` packs, with ``variance``."""

    mean: float
    variance: float


def variance_of_drugs(mean: float, variance: float, begin: int) -> float:
    """That of a window from ``begin`` on: around Spring Festival drugs are bought ahead, but stray less than admissions do."""
    return variance - (FESTIVAL_DRIFT - DRUGS_FESTIVAL_DRIFT) * mean * mean if is_unsettled(begin) else variance


def _whole(number: float) -> int:
    return int(number + 0.5) if number < LARGEST else LARGEST


class ItemDays:
    """The days. ``volumes`` and its siblings hold one number a day from ``first_day`` on, the newest last."""

    def __init__(self) -> None:
        self.today = -1  # the day that stream time has reached here
        self.born = -1  # the first day of the history, -1 while none has volume
        self.first_day = -1
        self.active_day = -1  # on which something came last
        self.learned = -1  # the newest closed day
        self.volumes: list[int] = []  # thousandths of a pack, net
        self.scopes: list[int] = []  # fen, net
        self.means: list[int] = []  # expected, thousandths
        self.lumps: list[int] = []  # lumpiness, tenths
        self.spreads: list[int] = []  # thousandths
        self.drifts: list[int] = []  # half per cents: one byte saved where thousandths would be two
        self.late: dict[int, int] = {}  # by day: came too late to be learned
        self.pending: dict[int, tuple[int, int]] = {}  # by day: what has come since today began, volume and scope
        self.suspects: list[int] = []  # days whose volume, alone or with those before, may interest a rule
        self.baseline = VolumeBaseline()
        self.judged, self.above = 0, 0  # not saved: days learned since `take_judged`, and how many lay above their band

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
        for day in touched:
            self._screen(day)
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

    def _begin(self, today: int) -> None:
        first = today - LAG
        self.today, self.born, self.first_day, self.learned = today, -1, first, first - 1
        self.volumes, self.scopes, self.means, self.lumps, self.spreads, self.drifts = [], [], [], [], [], []
        self.baseline, self.late, self.pending, self.suspects = VolumeBaseline(), {}, {}, []
        self._extend(today + AHEAD)

    def _find_birth(self) -> None:
        self.born = -1
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
            self.lumps[index] = _whole(lumpiness * _LUMP_UNIT)
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
            variance = self.lumps[index] / _LUMP_UNIT * mean / THOUSAND + stray * stray
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

    # -- the screen: days that a rule could be interested in -----------------------------------------------------------

    def _screen(self, day: int) -> None:
        """Mark, or clear, the days whose windows hold ``day``."""
        for end in range(day, min(day + _LONGEST_WINDOW, self.today + 1)):
            is_suspect = self._passes(end)
            if is_suspect != (end in self.suspects):
                if is_suspect:
                    self.suspects.append(end)
                    self.suspects.sort()
                else:
                    self.suspects.remove(end)

    def _passes(self, day: int) -> bool:
        """Whether a window that ends on ``day`` passes the screen. A day without volume never does."""
        index = day - self.first_day
        total = self.volumes[index]
        if total <= 0:
            return False
        if total >= _SCREEN_PACKS and self.means[index] >= 0:
            mean = self.means[index] / THOUSAND
            if total >= mean * THOUSAND * SCREEN_RATIO and self._surprises(total, mean, index):
                return True
        return self._is_much(index) or self.is_dear(day)

    def is_dear(self, day: int) -> bool:
        """Whether a pack of the days up to this one cost far more than before them."""
        index = day - self.first_day
        begin = index - DEARER_DAYS + 1
        first = begin - USUAL_DAYS
        if first < 0:
            return False
        packs, usual = sum(self.volumes[begin : index + 1]), sum(self.volumes[first:begin])
        if packs < _DEARER_PACKS or usual < _DEARER_PACKS:
            return False
        fen, before = sum(self.scopes[begin : index + 1]), sum(self.scopes[first:begin])
        return before > 0 and fen * usual >= DEARER_SCREEN * before * packs

    def _is_much(self, index: int) -> bool:
        """Whether one of the longer windows passes."""
        total, end = 0, index + 1
        for days in _LONG_WINDOWS:
            begin = index - days + 1
            if begin < 0:
                return False
            total += sum(self.volumes[begin:end])
            end = begin
            if total < _SCREEN_PACKS:
                continue
            week = self.means[begin : begin + 7]
            mean = sum(week) / THOUSAND * days / 7
            # The cheap question first: nearly all windows stay below it.
            if total >= mean * THOUSAND * SCREEN_RATIO and min(week) >= 0 and self._surprises(total, mean, begin):
                return True
        return False

    def _surprises(self, total: int, mean: float, begin: int) -> bool:
        lumpiness, stray = self.lumps[begin] / _LUMP_UNIT, self.spreads[begin] / THOUSAND * mean
        variance = variance_of_drugs(mean, lumpiness * mean + stray * stray, self.first_day + begin)
        return surprise(total / THOUSAND, mean, variance) >= SCREEN_NATS

    # -- what rules ask ---------------------------------------------------------------------------------------------

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

    def expected(self, day: int) -> Expected | None:
        """What had been expected of a day; None where it is not known."""
        index = day - self.first_day
        if index < 0 or index >= len(self.means) or self.means[index] < 0:
            return None
        drift = self.drifts[index] / DRIFT_UNIT
        return Expected(
            self.means[index] / THOUSAND, self.lumps[index] / _LUMP_UNIT, self.spreads[index] / THOUSAND, drift
        )

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
        lumpiness, spread = self.lumps[begin] / _LUMP_UNIT, self.spreads[begin] / THOUSAND
        return Ordinary(mean, lumpiness * mean + (spread * mean) ** 2)
