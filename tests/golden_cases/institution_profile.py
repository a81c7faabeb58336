"""Whose days look like no others?

Six hospitals settle one or two visits of some 100 yuan a day from January 15th on. Their group's own model begins when they
are first looked at, before the end of January; it has a window of 120 days after 20 days of six, those of Spring Festival
(February 16th to 24th) left out, and a limit after nine more. From March 13th to 20th one hospital settles six visits of 900
yuan a day.
"""

from __future__ import annotations

import json

from tests.golden_cases.peers_story import SPREAD, City
from tests.golden_cases.story import Expected, case
from tests.wire_messages import Billed, moment

SCAN = "210300001"  # a service, no volume
_FIRST, _LAST = 11, 18  # days of the tests' calendar: March 13th to 20th


def told(
    name: str, why: str, *expect: Expected, begin: int = _FIRST, last: int = _LAST, visits: int = 6, all_so: bool = False,
    since: int = -46,
) -> City:  # fmt: skip
    """A city whose clinics have been open since January 15th."""
    city = City("institution_profile", name, why, *expect, region="360106")
    for day in range(since, 21):
        for hospital in range(6):
            is_strange = begin <= day <= last and (hospital == 0 or all_so)
            for _ in range(visits if is_strange else 1 + (day + hospital) % 2):
                city.served(hospital, day, 900.0 if is_strange else 90.0 + 5 * (day % 4))
    return city


@case
def eight_days() -> City:
    city = told(
        "hit-eight-days",
        "3月13日至20日该院的门诊人次、基金支付和均次费用与同组及其自身都明显不同。",
        {"status": "open", "institution": "H36010600001", "group": "3601 A100 05"},
    )
    return city.ended(24)


def everything_a_little(name: str, why: str, dear: float, own: float) -> City:
    """From January on: stays and visits of one hospital so many times as dear, twice as many stays, and more to pay alone."""
    found = {
        "status": "open",
        "institution": "H36010600001",
        "begin": "2026-02-01 00:00:00",
        "measures": {"months_in_a_row": 2},
    }
    city = City("institution_profile", name, why, found, region="360106")
    for first in (-55, -25, 0):
        for hospital in range(6):
            times, alone = (dear, own) if hospital == 0 else (1.0, 0.02)
            for number in range(40):
                city.served(hospital, first + number % 6, round(100.0 * times * SPREAD[number % 5], 2))
            for number in range(9 if hospital == 0 else 4):
                bill = round(3000.0 * times * SPREAD[number % 5], 2)
                city.discharged(hospital, first + number % 6, bill, own=round(bill * alone, 2))
    return city.ended(10)


@case
def a_little_of_everything() -> City:
    return everything_a_little(
        "hit-a-little-of-everything",
        "一月至三月该院住院和门诊均次费用约为同组1.2倍，收住院更多，目录外占比更高：单项都不突出，合起来明显偏高。",
        1.2, 0.1,
    )  # fmt: skip


@case
def dearer_by_what_patients_pay() -> City:
    return everything_a_little(
        "hit-dearer-by-what-patients-pay",
        "费用为同组1.3倍、目录外占14%：均次费用单看已突出，但其中目录外部分由另一规则管，扣除后均次费用规则不报；本规则不因此让位。",
        1.3, 0.14,
    )  # fmt: skip


NIGHTS = 6  # of March, from the 2nd on


def by_night(
    name: str, why: str, *expect: Expected, everywhere: bool = False, served: int = 1, paid: int = 1, dated: bool = False
) -> City:  # fmt: skip
    """From January on 40 visits a month of some 100 yuan everywhere; in the first nights of March one hospital serves two more a
    night, at 400 yuan. ``served``, ``paid``: at which hour; ``dated``: lines say the date alone."""
    city = City("institution_profile", name, why, *expect, region="360106")
    for first in (-55, -25, 0):
        for hospital in range(6):
            for number in range(40):
                city.served(hospital, first + number % 6, round(100.0 * SPREAD[number % 5], 2))
    for hospital in range(6 if everywhere else 1):
        g = city.gateways[city.codes[hospital]]
        for number in range(2 * NIGHTS):
            _, visit, person = city._next(hospital)
            day, minute = number % NIGHTS, 10 + 20 * (number // NIGHTS)
            at, settled = moment(day, served, minute), moment(day, paid, minute + 9)
            line = Billed(f"{visit}-1", moment(day) if dated else at, SCAN, 1.0, 400.0)
            city.send(settled - 60, g.charges(settled - 60, person, visit, "B1", [line]))
            city.send(settled, g.settle_visit(settled, person, visit, "B1", f"S{visit}", 400.0))
    return city.ended(10)


NIGHTLY: Expected = {"status": "open", "institution": "H36010600001", "begin": "2026-03-01 00:00:00"}


@case
def dear_services_by_night() -> City:
    return by_night(
        "hit-dear-services-by-night",
        "3月2日至7日每夜1时许2人次、每次400元，共4,800元，占该院门诊费用8,840元的54%；同组五家和该院前两月都没有夜间费用。",
        NIGHTLY | {"severity": "medium", "measures": {"night_share": 0.543, "night_share_amount": 480_000}},
    )


@case
def everybody_has_nights() -> City:
    return by_night("near-everybody-has-nights", "六家医院都有同样的夜间急诊：与同组相同。", everywhere=True)


@case
def typed_in_by_night() -> City:
    return by_night(
        "exclude-typed-in-by-night", "白天15时的服务23时才补录结算：以费用发生时间为准。", served=15, paid=23
    )


@case
def dates_alone() -> City:
    return by_night("exclude-dates-alone", "明细只写日期，结算在白天：0时整不说明钟点，不算夜间。", paid=15, dated=True)


@case
def many_refunds() -> City:
    city = City(
        "institution_profile", "hit-many-refunds",
        "一月至三月各院每月40人次；该院3月2日至7日当日撤销结算20笔，占三分之一，同组没有。",
        NIGHTLY | {"severity": "medium", "fund_at_risk": 0, "measures": {"refund_share": 0.3333, "refund_share_amount": 20}},
        region="360106",
    )  # fmt: skip
    for first in (-55, -25, 0):
        for hospital in range(6):
            for number in range(60 if hospital == 0 and first == 0 else 40):
                day = first + number % 6
                visit = city.served(hospital, day, round(100.0 * SPREAD[number % 5], 2))
                if number >= 40:
                    at = moment(day, 20, number)
                    city.send(at, city.gateways[city.codes[0]].refund_visit(at, "", visit, f"S{visit}"))
    return city.ended(10)


@case
def three_days() -> City:
    return told("near-three-days", "只有三天异常，少于五天。", last=_FIRST + 2).ended(24)


@case
def still_learning() -> City:
    city = told("exclude-still-learning", "3月1日才开始上传，模型尚在学习，不判断。", since=-1)
    return city.ended(24)


@case
def settlements_taken_back() -> City:
    city = told(
        "correct-settlements-taken-back",
        "3月26日这些天的结算全部撤销（2208）：疑点撤回。",
        {"status": "retracted", "institution": "H36010600001"},
    )
    g = city.gateways[city.codes[0]]
    settled = [
        json.loads(one) for at, one in city.sent if b"H36010600001" in one and moment(_FIRST) <= at < moment(_LAST + 1)
    ]
    city.ended(24)
    for number, one in enumerate(settled):
        paid = one["output"]["setlinfo"]
        at = moment(24, 9, number)
        city.send(at, g.refund_visit(at, "", paid["mdtrt_id"], paid["setl_id"]))
    return city.ended(25)
