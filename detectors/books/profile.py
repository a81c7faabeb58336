"""How does an institution's day look beside its peers' days? A vector of indicators, scored before it is learned.

The vector holds each count against the institution's own usual day and each quotient against the group's usual one, squeezed
to between 0 and 1, so that a large institution is no stranger than a small one. What is usual is an exponentially weighted
mean of logarithms, moved by no more than a doubling at a time: an outlier is never learned whole. Days are averaged with those
before them, for a small hospital's day is strange every other day by chance alone; a week of them is not. What is strange of
one institution several times a month does not teach the model, or it would soon be usual, nor do the days of Spring Festival.

Two models score it. river's Half-Space Trees see combinations that nobody has, wherever each indicator lies; but a tree cuts few
of the indicators, so they are blind to one that is far out alone. The distance sees that: how many of the group's own standard
deviations each indicator lies from its middle, the first of each for nothing, and the root of the sum of their squares
(`docs/decisions/0023-a-days-distance-beside-the-trees.md`).
"""

from __future__ import annotations

from math import log, tanh
from typing import ClassVar, Final

import msgspec

from detectors.books.member import MemberPage, Strange
from detectors.books.peer_calendar import month_of
from detectors.engine.page import Page
from detectors.engine.pages import Pages
from detectors.models.distance import Spread, distance_of
from detectors.models.half_space import Trees
from detectors.models.spring_festival import is_quiet
from schemas.china_time import DAY
from schemas.peer_days import STAYS, InstitutionDay

# Counts, against its own usual day.
ADMISSIONS, VISITS, FUND = "admissions_of_day", "visits_of_day", "fund_of_day"
# Quotients, against the group's.
STAY_COST, VISIT_COST, NIGHTS, INPATIENT, OWN, BY_NIGHT, REFUNDS = (
    "cost_of_stay", "cost_of_visit", "nights_of_stay", "inpatient_of_day", "own_of_day", "night_of_day", "refunds_of_day",
)  # fmt: skip
NAMES: Final = tuple(
    sorted((ADMISSIONS, VISITS, FUND, STAY_COST, VISIT_COST, NIGHTS, INPATIENT, OWN, BY_NIGHT, REFUNDS))
)
_OF_ITSELF: Final = frozenset((ADMISSIONS, VISITS, FUND))

_FADING: Final = 0.08  # of a usual value, per day
_STEP: Final = log(2.0)
_LEARNING_DAYS: Final = 14  # of its own, before an institution's counts are judged
_QUANTILE: Final = 0.995
_LIMIT_STEP: Final = 0.02
# Of a score; in a group whose days are all alike the rarest is nothing strange.
_LEAST_OF_TREES, _LEAST_OF_DISTANCE = 0.25, 0.4
_LIMIT_DAYS: Final = 50  # whose largest score the limit begins with
_RECENT: Final = 0.25  # what the newest day weighs in the average: a week counts
_HEAPED: Final = 2  # strange days of a member in `_LATELY` days: one more of them teaches nothing
_LATELY: Final = 30  # days
_ACCEPTED, _LONG = 60, 90  # strange days in so many: then that is how it is
_TOP: Final = 3
FORGOTTEN: Final = 400  # days


class Limit(msgspec.Struct, array_like=True, gc=False):
    """The score that one day in two hundred passes, learned online."""

    value: float = 0.0
    scored: int = 0

    @property
    def is_warm(self) -> bool:
        """Whether it has seen enough to be one."""
        return self.scored > _LIMIT_DAYS

    def judge(self, score: float, least: float) -> float:
        """The limit before this score, which it then moves: a quantile by stochastic approximation (Robbins and Monro, 1951)."""
        limit = self.value
        self.scored += 1
        if self.scored <= _LIMIT_DAYS:
            self.value = max(limit, score)
        else:
            self.value += _LIMIT_STEP * (_QUANTILE if score > limit else _QUANTILE - 1)
        self.value = min(max(self.value, least), 1.0)
        return limit


class ProfilePage(Page, kw_only=True):
    """A group's models, its usual quotients, and their limits."""

    layout: ClassVar[int] = 4
    prefix: ClassVar[bytes] = b"F"

    trees: Trees = msgspec.field(default_factory=lambda: Trees(NAMES))
    spreads: dict[str, Spread] = {}
    usual: dict[str, float] = {}
    of_trees: Limit = msgspec.field(default_factory=Limit)
    of_distance: Limit = msgspec.field(default_factory=Limit)
    newest_day: int = 0

    def forgets_at(self) -> int:
        """When its members have been silent for over a year."""
        return (self.newest_day + FORGOTTEN) * DAY

    def learn(self, vector: dict[str, float]) -> None:
        """Score before you learn."""
        self.trees.learn(vector)
        for name, value in vector.items():
            self.spreads.setdefault(name, Spread()).learn(value)


def profile_key(group: str) -> bytes:
    """The key of a group's model."""
    return f"F{group}".encode()


def learn_day(pages: Pages, member: MemberPage, day: InstitutionDay, groups: tuple[str, ...]) -> bool:
    """Score the day by its group's model, then learn it; whether it counts as scored. ``groups``: the narrowest first."""
    if is_quiet(day.day):  # nobody's day is like others then
        return False
    key = profile_key(member.model_group or groups[-1])
    page = pages.open(ProfilePage, key, ProfilePage)
    raw = _raw(day)
    alone = _vector(raw, member.habits, page.usual)
    vector = _averaged(member.lately, alone)
    is_scored, teaches = False, True
    size = day.counts.visits + day.counts.admissions + day.counts.discharges
    if page.trees.is_warm and member.learned_days >= _LEARNING_DAYS and size:
        # The average is far for days after what made it so has ended; these are not strange themselves.
        distance = min(distance_of(page.spreads, vector), distance_of(page.spreads, alone))
        scores = (
            (page.trees.score(vector), page.of_trees, _LEAST_OF_TREES),
            (distance, page.of_distance, _LEAST_OF_DISTANCE),
        )
        is_far = any(score > limit.value for score, limit, _ in scores)
        is_heaped = is_far and _is_heaped(member, day.day)
        # One of a heap of strange days of one member moves no limit: its own weeks would make themselves usual.
        judged = [(score, limit.value if is_heaped else limit.judge(score, least)) for score, limit, least in scores]
        is_scored = member.is_profiled = page.of_trees.is_warm
        if is_scored:
            month = month_of(day.day)
            member.scored_days[month] = member.scored_days.get(month, 0) + 1
            score, limit = max(judged, key=lambda one: one[0] - one[1])
            if score > limit:
                member.strange[day.day] = Strange(round(score, 4), round(limit, 4), size, _apart(vector, page.spreads))
                vector = {name: (value + 0.5) / 2 for name, value in vector.items()}  # never learned whole
                teaches = not is_heaped
    if teaches:
        page.learn(vector)
        for name, value in raw.items():
            _learn(member.habits if name in _OF_ITSELF else page.usual, name, value)
    member.learned_days += 1
    page.newest_day = max(page.newest_day, day.day)
    pages.changed(key, page)
    if page.newest_day == day.day:
        pages.sleep(key, page, page.forgets_at())
    return is_scored


def _is_heaped(member: MemberPage, day: int) -> bool:
    """Whether the member's strange days are so many that one more must not teach what is usual, and not yet so many that they
    are its usual ones."""
    lately = sum(day - _LATELY < strange < day for strange in member.strange)
    return lately >= _HEAPED and sum(day - _LONG < strange < day for strange in member.strange) < _ACCEPTED


def _raw(day: InstitutionDay) -> dict[str, float]:
    """Logarithms of what the day shows; what it cannot show is left out."""
    counts = day.counts
    found = {ADMISSIONS: log(max(counts.admissions, 0) + 1), VISITS: log(max(counts.visits, 0) + 1)}
    found[FUND] = log(max(counts.fund, 0) / 10_000 + 1)  # hundreds of yuan
    cases = counts.admissions + counts.visits
    if cases > 0:
        found[INPATIENT] = log(max(counts.admissions, 0) / cases + 0.05)
    if counts.total > 0:
        found[OWN] = log(max(counts.own, 0) / counts.total + 0.05)
    if counts.timed > 0:
        found[BY_NIGHT] = log(max(counts.by_night, 0) / counts.timed + 0.05)
    if counts.settlements > 0:
        found[REFUNDS] = log(max(counts.refunds, 0) / counts.settlements + 0.05)
    for name, is_stay in ((STAY_COST, True), (VISIT_COST, False)):
        known = [case for case in day.cases if (case.kind[0] == STAYS) is is_stay]
        count = sum(case.count for case in known)
        if count > 0:
            found[name] = sum(case.logs for case in known) / count / 1_000
    if counts.discharges > 0:
        found[NIGHTS] = log(max(counts.nights, 0) / counts.discharges + 0.5)
    return found


def _vector(raw: dict[str, float], own: dict[str, float], group: dict[str, float]) -> dict[str, float]:
    """Each between 0 and 1, the usual in the middle; so is what is not known."""
    found = {}
    for name in NAMES:
        usual = (own if name in _OF_ITSELF else group).get(name)
        value = raw.get(name)
        found[name] = 0.5 if usual is None or value is None else 0.5 + 0.5 * tanh((value - usual) / 2)
    return found


def _averaged(lately: dict[str, float], vector: dict[str, float]) -> dict[str, float]:
    """With the days before it: what lasts shows, and what chance does to a day does not."""
    for name, value in vector.items():
        held = lately.get(name, 0.5)
        lately[name] = held + _RECENT * (value - held)
    return dict(lately)


def _apart(vector: dict[str, float], spreads: dict[str, Spread]) -> tuple[tuple[str, float], ...]:
    """The indicators that are furthest out for their group, and how far from the middle they lie."""
    far = sorted(vector, key=lambda name: (-abs(spreads[name].away(vector[name])), name))
    return tuple((name, round(2 * vector[name] - 1, 3)) for name in far[:_TOP])


def _learn(usual: dict[str, float], name: str, value: float) -> None:
    held = usual.get(name)
    usual[name] = value if held is None else held + _FADING * min(max(value - held, -_STEP), _STEP)
