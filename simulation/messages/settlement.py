"""What does a settlement say? The same node for out-patients, stays and pharmacies."""

from typing import Any

import msgspec

from simulation.bills import Bill, Payment, pay
from simulation.institutions import REGION
from simulation.people import SPECIAL
from simulation.world import World


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A settlement that stands, with all that its cancellation has to repeat."""

    visit: str
    number: str  # setl_id
    person: int
    med_type: str
    clearing: str  # clr_type
    bill: Bill
    payment: Payment
    certificate: str = ""  # mdtrt_cert_type; empty for the person's usual card


def settle(
    world: World, institution: int, visit: str, person: int, med_type: str, clearing: str, bill: Bill, package: int = 0
) -> Settled:
    """Issues the settlement's number and splits the bill; `package` fen is what the fund pays for, whatever is billed."""
    people = world.people
    aided = SPECIAL[people.special[person]] != ""
    level = world.institutions[institution].kind.level
    payment = pay(bill, clearing, level, bool(people.employed[person]), aided, package)
    return Settled(visit, world.platform.settlement(), person, med_type, clearing, bill.copy(), payment)


def node(world: World, settled: Settled, at: int, msgid: str) -> dict[str, Any]:
    """`setlinfo` and `setldetail` of 2207, 2304 and 2102."""
    info = _info(world, settled, at, msgid, settled.number, 1, settled.payment)
    return {"setlinfo": info, "setldetail": _detail(settled.bill, settled.payment, settled.clearing)}


def cancellation(world: World, settled: Settled, at: int, msgid: str) -> dict[str, Any]:
    """`setlinfo` of 2208, 2305 and 2103: a number of its own and all amounts negative."""
    info = _info(world, settled, at, msgid, world.platform.settlement(), -1, settled.payment.reversed())
    info["init_setl_id"] = settled.number
    return {"setlinfo": info}


def _detail(bill: Bill, payment: Payment, clearing: str) -> list[dict[str, Any]]:
    parts = (("310100", payment.pool), ("390200", payment.serious), ("610100", payment.aid))
    if clearing != "21":
        return []
    return [
        {"fund_pay_type": code, "fund_payamt": fen / 100, "inscp_scp_amt": bill.scope / 100}
        for code, fen in parts
        if fen
    ]


def _info(
    world: World, settled: Settled, at: int, msgid: str, number: str, sign: int, payment: Payment
) -> dict[str, Any]:
    people, person, bill = world.people, settled.person, settled.bill
    today = world.timeline.date(at // 86_400)
    born = type(today).fromordinal(int(people.born[person]))
    employed = bool(people.employed[person])
    age = max(0, (today - born).days) / 365.25
    psn_no = people.psn_no(person)
    share = 0.0 if bill.scope == 0 else round(abs(payment.pool) / bill.scope, 4)
    return {
        "mdtrt_id": settled.visit,
        "setl_id": number,
        "psn_no": psn_no,
        "psn_name": "参保人",
        "psn_cert_type": "01",
        "certno": f"5001**********{psn_no[-4:]}",
        "gend": str(people.gender[person]),
        "naty": "01",
        "brdy": born.isoformat(),
        "age": float(int(age)) if age >= 1 else round(age, 1),
        "insutype": "310" if employed else "390",
        "psn_type": ("12" if age >= 60 else "11") if employed else "1501",
        "cvlserv_flag": "0",
        "setl_time": world.timeline.stamp(at),
        "mdtrt_cert_type": settled.certificate or card(person),
        "med_type": settled.med_type,
        "medfee_sumamt": sign * bill.total / 100,
        "fulamt_ownpay_amt": sign * bill.own / 100,
        "overlmt_selfpay": sign * bill.over / 100,
        "preselfpay_amt": sign * bill.first / 100,
        "inscp_scp_amt": sign * bill.scope / 100,
        "act_pay_dedc": payment.deductible / 100,
        "hifp_pay": payment.pool / 100,
        "pool_prop_selfpay": share,
        "cvlserv_pay": 0.0,
        "hifes_pay": 0.0,
        "hifmi_pay": payment.serious / 100,
        "hifob_pay": 0.0,
        "maf_pay": payment.aid / 100,
        "oth_pay": 0.0,
        "fund_pay_sumamt": payment.fund / 100,
        "psn_part_amt": (payment.account + payment.cash) / 100,
        "acct_pay": payment.account / 100,
        "psn_cash_pay": payment.cash / 100,
        "balc": 0.0,
        "acct_mulaid_pay": 0.0,
        "medins_setl_id": msgid,
        "clr_optins": REGION,
        "clr_way": "1",
        "clr_type": settled.clearing,
    }


def card(person: int) -> str:
    """mdtrt_cert_type: which card the person uses."""
    return ("03", "01", "03", "02", "01")[person % 5]
