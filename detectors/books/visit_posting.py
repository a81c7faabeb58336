"""How does each kind of fact change the page of its visit? One function a fact; corrections are facts like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from detectors.books import visit_lines
from detectors.books.group_keys import contact_of
from detectors.books.visit import (
    MOST_BEDS,
    MOST_MESSAGES,
    MOST_PERSONS,
    MOST_SETTLEMENTS,
    MOST_WEIGHT,
    BedTaken,
    Settled,
    VisitPage,
)
from detectors.books.volumes import VolumeDelta
from schemas import facts
from schemas.codes import DIED, is_volume_item
from schemas.snapshots import OUTPATIENT, PHARMACY, STAY, Reference

KIND_OF_CALL: Final = {"2204": OUTPATIENT, "2207": OUTPATIENT, "2301": STAY, "2304": STAY, "2102": PHARMACY}


class Posting:
    """The message that brings a fact: its transaction, its index on the page, what the catalogue says of lines, where the
    changes of items' volumes go, the envelope's ``opter``, and whether a settlement list says that its patient comes back."""

    def __init__(
        self, infno: str, message: int, category_of: Callable[[str], str], deltas: list[VolumeDelta], operator: str = "",
        is_planned: bool = False,
    ) -> None:  # fmt: skip
        self.infno = infno
        self.message = message
        self.category_of = category_of
        self.deltas = deltas
        self.operator = operator
        self.is_planned = is_planned


def post(page: VisitPage, fact: facts.Fact, by: Posting) -> bool:
    """Post one fact on its visit's page; whether all that the fact corrects was there to be corrected."""
    deltas = by.deltas
    known = len(deltas)
    matched = _HANDLERS[type(fact)](page, fact, by)
    if page.kind == STAY and len(deltas) > known:
        visit_lines.tell_stays(page, deltas, known)
    return matched


def has_seen(page: VisitPage, message: Reference) -> bool:
    """Whether this very message was posted there before."""
    infno, msgid = message.infno, message.msgid
    for known in page.messages:  # noqa: SIM110  # asked for every message: a generator takes twice as long
        if known.msgid == msgid and known.infno == infno:
            return True
    return False


def is_full(page: VisitPage) -> bool:
    """Whether it holds more than any real visit: what comes now is to be refused."""
    return (
        len(page.messages) >= MOST_MESSAGES
        or page.weight >= MOST_WEIGHT
        or len(page.settlements) + len(page.awaited_voids) >= MOST_SETTLEMENTS
        or len(page.former_persons) >= MOST_PERSONS
    )


def note(page: VisitPage, message: Reference) -> int:
    """Remember the message; its index."""
    messages = page.messages
    messages.append(message)
    if message.inf_time > page.newest:
        page.newest = message.inf_time
    return len(messages) - 1


# -- the stay -------------------------------------------------------------------------------------------------------


def _admit(page: VisitPage, fact: facts.Admission, by: Posting) -> bool:
    """2401. One that was cancelled before it came stays void; one that follows a cancelled one is another."""
    page.kind = STAY
    if page.admission is not None:
        if not page.void:
            return True  # a repeat under a new msgid; 2403 is what changes an admission
        page.void = False
        page.changed_at = 0
    page.admission = by.message
    if not page.changed_at:
        page.beds = []
        _take_stay(page, fact, fact.begin)
    return True


def _change(page: VisitPage, fact: facts.StayChange, by: Posting) -> bool:
    """2403: a whole snapshot; of two the newer holds, whichever came last."""
    page.kind = STAY
    at = page.messages[by.message].inf_time
    if at >= page.changed_at:
        page.changed_at = at
        _take_stay(page, fact, at)
    return True


def _take_stay(page: VisitPage, fact: facts.Admission | facts.StayChange, since: int) -> None:
    if page.person and page.person != fact.person and page.person not in page.former_persons:
        page.former_persons.append(page.person)
    page.person = fact.person
    page.begin = fact.begin
    page.med_type = fact.med_type
    page.entry_diagnosis = fact.diagnosis or page.entry_diagnosis
    page.department = fact.department
    page.at_home = fact.at_home
    page.bed = fact.bed
    page.doctor = fact.doctor
    page.disease = fact.disease or page.disease
    page.contact = contact_of(fact.telephone) or page.contact
    if not page.beds:
        page.beds.append(BedTaken(fact.department, fact.bed, fact.begin))
        return
    page.beds[0].since = fact.begin  # a 2403 may correct the admission's time
    last = page.beds[-1]
    if (last.department, last.bed) != (fact.department, fact.bed) and len(page.beds) < MOST_BEDS:
        page.beds.append(BedTaken(fact.department, fact.bed, max(since, last.since)))


def _dismiss(page: VisitPage, fact: facts.Discharge, by: Posting) -> bool:
    page.kind = STAY
    page.person = page.person or fact.person
    page.end = fact.end
    page.discharge = by.message
    page.final_diagnosis = fact.diagnosis
    page.way = fact.way
    page.death = fact.death if fact.death is not None else fact.end if fact.way == DIED else None
    page.disease = fact.disease or page.disease
    return True


def _void_discharge(page: VisitPage, fact: facts.DischargeVoided, by: Posting) -> bool:
    if page.discharge is None:
        return False
    page.end = page.discharge = None
    page.final_diagnosis = page.way = ""
    page.death = None
    return True


def _void_admission(page: VisitPage, fact: facts.AdmissionVoided, by: Posting) -> bool:
    matched = page.admission is not None
    _void_visit(page, by)
    return matched


def _void_visit(page: VisitPage, by: Posting) -> None:
    """2404, or 2601 of a 2401: the visit never was, nor were its lines."""
    page.void = True
    visit_lines.drop(page, list(page.lines), by.deltas)


# -- charges --------------------------------------------------------------------------------------------------------


def _charge(page: VisitPage, fact: facts.Charges, by: Posting) -> bool:
    page.kind = page.kind or KIND_OF_CALL[by.infno]
    page.person = page.person or fact.person
    batch, message, deltas, matched = fact.batch, by.message, by.deltas, True
    for line in fact.lines:
        category = line.category or by.category_of(line.item)
        is_volume = is_volume_item(category, line.item)
        if not visit_lines.charge(page, line, category, is_volume, batch, message, deltas):
            matched = False
    return matched


def _void_charges(page: VisitPage, fact: facts.ChargesVoided, by: Posting) -> bool:
    """2302 and 2205."""
    lines = page.lines
    if fact.everything:
        named, matched = [serial for serial, line in lines.items() if not visit_lines.is_settled(page, line)], True
    elif fact.batch:
        named = [serial for serial, line in lines.items() if line.batch == fact.batch]
        matched = bool(named)
    else:
        named = list(fact.serials)
        matched = all(serial in lines for serial in named)
    visit_lines.drop(page, named, by.deltas)
    return matched


# -- settlements ----------------------------------------------------------------------------------------------------


def _settle(page: VisitPage, fact: facts.Settlement, by: Posting) -> bool:
    """2207, 2304, 2102; a settlement that is known already, void or not, stays as it is."""
    kind = KIND_OF_CALL[by.infno]
    page.kind = page.kind or kind
    page.person = page.person or fact.person
    page.med_type = page.med_type or fact.med_type
    for known in page.settlements:
        if known.settlement == fact.settlement:
            return True
    refund = page.awaited_voids.pop(fact.settlement, None)
    settled = Settled(
        fact.settlement, by.message, fact.batch, fact.time, fact.scope, fact.fund, fact.total, fact.interim,
        refund is not None, refund, False, fact.certificate, by.operator, fact.own,
    )  # fmt: skip
    page.settlements.append(settled)
    if kind != STAY:
        if page.begin is None:
            page.begin = fact.time
        page.end = max(page.end or 0, fact.time)
        if not settled.void:
            visit_lines.count(page, settled, by.deltas)
    return True


def _void_settlement(page: VisitPage, fact: facts.SettlementVoided, by: Posting) -> bool:
    """2208, 2305, 2103. The settlement stays on the page as a refund."""
    for settled in page.settlements:
        if settled.settlement == fact.settlement:
            if not settled.void:
                settled.void = True
                settled.refunded_by = by.message
                visit_lines.discount(page, settled, by.deltas)
            return True
    page.awaited_voids.setdefault(fact.settlement, by.message)
    return False


def _reverse(page: VisitPage, fact: facts.Reversal, by: Posting) -> bool:
    """2601: that call never was. What it settled is void; what it took back stands again."""
    named = -1
    for index, message in enumerate(page.messages):
        if message.msgid == fact.omsgid and message.infno == fact.oinfno:
            named = index
            break
    if named < 0:
        return False
    if fact.oinfno == "2401":
        _void_visit(page, by)
        return True
    for settled in page.settlements:
        if settled.reversed:
            continue
        if settled.message == named:
            settled.void = settled.reversed = True
            visit_lines.discount(page, settled, by.deltas)
            break
        if settled.refunded_by == named:
            settled.refunded_by = None
            settled.void = False
            visit_lines.count(page, settled, by.deltas)
            break
    else:
        _let_come(page, named)
    return True


def _let_come(page: VisitPage, refund: int) -> None:
    """The refund of a settlement that has not come yet never was."""
    for settlement, by in page.awaited_voids.items():
        if by == refund:
            del page.awaited_voids[settlement]
            return


# -- outpatients ----------------------------------------------------------------------------------------------------


def _register(page: VisitPage, fact: facts.Registration, by: Posting) -> bool:
    page.kind = page.kind or OUTPATIENT
    page.person = fact.person
    if page.kind != STAY and (page.begin is None or fact.begin <= page.begin):
        page.admission = by.message
    page.begin = fact.begin if page.begin is None else min(page.begin, fact.begin)
    page.department = fact.department
    page.doctor = fact.doctor
    return True


def _encounter(page: VisitPage, fact: facts.Encounter, by: Posting) -> bool:
    page.kind = page.kind or OUTPATIENT
    page.person = fact.person
    page.begin = fact.begin if page.begin is None else min(page.begin, fact.begin)
    page.med_type = fact.med_type or page.med_type
    page.entry_diagnosis = fact.diagnosis or page.entry_diagnosis
    return True


def _list(page: VisitPage, fact: facts.SettlementList, by: Posting) -> bool:
    page.planned_readmission = by.is_planned
    page.payment_method = fact.payment_method
    return True


_HANDLERS: dict[type[Any], Callable[[VisitPage, Any, Posting], bool]] = {
    facts.Charges: _charge,
    facts.ChargesVoided: _void_charges,
    facts.Settlement: _settle,
    facts.SettlementVoided: _void_settlement,
    facts.Admission: _admit,
    facts.StayChange: _change,
    facts.Discharge: _dismiss,
    facts.DischargeVoided: _void_discharge,
    facts.AdmissionVoided: _void_admission,
    facts.Reversal: _reverse,
    facts.Registration: _register,
    facts.Encounter: _encounter,
    facts.SettlementList: _list,
}
