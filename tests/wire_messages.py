"""What would an institution's gateway have sent? Builders of `fund.transactions` and of reference records, as bytes.

Every builder writes the interface's own nodes and fields (wire.md); times are seconds of `schemas.china_time`, money yuan.
A gateway numbers its messages, so a repeat under a new ``msgid`` is simply the same call built again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from schemas.china_time import DAY, format_time, parse_time

DAY_ZERO = parse_time("2026-03-02")  # a Monday

BED, NURSING, CONSULTING = "110900001000000", "120100004000000", "110200005000000"
INFUSION, TABLETS, MATERIAL = "XB05BBA001", "XC08CAA002", "C0101010001"
CATEGORIES = {BED: "01", NURSING: "07", CONSULTING: "02", INFUSION: "09", TABLETS: "09", MATERIAL: "08"}

Json = dict[str, Any]


def moment(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """A time on the ``day``-th day of the tests' calendar, whose day 0 is Monday, 2026-03-02."""
    return DAY_ZERO + day * DAY + hour * 3600 + minute * 60 + second


class Billed(NamedTuple):
    """One line of a bill."""

    serial: str
    time: int
    item: str
    quantity: float = 1.0
    amount: float = 40.0
    refunds: str = ""
    takeaway: bool = False
    external: bool = False
    days: int | None = None  # prd_days


class Gateway:
    """One institution's sender."""

    def __init__(self, institution: str = "H50010600001") -> None:
        self.institution = institution
        self.operator = "0001"
        self.sent = 0

    def call(self, infno: str, at: int, sent: Json, answered: Json | None = None, msgid: str | None = None) -> bytes:
        """Any call, as it is mirrored."""
        self.sent += 1
        stamp = format_time(at).translate({ord(mark): None for mark in "-: "})
        envelope = {
            "infno": infno,
            "msgid": msgid if msgid is not None else f"{self.institution}{stamp}{self.sent:04d}",
            "mdtrtarea_admvs": "500106",
            "insuplc_admdvs": "500106",
            "opter": self.operator,
            "inf_time": format_time(at),
            "fixmedins_code": self.institution,
            "fixmedins_name": "…",
            "input": sent,
            "output": answered if answered is not None else {},
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    # -- stays ------------------------------------------------------------------------------------------------------

    def admission(
        self, at: int, person: str, visit: str, *, begin: int | None = None, diagnosis: str = "I10.x00",
        department: str = "A03", bed: str = "A03-001", med_type: str = "21", tel: str = "",
    ) -> bytes:  # fmt: skip
        """2401."""
        info = _stay_info(person, at if begin is None else begin, diagnosis, department, bed, med_type, tel)
        return self.call(
            "2401",
            at,
            {"mdtrtinfo": info | {"insutype": "390"}, "diseinfo": [_main(diagnosis)]},
            {"result": {"mdtrt_id": visit}},
        )

    def change(
        self, at: int, person: str, visit: str, *, begin: int, diagnosis: str = "I10.x00",
        department: str = "A03", bed: str = "A03-001", med_type: str = "21", tel: str = "",
    ) -> bytes:  # fmt: skip
        """2403, the whole snapshot."""
        info = _stay_info(person, begin, diagnosis, department, bed, med_type, tel)
        return self.call("2403", at, {"adminfo": info | {"mdtrt_id": visit}, "diseinfo": []})

    def discharge(
        self, at: int, person: str, visit: str, *, end: int | None = None, diagnosis: str = "", way: str = "1",
        died: str = "",
    ) -> bytes:  # fmt: skip
        """2402."""
        info = {
            "mdtrt_id": visit,
            "psn_no": person,
            "endtime": format_time(at if end is None else end),
            "dscg_way": way,
        } | ({"die_date": died} if died else {})
        return self.call("2402", at, {"dscginfo": info, "diseinfo": [_main(diagnosis)] if diagnosis else []})

    def cancel_admission(self, at: int, person: str, visit: str) -> bytes:
        """2404."""
        return self.call("2404", at, {"data": {"mdtrt_id": visit, "psn_no": person}})

    def cancel_discharge(self, at: int, person: str, visit: str) -> bytes:
        """2405."""
        return self.call("2405", at, {"data": {"mdtrt_id": visit, "psn_no": person}})

    def bill(self, at: int, person: str, visit: str, lines: Sequence[Billed]) -> bytes:
        """2301: lines of one stay."""
        return self.bills(at, [(person, visit, lines)])

    def bills(self, at: int, stays: Iterable[tuple[str, str, Sequence[Billed]]]) -> bytes:
        """2301: one message that bills several stays."""
        stays = list(stays)
        detail = [_line(line) | {"mdtrt_id": v, "psn_no": p} for p, v, lines in stays for line in lines]
        return self.call(
            "2301", at, {"feedetail": detail}, {"result": [_answer(line) for _, _, lines in stays for line in lines]}
        )

    def cancel_lines(self, at: int, person: str, visit: str, serials: Sequence[str] = ("0000",)) -> bytes:
        """2302: by serial, or all that is not settled."""
        rows = [{"mdtrt_id": visit, "psn_no": person, "feedetl_sn": serial} for serial in serials]
        return self.call("2302", at, {"data": rows})

    def settle_stay(
        self, at: int, person: str, visit: str, settlement: str, amount: float, *, med_type: str = "21",
        interim: bool = False,
    ) -> bytes:  # fmt: skip
        """2304."""
        data = {"psn_no": person, "mdtrt_id": visit, "mid_setl_flag": "1" if interim else "0", "medfee_sumamt": amount}
        return self.call("2304", at, {"data": data}, _setlinfo(at, person, visit, settlement, amount, med_type))

    def refund_stay(self, at: int, person: str, visit: str, settlement: str) -> bytes:
        """2305."""
        return self._refund("2305", at, person, visit, settlement)

    def settlement_list(self, at: int, person: str, visit: str, settlement: str, comes_back: str = "1") -> bytes:
        """4101."""
        info = {"mdtrt_id": visit, "setl_id": settlement, "days_rinp_flag_31": comes_back, "hi_paymtd": "1"}
        return self.call("4101", at, {"setlinfo": info, "diseinfo": [], "iteminfo": []})

    # -- outpatients and pharmacies ---------------------------------------------------------------------------------

    def registration(self, at: int, person: str, visit: str) -> bytes:
        """2201."""
        data = {"psn_no": person, "begntime": format_time(at), "dept_code": "A03", "atddr_no": "D500106000001"}
        return self.call("2201", at, {"data": data}, {"data": {"mdtrt_id": visit, "psn_no": person}})

    def encounter(
        self, at: int, person: str, visit: str, diagnosis: str = "J06.900", med_type: str = "11"
    ) -> bytes:  # fmt: skip
        """2203."""
        info = {"mdtrt_id": visit, "psn_no": person, "med_type": med_type, "begntime": format_time(at)}
        return self.call("2203", at, {"mdtrtinfo": info, "diseinfo": [_main(diagnosis)]})

    def charges(self, at: int, person: str, visit: str, batch: str, lines: Sequence[Billed]) -> bytes:
        """2204."""
        place = {"mdtrt_id": visit, "psn_no": person, "chrg_bchno": batch}
        return self.call(
            "2204",
            at,
            {"feedetail": [_line(line) | place for line in lines]},
            {"result": [_answer(line) for line in lines]},
        )

    def cancel_batch(self, at: int, person: str, visit: str, batch: str) -> bytes:
        """2205."""
        return self.call("2205", at, {"data": {"mdtrt_id": visit, "psn_no": person, "chrg_bchno": batch}})

    def settle_visit(
        self, at: int, person: str, visit: str, batch: str, settlement: str, amount: float, *, certificate: str = "",
    ) -> bytes:  # fmt: skip
        """2207."""
        data = {"psn_no": person, "mdtrt_id": visit, "chrg_bchno": batch, "med_type": "11", "medfee_sumamt": amount}
        return self.call(
            "2207", at, {"data": data}, _setlinfo(at, person, visit, settlement, amount, "11", certificate)
        )

    def refund_visit(self, at: int, person: str, visit: str, settlement: str) -> bytes:
        """2208."""
        return self._refund("2208", at, person, visit, settlement)

    def purchase(
        self, at: int, person: str, visit: str, settlement: str, lines: Sequence[Billed], *, certificate: str = "",
    ) -> bytes:  # fmt: skip
        """2102."""
        amount = sum(line.amount for line in lines)
        info = {"psn_no": person, "begntime": format_time(at), "med_type": "41", "medfee_sumamt": amount}
        return self.call(
            "2102",
            at,
            {"druginfo": info, "drugdetail": [_line(line) for line in lines]},
            _setlinfo(at, person, visit, settlement, amount, "41", certificate),
        )

    def refund_purchase(self, at: int, person: str, visit: str, settlement: str) -> bytes:
        """2103."""
        return self._refund("2103", at, person, visit, settlement)

    def reversal(self, at: int, person: str, reversed_call: bytes) -> bytes:
        """2601 of a call that was built here."""
        call = json.loads(reversed_call)
        return self.call("2601", at, {"data": {"psn_no": person, "omsgid": call["msgid"], "oinfno": call["infno"]}})

    def _refund(self, infno: str, at: int, person: str, visit: str, settlement: str) -> bytes:
        data = {"mdtrt_id": visit, "setl_id": settlement, "psn_no": person}
        answer = {"mdtrt_id": visit, "setl_id": "R" + settlement, "setl_time": format_time(at), "medfee_sumamt": -1.0}
        return self.call(infno, at, {"data": data}, {"setlinfo": answer})


def _stay_info(
    person: str, begin: int, diagnosis: str, department: str, bed: str, med_type: str, tel: str
) -> Json:  # fmt: skip
    return {
        "psn_no": person,
        "begntime": format_time(begin),
        "med_type": med_type,
        "atddr_no": "D500106000001",
        "adm_dept_codg": department,
        "adm_bed": bed,
        "dscg_maindiag_code": diagnosis,
    } | ({"tel": tel} if tel else {})


def _main(diagnosis: str) -> Json:
    return {"diag_type": "1", "maindiag_flag": "1", "diag_srt_no": 1, "diag_code": diagnosis}


def _line(line: Billed) -> Json:
    stated = {
        "feedetl_sn": line.serial,
        "fee_ocur_time": format_time(line.time),
        "med_list_codg": line.item,
        "cnt": line.quantity,
        "det_item_fee_sumamt": line.amount,
        "pric": line.amount / line.quantity if line.quantity else 0.0,
    }
    if line.days is not None:
        stated["prd_days"] = line.days
    if line.refunds:
        stated["init_feedetl_sn"] = line.refunds
    flags = {"dscg_tkdrug_flag": line.takeaway, "etip_flag": line.external}
    return stated | {flag: "1" for flag, is_set in flags.items() if is_set}


def _answer(line: Billed) -> Json:
    return {
        "feedetl_sn": line.serial,
        "inscp_scp_amt": line.amount,
        "med_chrgitm_type": CATEGORIES.get(line.item, "09"),
    }


def _setlinfo(
    at: int, person: str, visit: str, settlement: str, amount: float, med_type: str, certificate: str = ""
) -> Json:
    info: Json = {
        "mdtrt_id": visit,
        "setl_id": settlement,
        "psn_no": person,
        "setl_time": format_time(at),
        "med_type": med_type,
        "medfee_sumamt": amount,
        "inscp_scp_amt": amount,
        "fund_pay_sumamt": round(amount * 0.6, 2),
    } | ({"mdtrt_cert_type": certificate} if certificate else {})
    return {"setlinfo": info, "setldetail": []}


# -- references -----------------------------------------------------------------------------------------------------


def institution_record(institution: str, **more: object) -> bytes:
    """A value of ``fund.institutions``."""
    return json.dumps({"fixmedins_code": institution, "medins_name": f"机构{institution[-5:]}", **more}).encode()


def person_record(person: str, household: str = "", **more: object) -> bytes:
    """A value of ``fund.persons``."""
    return json.dumps({"psn_no": person, "household_id": household, "brdy": "1960-05-01", **more}).encode()


def catalogue_record(item: str, category: str, **more: object) -> bytes:
    """A value of ``fund.catalogue``."""
    return json.dumps({"med_list_codg": item, "name": item, "med_chrgitm_type": category, **more}).encode()


# -- days of a stay -------------------------------------------------------------------------------------------------


def routine_lines(visit: str, day: int) -> list[Billed]:
    """The night job's bed, nursing and consulting lines of one day (23:30)."""
    time = moment(day, 23, 30)
    return [
        Billed(f"{visit}-{day}-{name}", time, item, 1.0, amount)
        for name, item, amount in (("bed", BED, 40.0), ("nurse", NURSING, 18.0), ("round", CONSULTING, 12.0))
    ]


def treatment_lines(visit: str, day: int, quantity: float = 2.0) -> list[Billed]:
    """What shows that somebody was treated that day."""
    time = moment(day, 9, 30)
    return [Billed(f"{visit}-{day}-drip", time, INFUSION, quantity, 30.0 * quantity)]
