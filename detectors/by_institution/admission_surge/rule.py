"""Are far more people admitted on a day, or within an hour, than an institution's own history lets expect?

A day is judged against the baseline of its own weekday (`detectors.books.arrivals`), an hour against the hours at which this
institution's patients come, both by the tail of the count's distribution, and as soon as enough have come: nobody waits for
the day's end. Who is struck together with others (contagion, injury, poisoning, birth, transfer, a course of treatment) is
left out, and the others must be too many for themselves: an outbreak or an accident is no surge. Strokes, failing hearts and the
like cannot wait, but nothing brings many of them at once: with the others they are held against all admissions. Colds,
bronchitis, pneumonia without a cause and gastroenteritis are easily said of anybody: they count where there were hardly any in
the week before, for an outbreak does not come and go in a day. What a closure put off may come after it. Days close to one
another are one alert. What those who came have in common says how much it weighs. Limits: rules.md, domain.md §4.5; colds, and
who comes singly: ENG.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.arrivals import LEAST, SINGLY, ArrivalsPage
from detectors.by_institution.admission_surge.surge import (
    Likeness,
    Limits,
    Surge,
    final_before,
    likeness,
    surges,
    zeros,
)
from detectors.by_institution.admission_surge.text import describe, drawn
from detectors.by_institution.admission_surge.told import closes_at, who_came, who_left
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, format_day

_ALIKE = 0.5  # of those who came
_STRONG_RATIO = 2.0
_SOURCE = "rules.md admission_surge (ENG)"


class AdmissionSurge(Rule[ArrivalsPage], frozen=True, kw_only=True):
    """入院时间较为集中."""

    rule_id: ClassVar[str] = "admission_surge"
    version: ClassVar[int] = 4
    page: ClassVar[type[Page]] = ArrivalsPage
    title: ClassVar[Text] = Text("入院时间较为集中", "Admissions crowded in time")
    notice: ClassVar[str] = "入院时间较为集中"
    question: ClassVar[Text] = Text(
        "某日或某一小时内入院的人数是否远超该机构自身历史规律？",
        "Are far more people admitted on a day, or within an hour, than an institution's own history lets expect?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "domain.md §4.5, §4.6"
    has_models: ClassVar[bool] = True
    silences: ClassVar[tuple[str, ...]] = ("warming_up",)
    blind_spots: ClassVar[Text] = Text(
        "学习期内不判断；以流感、外伤等可能多人同发的诊断收治的人不计，感冒、支气管炎、肺炎、胃肠炎按前一周人数判断，突然出现的真实聚集性发病会误报；"
        "长期、平稳的拉人头看不出来；同村、同单位另由其他规则判断。",
        "Nothing is judged while the history is short; who is admitted for influenza or injury, which strike many at once,"
        " does not count; colds, bronchitis, pneumonia and gastroenteritis are judged by the week before, so that a true"
        " cluster which begins with many on one day is raised; people brought in at an even pace are not seen; whether they"
        " are of one village or employer is asked by another rule.",
    )

    least: Annotated[
        int, parameter(LEAST, 1_000, "persons", "至少入院人数", "at least so many admissions", _SOURCE)
    ] = LEAST
    rarity: Annotated[
        int,
        parameter(3, 30, "powers of ten", "偶然性上限", "rarer by chance than one in ten to this", _SOURCE),
    ] = 4
    warm_up: Annotated[
        int, parameter(7, 365, "days", "学习期", "closed days that must have been learned", "domain.md §4.5 (ENG)")
    ] = 14
    gap: Annotated[int, parameter(0, 14, "days", "同一事件内允许间隔", "ordinary days within one surge", "ENG")] = 3

    def concerns(self, page: ArrivalsPage) -> bool:
        """Only where the page's own screen has seen a day."""
        for known in page.recent.values():  # noqa: SIM110  # asked for every admission and discharge
            if known.arrivals:
                return True
        return False

    def silence(self, page: ArrivalsPage, view: View) -> str | None:
        """Silent while the history is too short."""
        return None if self.is_warm(page) else "warming_up"

    def is_warm(self, page: ArrivalsPage) -> bool:
        """Whether enough closed days have been learned."""
        return page.history(page.days.today) >= self.warm_up

    def anchors(self, page: ArrivalsPage) -> Iterable[str]:
        """The days that could begin a surge."""
        return [format_day(day) for day, known in page.recent.items() if known.arrivals]

    def ask(self, page: ArrivalsPage, anchor: str, view: View) -> Finding | None:
        """The surge that began on the anchor's day."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: ArrivalsPage, view: View) -> dict[str, Finding | None]:
        """All surges at one look."""
        limits, found = Limits(self.least, 10.0**-self.rarity, self.warm_up), dict[str, Finding | None]()
        for group in surges(page, limits, self.gap):
            found[format_day(group[0].day)] = self._finding(page, self._told(page, group, limits, view.now), view)
        return found

    def _told(self, page: ArrivalsPage, group: list[Surge], limits: Limits, now: int) -> list[Surge]:
        """As much of it as is worth another revision; all where that weighs differently."""
        severity = self._severity(group)
        for told in (who_left(who_came(page, group, limits, now)), who_left(group)):
            if told and told[0].day == group[0].day and self._severity(told) == severity:
                return told
        return group

    def wake(self, page: ArrivalsPage, anchor: str, view: View) -> int | None:
        """When all who came on a day are told of."""
        waited = (closes_at(day) for day, known in page.recent.items() if known.arrivals)
        return min((bound for bound in waited if bound > view.now), default=None)

    def kept_from(self, page: ArrivalsPage) -> int:
        """The day from which a surge is judged anew; before it alerts stay as they are."""
        return final_before(page) * DAY

    def _finding(self, page: ArrivalsPage, group: list[Surge], view: View) -> Finding:
        named = [arrival for one in group for arrival in one.named]
        alike, peak = likeness(named), _peak(group)
        rarest, signs = zeros(group), self._signs(group)
        excess = sum(max(one.came - one.expected, 0.0) for one in group) / sum(one.came for one in group)
        return Finding(
            severity=self._severity(group),
            score=1 - 0.5 ** (rarest / self.rarity * (0.7 + 0.15 * signs)),
            begin=min(arrival.begin for arrival in named),
            end=(group[-1].day + 1) * DAY - 1,
            institution=page.institution,
            persons=tuple(sorted({arrival.person for arrival in named})),
            visits=tuple(arrival.visit for arrival in named),
            measures=_measures(group, peak, alike, rarest, self),
            evidence=tuple(
                Cited(arrival.admission, arrival.visit) for arrival in named if arrival.admission is not None
            ),
            fund_at_risk=round(sum(arrival.scope for arrival in named) * excess),
            text=describe(page, group, peak, alike, rarest, view),
            series=drawn(page, group, self.rarity),
        )

    def _signs(self, group: list[Surge]) -> int:
        """How many things speak of arrangement: an hour of its own, one diagnosis, one day of leaving, several days."""
        named = [arrival for one in group for arrival in one.named]
        alike, least = likeness(named), max(self.least, _ALIKE * len(named))
        return (
            any(one.hour is not None for one in group)
            + (alike.same_illness >= least)
            + (alike.left_together >= least)
            + (len(group) > 1)
        )

    def _severity(self, group: list[Surge]) -> Severity:
        """Rare alone is medium where it is far above what is usual; with two signs of arrangement and rarer still it is high."""
        signs, peak = self._signs(group), _peak(group)
        if signs >= 2 and zeros(group) >= self.rarity + 2:
            return "high"
        return "medium" if signs or peak.came >= _STRONG_RATIO * peak.expected else "low"


def _peak(group: list[Surge]) -> Surge:
    return max(group, key=lambda one: (one.came, -one.day))


def _measures(
    group: list[Surge], peak: Surge, alike: Likeness, rarest: float, rule: AdmissionSurge
) -> tuple[Measure, ...]:
    hours = [one for one in group if one.hour is not None]
    fullest = max(hours, key=lambda one: (one.hour_count, -one.day), default=None)
    return (
        Measure(
            "of_no_common_cause" if SINGLY in peak.kinds else "could_have_waited",
            peak.came,
            rule.least,
            "persons",
            round(peak.expected, 1),
        ),
        Measure("admissions_of_day", peak.admissions, None, "persons", round(peak.admissions_expected, 1)),
        *(
            ()
            if fullest is None
            else (
                Measure(
                    "admissions_of_hour", fullest.hour_count, rule.least, "persons", round(fullest.hour_expected, 1)
                ),
            )
        ),
        Measure("improbability", round(rarest, 1), rule.rarity, "powers of ten"),
        Measure("surge_days", len(group), None, "days"),
        Measure("same_diagnosis", alike.same_illness, None, "persons"),
        Measure("left_same_day", alike.left_together, None, "persons"),
    )
