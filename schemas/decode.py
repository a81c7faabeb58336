"""What does one record of ``fund.transactions`` say, or why can it not be read?

`decode` is strict about meaning and lenient about form (wire.md, "What real senders do"). Nothing is guessed: a record
whose meaning is not certain raises `Undecodable` with a reason from a closed set and the field at fault, never a value,
because values are personal data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from schemas import facts, wire
from schemas.china_time import UnreadableTime, parse_time

LARGEST_MESSAGE = 8 * 1024 * 1024  # the topic takes 6 MiB; a file could hold anything
LARGEST_AMOUNT = 1e14  # N16,2
LARGEST_QUANTITY = 1e12  # N16,4

REASONS = (
    "not_json",
    "not_utf8",
    "too_large",
    "unknown_transaction",
    "missing_field",
    "wrong_type",
    "unreadable_time",
    "unreadable_number",
    "out_of_range",
)


class Undecodable(Exception):
    """The record cannot be used. Operator action: look at it with ``fundwatch dead-letters show``, have its sender mend it.

    ``reason`` is one of `REASONS`; ``detail`` names the field or place, without its value.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


_calls = msgspec.json.Decoder(wire.AnyCall)
_marks = msgspec.json.Decoder(wire.Mark)


class _Envelope(msgspec.Struct):
    infno: wire.Code = None


_envelopes = msgspec.json.Decoder(_Envelope)


def decode(value: bytes) -> facts.Transaction:
    """The facts of one mirrored call; raises `Undecodable`."""
    if len(value) > LARGEST_MESSAGE:
        raise Undecodable("too_large", f"{len(value)} bytes")
    try:
        call = _calls.decode(value)
    except UnicodeDecodeError:
        raise Undecodable("not_utf8") from None
    except msgspec.ValidationError as error:
        raise _why_invalid(value, error) from None
    except (msgspec.DecodeError, RecursionError):
        raise Undecodable("not_json") from None
    return facts.Transaction(
        type(call).__struct_config__.tag,
        _required(call.msgid, "msgid"),
        _required(call.fixmedins_code, "fixmedins_code"),
        _moment(call.inf_time, "inf_time"),
        _FACTS_OF[type(call)](call),
    )


def decode_mark(value: bytes) -> facts.TimeMark:
    """A time mark (a record with the header ``mark``); raises `Undecodable`."""
    try:
        return facts.TimeMark(_moment(_marks.decode(value).mark, "mark"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable("wrong_type", "mark") from None


def _why_invalid(value: bytes, error: msgspec.ValidationError) -> Undecodable:
    try:
        infno = code(_envelopes.decode(value).infno)
    except msgspec.ValidationError:
        return Undecodable("wrong_type", "the record is not an object with an infno")
    except UnicodeDecodeError:
        return Undecodable("not_utf8")
    except (msgspec.DecodeError, RecursionError):  # broken further on than where its meaning was found wrong
        return Undecodable("not_json")
    if not infno:
        return Undecodable("missing_field", "infno")
    if f"Call{infno}" not in vars(wire):
        return Undecodable("unknown_transaction", f"infno {infno[:12]!r}")
    place = str(error).rpartition("`$")[2].rstrip("`").lstrip(".")
    return Undecodable("wrong_type", place or "infno is not text")


# -- fields ---------------------------------------------------------------------------------------------------------


def code(value: wire.Code) -> str:
    """A code's text; ``""`` where it is absent.

    >>> code(9.0), code(None), code(" 01 ")
    ('9', '', '01')
    """
    if type(value) is str:
        return value.strip() if value[:1] == " " or value[-1:] == " " else value
    if value is None:
        return ""
    if type(value) is float and value.is_integer():
        return str(int(value))
    return str(value)


def _required(value: wire.Code, field: str) -> str:
    if type(value) is str and value and value[0] != " " and value[-1] != " ":  # nearly all there is
        return value
    text = code(value)
    if not text:
        raise Undecodable("missing_field", field)
    return text


def number_of(value: wire.Number, field: str, largest: float) -> float | None:
    """A number's value, None where it is absent; raises `Undecodable` beyond ``largest`` on either side."""
    if type(value) is float:
        number = value
    elif value is None or value == "":
        return None
    else:
        text = str(value)
        if "_" in text or not text.isascii():  # `float` would take Python's own way of writing it
            raise Undecodable("unreadable_number", field)
        try:
            number = float(text)
        except ValueError:
            raise Undecodable("unreadable_number", field) from None
    if not -largest <= number <= largest:  # NaN fails too
        raise Undecodable("out_of_range", field)
    return number


def _fen(value: wire.Number, field: str) -> int | None:
    yuan = number_of(value, field, LARGEST_AMOUNT)
    return None if yuan is None else round(yuan * 100)


def _required_fen(value: wire.Number, field: str) -> int:
    amount = _fen(value, field)
    if amount is None:
        raise Undecodable("missing_field", field)
    return amount


def _moment(value: wire.Code, field: str) -> int:
    if type(value) is not str:
        value = code(value)
    if not value:
        raise Undecodable("missing_field", field)
    try:
        return parse_time(value)
    except UnreadableTime:
        raise Undecodable("unreadable_time", field) from None


def _optional_moment(value: wire.Code, field: str) -> int | None:
    return _moment(value, field) if code(value) else None


def _flag(value: wire.Code) -> bool:
    return value == "1" or (value is not None and code(value) == "1")


def _category(value: wire.Code) -> str:
    if type(value) is str and len(value) == 2 and value.isdigit():
        return value
    text = code(value)
    return text.zfill(2) if text else ""  # databases drop its leading zero (domain.md §2.2)


def _node(node: Any, name: str) -> Any:
    if node is None:
        raise Undecodable("missing_field", name)
    return node


def _listed(nodes: Any, name: str) -> list[Any]:
    if nodes is None:
        raise Undecodable("missing_field", name)
    return nodes if type(nodes) is list else [nodes]


def _main_diagnosis(stated: wire.Code, diagnoses: list[wire.Diagnosis] | None) -> str:
    main = code(stated)
    if main or not diagnoses:
        return main
    for diagnosis in diagnoses:
        if _flag(diagnosis.maindiag_flag):
            return code(diagnosis.diag_code)
    return code(diagnoses[0].diag_code)


# -- calls ----------------------------------------------------------------------------------------------------------


def _registration(call: wire.Call2201) -> tuple[facts.Fact, ...]:
    data = _node(_node(call.input, "input").data, "input.data")
    answer = _node(_node(call.output, "output").data, "output.data")
    return (
        facts.Registration(
            _required(answer.mdtrt_id, "output.data.mdtrt_id"),
            _required(data.psn_no, "psn_no"),
            _moment(data.begntime, "begntime"),
            code(data.dept_code),
            code(data.atddr_no),
        ),
    )


def _encounter(call: wire.Call2203) -> tuple[facts.Fact, ...]:
    node = _node(call.input, "input")
    info = _node(node.mdtrtinfo, "mdtrtinfo")
    return (
        facts.Encounter(
            _required(info.mdtrt_id, "mdtrt_id"),
            _required(info.psn_no, "psn_no"),
            _moment(info.begntime, "begntime"),
            code(info.med_type),
            _main_diagnosis(None, node.diseinfo),
        ),
    )


def _line(line: wire.FeeLine, result: wire.FeeResult | None) -> facts.Line:
    quantity = number_of(line.cnt, "cnt", LARGEST_QUANTITY)
    if quantity is None:
        raise Undecodable("missing_field", "cnt")
    refunds, etip, takeaway, supply = line.init_feedetl_sn, line.etip_flag, line.dscg_tkdrug_flag, line.prd_days
    return facts.Line(
        _required(line.feedetl_sn, "feedetl_sn"),
        "" if refunds is None else code(refunds),
        _moment(line.fee_ocur_time, "fee_ocur_time"),
        _required(line.med_list_codg, "med_list_codg"),
        quantity,
        _required_fen(line.det_item_fee_sumamt, "det_item_fee_sumamt"),
        None if result is None else _fen(result.inscp_scp_amt, "inscp_scp_amt"),
        "" if result is None else _category(result.med_chrgitm_type),
        etip is not None and _flag(etip),
        takeaway is not None and _flag(takeaway),
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
    lines = _listed(_node(call.input, "input").feedetail, "feedetail")
    groups: dict[tuple[str, str], list[facts.Line]] = {}
    persons: dict[str, str] = {}
    for line, result in zip(lines, _results(lines, call.output), strict=True):
        visit = _required(line.mdtrt_id, "mdtrt_id")
        persons[visit] = _required(line.psn_no, "psn_no")
        groups.setdefault((visit, "" if inpatient else code(line.chrg_bchno)), []).append(_line(line, result))
    if not groups:
        raise Undecodable("missing_field", "feedetail")
    return tuple(
        facts.Charges(visit, persons[visit], batch, tuple(of_visit), inpatient)
        for (visit, batch), of_visit in groups.items()
    )


def _pharmacy(call: wire.Call2102) -> tuple[facts.Fact, ...]:
    node = _node(call.input, "input")
    info = _node(node.druginfo, "druginfo")
    answer = _setlinfo(call.output)
    visit = _required(answer.mdtrt_id, "output.setlinfo.mdtrt_id")
    person = code(answer.psn_no) or _required(info.psn_no, "psn_no")
    lines = tuple(_line(line, None) for line in _listed(node.drugdetail, "drugdetail"))
    if not lines:
        raise Undecodable("missing_field", "drugdetail")
    return (
        facts.Charges(visit, person, "", lines),
        _settled(answer, visit, person, "", code(answer.med_type) or code(info.med_type) or "41", False),
    )


def _setlinfo(output: wire.SetlOutput | None) -> wire.SetlInfo:
    answer: wire.SetlInfo = _node(_node(output, "output").setlinfo, "output.setlinfo")
    return answer


def _settled(
    answer: wire.SetlInfo, visit: str, person: str, batch: str, med_type: str, interim: bool
) -> facts.Settlement:
    total = _required_fen(answer.medfee_sumamt, "medfee_sumamt")
    scope = _fen(answer.inscp_scp_amt, "inscp_scp_amt")
    return facts.Settlement(
        visit,
        person,
        _required(answer.setl_id, "output.setlinfo.setl_id"),
        batch,
        _moment(answer.setl_time, "setl_time"),
        med_type,
        total,
        total if scope is None else scope,
        _required_fen(answer.fund_pay_sumamt, "fund_pay_sumamt"),
        interim,
    )


def _settlement(call: wire.Call2207 | wire.Call2304) -> tuple[facts.Fact, ...]:
    data = _node(_node(call.input, "input").data, "input.data")
    answer = _setlinfo(call.output)
    return (
        _settled(
            answer,
            _required(data.mdtrt_id, "mdtrt_id"),
            _required(data.psn_no, "psn_no"),
            code(data.chrg_bchno),
            code(answer.med_type) or code(data.med_type),
            _flag(data.mid_setl_flag),
        ),
    )


def _settlement_voided(call: wire.Call2208 | wire.Call2305 | wire.Call2103) -> tuple[facts.Fact, ...]:
    data = _node(_node(call.input, "input").data, "input.data")
    answer = call.output.setlinfo if call.output is not None else None
    stated = _optional_moment(answer.setl_time, "setl_time") if answer is not None else None
    return (
        facts.SettlementVoided(
            _required(data.mdtrt_id, "mdtrt_id"),
            _required(data.setl_id, "setl_id"),
            code(answer.setl_id) if answer is not None else "",
            _moment(call.inf_time, "inf_time") if stated is None else stated,
        ),
    )


def _batch_voided(call: wire.Call2205) -> tuple[facts.Fact, ...]:
    data = _node(_node(call.input, "input").data, "input.data")
    batch = _required(data.chrg_bchno, "chrg_bchno")
    return (facts.ChargesVoided(_required(data.mdtrt_id, "mdtrt_id"), (), batch, batch == "0000"),)


def _lines_voided(call: wire.Call2302) -> tuple[facts.Fact, ...]:
    serials: dict[str, list[str]] = {}
    for row in _listed(_node(call.input, "input").data, "input.data"):
        serials.setdefault(_required(row.mdtrt_id, "mdtrt_id"), []).append(_required(row.feedetl_sn, "feedetl_sn"))
    return tuple(facts.ChargesVoided(visit, tuple(named), "", "0000" in named) for visit, named in serials.items())


def _admission(call: wire.Call2401) -> tuple[facts.Fact, ...]:
    node = _node(call.input, "input")
    info = _node(node.mdtrtinfo, "mdtrtinfo")
    visit = _required(_node(_node(call.output, "output").result, "output.result").mdtrt_id, "output.result.mdtrt_id")
    return (
        facts.Admission(
            visit,
            _required(info.psn_no, "psn_no"),
            _moment(info.begntime, "begntime"),
            code(info.med_type),
            _main_diagnosis(info.dscg_maindiag_code, node.diseinfo),
            code(info.adm_dept_codg),
            code(info.adm_bed),
            code(info.atddr_no),
            code(info.insutype),
        ),
    )


def _stay_change(call: wire.Call2403) -> tuple[facts.Fact, ...]:
    node = _node(call.input, "input")
    info = _node(node.adminfo, "adminfo")
    return (
        facts.StayChange(
            _required(info.mdtrt_id, "mdtrt_id"),
            _required(info.psn_no, "psn_no"),
            _moment(info.begntime, "begntime"),
            code(info.med_type),
            _main_diagnosis(info.dscg_maindiag_code, node.diseinfo),
            code(info.adm_dept_codg),
            code(info.adm_bed),
            code(info.atddr_no),
        ),
    )


def _discharge(call: wire.Call2402) -> tuple[facts.Fact, ...]:
    node = _node(call.input, "input")
    info = _node(node.dscginfo, "dscginfo")
    return (
        facts.Discharge(
            _required(info.mdtrt_id, "mdtrt_id"),
            _required(info.psn_no, "psn_no"),
            _moment(info.endtime, "endtime"),
            _main_diagnosis(None, node.diseinfo),
            code(info.dscg_dept_codg),
            code(info.dscg_bed),
            code(info.dscg_way),
            _optional_moment(info.die_date, "die_date"),
        ),
    )


def _admission_voided(call: wire.Call2404) -> tuple[facts.Fact, ...]:
    return (
        facts.AdmissionVoided(_required(_node(_node(call.input, "input").data, "input.data").mdtrt_id, "mdtrt_id")),
    )


def _discharge_voided(call: wire.Call2405) -> tuple[facts.Fact, ...]:
    return (
        facts.DischargeVoided(_required(_node(_node(call.input, "input").data, "input.data").mdtrt_id, "mdtrt_id")),
    )


def _reversal(call: wire.Call2601) -> tuple[facts.Fact, ...]:
    data = _node(_node(call.input, "input").data, "input.data")
    return (facts.Reversal(code(data.psn_no), _required(data.omsgid, "omsgid"), _required(data.oinfno, "oinfno")),)


def _settlement_list(call: wire.Call4101) -> tuple[facts.Fact, ...]:
    info = _node(_node(call.input, "input").setlinfo, "setlinfo")
    return (
        facts.SettlementList(
            _required(info.mdtrt_id, "mdtrt_id"),
            _required(info.setl_id, "setl_id"),
            # 是否有出院31天内再住院计划 is coded 1 = none, 2 = planned (settlement list of the national code book)
            code(info.days_rinp_flag_31) == "2",
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
    for info in _listed(getattr(_node(call.input, "input"), node), node):
        quantity = number_of(getattr(info, count_field), count_field, LARGEST_QUANTITY)
        if quantity is None:
            raise Undecodable("missing_field", count_field)
        moves.append(
            facts.StockMove(
                type(call).__name__.removeprefix("Call"),
                _required(info.fixmedins_bchno, "fixmedins_bchno"),
                _required(info.med_list_codg, "med_list_codg"),
                _moment(getattr(info, time_field), time_field),
                sign * quantity,
                code(info.mdtrt_sn),
                code(info.setl_id),
                code(info.psn_no),
                tuple(text for trace in info.drugtracinfo or () if (text := code(trace.drug_trac_codg))),
            )
        )
    return tuple(moves)


def _stock_deleted(call: wire.Call3507) -> tuple[facts.Fact, ...]:
    data = _node(_node(call.input, "input").data, "input.data")
    return (facts.StockDeleted(_required(data.fixmedins_bchno, "fixmedins_bchno"), code(data.inv_data_type)),)


_FACTS_OF: dict[type[wire.Call], Callable[[Any], tuple[facts.Fact, ...]]] = {
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
