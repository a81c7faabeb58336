"""Who bills far more of a drug than its peers do for as many patients?

Six hospitals serve 32 outpatients each in the first week of March, 200 yuan a visit without the drug. At the five others eight
visits take three packs of 25 yuan each: 600 yuan, 18.75 a visit; the first look is on the 11th (day 9). Of honest peers that are
all alike the spread is what is believed beforehand: sqrt(4·0.6²/9) = 0.4. Of a week the limit is
2·sqrt(31/7) = 4.2 standard deviations, of a fortnight 2·sqrt(31/14) = 3.0.
"""

from __future__ import annotations

import json

from schemas.china_time import DAY, format_time, parse_time
from tests.golden_cases.peers_story import City
from tests.golden_cases.story import Expected, case
from tests.wire_messages import TABLETS, Billed, institution_record, moment

VISITS, BASE, PRICE = 32, 200.0, 25.0
OTHERS = (8, 3)  # visits with the drug, and packs each
PIECES = "TH0200118"
PUSHED = (30, 6)  # 180 packs, 4,500 yuan: 141 a visit, 7.5 times as much: 5.0 standard deviations
HALF_PUSHED = (30, 4)  # 120 packs, 3,000 yuan: 94 a visit, 5 times as much: 4.0 standard deviations


class Clinics(City):
    """A city whose hospitals see outpatients."""

    def treated(
        self, hospital: int, day: int, packs: int, *, amount: float = BASE, item: str = TABLETS, diagnosis: str = ""
    ) -> str:  # fmt: skip
        """An outpatient visit with so many packs, settled; its visit."""
        return self.billed(hospital, day, {item: packs} if packs else {}, amount=amount, diagnosis=diagnosis)

    def billed(
        self, hospital: int, day: int, packs: dict[str, int], *, amount: float = BASE, diagnosis: str = ""
    ) -> str:  # fmt: skip
        """An outpatient visit with packs of several items."""
        g, visit, person = self._next(hospital)
        at = moment(day, 8 + self.number % 9, self.number % 50)
        if diagnosis:
            self.send(at - 120, g.encounter(at - 120, person, visit, diagnosis))
        lines = [
            Billed(f"{visit}-{n}", at, item, float(one), PRICE * one) for n, (item, one) in enumerate(packs.items())
        ]
        if lines:
            self.send(at - 60, g.charges(at - 60, person, visit, "B1", lines))
        total = amount + sum(line.amount for line in lines)
        self.send(at, g.settle_visit(at, person, visit, "B1", f"S{visit}", total))
        return visit

    def week(
        self, pushed: tuple[int, int], others: tuple[int, int] = OTHERS, *, day: int = 0, diagnosis: str = "",
        item: str = TABLETS,
    ) -> list[str]:  # fmt: skip
        """A week of visits everywhere; those of the story's hospital that took the drug."""
        taken = []
        for hospital in range(len(self.codes)):
            with_drug, packs = others if hospital else pushed
            for number in range(VISITS):
                own = diagnosis if hospital == 0 and number >= 4 else ""
                visit = self.treated(
                    hospital, day + number % 6, packs if number < with_drug else 0, item=item, diagnosis=own
                )
                if hospital == 0 and number < with_drug:
                    taken.append(visit)
        return taken

    def dosed(self, patients: int, packs: int, first: int = 0, last: int = 12) -> list[str]:
        """As many inpatients of the story's hospital have packs on each of these days; their visits."""
        stays, g = [], self.gateways[self.codes[0]]
        for _ in range(patients):
            _, visit, person = self._next(0)
            begin = moment(first, 7, self.number % 50)
            self.send(begin + 60, g.admission(begin + 60, person, visit, begin=begin, bed=""))
            for day in range(first, last + 1):
                at = moment(day, 20, self.number % 50)
                line = Billed(f"{visit}-{day}", at, TABLETS, float(packs), PRICE * packs)
                self.send(at + 600, g.bill(at + 600, person, visit, [line]))
            stays.append(visit)
        return stays

    def refund_visit(self, hospital: int, visit: str, at: int) -> None:
        """A visit's settlement is taken back."""
        g = self.gateways[self.codes[hospital]]
        self.send(at, g.refund_visit(at, "", visit, f"S{visit}"))


def told(name: str, why: str, *expect: Expected, hospitals: int = 6) -> Clinics:
    """A city of hospitals of one kind."""
    return Clinics("drug_volume_peer", name, why, *expect, region="330106", hospitals=hospitals)


HIT: Expected = {"status": "open", "institution": "H33010600001", "item": TABLETS}


@case
def pushed_from_the_beginning() -> City:
    city = told(
        "hit-pushed-from-the-beginning",
        "32人次中30人次各6盒，共180盒4,500元，每人次141元；同组五家各24盒600元，每人次18.75元：7.5倍，按同组水平多出约3,900元，不足一万元；偏离5.0个标准差，3月只过了7天，限值为4.2，未到其一倍半。",
        HIT | {
            "severity": "low", "group": "3301 A100 05", "begin": "2026-03-01 00:00:00",
            "measures": {"packs_in_month": 180, "cases_served": 32, "peers": 5, "peers_with_the_item": 5, "rank_in_month": 1},
        },
    )  # fmt: skip
    city.week(PUSHED)
    return city.ended(10)


@case
def seen_by_the_fortnight() -> City:
    city = told(
        "hit-seen-by-the-fortnight",
        "每人次为同组5倍，偏离4.0个标准差：头7天限值4.2，不报；到第14天限值3.0，报一次。",
        HIT | {
            "revision": 1, "begin": "2026-03-01 00:00:00", "end": "2026-03-14 23:59:59",
            "measures": {"packs_in_month": 240, "cases_served": 64},
        },
    )  # fmt: skip
    city.week(HALF_PUSHED)
    city.week(HALF_PUSHED, day=6)
    return city.ended(17)


@case
def once_a_look() -> City:
    city = told(
        "hit-once-a-look",
        "两周都为同组7.5倍：头7天、头14天各看一次，只改一版；第二周的盒数先到、人次后到，其间不按两者混算。",
        HIT | {"revision": 2, "severity": "medium", "measures": {"packs_in_month": 360, "cases_served": 64}},
    )
    city.week(PUSHED)
    city.week(PUSHED, day=6)
    return city.ended(17)


@case
def a_week_says_little() -> City:
    city = told("near-a-week-says-little", "头7天每人次为同组5倍，偏离4.0个标准差，不足只过一周时的限值4.2。")
    city.week(HALF_PUSHED)
    return city.ended(10)


@case
def nobody_else_has_it() -> City:
    city = told(
        "hit-nobody-else-has-it",
        "同组五家没有这种药：各按200元上限计，每人次6.25元，该院为其22倍。",
        HIT | {"measures": {"peers": 5, "peers_with_the_item": 0}},
    )
    city.week(PUSHED, (0, 0))
    return city.ended(10)


@case
def only_one_of_its_kind() -> City:
    city = told(
        "exclude-only-one-of-its-kind",
        "同上，但该院是本地唯一的精神病医院，只能与全部有门诊的机构相比：别家没有的药是专科用药，不作判断。",
    )
    city.institutions[0] = institution_record(city.codes[0], admdvs="330106", medins_type="A520", hosp_lv="05")
    city.week(PUSHED, (0, 0))
    return city.ended(10)


@case
def only_one_of_its_kind_pushes_what_all_have() -> City:
    city = told(
        "hit-only-one-of-its-kind-pushes-what-all-have",
        "同一家医院，所用的药别家都有：仍与全部有门诊的机构相比。",
        HIT | {"measures": {"peers": 5, "peers_with_the_item": 5}},
    )
    city.institutions[0] = institution_record(city.codes[0], admdvs="330106", medins_type="A520", hosp_lv="05")
    city.week(PUSHED)
    return city.ended(10)


@case
def only_one_of_its_level() -> City:
    city = told(
        "exclude-only-one-of-its-level",
        "该院是本地唯一的三级综合医院，只能与同类的低一级医院相比：别家没有的药可能是它收治的病人才用，不作判断。",
    )
    city.institutions[0] = institution_record(city.codes[0], admdvs="330106", medins_type="A100", hosp_lv="03")
    city.week(PUSHED, (0, 0))
    return city.ended(10)


@case
def only_one_of_its_level_pushes_what_all_have() -> City:
    city = told(
        "hit-only-one-of-its-level-pushes-what-all-have",
        "同一家医院，所用的药别家都有，两周都为其7.5倍：报，但比与同级相比低一档。",
        HIT | {"severity": "low", "group": "3301 A100", "measures": {"packs_in_month": 360, "cases_served": 64}},
    )
    city.institutions[0] = institution_record(city.codes[0], admdvs="330106", medins_type="A100", hosp_lv="03")
    city.week(PUSHED)
    city.week(PUSHED, day=6)
    return city.ended(17)


@case
def each_has_its_own() -> City:
    city = told(
        "near-each-has-an-item-of-its-own",
        "六家各有一种只在本家好卖的药，两周96盒2,400元，是同组上限的12倍：各家都有一种同样突出、半数人次都用的品种（每家1种，限值0.3），不报。",
    )
    assorted(city, hospitals=6)
    return city.ended(17)


@case
def two_have_their_own() -> City:
    city = told(
        "hit-two-of-six-have-an-item-of-their-own",
        "六家中只有两家各有一种只在本家好卖的药：同组每家平均0.2种，不足0.3；两家都报。",
        {"status": "open", "item": "XB01", "measures": {"items_as_far_elsewhere": 0.2}},
        {"status": "open", "item": "XB11", "measures": {"items_as_far_elsewhere": 0.2}},
    )
    assorted(city, hospitals=2)
    return city.ended(17)


def assorted(city: Clinics, hospitals: int) -> None:
    """Two weeks in which half of the visits of so many hospitals take three packs of an item that nobody else has."""
    for week in range(2):
        for hospital in range(len(city.codes)):
            for number in range(VISITS):
                packs = 3 if hospital < hospitals and number % 2 else 0
                city.treated(hospital, 6 * week + number % 6, packs, item=f"XB{hospital}1")


@case
def the_one_that_boils() -> City:
    city = told(
        "exclude-only-one-boils-pieces",
        "饮片：同组五家没有，只该院是中医院，与不用饮片的机构不可比；西药则报。",
    )
    city.week(PUSHED, (0, 0), item=PIECES)
    return city.ended(10)


@case
def all_boil() -> City:
    city = told(
        "hit-pieces-that-all-boil",
        "饮片：同组五家各24份600元，该院180份4,500元，每人次为其7.5倍：可比，报。",
        HIT | {"item": PIECES, "severity": "low", "measures": {"peers": 5, "peers_with_the_item": 5}},
    )
    city.week(PUSHED, item=PIECES)
    return city.ended(10)


@case
def risen_to_the_top() -> City:
    city = told(
        "hit-risen-to-the-top",
        "各院2月、3月都有24种药各600元，2月没有该药；3月该药4,500元排第一：由24位以后升至第1位，程度加重。",
        HIT | {"severity": "medium", "measures": {"rank_in_month": 1}},
    )
    for day in (-13, 0):
        for hospital in range(6):
            city.billed(hospital, day, {f"XA{number:02d}": 24 for number in range(24)})
    city.week(PUSHED)
    return city.ended(10)


@case
def just_under_200_elsewhere() -> City:
    city = told(
        "hit-peers-just-under-200",
        "同组五家各6盒150元，不足200元不上报：按200元计，每人次6.25元，该院仍为其22倍。",
        HIT | {"measures": {"peers_with_the_item": 0}},
    )
    city.week(PUSHED, (2, 3))
    return city.ended(10)


@case
def two_inpatients() -> City:
    city = told(
        "exclude-two-inpatients-daily-doses",
        "两名住院患者每日10盒、各13天，共26笔6,500元，门诊64人次，同组没有：26笔不是26次，是两个疗程；用该品种的只有2人次，不足8人次。",
    )
    city.week((0, 0), (0, 0))
    city.week((0, 0), (0, 0), day=6)
    city.dosed(2, 10)
    return city.ended(17)


@case
def infusion_of_many() -> City:
    city = told(
        "hit-infusion-of-many-inpatients",
        "12名住院患者每日4盒、各6天，72笔7,200元，同组没有：12个疗程，仍为同组上限的36倍。",
        HIT | {"measures": {"served_with_the_item": 12, "peers_with_the_item": 0, "packs_in_month": 288}},
    )
    city.week((0, 0), (0, 0))
    city.dosed(12, 4, last=5)
    return city.ended(10)


@case
def course_billed_again() -> City:
    city = told(
        "correct-courses-taken-back",
        "12名住院患者的疗程报过疑点，3月12日其中5人的明细全部撤销：剩7人次，不足8人次，疑点撤回。",
        HIT | {"status": "retracted"},
    )
    city.week((0, 0), (0, 0))
    stays = city.dosed(12, 4, last=5)
    city.ended(10)
    g = city.gateways[city.codes[0]]
    for number, visit in enumerate(stays[:5]):
        city.send(moment(10, 9, number), g.cancel_lines(moment(10, 9, number), "", visit))
    return city.ended(11)


@case
def twice_as_much() -> City:
    city = told("near-twice-as-much", "每人次37.5元，是同组18.75元的两倍，不足2.5倍。")
    city.week((16, 3))
    return city.ended(10)


@case
def another_has_as_much() -> City:
    city = told("near-others-have-as-much", "同组两家同样多用：不比九成机构高出三成，可能是当地用药习惯。")
    for hospital in (1, 2):
        for number in range(PUSHED[0] - OTHERS[0]):
            city.treated(hospital, number % 6, 2 * PUSHED[1])
    city.week(PUSHED)
    return city.ended(10)


@case
def small_money() -> City:
    city = told("exclude-small-money", "该院60盒1,500元，按200元上限计多出1,300元，不足2,000元。")
    city.week((30, 2), (0, 0))
    return city.ended(10)


@case
def too_few_peers() -> City:
    city = told("exclude-too-few-peers", "全市只有四家机构，其他三家不足以作为同组比较。", hospitals=4)
    city.week(PUSHED)
    return city.ended(10)


@case
def specialist() -> City:
    city = told("exclude-specialist", "该院32人次中28人次为同组没有的肿瘤病种：用药不同有其原因，不作判断。")
    city.week(PUSHED, diagnosis="C50.900")
    return city.ended(10)


@case
def bought_into_stock() -> City:
    city = told("exclude-bought-not-sold", "采购入库（3503）不是销售，只看结算。")
    city.week(OTHERS)
    g = city.gateways[city.codes[0]]
    goods = {
        "med_list_codg": TABLETS,
        "purc_retn_cnt": 5_000.0,
        "purc_invo_no": "F1",
        "fixmedins_bchno": "K1",
        "purc_retn_stoin_time": format_time(moment(3, 9)),
    }
    city.send(moment(3, 9), g.call("3503", moment(3, 9), {"purcinfo": goods}))
    return city.ended(10)


@case
def settlements_taken_back() -> City:
    city = told(
        "correct-settlements-taken-back",
        "3月12日其中22人次的结算撤销：剩8人次48盒，疑点撤回。",
        HIT | {"status": "retracted"},
    )
    visits = city.week(PUSHED)
    city.ended(10)
    for number, visit in enumerate(visits[:22]):
        city.refund_visit(0, visit, moment(10, 9, number))
    return city.ended(11)


@case
def late_settlements() -> City:
    city = told(
        "late-settlements",
        "该院的结算迟到四天才上传，3月7日的五笔在第一次看之后才到：当即重新比较，180盒。",
        HIT | {"begin": "2026-03-01 00:00:00", "measures": {"packs_in_month": 180}},
    )
    city.week(PUSHED)
    own = city.codes[0].encode()
    city.sent = [_late(at, one) if b'"2207"' in one and own in one else (at, one) for at, one in city.sent]
    return city.ended(10)


def _late(at: int, settled: bytes) -> tuple[int, bytes]:
    """Sent four days after it was made; ``inf_time`` says so."""
    call = json.loads(settled)
    call["inf_time"] = format_time(parse_time(call["inf_time"]) + 4 * DAY)
    return at + 4 * DAY, json.dumps(call, ensure_ascii=False).encode()
