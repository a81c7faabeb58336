"""Which of a person's stays are courses of one treatment, births or transfers, and which are admissions that count?

Shared by the rules about persons. Chemotherapy and dialysis bring a patient back by plan, a transfer is one illness in two
hospitals, a birth is no illness (domain.md §4.2, §4.3); what an illness says about how often it may need a hospital is here too.
"""

from __future__ import annotations

from typing import Final

from detectors.books.person import PersonPage
from schemas.china_time import DAY
from schemas.codes import TRANSFERRED, is_bed_day_package, is_birth, is_day_surgery, is_transfer
from schemas.icd_gravity import gravity
from schemas.snapshots import STAY, VisitSnapshot

NEWBORN: Final = 28 * DAY
PLANNED_WITHIN: Final = 31 * DAY  # what 4101 days_rinp_flag_31 speaks of
TRANSFER_WITHIN: Final = DAY
_DIALYSIS_STAY: Final = 2 * DAY  # who is in for kidney failure for longer is in for more than dialysis
# Radio- and chemotherapy and other courses, dialysis, rehabilitation, removal of metalwork and aftercare, transfusions.
_COURSES: Final = ("Z51", "Z49", "Z50", "Z47", "Z48", "Z08", "Z09", "D56", "D66", "D67")
_COURSE_OF_TUMOUR: Final = 5 * DAY  # chemotherapy takes one to five days; an operation, or dying, takes longer
_KIDNEY_FAILURE: Final = ("N18", "N19")
_TUMOURS: Final = ("C", "D0", "D37", "D38", "D39", "D4")
# Illnesses that bring a patient to hospital again and again: tumours, failing heart, lungs, liver and kidneys, heart
# attacks and the vessels of the heart, leukaemias' kin, severe infections of the blood, Parkinson's disease.
_GRAVE: Final = (
    *_TUMOURS, "I20", "I21", "I22", "I23", "I24", "I25", "I27", "I42", "I50", "J44", "J47", "J84", "J96", "K70", "K72",
    "K74", "K76.6", "N17", "N18", "N19", "D46", "D55", "D57", "D58", "D59", "D60", "D61", "G12", "G20", "G35", "A15",
    "A16", "A40", "A41", "M32", "E10.1", "E11.1",
)  # fmt: skip


def stays_of(page: PersonPage) -> list[VisitSnapshot]:
    """All stays of the person that were, in order of admission; ties by visit."""
    stays = [visit for visit in page.visits.values() if visit.kind == STAY and not visit.void]
    return sorted(stays, key=lambda stay: (stay.begin, stay.visit))


def settled_at(stay: VisitSnapshot) -> int | None:
    """When the newest settlement that stands was made: an open stay of which it is the last word has most likely ended."""
    return max((swipe.time for swipe in stay.swipes if swipe.refunded_at is None), default=None)


def is_newborn(page: PersonPage, stay: VisitSnapshot) -> bool:
    """Admitted in the first four weeks of life, where the birth is known."""
    return page.birth is not None and 0 <= stay.begin - page.birth <= NEWBORN


def is_dialysis(stay: VisitSnapshot) -> bool:
    """Coded as dialysis, or a short stay for kidney failure."""
    is_short = stay.end is not None and stay.end - stay.begin <= _DIALYSIS_STAY
    return stay.diagnosis.startswith("Z49") or (stay.diagnosis.startswith(_KIDNEY_FAILURE) and is_short)


def is_series(stay: VisitSnapshot) -> bool:
    """One of a series by plan: radio- and chemotherapy (also coded by the tumour), dialysis, aftercare, a day's operation, a
    bed-day package."""
    is_short = stay.end is not None and stay.end - stay.begin <= _COURSE_OF_TUMOUR
    return (
        stay.diagnosis.startswith(_COURSES)
        or (stay.diagnosis.startswith(_TUMOURS) and is_short)
        or is_dialysis(stay)
        or is_day_surgery(stay.med_type)
        or is_bed_day_package(stay.med_type)
    )


def is_grave(diagnosis: str) -> bool:
    """An illness with which several stays a year are ordinary."""
    return diagnosis.startswith(_GRAVE)


def is_mild(diagnosis: str) -> bool:
    """An illness that by itself needs no bed."""
    return gravity(diagnosis) in ("mild", "check-up")


def continues(before: VisitSnapshot, stay: VisitSnapshot) -> bool:
    """Whether the stay goes on with the one before: after a transfer, or as that one's hospital had planned."""
    if before.end is None:
        return is_transfer(stay.med_type) and before.institution != stay.institution
    gap = stay.begin - before.end
    if before.planned_readmission and gap <= PLANNED_WITHIN:
        return True
    is_handed_on = before.way in TRANSFERRED or is_transfer(stay.med_type)
    return is_handed_on and before.institution != stay.institution and gap <= TRANSFER_WITHIN


def counted_stays(page: PersonPage) -> list[VisitSnapshot]:
    """Admissions of their own, in order: no series, births, transfers, planned ones, nor the same one registered twice."""
    counted: list[VisitSnapshot] = []
    before: VisitSnapshot | None = None
    seen: set[tuple[str, int]] = set()
    for stay in stays_of(page):
        same_day = (stay.institution, stay.begin // DAY)
        is_own = not (
            is_series(stay)
            or is_birth(stay.med_type, stay.diagnosis)
            or is_newborn(page, stay)
            or same_day in seen
            or (before is not None and continues(before, stay))
        )
        if is_own:
            counted.append(stay)
        seen.add(same_day)
        before = stay
    return counted
