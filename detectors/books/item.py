"""How much of an item did an institution bill, day by day, and how much was to be expected?

One page an institution × item (drug or consumable): net volume and policy-scope money of the last days, the baseline that
learned the closed ones, and what that baseline expected of each day *before it came*. Volumes are kept as whole thousandths of
a pack: sums of them do not depend on their order, and a correction cancels what it corrects to the last digit.

A day is closed a day of stream time after the last moment (72 h after its end, domain.md §3.2) at which lines for it are
on time, so no disorder under a day changes what is learned; what comes later by its own ``inf_time`` is counted, not learned.
What a day should bring is fixed `LAG` days ahead of it, by the newest day then closed: a running day is judged by a
limit that does not move.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

import msgspec

from detectors.engine.page import NEVER, Page
from detectors.models.baseline import Expected, VolumeBaseline
from detectors.models.tail import surprise
from schemas.china_time import DAY, HOUR
from schemas.snapshots import Reference

LAG = 5  # days: a day's end + 72 h for late lines + a day for disorder, before the next day begins
LATE = 72 * HOUR
KEPT = 98  # days of volumes
AHEAD = 3  # days: lines dated after the day on which they come
FORGOTTEN = 400  # days without any volume
WINDOWS = (1, 7, 14, 28)  # days over which volumes are judged
LONGEST_GAP = 14  # days within one story
# The oldest days kept cannot be judged again: their windows begin before them.
_HALF_KNOWN = WINDOWS[-1] + LONGEST_GAP
MOST_CITED = 3  # messages a day, before it is conspicuous and after
THOUSAND = 1_000
_SCREEN_PACKS = 4 * THOUSAND
_CITED_PACKS, _CITED_RATIO = 2 * THOUSAND, 1.2  # an ordinary day's messages are not kept
SCREEN_NATS = 5.0  # no rule may ask for less
SCREEN_RATIO = 1.2
_LARGEST = 10**15  # thousandths; keeps sums within what msgpack's integers hold


class VolumeChange(NamedTuple):
    """What a message did to the volume of a service day: packs and fen of policy scope, negative where it took back."""

    day: int
    quantity: float
    scope: int


class Ordinary(NamedTuple):
    """What was expected of a window of days: ``mean`` packs, with ``variance``."""

    mean: float
    variance: float


class Citations(msgspec.Struct, array_like=True, gc=False):
    """Messages of a day; ``crossing`` of them had come when the day became conspicuous, -1 while it has not."""

    references: list[Reference] = []
    crossing: int = -1


def _whole(number: float) -> int:
    return int(number + 0.5) if number < _LARGEST else _LARGEST


def item_key(institution: str, item: str) -> bytes:
    """The page's key."""
    return b"i" + institution.encode() + b"\0" + item.encode()


class ItemPage(Page, array_like=True, kw_only=True, gc=False):
    """The page. ``volumes`` and its siblings hold one number a day from ``first_day`` on, the newest last."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"i"
    has_model: ClassVar[bool] = True

    institution: str
    item: str
    today: int = -1  # the day that stream time has reached on this page
    born: int = -1  # the first day of the history
    first_day: int = -1
    active_day: int = -1  # on which something came last
    volumes: list[int] = []  # thousandths of a pack, net
    scopes: list[int] = []  # fen, net
    means: list[int] = []  # expected, thousandths
    lumps: list[int] = []  # lumpiness, hundredths
    spreads: list[int] = []  # thousandths
    baseline: VolumeBaseline = msgspec.field(default_factory=VolumeBaseline)
    learned: int = -1  # the newest closed day
    late: dict[int, int] = {}  # by day: came too late to be learned
    pending: dict[int, tuple[int, int]] = {}  # by day: what has come since today began, volume and scope
    suspects: list[int] = []  # days whose volume, alone or with those before, may interest a rule
    cited: dict[int, Citations] = {}

    def post(self, changes: Sequence[VolumeChange], inf_time: int, reference: Reference) -> int:
        """Count what one message did to this item; how many of its changes came too late to be learned.

        Days older than the page keeps, or far ahead, are left out.
        """
        late = 0
        self._turn(inf_time // DAY, min(change.day for change in changes))
        self.active_day = max(self.active_day, self.today)
        touched, grown = set(), False
        for day, quantity, scope in changes:
            index = day - self.first_day
            if not 0 <= index < len(self.volumes):
                continue
            amount = round(max(min(quantity * THOUSAND, _LARGEST), -_LARGEST))
            self.volumes[index] = max(min(self.volumes[index] + amount, _LARGEST), -_LARGEST)
            self.scopes[index] += scope
            if inf_time // DAY >= self.today:
                volume, money = self.pending.get(day, (0, 0))
                self.pending = self.pending | {day: (volume + amount, money + scope)}
            is_late = inf_time > (day + 1) * DAY + LATE
            late += is_late
            if is_late and day > self.learned:
                self.late = self.late | {day: self.late.get(day, 0) + amount}
            touched.add(day)
            grown = grown or amount > 0
        for day in sorted(touched):
            self._screen(day)
            if grown:
                self._cite(day, reference)
        return late

    def advance(self, now: int) -> None:
        """Close the days that are due."""
        if self.today >= 0 and now // DAY > self.today:
            self._turn(now // DAY, self.first_day)

    def next_change(self) -> int:
        """Midnight, while something stands and numbers wait to be told; else when the page is forgotten."""
        if self.standing and self.pending:
            return (self.today + 1) * DAY
        return self.forgets_at()

    def forgets_at(self) -> int:
        """After `FORGOTTEN` days without volume."""
        return NEVER if self.active_day < 0 else (self.active_day + FORGOTTEN) * DAY

    def kept_from(self) -> int:
        """The oldest day that can still be judged, eight weeks back: what is taken back later no longer retracts."""
        return (self.first_day if self.first_day == self.born else self.first_day + _HALF_KNOWN) * DAY

    def volume(self, day: int, days: int = 1) -> float:
        """Packs of the ``days`` days up to and with ``day``, now; never below 0."""
        end = day - self.first_day + 1
        return max(sum(self.volumes[max(end - days, 0) : max(end, 0)]), 0) / THOUSAND

    def told(self, day: int) -> tuple[float, int]:
        """Packs and fen of a day as they stood when ``today`` began: what an alert says, so that it changes once a day."""
        index = day - self.first_day
        if not 0 <= index < len(self.volumes):
            return 0.0, 0
        volume, scope = self.pending.get(day, (0, 0))
        return max(self.volumes[index] - volume, 0) / THOUSAND, max(self.scopes[index] - scope, 0)

    def history(self, day: int) -> int:
        """Days that were learned before ``day``'s expectation was fixed."""
        return max(day - LAG - self.born + 1, 0)

    def expected(self, day: int) -> Expected | None:
        """What had been expected of a day; None where the page does not know."""
        index = day - self.first_day
        if not 0 <= index < len(self.means) or self.means[index] < 0:
            return None
        return Expected(self.means[index] / THOUSAND, self.lumps[index] / 100, self.spreads[index] / THOUSAND)

    def ordinary(self, day: int, days: int) -> Ordinary | None:
        """What was expected of the window of ``days`` that ends on ``day``, by what was known as the window began.

        Whole weeks are judged by the week of expectations at their beginning: the baseline follows a ramp, and a window
        measured against what it taught would never find one.
        """
        if days == 1:
            single = self.expected(day)
            return None if single is None else Ordinary(single.mean, single.variance())
        begin = day - days + 1 - self.first_day
        week = self.means[begin : begin + 7] if begin >= 0 else []
        if len(week) < 7 or min(week) < 0:
            return None
        mean = sum(week) / THOUSAND * days / 7
        lumpiness, spread = self.lumps[begin] / 100, self.spreads[begin] / THOUSAND
        return Ordinary(mean, lumpiness * mean + (spread * mean) ** 2)

    def _turn(self, today: int, earliest: int) -> None:
        if self.today < 0:
            self._begin(today, max(min(earliest, today), today - LAG))
        if today <= self.today:
            return
        before, self.today = self.today, today
        self.pending = {}
        self._close(today - LAG)
        self._extend(today + AHEAD)
        for day in range(before + 1, min(today, before + AHEAD) + 1):  # lines that were dated ahead
            if self.volumes[day - self.first_day] > 0:
                self._screen(day)
        self._forget()

    def _begin(self, today: int, first: int) -> None:
        self.today, self.born, self.first_day, self.learned = today, first, first, first - 1
        self.volumes, self.scopes, self.means, self.lumps, self.spreads = [], [], [], [], []
        self._extend(today + AHEAD)

    def _extend(self, newest: int) -> None:
        more = newest - self.first_day + 1 - len(self.volumes)
        if more > 0:
            for ring, blank in (
                (self.volumes, 0),
                (self.scopes, 0),
                (self.means, -1),
                (self.lumps, 0),
                (self.spreads, 0),
            ):
                ring.extend([blank] * more)

    def _close(self, newest: int) -> None:
        """Learn the days up to ``newest``, and fix what each lets expect of the day `LAG` days on."""
        model, first = self.baseline, self.first_day
        self._extend(newest + LAG)
        for day in range(self.learned + 1, newest + 1):
            volume = self.volumes[day - first]
            if day in self.late:
                volume -= self.late[day]
            model.learn(day, volume / THOUSAND if volume > 0 else 0.0)
            mean, lumpiness, spread = model.expected(day + LAG)
            index = day + LAG - first
            self.means[index] = _whole(mean * THOUSAND)
            self.lumps[index] = _whole(lumpiness * 100)
            self.spreads[index] = int(spread * THOUSAND)
        if newest > self.learned:
            self.learned = newest
        if self.late:
            self.late = {day: amount for day, amount in self.late.items() if day > self.learned}

    def _forget(self) -> None:
        surplus = self.today + AHEAD + 1 - KEPT - self.first_day
        if surplus <= 0:
            return
        self.first_day += surplus
        for ring in (self.volumes, self.scopes, self.means, self.lumps, self.spreads):
            del ring[:surplus]
        if self.suspects and self.suspects[0] < self.first_day:
            self.suspects = [day for day in self.suspects if day >= self.first_day]
        self._drop_citations()

    def _drop_citations(self) -> None:
        if self.cited:
            self.cited = {
                day: references
                for day, references in self.cited.items()
                if day >= self.today - 1 or (day >= self.first_day and day in self.suspects)
            }

    def _cite(self, day: int, reference: Reference) -> None:
        """Keep the last messages before the day became conspicuous, and the first after."""
        volume, expected = self.volumes[day - self.first_day], max(self.means[day - self.first_day], 0)
        if day <= self.today and volume < max(_CITED_PACKS, expected * _CITED_RATIO):
            return
        if day not in self.cited:
            self.cited = self.cited | {day: Citations([], -1)}
        kept = self.cited[day]
        if kept.crossing < 0:
            kept.references = [*kept.references, reference][-MOST_CITED:]
            kept.crossing = len(kept.references) if day in self.suspects else -1
        elif len(kept.references) < kept.crossing + MOST_CITED:
            kept.references.append(reference)

    def _screen(self, day: int) -> None:
        """Mark, or clear, the days whose windows hold ``day``. A day without volume is never suspect itself."""
        for end in range(day, min(day + WINDOWS[-1], self.today + 1)):
            suspect = self.volumes[end - self.first_day] > 0 and any(True for _ in self._crossed(end))
            if suspect != (end in self.suspects):
                others = [other for other in self.suspects if other != end]
                self.suspects = sorted([*others, end]) if suspect else others

    def _crossed(self, day: int) -> Iterator[int]:
        end = day - self.first_day + 1
        for days in WINDOWS:
            total = sum(self.volumes[max(end - days, 0) : end])
            if total < _SCREEN_PACKS:
                continue
            ordinary = self.ordinary(day, days)
            if ordinary is None or total < ordinary.mean * THOUSAND * SCREEN_RATIO:
                continue
            if surprise(total / THOUSAND, *ordinary) >= SCREEN_NATS:
                yield days
