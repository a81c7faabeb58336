"""How does the page of an institution's amounts hear of a stay, and which stays are not compared?

Stays that are paid as a package, births, day surgery, dialysis and chemotherapy, and stays settled in parts are left out:
there equal amounts are the rule (domain.md §4.5).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.books.amounts import AmountsPage, Case, amounts_key
from detectors.books.amounts_lately import Amount
from detectors.books.visit import Settled, VisitPage, visit_key
from detectors.engine.page import Page
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import is_birth, is_day_surgery, is_packaged, is_packaged_payment
from schemas.snapshots import STAY

CALLS: Final[frozenset[str]] = frozenset({"2304", "2305", "2402", "2403", "2404", "2405", "2601", "4101"})
LEAST: Final = 10_000  # fen: below 100 yuan it is the deductible that makes amounts alike
_SERIES: Final = ("N17", "N18", "N19", "Z49", "Z51")  # dialysis, chemotherapy


def follow(visit: VisitPage, pages: Pages, offset: int) -> Iterable[tuple[bytes, Page]]:
    """Tell the page of its institution what the stay was settled at; the page, where a rule may see the difference."""
    if visit.kind != STAY or not visit.settlements:
        return ()
    one = _final(visit)
    key = amounts_key(visit.institution)
    page = pages.get(AmountsPage, key)
    if page is None:
        if one is None:
            return ()
        page = AmountsPage(institution=visit.institution)
        pages.keep(key, page)
    elif one is None and not page.holds(visit.visit):
        return ()
    if page.position < offset:
        page.position = offset
    changed = page.take(visit.visit) if one is None else _put(page, visit, one, pages)
    pages.changed(key, page)
    return ((key, page),) if changed else ()


def _put(page: AmountsPage, visit: VisitPage, one: Settled, pages: Pages) -> bool:
    """Whether a rule may see the difference: another case, or another number of settlements among which cases are weighed."""
    name, amount = visit.visit, Amount(one.time, one.fund, one.total)
    changed = False
    held, was_case, counted_from = page.lately.amounts.get(name), name in page.cases, page.counted_from()
    near = page.put(name, amount)
    if held != amount:
        changed = (
            was_case != (name in page.cases) or page.is_counted(amount.time) or page.counted_from() != counted_from
        )
        changed = changed or (held is not None and page.is_counted(held.time))
    for one_near in near:
        if one_near != name and one_near in page.cases:
            continue
        other = visit if one_near == name else pages.get(VisitPage, visit_key(visit.institution, one_near))
        case = None if other is None else _case_of(other, page)
        if case is not None and case != page.cases.get(one_near):
            changed = True
            if not page.keep(case):
                break
    return changed


def _final(visit: VisitPage) -> Settled | None:
    """The settlement of a stay that can be compared with others'."""
    one = None
    for settled in visit.settlements:
        if not settled.void:
            if one is not None:
                return None
            one = settled
    if (
        one is None
        or one.interim
        or visit.void
        or visit.end is None
        or one.fund < LEAST
        or one.total < LEAST
        or one.time > visit.messages[one.message].inf_time + DAY  # a clock that would forget all others
    ):
        return None
    return None if _costs_everybody_the_same(visit) else one


def _costs_everybody_the_same(visit: VisitPage) -> bool:
    med_type, diagnosis = visit.med_type, visit.diagnosis
    return (
        bool(visit.disease)
        or is_packaged(med_type)
        or is_packaged_payment(visit.payment_method)
        or is_day_surgery(med_type)
        or is_birth(med_type, diagnosis)
        or diagnosis.startswith(_SERIES)
    )


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
