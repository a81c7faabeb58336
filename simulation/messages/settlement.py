"""What does a settlement say? The same node for out-patients, stays and pharmacies."""

from typing import Any

import msgspec
import orjson

from simulation.bills import Bill, Payment, pay, yuan
from simulation.institutions import REGION
from simulation.people import SPECIAL
from simulation.timeline import DAY
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
    more = f',"init_setl_id":"{settled.number}"'
    return {
        "setlinfo": _info(world, settled, at, msgid, world.platform.settlement(), -1, settled.payment.reversed(), more)
    }


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
    world: World, settled: Settled, at: int, msgid: str, number: str, sign: int, payment: Payment, more: str = ""
) -> orjson.Fragment:
    """JSON at once, as every visit has one; `more` is JSON of further fields, each with a comma before it."""
    people, person, bill = world.people, settled.person, settled.bill
    days_old = world.timeline.first_ordinal + at // DAY - int(people.born[person])
    age = max(0, days_old) / 365.25
    employed = bool(people.employed[person])
    psn_no = people.psn_no(person)
    share = 0.0 if bill.scope == 0 else round(abs(payment.pool) / bill.scope, 4)
    return orjson.Fragment(
        f'{{"mdtrt_id":"{settled.visit}","setl_id":"{number}","psn_no":"{psn_no}","psn_name":"参保人","psn_cert_type":"01",'
        f'"certno":"5001**********{psn_no[-4:]}","gend":"{people.gender[person]}","naty":"01",'
        f'"brdy":"{people.birthday(person)}","age":{float(int(age)) if age >= 1 else round(age, 1)},'
        f'"insutype":"{"310" if employed else "390"}","psn_type":"{("12" if age >= 60 else "11") if employed else "1501"}",'
        f'"cvlserv_flag":"0","setl_time":"{world.timeline.stamp(at)}","mdtrt_cert_type":"{settled.certificate or card(person)}",'
        f'"med_type":"{settled.med_type}","medfee_sumamt":{yuan(sign * bill.total)},'
        f'"fulamt_ownpay_amt":{yuan(sign * bill.own)},"overlmt_selfpay":{yuan(sign * bill.over)},'
        f'"preselfpay_amt":{yuan(sign * bill.first)},"inscp_scp_amt":{yuan(sign * bill.scope)},'
        f'"act_pay_dedc":{yuan(payment.deductible)},'
        f'"hifp_pay":{yuan(payment.pool)},"pool_prop_selfpay":{share},"cvlserv_pay":0.0,"hifes_pay":0.0,'
        f'"hifmi_pay":{yuan(payment.serious)},"hifob_pay":0.0,"maf_pay":{yuan(payment.aid)},"oth_pay":0.0,'
        f'"fund_pay_sumamt":{yuan(payment.fund)},"psn_part_amt":{yuan(payment.account + payment.cash)},'
        f'"acct_pay":{yuan(payment.account)},"psn_cash_pay":{yuan(payment.cash)},"balc":0.0,"acct_mulaid_pay":0.0,'
        f'"medins_setl_id":"{msgid}","clr_optins":"{REGION}","clr_way":"1","clr_type":"{settled.clearing}"{more}}}'
    )


def card(person: int) -> str:
    """mdtrt_cert_type: which card the person uses."""
    return ("03", "01", "03", "02", "01")[person % 5]
