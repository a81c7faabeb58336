"""What happens at a pharmacy's counter? One call holds the purchase whole: head, lines and settlement."""

from functools import partial

import msgspec
import orjson

from simulation.bills import Bill
from simulation.messages.lines import Line
from simulation.messages.settlement import Settled, cancellation, card, node, settle
from simulation.outpatient import Fate
from simulation.world import World


class Purchase(msgspec.Struct):
    """One purchase."""

    person: int
    institution: int
    lines: list[Line]
    fate: Fate = Fate.NONE
    refund_after: int = 1_800
    certificate: str = ""  # mdtrt_cert_type; empty for the person's usual card
    operator: str = ""  # opter; empty for whoever is at the counter
    began: int = 0
    number: str = ""  # of the newest purchase, where it is made again
    settled: Settled | None = None


class Pharmacies:
    """The acts of purchases."""

    def __init__(self, world: World) -> None:
        self._world = world

    def book(self, at: int, purchase: Purchase) -> None:
        """The purchase happens at `at`."""
        self._world.agenda.put(at, purchase.institution, partial(self._sell, purchase))

    def _sell(self, purchase: Purchase, at: int) -> bytes:
        world = self._world
        office = world.offices[purchase.institution]
        bill, sent = Bill(), []
        prescription, stamp = office.batch(), world.timeline.stamp(at)
        for line in purchase.lines:
            line.number, line.when = office.line(), stamp
            bill.add(line.item, line.amount)
            sent.append(orjson.Fragment(
                f'{{"feedetl_sn":"{line.number}","rxno":"{prescription}","rx_circ_flag":"0","fee_ocur_time":"{stamp}",'
                f'{line.item.named},{office.amounts(line.count, line.price)},"sin_dos_dscr":"","used_frqu_dscr":"",'
                f'"prd_days":{line.days},"bilg_dr_codg":"","bilg_dr_name":""}}'
            ))  # fmt: skip
        msgid = office.msgid(at)
        purchase.number, purchase.began = world.platform.visit(), at
        settled = settle(world, purchase.institution, purchase.number, purchase.person, "41", "41", bill)
        settled = msgspec.structs.replace(settled, certificate=purchase.certificate)
        purchase.settled = settled
        psn_no = world.people.psn_no(purchase.person)
        head = {
            "psn_no": psn_no,
            "mdtrt_cert_type": purchase.certificate or card(purchase.person),
            "mdtrt_cert_no": psn_no[-8:],
            "begntime": stamp,
            "medfee_sumamt": office.money(bill.total),
            "invono": prescription[-8:],
            "insutype": world.people.insurance(purchase.person),
            "acct_used_flag": "1" if settled.payment.account else "0",
            "med_type": "41",
        }
        reply = node(world, settled, at, msgid)
        body = {"druginfo": head, "drugdetail": sent}
        message = world.message(
            "2102", at, purchase.institution, purchase.person, body, reply, msgid, purchase.operator
        )
        self._after_sale(purchase, at, message, msgid)
        return message

    def _after_sale(self, purchase: Purchase, at: int, message: bytes, msgid: str) -> None:
        fate, agenda = purchase.fate, self._world.agenda
        purchase.fate = Fate.NONE
        if fate is Fate.TIME_OUT:
            agenda.put(at + 65, purchase.institution, partial(self._reverse, purchase, msgid))
        elif fate in (Fate.REFUND, Fate.REFUND_AND_AGAIN):
            agenda.put(at + purchase.refund_after, purchase.institution, partial(self._refund, purchase))
            if fate is Fate.REFUND_AND_AGAIN:
                agenda.put(at + purchase.refund_after + 240, purchase.institution, partial(self._sell, purchase))
        elif fate is Fate.TWICE:
            self._world.resend(message, at + 1 + purchase.person % 80, purchase.institution)

    def _reverse(self, purchase: Purchase, msgid: str, at: int) -> bytes:
        body = {"psn_no": self._world.people.psn_no(purchase.person), "omsgid": msgid, "oinfno": "2102"}
        self._world.agenda.put(at + 20, purchase.institution, partial(self._sell, purchase))
        return self._world.message("2601", at, purchase.institution, purchase.person, {"data": body}, {})

    def _refund(self, purchase: Purchase, at: int) -> bytes:
        world, settled = self._world, purchase.settled
        assert settled is not None
        msgid = world.offices[purchase.institution].msgid(at)
        psn_no = world.people.psn_no(purchase.person)
        body = {"mdtrt_id": settled.visit, "setl_id": settled.number, "psn_no": psn_no}
        reply = cancellation(world, settled, at, msgid)
        return world.message(
            "2103", at, purchase.institution, purchase.person, {"data": body}, reply, msgid, purchase.operator
        )
