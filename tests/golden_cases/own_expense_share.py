"""Whose patients pay for too much outside of the catalogue?

Six hospitals discharge five stays of 5,000 yuan each: 25,000 yuan a month, and 20,000 are judged. Elsewhere 100 yuan of a
stay lie outside of the catalogue, 2 %.
"""

from __future__ import annotations

import json

from tests.golden_cases.peers_story import City, with_own
from tests.golden_cases.story import Expected, case
from tests.wire_messages import TABLETS, Billed, moment


def told(name: str, why: str, *expect: Expected, own: float, common: float = 100.0, hospitals: int = 6) -> City:
    """A city with its wards."""
    city = City("own_expense_share", name, why, *expect, region="350106", hospitals=hospitals)
    for number in range(5):
        for hospital in range(hospitals):
            city.discharged(hospital, number, 5000.0, own=own if hospital == 0 else common)
    return city


@case
def thirty_per_cent() -> City:
    city = told(
        "hit-thirty-per-cent",
        "25,000元中目录外7,500元，占30%，上限15%。",
        {"status": "open", "institution": "H35010600001", "measures": {"own_share": 0.3, "own_amount": 750_000}},
        own=1500.0,
    )
    return city.ended(10)


@case
def nobody_to_compare_with() -> City:
    city = told(
        "hit-alone-in-its-city",
        "全市只有一家，没有同组可比，但占比30%超过上限15%。",
        {"status": "open", "institution": "H35010600001", "severity": "low", "group": None},
        own=1500.0,
        hospitals=1,
    )
    return city.ended(10)


def half_a_month(name: str, why: str, *expect: Expected, share: float, others: float = 0.02) -> City:
    """From January 22nd on (day -39) four outpatients a day at 250 yuan, 2 % outside of the catalogue; from March 15th to 31st
    (days 13 to 29) that ``share`` at the first hospital, and ``others`` at the four others."""
    city = City("own_expense_share", name, why, *expect, region="350106", hospitals=5)
    for day in range(-39, 30):
        for hospital in range(5):
            of_day = (share if hospital == 0 else others) if day >= 13 else 0.02
            for _ in range(4):
                city.served(hospital, day, 250.0, own=round(250 * of_day, 2))
    return city.ended(34)


@case
def half_of_a_month() -> City:
    return half_a_month(
        "hit-half-of-a-month",
        "3月15日至31日占22%，此前约2%：按周计应为2%；全月占13%，低于上限15%。",
        {"status": "open", "institution": "H35010600001", "severity": "medium", "begin": "2026-03-15 00:00:00",
         "end": "2026-03-31 23:59:59", "measures": {"own_share": 0.22}},
        share=0.22,
    )  # fmt: skip


@case
def half_a_month_everywhere() -> City:
    return half_a_month(
        "exclude-half-a-month-at-all", "全市各院都是14%（药品调出目录），不是该院异常。", share=0.14, others=0.14
    )


def shops(name: str, why: str, *expect: Expected, last: int) -> City:
    """From January 22nd on four sales of 800 yuan daily at five shops, 2 % outside of the catalogue; from March 15th (day 13)
    to ``last`` 30 % at the first."""
    city = City("own_expense_share", name, why, *expect, region="350106", hospitals=5)
    for day in range(-39, 30):
        for shop in range(5):
            share = 0.3 if shop == 0 and 13 <= day <= last else 0.02
            for _ in range(4 if shop == 0 else 2):
                g, visit, person = city._next(shop)
                at = moment(day, 8 + city.number % 9, city.number % 50)
                sold = g.purchase(at, person, visit, f"S{visit}", [Billed(f"{visit}-1", at, TABLETS, 4.0, 800.0)])
                city.send(at, with_own(sold, 800 * share))
    return city.ended(34)


@case
def a_shops_other_goods() -> City:
    return shops(
        "hit-shops-other-goods",
        "药店3月15日至28日目录外占30%，此前约2%，高出15%：可能刷卡买了目录外的商品。",
        {"status": "open", "institution": "H35010600001", "severity": "low", "begin": "2026-03-15 00:00:00"},
        last=26,
    )


@case
def a_shops_week() -> City:
    return shops("near-shops-single-week", "药店只有一周占30%：几件贵的商品就会如此。", last=19)


@case
def eight_per_cent() -> City:
    return told("near-seven-per-cent", "占7%，低于上限，也不比同组高出6个百分点。", own=350.0).ended(10)


@case
def small_month() -> City:
    city = City("own_expense_share", "exclude-small-month", "全月只有5,000元，不足20,000元，不判断。", region="350106")
    city.discharged(0, 1, 5000.0, own=2500.0)
    return city.ended(10)


@case
def settlements_taken_back() -> City:
    city = told(
        "correct-settlements-taken-back",
        "3月12日该院的五笔住院结算全部撤销：疑点撤回。",
        {"status": "retracted", "institution": "H35010600001"},
        own=1500.0,
    )
    settled = [json.loads(one) for _, one in city.sent if b'"2304"' in one and b"H35010600001" in one]
    city.ended(10)
    for number, one in enumerate(settled):
        city.refund(0, one["output"]["setlinfo"]["mdtrt_id"], moment(10, 9, number))
    return city.ended(11)
