"""Do members of one household come to and leave one institution together, again and again?

Occasions (`detectors.by_household.occasions`) of one household in one institution within twelve months are weighed
together. Two occasions of two members, or one of three, are the published pattern; one occasion of two is enough only
where everything about it is alike. An occasion that is still going on counts as long as nobody has stayed behind, so the
alert comes while they are in. Method and limits: domain.md §4.4 (no public threshold exists; ENG defaults).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from detectors.books.household import HouseholdPage
from detectors.by_household.household_together.text import describe
from detectors.by_household.occasions import (
    Nearness,
    Occasion,
    called,
    is_crowd,
    judged_stays,
    occasions,
    parting_bounds,
)
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.china_time import DAY, HOUR

_SOURCE = "domain.md §4.4 (ENG)"


class HouseholdTogether(Rule[HouseholdPage], frozen=True, kw_only=True):
    """近亲属同进同出."""

    rule_id: ClassVar[str] = "household_together"
    version: ClassVar[int] = 4
    page: ClassVar[type[Page]] = HouseholdPage
    title: ClassVar[Text] = Text("同户人员同进同出", "Household admitted and discharged together")
    notice: ClassVar[str] = "近亲属及同居住地人员同进同出"
    question: ClassVar[Text] = Text(
        "同一户的成员是否多次同日入院、同日出院于同一机构？",
        "Do members of one household repeatedly enter and leave one institution together?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "domain.md §4.4"
    blind_spots: ClassVar[Text] = Text(
        "没有户信息的参保人按门牌相同的住址归户（异地同名门牌视为同一），住址上超过大户人数的不归户；户信息与住址都没有的看不见，"
        "也不与同一住址上有户信息的人相连；一次性的、两人的、可传染的同住不报；养老院等大户按比例判断，其中的小家庭看不见。",
        "Who have no household record and live at one address (two of one name are taken for one) are one household, unless more"
        " live there than a large household has; who has neither is not seen, and who has none is not joined to those at his"
        " address who have one; a single occasion of two with a contagious illness is not raised; large households are judged by"
        " share, so a family inside a nursing home is not seen.",
    )

    admission_days: Annotated[int, parameter(0, 7, "days", "入院日相差", "days between admissions", _SOURCE)] = 1
    discharge_days: Annotated[int, parameter(0, 7, "days", "出院日相差", "days between discharges", _SOURCE)] = 1
    report_hours: Annotated[
        int,
        parameter(0, 240, "hours", "出院登记最迟上传", "a discharge may be reported this late", "docs/decisions/0004"),
    ] = 24
    within_days: Annotated[int, parameter(30, 366, "days", "观察期", "looked back", _SOURCE)] = 365
    weight_limit: Annotated[
        float,
        parameter(0.5, 20.0, "weight", "证据总权重下限", "weight of all occasions together", "docs/decisions/0004"),
    ] = 2.0
    once_weight_limit: Annotated[
        float,
        parameter(
            0.5,
            20.0,
            "weight",
            "仅一次时：两人提示、三人中级的权重下限",
            "weight of one occasion alone: low for two, medium for three",
            "docs/decisions/0004",
        ),
    ] = 2.3
    crowd: Annotated[
        int, parameter(2, 1000, "persons", "大户人数", "a household above this is judged by share", _SOURCE)
    ] = 12
    crowd_share: Annotated[
        float, parameter(0.0, 1.0, "share", "大户同住比例", "share of a large household", _SOURCE)
    ] = 0.3

    def concerns(self, page: HouseholdPage) -> bool:
        """Two stays at least."""
        return len(page.stays) > 1

    def anchors(self, page: HouseholdPage) -> Iterable[str]:
        """One alert a household and institution, for as long as the book remembers."""
        return judged_stays(page)

    def _near(self) -> Nearness:
        return Nearness(self.admission_days, self.discharge_days, self.report_hours * HOUR)

    def _together(self, page: HouseholdPage, institution: str, now: int) -> list[Occasion]:
        """The occasions that count: those of the newest stretch of `within_days`."""
        found = occasions(judged_stays(page).get(institution, []), self._near(), now)
        found = [one for one in found if not is_crowd(page, len(one.stays), self.crowd, self.crowd_share)]
        found = [one for one in found if page.is_its_own(stay.visit for stay in one.stays)]
        return [one for one in found if one.begin >= found[-1].begin - self.within_days * DAY]

    def ask(self, page: HouseholdPage, anchor: str, view: View) -> Finding | None:
        """The household's occasions in the institution ``anchor``, if they weigh enough together."""
        together = self._together(page, anchor, view.now)
        if not together:
            return None
        weight = sum(one.weight for one in together)
        most = max(len(one.stays) for one in together)
        limit = self.once_weight_limit if len(together) == 1 and most == 2 else self.weight_limit
        if weight < limit:
            return None
        stays = [stay for one in together for stay in one.stays]
        ends = [stay.end for stay in stays]
        is_weak = len(together) == 1 and (most < 3 or weight < self.once_weight_limit)
        severity: Severity = "low" if is_weak else "medium"
        if len(together) > 1 and all(one.is_over for one in together) and weight >= 1.5 * self.weight_limit:
            severity = "high"
        return Finding(
            severity=severity,
            score=min(1.0, 0.3 + 0.7 * (1.0 - 0.5 ** (weight / self.weight_limit))),
            begin=stays[0].begin,
            end=None if None in ends else max(end for end in ends if end is not None),
            institution=anchor,
            persons=tuple(sorted({stay.person for stay in stays})),
            visits=tuple(stay.visit for stay in stays),
            household=page.number,
            group=page.home,
            measures=(
                Measure("times_together", len(together), 2 if most < 3 else 1, "times", 0),
                Measure("members_together", most, 2, "persons", 1),
                Measure("evidence_weight", round(weight, 2), limit, "weight", 0),
                Measure("household_size", page.size(), None, "persons"),
            ),
            evidence=tuple(Cited(reference, stay.visit) for stay in stays for reference in stay.evidence),
            fund_at_risk=sum(stay.scope for stay in stays),
            text=describe(called(page, stays), anchor, together, view),
        )

    def wake(self, page: HouseholdPage, anchor: str, view: View) -> int | None:
        """When an open stay will have outlasted its companions'."""
        bounds = parting_bounds(judged_stays(page).get(anchor, []), self._near())
        return min((bound for bound in bounds if bound > view.now), default=None)
