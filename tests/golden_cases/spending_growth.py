"""Whose spending grows as no other's does?

All through February six hospitals settle one visit of 100 yuan a day. In the first week of March five go on so; one settles
six a day at 400: 24 times as much a day. What chance gives the logarithm is 1.2·√(1/36 + 1/28) = 0.30, and ln 24 = 3.2 is ten
of these.
"""

from __future__ import annotations

import json

from tests.golden_cases.peers_story import City
from tests.golden_cases.story import Expected, case
from tests.wire_messages import moment


def told(
    name: str, why: str, *expect: Expected, visits: int = 6, amount: float = 400.0, common: int = 1, since: int = -29,
    hospitals: int = 6,
) -> City:  # fmt: skip
    """A city whose clinics have been open since February 1st (day -29)."""
    city = City("spending_growth", name, why, *expect, region="340106", hospitals=hospitals)
    for day in range(since, 6):
        for hospital in range(hospitals):
            for _ in range((visits if hospital == 0 else common) if day >= 0 else 1):
                city.served(hospital, day, amount if hospital == 0 and day >= 0 else 100.0 + hospital)
    return city


@case
def twenty_four_times() -> City:
    city = told(
        "hit-twenty-four-times",
        "2月日均基金支付60元，3月前6个营业日日均1,440元，为24倍；同组各院不变。3月1日为6笔之外的1笔，故按7日计。",
        {"status": "open", "institution": "H34010600001", "severity": "medium", "group": "3401 A100 05"},
    )
    return city.ended(10)


@case
def twice() -> City:
    city = told("near-a-little-more", "支付为2倍，超出不足5,000元，不判断。", visits=2, amount=100.0)
    return city.ended(10)


@case
def all_grow_alike() -> City:
    city = told("exclude-all-grow-alike", "流感季节全市门诊同样增长六倍，不是该院异常。", amount=100.0, common=6)
    return city.ended(10)


@case
def no_month_before() -> City:
    city = told("exclude-newly-opened", "全市2月20日才开始上传，没有完整的前一个月可比。", since=-10)
    return city.ended(10)


@case
def refunded() -> City:
    city = told(
        "correct-refunded",
        "3月12日该院3月的门诊结算全部撤销（2208）：疑点撤回。",
        {"status": "retracted", "institution": "H34010600001"},
    )
    g = city.gateways[city.codes[0]]
    settled = [json.loads(one) for at, one in city.sent if b"H34010600001" in one and at >= moment(0)]
    city.ended(10)
    for number, one in enumerate(settled):
        paid = one["output"]["setlinfo"]
        at = moment(10, 9, number)
        city.send(at, g.refund_visit(at, "", paid["mdtrt_id"], paid["setl_id"]))
    return city.ended(11)
