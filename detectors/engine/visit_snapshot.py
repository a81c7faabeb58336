"""What is the stage of a visit's person told of it? All that rules about persons, households and groups may ask, and no more."""

from __future__ import annotations

from typing import Final

from detectors.books.dispensed import dispensed
from detectors.books.visit import Settled, VisitPage
from detectors.books.visit_lines import drugs_only, service_days
from detectors.engine.compare import Cause
from schemas.snapshots import STAY, Reference, Swipe, VisitSnapshot

MOST_SWIPES: Final = 20  # settlements of a visit, the newest
MOST_CITED: Final = 64  # messages of a visit; an alert shows fewer


def is_news(page: VisitPage, infno: str) -> bool:
    """Whether the person's stage must hear of it: outpatients once settled, stays but for their charges while open."""
    if page.kind != STAY:
        return bool(page.settlements)
    return not (infno in ("2301", "2302") and page.end is None and not page.settlements and not page.void)


def snapshot_of(page: VisitPage, cause: Cause) -> VisitSnapshot:
    """The visit as it is after that message; the page knows its person and when it began."""
    assert page.begin is not None
    standing = page.standing_settlements()
    is_over = page.kind != STAY or page.end is not None
    cited = [page.message_of(page.admission), page.message_of(page.discharge)]
    cited += [page.messages[settled.message] for settled in standing]
    scope = sum(settled.scope for settled in standing) if standing else page.scope
    return VisitSnapshot(
        page.visit,
        page.institution,
        page.person,
        cause.partition,
        cause.offset,
        Reference(cause.infno, cause.msgid, cause.inf_time),
        page.kind,
        page.void or (page.kind != STAY and not standing),
        page.begin,
        page.end,
        page.med_type,
        page.diagnosis,
        page.department,
        scope if is_over or standing else 0,
        sum(settled.fund for settled in standing),
        sum(settled.total for settled in standing),
        bool(standing),
        page.idle_days() if page.end is not None else 0,
        tuple(reference for reference in cited if reference is not None)[:MOST_CITED],
        page.way,
        page.death,
        page.planned_readmission,
        page.disease,
        () if page.kind == STAY else service_days(page),
        page.kind != STAY and drugs_only(page),
        tuple(_swipe(page, settled) for settled in page.settlements if not settled.reversed)[-MOST_SWIPES:],
        dispensed(page),
        page.contact,
    )


def _swipe(page: VisitPage, settled: Settled) -> Swipe:
    refund = page.message_of(settled.refunded_by)
    return Swipe(
        settled.settlement, settled.time, settled.certificate, settled.total, settled.fund,
        None if refund is None else refund.inf_time, page.messages[settled.message], refund,
    )  # fmt: skip
