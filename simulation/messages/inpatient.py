"""The bodies of a stay's transactions: 2401, 2403, 2402, 2301, 2304 and 4101."""

from typing import Any

from simulation.diagnoses import DEPARTMENTS
from simulation.institutions import REGION
from simulation.messages.lines import Biller, Line, answer
from simulation.messages.settlement import Settled, card
from simulation.people import SPECIAL
from simulation.stays import Stay
from simulation.timeline import DAY
from simulation.world import World

_PAYMENT_METHODS = {"2105": "4", "26": "2", "28": "2"}  # hi_paymtd: by bed-day, by case; else by item


def admission(world: World, stay: Stay) -> dict[str, Any]:
    """2401 入院办理."""
    plan, people, stamp = stay.plan, world.people, world.timeline.stamp(stay.begin)
    psn_no, diagnosis = people.psn_no(plan.person), plan.diagnosis
    info = {
        "psn_no": psn_no,
        "insutype": people.insurance(plan.person),
        "coner_name": "",
        "tel": people.telephone(int(people.household[plan.person])),
        "begntime": stamp,
        "mdtrt_cert_type": card(plan.person),
        "mdtrt_cert_no": psn_no[-8:],
        "med_type": plan.med_type,
        "ipt_no": stay.chart,
        "medrcdno": stay.chart,
        "atddr_no": stay.doctor,
        "chfpdr_name": "医师",
        "adm_diag_dscr": diagnosis.name,
        "adm_dept_codg": stay.department,
        "adm_dept_name": DEPARTMENTS[stay.department],
        "adm_bed": stay.bed,
        "dscg_maindiag_code": diagnosis.code,
        "dscg_maindiag_name": diagnosis.name,
        "main_cond_dscr": "",
        "dise_codg": "",
        "dise_name": "",
    }
    if world.institutions[plan.institution].habits.leaves_out_optional:
        for name in ("coner_name", "main_cond_dscr", "dise_codg", "dise_name"):
            del info[name]
    return {"mdtrtinfo": info, "diseinfo": [{"psn_no": psn_no} | _disease(stay, stamp)]}


def change(world: World, stay: Stay) -> dict[str, Any]:
    """2403 入院信息变更: the whole snapshot as it is now."""
    plan, diagnosis = stay.plan, stay.plan.diagnosis
    info = {
        "mdtrt_id": stay.number,
        "psn_no": world.people.psn_no(plan.person),
        "begntime": world.timeline.stamp(stay.begin),
        "mdtrt_cert_type": card(plan.person),
        "med_type": plan.med_type,
        "ipt_otp_no": stay.chart,
        "atddr_no": stay.doctor,
        "chfpdr_name": "医师",
        "adm_diag_dscr": diagnosis.name,
        "adm_dept_codg": stay.department,
        "adm_dept_name": DEPARTMENTS[stay.department],
        "adm_bed": stay.bed,
        "dscg_maindiag_code": diagnosis.code,
        "dscg_maindiag_name": diagnosis.name,
    }
    return {"adminfo": info, "diseinfo": []}


def discharge(world: World, stay: Stay, way: str = "") -> dict[str, Any]:
    """2402 出院办理; `way` is what the office says (the plan's if empty)."""
    plan, stamp = stay.plan, world.timeline.stamp(stay.end)
    way = way or plan.discharge_way
    psn_no = world.people.psn_no(plan.person)
    info = {
        "mdtrt_id": stay.number,
        "psn_no": psn_no,
        "insutype": world.people.insurance(plan.person),
        "endtime": stamp,
        "dise_codg": "",
        "dise_name": "",
        "dscg_dept_codg": stay.department,
        "dscg_dept_name": DEPARTMENTS[stay.department],
        "dscg_bed": stay.bed,
        "dscg_way": way,
    }
    if way == "5":
        info["die_date"] = stamp[:10]
    return {"dscginfo": info, "diseinfo": [{"mdtrt_id": stay.number, "psn_no": psn_no} | _disease(stay, stamp)]}


def charges(world: World, stay: Stay, lines: list[Line]) -> tuple[dict[str, Any], dict[str, Any]]:
    """2301 住院费用明细 and its answer; every line must have its number."""
    office = world.offices[stay.plan.institution]
    psn_no = world.people.psn_no(stay.plan.person)
    biller = Biller(office, stay.number, psn_no, stay.department, stay.doctor, f',"med_type":"{stay.plan.med_type}"')
    sent = [biller.fee(line, _of_a_stay(line)) for line in lines]
    return {"feedetail": sent}, {"result": [answer(line) for line in lines]}


def _of_a_stay(line: Line) -> str:
    more = f',"drord_no":"{line.number}"'
    if line.undoes:
        more += f',"init_feedetl_sn":"{line.undoes}"'
    return more + ',"dscg_tkdrug_flag":"1"' if line.taken_home else more


def settlement(world: World, stay: Stay, settled: Settled, midway: bool) -> dict[str, Any]:
    """2304 住院结算."""
    office = world.offices[stay.plan.institution]
    psn_no = world.people.psn_no(stay.plan.person)
    bill = settled.bill
    body = {
        "psn_no": psn_no,
        "mdtrt_cert_type": card(stay.plan.person),
        "mdtrt_cert_no": psn_no[-8:],
        "medfee_sumamt": office.money(bill.total),
        "psn_setlway": "01",
        "mdtrt_id": stay.number,
        "insutype": world.people.insurance(stay.plan.person),
        "acct_used_flag": "1" if settled.payment.account else "0",
        "invono": office.batch()[-8:],
        "mid_setl_flag": "1" if midway else "0",
        "fulamt_ownpay_amt": office.money(bill.own),
        "overlmt_selfpay": office.money(bill.over),
        "preselfpay_amt": office.money(bill.first),
        "inscp_scp_amt": office.money(bill.scope),
    }
    return {"data": body}


def settlement_list(world: World, stay: Stay, settled: Settled) -> dict[str, Any]:
    """4101 结算清单: the only place with addresses."""
    plan, people, timeline = stay.plan, world.people, world.timeline
    household = int(people.household[plan.person])
    address, employed = people.address(household), bool(people.employed[plan.person])
    born = type(timeline.start).fromordinal(int(people.born[plan.person]))
    info = {
        "mdtrt_id": stay.number,
        "setl_id": settled.number,
        "fixmedins_code": world.institutions[plan.institution].code,
        "medcasno": stay.chart,
        "psn_name": "参保人",
        "gend": str(people.gender[plan.person]),
        "brdy": born.isoformat(),
        "patn_cert_type": "01",
        "certno": "",
        "curr_addr": address,
        "emp_name": people.employer_name(plan.person) if employed else "",
        "coner_name": "联系人",
        "patn_rlts": "1",
        "coner_addr": address,
        "coner_tel": people.telephone(household),
        "hi_type": people.insurance(plan.person),
        "insuplc": REGION,
        "sp_psn_type": SPECIAL[people.special[plan.person]],
        "ipt_med_type": "1",
        "adm_time": timeline.stamp(stay.begin),
        "adm_caty": stay.department,
        "dscg_time": timeline.stamp(stay.end),
        "dscg_caty": stay.department,
        "act_ipt_days": stay.end // DAY - stay.begin // DAY,
        "dscg_way": plan.discharge_way,
        "days_rinp_flag_31": "2" if plan.comes_back or plan.diagnosis.code == "Z51.102" else "1",
        "hi_paymtd": _PAYMENT_METHODS.get(plan.med_type, "1"),
        "setl_begn_date": timeline.date_text(stay.begin),
        "setl_end_date": timeline.date_text(stay.end),
    }
    disease = {"diag_type": "1", "diag_code": plan.diagnosis.code, "maindiag_flag": "1"}
    empty: dict[str, Any] = {"payinfo": [], "opspdiseinfo": [], "iteminfo": [], "oprninfo": [], "icuinfo": []}
    return {"setlinfo": info, "diseinfo": [disease]} | empty


def _disease(stay: Stay, stamp: str) -> dict[str, Any]:
    diagnosis = stay.plan.diagnosis
    return {
        "diag_type": "1",
        "maindiag_flag": "1",
        "diag_srt_no": 1,
        "diag_code": diagnosis.code,
        "diag_name": diagnosis.name,
        "diag_dept": stay.department,
        "dise_dor_no": stay.doctor,
        "dise_dor_name": "医师",
        "diag_time": stamp,
    }
