"""What does an inspector read of a drug that is hoarded, and how is the stock at home drawn?"""

from __future__ import annotations

from detectors.by_person.drug_hoarding.stock import Stock
from detectors.engine.rule import View
from schemas.alerts import Point, Series, Text
from schemas.china_time import DAY, format_day, format_time

_DRAWN = 31  # days; the newest
_SHOWN = 4  # institutions; those that gave most often


def describe(stock: Stock, overlap_days: int, most_days: int, view: View) -> Text:
    """How much, how often, from whom, and where to look first."""
    known = view.references.item(stock.item)
    name = known.name if known is not None and known.name else stock.item
    unit = known.unit if known is not None else ""
    taken = stock.taken
    begin, end, peak_day = format_day(taken[0].day), format_day(taken[-1].day), format_day(stock.peak_day)
    quantity = f"{sum(one.quantity for one in taken):g}"
    zh, en = _lasting(stock, most_days, peak_day)
    return Text(
        f"同一参保人{begin}至{end}在{stock.institutions}家机构（{_places(stock, view)}）{len(taken)}次取得{name}共"
        f"{quantity}{unit}，最多一月（{stock.month}）{stock.times}次，其中{stock.early}次取药时家中尚有{overlap_days}天以上余量；{zh}"
        "请先核对处方与病情、取药人身份和刷卡凭证，入户或电话核实家中存药，并查药品追溯码是否再次流通：有无代刷、倒卖或机构虚开。",
        f"From {begin} to {end} one person fetched {name} {len(taken)} times, by institution ({stock.institutions}): "
        f"{_places(stock, view)}; {quantity} {unit or 'units'} in all, at most {stock.times} times in a month ({stock.month}); "
        f"{stock.early} times while {overlap_days} days' supply or more was left at home. {en} Look first at prescriptions and "
        "illness, at who fetched it and with what, ask for what is at home, and see whether the packs' trace codes turn up "
        "again: a lent card, drugs sold on, or sales that never were.",
    )


def _lasting(stock: Stock, most_days: int, peak_day: str) -> tuple[str, str]:
    if not stock.peak:
        return ("可用天数不明。", "How long it lasts is not known.")
    is_declared = all(one.is_declared for one in stock.taken if one.supply is not None)
    zh, en = (
        ("处方天数和目录每日上限", "the days prescribed and the catalogue's daily limit")
        if is_declared
        else ("处方天数和每盒至少可用天数", "the days prescribed and the least that a pack lasts")
    )
    return (
        f"按{zh}计，{peak_day}家中存量可用{stock.peak:.0f}天（长期处方提前取药通常不超过{most_days}天）。",
        f"By {en}, {stock.peak:.0f} days' supply was at home on {peak_day} (no long prescription makes more than {most_days}).",
    )


def _places(stock: Stock, view: View) -> str:
    times: dict[str, int] = {}
    for one in stock.taken:
        times[one.institution] = times.get(one.institution, 0) + 1
    most = sorted(times, key=lambda code: (-times[code], code))
    known = [(code, view.references.institution(code)) for code in most[:_SHOWN]]
    shown = [f"{place.name if place is not None and place.name else code} ×{times[code]}" for code, place in known]
    return ", ".join(shown) + (", …" if len(most) > _SHOWN else "")


def drawn(stock: Stock, most_days: int) -> Series | None:
    """Days' supply at home, day by day until the last fetch, with the most that is ordinary."""
    if not stock.peak:
        return None
    last = stock.taken[-1].day
    days = range(max(stock.taken[0].day, last - _DRAWN + 1), last + 1)
    return Series("days", [Point(format_time(day * DAY), round(stock.level(day), 1), 0, most_days) for day in days])
