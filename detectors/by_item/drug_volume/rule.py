"""Does an institution bill more of a drug or a consumable than its own history lets expect?

Each item's running day and the 7, 14 and 28 days up to it are judged against an online baseline of its own
(`detectors.models.baseline`) by the tail of their distribution (`detectors.models.tail`), never by z: domain.md §4.9 asks
for a ratio, a number of packs and a significance, and all three must be crossed. Days out of the ordinary with small
gaps are one alert, anchored on the first; it grows once a day, when the day that is over joins it. After a shortage what was
missed, and as much again, may come (`detectors.by_item.drug_volume.shortage`). Where most other sellers of the region, or most
other items of the institution, have risen too, no less than their rise is expected (`detectors.by_item.drug_volume.wave`). An
excess is called a spike, a surge, a ramp or a shift of level. What is billed in as many packs and only dearer is a story of its
own (`detectors.by_item.drug_volume.dearer`).
Where an institution sends no bills, what it sells from stock (3505) is judged, or else what it buys (3503).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from math import log
from typing import Annotated, ClassVar

from detectors.books.item import ItemPage
from detectors.books.item_screen import DEARER_SCREEN
from detectors.books.kept_days import LONGEST_GAP
from detectors.books.stock import PURCHASES, SALES
from detectors.by_item.drug_volume.dearer import ANCHOR, Dearer, dearer, drawn_price
from detectors.by_item.drug_volume.episode import Bar, Episode, episodes, sales_so_far, so_far
from detectors.by_item.drug_volume.text import Story, describe, describe_dearer, drawn, measures, tell
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import MOST_EVIDENCE, Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, format_day

_HIGH_RATIO, _HIGH_MONEY = 3.0, 1_000_000  # fen: 10,000 yuan
_LITTLE_MONEY = 100_000  # fen: an influenza week's forty packs at a village room are no case for an inspector (ENG)
_SALES_A_DAY = 2.0  # of an item whose days are ordinary ones (ENG; benchmarks/volume_quality.py)
_RATIO = "domain.md §4.9 (ENG: 3); benchmarks/volume_quality.py"
_MEASURED = "benchmarks/volume_quality.py"


class DrugVolume(Rule[ItemPage], frozen=True, kw_only=True):
    """药品、耗材用量异常."""

    rule_id: ClassVar[str] = "drug_volume"
    version: ClassVar[int] = 6
    page: ClassVar[type[Page]] = ItemPage
    title: ClassVar[Text] = Text("药品、耗材用量异常", "Abnormal item volume")
    notice: ClassVar[str] = "药品、耗材用量异常；排名靠前、增长不合理"
    question: ClassVar[Text] = Text(
        "某机构某药品、耗材的用量是否远超其自身历史规律？",
        "Does an institution bill far more of an item than its own history lets expect?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "domain.md §4.9, §3.2"
    has_models: ClassVar[bool] = True
    silences: ClassVar[tuple[str, ...]] = ("warming_up",)
    blind_spots: ClassVar[Text] = Text(
        "从一开始就用量偏高的机构、品种看不出来（需与同级机构对比）；新品种在学习期内不判断（其间由“用量高于同级”（drug_volume_peer）与同级机构相比）；每月只来一两次的品种要有多次记录才能判断；"
        "每周整箱到货的品种，四周内放量到五倍也可能看不出来；断供后四周内、两倍于少用量以内的放量视为补货备货。本地区多数机构同步上升（如流感）的头一周，要到约十天后比较同行才撤回；"
        "借同行上升之机放量、不明显高于同行升幅的看不出来；机构全部品种一起放量的，约十天后由“结算费用增长异常”另行判断；每月不足200元或只报进销存的品种不与同行比较；仅笔数异常、金额不足500元或基金不支付的不报；单价要涨到1.5倍、费用随之增长才报，涨价持续约四周后视为常态。",
        "An item that was too high from the start is not seen (that is for the comparison with peers); a new item is not judged"
        " while it warms up, but held against the peers' meanwhile (drug_volume_peer); an item that comes once or twice a month"
        " needs many deliveries before it can be judged; one that"
        " comes in a box a week may come to five times as much for four weeks unseen. In the four weeks after a shortage twice"
        " what was missed is taken for making up. The first week of a rise at most sellers of the region (influenza) rings until"
        " they are compared, some ten days after it began; what is sold under cover of it and does not go far beyond it is not"
        " seen. Where all that an institution sells has grown, its items ring for some ten days; then spending_growth asks"
        " about the whole. An item below 200 yuan a month, or known from stock reports only, is not held against others."
        " Sales alone that come to less than 500 yuan of the fund's are not told of. A price must rise by half, the money with"
        " it; after some four weeks it is the usual one.",
    )

    day_ratio: Annotated[
        float, parameter(1.3, 100, "times", "当日用量与预期之比", "a day over what was expected", _RATIO)
    ] = 3.0
    week_ratio: Annotated[
        float, parameter(1.3, 100, "times", "7日用量与预期之比", "7 days over what was expected", _RATIO)
    ] = 1.8
    fortnight_ratio: Annotated[
        float, parameter(1.3, 100, "times", "14日用量与预期之比", "14 days over what was expected", _RATIO)
    ] = 1.5
    month_ratio: Annotated[
        float, parameter(1.3, 100, "times", "28日用量与预期之比", "28 days over what was expected", _RATIO)
    ] = 1.4
    week_packs: Annotated[
        int,
        parameter(
            10,
            1_000_000,
            "packs",
            "7日至少超出预期（当日为其2/5，14日1.5倍，28日2倍）",
            "least excess of 7 days (of a day 2/5 of it, of 14 days 1.5 times, of 28 twice)",
            "domain.md §4.9 (ENG)",
        ),
    ] = 30
    day_zeros: Annotated[
        int,
        parameter(
            3, 30, "powers of ten", "当日偶然性上限", "a day: rarer by chance than one in ten to this", _MEASURED
        ),
    ] = 6
    steady_day_ratio: Annotated[
        float,
        parameter(
            1.3,
            100,
            "times",
            "日均两笔以上的品种，当日用量与预期之比",
            "a day of an item that is sold twice a day or more often, over what was expected",
            _MEASURED,
        ),
    ] = 5.0
    steady_day_zeros: Annotated[
        int,
        parameter(
            3,
            30,
            "powers of ten",
            "同上品种，当日偶然性上限",
            "such a day: rarer by chance than one in ten to this",
            _MEASURED,
        ),
    ] = 4
    week_zeros: Annotated[
        int, parameter(3, 30, "powers of ten", "7日偶然性上限", "7 days: rarer than one in ten to this", _MEASURED)
    ] = 4
    sustained_zeros: Annotated[
        float,
        parameter(
            3, 30, "powers of ten", "14、28日偶然性上限", "14 and 28 days: rarer than one in ten to this", _MEASURED
        ),
    ] = 3.5
    sales_ratio: Annotated[
        float,
        parameter(1.3, 100, "times", "7日笔数与预期之比", "sales of 7 days over what was expected", _MEASURED),
    ] = 1.8
    sustained_sales_ratio: Annotated[
        float,
        parameter(
            1.3, 100, "times", "14、28日笔数与预期之比", "sales of 14 or 28 days over what was expected", _MEASURED
        ),
    ] = 1.5
    least_sales: Annotated[
        int, parameter(3, 1_000_000, "sales", "笔数至少超出预期", "least excess of sales", _MEASURED)
    ] = 8
    sales_yuan: Annotated[
        int,
        parameter(
            0,
            1_000_000,
            "yuan",
            "仅笔数异常的，至少涉及金额",
            "least excess in money where only the sales are out of the ordinary",
            _MEASURED,
        ),
    ] = 500
    sales_zeros: Annotated[
        float,
        parameter(
            3, 30, "powers of ten", "7日笔数偶然性上限", "sales of 7 days: rarer than one in ten to this", _MEASURED
        ),
    ] = 5.0
    sustained_sales_zeros: Annotated[
        float,
        parameter(
            3,
            30,
            "powers of ten",
            "14、28日笔数偶然性上限",
            "sales of 14 or 28 days: rarer than one in ten to this",
            _MEASURED,
        ),
    ] = 4.0
    price_ratio: Annotated[
        float,
        parameter(
            DEARER_SCREEN, 100, "times", "两周单价与此前四周之比", "a pack of two weeks over one of the four weeks before",
            "rules.md drug_volume (in money; ENG)",
        ),
    ] = 1.5  # fmt: skip
    price_yuan: Annotated[
        int,
        parameter(
            0, 1_000_000, "yuan", "两周因单价至少多出", "two weeks' excess by the price alone, at least", "ENG",
        ),
    ] = 300  # fmt: skip
    warm_up: Annotated[
        int,
        parameter(7, 365, "days", "学习期", "closed days that must have been learned", "rules.md drug_volume (ENG)"),
    ] = 14
    gap: Annotated[
        int,
        parameter(
            0,
            LONGEST_GAP,
            "days",
            "同一事件内允许间隔",
            "ordinary days within one episode",
            "rules.md drug_volume (ENG)",
        ),
    ] = 6

    def concerns(self, page: ItemPage) -> bool:
        """Only where the page's own screen has seen something; no parameter can ask for less than the screen."""
        return bool(page.days.suspects or page.sales.busy)

    def silence(self, page: ItemPage, view: View) -> str | None:
        """Silent while the item's history is too short."""
        return None if self.is_warm(page) else "warming_up"

    def is_warm(self, page: ItemPage) -> bool:
        """Whether enough closed days have been learned."""
        return page.days.history(page.days.today) >= self.warm_up

    def anchors(self, page: ItemPage) -> Iterable[str]:
        """The first days of the episodes, by volume and by price."""
        found = [format_day(episode.anchor) for episode in self._episodes(page)]
        return found + [one.anchor for one in self._dearer(page)]

    def ask(self, page: ItemPage, anchor: str, view: View) -> Finding | None:
        """The episode that began on the anchor's day."""
        if anchor.startswith(ANCHOR):
            return next((self._of_price(page, one, view) for one in self._dearer(page) if one.anchor == anchor), None)
        for episode in self._episodes(page):
            if format_day(episode.anchor) == anchor:
                return self._finding(page, episode, view)
        return None

    def ask_all(self, page: ItemPage, view: View) -> dict[str, Finding | None]:
        """All episodes at one look."""
        found = {format_day(episode.anchor): self._finding(page, episode, view) for episode in self._episodes(page)}
        return found | {one.anchor: self._of_price(page, one, view) for one in self._dearer(page)}

    def _dearer(self, page: ItemPage) -> list[Dearer]:
        return dearer(page, self.price_ratio, self.price_yuan * 100)

    def _episodes(self, page: ItemPage) -> list[Episode]:
        return episodes(page, self.bars(), self.sales_bars(), self.warm_up, self.gap)

    def sales_bars(self) -> tuple[Bar, ...]:
        """What the number of sales of each window must cross."""
        ten = log(10)
        zeros, ratio = self.sustained_sales_zeros * ten, self.sustained_sales_ratio
        return (
            Bar(7, self.sales_ratio, self.least_sales, self.sales_zeros * ten),
            Bar(14, ratio, self.least_sales, zeros),
            Bar(28, ratio, self.least_sales, zeros),
        )

    def bars(self) -> tuple[Bar, ...]:
        """What each window must cross."""
        ten = log(10)
        packs = self.week_packs
        return (
            Bar(1, self.day_ratio, packs * 0.4, self.day_zeros * ten),
            Bar(1, self.steady_day_ratio, packs * 0.4, self.steady_day_zeros * ten, _SALES_A_DAY),
            Bar(7, self.week_ratio, packs, self.week_zeros * ten),
            Bar(14, self.fortnight_ratio, packs * 1.5, self.sustained_zeros * ten),
            Bar(28, self.month_ratio, packs * 2, self.sustained_zeros * ten),
        )

    def _finding(self, page: ItemPage, episode: Episode, view: View) -> Finding | None:
        first = episode.first
        if first.day >= page.days.today:
            first = first._replace(volume=so_far(first), sales=sales_so_far(first))
        story = tell(page, episode._replace(first=first))
        if first.sales is not None and story.money < self.sales_yuan * 100 and (story.money or _is_billed(page)):
            return None
        return Finding(
            severity=_severity(story),
            score=1 - 0.5 ** (story.zeros / (first.bar.nats / log(10))),
            begin=story.begin * DAY,
            end=(story.last + 1) * DAY - 1,
            institution=page.institution,
            item=page.item,
            measures=measures(story, page.days.history(first.day), self.warm_up),
            evidence=tuple(islice(_evidence(page, story), MOST_EVIDENCE)),
            fund_at_risk=story.money,
            text=describe(page, story, view),
            series=drawn(page, story),
        )

    def _of_price(self, page: ItemPage, one: Dearer, view: View) -> Finding:
        limit = one.usual * self.price_ratio
        return Finding(
            severity=_level(one.price / one.usual, one.excess),
            score=1 - 0.5 ** (one.price / limit),
            begin=one.begin * DAY,
            end=(one.last + 1) * DAY - 1,
            institution=page.institution,
            item=page.item,
            measures=(
                Measure("price_of_pack", round(one.price), round(limit), "fen", round(one.usual)),
                Measure("volume_since_begin", round(one.packs, 1), None, "packs"),
                Measure("times_expected", round(one.price / one.usual, 2), self.price_ratio, "times", 1),
            ),
            evidence=tuple(islice(_evidence(page, one), MOST_EVIDENCE)),
            fund_at_risk=one.excess,
            text=describe_dearer(page, one, view),
            series=drawn_price(page.days, one),
        )


def _is_billed(page: ItemPage) -> bool:
    """Whether its lines say what of them the fund pays: stock reports have no price."""
    newest = page.cited.get(max(page.cited, default=-1))
    return newest is not None and all(one.infno not in PURCHASES | SALES for one in newest.references)


def _evidence(page: ItemPage, story: Story | Dearer) -> Iterator[Cited]:
    """Of a running day only what made it conspicuous: every further message would revise the alert."""
    for day in sorted(page.cited):
        if story.begin <= day <= story.last:
            cited = page.cited[day]
            known = cited.references[: max(cited.crossing, 0)] if day >= page.days.today else cited.references
            yield from (Cited(reference) for reference in known)


def _severity(story: Story) -> Severity:
    return _level(story.ratio, story.money)


def _level(ratio: float, money: int) -> Severity:
    """By how far and how dear: both, one, or neither of three times and 10,000 yuan; a step less for less than 1,000."""
    level = (ratio >= _HIGH_RATIO) + (money >= _HIGH_MONEY) - (money < _LITTLE_MONEY)
    levels: tuple[Severity, ...] = ("low", "medium", "high")
    return levels[max(level, 0)]
