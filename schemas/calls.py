"""Which facts does each call hold? One function a transaction of the interface (domain.md §1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas import facts, wire
from schemas.codes import is_home_bed
from schemas.fields import (
    LARGEST_QUANTITY,
    Undecodable,
    category,
    code,
    fen,
    flag,
    listed,
    main_diagnosis,
    moment,
    number_of,
    optional_moment,
    present,
    required,
    required_fen,
)


def _registration(call: wire.Call2201) -> tuple[facts.Fact, ...]:
    data = present(present(call.input, "input").data, "input.data")
    answer = present(present(call.output, "output").data, "output.data")
    return (
        facts.Registration(
            required(answer.mdtrt_id, "output.data.mdtrt_id"),
            required(data.psn_no, "psn_no"),
            moment(data.begntime, "begntime"),
            code(data.dept_code),
            code(data.atddr_no),
        ),
    )


def _encounter(call: wire.Call2203) -> tuple[facts.Fact, ...]:
    node = present(call.input, "input")
    info = present(node.mdtrtinfo, "mdtrtinfo")
    return (
        facts.Encounter(
            required(info.mdtrt_id, "mdtrt_id"),
            required(info.psn_no, "psn_no"),
            moment(info.begntime, "begntime"),
            code(info.med_type),
            main_diagnosis(None, node.diseinfo),
        ),
    )


def _line(line: wire.FeeLine, result: wire.FeeResult | None) -> facts.Line:
    quantity = number_of(line.cnt, "cnt", LARGEST_QUANTITY)
    if quantity is None:
        raise Undecodable("missing_field", "cnt")
    refunds, etip, takeaway, supply = line.init_feedetl_sn, line.etip_flag, line.dscg_tkdrug_flag, line.prd_days
    return facts.Line(
        required(line.feedetl_sn, "feedetl_sn"),
        "" if refunds is None else code(refunds),
        moment(line.fee_ocur_time, "fee_ocur_time"),
        required(line.med_list_codg, "med_list_codg"),
        quantity,
        required_fen(line.det_item_fee_sumamt, "det_item_fee_sumamt"),
        None if result is None else fen(result.inscp_scp_amt, "inscp_scp_amt"),
        "" if result is None else category(result.med_chrgitm_type),
        etip is not None and flag(etip),
        takeaway is not None and flag(takeaway),
        None if supply is None else number_of(supply, "prd_days", 1e6),
    )


def _results(lines: list[wire.FeeLine], output: wire.FeeOutput | None) -> list[wire.FeeResult | None]:
    """The answer's row of each line: by serial, for an answer may leave rows out or order them its own way."""
    rows = output.result if output is not None else None
    if not rows:
        return [None] * len(lines)
    if len(rows) == len(lines) and all(
        row.feedetl_sn == line.feedetl_sn for row, line in zip(rows, lines, strict=True)
    ):
        return list(rows)
    by_serial = {code(row.feedetl_sn): row for row in rows}
    return [by_serial.get(code(line.feedetl_sn)) for line in lines]


def _charges(call: wire.Call2204 | wire.Call2301) -> tuple[facts.Fact, ...]:
    """One `Charges` a visit and batch: a message may bill several visits at once."""
    inpatient = type(call) is wire.Call2301
    lines = listed(present(call.input, "input").feedetail, "feedetail")
    groups: dict[tuple[str, str], list[facts.Line]] = {}
    persons: dict[str, str] = {}
    for line, result in zip(lines, _results(lines, call.output), strict=True):
        visit = required(line.mdtrt_id, "mdtrt_id")
        persons[visit] = required(line.psn_no, "psn_no")
        groups.setdefault((visit, "" if inpatient else code(line.chrg_bchno)), []).append(_line(line, result))
    if not groups:
        raise Undecodable("missing_field", "feedetail")
    return tuple(
        facts.Charges(visit, persons[visit], batch, tuple(of_visit), inpatient)
        for (visit, batch), of_visit in groups.items()
    )


def _pharmacy(call: wire.Call2102) -> tuple[facts.Fact, ...]:
    node = present(call.input, "input")
    info = present(node.druginfo, "druginfo")
    answer = _setlinfo(call.output)
    visit = required(answer.mdtrt_id, "output.setlinfo.mdtrt_id")
    person = code(answer.psn_no) or required(info.psn_no, "psn_no")
    lines = tuple(_line(line, None) for line in listed(node.drugdetail, "drugdetail"))
    if not lines:
        raise Undecodable("missing_field", "drugdetail")
    return (
        facts.Charges(visit, person, "", lines),
        _settled(
            answer,
            visit,
            person,
            "",
            code(answer.med_type) or code(info.med_type) or "41",
            False,
            code(answer.mdtrt_cert_type) or code(info.mdtrt_cert_type),
        ),
    )


def _setlinfo(output: wire.SetlOutput | None) -> wire.SetlInfo:
    answer: wire.SetlInfo = present(present(output, "output").setlinfo, "output.setlinfo")
    return answer


def _settled(
    answer: wire.SetlInfo, visit: str, person: str, batch: str, med_type: str, interim: bool, certificate: str
) -> facts.Settlement:
    total = required_fen(answer.medfee_sumamt, "medfee_sumamt")
    scope = fen(answer.inscp_scp_amt, "inscp_scp_amt")
    own = fen(answer.fulamt_ownpay_amt, "fulamt_ownpay_amt")
    return facts.Settlement(
        visit,
        person,
        required(answer.setl_id, "output.setlinfo.setl_id"),
        batch,
        moment(answer.setl_time, "setl_time"),
        med_type,
        total,
        total if scope is None else scope,
        required_fen(answer.fund_pay_sumamt, "fund_pay_sumamt"),
        interim,
        certificate.zfill(2) if certificate else "",
        (0 if scope is None else total - scope) if own is None else own,
    )


def _settlement(call: wire.Call2207 | wire.Call2304) -> tuple[facts.Fact, ...]:
    data = present(present(call.input, "input").data, "input.data")
    answer = _setlinfo(call.output)
    return (
        _settled(
            answer,
            required(data.mdtrt_id, "mdtrt_id"),
            required(data.psn_no, "psn_no"),
            code(data.chrg_bchno),
            code(answer.med_type) or code(data.med_type),
            flag(data.mid_setl_flag),
            code(answer.mdtrt_cert_type) or code(data.mdtrt_cert_type),
        ),
    )


def _settlement_voided(call: wire.Call2208 | wire.Call2305 | wire.Call2103) -> tuple[facts.Fact, ...]:
    data = present(present(call.input, "input").data, "input.data")
    answer = call.output.setlinfo if call.output is not None else None
    stated = optional_moment(answer.setl_time, "setl_time") if answer is not None else None
    return (
        facts.SettlementVoided(
            required(data.mdtrt_id, "mdtrt_id"),
            required(data.setl_id, "setl_id"),
            code(answer.setl_id) if answer is not None else "",
            moment(call.inf_time, "inf_time") if stated is None else stated,
        ),
    )


def _batch_voided(call: wire.Call2205) -> tuple[facts.Fact, ...]:
    data = present(present(call.input, "input").data, "input.data")
    batch = required(data.chrg_bchno, "chrg_bchno")
    return (facts.ChargesVoided(required(data.mdtrt_id, "mdtrt_id"), (), batch, batch == "0000"),)


def _lines_voided(call: wire.Call2302) -> tuple[facts.Fact, ...]:
    serials: dict[str, list[str]] = {}
    for row in listed(present(call.input, "input").data, "input.data"):
        serials.setdefault(required(row.mdtrt_id, "mdtrt_id"), []).append(required(row.feedetl_sn, "feedetl_sn"))
    return tuple(facts.ChargesVoided(visit, tuple(named), "", "0000" in named) for visit, named in serials.items())


def _stay(
    info: wire.StayInfo, diagnoses: list[wire.Diagnosis] | None
) -> tuple[str, int, str, str, str, str, str, str, str, bool]:
    """What 2401 and 2403 say alike: person, begin, kind, main diagnosis, department, bed, doctor, disease, telephone, and
    whether the patient lies at home."""
    return (
        required(info.psn_no, "psn_no"),
        moment(info.begntime, "begntime"),
        code(info.med_type),
        main_diagnosis(info.dscg_maindiag_code, diagnoses),
        code(info.adm_dept_codg),
        code(info.adm_bed),
        code(info.atddr_no),
        code(info.dise_codg),
        code(info.tel),
        is_home_bed(code(info.adm_dept_name), code(info.adm_bed)),
    )


def _admission(call: wire.Call2401) -> tuple[facts.Fact, ...]:
    node = present(call.input, "input")
    info = present(node.mdtrtinfo, "mdtrtinfo")
    visit = required(present(present(call.output, "output").result, "output.result").mdtrt_id, "output.result.mdtrt_id")
    return (facts.Admission(visit, *_stay(info, node.diseinfo), code(info.insutype)),)


def _stay_change(call: wire.Call2403) -> tuple[facts.Fact, ...]:
    node = present(call.input, "input")
    info = present(node.adminfo, "adminfo")
    return (facts.StayChange(required(info.mdtrt_id, "mdtrt_id"), *_stay(info, node.diseinfo)),)


def _discharge(call: wire.Call2402) -> tuple[facts.Fact, ...]:
    node = present(call.input, "input")
    info = present(node.dscginfo, "dscginfo")
    return (
        facts.Discharge(
            required(info.mdtrt_id, "mdtrt_id"),
            required(info.psn_no, "psn_no"),
            moment(info.endtime, "endtime"),
            main_diagnosis(None, node.diseinfo),
            code(info.dscg_dept_codg),
            code(info.dscg_bed),
            code(info.dscg_way),
            optional_moment(info.die_date, "die_date"),
            code(info.dise_codg),
        ),
    )


def _admission_voided(call: wire.Call2404) -> tuple[facts.Fact, ...]:
    return (
        facts.AdmissionVoided(required(present(present(call.input, "input").data, "input.data").mdtrt_id, "mdtrt_id")),
    )


def _discharge_voided(call: wire.Call2405) -> tuple[facts.Fact, ...]:
    return (
        facts.DischargeVoided(required(present(present(call.input, "input").data, "input.data").mdtrt_id, "mdtrt_id")),
    )


def _reversal(call: wire.Call2601) -> tuple[facts.Fact, ...]:
    data = present(present(call.input, "input").data, "input.data")
    return (facts.Reversal(code(data.psn_no), required(data.omsgid, "omsgid"), required(data.oinfno, "oinfno")),)


def _settlement_list(call: wire.Call4101) -> tuple[facts.Fact, ...]:
    info = present(present(call.input, "input").setlinfo, "setlinfo")
    return (
        facts.SettlementList(
            required(info.mdtrt_id, "mdtrt_id"),
            required(info.setl_id, "setl_id"),
            code(info.days_rinp_flag_31),
            code(info.hi_paymtd),
            code(info.curr_addr),
            code(info.coner_addr),
        ),
    )


# What the shelf gains (+) or loses (−), and which fields say when and how much.
_STOCK: dict[type[wire.Call], tuple[str, str, str, float]] = {
    wire.Call3501: ("invinfo", "invdate", "inv_cnt", 1.0),
    wire.Call3502: ("invinfo", "inv_chg_time", "cnt", 1.0),
    wire.Call3503: ("purcinfo", "purc_retn_stoin_time", "purc_retn_cnt", 1.0),
    wire.Call3504: ("purcinfo", "purc_retn_stoin_time", "purc_retn_cnt", -1.0),
    wire.Call3505: ("selinfo", "sel_retn_time", "sel_retn_cnt", -1.0),
    wire.Call3506: ("selinfo", "sel_retn_time", "sel_retn_cnt", 1.0),
}


def _stock(call: wire.StockCall) -> tuple[facts.Fact, ...]:
    node, time_field, count_field, sign = _STOCK[type(call)]
    moves = []
    for info in listed(getattr(present(call.input, "input"), node), node):
        quantity = number_of(getattr(info, count_field), count_field, LARGEST_QUANTITY)
        if quantity is None:
            raise Undecodable("missing_field", count_field)
        moves.append(
            facts.StockMove(
                type(call).__name__.removeprefix("Call"),
                required(info.fixmedins_bchno, "fixmedins_bchno"),
                required(info.med_list_codg, "med_list_codg"),
                moment(getattr(info, time_field), time_field),
                sign * quantity,
                code(info.mdtrt_sn),
                code(info.setl_id),
                code(info.psn_no),
                tuple(text for trace in info.drugtracinfo or () if (text := code(trace.drug_trac_codg))),
            )
        )
    return tuple(moves)


def _stock_deleted(call: wire.Call3507) -> tuple[facts.Fact, ...]:
    data = present(present(call.input, "input").data, "input.data")
    return (facts.StockDeleted(required(data.fixmedins_bchno, "fixmedins_bchno"), code(data.inv_data_type)),)


FACTS_OF: dict[type[wire.Call], Callable[[Any], tuple[facts.Fact, ...]]] = {
    wire.Call2201: _registration,
    wire.Call2203: _encounter,
    wire.Call2204: _charges,
    wire.Call2205: _batch_voided,
    wire.Call2207: _settlement,
    wire.Call2208: _settlement_voided,
    wire.Call2301: _charges,
    wire.Call2302: _lines_voided,
    wire.Call2304: _settlement,
    wire.Call2305: _settlement_voided,
    wire.Call2401: _admission,
    wire.Call2402: _discharge,
    wire.Call2403: _stay_change,
    wire.Call2404: _admission_voided,
    wire.Call2405: _discharge_voided,
    wire.Call2102: _pharmacy,
    wire.Call2103: _settlement_voided,
    wire.Call2601: _reversal,
    wire.Call4101: _settlement_list,
    wire.Call3507: _stock_deleted,
    **dict.fromkeys(_STOCK, _stock),
}
