"""Whose stays cost more than the same stays cost others?

Six hospitals discharge ten pneumonias each in the first week of March. Five bill 3,000 yuan in the mean (2,900 to 3,100), one
three times that: a bill's own spread of some 0.6 ln units over √10 stays is 0.19, with the peers' some 0.22, and the 1.3 by
which it lies from their median is six of these.
"""

from __future__ import annotations

import json

from schemas.china_time import DAY, format_time, parse_time
from tests.golden_cases.peers_story import SPREAD, City
from tests.golden_cases.story import Expected, case
from tests.wire_messages import moment

OTHERS = (2900.0, 2950.0, 3000.0, 3050.0, 3100.0)


def told(name: str, why: str, *expect: Expected, region: str = "320106", hospitals: int = 6) -> City:
    """A city with its wards."""
    return City("cost_level", name, why, *expect, region=region, hospitals=hospitals)


@case
def three_times_as_dear() -> City:
    city = told(
        "hit-three-times-as-dear",
        "十例肺炎均次约9,090元，同组五家约3,030元（均次系数1.01）：费用约为3倍，多出约60,600元，基金按60%为36,360元。",
        {
            "status": "open", "institution": "H32010600001", "group": "3201 A100 05", "severity": "high",
            "begin": "2026-03-01 00:00:00", "measures": {"cases_compared": 10, "mean_cost": 909_000, "peers": 5},
        },
    )  # fmt: skip
    city.ward((9000.0, *OTHERS))
    return city.ended(10)


@case
def half_as_dear_again() -> City:
    city = told("near-half-as-dear-again", "费用为同组的1.5倍：ln 1.5 = 0.41，不足两个标准差，十例不足以说明问题。")
    city.ward((4500.0, *OTHERS))
    return city.ended(10)


@case
def three_months_together() -> City:
    city = told(
        "hit-three-months-together",
        "一月至三月每月十例，费用都是同组的1.5倍：一个月不足三个标准差，两三个月合起来超过三个。二月、三月连续，是同一条疑点。",
        {
            "status": "open", "institution": "H32010600001", "severity": "low", "begin": "2026-02-01 00:00:00",
            "measures": {"cases_compared": 30, "peers": 5, "months_in_a_row": 2},
        },
    )  # fmt: skip
    for first in (-55, -25, 0):
        for number in range(10):
            for hospital, amount in enumerate((4500.0, *OTHERS)):
                city.discharged(hospital, first + number % 6, round(amount * SPREAD[number % len(SPREAD)], 2))
    return city.ended(10)


def dear_weeks(name: str, why: str, *expect: Expected, others: float = 1.0, times: float = 3.0) -> City:
    """From January 22nd on (day -39) a pneumonia a day at every hospital, some 3,000 yuan each; from February 22nd to March 7th
    (days -8 to 5) so many times as dear at the first, and at the others."""
    city = told(name, why, *expect, hospitals=5)
    for day in range(-39, 30):
        is_dear = -8 <= day <= 5
        for hospital in range(5):
            dear = (times if hospital == 0 else others) if is_dear else 1.0
            city.discharged(hospital, day, round(3000 * dear * SPREAD[(day + hospital) % len(SPREAD)], 2))
    return city.ended(34)


@case
def two_weeks_of_two_months() -> City:
    return dear_weeks(
        "hit-two-weeks-of-two-months",
        "2月22日至3月7日每天一例，费用为此前的三倍，其余各周与同组相同：分在两个月，按周计14例；3月以后照常，仍成立。",
        {"status": "open", "institution": "H32010600001", "begin": "2026-02-22 00:00:00", "end": "2026-03-07 23:59:59",
         "measures": {"cases_compared": 14, "peers": 4}},
    )  # fmt: skip


@case
def two_weeks_everywhere() -> City:
    return dear_weeks("exclude-two-weeks-at-all", "这两周全市各院费用都是三倍，不是该院异常。", others=3.0)


@case
def too_few_peers() -> City:
    city = told("exclude-too-few-peers", "全市只有四家机构，其他三家不足以作为同组比较。", hospitals=4)
    city.ward((9000.0, *OTHERS[:3]))
    return city.ended(10)


@case
def graver_cases() -> City:
    city = told("exclude-graver-cases", "该院多收脑梗死，同组收治脑梗死同样每例9,000元：病种更重，不是费用更高。")
    city.ward((3000.0, *OTHERS))
    for number in range(10):
        for hospital in range(6):
            if hospital == 0 or number < 3:
                city.discharged(hospital, number % 6, 9000.0 + 10 * number, diagnosis="I63.900")
    return city.ended(10)


@case
def nobody_has_described_it() -> City:
    city = told("exclude-not-described", "机构主数据缺失，不知道其级别和类型，不作判断。")
    city.institutions = city.institutions[1:]
    city.ward((9000.0, *OTHERS))
    return city.ended(10)


@case
def settlements_taken_back() -> City:
    city = told(
        "correct-settlements-taken-back",
        "3月12日该院其中七例结算撤销：剩三例，不足八例，疑点撤回。",
        {"status": "retracted", "institution": "H32010600001"},
    )
    visits = city.ward((9000.0, *OTHERS))
    city.ended(10)
    for number, visit in enumerate(visits[:7]):
        city.refund(0, visit, moment(10, 9, number))
    return city.ended(11)


@case
def late_settlements() -> City:
    city = told(
        "late-settlements",
        "该院的结算迟到一周才上传：3月18日再看时才发现。",
        {"status": "open", "institution": "H32010600001", "measures": {"cases_compared": 10}},
    )
    city.ward((9000.0, *OTHERS))
    city.sent = [_late(at, one) if b'"2304"' in one and b"H32010600001" in one else (at, one) for at, one in city.sent]
    return city.ended(17)


def _late(at: int, settled: bytes) -> tuple[int, bytes]:
    """Sent a week after it was made; ``inf_time`` says so."""
    call = json.loads(settled)
    call["inf_time"] = format_time(parse_time(call["inf_time"]) + 7 * DAY)
    return at + 7 * DAY, json.dumps(call, ensure_ascii=False).encode()
