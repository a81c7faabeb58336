"""Was one card in two places at once?

Two swipes of one person's card at two institutions 20 km apart or more, so soon after one another that nobody drives that fast:
more than 150 km/h as the crow flies, or 100 within half an hour, for roads wind; or 60 within half an hour on several days, for
nobody who does it again and again finds no queue. Of an outpatient's visit his registration counts
as well, of a stay its admission, and not its bill, which whoever fetches him pays. A pharmacy may key in later what it sold
before, clocks are wrong, and where people go regardless of distance it comes about by chance: one occasion is low, whatever it
was; a second one is no slip. Several swipes at the same two places are one occasion. Pharmacies beside their hospital are nearer;
the electronic certificate and internet hospitals are no card in a place.
Which swipes count: `detectors.by_person.same_card_two_places.swipes`. Limits: domain.md §4.11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

from detectors.books.person import PersonPage
from detectors.by_person.same_card_two_places.swipes import (
    Pair,
    Seen,
    days_at,
    distance_km,
    has_coordinates,
    is_internet_hospital,
    may_be_caught_up_on,
    near_in_time,
    occasions,
    places,
    times_seen,
    were_near,
)
from detectors.by_person.same_card_two_places.text import Speeds, describe
from detectors.engine.page import Page
from detectors.engine.rule import Cited, Finding, Rule, View, parameter
from schemas.alerts import Measure, RuleClass, Severity, Text
from schemas.snapshots import PHARMACY

_SOURCE = "domain.md §4.11"

_GRADES: dict[Severity, float] = {"low": 0.3, "medium": 0.5, "high": 0.7}


class SameCardTwoPlaces(Rule[PersonPage], frozen=True, kw_only=True):
    """空间不可能."""

    rule_id: ClassVar[str] = "same_card_two_places"
    version: ClassVar[int] = 6
    page: ClassVar[type[Page]] = PersonPage
    title: ClassVar[Text] = Text("同一医保卡同时出现在两地", "One card in two places")
    notice: ClassVar[str] = "空间不可能"
    question: ClassVar[Text] = Text(
        "同一人的医保卡是否在不可能的时间内于相距较远的两家机构刷卡？",
        "Was one person's card swiped at two institutions sooner than anyone can travel between them?",
    )
    rule_class: ClassVar[RuleClass] = "管理类"
    basis: ClassVar[tuple[str, ...]] = (
        "《医疗保障基金使用监督管理条例》第十五条",
        "《医疗保障基金使用监督管理条例》第四十条",
    )
    source: ClassVar[str] = _SOURCE
    silences: ClassVar[tuple[str, ...]] = ("no_coordinates",)
    blind_spots: ClassVar[Text] = Text(
        "没有经纬度的机构看不见；电子凭证、互联网医院、补录的结算、急诊入院和已退费的结算不计；住院只看入院登记，出院结算"
        "可由家属代办或事后补办，不计，因此仅在出院结算时借用的证卡看不见；两种不同凭证（身份证与社保卡）可能由两人分持，"
        "只作中级提示；单独一次且有一方是药店的只作低级提示；村卫生室在就诊一小时后才结算的视为补录，只作低级提示。",
        "Institutions without coordinates are not seen; electronic certificates, internet hospitals, entries made later, "
        "emergency admissions and refunded settlements do not count. Of a stay its admission counts; its bill, which relatives "
        "pay, and often later, does not, so that a card lent for the bill alone is not seen. Two certificates (identity card, "
        "social security card) may be in two hands: medium at most; a single pair with a pharmacy is low. What a village clinic "
        "settles an hour after the visit or later may be caught up on: low.",
    )

    within_minutes: Annotated[int, parameter(1, 240, "minutes", "间隔上限", "between the swipes", _SOURCE)] = 30
    least_km: Annotated[float, parameter(1.0, 1000.0, "km", "距离下限", "between the institutions", _SOURCE)] = 20.0
    speed_limit: Annotated[
        float, parameter(10.0, 2000.0, "km/h", "可行速度上限", "speed that can be travelled", _SOURCE)
    ] = 150.0  # fmt: skip
    barely: Annotated[
        float, parameter(10.0, 2000.0, "km/h", "勉强可行速度", "speed that can barely be travelled, door to door", "ENG")
    ] = 100.0  # fmt: skip
    again: Annotated[
        float,
        parameter(
            10.0,
            2000.0,
            "km/h",
            "多日如此时的可行速度",
            "speed that nobody travels on several days, door to door",
            "ENG",
        ),
    ] = 60.0
    looked_minutes: Annotated[
        int, parameter(1, 720, "minutes", "按速度判断的间隔上限", "judged by speed alone up to", "ENG")
    ] = 120  # fmt: skip

    def concerns(self, page: PersonPage) -> bool:
        """Two visits at least that were near in time."""
        return len(page.visits) > 1 and were_near(page.visits.values(), self._window())

    def _window(self) -> int:
        return 60 * max(self.within_minutes, self.looked_minutes)

    def _candidates(self, page: PersonPage) -> list[tuple[Seen, Seen]]:
        return near_in_time(times_seen(page), self._window())

    def anchors(self, page: PersonPage) -> Iterable[str]:
        """Each two visits that were near in time, the earlier first."""
        return [_name(pair) for pair in self._candidates(page)]

    def kept_from(self, page: PersonPage) -> int:
        """A pair may be of either kind."""
        return max(page.kept_from(), page.others_kept_from())

    def silence(self, page: PersonPage, view: View) -> str | None:
        """Silent where nobody knows how far apart any two such institutions are."""
        candidates = self._candidates(page)
        if candidates and not any(all(map(has_coordinates, places(pair, view.references))) for pair in candidates):
            return "no_coordinates"
        return None

    def ask(self, page: PersonPage, anchor: str, view: View) -> Finding | None:
        """The two visits of ``anchor``."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: PersonPage, view: View) -> dict[str, Finding | None]:
        """All pairs at one look."""
        candidates = self._candidates(page)
        found: dict[str, Finding | None] = dict.fromkeys(map(_name, candidates))
        apart = [pair for one in candidates if (pair := self._apart(one, view)) is not None]
        days = days_at(pair for pair in apart if self._is_at_once(pair) and pair.speed > self.again)
        told = occasions(pair for pair in apart if self._is_too_soon(pair, days))
        impossible = sum(any(pair.speed > self.speed_limit for pair in pairs) for pairs in told)
        for pairs in told:
            found[_name((pairs[0].first, pairs[0].second))] = self._finding(page, pairs, impossible, days, view)
        return found

    def _apart(self, candidate: tuple[Seen, Seen], view: View) -> Pair | None:
        one, other = places(candidate, view.references)
        if one is None or other is None or not (has_coordinates(one) and has_coordinates(other)):
            return None
        if is_internet_hospital(one) or is_internet_hospital(other):
            return None
        pair = Pair(*candidate, distance_km(one, other))
        return pair if pair.km >= self.least_km else None

    def _is_at_once(self, pair: Pair) -> bool:
        return pair.seconds <= 60 * self.within_minutes

    def _is_too_soon(self, pair: Pair, days: Mapping[frozenset[str], set[int]]) -> bool:
        if not self._is_at_once(pair):
            return pair.speed > self.speed_limit
        return pair.speed > self.barely or (pair.speed > self.again and len(days[pair.places]) > 1)

    def _severity(self, pair: Pair, impossible: int, view: View) -> Severity:
        """Where people go to places regardless of how far they are, one occasion comes about by chance, or by a clock that is
        wrong; and a pharmacy sells on a card that a relative brings. A second occasion is no chance."""
        both = (pair.first, pair.second)
        is_once = impossible == 1 or pair.speed <= self.speed_limit
        if is_once or any(map(may_be_caught_up_on, both, places(both, view.references))):
            return "low"
        certificates, bought = {seen.certificate for seen in both}, [seen.snapshot.kind == PHARMACY for seen in both]
        is_one_card = len(certificates) == 1 and "" not in certificates
        return "high" if is_one_card and not all(bought) else "medium"

    def _finding(
        self, page: PersonPage, pairs: list[Pair], impossible: int, days: Mapping[frozenset[str], set[int]], view: View
    ) -> Finding:
        """The pair that says most, with the visits of all pairs of the occasion."""
        graded = [(self._severity(pair, impossible, view), pair) for pair in pairs]
        severity, pair = max(graded, key=lambda one: (_GRADES[one[0]], one[1].speed))
        seen = {one.visit: one for both in pairs for one in (both.first, both.second)}.values()
        return Finding(
            severity=severity,
            score=_GRADES[severity] + 0.25 * (1.0 - self.least_km / (self.least_km + pair.km)),
            begin=min(one.snapshot.begin for one in seen),
            end=max(both.second.time for both in pairs),
            institution=pair.second.institution,
            persons=(page.person,),
            visits=tuple(one.visit for one in seen),
            measures=(
                Measure("minutes_between", round(pair.seconds / 60, 1), self.within_minutes, "minutes"),
                Measure("distance", round(pair.km, 1), self.least_km, "km"),
                Measure("speed_needed", round(pair.speed), self.speed_limit, "km/h"),
            ),
            evidence=tuple(Cited(one.source, one.visit) for one in seen),
            fund_at_risk=sum(one.snapshot.scope for one in seen),
            text=describe(
                pair, Speeds(self.speed_limit, self.barely, self.again), len(days.get(pair.places, ())), view
            ),
        )


def _name(pair: tuple[Seen, Seen]) -> str:
    """The visits in the order in which they began, for which of their swipes are nearest may be another with a late one."""
    first, second = sorted(pair, key=lambda one: (one.snapshot.begin, one.visit))
    return f"{first.visit}|{second.visit}"
