"""What does a bill show of how its institution bills? The days that it touches teach the institution's page, each once."""

from __future__ import annotations

from typing import Final

from detectors.books.institution import InstitutionPage
from detectors.books.visit import DayOfStay, VisitPage
from schemas import facts
from schemas.china_time import DAY

_BILLS: Final = (facts.Charges, facts.ChargesVoided, facts.AdmissionVoided)


def changes_bills(fact: facts.Fact) -> bool:
    """Whether it may change what a stay was billed; of reversals only that of its admission does."""
    return isinstance(fact, _BILLS) or (isinstance(fact, facts.Reversal) and fact.oinfno == "2401")


def days_of(page: VisitPage, fact: facts.Fact) -> list[int]:
    """The days that a bill's own lines touch; nothing where it may touch others too, or is no bill."""
    days: list[int] = []
    if isinstance(fact, facts.Charges):
        for line in fact.lines:
            if line.quantity < 0 or line.serial in page.lines or line.serial in page.refund_lines:
                return list(page.days) + [line.time // DAY for line in fact.lines if line.time // DAY not in page.days]
            day = line.time // DAY
            if day not in days:
                days.append(day)
    return days


def learn_day(habits: InstitutionPage, day: int, kept: DayOfStay, routine_before: int, inf_time: int, now: int) -> None:
    """What one day of a stay shows, once each; ``inf_time`` is the message's, ``now`` stream time."""
    is_billed = bool(kept.routine or kept.active)
    if is_billed and not kept.counts_as_billed:
        kept.counts_as_billed = habits.count_stay(day, now // DAY)
    elif kept.counts_as_billed and not is_billed:
        habits.discount_stay(day)
        kept.counts_as_billed = False
    if is_billed and not kept.taught_bill:
        habits.post_bill(day, inf_time)
        kept.taught_bill = True
    if kept.active and not kept.taught_treatment:
        habits.post_treatment(apart=routine_before > 0 and inf_time > (day + 1) * DAY)
        kept.taught_treatment = True
