"""What did an institution's latest inpatient settlements come to, and which of them came to the same?

The page holds the amounts of the last days (`detectors.books.amounts_lately`), how amounts are usually spread here
(`detectors.books.amounts_spread`), and of those that several others come near to in a few days what a rule must know of the
stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from detectors.books.amounts_lately import FEWEST, WIDEST, WINDOW, Amount, Lately
from detectors.books.amounts_spread import Spread
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.snapshots import Reference

CASES_KEPT: Final = 60 * DAY  # settlement lists come weeks later and may say that it was a package
MOST_CASES: Final = 150
MOST_WITHDRAWN: Final = 20  # a refund is rare, and that one was a mistake is rarer
# What one settlement teaches. One of a cluster a quarter of it: what was made out to a plan must not make the next one
# look usual, and what always costs the same, which nothing says, must at last.
_WHOLE, _DOUBTFUL = 4, 1
_COUNTED: Final = 80  # days


class Case(msgspec.Struct, array_like=True, gc=False):
    """A stay whose amount others come near to. ``fund_usual``, ``total_usual``: the share of this institution's settlements
    that come within one per cent of it, as was known when the stay was settled."""

    visit: str
    person: str
    time: int
    fund: int
    total: int
    scope: int
    begin: int
    end: int | None
    diagnosis: str
    department: str
    fund_usual: float
    total_usual: float
    source: Reference


class Withdrawn(msgspec.Struct, array_like=True, gc=False):
    """A settlement that was refunded, as it stood: should the refund be taken back, it is what it was."""

    time: int
    fund: int
    total: int
    case: Case | None


class AmountsPage(Page, kw_only=True):
    """One institution's inpatient settlements. What a rule sees of it are ``cases``, and ``by_day`` about their days."""

    layout: ClassVar[int] = 4
    prefix: ClassVar[bytes] = b"u"

    institution: str
    lately: Lately = msgspec.field(default_factory=Lately)
    cases: dict[str, Case] = {}
    by_day: dict[int, int] = {}  # how many were settled
    fund: Spread = msgspec.field(default_factory=Spread)
    total: Spread = msgspec.field(default_factory=Spread)
    forgets_first: int = NEVER
    forgotten: int = -NEVER  # time of the newest case that was forgotten
    last_case: int = -NEVER  # no case was settled later
    withdrawn: dict[str, Withdrawn] = {}  # by visit, the latest to be refunded

    @property
    def settled(self) -> Mapping[str, Amount]:
        """What was settled in the last days, by visit."""
        return self.lately.amounts

    def put(self, visit: str, amount: Amount) -> list[str]:
        """Upsert a stay's settlement; the visits, itself among them, whose cases must be known."""
        held = self.lately.amounts.get(visit)
        if held is not None or visit in self.cases:
            if held is None or held == amount:
                return [visit] if visit in self.cases else []
            self._remove(visit)
        known = self.withdrawn.pop(visit, None)
        if known is not None and (known.time, known.fund, known.total) != amount:
            known = None
        if known is not None and known.case is not None:
            self.keep(known.case)
        if known is None and not self.lately.is_within(amount.time):
            return []
        day = amount.time // DAY
        self.by_day[day] = self.by_day.get(day, 0) + 1
        itself = [visit] if visit in self.cases else []
        if not self.lately.is_within(amount.time):
            return itself
        gone = self.lately.put(visit, amount)
        if gone:
            self._learn(gone)
        near = self.lately.near(amount, self.fund, self.total)
        return near if visit in near else [*itself, *near]

    def take(self, visit: str) -> bool:
        """The stay has no such settlement any more; whether a rule may see that."""
        case, held = self._remove(visit)
        if case is not None:
            time, fund, total = case.time, case.fund, case.total
        elif held is not None:
            time, fund, total = held
        else:
            return False
        self.withdrawn.pop(visit, None)
        self.withdrawn[visit] = Withdrawn(time, fund, total, case)
        if len(self.withdrawn) > MOST_WITHDRAWN:
            del self.withdrawn[next(iter(self.withdrawn))]
        return case is not None or self.is_counted(time)

    def _remove(self, visit: str) -> tuple[Case | None, Amount | None]:
        case, held = self.cases.pop(visit, None), self.lately.take(visit)
        time = case.time if case is not None else held.time if held is not None else None
        if time is None:
            return None, None
        if self.by_day.get(time // DAY, 0) > 1:
            self.by_day[time // DAY] -= 1
        else:
            self.by_day.pop(time // DAY, None)
        return case, held

    def holds(self, visit: str) -> bool:
        """Whether anything is known of the stay."""
        return visit in self.cases or visit in self.lately.amounts

    def counted_from(self) -> int:
        """The first day of which the number of settlements is known; 0 where there is no case to weigh by it."""
        return min(self.by_day, default=0) if self.cases else 0

    def is_counted(self, time: int) -> bool:
        """Whether a settlement of that time is one of those among which a case's cluster is weighed."""
        return bool(self.cases) and time // DAY <= self.last_case // DAY

    def _learn(self, gone: list[tuple[int, str, Amount]]) -> None:
        """What lies behind the window is learned."""
        for _, visit, amount in gone:
            weight = _DOUBTFUL if visit in self.cases else _WHOLE
            self.fund.learn(amount.fund, weight)
            self.total.learn(amount.total, weight)
        first = self.lately.newest // DAY - _COUNTED
        if min(self.by_day) < first:
            self.by_day = {day: count for day, count in self.by_day.items() if day >= first}

    def keep(self, case: Case) -> bool:
        """Know a case, as its visit's page says now; False where there are too many, and no few that are no cluster."""
        if case.visit not in self.cases and len(self.cases) >= MOST_CASES and not self._make_room():
            return False
        self.cases[case.visit] = case
        self.last_case = max(self.last_case, case.time)
        self.forgets_first = min(self.forgets_first, case.time + CASES_KEPT)
        return True

    def _make_room(self) -> bool:
        small = min(_together(self._by_time()), key=lambda group: (len(group), group[0].time))
        if len(small) > FEWEST:
            return False
        for case in small:
            del self.cases[case.visit]
        self.forgotten = max(self.forgotten, *(case.time for case in small))
        return True

    def _by_time(self) -> list[Case]:
        return sorted(self.cases.values(), key=lambda case: (case.time, case.visit))

    # -- time -------------------------------------------------------------------------------------------------------

    def kept_from(self) -> int:
        """What stood on a case that was forgotten is final."""
        return self.forgotten + 1 if self.forgotten > -NEVER else -NEVER

    def next_change(self) -> int:
        """When the first case may be forgotten."""
        return self.forgets_first

    def advance(self, now: int) -> None:
        """Forget cases with all that came near to them, or what is left would look like another cluster."""
        if self.forgets_first > now:
            return
        cases = self._by_time()
        self.cases, self.forgets_first = {}, NEVER
        for group in _together(cases):
            until = max(case.time for case in group) + CASES_KEPT
            if until > now:
                self.cases |= {case.visit: case for case in group}
                self.forgets_first = min(self.forgets_first, until)
            else:
                self.forgotten = max(self.forgotten, *(case.time for case in group))


def _together(cases: list[Case]) -> list[list[Case]]:
    groups: list[list[Case]] = []
    for case in cases:
        ours = [group for group in groups if any(_is_near(one, case) for one in group)]
        groups = [group for group in groups if group not in ours]
        groups.append([one for group in ours for one in group] + [case])
    return groups


def _is_near(one: Case, other: Case) -> bool:
    if abs(one.time - other.time) > WINDOW:
        return False
    return abs(one.fund - other.fund) <= WIDEST * one.fund or abs(one.total - other.total) <= WIDEST * one.total


def amounts_key(institution: str) -> bytes:
    """The key of its page."""
    return b"u" + institution.encode()
