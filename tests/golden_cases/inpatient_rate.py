"""Who admits too readily?

In the first week of March five hospitals see twenty outpatients each and admit one or two; one sees twenty and admits
eighteen. Its share is 18/38 = 0.474, theirs 1/21 or 2/22; the angles whose sine's square these are lie 0.46 apart, and chance
gives them 1.2/(2·√38) = 0.10, the peers and their median another 0.09: 3.4 standard deviations.
"""

from __future__ import annotations

import json

from tests.golden_cases.peers_story import City
from tests.golden_cases.story import Expected, case
from tests.wire_messages import moment


def told(name: str, why: str, *expect: Expected, admissions: int = 18, hospitals: int = 6, common: int = 1) -> City:
    """A city with its clinics and wards."""
    city = City("inpatient_rate", name, why, *expect, region="330106", hospitals=hospitals)
    for hospital in range(hospitals):
        for number in range(20):
            city.served(hospital, number % 6, 120.0)
        for number in range(admissions if hospital == 0 else common + hospital % 2):
            city.admitted(hospital, number % 6)
    return city


@case
def one_of_two_is_admitted() -> City:
    city = told(
        "hit-one-of-two-is-admitted",
        "18人次入院、20人次门诊：收住院比例47.4%，同组约5%至9%。",
        {"status": "open", "institution": "H33010600001", "measures": {"inpatient_share": 0.4737, "admissions": 18}},
    )
    return city.ended(10)


@case
def three_months_together() -> City:
    city = City(
        "inpatient_rate", "hit-three-months-together",
        "一月至三月每月入院8人次、门诊40人次，收住院比例16.7%，同组约2.4%：单月入院不足15人次，三个月合起来足以说明问题。",
        {"status": "open", "institution": "H33010600001", "measures": {"admissions": 24, "outpatient_visits": 120}},
        region="330106",
    )  # fmt: skip
    for first in (-55, -25, 0):
        for hospital in range(6):
            for number in range(40):
                city.served(hospital, first + number % 6, 120.0)
            for number in range(8 if hospital == 0 else 1):
                city.admitted(hospital, first + number % 6)
    return city.ended(10)


def two_weeks(name: str, why: str, *expect: Expected, others: int = 0) -> City:
    """From January 22nd on (day -39) three outpatients a day and every fourth day an admission at five hospitals; from February
    22nd to March 7th (days -8 to 5) two admissions a day at the first, and ``others`` at the rest."""
    city = City("inpatient_rate", name, why, *expect, region="330106", hospitals=5)
    for day in range(-39, 30):
        is_more = -8 <= day <= 5
        for hospital in range(5):
            for _ in range(3):
                city.served(hospital, day, 120.0)
            usual = day % 4 == 0
            for _ in range((2 if hospital == 0 else others or usual) if is_more else usual):
                city.admitted(hospital, day)
    return city.ended(34)


@case
def two_weeks_of_two_months() -> City:
    return two_weeks(
        "hit-two-weeks-of-two-months",
        "2月22日至3月7日每天入院2人次，平时四天1人次，门诊每天3人次：收住院比例40%，此前约8%。分在两个月，按周计；3月以后照常，仍成立。",
        {"status": "open", "institution": "H33010600001", "begin": "2026-02-22 00:00:00", "end": "2026-03-07 23:59:59",
         "measures": {"inpatient_share": 0.4, "admissions": 28, "outpatient_visits": 42}},
    )  # fmt: skip


@case
def two_weeks_everywhere() -> City:
    return two_weeks("exclude-two-weeks-at-all", "这两周全市各院入院都多（流感），不是该院异常。", others=2)


@case
def a_few_more() -> City:
    return told("near-a-few-more", "入院4人次，不足15人次，不判断。", admissions=4).ended(10)


@case
def all_admit_alike() -> City:
    city = told("exclude-all-admit-alike", "同组各院收住院比例相同，不异常。", common=17)
    return city.ended(10)


@case
def too_few_peers() -> City:
    return told("exclude-too-few-peers", "其他只有三家，不足以比较。", hospitals=4).ended(10)


@case
def admissions_cancelled() -> City:
    city = told(
        "correct-admissions-cancelled",
        "3月12日该院16次入院登记撤销（2404）：剩2人次，疑点撤回。",
        {"status": "retracted", "institution": "H33010600001"},
    )
    admitted = [one for _, one in city.sent if b'"2401"' in one and b"H33010600001" in one]
    city.ended(10)
    for number, one in enumerate(admitted[:16]):
        city.cancel(0, json.loads(one)["output"]["result"]["mdtrt_id"], moment(10, 9, number))
    return city.ended(11)
