"""Are many persons' cards swiped one upon the other with the same items, or the same set of cards again and again?

A terminal is an operator, and the whole institution, for five cards may go through three hands. Groups of settlements
(`detectors.books.terminal`) of all of them are linked where the same persons come again. An alert is raised for a burst
that chance and the day do not explain, and for a set that comes on several days, which is the stronger sign: cards that are
kept at the counter (留存证卡). A set is one alert that grows. Refunded settlements do not count: a burst that is
refunded whole is `refund_cycle`'s. Method and limits: rules.md, domain.md §4.11 (ENG defaults; no public threshold exists).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, ClassVar

from detectors.books.terminal import TerminalPage
from detectors.books.terminal_sets import linked
from detectors.books.terminal_swipes import FEWEST, LONGEST_GAP, Group, Swiped
from detectors.by_institution.card_burst.bursts import Burst, Limits, burst_of, days_of, fastest, occasions
from detectors.by_institution.card_burst.text import describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text

_SOURCE = "rules.md; domain.md §4.11 (ENG)"
_PROBABLE = 3.0  # nats: less than one false alarm in twenty months of a terminal, by chance
_MONTHLY = 21  # days: who fetches his month's drugs comes at such intervals


class CardBurst(Rule[TerminalPage], frozen=True, kw_only=True):
    """集中刷卡、留存证卡."""

    rule_id: ClassVar[str] = "card_burst"
    version: ClassVar[int] = 2
    page: ClassVar[type[Page]] = TerminalPage
    title: ClassVar[Text] = Text("集中刷卡、留存证卡", "Cards swiped one upon the other")
    notice: ClassVar[str] = "集中刷卡；留存证卡；盗刷医保卡"
    question: ClassVar[Text] = Text(
        "是否在短时间内连续刷多人的卡结算相同项目，或反复刷同一批卡？",
        "Are many cards swiped one upon the other with the same items, or the same set of cards again and again?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第三十八条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = "rules.md card_burst; domain.md §4.11"
    blind_spots: ClassVar[Text] = Text(
        "分散在一天之内、间隔5分钟以上的刷卡，以及不足4人的卡看不见；全院由多个经办人轮流刷的卡，在繁忙的收费处只凭项目相同可见；"
        "透析、放化疗系列不判断；"
        "全天都在结算同样项目的日子（接种、体检、促销）不判断。",
        "Swipes spread over a day with more than five minutes between them, and fewer than four cards, are not seen; cards that"
        " operators swipe in turns are seen at busy counters by their items alone. Dialysis and chemotherapy are left out, and"
        " days on which everybody settles the same (vaccination, health checks, promotions).",
    )

    persons: Annotated[
        int, parameter(FEWEST, 30, "persons", "人数", "persons one upon the other", _SOURCE)
    ] = 5  # fmt: skip
    gap_seconds: Annotated[
        int, parameter(5, LONGEST_GAP, "seconds", "相邻结算间隔", "between one settlement and the next", _SOURCE)
    ] = 60
    same_share: Annotated[float, parameter(0.3, 1.0, "share", "相同项目占比", "share with the same items", _SOURCE)] = (
        0.6
    )
    days: Annotated[int, parameter(2, 30, "days", "同一批卡出现天数", "days on which the same set comes", _SOURCE)] = 3
    span_days: Annotated[int, parameter(2, 61, "days", "考察期", "within so many days", _SOURCE)] = 61

    def concerns(self, page: TerminalPage) -> bool:
        """A group of enough settlements."""
        return any(len(group.members) >= self.persons for group in page.groups)

    def anchors(self, page: TerminalPage) -> Iterable[str]:
        """A set of cards is named by the first visit of its first group."""
        return [_anchor(cluster) for cluster in self._clusters(page)]

    def ask(self, page: TerminalPage, anchor: str, view: View) -> Finding | None:
        """The groups of the set that came first with the visit ``anchor``."""
        for cluster in self._clusters(page):
            if _anchor(cluster) == anchor:
                return self._finding(page, cluster, view)
        return None

    def ask_all(self, page: TerminalPage, view: View) -> dict[str, Finding | None]:
        """All sets at one look."""
        return {_anchor(cluster): self._finding(page, cluster, view) for cluster in self._clusters(page)}

    def _clusters(self, page: TerminalPage) -> list[list[Group]]:
        enough = [group for group in page.groups if len(group.persons()) >= self.persons]
        return linked(occasions(enough, self._limits()))

    def _limits(self) -> Limits:
        return Limits(self.persons, self.gap_seconds, self.same_share)

    def _finding(self, page: TerminalPage, cluster: list[Group], view: View) -> Finding | None:
        limits = self._limits()
        bursts = [burst for group in cluster if (burst := burst_of(group, limits)) is not None]
        days = days_of(cluster, self.span_days)
        strength = self._strength_of_set(cluster, bursts, days, limits) if len(days) >= self.days else -1
        probable = [burst for burst in bursts if burst.nats >= _PROBABLE]
        strength = max([strength, *(_strength(burst, self.persons) for burst in probable)])
        if strength < 0:
            return None
        swipes = [one for group in cluster for one in group.members if one.stands]
        if len(days) < self.days:  # of a single burst only its own settlements, not who came by before and after
            swipes = sorted({one.settlement: one for burst in probable for one in burst.swipes}.values(), key=_moment)
        severity: Severity = "high" if strength >= 2 else "medium" if strength == 1 else "low"
        return Finding(
            severity=severity,
            score=min(1.0, 0.3 + 0.25 * strength + 0.02 * min(len(swipes), 10)),
            begin=swipes[0].time,
            end=swipes[-1].time,
            institution=page.institution,
            persons=tuple(sorted({one.person for one in swipes})),
            visits=tuple(dict.fromkeys(one.visit for one in swipes)),
            measures=self._measures(swipes, bursts, cluster, days),
            evidence=tuple(Cited(one.source, one.visit) for one in swipes),
            fund_at_risk=max(sum(one.scope for one in swipes), 0),
            text=describe(page, swipes, bursts, days if len(days) >= self.days else [], self._limit(days), view),
        )

    def _limit(self, days: list[int]) -> Text:
        if len(days) >= self.days:
            return Text(
                f"（限值{self.persons}人、{self.days}天）", f" (limit: {self.persons} persons, {self.days} days)"
            )
        gap = self.gap_seconds
        return Text(f"（限值{self.persons}人、相邻{gap}秒）", f" (limit: {self.persons} persons, {gap} seconds apart)")

    def _strength_of_set(self, cluster: list[Group], bursts: list[Burst], days: list[int], limits: Limits) -> int:
        """1 is the same cards on as many days as it takes; below 0 it is ordinary life."""
        tight = sum(len({one.person for one in fastest(group, limits)}) >= self.persons for group in cluster)
        swipes = [one for group in cluster for one in group.members if one.stands]
        strength = 1 + (len(days) >= self.days + 2) + (2 * len(bursts) >= len(cluster)) + (tight >= self.days)
        if 2 * sum(one.has_drugs for one in swipes) <= len(
            swipes
        ):  # a course of treatment brings the same people again
            strength -= 2 if tight < self.days else 1
        if 2 * sum(one.is_late for one in swipes) > len(swipes):
            strength -= 1
        if all(later - earlier >= _MONTHLY for earlier, later in pairwise(days)):
            strength -= 1 if tight >= self.days else 2
        return strength

    def _measures(
        self, swipes: list[Swiped], bursts: list[Burst], cluster: list[Group], days: list[int]
    ) -> tuple[Measure, ...]:
        best = max(bursts, key=lambda burst: (burst.persons, burst.nats), default=None)
        persons = max(len(group.persons()) for group in cluster) if best is None else best.persons
        measured = [
            Measure("cards_in_a_row", persons, self.persons, "persons"),
            Measure("days_with_same_cards", len(days), self.days, "days"),
        ]
        if best is not None:
            measured += [
                Measure("same_items_share", round(best.share, 2), self.same_share, "share"),
                Measure("longest_gap_seconds", best.longest_gap, self.gap_seconds, "seconds"),
            ]
        return (*measured, Measure("settlements_of_them", len(swipes), None, "times"))


def _strength(burst: Burst, persons: int) -> int:
    """1 is a burst with drugs; services may be a day at the clinic, and four who bill the same a family in a queue."""
    strength = 1 + (burst.persons >= 8 and burst.share >= 0.8) - (not burst.has_drugs) - (burst.same < persons)
    if not burst.has_drugs and max(len(one.items) for one in burst.swipes) <= 1:
        return -1  # one and the same service for everybody
    return strength


def _anchor(cluster: list[Group]) -> str:
    return next(one.visit for group in cluster for one in group.members if one.stands)


def _moment(swipe: Swiped) -> tuple[int, str, str]:
    return swipe.time, swipe.visit, swipe.settlement
