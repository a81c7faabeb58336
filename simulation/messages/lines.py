"""What does a fee line say when it is sent, and what does the platform answer?"""

from typing import Any

import msgspec

from simulation.bills import shares
from simulation.catalogue import Item
from simulation.diagnoses import DEPARTMENTS
from simulation.offices import Office

_CLINICAL_DOCTOR = "医师"


class Line(msgspec.Struct, gc=False):
    """One fee line: what, how much of it, at which price (fen), and when (business time as it will be written)."""

    item: Item
    count: int
    price: int
    when: str
    number: str = ""  # feedetl_sn, given when it is sent
    undoes: str = ""  # the number of the line that it takes back
    taken_home: bool = False
    days: int = 7  # prd_days: for how long it is meant to last

    @property
    def amount(self) -> int:
        """det_item_fee_sumamt in fen."""
        return self.count * self.price


def fee(line: Line, office: Office, visit: str, psn_no: str, department: str, doctor: str) -> dict[str, Any]:
    """The fields that 2204 and 2301 have in common."""
    item, count, price = line.item, line.count, line.price
    return {
        "feedetl_sn": line.number,
        "mdtrt_id": visit,
        "psn_no": psn_no,
        "fee_ocur_time": line.when,
        "med_list_codg": item.code,
        "medins_list_codg": f"N{item.index:05}",
        "det_item_fee_sumamt": office.money(count * price),
        "cnt": office.count(count),
        "pric": office.price(price),
        "bilg_dept_codg": department,
        "bilg_dept_name": DEPARTMENTS[department],
        "bilg_dr_codg": doctor,
        "bilg_dr_name": _CLINICAL_DOCTOR,
        "hosp_appr_flag": "0",
    }


def answer(line: Line) -> dict[str, Any]:
    """One element of `result[]`: how the platform classed the line."""
    item = line.item
    amount = line.amount
    own, first, scope = shares(item, amount)
    return {
        "feedetl_sn": line.number,
        "det_item_fee_sumamt": amount / 100,
        "cnt": float(line.count),
        "pric": line.price / 100,
        "pric_uplmt_amt": item.limit_fen / 100,
        "selfpay_prop": item.self_pay_percent / 100,
        "fulamt_ownpay_amt": own / 100,
        "overlmt_amt": 0.0,
        "preselfpay_amt": first / 100,
        "inscp_scp_amt": scope / 100,
        "chrgitm_lv": item.level,
        "med_chrgitm_type": item.category,
        "bas_medn_flag": "1" if item.level == "01" else "0",
        "hi_nego_drug_flag": "0",
        "lmt_used_flag": "0",
        "drt_reim_flag": "0",
    }
