"""What did an institution's latest inpatient settlements come to, and which of them came to the same?

The page holds the amounts of the last days, how amounts are usually spread here, and of those that several others come near
to in a few days what a rule must know of the stay. Stays that are paid as a package, births, day surgery, dialysis and
chemotherapy, and stays settled in parts are left out: there equal amounts are the rule (domain.md §4.5).
"""

from __future__ import annotations

from math import exp, log, pi, sqrt
from typing import ClassVar, Final

import msgspec

from detectors.books.visit import Settled, VisitPage, visit_key
from detectors.engine.page import NEVER, Page
from detectors.engine.pages import Pages
from detectors.models.tail import surprise
from schemas.china_time import DAY
from schemas.codes import is_birth, is_day_surgery, is_packaged, is_packaged_payment
from schemas.snapshots import STAY, Reference

CALLS: Final = frozenset({"2304", "2305", "2402", "2403", "2404", "2405", "2601", "4101"})
WIDEST: Final = 0.03  # relative; no parameter of a rule can ask for more
WINDOW: Final = 10 * DAY  # nor for longer
FEWEST: Final = 4  # nor for fewer
CASES_KEPT: Final = 60 * DAY  # settlement lists come weeks later and may say that it was a package
MOST_SETTLED, MOST_CASES = 500, 150
LEAST: Final = 10_000  # fen: below 100 yuan it is the deductible that makes amounts alike
BIN: Final = 0.02  # of the logarithm: one per cent to either side
_NEAR: Final = 5  # bins: a tenth to either side
MOST_LEARNED: Final = 4_000  # settlements; then all counts are halved
_WHOLE, _DOUBTFUL = 2, 1  # what one settlement teaches; one of a cluster half of it
_MEAN, _SPREAD = 12.6, 0.7  # of the logarithm in fen (3,000 yuan), before anything is known
_WORTH = 10  # settlements that it counts for
_NOTEWORTHY: Final = 3.0  # nats
_COUNTED: Final = 80  # days
_SERIES = ("N17", "N18", "N19", "Z49", "Z51")  # dialysis, chemotherapy


class Amount(msgspec.Struct, array_like=True, gc=False):
    """Of a stay's settlement, fen."""

    time: int
    fund: int
    total: int


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


class Spread(msgspec.Struct, array_like=True, gc=False):
    """How amounts are spread: counts by bin of the logarithm, and their first moments."""

    first: int = 0
    counts: list[int] = []
    learned: int = 0
    mean: float = _MEAN
    variance: float = _SPREAD * _SPREAD

    def learn(self, amount: int, weight: int) -> None:
        """One more amount."""
        place = log(amount)
        index = int(place / BIN)
        if not self.counts:
            self.first = index
        if index < self.first:
            self.counts = [0] * (self.first - index) + self.counts
            self.first = index
        self.counts += [0] * (index - self.first + 1 - len(self.counts))
        self.counts[index - self.first] += weight
        self.learned += weight
        rate = weight / (self.learned + _WORTH * _WHOLE)
        off = place - self.mean
        self.mean += rate * off
        self.variance = (1 - rate) * (self.variance + rate * off * off)
        if self.learned >= MOST_LEARNED * _WHOLE:
            self.counts = [count // 2 for count in self.counts]
            self.learned = sum(self.counts)

    def usual(self, amount: int) -> float:
        """The share that comes within one per cent: of what was learned there or about it, or of a
        smooth curve, whichever is most."""
        place = log(amount)
        index = int(place / BIN) - self.first
        known = self.learned + _WORTH * _WHOLE
        near = [self.counts[n] if 0 <= n < len(self.counts) else 0 for n in range(index - _NEAR, index + _NEAR + 1)]
        pair = 0.7 * (near[_NEAR] + max(near[_NEAR - 1], near[_NEAR + 1])) / (known + _WORTH * _WHOLE)
        around = sum(near) / len(near) / known
        variance = max(self.variance, 0.04)
        smooth = BIN * exp(-((place - self.mean) ** 2) / (2 * variance)) / sqrt(2 * pi * variance)
        return min(max(pair, around, smooth, 0.002), 1.0)


class AmountsPage(Page, kw_only=True):
    """One institution's inpatient settlements."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"u"

    institution: str
    settled: dict[str, Amount] = {}  # by visit, of the last days
    cases: dict[str, Case] = {}
    by_day: dict[int, int] = {}  # how many were settled
    newest: int = 0
    fund: Spread = msgspec.field(default_factory=Spread)
    total: Spread = msgspec.field(default_factory=Spread)
    forgets_first: int = NEVER
    forgotten: int = -NEVER  # time of the newest case that was forgotten

    def put(self, visit: str, amount: Amount) -> list[str]:
        """Upsert a stay's settlement; the visits, itself among them, whose cases must be known."""
        held = self.settled.get(visit)
        if held is not None or visit in self.cases:
            if held is None or (held.time, held.fund, held.total) == (amount.time, amount.fund, amount.total):
                return [visit] if visit in self.cases else []
            self.take(visit)
        if amount.time < self.newest - WINDOW:
            return []
        self.settled[visit] = amount
        day = amount.time // DAY
        self.by_day[day] = self.by_day.get(day, 0) + 1
        if amount.time > self.newest:
            self.newest = amount.time
            self._let_go()
        return self._near(amount)

    def take(self, visit: str) -> bool:
        """The stay has no such settlement any more; whether it was a case."""
        case = self.cases.pop(visit, None)
        held = self.settled.pop(visit, None)
        if case is not None or held is not None:
            time = case.time if case is not None else held.time if held is not None else 0
            if self.by_day.get(time // DAY, 0) > 1:
                self.by_day[time // DAY] -= 1
            else:
                self.by_day.pop(time // DAY, None)
        return case is not None

    def _let_go(self) -> None:
        """What lies behind the window is learned, and so are the oldest of too many."""
        over = self.newest - WINDOW
        gone = [(amount.time, visit) for visit, amount in self.settled.items() if amount.time < over]
        if len(self.settled) - len(gone) > MOST_SETTLED:
            by_time = sorted((amount.time, visit) for visit, amount in self.settled.items())
            gone = by_time[: len(by_time) - MOST_SETTLED]
        for _, visit in sorted(gone):
            amount = self.settled.pop(visit)
            weight = _DOUBTFUL if visit in self.cases else _WHOLE
            self.fund.learn(amount.fund, weight)
            self.total.learn(amount.total, weight)
        if gone:
            first = self.newest // DAY - _COUNTED
            self.by_day = {day: count for day, count in self.by_day.items() if day >= first}

    def _near(self, amount: Amount) -> list[str]:
        """The visits of an amount that more come near to than chance explains."""
        for field, spread in (("fund", self.fund), ("total", self.total)):
            value = getattr(amount, field)
            near = [
                (abs(getattr(other, field) - value), visit)
                for visit, other in self.settled.items()
                if abs(getattr(other, field) - value) <= WIDEST * value and abs(other.time - amount.time) <= WINDOW
            ]
            if len(near) >= FEWEST:
                nearest = sum(apart <= WIDEST / 2 * value for apart, _ in near)
                expected = len(self.settled) * spread.usual(value) * WIDEST / BIN
                if surprise(nearest, expected, expected) >= _NOTEWORTHY:
                    return [visit for _, visit in near]
        return []

    def keep(self, case: Case) -> bool:
        """Know a case, as its visit's page says now; False where there are too many, and no few that are no cluster."""
        if case.visit not in self.cases and len(self.cases) >= MOST_CASES and not self._make_room():
            return False
        self.cases[case.visit] = case
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


# -- what a visit says ----------------------------------------------------------------------------------------------


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, Page]]:
    """Tell the page of its institution what the stay was settled at; the page, where it holds cases."""
    key = amounts_key(visit.institution)
    amount = _amount_of(visit)
    page = pages.get(AmountsPage, key)
    if page is None:
        if amount is None:
            return []
        page = pages.open(AmountsPage, key, lambda: AmountsPage(institution=visit.institution))
    elif amount is None and visit.visit not in page.settled and visit.visit not in page.cases:
        return []
    page.position = max(page.position, offset)
    pages.changed(key, page)
    if amount is None:
        return [(key, page)] if page.take(visit.visit) else []
    for name in page.put(visit.visit, amount):
        if name in page.cases and name != visit.visit:
            continue
        other = visit if name == visit.visit else pages.get(VisitPage, visit_key(visit.institution, name))
        case = None if other is None else _case_of(other, page)
        if case is not None and not page.keep(case):
            break
    return [(key, page)] if page.cases else []


def _final(visit: VisitPage) -> Settled | None:
    """The settlement of a stay that can be compared with others'."""
    if visit.kind != STAY or visit.void or not visit.settlements:
        return None
    standing = visit.standing_settlements()
    if len(standing) != 1 or standing[0].interim or visit.end is None:
        return None
    one, diagnosis, med_type = standing[0], visit.diagnosis, visit.med_type
    is_left_out = (
        one.fund < LEAST
        or one.total < LEAST
        or one.time > visit.messages[one.message].inf_time + DAY  # a clock that would forget all others
        or visit.disease
        or is_packaged(med_type)
        or is_packaged_payment(visit.payment_method)
        or is_day_surgery(med_type)
        or is_birth(med_type, diagnosis)
        or diagnosis.startswith(_SERIES)
    )
    return None if is_left_out else one


def _amount_of(visit: VisitPage) -> Amount | None:
    one = _final(visit)
    return None if one is None else Amount(one.time, one.fund, one.total)


def _case_of(visit: VisitPage, page: AmountsPage) -> Case | None:
    one = _final(visit)
    if one is None or visit.begin is None:
        return None
    held = page.cases.get(visit.visit)
    is_known = held is not None and (held.fund, held.total) == (one.fund, one.total)
    return Case(
        visit.visit, visit.person, one.time, one.fund, one.total, one.scope, visit.begin, visit.end, visit.diagnosis,
        visit.department,
        held.fund_usual if held is not None and is_known else round(page.fund.usual(one.fund), 4),
        held.total_usual if held is not None and is_known else round(page.total.usual(one.total), 4),
        visit.messages[one.message],
    )  # fmt: skip


def amounts_key(institution: str) -> bytes:
    """The key of its page."""
    return b"u" + institution.encode()
