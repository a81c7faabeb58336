"""Does an institution have more stays than approved beds, night after night?

The census of a night (`detectors.books.census`) is judged once a late discharge would have come. Three nights running above
``aprv_bed_cnt`` warn; above 120 % they are an alert (domain.md §4.8). Authorised extra beds are common in public hospitals, so
it is the level that counts, not the fact; and a full house strays by about the root of its beds, so in a small one a few
stays more are chance until they last. Runs of nights a few nights apart are one crowding, anchored on its first night: it
grows by revision, at first every night, then more seldom, and when it is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Annotated, ClassVar

from detectors.books.census import FINAL, SHOWN, CensusPage, InBed
from detectors.by_institution.bed_overcommit.crowding import Crowding, crowdings
from detectors.by_institution.bed_overcommit.text import describe, drawn
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR, format_day

_MEDIUM, _VERY_HIGH = 1.1, 1.5  # a warning at this share is more than a bed in a corridor
_PEAK, _LONG = 3, 7  # nights; a week is no peak
_CHANCE = 0.5  # of how far a full house strays: as much for three nights running is told of, and no more than that
_SOURCE = "domain.md §4.8 (ENG)"


class BedOvercommit(Rule[CensusPage], frozen=True, kw_only=True):
    """超床位收治."""

    rule_id: ClassVar[str] = "bed_overcommit"
    version: ClassVar[int] = 3
    page: ClassVar[type[Page]] = CensusPage
    title: ClassVar[Text] = Text("超床位收治", "More stays than beds")
    notice: ClassVar[str] = "超床位收治"
    question: ClassVar[Text] = Text(
        "在院人数是否连续多晚超过核定床位数？",
        "Does an institution have more stays than approved beds, night after night?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
    )
    source: ClassVar[str] = "domain.md §4.8, rules.md"
    blind_spots: ClassVar[Text] = Text(
        "没有核定床位数的机构不判断；自费、异地未上传的住院不在其内，实际在院人数可能更多；经批准的加床如未更新核定床位数会被提示；"
        "开始接收数据前已入院的患者不计；小病区少数几人超出数晚视为波动，不提示。",
        "Institutions without a known number of approved beds are not judged; stays that are not sent (paid by the patient) are"
        " not in the census, so it may be higher; authorised extra beds that the reference data does not have are raised; who was"
        " in before the first message is not counted; a few stays above the beds of a small ward for a few nights are taken for"
        " chance.",
    )
    silences: ClassVar[tuple[str, ...]] = ("no_beds",)

    nights: Annotated[int, parameter(1, 30, "days", "连续超床位的夜数", "nights running above the beds", _SOURCE)] = 3
    alert_share: Annotated[
        float, parameter(1.0, 10.0, "share", "超过此比例即预警", "above this share of the beds it is an alert", _SOURCE)
    ] = 1.2
    late_hours: Annotated[
        int,
        parameter(0, 240, "hours", "出院登记最迟上传", "a discharge may be told this late", "domain.md §3.2 (ENG)"),
    ] = 48
    gap: Annotated[
        int, parameter(0, 30, "days", "同一事件内允许间隔", "nights between runs of one crowding", "ENG")
    ] = 7

    def concerns(self, page: CensusPage) -> bool:
        """Any institution that has stays."""
        return bool(page.stays)

    def silence(self, page: CensusPage, view: View) -> str | None:
        """Silent where the number of approved beds is not known."""
        return None if self._beds(page, view) else "no_beds"

    def _beds(self, page: CensusPage, view: View) -> int:
        known = view.references.institution(page.institution)
        return known.beds or 0 if known is not None else 0

    def _judged(self, now: int) -> int:
        """The newest night of which all discharges should have come."""
        return (now - self.late_hours * HOUR) // DAY - 1

    def anchors(self, page: CensusPage) -> Iterable[str]:
        """First nights that a crowding could have: those with more stays than the night before."""
        return [format_day(page.first_night + index) for index, move in enumerate(page.moves) if move > 0]

    def ask(self, page: CensusPage, anchor: str, view: View) -> Finding | None:
        """The crowding whose first night is the anchor's."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: CensusPage, view: View) -> dict[str, Finding | None]:
        """All crowdings that are not final yet; an empty name among them, for there is always a night to wait for."""
        beds, judged = self._beds(page, view), self._judged(view.now)
        found: dict[str, Finding | None] = {"": None}
        if max(page.nights(judged, since=page.today - FINAL), default=0) <= beds:  # nearly always
            return found
        for one in crowdings(page.first_night, page.nights(judged), beds, self.nights, self.gap):
            severity = self._severity(one, beds) if one.last >= page.today - FINAL else None
            if severity is not None:
                told = one.told(beds, self.nights) if one.last == judged else one
                if self._severity(told, beds) != severity:
                    told = one
                found[format_day(one.first)] = self._finding(page, told, beds, severity, view)
        return found

    def wake(self, page: CensusPage, anchor: str, view: View) -> int | None:
        """When the next night above the beds can be judged, or the night after one."""
        beds, since = self._beds(page, view), max(self._judged(view.now), page.first_night)
        if not beds:
            return None
        for index, census in enumerate(page.nights(page.first_night + len(page.moves) - 1, since)):
            if census > beds:
                return (since + max(index, 1) + 1) * DAY + self.late_hours * HOUR
        return None

    # -- what is said of it -----------------------------------------------------------------------------------------

    def _finding(self, page: CensusPage, one: Crowding, beds: int, severity: Severity, view: View) -> Finding:
        above = one.above(beds)
        steady = one.steady(self.nights) / beds
        peak = max(above)
        named = _named(page, one)
        excess = sum(above) - beds * len(above)
        over = [stay for _, stay in named if stay.until <= one.last + 1]
        return Finding(
            severity=severity,
            score=min(1.0, 0.3 + 1.2 * (steady - 1.0) + 0.02 * min(len(above) - self.nights, 10)),
            begin=one.first * DAY,
            end=(one.last + 1) * DAY,
            institution=page.institution,
            persons=tuple(sorted({stay.person for _, stay in named})),
            visits=tuple(visit for visit, _ in named),
            measures=(
                Measure("census_peak", peak, beds, "stays"),
                Measure("beds_share", round(steady, 3), 1.0, "share"),
                Measure("nights_above", len(above), self.nights, "days", 0),
                Measure("stays_named", len(named), None, "stays"),
            ),
            evidence=tuple(Cited(stay.admission, visit) for visit, stay in named if stay.admission is not None),
            fund_at_risk=round(sum(stay.scope for stay in over) * excess / sum(above)),
            text=describe(page, one, beds, len(named), view),
            series=drawn(page, one, beds),
        )

    def _severity(self, one: Crowding, beds: int) -> Severity | None:
        """None where chance explains it: a warning of a few nights by a few stays."""
        nights, steady = len(one.above(beds)), one.steady(self.nights)
        is_long, share = nights >= _LONG, steady / beds
        excess = max(steady, sum(one.censuses) / len(one.censuses)) if is_long else steady
        # A full house strays by 1, a week's mean by half of it: with each night beyond a peak's, chance explains less.
        lasts = (min(max(nights, _PEAK), _LONG) - _PEAK) / (_LONG - _PEAK)
        strays = (excess - beds) * (1 + lasts) / sqrt(beds)
        if share > self.alert_share:
            return "low" if strays < 1 else "high" if share >= _VERY_HIGH or is_long else "medium"
        if strays < _CHANCE:
            return None
        return "medium" if share >= _MEDIUM and is_long else "low"


def _named(page: CensusPage, one: Crowding) -> list[tuple[str, InBed]]:
    """Who was in on its last nights, in order of admission; as far as the page has names."""
    since = max(one.first, one.last - SHOWN + 1)
    stays = [(visit, stay) for visit, stay in page.stays.items() if stay.first <= one.last and stay.until > since]
    return sorted(stays, key=lambda named: (named[1].first, named[0]))
