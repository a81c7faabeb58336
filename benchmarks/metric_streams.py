"""Made streams of metrics with labelled anomalies, of the kinds that the Numenta benchmark holds (Lavin & Ahmad, 2015).

Two to fifteen weeks of processor load, requests, posts, network bytes, temperatures, taxi trips, prices of advertisements, road
speeds and plain wave forms; at steps of five minutes to an hour, regular or not. Each kind has its ordinary unrest (bursts,
drifts, days that differ) and its anomalies. The benchmark's own files are not part of this project and were not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

DAY: Final = 86_400
_FIRST: Final = 1_396_310_400  # 2014-04-01
WINDOW_SHARE: Final = 0.1  # of a stream's rows, shared by its anomalies, as in the benchmark

Numbers = NDArray[np.float64]


class Stream(NamedTuple):
    """A stream: ``times`` in seconds, ``values``, and the windows of its anomalies as rows, first and last."""

    name: str
    times: list[float]
    values: list[float]
    windows: list[tuple[int, int]]


class _Canvas:
    """A stream that is being made."""

    def __init__(self, seed: int, rows: int, step: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.rows, self.step = rows, step
        self.times = _FIRST + step * np.arange(rows) + int(self.chance.integers(0, 7)) * DAY
        self.phase = (self.times % DAY) / DAY
        self.weekday = (self.times // DAY + 3) % 7
        self.marks: list[tuple[int, int]] = []

    def noise(self, size: float, keep: float = 0.0) -> Numbers:
        """Autoregressive noise of standard deviation ``size``."""
        white = self.chance.normal(0, size * (1 - keep**2) ** 0.5, self.rows)
        if keep:
            for row in range(1, self.rows):
                white[row] += keep * white[row - 1]
        return white

    def day(self, sharpness: float = 1.0) -> Numbers:
        """A day's course from 0 to 1, its peak at a random hour, with a second hump."""
        peak, second = self.chance.uniform(0.4, 0.8), self.chance.uniform(0.1, 0.35)
        first = (0.5 + 0.5 * np.cos(2 * np.pi * (self.phase - peak))) ** sharpness
        return np.asarray((1 - second) * first + second * (0.5 + 0.5 * np.cos(4 * np.pi * (self.phase - peak - 0.1))))

    def bursts(self, a_day: float, size: float, tail: float, longest: int) -> Numbers:
        """Ordinary bursts with a Pareto tail, which die away."""
        made = np.zeros(self.rows)
        for row in np.flatnonzero(self.chance.random(self.rows) < a_day * self.step / DAY):
            length = int(self.chance.integers(1, longest + 1))
            height = size * min((1 - self.chance.random()) ** (-1 / tail), 8.0)
            upto = min(row + length, self.rows)
            made[row:upto] += height * np.exp(-np.arange(upto - row) / max(length / 3, 0.5))
        return made

    def anomalies(self, most: int) -> list[int]:
        """Rows at which anomalies begin: past the probation, well apart; remembered for the windows."""
        count = int(self.chance.integers(1, most + 1))
        edges = np.linspace(0.2, 0.93, count + 1)
        width = 0.8 * (edges[1] - edges[0])
        return [int(self.rows * self.chance.uniform(low, low + width)) for low in edges[:-1]]

    def mark(self, first: int, last: int) -> None:
        self.marks.append((first, min(last, self.rows - 1)))

    def stream(self, name: str, values: Numbers, times: Numbers | None = None) -> Stream:
        width = int(WINDOW_SHARE * self.rows / max(len(self.marks), 1))
        windows = []
        for first, last in self.marks:
            middle = (first + min(last, first + width)) // 2
            windows.append((max(middle - width // 2, 0), min(middle + width // 2, self.rows - 1)))
        taken = self.times if times is None else times
        return Stream(name, [float(t) for t in taken], [float(v) for v in values], windows)


def _processor(made: _Canvas) -> Numbers:
    values = made.chance.uniform(2, 60) + made.noise(made.chance.uniform(0.2, 2.0), 0.3) + made.bursts(2, 4, 2.5, 4)
    for row in made.anomalies(2):
        kind = made.chance.integers(0, 4)
        if kind == 0:  # a level that stays for hours, or for ever
            last = row + int(made.chance.integers(30, 400))
            values[row:last] += made.chance.choice([-1, 1]) * made.chance.uniform(8, 25)
        elif kind == 1:
            last = row + int(made.chance.integers(1, 6))
            values[row:last] += made.chance.uniform(40, 80)
        elif kind == 2:  # unrest
            last = row + int(made.chance.integers(40, 200))
            values[row:last] += made.chance.normal(0, 12, len(values[row:last]))
        else:  # creeping up, then falling
            last = row + int(made.chance.integers(100, 300))
            values[row:last] += np.linspace(0, 30, len(values[row:last]))
        made.mark(row, last)
    return np.clip(values, 0, 100)


def _requests(made: _Canvas) -> Numbers:
    base = made.chance.uniform(50, 400) * (0.25 + made.day(1.5)) * np.exp(made.noise(0.15, 0.5))
    base = base + made.bursts(0.5, base.mean() * 0.5, 2.5, 6)
    for row in made.anomalies(2):
        kind = made.chance.integers(0, 3)
        last = row + int(made.chance.integers(8, 60))
        if kind == 0:
            base[row:last] *= made.chance.uniform(0.0, 0.2)
        elif kind == 1:
            base[row:last] *= made.chance.uniform(2.5, 5)
        else:
            last = row + 1 + int(made.chance.integers(0, 3))
            base[row:last] += base.max() * made.chance.uniform(1.2, 3)
        made.mark(row, last)
    return np.round(made.chance.poisson(np.clip(base, 0, 1e6)).astype(float))


def _posts(made: _Canvas) -> Numbers:
    mean = made.chance.uniform(3, 60) * (0.3 + made.day()) * np.exp(made.noise(0.25, 0.8))
    mean = mean + made.bursts(3, mean.mean() * 1.2, 1.8, 10)
    for row in made.anomalies(4):
        last = row + int(made.chance.integers(5, 60))
        height = mean.mean() * made.chance.uniform(8, 30)
        mean[row:last] += height * np.exp(-np.arange(len(mean[row:last])) / max((last - row) / 3, 1))
        made.mark(row, last)
    size = 8.0
    return made.chance.poisson(made.chance.gamma(size, np.clip(mean, 1e-6, None) / size)).astype(float)


def _network(made: _Canvas) -> Numbers:
    values = np.exp(made.noise(0.4, 0.2)) * made.chance.uniform(1e4, 1e6)
    every = int(made.chance.choice([12, 36, 72]))
    values[np.arange(made.rows) % every == 3] *= made.chance.uniform(4, 12)
    values = values + made.bursts(4, values.mean() * 3, 2.0, 5)
    for row in made.anomalies(2):
        kind = made.chance.integers(0, 3)
        last = row + int(made.chance.integers(10, 90))
        if kind == 0:
            values[row:last] *= made.chance.uniform(8, 30)
        elif kind == 1:
            values[row:last] = values.min() * 0.2
        else:
            last = row + 2
            values[row:last] = values.max() * made.chance.uniform(1.5, 4)
        made.mark(row, last)
    return values


def _temperature(made: _Canvas) -> Numbers:
    wander = np.cumsum(made.chance.normal(0, 0.12, made.rows))
    values = 70 + 2.5 * np.tanh(wander / 4) * 3 + made.chance.uniform(0.5, 3) * made.day() + made.noise(0.5, 0.8)
    for row in made.anomalies(3):
        last = row + int(made.chance.integers(20, 120))
        depth = made.chance.choice([-1, -1, 1]) * made.chance.uniform(10, 30)
        shape = np.sin(np.linspace(0.15, np.pi, len(values[row:last])))
        values[row:last] += depth * shape
        made.mark(row, last)
    return values


def _trips(made: _Canvas) -> Numbers:
    week = np.array([0.95, 1.0, 1.02, 1.05, 1.1, 1.12, 0.95])[made.weekday]
    values = 20_000 * (0.15 + made.day(0.8)) * week * np.exp(made.noise(0.05, 0.7))
    for place in made.anomalies(5):
        row = place - place % (DAY // made.step)  # a day that is like none
        last = row + DAY // made.step
        values[row:last] *= made.chance.choice([0.55, 0.3, 1.45, 0.7])
        made.mark(row, last)
    return np.round(values)


def _prices(made: _Canvas) -> Numbers:
    values = made.chance.uniform(0.3, 3) * (1 + 0.2 * made.day()) * np.exp(made.noise(0.25, 0.5)) + made.bursts(
        0.4, 0.6, 2.2, 2
    )
    for row in made.anomalies(3):
        last = row + int(made.chance.integers(1, 5))
        values[row:last] += values.max() * made.chance.uniform(0.8, 2.5)
        made.mark(row, last)
    return values


def _speeds(made: _Canvas) -> Numbers:
    rush = np.exp(-(((made.phase - 0.33) / 0.04) ** 2)) + np.exp(-(((made.phase - 0.73) / 0.05) ** 2))
    values = 68 - 18 * rush * (made.weekday < 5) + made.noise(3.0, 0.5) - made.bursts(1.0, 6, 2.5, 4)
    for row in made.anomalies(3):
        last = row + int(made.chance.integers(4, 30))
        values[row:last] = made.chance.uniform(5, 25) + made.chance.normal(0, 2, len(values[row:last]))
        made.mark(row, last)
    return np.round(np.clip(values, 1, 90))


def _writes(made: _Canvas) -> Numbers:
    values = np.where(made.chance.random(made.rows) < 0.03, made.chance.gamma(2, 2e7, made.rows), 0.0)
    for row in made.anomalies(2):
        last = row + int(made.chance.integers(10, 60))
        if made.chance.random() < 0.5:
            values[row:last] = made.chance.gamma(3, 3e7, len(values[row:last]))
        else:
            last = row + 2
            values[row:last] = values.max() * made.chance.uniform(1.5, 4)
        made.mark(row, last)
    return values


def _wave(made: _Canvas) -> Numbers:
    up = ((made.phase > 0.37) & (made.phase < 0.75)).astype(float)
    clean = 20 + 60 * up
    values = clean + made.noise(3.0 if made.chance.random() < 0.6 else 0.0)
    a_day = DAY // made.step
    for place in made.anomalies(1):
        row = place - place % a_day
        first, last = row + int(0.37 * a_day), row + int(0.75 * a_day)
        kind = made.chance.integers(0, 4)
        if kind == 0:
            values[first:last] -= 60
        elif kind == 1:
            values[first:last] += 50
        elif kind == 2:
            values[first:last] -= 35
        else:
            first, last = row + int(0.85 * a_day), row + int(1.1 * a_day)
            values[first:last] += 60
        made.mark(first, last)
    return values


def _spikes(made: _Canvas) -> Numbers:
    values = 20 + made.noise(1.0)
    values[made.chance.random(made.rows) < 0.01] += 60
    for row in made.anomalies(1):
        last = row + int(made.chance.integers(80, 250))
        part = values[row:last]
        part[made.chance.random(len(part)) < 0.2] += 60
        made.mark(row, last)
    return values


def _memory(made: _Canvas) -> Numbers:
    length = int(made.chance.integers(200, 700))
    values = 40 + 25 * ((np.arange(made.rows) % length) / length) + made.noise(0.4, 0.6)
    for row in made.anomalies(2):
        last = row + int(made.chance.integers(40, 200))
        if made.chance.random() < 0.5:
            values[row:last] += made.chance.normal(0, 4, len(values[row:last]))
        else:
            values[row:last] += made.chance.uniform(10, 25)
        made.mark(row, last)
    return values


def _latency(made: _Canvas) -> Numbers:
    values = 45 + made.noise(2.0, 0.9) + made.bursts(6, 6, 2.2, 3)
    values = values * (1 + 0.15 * made.day())
    for row in made.anomalies(2):
        values[row:] += made.chance.choice([-1, 1]) * made.chance.uniform(12, 25)  # and stays
        made.mark(row, row + 40)
    return values


def _quiet(made: _Canvas) -> Numbers:
    kind = made.chance.integers(0, 4)
    if kind == 0:
        return 20 + made.noise(1.0)
    if kind == 1:
        return 20 + 60 * made.day() + made.noise(2.0)
    if kind == 2:
        return np.full(made.rows, 5.0)
    return 50 + np.cumsum(made.chance.normal(0, 0.2, made.rows)) + made.bursts(2, 5, 2.5, 3)


_Kind = Callable[[_Canvas], Numbers]
KINDS: Final[dict[str, tuple[_Kind, tuple[int, ...]]]] = {
    "processor": (_processor, (300,)),
    "requests": (_requests, (300,)),
    "posts": (_posts, (300,)),
    "network": (_network, (300,)),
    "temperature": (_temperature, (300, 3600)),
    "trips": (_trips, (1800,)),
    "prices": (_prices, (3600,)),
    "speeds": (_speeds, (300, 600)),
    "writes": (_writes, (300,)),
    "wave": (_wave, (300,)),
    "spikes": (_spikes, (300,)),
    "memory": (_memory, (300,)),
    "latency": (_latency, (300,)),
    "quiet": (_quiet, (300,)),
}


def streams(each: int, seed: int) -> list[Stream]:
    """``each`` streams of every kind; another ``seed`` makes others."""
    made = []
    for place, (name, (kind, steps)) in enumerate(KINDS.items()):
        for number in range(each):
            own = seed * 10_000 + place * 100 + number
            step = steps[number % len(steps)]
            rows = {300: 4032, 600: 2500, 1800: 5000, 3600: 2000}[step] * (2 if number % 5 == 4 else 1)
            canvas = _Canvas(own, rows, step)
            values = kind(canvas)
            times = canvas.times.astype(float)
            if name in ("speeds", "prices"):  # readings are missing, and come when they come
                times = times + canvas.chance.integers(0, step // 2, rows)
            made.append(canvas.stream(f"{name}-{number}", values, times))
    return made
