"""Does a person fetch more of a drug than can be used?

All that a person took home of one drug in half a calendar year, wherever it was, is laid on one shelf
(`detectors.by_person.drug_hoarding.stock`). Three things are looked at: more than four fetches in a calendar month, three
institutions, and more days' supply at home than any prescription allows. Fetches of a day at one institution count once. Going
often, or to several places, says little where what was fetched is used up by then: it counts with fetches made while two weeks'
supply was left, several places only where more than one long prescription's supply is at home (who has no shop next door goes
to the clinic, the pharmacy and the next village's), and where it comes to some money: an institution that sells everybody too
much of a cheap drug is a case of its own, and not one of each buyer. Twelve weeks, fetched four weeks early, are ordinary;
what is infused, injected or given at a dialysis is used on the spot, and is no stock: `detectors.books.dispensed`.
Limits: domain.md §4.9.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from detectors.books.person import PersonPage
from detectors.by_person.drug_hoarding.stock import Fetched, Stock, fetched, stock_of
from detectors.by_person.drug_hoarding.text import describe, drawn
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY

_SOURCE = "domain.md §4.9"
_PLAIN = 1.25  # times the limit: a few days above it are a fetch a few days earlier than some
_DEAR = 25_000  # fen: who goes often for what he may have used is worth a visit from some hundred yuan on
_GREAT = 100_000  # fen: what one place gave for less is a place's habit
_VISITS = 2  # in a month, of who is a place's patient
_MOST_NAMED = 40  # visits, and their messages; the newest


class DrugHoarding(Rule[PersonPage], frozen=True, kw_only=True):
    """超量开药、囤积倒卖."""

    rule_id: ClassVar[str] = "drug_hoarding"
    version: ClassVar[int] = 7
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("超量开药、囤积药品", "More of a drug than can be used")
    notice: ClassVar[str] = "超量开药、倒卖医保药品、虚假购药"
    question: ClassVar[Text] = Text(
        "同一人取得的同一药品是否超出其可能的用量？", "Does a person fetch more of a drug than can be used?"
    )
    rule_class: ClassVar[RuleClass] = "医疗类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第十七条",
        "《医疗保障基金使用监督管理条例》第四十一条",
    )
    source: ClassVar[str] = "rules.md, domain.md §4.9"
    blind_spots: ClassVar[Text] = Text(
        "半年内只取一次的不报；按自然半年累计，跨半年的余量不结转；同一成分不同编码的药品分开计算；住院用药、静脉输液和当日用完的药品不计（同一账单上没有输液费的白蛋白除外），"
        "门诊透析、注射或放化疗当日同次就诊所开、不超过4天（注射剂7天，肝素、促红素、静脉铁剂不论天数）用量且不超过3个计价单位的药品视为当场使用，也不计，借治疗之名少量多次开药的看不见；"
        "只在一家机构、每月至多取两次（不足1,000元的至多四次）的，存量过两个12周才报（一家机构普遍多开由其他规则判断）；存量不到上限两倍且不足300元的不报；"
        "目录无每日上限、处方无天数且不以盒计的药品，只看次数和机构数；数量单位录错会造成虚高。",
        "A heap that is fetched once only is not raised; adds up by half of a calendar year, and carries nothing over; the same "
        "substance under another code is another drug; what is given in a stay, infused or used up the same day does not count"
        " (albumin does where no infusion is on its bill), nor what an outpatient's visit gave on a day of dialysis, injections,"
        " chemo- or radiotherapy for four days at most (an injection: seven; heparin, erythropoietin and iron: whatever it"
        " says) and in three units at most: it was used there, and small amounts fetched often under that name are not seen;"
        " who fetches at one place, twice a month at most (four"
        " times below 1,000 yuan), is told of beyond two times twelve weeks (that a place gives all too much is asked by other"
        " rules); a heap of less than 300 yuan that is not twice the limit is not told of; where the catalogue has no"
        " daily limit, the prescription no days and the unit is no pack, only times and places are seen; a quantity in the wrong"
        " unit looks like a heap.",
    )

    least_times: Annotated[
        int, parameter(2, 100, "times", "月取药次数下限", "fetches in a calendar month", f"{_SOURCE} (AG: more than 4)")
    ] = 5  # fmt: skip
    least_institutions: Annotated[
        int, parameter(2, 50, "institutions", "机构数下限", "institutions in half a year", f"{_SOURCE} (M21)")
    ] = 3  # fmt: skip
    overlap_days: Annotated[
        int, parameter(1, 180, "days", "取药时余量", "left at home when more is fetched", f"{_SOURCE} (rule 22; ENG)")
    ] = 14  # fmt: skip
    around_days: Annotated[
        int,
        parameter(
            7, 365, "days", "多机构取药时的存量", "at home where several places gave it", f"{_SOURCE} (12 weeks)"
        ),
    ] = 84
    most_days: Annotated[
        int,
        parameter(
            7, 365, "days", "家中存量上限", "supply at home", f"{_SOURCE} (12 weeks; fetched 4 weeks early: ENG)"
        ),
    ] = 112
    one_place_days: Annotated[
        int,
        parameter(
            7,
            365,
            "days",
            "仅在一家机构、每月至多两次（不足1,000元的，至多四次）取药时的存量",
            "at home where one place gave it, twice a month at most (less often than `least_times` below 1,000 yuan)",
            f"{_SOURCE} (two prescriptions of 12 weeks: ENG; a place that gives its patients more than they need is asked about "
            "by cost_level and drug_volume_peer)",
        ),
    ] = 168
    pack_days: Annotated[
        int,
        parameter(1, 30, "days", "每盒至少可用", "a pack lasts at least", f"{_SOURCE} (M21: 60 in six months)"),
    ] = 3

    small_amount: Annotated[
        int,
        parameter(
            0,
            10_000_000,
            "fen",
            "小额",
            "going often or to several places for less is nothing",
            "ENG: whoever is sold too much of something cheap is the seller's case (drug_volume, drug_volume_peer)",
        ),
    ] = 10_000
    small_heap: Annotated[
        int,
        parameter(
            0,
            10_000_000,
            "fen",
            "家中存量小额",
            "less than twice `most_days` at home for less is nothing",
            "ENG: who fetches twice for the same twelve weeks has a box or two too many; docs/quality.md",
        ),
    ] = 30_000

    def concerns(self, page: PersonPage) -> bool:
        """Something was taken home."""
        return bool(page.fetches) or any(visit.drugs for visit in page.visits.values())

    def anchors(self, page: PersonPage) -> list[str]:
        """One alert a drug and half of a year."""
        return list(self._candidates(page))

    def kept_from(self, page: PersonPage) -> int:
        """What was taken home is remembered by the half-year."""
        return page.drugs_kept_from

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The drug and half-year of ``anchor``."""
        fetches = self._candidates(page).get(anchor)
        return None if fetches is None else self._judge(page, fetches, view)

    def ask_all(self, page: PersonPage, view: View) -> dict[str, Finding | None]:
        """All drugs at one look."""
        return {anchor: self._judge(page, those, view) for anchor, those in self._candidates(page).items()}

    def _candidates(self, page: PersonPage) -> dict[str, list[Fetched]]:
        """Drugs that were fetched more than once: of one line alone a wrong unit is as likely as a heap."""
        return {anchor: those for anchor, those in fetched(page).items() if len(those) > 1}

    def _judge(self, page: PersonPage, fetches: list[Fetched], view: View) -> Finding | None:
        stock = stock_of(fetches, view.references, self.pack_days, self.overlap_days)
        severity = None if stock is None else self._severity(stock)
        return None if stock is None or severity is None else self._finding(page, stock, severity, view)

    def _severity(self, stock: Stock) -> Severity | None:
        """How much speaks for it; None where what was fetched can have been used."""
        at_risk = self._at_risk(stock)
        is_small = at_risk < self.small_amount
        is_unknown = all(one.supply is None for one in stock.taken)
        is_often = stock.times >= self.least_times and (stock.early >= 1 or is_unknown) and not is_small
        is_much = stock.peak > self.around_days or is_unknown
        is_around = stock.institutions >= self.least_institutions and stock.early >= 2 and is_much and not is_small
        is_little = 0 < at_risk < self.small_heap and stock.peak < 2 * self.most_days
        is_heap = stock.peak > self._most(stock) and (not is_little or is_often or is_around)
        if len(stock.taken) < 2 or not (is_heap or is_often or is_around):
            return None
        if stock.peak >= 2 * self.most_days or (is_heap and (is_often or (is_around and not is_little))):
            return "high"
        is_plain = is_heap and stock.peak >= _PLAIN * self.most_days
        is_clear = is_plain or (at_risk >= _DEAR and ((is_often and is_around) or stock.early >= 3))
        return "medium" if is_clear else "low"

    def _most(self, stock: Stock) -> int:
        """Days at home that may be; more for who goes to one place now and then, or for no great sum: what that gives its
        patients is its own case."""
        is_usual = stock.times <= _VISITS or (stock.times < self.least_times and self._at_risk(stock) < _GREAT)
        return self.one_place_days if stock.institutions == 1 and is_usual else self.most_days

    def _at_risk(self, stock: Stock) -> int:
        """Fen: the share of it that was too much."""
        surplus = max(0.0, stock.peak - self.overlap_days) / stock.supply if stock.supply else 0.0
        too_often = (stock.times - self.least_times + 1) / len(stock.taken)
        return round(sum(one.scope for one in stock.taken) * min(1.0, max(surplus, too_often)))

    def _finding(self, page: PersonPage, stock: Stock, severity: Severity, view: View) -> Finding:
        taken = stock.taken
        named = [source for one in taken for source in one.sources][-_MOST_NAMED:]
        most = self._most(stock)
        grade = {"low": 0.2, "medium": 0.45, "high": 0.7}[severity]
        return Finding(
            severity=severity,
            score=grade + 0.25 * (1.0 - self.most_days / (self.most_days + stock.peak)),
            begin=taken[0].day * DAY,
            end=(taken[-1].day + 1) * DAY - 1,
            institution=_first(stock),
            persons=(page.person,),
            visits=tuple(dict.fromkeys(visit for visit, _ in named)),
            item=stock.item,
            measures=(
                Measure("days_at_home", round(stock.peak, 1), most, "days"),
                Measure("fetches_in_month", stock.times, self.least_times, "times"),
                Measure("institutions", stock.institutions, self.least_institutions, "institutions"),
                Measure("fetches_in_half_year", len(taken), None, "times"),
                Measure("fetched_early", stock.early, None, "times"),
                Measure("quantity_fetched", round(sum(one.quantity for one in taken), 4), None, "packs"),
            ),
            evidence=tuple(Cited(reference, visit) for visit, reference in named),
            fund_at_risk=self._at_risk(stock),
            text=describe(stock, self.overlap_days, most, view),
            series=drawn(stock, most),
        )


def _first(stock: Stock) -> str:
    """Who first gave more while enough was left: the one that gave most may change with every fetch."""
    return next((one.institution for one in stock.taken if one.is_early), stock.taken[0].institution)
