"""Which figures does one want to see first? A handful, each with how sure it is and what it was before."""

from __future__ import annotations

import msgspec

from schemas.alerts import Text
from stream.backtest.intervals import wilson
from stream.backtest.report.totals import Total, both_totals, total
from stream.backtest.report.words import hours, interval, same, share
from stream.backtest.result import Result
from stream.printing import yuan


class Tile(msgspec.Struct, frozen=True):
    """A figure, its name, and a line of small print."""

    name: Text
    figure: Text
    small: Text


def tiles(result: Result) -> list[Tile]:
    """What there is of: alerts, precision, recall, delay, money, and what was read."""
    before = None if result.comparison is None else both_totals(result.comparison.rules.values())[0]
    everything = total(result)
    found = [_alerts(result)]
    if everything.labels:
        found += [_precision(everything, before), _recall(everything, before), _delay(result)]
    found += _verdicts(result)
    found.append(_money(result))
    dead = sum(result.dead_letters.values())
    small = Text(f"死信{dead:,}条", f"{dead:,} dead letters")
    found.append(Tile(Text("读入交易", "transactions read"), same(f"{result.transactions:,}"), small))
    return found


def _alerts(result: Result) -> Tile:
    number, days = sum(result.alerts.values()), result.window.days
    a_day = "–" if not days else f"{number / days:.1f}"
    small = Text(f"每日{a_day}条，{days or 0:.0f}天", f"{a_day} a day over {days or 0:.0f} days")
    if result.comparison is not None:
        before = sum(rule.before for rule in result.comparison.rules.values())
        small = Text(f"{small.zh}；基线{before:,}条", f"{small.en}; baseline {before:,}")
    return Tile(Text("待核查预警", "open alerts"), same(f"{number:,}"), small)


def _precision(now: Total, before: Total | None) -> Tile:
    count = f"{now.hits}/{now.alerts}"
    return _share_tile(
        Text("查准率", "precision"),
        now.precision,
        interval(now.precision_interval),
        count,
        None if before is None else before.precision,
    )


def _recall(now: Total, before: Total | None) -> Tile:
    count = f"{now.found}/{now.labels}"
    return _share_tile(
        Text("查全率", "recall"),
        now.recall,
        interval(now.recall_interval),
        count,
        None if before is None else before.recall,
    )


def _share_tile(name: Text, now: float | None, bounds: str, count: str, before: float | None) -> Tile:
    small = Text(f"{count}，95%区间{bounds}", f"{count}, 95 %: {bounds}")
    if before is not None:
        small = Text(f"{small.zh}；基线{share(before)}", f"{small.en}; baseline {share(before)}")
    return Tile(name, same(share(now)), small)


def _delay(result: Result) -> Tile:
    labels = result.labels or []
    delays = sorted(label.delay_hours for label in labels if label.delay_hours is not None)
    middle = None if not delays else (delays[(len(delays) - 1) // 2] + delays[len(delays) // 2]) / 2
    in_time = sum(label.in_time is True for label in labels)
    name = Text("发现延迟中位数", "median delay")
    return Tile(
        name, hours(middle), Text(f"{in_time}/{len(delays)}在结束前发出", f"{in_time} of {len(delays)} before its end")
    )


def _verdicts(result: Result) -> list[Tile]:
    said = [rule.verdicts for rule in result.rules.values() if rule.verdicts is not None]
    confirmed, rejected = sum(one.confirmed for one in said), sum(one.rejected for one in said)
    if not confirmed + rejected:
        return []
    bounds = interval(wilson(confirmed, confirmed + rejected))
    small = Text(
        f"{confirmed}/{confirmed + rejected}，95%区间{bounds}", f"{confirmed}/{confirmed + rejected}, 95 %: {bounds}"
    )
    figure = same(share(confirmed / (confirmed + rejected)))
    return [Tile(Text("核查属实", "confirmed by inspectors"), figure, small)]


def _money(result: Result) -> Tile:
    small = Text("同一就诊只计一次", "each visit counted once")
    if result.comparison is not None:
        small = Text(
            f"基线{_round(result.comparison.fund_before)}", f"baseline {_round(result.comparison.fund_before)}"
        )
    return Tile(Text("涉及基金", "fund at risk"), same(_round(result.fund_at_risk)), small)


def _round(fen: int) -> str:
    """Whole yuan from a thousand on: a tile is narrow, and the tables hold the fen."""
    return yuan(fen) if abs(fen) < 100_000 else f"¥{fen / 100:,.0f}"
