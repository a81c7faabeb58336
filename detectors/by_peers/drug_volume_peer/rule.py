"""Does an institution bill far more of a drug or a consumable than its peers do for as many patients?

Every item whose month comes to 200 yuan in policy scope is told to the peers; what it brings for a case (settled visits, sales,
stays that ended) is held against all other institutions of the group in the same month, and so is what it brings for a yuan of
the rest of the bill, and the lesser of both distances counts: who has more stays than others is not taken for who pushes a drug.
Who has told nothing of the item counts as if it had just those 200 yuan. Median and median absolute deviation of the logarithms
judge it, and nine in ten of the peers must stay well below it. All of its class (the first six characters of the code, for drugs
the ATC group) must be above the peers' as well, or the item only stands for others of its kind. Chance is that of sales and of
courses: a stay counts once, however many daily lines it has, with the money that stays brought. A rise into the institution's own
dearest items since the month before makes it graver. A month that is not over must stand out further, by the root of
its days over those that are known: of half a month every number strays so much more, the peers' too. Where a group has too few
members the wider one is asked, whose members are of another level or kind: what fewer than four of them use is no measure then,
and the rest is less grave. Where the others have items that stand out as well, and that as large a share of the patients had
(`detectors.books.items_standing_out`), that is how the group does business. Source: rules.md drug_volume_peer; domain.md §4.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, sqrt
from typing import Annotated, ClassVar

from detectors.books.item import TELLING
from detectors.books.item_among_peers import FarOut, SoldMonth, SoldPage
from detectors.books.item_comparing import SCREEN_DEVIATION, SCREEN_RATIO
from detectors.books.peer_calendar import first_day
from detectors.books.peer_groups import LEAST_PEERS, groups_of
from detectors.by_peers import judging
from detectors.by_peers.drug_volume_peer.text import Story, describe, drawn, measures
from detectors.by_peers.monthly import MonthlyRule
from detectors.engine.page import Page
from detectors.engine.rule import Finding, View, parameter
from schemas.alerts import RuleClass, Severity, Text
from schemas.china_time import DAY
from schemas.codes import is_decoction_piece

_SOURCE = "domain.md §4.9 (ENG)"
_MEASURED = "ENG; docs/quality.md, Among peers"
_DEAR = 1_000_000  # fen: 10,000 yuan, as drug_volume's
_FAR = 1.5  # times the limit
_RISEN = 1.25  # times the distance, in the score


class DrugVolumePeer(MonthlyRule[SoldPage], frozen=True, kw_only=True):
    """药品、耗材用量高于同级机构."""

    rule_id: ClassVar[str] = "drug_volume_peer"
    version: ClassVar[int] = 9
    page: ClassVar[type[Page]] = SoldPage
    title: ClassVar[Text] = Text("药品、耗材用量高于同级机构", "Item volume above the peers'")
    notice: ClassVar[str] = "药品、耗材用量异常；同级机构对比；排名靠前"
    question: ClassVar[Text] = Text(
        "同样多的患者，该机构某药品、耗材的用量是否远高于同级同类机构？",
        "Does an institution bill far more of an item than its peers do for as many patients?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "rules.md drug_volume_peer; domain.md §4.9"
    silences: ClassVar[tuple[str, ...]] = judging.SILENCES
    blind_spots: ClassVar[Text] = Text(
        "按金额而非包装数比较，单价差异也算在内；病种只按三位编码的费用占比粗略扣除，同病种内的专科用药偏多是正常的；"
        "同组普遍多用的看不出来；各家主销品种本来就相差数倍，少于同组主销水平的推销看不出来；以编码前六位为同类，"
        "跨类替代时会显得只有该机构在用；各家都有只在本家好卖的品种时（客源固定、各有主销），只报使用人次占比少见的；同组使用的机构不足4家的中药饮片不比较，没有四家同类同级机构可比（如当地唯一的精神病医院、唯一的二级医院）时不足4家使用的品种也不比较；每月不足200元的品种和政策范围外的金额不比较；分散到许多品种的放量看不出来。",
        "Money is compared, not packs, so a dearer price counts too. Diagnoses are allowed for roughly, by what three characters"
        " of them are of the bill: a specialist within one uses more of its drugs honestly. What all of a group do is not seen,"
        " nor is a push that stays below what others' best sellers bring, for these differ several times from place to place. A"
        " drug that stands for one of another class looks like one that nobody else uses. Pieces for decoctions that fewer than"
        " four of the peers use are not compared, nor is, where no four of its own kind and level are there to compare"
        " with (a county's one hospital for the mind, or its one of the second level), any item that fewer than four of them use."
        " Items below 200 yuan a month and what is out of scope are not compared, nor is what is spread over many items.",
    )

    deviation: Annotated[
        float,
        parameter(
            SCREEN_DEVIATION, 20, "deviations", "偏离同组的标准差倍数", "standard deviations from the peers", _MEASURED
        ),
    ] = 2.0
    ratio: Annotated[
        float, parameter(SCREEN_RATIO, 100, "times", "与同组中位数之比", "over the peers' median", _SOURCE)
    ] = 2.5
    over_upper: Annotated[
        float, parameter(1, 100, "times", "与同组九成机构之比", "over what nine in ten of the peers stay below", "ENG")
    ] = 1.3
    least_excess: Annotated[
        int,
        parameter(
            TELLING, 100_000_000, "fen", "至少超出金额", "excess, at least", "ENG: worth a look at the prescriptions"
        ),
    ] = 200_000
    least_sales: Annotated[
        int, parameter(2, 10_000, "sales", "至少笔数", "lines of the item, at least", "domain.md §4.9 (≥30 packs; ENG)")
    ] = 20
    least_served: Annotated[
        int,
        parameter(
            2, 10_000, "visits", "至少人次（住院不论天数计一次）",
            "sales and stays that had it, at least: a stay counts once", "ENG: a few patients' courses are no practice",
        ),
    ] = 8  # fmt: skip
    least_cases: Annotated[
        int, parameter(10, 10_000, "visits", "至少就诊、购药人次", "settled visits, sales and stays, at least", "ENG")
    ] = 30
    strange_part: Annotated[
        float,
        parameter(
            0, 1, "share", "同组少有的病种费用中可归于该品种的部分",
            "of what was billed in diagnoses that the peers have far less of, explained by them", "ENG",
        ),
    ] = 0.5  # fmt: skip
    kin_deviation: Annotated[
        float,
        parameter(
            0,
            20,
            "deviations",
            "同类品种合计偏离同组的倍数",
            "of all of its class from the peers",
            _MEASURED,
        ),
    ] = 2.0
    elsewhere: Annotated[
        float,
        parameter(
            0.05, 100, "items", "同组其他机构平均有这样多同样突出、使用人次占比不低于该品种的品种，即不报",
            "so many items of each of the others stand out and were had in as large a share of the cases",
            "ENG; docs/quality.md",
        ),
    ] = 0.3  # fmt: skip
    top: Annotated[
        int, parameter(1, 100, "places", "名次进入前列", "a rank among the dearest items", "domain.md §4.9 (top 10)")
    ] = 10
    jump: Annotated[
        int, parameter(2, 1_000, "places", "名次较上月上升", "… so many places up", "domain.md §4.9 (≥20 places)")
    ] = 20

    def concerns(self, page: SoldPage) -> bool:
        """A month lies far from the peers'."""
        return any(known.far is not None for known in page.months.values())

    def silence(self, page: SoldPage, view: View) -> str | None:
        """Silent about whom nobody has described, and who has no peers. What a place of unknown kind sells is no other's measure,
        though its region is known."""
        if not page.region or view.references.institution(page.institution) is None:
            return judging.NO_PLACE
        newest = page.months.get(max(page.months, default=0))
        return judging.NO_PEERS if newest is not None and not newest.has_peers else None

    def months(self, page: SoldPage, subject: str) -> Iterable[int]:
        """Those that lie far from the peers'."""
        oldest = page.asked_from()
        return [month for month, known in sorted(page.months.items()) if known.far and month >= oldest]

    def ask_month(self, page: SoldPage, month: int, subject: str, view: View) -> Finding | None:
        """The month's item beside the peers'."""
        known = page.months[month]
        return None if known.far is None else self._judge(page, month, known, known.far, view)

    def _judge(self, page: SoldPage, month: int, known: SoldMonth, far: FarOut, view: View) -> Finding | None:
        seen = far.compared
        deviation, early = min(seen.deviation, far.share), _early(month, far.told.through)
        excess = far.told.fen - round(exp(seen.expected) * far.cases)
        is_often = far.told.sales >= self.least_sales and far.told.served >= self.least_served
        is_enough = is_often and far.cases >= self.least_cases and excess >= self.least_excess
        is_far = deviation >= self.deviation * early and seen.value - seen.expected >= log(self.ratio)
        is_beyond = seen.value - far.upper >= log(self.over_upper)
        stands_for_others = far.kin < self.kin_deviation * early
        is_explained = excess - self.strange_part * far.strange < self.least_excess
        if not (is_enough and is_far and is_beyond) or stands_for_others or is_explained:
            return None
        if far.elsewhere >= self.elsewhere:  # that is how the group does business
            return None
        known_as = view.references.institution(page.institution)
        is_wider = far.compared.group != groups_of(page.region, known_as)[0]
        if far.sellers < LEAST_PEERS and (is_wider or is_decoction_piece(page.item)):
            return None  # they may have no use for it
        has_risen = known.rank <= self.top and known.before - known.rank >= self.jump
        story = Story(month, known, far, deviation, self.deviation * early, excess, has_risen)
        return self._finding(page, story, is_wider, view)

    def _finding(self, page: SoldPage, story: Story, is_wider: bool, view: View) -> Finding:
        far, deviation = story.far, story.deviation
        levels: tuple[Severity, ...] = ("low", "medium", "high", "high")
        is_common = 2 * far.elsewhere >= self.elsewhere
        is_far, is_dear = deviation >= _FAR * story.limit, story.excess >= _DEAR
        return Finding(
            severity=levels[max(is_far + is_dear + story.has_risen - is_common - is_wider, 0)],
            score=judging.score_of(deviation * (_RISEN if story.has_risen else 1.0), story.limit),
            begin=first_day(story.month) * DAY,
            end=(far.told.through + 1) * DAY - 1,
            institution=page.institution,
            item=page.item,
            group=far.compared.group,
            measures=measures(story, self.ratio, self.least_excess, self.least_served),
            fund_at_risk=story.excess,
            text=describe(page, story, view),
            series=drawn(page, story),
        )


def _early(month: int, through: int) -> float:
    """How many times as far a month must stand out of which only the days up to ``through`` are known."""
    begin, end = first_day(month), first_day(month + 1)
    return sqrt((end - begin) / (through + 1 - begin))
