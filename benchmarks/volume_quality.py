"""How soon does `drug_volume` find what it should, and how often does it cry wolf?

    python -m benchmarks.volume_quality [--county FOLDER] [--transactions FILE]... [--daily FILE.csv.gz] [--series N]

Without files: made series with spikes, ramps and shifts, beside river's own detectors (GaussianScorer, ADWIN, PageHinkley) and
two simple baselines (an EWMA z-score of river's EWMean and EWVar, and a seasonal-naive ratio to the same weekday's last four
weeks). All of them hear of a day when it is over, and from the fifth week on. A county is replayed and compared with its labels;
other transactions are replayed and counted; a daily or hourly table (first column a date, one column an item) is watched column
by column by all.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

from river import anomaly, drift, stats

from benchmarks.made_series import CHANGE_DAY, SPIKE_DAYS, Made, made_series
from detectors.by_item.drug_volume.rule import DrugVolume
from schemas.alerts import Alert
from schemas.china_time import DAY, parse_time
from schemas.labels import decode_label, hits
from stream.line_files import LineFile
from stream.replay import Replay
from tests.item_days import FIRST_DAY, Watch

_CHANGES = (
    Made("spike", 2), Made("spike", 3), Made("spike", 5), Made("ramp", 0.1), Made("shift", 0.5), Made("shift", 1.0)
)  # fmt: skip
_MEANS = (1, 3, 10, 30, 100, 1000)
_QUIET_DAYS, _CHANGED_DAYS = 365, 200
_WARM_UP = 28  # days
_RARE = 0.9999
Alarms = Callable[[list[float]], list[int]]  # days of the series on which an alert was raised


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--county", type=Path, help="folder with transactions, references and truth")
    parser.add_argument("--transactions", type=Path, action="append", default=[], help="transactions without labels")
    parser.add_argument("--daily", type=Path, help="table of volumes: a date, then one column an item")
    parser.add_argument("--series", type=int, default=20, help="made series a row (0: none)")
    asked = parser.parse_args()
    if asked.county:
        _county(asked.county)
    for file in asked.transactions:
        _unlabelled(file)
    if asked.daily:
        _table(asked.daily)
    if asked.series:
        for name, alarms in _WATCHED.items():
            _made(name, alarms, asked.series)


# -- real and simulated histories ---------------------------------------------------------------------------------------


def _replay(transactions: Path, folder: Path | None = None) -> list[Alert]:
    replay = Replay([DrugVolume()], 4_102_444_800_000)  # started in 2100: no clock is ahead
    if folder is not None:
        with LineFile(str(_found(folder, "institutions"))) as file:
            replay.read_institutions(file)
        with LineFile(str(_found(folder, "catalogue"))) as file:
            replay.read_catalogue(file)
    with LineFile(str(transactions)) as file:
        replay.read_transactions(file)
    return [alert for alert in replay.alerts() if alert.status == "open"]


def _found(folder: Path, name: str) -> Path:
    plain = folder / f"{name}.jsonl"
    return plain if plain.exists() else folder / f"{name}.jsonl.gz"


def _county(folder: Path) -> None:
    alerts = _replay(_found(folder, "transactions"), folder)
    with LineFile(str(_found(folder, "truth"))) as file:
        labels = [decode_label(line) for lines in iter(file.read, None) for line in lines]
    labels = [label for label in labels if label.pattern == DrugVolume.rule_id]
    right = [alert for alert in alerts if any(hits(alert, label) for label in labels)]
    found = [(label, [alert for alert in alerts if hits(alert, label)]) for label in labels]
    delays = [min(parse_time(alert.raised_at) for alert in by) - parse_time(label.begin) for label, by in found if by]
    print(f"{folder}: {len(labels)} labels, {len(alerts)} alerts, {len(right)} of them right,")
    print(
        f"  {len(delays)} labels found; hours from a label's begin to its alert: {[round(d / 3600, 1) for d in delays]}"
    )


def _unlabelled(file: Path) -> None:
    alerts = _replay(file)
    by_institution = Counter(alert.institution for alert in alerts)
    by_year = Counter(alert.begin[:4] for alert in alerts)
    print(f"{file}: {len(alerts)} alerts at {len(by_institution)} institutions")
    print(f"  by year {dict(sorted(by_year.items()))}; most at {by_institution.most_common(10)}")


def _table(file: Path) -> None:
    """Rows of one day are added up; days without a row had no volume."""
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
        rows = list(csv.DictReader(lines))
    first, *columns = rows[0]
    items = [column for column in columns if column not in ("Year", "Month", "Hour", "Weekday Name")]
    days: dict[int, Counter[str]] = {}
    for row in rows:
        day = days.setdefault(_day(row[first]), Counter())
        for item in items:
            day[item] += float(row[item])  # type: ignore[assignment]  # Counter adds floats as well
    for item in items:
        series = [days[day][item] if day in days else 0.0 for day in range(min(days), max(days) + 1)]
        watch = Watch()
        watch.days(series, min(days))
        years = Counter(alert.begin[:4] for alert in watch.open)
        others = {name: _episodes(alarms(series)) for name, alarms in _WATCHED.items() if alarms is not _ours}
        print(f"{file.name} {item}: {len(watch.open)} alerts in {len(series) / 365:.1f} years {dict(years)}; {others}")


def _day(text: str) -> int:
    for form in ("%m/%d/%Y %H:%M", "%Y-%m-%d", "%m/%d/%Y"):
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - a date of the file's own clock
        except ValueError:
            continue
        return moment.toordinal() - date(1970, 1, 1).toordinal()
    raise SystemExit(f"{text!r} is no date")


# -- made series ----------------------------------------------------------------------------------------------------------


def _made(name: str, alarms: Alarms, series: int) -> None:
    print(
        f"\n{name}: found within 14 days (spikes) or 100 (ramps, shifts) / median days to it; false alerts a series-year"
    )
    print(f"{'mean packs a day':>18}" + "".join(f"{change.kind + ' ' + format(change.size, 'g'):>14}" for change in _CHANGES)
          + f"{'false a year':>14}")  # fmt: skip
    for mean in _MEANS:
        cells = [_found_within(alarms, change, mean, series) for change in _CHANGES]
        false = sum(_episodes(alarms(made_series(Made("none", 1), mean, _QUIET_DAYS, seed))) for seed in range(series))
        print(f"{mean:>18}" + "".join(f"{cell:>14}" for cell in cells) + f"{false / series:>14.2f}")


def _found_within(alarms: Alarms, change: Made, mean: float, series: int) -> str:
    within = 2 * SPIKE_DAYS if change.kind == "spike" else _CHANGED_DAYS - CHANGE_DAY
    delays = []
    for seed in range(series):
        raised = alarms(made_series(change, mean, _CHANGED_DAYS, 1_000 + seed))
        after = [day - CHANGE_DAY for day in raised if CHANGE_DAY <= day < CHANGE_DAY + within]
        delays += after[:1]
    return f"{len(delays) / series:.0%} / {statistics.median(delays):g}" if delays else "0%"


def _episodes(days: Iterable[int]) -> int:
    """Alarms less than two weeks apart are one, so that the baselines are not charged for repeating themselves."""
    count, last = 0, -100
    for day in days:
        count += day - last > 14
        last = day
    return count


def _ours(series: list[float]) -> list[int]:
    watch = Watch()
    watch.days(series)
    return sorted({parse_time(alert.raised_at) // DAY - FIRST_DAY for alert in watch.newest.values()})


def _ewma(series: list[float]) -> list[int]:
    mean, variance, alarms = stats.EWMean(1 / 35), stats.EWVar(1 / 35), []
    for day, volume in enumerate(series):
        if day >= _WARM_UP and volume - mean.get() > 4 * max(variance.get(), 1.0) ** 0.5:
            alarms.append(day)
        mean.update(volume)
        variance.update(volume)
    return alarms


def _gaussian(series: list[float]) -> list[int]:
    scorer, mean, alarms = anomaly.GaussianScorer(window_size=91, grace_period=_WARM_UP), stats.Mean(), []
    for day, volume in enumerate(series):
        if scorer.score_one(None, volume) > _RARE and volume > mean.get() and day >= _WARM_UP:
            alarms.append(day)
        scorer.learn_one(None, volume)
        mean.update(volume)
    return alarms


def _adwin(series: list[float]) -> list[int]:
    detector, usual, alarms = drift.ADWIN(), 0.0, []
    for day, volume in enumerate(series):
        detector.update(volume)
        if detector.drift_detected and detector.estimation > usual and day >= _WARM_UP:
            alarms.append(day)
        usual = detector.estimation
    return alarms


def _page_hinkley(series: list[float]) -> list[int]:
    """In multiples of the mean so far, for its parameters are in the unit of the series."""
    detector, mean, alarms = drift.PageHinkley(mode="up"), stats.Mean(), []
    for day, volume in enumerate(series):
        mean.update(volume)
        detector.update(volume / mean.get() if mean.get() else 0.0)
        if detector.drift_detected and day >= _WARM_UP:
            alarms.append(day)
    return alarms


def _seasonal_naive(series: list[float]) -> list[int]:
    return [
        day
        for day in range(_WARM_UP, len(series))
        if series[day] > 2 * sum(series[day - 7 * week] for week in range(1, 5)) / 4 and series[day] >= 12
    ]


_WATCHED: dict[str, Alarms] = {
    "drug_volume": _ours, "EWMA z > 4": _ewma, "GaussianScorer > 0.9999": _gaussian, "ADWIN": _adwin,
    "PageHinkley": _page_hinkley, "seasonal-naive × 2": _seasonal_naive,
}  # fmt: skip


if __name__ == "__main__":
    main()
