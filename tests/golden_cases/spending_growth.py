"""Whose spending grows as no other's does?

All through February six hospitals settle one visit of 100 yuan a day. In the first week of March five go on so; one settles
six a day at 400: 24 times as much a day. What chance gives the logarithm is 1.2·√(1/36 + 1/28) = 0.30, and ln 24 = 3.2 is ten
of these.
"""

from __future__ import annotations

import json

from tests.golden_cases.peers_story import City
from tests.golden_cases.story import Expected, case
from tests.wire_messages import institution_record, moment


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


def half_a_year(
    name: str, why: str, *expect: Expected, times: float = 3.2, since: int = -60, level: float = 1.0
) -> City:
    """From October to March (days -152 to 29) one visit a day of 500 yuan at the story's hospital, one every second day at four
    others; from ``since`` on so many times as dear.

    A month of some thirty visits is known to 0.46 (of the logarithm), half a year and three months together to
    √(0.46²/3 + 0.46²/3 + 2·0.1²) = 0.40: ln 3.2 = 1.16 is 2.9 of these. Of one month it is less than 3.25, which few visits need.
    """
    city = City("spending_growth", name, why, *expect, region="340106", hospitals=5)
    for day in range(-152, 30):
        for hospital in range(5):
            more = level * (times if day >= since else 1.0) if hospital == 0 else 1.0
            if hospital == 0 or day % 2 == 0:
                city.served(hospital, day, round((500.0 + 10 * hospital) * more, 2))
    return city


TOGETHER: Expected = {
    "status": "open", "institution": "H34010600001", "begin": "2026-03-01 00:00:00", "measures": {"growth_over_peers": 3.2},
}  # fmt: skip


@case
def three_months_together() -> City:
    city = half_a_year(
        "hit-three-months-together",
        "1月起费用为此前三个月的3.2倍，每月三十来笔：单看1月偏离2.95，笔数少，限值3.25；1至3月合看偏离2.9，笔数足，限值2.6。"
        "3月18日开始报，25日和4月4日各改一版：本院数字先到、同组后到，其间不说。",
        TOGETHER | {"group": "3401 A100 05", "revision": 3, "raised_at": "2026-03-18 01:01:01"},
    )
    return city.ended(34)


@case
def one_month_of_three() -> City:
    city = half_a_year("near-one-month", "只有3月为此前的3.2倍：三十来笔不足以判断。", since=-1)
    return city.ended(34)


@case
def change_only() -> City:
    city = half_a_year(
        "hit-nobody-of-its-level",
        "同级同类没有其他机构，只与同类（不分级）比较：水平不同不算，只看变化，1至3月为此前的3.2倍。",
        TOGETHER | {"group": "3401 A100"},
    )
    _of_another_level(city)
    return city.ended(34)


@case
def change_only_among_other_kinds() -> City:
    city = told(
        "hit-nobody-of-its-kind",
        "同类没有其他机构，只能与本地区有门诊的其他机构比较，限值须高出四分之一：2月日均60元，3月前7日为24倍，偏离十个标准差，仍报。",
        {"status": "open", "institution": "H34010600001", "group": "3401 门诊"},
    )
    _of_another_kind(city)
    return city.ended(10)


@case
def not_far_enough_among_other_kinds() -> City:
    city = half_a_year("near-nobody-of-its-kind", "1至3月合看偏离2.9：与同类比限值2.6，与其他类比为3.25，不报。")
    _of_another_kind(city)
    return city.ended(34)


@case
def always_more() -> City:
    city = half_a_year("exclude-always-ten-times", "一直是同类（不分级）的十倍，没有变化。", times=1.0, level=10.0)
    _of_another_level(city)
    return city.ended(34)


def _of_another_level(city: City) -> None:
    city.institutions[0] = institution_record(city.codes[0], admdvs="340106", medins_type="A100", hosp_lv="02")


def _of_another_kind(city: City) -> None:
    city.institutions[0] = institution_record(city.codes[0], admdvs="340106", medins_type="C220", hosp_lv="09")


def weeks(
    name: str, why: str, *expect: Expected, times: int = 6, others: int = 1, first: int = 13, last: int = 19
) -> City:
    """From January 22nd on (day -39) two visits a day of some 220 yuan at five hospitals; from March 15th to 21st (days 13 to 19,
    the third part of the month) so many times as many at the first, and at the others."""
    city = City("spending_growth", name, why, *expect, region="340106", hospitals=5)
    for day in range(-39, 20):
        is_more = first <= day <= last
        for hospital in range(5):
            for number in range(2 * ((times if hospital == 0 else others) if is_more else 1)):
                city.served(hospital, day, 200.0 + 10 * ((day + number + hospital) % 5))
    return city


@case
def stays_that_only_begin_to_end() -> City:
    city = City(
        "spending_growth", "exclude-stays-that-only-begin-to-end",
        "该院病人住一个月，1月22日开始上传，2月22日起才有出院结算：2月此前只有门诊。增长来自上传之初的住院尚未结算，不是该院异常。",
        region="340106", hospitals=5,
    )  # fmt: skip
    for day in range(-39, 30):
        for hospital in range(5):
            city.served(hospital, day, 200.0)
            if hospital > 0 or day >= -8:
                city.discharged(hospital, day, 3000.0 + 10 * (day % 5), nights=31 if hospital == 0 else 4)
    return city.ended(34)


@case
def one_week() -> City:
    city = weeks(
        "hit-one-week",
        "3月15日至21日门诊为此前的6倍，此前七周每周14笔、几乎不变：3月25日即报，按周计；按月计3月前21日为2.7倍。",
        {"status": "open", "institution": "H34010600001", "begin": "2026-03-15 00:00:00", "end": "2026-03-21 23:59:59",
         "raised_at": "2026-03-25 01:01:01", "measures": {"growth_over_peers": 6.04, "peers": 4}},
    )  # fmt: skip
    return city.ended(24)


@case
def one_week_everywhere() -> City:
    city = weeks("exclude-a-week-at-all", "该周全市各院门诊都是3倍（流感），不是该院异常。", times=3, others=3)
    return city.ended(24)


@case
def one_week_too_early() -> City:
    city = weeks("near-no-four-weeks-before", "2月中旬的一周为6倍，此前不足四个完整的周可比。", first=-15, last=-9)
    return city.ended(24)
