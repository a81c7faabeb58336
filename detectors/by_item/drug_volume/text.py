"""What does an inspector read of an abnormal volume: how much, since when, against what, and where does he look first?"""

from __future__ import annotations

from math import log
from typing import NamedTuple

from detectors.books.expected_in_wave import expected_in_wave, wave_of
from detectors.books.item import ItemPage
from detectors.books.item_days import ItemDays
from detectors.by_item.drug_volume.dearer import Dearer
from detectors.by_item.drug_volume.episode import (
    Crossing,
    Episode,
    Sales,
    begin_of,
    end_of,
    reference_week,
)
from detectors.by_item.drug_volume.shortage import made_up
from detectors.by_item.drug_volume.wave import expected_among, expected_of, rise_variance
from detectors.engine.rule import View
from detectors.models.shape import RAMP_DAYS, Climb, Shape, climb_of, shape_of
from detectors.models.tail import limit, surprise
from schemas.alerts import Measure, Point, Series, Text
from schemas.china_time import format_day

_DRAWN_DAYS = 35
_BAND_NATS = 4.6  # the band that is drawn holds 99 of 100 ordinary days
_MOST_ZEROS = 15.0
_CLIMB_DAYS = 42  # before the crossing: what a page that is still asked always holds
_NEWLY = 2.0  # times the week before: what was hardly there has no growth that says anything
_LEAST_EXPECTED = 0.1  # packs; keeps a ratio to nothing from being printed

_NAMES: dict[Shape, Text] = {
    "spike": Text("短时突增", "spike"),
    "surge": Text("持续放量", "surge"),
    "ramp": Text("逐步攀升", "ramp"),
    "level_shift": Text("水平抬升", "level shift"),
}
_LOOK_FIRST: dict[Shape, Text] = {
    "spike": Text(
        "先查当日处方与结算明细：是否集中在少数参保人、医生或短时间内，有无补录、团购",
        "Look first at that day's prescriptions and settlements: few persons, few doctors, a few minutes, late entries",
    ),
    "surge": Text(
        "先查购药人与开方医生是否集中，再核对同期采购（3503）、库存与追溯码",
        "Look first whether few persons or doctors stand behind it, then at purchases (3503), stock and trace codes",
    ),
    "ramp": Text(
        "先逐周对比开方医生和参保人名单，看增长来自谁，再核对采购与追溯码",
        "Look first, week by week, which doctors and persons the growth came from, then at purchases and trace codes",
    ),
    "level_shift": Text(
        "先了解自该日起有无新增科室、医生、协议或停用替代品；无合理解释的，核对进销存与购药人名单",
        "Look first for a new department, doctor or contract, or a substitute that ran out; without one, at stock and buyers",
    ),
}
_LOOK_AT_PURCHASES = Text(
    "该机构只上报库存、无结算明细：先核对采购发票、供货商与库存，再查所购去向",
    "It reports its stock and sends no bills: look first at invoices, suppliers and stock, then where the goods have gone",
)
_WINDOW: dict[int, Text] = {
    1: Text("当日", "that day"),
    7: Text("近7日", "the 7 days up to it"),
    14: Text("近14日", "the 14 days up to it"),
    28: Text("近28日", "the 28 days up to it"),
}
_ODDS_ZH = {3: "千分之一", 4: "万分之一", 5: "十万分之一", 6: "百万分之一", 7: "千万分之一", 8: "亿分之一"}


class Story(NamedTuple):
    """An episode in numbers. Packs, fen; ``zeros``: it happens by chance less than once in ten to this."""

    first: Crossing
    begin: int
    last: int
    is_running: bool
    volume: float
    expected: float
    zeros: float
    money: int
    shape: Shape
    climb: Climb | None = None
    rise: float = 1.0  # times what its own history lets expect, for the rise beside it
    is_of_place: bool = False  # that rise is one of the institution's other items, not of the other sellers

    @property
    def ratio(self) -> float:
        """Times what was expected."""
        return self.volume / max(self.expected, _LEAST_EXPECTED)


def tell(page: ItemPage, episode: Episode) -> Story:
    """The episode from its begin to its last day that is over, as the numbers stood this morning."""
    book, first = page.days, episode.first
    begin, last, week = begin_of(page, first), end_of(page, episode), reference_week(first)
    days = range(begin, last + 1)
    told = [book.told(day) for day in days]
    means = [expected_among(page, day, week) for day in days]
    volume, scope = sum(packs for packs, _ in told), sum(fen for _, fen in told)
    is_running = first.day >= book.today
    if is_running:
        before = sum(book.told(day)[0] for day in range(first.day - first.bar.days + 1, begin))
        volume = max(volume, first.volume - before)
    expected = sum(means)
    alone = sum(expected_of(book, day, week) for day in days) if page.waves else expected
    more = expected - alone
    if first.shortage is not None:
        expected += made_up(book, first.shortage, begin)
    climb = _climb(book, first.day, last) if len(days) >= RAMP_DAYS else None
    shape: Shape = "ramp" if climb is not None else _shape(told, means)
    price = scope / volume if scope and not is_running else _price(book)
    known = book.expected(week)
    least = first.bar.nats if first.sales is None or is_running else first.nats
    variance = expected if known is None else known.lumpiness * expected + (known.spread * expected) ** 2
    variance += rise_variance(more)
    return Story(
        first, begin, last, is_running, volume, expected,
        zeros=round(min(max(surprise(volume, expected, variance), least) / log(10), _MOST_ZEROS), 1),
        money=round(price * max(volume - expected, 0.0)),
        shape=shape, climb=climb, rise=max(expected / alone, first.rise) if alone > 0.0 else first.rise,
        is_of_place=_is_of_place(page, range(first.day - first.bar.days + 1, last + 1)),
    )  # fmt: skip


def _is_of_place(page: ItemPage, days: range) -> bool:
    """Whether on most of the days with a rise it is the institution's own."""
    waves = [wave for day in days if (wave := wave_of(page.waves, day)) is not None] if page.waves else []
    return 2 * sum(wave.is_of_place for wave in waves) > len(waves)


def _shape(told: list[tuple[float, int]], means: list[float]) -> Shape:
    return shape_of([packs / max(mean, _LEAST_EXPECTED) for (packs, _), mean in zip(told, means, strict=True)])


def _climb(book: ItemDays, crossed: int, last: int) -> Climb | None:
    """Whether the weeks up to the last day climb."""
    weeks, end = list[float](), last
    while end - 6 >= max(crossed - _CLIMB_DAYS, book.first_day, book.born):
        weeks.append(sum(book.told(day)[0] for day in range(end - 6, end + 1)))
        end -= 7
    return climb_of(weeks[::-1])


def _price(book: ItemDays) -> float:
    """Fen a pack over all days that are over; 0 where nothing was billed before today."""
    told = [book.told(book.first_day + index) for index in range(len(book.volumes))]
    packs = sum(volume for volume, _ in told)
    return sum(fen for _, fen in told) / packs if packs > 0 else 0.0


def measures(story: Story, history: int, warm_up: int) -> tuple[Measure, ...]:
    """What crossed which limit, and the whole excess."""
    first = story.first
    by_sales = () if first.sales is None else (_sales_measure(first.bar.days, first.sales),)
    return (
        *by_sales,
        Measure(
            f"volume_{first.bar.days}d",
            round(first.volume, 1),
            round(first.limit, 1),
            "packs",
            round(first.expected, 1),
        ),
        Measure("volume_since_begin", round(story.volume, 1), None, "packs", round(story.expected, 1)),
        Measure("times_expected", round(story.ratio, 2), None if first.sales else first.bar.ratio, "times", 1),
        *_beside_others(story),
        *_came_before(story),
        Measure("improbability", story.zeros, round(first.bar.nats / log(10), 1), "powers_of_ten"),
        Measure("history", history, warm_up, "days"),
    )


def _beside_others(story: Story) -> tuple[Measure, ...]:
    rise, name = round(story.rise, 2), "place_rise" if story.is_of_place else "others_rise"
    return (Measure(name, rise, None, "times", 1),) if rise > 1.0 else ()


def _came_before(story: Story) -> tuple[Measure, ...]:
    shortage, climb = story.first.shortage, story.climb
    if shortage is not None:
        return (Measure("missed_before", round(shortage.missed, 1), None, "packs"),)
    if climb is not None and 1.0 < climb.weekly < _NEWLY:
        return (Measure("weekly_growth", round(climb.weekly, 2), None, "times"),)
    return ()


def _sales_measure(days: int, sales: Sales) -> Measure:
    return Measure(f"sales_{days}d", sales.number, round(sales.limit, 1), "sales", round(sales.expected, 1))


def drawn(page: ItemPage, story: Story) -> Series:
    """The last days up to the episode's last that is over, with the band of 99 in 100 ordinary days and the rise beside it."""
    book = page.days
    last = min(story.last, book.today - 1)
    points = []
    for day in range(max(last - _DRAWN_DAYS + 1, book.first_day), last + 1):
        expected = book.expected(day)
        low = high = None
        if expected is not None:
            expected = expected._replace(mean=max(expected.mean, expected_in_wave(page.waves, day)))
            spread = expected.variance()
            low = round(max(expected.mean - 2 * spread**0.5, 0.0), 1)
            high = round(limit(expected.mean, spread, _BAND_NATS), 1)
        points.append(Point(format_day(day), round(book.told(day)[0], 1), low, high))
    return Series("packs", points)


def describe(page: ItemPage, story: Story, view: View) -> Text:
    """The story in Chinese and in English."""
    place, item, unit = _known(page, view)
    first, name = story.first, _NAMES[story.shape]
    look = _LOOK_AT_PURCHASES if page.bought else _LOOK_FIRST[story.shape]
    what_zh, verb_zh, what_en = ("采购量", "采购", "purchases") if page.bought else ("用量", "用", "volume")
    begin, last, seen = format_day(story.begin), format_day(story.last), format_day(first.day)
    days, excess = story.last - story.begin + 1, story.volume - story.expected
    window = _WINDOW[first.bar.days]
    at_least_zh, at_least_en = ("至少", "at least ") if story.is_running else ("", "")
    money = f"{story.money / 100:,.0f}"
    money_zh, money_en = (
        (f"，涉及政策范围内费用约{money}元", f", about {money} yuan within policy scope") if story.money else ("", "")
    )
    crossed = _crossed(first, unit)
    before, others = _before(story, unit), _others(story)
    others_zh, others_en = _beside(story) if others.zh else ("", " lets")
    odds_zh = _ODDS_ZH.get(int(story.zeros), "十亿分之一")
    zh = (
        f"{place}的{item}自{begin}起{what_zh}异常（{name.zh}）：至{last}共{days}天{verb_zh}{at_least_zh}{_packs(story.volume)}{unit}，",
        f"按其自身规律{others_zh}预计{_packs(story.expected)}{unit}，是预期的{story.ratio:.1f}倍，多出{_packs(excess)}{unit}",
        f"{money_zh}。{seen}{window.zh}{at_least_zh}{crossed.zh}",
        f"（偶然发生的可能性不到{odds_zh}）。{others.zh}{before.zh}{look.zh}。",
    )
    en = (
        f"{place}: {what_en} of {item} out of the ordinary since {begin} ({name.en}): {at_least_en}{_packs(story.volume)} packs",
        f" in {days} day(s) to {last}, where its own history{others_en} expect {_packs(story.expected)}:",
        f" {story.ratio:.1f} times, {_packs(excess)} too many{money_en}. On {seen} {window.en} reached",
        f" {at_least_en}{crossed.en}",
        f" (by chance less than once in 10^{int(story.zeros)}). {others.en}{before.en}{look.en}.",
    )
    return Text("".join(zh), "".join(en))


def describe_dearer(page: ItemPage, one: Dearer, view: View) -> Text:
    """Since when a pack costs more, how much in all, and where to look first."""
    place, item, unit = _known(page, view)
    begin, last, money = format_day(one.begin), format_day(one.last), f"{one.excess / 100:,.0f}"
    price, usual = f"{one.price / 100:,.2f}", f"{one.usual / 100:,.2f}"
    return Text(
        f"{place}的{item}自{begin}起单价异常：至{last}共{_packs(one.packs)}{unit}，每{unit}政策范围内{price}元，此前四周为{usual}元，"
        f"是其{one.price / one.usual:.1f}倍，因单价多出约{money}元，用量并未减少。"
        "先核对同期采购价（3501、3503）和挂网价、限价，再看是否串换项目、更换规格未换编码。",
        f"{place}: a pack of {item} costs {price} yuan within policy scope since {begin}, where it was {usual} in the four weeks "
        f"before: {one.price / one.usual:.1f} times. {_packs(one.packs)} packs to {last}, some {money} yuan too many, no fewer "
        "packs. Look first at what it was bought for (3501, 3503), at listed and highest prices, then whether another item or "
        "size is billed under this code.",
    )


def _beside(story: Story) -> tuple[str, str]:
    if story.is_of_place:
        return "和该机构整体升幅", " and the rise of its other items let"
    return "和同行升幅", " and the others' rise let"


def _others(story: Story) -> Text:
    """That others have risen as well, and how that counts."""
    if round(story.rise, 2) <= 1.0:
        return Text("", "")
    if story.is_of_place:
        return Text(
            f"同期该机构多数品种也在上升，预计数因此为自身规律的{story.rise:.1f}倍，多出的是高于其整体升幅的部分。",
            f"Most other items of the institution have risen as well: for that {story.rise:.1f} times its own history is"
            " expected, and the excess is what lies above the rise of the others. ",
        )
    return Text(
        f"同期本地区多数机构该品种也在上升，预计数因此为自身规律的{story.rise:.1f}倍，多出的是高于同行升幅的部分。",
        f"Most others of the region have risen as well: for that {story.rise:.1f} times its own history is expected, and the"
        " excess is what lies above the others' rise. ",
    )


def _before(story: Story, unit: str) -> Text:
    """What went before it: a shortage that is made up for, or weeks of climbing."""
    shortage, climb = story.first.shortage, story.climb
    if shortage is not None:
        begin, end, days = format_day(shortage.begin), format_day(shortage.back - 1), shortage.back - shortage.begin
        return Text(
            f"此前{begin}至{end}断供{days}天，少用约{_packs(round(shortage.missed, 1))}{unit}，补货及备货已计入预期。",
            f"It was not to be had from {begin} to {end} ({days} days, some {_packs(round(shortage.missed, 1))} packs missed):"
            " what is made up for, and bought ahead, is in what was expected. ",
        )
    if climb is None:
        return Text("", "")
    since, growth = format_day(story.last - 7 * climb.weeks + 1), f"{climb.weekly - 1:.0%}"
    if not 1.0 < climb.weekly < _NEWLY:
        return Text(f"自约{since}起持续攀升。", f"It has climbed since about {since}. ")
    return Text(
        f"自约{since}起{climb.weeks}周持续攀升，平均每周增{growth}。",
        f"It has climbed for {climb.weeks} weeks, since about {since}, by {growth} a week. ",
    )


def _crossed(first: Crossing, unit: str) -> Text:
    """What went over which limit."""
    sales = first.sales
    if sales is None:
        return Text(
            f"{_packs(first.volume)}{unit}，越过上限{_packs(first.limit)}{unit}",
            f"{_packs(first.volume)}, over the limit of {_packs(first.limit)}",
        )
    usual, limit_ = _packs(round(sales.expected, 1)), _packs(round(sales.limit, 1))
    return Text(
        f"{sales.number}笔（此前8周同期平均{usual}笔），越过上限{limit_}笔",
        f"{sales.number} sales where the eight weeks before let expect {usual}, over the limit of {limit_}",
    )


def _known(page: ItemPage, view: View) -> tuple[str, str, str]:
    institution, item = view.references.institution(page.institution), view.references.item(page.item)
    place = institution.name if institution is not None and institution.name else page.institution
    if item is None or not item.name:
        return place, page.item, "单位"
    return place, f"{item.name}（{page.item}）", item.unit or "单位"


def _packs(volume: float) -> str:
    return f"{volume:,.0f}" if volume >= 20 or float(volume).is_integer() else f"{volume:.1f}"
