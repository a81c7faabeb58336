"""How does each kind of fact change the page of its visit? One function a fact; corrections are facts like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from detectors.books.visit import VisitPage, VolumeDelta
from schemas import facts
from schemas.codes import is_volume_item
from schemas.snapshots import OUTPATIENT, PHARMACY, STAY

KIND_OF_CALL = {"2204": OUTPATIENT, "2207": OUTPATIENT, "2301": STAY, "2304": STAY, "2102": PHARMACY}


class Posted(NamedTuple):
    """The changes of items' volumes, and whether all that the fact corrects was there to be corrected."""

    deltas: Iterable[VolumeDelta] = ()
    matched: bool = True


class Posting(NamedTuple):
    """The message that brings a fact: its transaction, its index on the page, and what the catalogue says of lines."""

    infno: str
    message: int
    category_of: Callable[[str], str]


def post(page: VisitPage, fact: facts.Fact, by: Posting) -> Posted:
    """Post one fact on its visit's page."""
    return _HANDLERS[type(fact)](page, fact, by)


def _charge(page: VisitPage, fact: facts.Charges, by: Posting) -> Posted:
    page.kind = page.kind or KIND_OF_CALL[by.infno]
    page.person = page.person or fact.person
    deltas: list[VolumeDelta] = []
    matched = True
    for line in fact.lines:
        category = line.category or by.category_of(line.item)
        deltas += page.charge(line, category, is_volume_item(category, line.item), fact.batch, by.message)
        matched = matched and not page.awaits_original(line.serial)
    return Posted(deltas, matched)


def _void_charges(page: VisitPage, fact: facts.ChargesVoided, by: Posting) -> Posted:
    return Posted(*page.void_charges(fact))


def _settle(page: VisitPage, fact: facts.Settlement, by: Posting) -> Posted:
    return Posted(list(page.settle(fact, KIND_OF_CALL[by.infno], by.message)))


def _void_settlement(page: VisitPage, fact: facts.SettlementVoided, by: Posting) -> Posted:
    return Posted(*page.void_settlement(fact, by.message))


def _admit(page: VisitPage, fact: facts.Admission, by: Posting) -> Posted:
    page.admit(fact, by.message)
    return Posted()


def _change(page: VisitPage, fact: facts.StayChange, by: Posting) -> Posted:
    page.change(fact, by.message)
    return Posted()


def _dismiss(page: VisitPage, fact: facts.Discharge, by: Posting) -> Posted:
    page.dismiss(fact, by.message)
    return Posted()


def _void_discharge(page: VisitPage, fact: facts.DischargeVoided, by: Posting) -> Posted:
    return Posted(matched=page.void_discharge())


def _void_admission(page: VisitPage, fact: facts.AdmissionVoided, by: Posting) -> Posted:
    matched = page.admission is not None
    return Posted(list(page.void_visit()), matched)


def _reverse(page: VisitPage, fact: facts.Reversal, by: Posting) -> Posted:
    return Posted(*page.reverse(fact.omsgid, fact.oinfno))


def _register(page: VisitPage, fact: facts.Registration, by: Posting) -> Posted:
    page.kind = page.kind or OUTPATIENT
    page.person = fact.person
    page.begin = fact.begin if page.begin is None else min(page.begin, fact.begin)
    page.department = fact.department
    page.doctor = fact.doctor
    return Posted()


def _encounter(page: VisitPage, fact: facts.Encounter, by: Posting) -> Posted:
    page.kind = page.kind or OUTPATIENT
    page.person = fact.person
    page.begin = fact.begin if page.begin is None else min(page.begin, fact.begin)
    page.med_type = fact.med_type or page.med_type
    page.entry_diagnosis = fact.diagnosis or page.entry_diagnosis
    return Posted()


def _list(page: VisitPage, fact: facts.SettlementList, by: Posting) -> Posted:
    page.planned_readmission = fact.planned_readmission
    return Posted()


_HANDLERS: dict[type[Any], Callable[[VisitPage, Any, Posting], Posted]] = {
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
