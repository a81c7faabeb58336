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
from tests.wire_messages import TABLETS, Billed, moment

SCAN = "210300001"  # a service, no volume
PHYSIOTHERAPY = "340200020"
_DRUGS, _TREATMENT = b'"med_chrgitm_type": "09"', b'"med_chrgitm_type": "05"'
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


def on_one_day(name: str, why: str, *expect: Expected, visits: int, markets: int = 0) -> City:
    """Clinics that are told as above, and on March 13th one serves so many at 40 yuan; ``markets``: every fifth day so many."""
    city = told(name, why, *expect, begin=1, last=0)
    for day in range(-46, 21):
        crowd = visits if day == _FIRST else markets if day % 5 == 0 else 0
        for number in range(crowd):
            city.served(0, day, 40.0 + number % 7)
    return city


@case
def a_crowd_on_one_day() -> City:
    crowd = {
        "status": "open", "institution": "H36010600001", "severity": "medium", "begin": "2026-03-13 00:00:00",
        "measures": {"odd_days": 1, "busiest_day_before": 2},
    }  # fmt: skip
    return on_one_day(
        "hit-a-crowd-on-one-day", "平日每天一两人次的医院3月13日结算122人次：一天足以说明问题。", crowd, visits=120
    ).ended(24)


@case
def a_crowd_on_market_days() -> City:
    return on_one_day(
        "near-market-days",
        "逢五赶集日各40人次，3月13日80人次，是此前最多一天的两倍：集日多不算异常。",
        visits=80,
        markets=40,
    ).ended(24)


@case
def a_crowd_taken_back() -> City:
    city = on_one_day(
        "correct-crowd-taken-back",
        "3月13日结算的120人次在27日全部撤销（2208）：疑点撤回。",
        {"status": "retracted", "institution": "H36010600001"},
        visits=0,
    )
    visits = [city.served(0, _FIRST, 40.0) for _ in range(120)]
    for number, visit in enumerate(visits):
        at = moment(25, 10, number % 60) + number // 60
        city.send(at, city.gateways[city.codes[0]].refund_visit(at, "", visit, f"S{visit}"))
    return city.ended(31)


def some_nights(name: str, why: str, *expect: Expected, nights: int) -> City:
    """In so many nights from March 13th on one clinic serves seven, at 100 yuan."""
    city = told(name, why, *expect, begin=1, last=0)
    for number in range(7 * nights):
        code = city.codes[0]
        _, visit, person = city._next(0)
        at = moment(_FIRST + number % nights, 1, number // nights * 8)
        line = Billed(f"{visit}-1", at, SCAN, 1.0, 100.0)
        city.send(at + 30, city.gateways[code].charges(at + 30, person, visit, "B1", [line]))
        city.send(at + 59, city.gateways[code].settle_visit(at + 59, person, visit, "B1", f"S{visit}", 100.0))
    return city.ended(24)


@case
def two_nights() -> City:
    nights = {
        "status": "open", "institution": "H36010600001", "begin": "2026-03-13 00:00:00",
        "measures": {"odd_days": 2, "night_share_amount": 140_000},
    }  # fmt: skip
    return some_nights(
        "hit-two-nights", "从无夜间服务的医院3月13日、14日凌晨各7人次、每次100元：共1,400元。", nights, nights=2
    )


@case
def one_night() -> City:
    return some_nights("near-one-night", "一夜7人次：急诊也会如此，须有两夜。", nights=1)


@case
def two_days_of_refunds() -> City:
    refunds = {
        "status": "open", "institution": "H36010600001", "fund_at_risk": 0, "begin": "2026-03-13 00:00:00",
        "measures": {"odd_days": 2, "refund_share_amount": 12},
    }  # fmt: skip
    city = told(
        "hit-two-days-of-refunds", "该院每天十三四人次；3月13日、14日当日结算后各撤销6笔，平日没有。全月占比不足一成。",
        refunds, begin=1, last=0,
    )  # fmt: skip
    for day in range(-46, 21):
        for _ in range(12):
            city.served(0, day, 60.0)
    for number in range(12):
        day = _FIRST + number % 2
        visit, at = city.served(0, day, 60.0), moment(day, 20, number)
        city.send(at, city.gateways[city.codes[0]].refund_visit(at, "", visit, f"S{visit}"))
    return city.ended(24)


def given_alike(
    name: str, why: str, *expect: Expected, days: int = 3, visits: int = 8, usually: float = 0.0
) -> City:  # fmt: skip
    """Every day eight outpatients of one clinic are given drugs, ``usually`` a part of them is treated as well; on so many days
    from March 13th on each of ``visits`` is treated."""
    city = told(name, why, *expect, begin=1, last=0)
    for day in range(-46, 21):
        is_odd = _FIRST <= day < _FIRST + days
        for number in range(visits):
            code = city.codes[0]
            _, visit, person = city._next(0)
            at = moment(day, 9, number * 4)
            is_treated = is_odd or number < visits * usually
            lines = [Billed(f"{visit}-1", at, PHYSIOTHERAPY if is_treated else TABLETS, 1.0, 30.0)]
            charges = city.gateways[code].charges(at + 30, person, visit, "B1", lines)
            city.send(at + 30, charges.replace(_DRUGS, _TREATMENT) if is_treated else charges)
            city.send(at + 59, city.gateways[code].settle_visit(at + 59, person, visit, "B1", f"S{visit}", 30.0))
    return city


@case
def three_days_of_treatment() -> City:
    treated = {
        "status": "open", "institution": "H36010600001", "severity": "low", "begin": "2026-03-13 00:00:00",
        "measures": {"odd_days": 3, "treated_share_amount": 24},
    }  # fmt: skip
    return given_alike(
        "hit-three-days-of-treatment", "平日每天八人次只开药，3月13日至15日全部只做治疗：共24人次。", treated
    ).ended(24)


@case
def four_days_of_treatment() -> City:
    treated = {"status": "open", "severity": "medium", "measures": {"odd_days": 4, "treated_share_amount": 32}}
    return given_alike("hit-treatment-on-four-days", "四天共32人次，为限值15人次的两倍以上。", treated, days=4).ended(
        24
    )


@case
def a_working_week_of_treatment() -> City:
    treated = {"status": "open", "severity": "low", "measures": {"odd_days": 5, "treated_share_amount": 40}}
    why = "五天共40人次：义诊周、疾病流行、新设科室也会持续一个工作周，只作低级提示。"
    return given_alike("hit-treatment-for-a-working-week", why, treated, days=5).ended(24)


@case
def two_days_of_treatment() -> City:
    return given_alike("near-two-days-of-treatment", "只有两天：义诊、集中复查也会如此。", days=2).ended(24)


@case
def a_clinic_that_treats() -> City:
    return given_alike("exclude-a-clinic-that-treats", "平日就有八成做治疗：全部做治疗不算异常。", usually=0.8).ended(
        24
    )
