"""What did a visit send home? Told to the person's stage, so that it may add up what several places gave."""

from __future__ import annotations

from typing import Final

from detectors.books.visit import PostedLine, VisitPage
from schemas.china_time import DAY
from schemas.codes import (
    TREATMENT,
    is_course,
    is_drug_item,
    is_given_at_dialysis,
    is_infused,
    is_injected,
    is_injection_or_dialysis,
    is_plasma,
)
from schemas.snapshots import OUTPATIENT, STAY, Dispensed

MOST_DISPENSED: Final = 20  # of a visit: those that cost most; a prescription has five drugs at most
# What is given at a session lasts until the next one, four days later where there are two a week, and is a dose or few. Of
# an injection the prescription may say seven days, the most that it is for as a rule (处方管理办法 第十九条): programs do.
_UNTIL_THE_NEXT: Final = 4
_AS_A_RULE: Final = 7
_MOST_DOSES: Final = 3.0


def dispensed(page: VisitPage) -> tuple[Dispensed, ...]:
    """The drugs of an outpatient's or a pharmacy's lines that a standing settlement covers, by day and item.

    What runs into a vein is used on the spot and left out, but for albumin where no infusion is on the bill, which is carried
    off. So is a dose on a day of treatment. One item on several lines of a day is one prescription: the quantities add up, the
    days that it is to last do not.
    """
    if page.kind == STAY or page.void:
        return ()
    found: dict[tuple[int, str], Dispensed] = {}
    for line in page.lines.values():
        if _is_taken_home(line):
            key = line.time // DAY, line.item
            found[key] = _with(found.get(key), key, line)
    treated = _days_of_treatment(page)
    home = [one for one in found.values() if one.day not in treated or not (is_plasma(one.item) or _is_a_dose(one))]
    dearest = sorted(home, key=lambda one: (-one.scope, one.day, one.item))[:MOST_DISPENSED]
    return tuple(sorted(dearest, key=lambda one: (one.day, one.item)))


def _is_taken_home(line: PostedLine) -> bool:
    return (
        line.quantity >= 0 and line.counted_by >= 0 and line.left > 0
        and is_drug_item(line.category, line.item)
        and (not is_infused(line.item) or is_plasma(line.item))
    )  # fmt: skip


def _with(held: Dispensed | None, key: tuple[int, str], line: PostedLine) -> Dispensed:
    if held is None:
        return Dispensed(key[1], key[0], round(line.left, 4), line.scope_left, line.supply_days)
    days = max(held.days, line.supply_days)
    quantity = round(held.quantity + line.left, 4)  # cnt has four decimals: no order of lines may show
    return Dispensed(held.item, held.day, quantity, held.scope + line.scope_left, days)


def _days_of_treatment(page: VisitPage) -> set[int]:
    """Days on which an outpatient was injected or dialysed, or treated in a course that does so, by the lines that stand."""
    if page.kind != OUTPATIENT:
        return set()
    in_course = is_course(page.diagnosis)
    return {
        line.time // DAY
        for line in page.lines.values()
        if line.stands and not line.is_external and not is_drug_item(line.category, line.item)
        and (is_injection_or_dialysis(line.item) or (in_course and line.category == TREATMENT))
    }  # fmt: skip


def _is_a_dose(drug: Dispensed) -> bool:
    """Whether it is no more than a session uses up: what is to last for weeks goes home, and so does a heap. Heparin and what
    else only a dialysis needs does not, whatever the program fills in."""
    if is_given_at_dialysis(drug.item):
        return drug.quantity <= _MOST_DOSES
    lasting = _AS_A_RULE if is_injected(drug.item) else _UNTIL_THE_NEXT
    return drug.days <= lasting and drug.quantity <= _MOST_DOSES
