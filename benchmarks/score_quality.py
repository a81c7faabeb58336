"""How good is `fundwatch score` on streams of metrics, beside river's detectors and simple ones?

    python -m benchmarks.score_quality [--each N] [--seed N] [--only NAME ...]

Made streams with labelled anomalies (`benchmarks.metric_streams`), judged as the Numenta benchmark judges
(`benchmarks.window_score`): one threshold for all streams, the one that suits each detector best. The scorer was built while
looking at seeds 1, 2, 3 and 7. Also: rows a second of CPU time.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from collections.abc import Callable, Iterator

from river import anomaly, linear_model, preprocessing, stats, time_series

from benchmarks.metric_streams import DAY, KINDS, Stream, streams
from benchmarks.window_score import FEW_FALSE, FEW_MISSED, judged
from detectors.models.series import SeriesScorer

Detector = Callable[[Stream], list[float]]


def ours(stream: Stream) -> list[float]:
    """`fundwatch score`."""
    scorer = SeriesScorer()
    return [scorer.score(at, value) for at, value in zip(stream.times, stream.values, strict=True)]


def gaussian(stream: Stream) -> list[float]:
    """river's GaussianScorer over the last thousand readings."""
    scorer, scores = anomaly.GaussianScorer(window_size=1_000, grace_period=100), []
    for value in stream.values:
        scores.append(scorer.score_one(None, value))
        scorer.learn_one(None, value)
    return scores


def ewma(stream: Stream) -> list[float]:
    """Distance from an exponentially weighted mean (river's EWMean, EWVar), in deviations."""
    mean, variance, scores = stats.EWMean(0.02), stats.EWVar(0.02), []
    for value in stream.values:
        spread = variance.get() ** 0.5
        scores.append(abs(value - mean.get()) / spread if spread > 0 else 0.0)
        mean.update(value)
        variance.update(value)
    return scores


def seasonal_naive(stream: Stream) -> list[float]:
    """Distance from the reading of the day before, in mean distances so far."""
    step = sorted(b - a for a, b in zip(stream.times, stream.times[1:], strict=False))[len(stream.times) // 2]
    day, usual, scores = max(round(DAY / step), 1), stats.Mean(), []
    for row, value in enumerate(stream.values):
        distance = abs(value - stream.values[row - day]) if row >= day else 0.0
        scores.append(distance / usual.get() if usual.get() > 0 else 0.0)
        if row >= day:
            usual.update(distance)
    return scores


def half_space_trees(stream: Stream) -> list[float]:
    """river's HalfSpaceTrees over a window of ten readings, each scaled to what was seen."""
    model = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=10, height=8, window_size=250, seed=1)
    window: deque[float] = deque(maxlen=10)
    scores = []
    for value in stream.values:
        window.append(value)
        features = dict(enumerate(window))
        scores.append(model.score_one(features) if len(window) == 10 else 0.0)
        model.learn_one(features)
    return scores


def predictive(stream: Stream) -> list[float]:
    """river's PredictiveAnomalyDetection over an SNARIMAX of twelve readings."""
    model = time_series.SNARIMAX(
        p=12, d=0, q=0, regressor=preprocessing.StandardScaler() | linear_model.LinearRegression()
    )
    detector = anomaly.PredictiveAnomalyDetection(model, horizon=1, n_std=6.0, warmup_period=100)
    scores = []
    for value in stream.values:
        score = detector.score_one(None, value)
        scores.append(score if score == score else 0.0)  # it may be NaN
        detector.learn_one(None, value)
    return scores


DETECTORS: dict[str, Detector] = {
    "fundwatch score": ours,
    "EWMA z": ewma,
    "seasonal-naive": seasonal_naive,
    "GaussianScorer": gaussian,
    "HalfSpaceTrees": half_space_trees,
    "PredictiveAnomalyDetection": predictive,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=3, help="streams of every kind")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--only", nargs="*", default=list(DETECTORS), choices=list(DETECTORS))
    asked = parser.parse_args()
    made = streams(asked.each, asked.seed)
    windows = [stream.windows for stream in made]
    rows = sum(len(stream.values) for stream in made)
    print(f"{len(made)} streams, {rows:,} rows, {sum(map(len, windows))} windows, seed {asked.seed}\n")
    print("| detector | score | few false | few missed | found | false alarms | rows a second |")
    print("|---|---|---|---|---|---|---|")
    for name in asked.only:
        began = time.process_time()
        scores = [DETECTORS[name](stream) for stream in made]
        speed = rows / (time.process_time() - began)
        best = judged(scores, windows)
        false, missed = judged(scores, windows, FEW_FALSE), judged(scores, windows, FEW_MISSED)
        print(
            f"| {name} | {best.score:.1f} | {false.score:.1f} | {missed.score:.1f} | {best.found} of {best.windows}"
            f" | {best.false_alarms} | {speed:,.0f} |",
            flush=True,
        )
        if name == "fundwatch score":
            kinds = ", ".join(_by_kind(scores, windows, asked.each))
    if "fundwatch score" in asked.only:
        print(f"\nfundwatch score by kind, each at a threshold of its own: {kinds}")


def _by_kind(scores: list[list[float]], windows: list[list[tuple[int, int]]], each: int) -> Iterator[str]:
    for place, kind in enumerate(KINDS):
        own = slice(place * each, (place + 1) * each)
        if any(windows[own]):
            yield f"{kind} {judged(scores[own], windows[own]).score:.0f}"


if __name__ == "__main__":
    main()
