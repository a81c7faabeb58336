"""What does a fee line say when it is sent, and what does the platform answer?"""

import msgspec
import orjson

from simulation.bills import shares, yuan
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


class Biller:
    """What the fee lines of one call have in common; a line is JSON at once, as there are more of them than of anything."""

    def __init__(self, office: Office, visit: str, psn_no: str, department: str, doctor: str, more: str = "") -> None:
        """`more` is JSON of further fields, each with a comma before it."""
        self._office = office
        self._whose = f'"mdtrt_id":"{visit}","psn_no":"{psn_no}"'
        self._by = (
            f'"bilg_dept_codg":"{department}","bilg_dept_name":"{DEPARTMENTS[department]}","bilg_dr_codg":"{doctor}",'
            f'"bilg_dr_name":"{_CLINICAL_DOCTOR}","hosp_appr_flag":"0"{more}'
        )

    def fee(self, line: Line, more: str = "") -> orjson.Fragment:
        """One element of `feedetail[]` of 2204 and 2301; `more` as above."""
        return orjson.Fragment(
            f'{{"feedetl_sn":"{line.number}",{self._whose},"fee_ocur_time":"{line.when}",{line.item.named},'
            f"{self._office.amounts(line.count, line.price)},{self._by}{more}}}"
        )


def answer(line: Line) -> orjson.Fragment:
    """One element of `result[]`: how the platform classed the line."""
    item, amount = line.item, line.count * line.price
    own, first, scope = shares(item, amount)
    return orjson.Fragment(
        f'{{"feedetl_sn":"{line.number}","det_item_fee_sumamt":{yuan(amount)},"cnt":{line.count}.0,'
        f'"pric":{yuan(line.price)},"fulamt_ownpay_amt":{yuan(own)},"overlmt_amt":0.0,'
        f'"preselfpay_amt":{yuan(first)},"inscp_scp_amt":{yuan(scope)},{item.classed}}}'
    )
