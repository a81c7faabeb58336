"""What does a transaction say, once the wire's quirks are gone?

A fact is typed, validated and frozen; no rule sees ``infno``, a node name or a number written as text. Times are seconds
of `schemas.china_time`, money is fen, quantities are units of the catalogue. ``""`` is an absent code, ``None`` an absent
number or time. Field sources: domain.md §1.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of a bill (2204, 2301, 2102), request and answer together."""

    serial: str  # feedetl_sn: unique within its visit only
    refunds: str  # init_feedetl_sn: the line that a negative one takes back
    time: int  # fee_ocur_time
    item: str  # med_list_codg
    quantity: float  # cnt
    amount: int  # det_item_fee_sumamt, fen
    scope: int | None  # inscp_scp_amt, fen; None where the answer gave none
    category: str  # med_chrgitm_type, two digits; "" where the answer gave none
    external: bool = False  # etip_flag: an examination done elsewhere
    takeaway: bool = False  # dscg_tkdrug_flag: drugs to take home
    supply_days: float | None = None  # prd_days


class Registration(msgspec.Struct, frozen=True, gc=False):
    """2201: an outpatient visit begins."""

    visit: str
    person: str
    begin: int
    department: str
    doctor: str


class Encounter(msgspec.Struct, frozen=True, gc=False):
    """2203: what an outpatient visit was for."""

    visit: str
    person: str
    begin: int
    med_type: str
    diagnosis: str


class Charges(msgspec.Struct, frozen=True, gc=False):
    """Lines of one visit that one message brought (2204, 2301, 2102)."""

    visit: str
    person: str
    batch: str  # chrg_bchno; "" for inpatient lines
    lines: tuple[Line, ...]
    inpatient: bool = False


class ChargesVoided(msgspec.Struct, frozen=True, gc=False):
    """2302 (by serial) or 2205 (by batch); ``everything`` is the wildcard ``0000``: all that is not settled."""

    visit: str
    serials: tuple[str, ...]
    batch: str
    everything: bool


class Admission(msgspec.Struct, frozen=True, gc=False):
    """2401: a stay begins."""

    visit: str
    person: str
    begin: int
    med_type: str
    diagnosis: str
    department: str
    bed: str
    doctor: str
    disease: str  # dise_codg: where it is given the case is paid as a package
    telephone: str  # tel, as it was typed: whoever is to be called
    at_home: bool  # by the names of department and bed: the patient lies at home and is visited there
    insutype: str


class StayChange(msgspec.Struct, frozen=True, gc=False):
    """2403: the whole snapshot of an admission anew."""

    visit: str
    person: str
    begin: int
    med_type: str
    diagnosis: str
    department: str
    bed: str
    doctor: str
    disease: str  # dise_codg
    telephone: str  # tel; often left out
    at_home: bool


class Discharge(msgspec.Struct, frozen=True, gc=False):
    """2402: a stay ends."""

    visit: str
    person: str
    end: int
    diagnosis: str
    department: str
    bed: str
    way: str  # dscg_way
    death: int | None  # die_date
    disease: str = ""  # dise_codg


class AdmissionVoided(msgspec.Struct, frozen=True, gc=False):
    """2404: the stay never was."""

    visit: str


class DischargeVoided(msgspec.Struct, frozen=True, gc=False):
    """2405: the stay goes on."""

    visit: str


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """2207, 2304, 2102: the fund pays. Amounts in fen."""

    visit: str
    person: str
    settlement: str  # setl_id
    batch: str  # chrg_bchno
    time: int
    med_type: str
    total: int  # medfee_sumamt
    scope: int  # inscp_scp_amt
    fund: int  # fund_pay_sumamt
    interim: bool  # mid_setl_flag
    certificate: str = ""  # mdtrt_cert_type, two digits: 01 electronic, 02 identity card, 03 social-security card
    own: int = 0  # fulamt_ownpay_amt; where it is not said, what is out of scope


class SettlementVoided(msgspec.Struct, frozen=True, gc=False):
    """2208, 2305, 2103: a settlement is taken back; it stays visible as a refund."""

    visit: str
    settlement: str
    refund: str  # the refund's own setl_id
    time: int


class Reversal(msgspec.Struct, frozen=True, gc=False):
    """2601: the call that was sent as ``omsgid`` never was."""

    person: str
    omsgid: str
    oinfno: str


class SettlementList(msgspec.Struct, frozen=True, gc=False):
    """4101: the settlement's list, days or weeks after."""

    visit: str
    settlement: str
    readmission: str  # days_rinp_flag_31, as it is coded there (`InstitutionPage.is_planned`)
    payment_method: str  # hi_paymtd
    address: str
    contact_address: str


class StockMove(msgspec.Struct, frozen=True, gc=False):
    """3501–3506: stock counted, changed, bought, sold or returned; ``quantity`` is signed as the shelf sees it."""

    kind: str  # the infno
    batch: str  # fixmedins_bchno
    item: str
    time: int
    quantity: float
    visit: str  # mdtrt_sn of a sale
    settlement: str  # setl_id of a sale
    person: str
    trace_codes: tuple[str, ...]


class StockDeleted(msgspec.Struct, frozen=True, gc=False):
    """3507: a stock record never was."""

    batch: str
    data_type: str  # inv_data_type: 1 count, 2 change, 3 purchase, 4 sale


Fact: TypeAlias = (
    Registration | Encounter | Charges | ChargesVoided | Admission | StayChange | Discharge | AdmissionVoided
    | DischargeVoided | Settlement | SettlementVoided | Reversal | SettlementList | StockMove | StockDeleted
)  # fmt: skip


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """One mirrored call: its envelope and its facts, in the order in which they apply."""

    infno: str
    msgid: str
    institution: str  # fixmedins_code
    inf_time: int
    facts: tuple[Fact, ...]
    operator: str = ""  # opter: who sat at the terminal


class TimeMark(msgspec.Struct, frozen=True, gc=False):
    """A record of ``fund.transactions`` that carries no transaction and moves its partition's stream time."""

    time: int
