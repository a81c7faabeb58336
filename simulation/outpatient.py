"""What happens at a visit to a clinic or out-patient department, from the register to the cashier?

One act sends one call and puts the next into the agenda; what goes wrong (a refund, a time-out, lines sent twice) was
decided with the visit, so that two runs go wrong alike.
"""

from enum import IntEnum
from functools import partial
from typing import Any

import msgspec

from simulation.bills import Bill
from simulation.diagnoses import DEPARTMENTS, Diagnosis
from simulation.messages.lines import Biller, Line, answer
from simulation.messages.settlement import Settled, cancellation, card, node, settle
from simulation.world import World


class Fate(IntEnum):
    """What goes wrong at a visit or a purchase."""

    NONE = 0
    REFUND = 1
    REFUND_AND_AGAIN = 2
    TIME_OUT = 3  # the settlement is reversed by 2601 and repeated under a new msgid
    LINES_AGAIN = 4  # the lines are deleted by 2205 and sent again
    TWICE = 5  # the settlement's message is relayed twice


class Visit(msgspec.Struct):
    """One visit; what is empty is filled in when the call that brings it goes out."""

    person: int
    institution: int
    diagnosis: Diagnosis
    med_type: str
    lines: list[Line]
    pauses: tuple[int, int, int]  # seconds from one call to the next
    fate: Fate = Fate.NONE
    refund_after: int = 1_800
    certificate: str = ""  # mdtrt_cert_type; empty for the person's usual card
    operator: str = ""  # opter; empty for whoever is at the counter
    entered_late: int = 0  # seconds between what happened and its entry into the computer
    sent_out_for: str = ""  # code of the hospital whose inpatient comes for an examination only (外检)
    began: int = 0
    number: str = ""
    batch: str = ""
    bill: Bill = msgspec.field(default_factory=Bill)
    settled: Settled | None = None


class OutPatients:
    """The acts of out-patient visits."""

    def __init__(self, world: World) -> None:
        self._world = world

    def book(self, at: int, visit: Visit) -> None:
        """The visit begins at `at`."""
        self._world.agenda.put(at, visit.institution, partial(self._register, visit))

    def _next(self, at: int, visit: Visit, act: Any) -> None:
        self._world.agenda.put(at, visit.institution, partial(act, visit))

    def _send(
        self, infno: str, at: int, visit: Visit, body: dict[str, Any], reply: dict[str, Any], msgid: str | None = None
    ) -> bytes:
        return self._world.message(infno, at, visit.institution, visit.person, body, reply, msgid, visit.operator)

    def _doctor(self, visit: Visit) -> str:
        return self._world.offices[visit.institution].doctor(visit.began + visit.person)

    def _register(self, visit: Visit, at: int) -> bytes:
        world = self._world
        office = world.offices[visit.institution]
        visit.number, visit.began = world.platform.visit(), at - visit.entered_late
        psn_no, chart = world.people.psn_no(visit.person), office.chart()
        department = visit.diagnosis.department
        body = {
            "psn_no": psn_no,
            "insutype": world.people.insurance(visit.person),
            "begntime": world.timeline.stamp(visit.began),
            "mdtrt_cert_type": visit.certificate or card(visit.person),
            "mdtrt_cert_no": psn_no[-8:],
            "ipt_otp_no": chart,
            "atddr_no": self._doctor(visit),
            "dr_name": "医师",
            "dept_code": department,
            "dept_name": DEPARTMENTS[department],
            "caty": department,
        }
        self._next(at + visit.pauses[0], visit, self._see)
        reply = {"mdtrt_id": visit.number, "psn_no": psn_no, "ipt_otp_no": chart}
        return self._send("2201", at, visit, {"data": body}, {"data": reply})

    def _see(self, visit: Visit, at: int) -> bytes:
        stamp = self._world.timeline.stamp(at - visit.entered_late)
        diagnosis = visit.diagnosis
        chronic = visit.med_type == "14"
        info = {
            "mdtrt_id": visit.number,
            "psn_no": self._world.people.psn_no(visit.person),
            "med_type": visit.med_type,
            "begntime": stamp,
            "dise_codg": diagnosis.code if chronic else "",
            "dise_name": diagnosis.name if chronic else "",
        }
        disease = {
            "diag_type": "1",
            "diag_srt_no": 1,
            "diag_code": diagnosis.code,
            "diag_name": diagnosis.name,
            "diag_dept": diagnosis.department,
            "dise_dor_no": self._doctor(visit),
            "dise_dor_name": "医师",
            "diag_time": stamp,
            "vali_flag": "1",
        }
        self._next(at + visit.pauses[1], visit, self._charge)
        return self._send("2203", at, visit, {"mdtrtinfo": info, "diseinfo": [disease]}, {})

    def _charge(self, visit: Visit, at: int) -> bytes:
        world = self._world
        office = world.offices[visit.institution]
        visit.batch = office.batch()
        psn_no, doctor = world.people.psn_no(visit.person), self._doctor(visit)
        stamp = world.timeline.stamp(at - visit.entered_late - min(60, visit.pauses[1]))
        when = stamp[:10] if office.institution.habits.days_only else stamp
        sent, replies = [], []
        more = f',"chrg_bchno":"{visit.batch}","rxno":"{visit.batch}","rx_circ_flag":"0"'
        if visit.sent_out_for:
            more += f',"etip_flag":"1","etip_hosp_code":"{visit.sent_out_for}"'
        biller = Biller(office, visit.number, psn_no, visit.diagnosis.department, doctor, more)
        visit.bill.clear()
        for line in visit.lines:
            line.number, line.when = office.line(), when
            sent.append(biller.fee(line, f',"prd_days":{line.days}'))
            replies.append(answer(line))
            visit.bill.add(line.item, line.amount)
        again = visit.fate is Fate.LINES_AGAIN
        self._next(at + visit.pauses[2], visit, self._take_lines_back if again else self._settle)
        return self._send("2204", at, visit, {"feedetail": sent}, {"result": replies})

    def _take_lines_back(self, visit: Visit, at: int) -> bytes:
        visit.fate = Fate.NONE
        wildcard = visit.person % 2 == 0
        body = {
            "mdtrt_id": visit.number,
            "chrg_bchno": "0000" if wildcard else visit.batch,
            "psn_no": self._world.people.psn_no(visit.person),
        }
        self._next(at + visit.pauses[1], visit, self._charge)
        return self._send("2205", at, visit, {"data": body}, {})

    def _settle(self, visit: Visit, at: int) -> bytes:
        world = self._world
        office = world.offices[visit.institution]
        msgid = office.msgid(at)
        bill = visit.bill
        settled = settle(world, visit.institution, visit.number, visit.person, visit.med_type, "11", bill)
        settled = msgspec.structs.replace(settled, certificate=visit.certificate)
        visit.settled = settled
        psn_no = world.people.psn_no(visit.person)
        body = {
            "psn_no": psn_no,
            "mdtrt_cert_type": visit.certificate or card(visit.person),
            "mdtrt_cert_no": psn_no[-8:],
            "med_type": visit.med_type,
            "medfee_sumamt": office.money(bill.total),
            "psn_setlway": "01",
            "mdtrt_id": visit.number,
            "chrg_bchno": visit.batch,
            "insutype": world.people.insurance(visit.person),
            "acct_used_flag": "1" if settled.payment.account else "0",
            "fulamt_ownpay_amt": office.money(bill.own),
            "overlmt_selfpay": office.money(bill.over),
            "preselfpay_amt": office.money(bill.first),
            "inscp_scp_amt": office.money(bill.scope),
        }
        message = self._send("2207", at, visit, {"data": body}, node(world, settled, at, msgid), msgid)
        self._after_settlement(visit, at, message, msgid)
        return message

    def _after_settlement(self, visit: Visit, at: int, message: bytes, msgid: str) -> None:
        fate = visit.fate
        if fate is Fate.TIME_OUT:
            self._world.agenda.put(at + 65, visit.institution, partial(self._reverse, visit, msgid))
        elif fate in (Fate.REFUND, Fate.REFUND_AND_AGAIN):
            self._next(at + visit.refund_after, visit, self._refund)
        elif fate is Fate.TWICE:
            self._world.resend(message, at + visit.pauses[0] % 90 + 1, visit.institution)
        visit.fate = Fate.REFUND_AND_AGAIN if fate is Fate.REFUND_AND_AGAIN else Fate.NONE

    def _reverse(self, visit: Visit, msgid: str, at: int) -> bytes:
        body = {"psn_no": self._world.people.psn_no(visit.person), "omsgid": msgid, "oinfno": "2207"}
        self._next(at + visit.pauses[0] % 50 + 5, visit, self._settle)
        return self._send("2601", at, visit, {"data": body}, {})

    def _refund(self, visit: Visit, at: int) -> bytes:
        world, settled = self._world, visit.settled
        assert settled is not None
        msgid = world.offices[visit.institution].msgid(at)
        psn_no = world.people.psn_no(visit.person)
        body = {"mdtrt_id": visit.number, "setl_id": settled.number, "psn_no": psn_no}
        if visit.fate is Fate.REFUND_AND_AGAIN:
            visit.fate = Fate.NONE
            self._next(at + visit.pauses[2], visit, self._settle)
        return self._send("2208", at, visit, {"data": body}, cancellation(world, settled, at, msgid), msgid)
