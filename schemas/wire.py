"""What does a mirrored call look like in JSON? (domain.md §1, wire.md)

Only nodes and fields that a fact needs are named: msgspec skips the rest without making objects of it, which is most of
a message. Senders write numbers as numbers or as text and codes as text or as numbers, and null, ``""`` or nothing for
what is absent, so a field here says only what JSON may hold; `schemas.decode` says what it must mean.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Number: TypeAlias = float | str | None
Code: TypeAlias = str | int | float | None


class Node(msgspec.Struct, gc=False):
    """A JSON object whose unknown fields are passed over."""


class Visit(Node):
    mdtrt_id: Code = None
    psn_no: Code = None


class NewVisit(Node):
    mdtrt_id: Code = None


class Diagnosis(Node):
    diag_code: Code = None
    maindiag_flag: Code = None
    diag_srt_no: Code = None
    diag_type: Code = None


class FeeLine(Node):
    feedetl_sn: Code = None
    init_feedetl_sn: Code = None
    mdtrt_id: Code = None
    psn_no: Code = None
    chrg_bchno: Code = None
    fee_ocur_time: Code = None
    med_list_codg: Code = None
    cnt: Number = None
    det_item_fee_sumamt: Number = None
    etip_flag: Code = None
    dscg_tkdrug_flag: Code = None
    prd_days: Number = None


class FeeResult(Node):
    feedetl_sn: Code = None
    inscp_scp_amt: Number = None
    med_chrgitm_type: Code = None


class SetlInfo(Node):
    setl_id: Code = None
    mdtrt_id: Code = None
    psn_no: Code = None
    setl_time: Code = None
    mdtrt_cert_type: Code = None
    med_type: Code = None
    medfee_sumamt: Number = None
    inscp_scp_amt: Number = None
    fulamt_ownpay_amt: Number = None
    fund_pay_sumamt: Number = None


class SetlOutput(Node):
    setlinfo: SetlInfo | None = None


class FeeOutput(Node):
    result: list[FeeResult] | None = None


class FeeInput(Node):
    feedetail: list[FeeLine] | FeeLine | None = None


class Envelope(Node):
    """What can be said of a call that cannot be read."""

    infno: Code = None


class Call(msgspec.Struct, tag_field="infno", gc=False):
    """The envelope of every call."""

    msgid: Code = None
    inf_time: Code = None
    fixmedins_code: Code = None
    opter: Code = None


class RegistrationData(Node):
    psn_no: Code = None
    begntime: Code = None
    dept_code: Code = None
    atddr_no: Code = None


class RegistrationInput(Node):
    data: RegistrationData | None = None


class RegistrationOutput(Node):
    data: NewVisit | None = None


class Call2201(Call, tag="2201"):
    input: RegistrationInput | None = None
    output: RegistrationOutput | None = None


class EncounterInfo(Visit):
    med_type: Code = None
    begntime: Code = None


class EncounterInput(Node):
    mdtrtinfo: EncounterInfo | None = None
    diseinfo: list[Diagnosis] | None = None


class Call2203(Call, tag="2203"):
    input: EncounterInput | None = None


class Call2204(Call, tag="2204"):
    input: FeeInput | None = None
    output: FeeOutput | None = None


class Call2301(Call, tag="2301"):
    input: FeeInput | None = None
    output: FeeOutput | None = None


class BatchVoid(Visit):
    chrg_bchno: Code = None


class BatchVoidInput(Node):
    data: BatchVoid | None = None


class Call2205(Call, tag="2205"):
    input: BatchVoidInput | None = None


class LineVoid(Visit):
    feedetl_sn: Code = None


class LineVoidInput(Node):
    data: list[LineVoid] | LineVoid | None = None


class Call2302(Call, tag="2302"):
    input: LineVoidInput | None = None


class SettleData(Visit):
    mdtrt_cert_type: Code = None
    med_type: Code = None
    chrg_bchno: Code = None
    mid_setl_flag: Code = None


class SettleInput(Node):
    data: SettleData | None = None


class Call2207(Call, tag="2207"):
    input: SettleInput | None = None
    output: SetlOutput | None = None


class Call2304(Call, tag="2304"):
    input: SettleInput | None = None
    output: SetlOutput | None = None


class SettleVoid(Visit):
    setl_id: Code = None


class SettleVoidInput(Node):
    data: SettleVoid | None = None


class Call2208(Call, tag="2208"):
    input: SettleVoidInput | None = None
    output: SetlOutput | None = None


class Call2305(Call, tag="2305"):
    input: SettleVoidInput | None = None
    output: SetlOutput | None = None


class Call2103(Call, tag="2103"):
    input: SettleVoidInput | None = None
    output: SetlOutput | None = None


class StayInfo(Visit):
    """``mdtrtinfo`` of 2401 and ``adminfo`` of 2403."""

    insutype: Code = None
    begntime: Code = None
    med_type: Code = None
    atddr_no: Code = None
    adm_dept_codg: Code = None
    adm_dept_name: Code = None
    adm_bed: Code = None
    dscg_maindiag_code: Code = None
    dise_codg: Code = None
    tel: Code = None


class AdmissionInput(Node):
    mdtrtinfo: StayInfo | None = None
    diseinfo: list[Diagnosis] | None = None


class AdmissionOutput(Node):
    result: NewVisit | None = None


class Call2401(Call, tag="2401"):
    input: AdmissionInput | None = None
    output: AdmissionOutput | None = None


class ChangeInput(Node):
    adminfo: StayInfo | None = None
    diseinfo: list[Diagnosis] | None = None


class Call2403(Call, tag="2403"):
    input: ChangeInput | None = None


class DischargeInfo(Visit):
    endtime: Code = None
    dise_codg: Code = None
    dscg_dept_codg: Code = None
    dscg_bed: Code = None
    dscg_way: Code = None
    die_date: Code = None


class DischargeInput(Node):
    dscginfo: DischargeInfo | None = None
    diseinfo: list[Diagnosis] | None = None


class Call2402(Call, tag="2402"):
    input: DischargeInput | None = None


class VisitInput(Node):
    data: Visit | None = None


class Call2404(Call, tag="2404"):
    input: VisitInput | None = None


class Call2405(Call, tag="2405"):
    input: VisitInput | None = None


class DrugInfo(Node):
    psn_no: Code = None
    mdtrt_cert_type: Code = None
    begntime: Code = None
    med_type: Code = None


class PharmacyInput(Node):
    druginfo: DrugInfo | None = None
    drugdetail: list[FeeLine] | FeeLine | None = None


class Call2102(Call, tag="2102"):
    input: PharmacyInput | None = None
    output: SetlOutput | None = None


class ReversalData(Node):
    psn_no: Code = None
    omsgid: Code = None
    oinfno: Code = None


class ReversalInput(Node):
    data: ReversalData | None = None


class Call2601(Call, tag="2601"):
    input: ReversalInput | None = None


class TraceCode(Node):
    drug_trac_codg: Code = None


class StockInfo(Node):
    """``invinfo``, ``purcinfo``, ``selinfo`` of 3501–3506: each names its time and its quantity its own way."""

    med_list_codg: Code = None
    fixmedins_bchno: Code = None
    invdate: Code = None
    inv_cnt: Number = None
    inv_chg_time: Code = None
    cnt: Number = None
    purc_retn_stoin_time: Code = None
    purc_retn_cnt: Number = None
    sel_retn_time: Code = None
    sel_retn_cnt: Number = None
    mdtrt_sn: Code = None
    setl_id: Code = None
    psn_no: Code = None
    drugtracinfo: list[TraceCode] | None = None


class StockInput(Node):
    invinfo: list[StockInfo] | StockInfo | None = None
    purcinfo: list[StockInfo] | StockInfo | None = None
    selinfo: list[StockInfo] | StockInfo | None = None


class StockCall(Call):
    """Never decoded itself: its six subclasses bear the tags."""

    input: StockInput | None = None


class Call3501(StockCall, tag="3501"):
    """盘存"""


class Call3502(StockCall, tag="3502"):
    """库存变更"""


class Call3503(StockCall, tag="3503"):
    """采购"""


class Call3504(StockCall, tag="3504"):
    """采购退货"""


class Call3505(StockCall, tag="3505"):
    """销售"""


class Call3506(StockCall, tag="3506"):
    """销售退货"""


class StockDelete(Node):
    fixmedins_bchno: Code = None
    inv_data_type: Code = None


class StockDeleteInput(Node):
    data: StockDelete | None = None


class Call3507(Call, tag="3507"):
    input: StockDeleteInput | None = None


class ListInfo(Visit):
    setl_id: Code = None
    curr_addr: Code = None
    coner_addr: Code = None
    days_rinp_flag_31: Code = None
    hi_paymtd: Code = None


class ListInput(Node):
    setlinfo: ListInfo | None = None


class Call4101(Call, tag="4101"):
    input: ListInput | None = None


AnyCall: TypeAlias = (
    Call2201 | Call2203 | Call2204 | Call2205 | Call2207 | Call2208 | Call2301 | Call2302 | Call2304 | Call2305
    | Call2401 | Call2402 | Call2403 | Call2404 | Call2405 | Call2102 | Call2103 | Call2601
    | Call3501 | Call3502 | Call3503 | Call3504 | Call3505 | Call3506 | Call3507 | Call4101
)  # fmt: skip


class Mark(msgspec.Struct, gc=False):
    mark: str
