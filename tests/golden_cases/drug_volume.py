"""Which volumes are out of the ordinary?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from schemas.china_time import format_time
from tests.golden_cases.story import FAMILY, HOSPITAL, Case, Expected, case
from tests.wire_messages import TABLETS, Billed, Gateway, institution_record, moment


def sales(name: str, why: str, *expect: Expected, days: int = 30, packs: Callable[[int], int] = lambda day: 4) -> Case:
    """A pharmacy's even sales of one drug up to ``days``."""
    told = Case("drug_volume", name, why, *expect)
    for day in range(days):
        if count := packs(day):
            told.sell(day, count)
    return told


SPIKE: Expected = {
    "status": "open", "severity": "medium", "item": TABLETS, "institution": HOSPITAL, "begin": "2026-04-01 00:00:00",
    "fund_at_risk": 145_000,
}  # fmt: skip


@case
def spike() -> Case:
    told = sales(
        "hit-spike",
        "Four packs a day for thirty days, then 120 on day 30 (04-01): thirty times, 116 packs of 12.50 yuan too many = 1,450 "
        "yuan: above three times but under 10,000 yuan: medium.",
        SPIKE,
    )
    told.sell(30, 120)
    return told.until(moment(32))


@case
def small_excess() -> Case:
    told = sales(
        "near-few-packs", "15 packs instead of 4: more than three times, but 11 packs too many where 12 are asked for."
    )
    told.sell(30, 15)
    return told.until(moment(40))


@case
def new_item() -> Case:
    told = sales(
        "exclude-warming-up", "The same spike on the tenth day of an item's history: nothing is known yet.", days=10
    )
    told.sell(10, 120)
    return told.until(moment(13))


@case
def rare_item() -> Case:
    told = sales(
        "near-rare-item", "One pack every third day, then four at once: small counts come in lumps.",
        days=60, packs=lambda day: int(day % 3 == 0),
    )  # fmt: skip
    told.sell(60, 4)
    return told.until(moment(70))


@case
def refunded_spike() -> Case:
    told = sales(
        "correct-refunded-sale", "The sale behind the spike is taken back (2103) on the next day.",
        {"status": "retracted", "item": TABLETS, "retraction": {"en": "the purchase was cancelled (2103)"}},
    )  # fmt: skip
    visit = told.sell(30, 120)
    told.send(moment(31, 12), told.gateway.refund_purchase(moment(31, 12), FAMILY[0], visit, f"S{visit}"))
    return told.until(moment(34))


@case
def refunded_before() -> Case:
    told = sales(
        "correct-refund-reversed", "The sale is taken back (2103), and that is reversed (2601): it stands, as in the spike.",
        SPIKE,
    )  # fmt: skip
    visit = told.sell(30, 120)
    refund = told.gateway.refund_purchase(moment(30, 12), FAMILY[0], visit, f"S{visit}")
    told.send(moment(30, 12), refund)
    told.send(moment(30, 13), told.gateway.reversal(moment(30, 13), FAMILY[0], refund))
    return told.until(moment(32))


@case
def lasting_rise() -> Case:
    told = sales(
        "hit-lasting-rise", "From day 30 on twelve packs a day instead of four: no single day is 12 packs out of the "
        "ordinary, the seven days up to it are: 84 where 28 were to be expected.",
        {"status": "open", "item": TABLETS, "institution": HOSPITAL},
        days=45, packs=lambda day: 4 if day < 30 else 12,
    )  # fmt: skip
    return told.until(moment(46))


@case
def late_spike() -> Case:
    told = sales(
        "late-lines-count-on-their-day",
        "An inpatient's 120 packs of day 30 are billed 60 h after its end: they count on the day of service.",
        {"status": "open", "item": TABLETS, "begin": "2026-04-01 00:00:00", "raised_at": "2026-04-04 12:00:00"},
        days=34,
    )
    at = moment(31) + 60 * 3600
    lines = [Billed("1", moment(30, 9), TABLETS, 120.0, 1500.0)]
    told.send(moment(29), told.gateway.admission(moment(29), FAMILY[1], "MI9"))
    told.send(at, told.gateway.bill(at, FAMILY[1], "MI9", lines))
    return told.until(moment(36))


def courses(told: Case, begins: Iterable[int], days: int) -> Case:
    """Inpatients who are given two packs a day, each from a day of his own on."""
    for number, first in enumerate(begins):
        visit, person = f"MI{number}", f"50010600000000{number:05d}"
        told.send(moment(first, 9), told.gateway.admission(moment(first, 9), person, visit))
        for day in range(first, first + days):
            at = moment(day, 18)
            told.send(at, told.gateway.bill(at, person, visit, [Billed(f"{day}", at, TABLETS, 2.0, 25.0)]))
    return told


@case
def courses_of_a_few() -> Case:
    told = sales(
        "near-courses-of-a-few-inpatients",
        "A pack every third day for thirty days; then four inpatients, one after another, are given two a day for nine days: "
        "72 packs where some 8 were to be expected, but four decisions.",
        packs=lambda day: int(day % 3 == 0),
    )
    return courses(told, range(30, 54, 6), 9).until(moment(60))


@case
def courses_of_many() -> Case:
    told = sales(
        "hit-courses-of-many-inpatients",
        "The same item, but fifteen inpatients at once are billed two a day for four days: that is no few.",
        {"status": "open", "item": TABLETS, "institution": HOSPITAL},
        packs=lambda day: int(day % 3 == 0),
    )
    return courses(told, [30] * 15, 4).until(moment(36))


@case
def cards_in_a_row() -> Case:
    told = sales(
        "exclude-cards-in-a-row",
        "Two packs every third day; on day 30 eleven cards are swiped within six minutes for three each. Who was there is what "
        "card_burst asks; the pharmacy's volume of the drug is not the question.",
        packs=lambda day: 2 * int(day % 3 == 0),
    )
    for number in range(11):
        at, visit = moment(30, 10) + 30 * number, f"MC{number}"
        lines = [Billed("1", at, TABLETS, 3.0, 37.5)]
        told.send(at, told.gateway.purchase(at, f"50010600000000{number:05d}", visit, f"S{visit}", lines))
    return told.until(moment(36))


def more_sales(name: str, why: str, *expect: Expected, packs: int, then: int) -> Case:
    """Every second day for sixty days one sale of ``packs``, for ten days four a day of ``then``."""
    told = sales(name, why, *expect, days=60, packs=lambda day: packs * int(day % 2 == 0))
    for day in range(60, 70):
        for number in range(4):
            told.sell(day, then, hour=9 + number)
    return told.until(moment(71))


@case
def more_sales_of_fewer_packs() -> Case:
    return more_sales(
        "hit-more-sales-of-fewer-packs",
        "Every second day for sixty days one sale of 22 packs; from day 60 on four sales of four a day: 112 packs a week "
        "where some 77 are usual say nothing, but 28 sales where 3.5 were to be expected do; 50 packs of 12.50 yuan too many.",
        {"status": "open", "item": TABLETS, "institution": HOSPITAL},
        packs=22, then=4,
    )  # fmt: skip


@case
def more_sales_of_little_worth() -> Case:
    return more_sales(
        "near-more-sales-of-little-worth",
        "Every second day for sixty days one sale of eleven packs; from day 60 on four sales of two a day, eight times as "
        "many: 25 packs of 12.50 yuan too many, less than the 500 yuan that are asked for.",
        packs=11, then=2,
    )  # fmt: skip


@case
def five_times_on_a_day() -> Case:
    told = sales(
        "hit-five-times-on-a-day",
        "Twelve packs a day in six sales, 63 on day 40 in fourteen: five times, rarer than one in ten thousand. Where a day "
        "is mostly empty that would be nothing.",
        {"status": "open", "item": TABLETS, "institution": HOSPITAL},
        days=0,
    )  # fmt: skip
    for day in range(40):
        for number in range(4 + (day * 7) % 5):
            told.sell(day, 2, hour=9 + number)
    for number in range(14):
        told.sell(40, 4 + number % 2, hour=8 + number)
    return told.until(moment(42))


def item(status: str = "open", **measured: float) -> Expected:
    """What is said of the drug."""
    return {"status": status, "item": TABLETS, "institution": HOSPITAL, "measures": measured}


@case
def slow_ramp() -> Case:
    told = sales(
        "hit-slow-ramp",
        "Twenty packs a day; from day 40 on a tenth more each week for two months: no week stands out from the one before, "
        "the 28 days do. It is said to climb by 1.10 a week, though the excess counts from later on.",
        item(weekly_growth=1.1),
        days=100, packs=lambda day: 20 if day < 40 else round(20 * 1.1 ** ((day - 40) / 7)),
    )  # fmt: skip
    return told.until(moment(101))


@case
def made_up_after_a_shortage() -> Case:
    told = sales(
        "exclude-made-up-after-a-shortage",
        "Twenty packs a day, none for fifteen days (300 missed), then 45 a day for ten: 250 more than usual are what was missed.",
        days=80, packs=lambda day: 20 if day < 40 or day >= 65 else 45 if day >= 55 else 0,
    )  # fmt: skip
    return told.until(moment(81))


@case
def hoarded_after_a_shortage() -> Case:
    told = sales(
        "hit-hoarded-after-a-shortage",
        "None for ten days (200 missed), then 80 a day for twenty: of 1,200 packs beyond the usual, 400 may be what was missed "
        "and is bought ahead.",
        item(volume_28d=1_380.0),
        days=90, packs=lambda day: 20 if day < 40 or day >= 70 else 80 if day >= 50 else 0,
    )  # fmt: skip
    return told.until(moment(91))


@case
def weekly_boxes() -> Case:
    told = sales(
        "exclude-weekly-boxes",
        "Two hundred packs every Monday; once none comes, and twice as much a week later.",
        days=120, packs=lambda day: (0 if day == 84 else 400 if day == 91 else 200) if day % 7 == 0 else 0,
    )  # fmt: skip
    return told.until(moment(121))


@case
def bulk_seller() -> Case:
    told = sales(
        "hit-bulk-seller",
        "2,000 to 2,400 packs a day; 7,500 on one.",
        item(volume_1d=7500.0),
        days=60, packs=lambda day: 2_000 + 100 * (day % 5),
    )  # fmt: skip
    told.sell(60, 7_500)
    return told.until(moment(63))


@case
def bulk_seller_half_as_much_again() -> Case:
    told = sales(
        "near-bulk-seller",
        "2,000 to 2,400 packs a day; a week of a third more is no lasting one.",
        days=70, packs=lambda day: round((2_000 + 100 * (day % 5)) * (1.33 if 55 <= day < 62 else 1.0)),
    )  # fmt: skip
    return told.until(moment(71))


# -- institutions that send no bills --------------------------------------------------------------------------------


def stock(told: Case, infno: str, day: int, packs: float, batch: str, hour: int = 9) -> None:
    """A stock report: bought (3503), sent back (3504) or sold (3505)."""
    node, prefix = ("purcinfo", "purc") if infno in ("3503", "3504") else ("selinfo", "sel")
    at = moment(day, hour)
    moved = {"med_list_codg": TABLETS, "fixmedins_bchno": batch, f"{prefix}_retn_cnt": packs}
    moved["purc_retn_stoin_time" if prefix == "purc" else "sel_retn_time"] = format_time(at)
    told.send(at, told.gateway.call(infno, at, {node: moved}))


def deliveries(name: str, why: str, *expect: Expected, infno: str = "3503", packs: int = 20, days: int = 40) -> Case:
    """An institution that sends nothing but its stock: deliveries (or sales) every second day."""
    told = Case("drug_volume", name, why, *expect)
    for day in range(0, days, 2):
        stock(told, infno, day, packs, f"B{day}")
    return told


@case
def bought_ten_times() -> Case:
    told = deliveries(
        "hit-purchases-where-nothing-is-billed",
        "Twenty packs bought every second day (3503), and no bills: ten times that for a week stands out of its purchases.",
        item(history=38.0),
    )
    for day in range(40, 48, 2):
        stock(told, "3503", day, 200, f"B{day}")
    return told.until(moment(49))


@case
def bought_and_billed() -> Case:
    told = sales(
        "exclude-purchases-where-bills-are-sent",
        "The same purchases of a pharmacy that bills four packs a day: its bills say what was sold.",
        days=50,
    )
    for day in range(0, 48, 2):
        stock(told, "3503", day, 20 if day < 40 else 200, f"B{day}", hour=11)
    return told.until(moment(51))


@case
def sold_from_stock() -> Case:
    told = deliveries(
        "hit-sales-from-stock",
        "Twenty packs sold from stock every second day (3505), and no bills; ten times that for a week. "
        "Purchases say nothing then.",
        item(history=38.0),
        infno="3505",
    )
    for day in range(40, 48, 2):
        stock(told, "3505", day, 200, f"B{day}")
        stock(told, "3503", day, 2_000, f"P{day}", hour=11)
    return told.until(moment(49))


@case
def purchase_deleted() -> Case:
    told = deliveries(
        "correct-purchases-deleted",
        "The purchases that stood out never were (3507), or went back (3504); one is reported twice.",
        item("retracted"),
    )
    for day in range(40, 48, 2):
        stock(told, "3503", day, 200, f"B{day}")
    stock(told, "3503", 46, 200, "B46", hour=12)
    for day in range(40, 46, 2):
        gone = {"data": {"fixmedins_bchno": f"B{day}", "inv_data_type": "3"}}
        told.send(moment(47, 9, day), told.gateway.call("3507", moment(47, 9, day), gone))
    stock(told, "3504", 46, 200, "R46", hour=13)
    return told.until(moment(50))


# -- beside the others of the region --------------------------------------------------------------------------------

# March 12th is day 10, April 1st day 30. April's first seven days are looked at on the 11th (day 40, 01:00) and compared within
# twenty hours; its first fourteen on the 18th (day 47).
BEGUN, RISEN, TOLD = 10, 30, 41
LOTS = (0, 3)  # Mondays and Thursdays


class Market(Case):
    """Pharmacies of one region that have one drug, four packs a day each: some sell them daily, the others in lots of fourteen on
    Mondays and Thursdays, so large that three times as much of them is no surprise by itself."""

    def __init__(self, name: str, why: str, *expect: Expected, pharmacies: int, daily: int = 1) -> None:
        super().__init__("drug_volume", name, why, *expect)
        self.codes = [f"P330106{number:05d}" for number in range(1, pharmacies + 1)]
        self.gateways = [Gateway(code) for code in self.codes]
        self.institutions = [institution_record(code, admdvs="330106", medins_type="B100") for code in self.codes]
        self.persons = []
        self.daily = daily

    def sold(self, pharmacy: int, day: int, packs: int, hour: int = 9, others: Mapping[str, int] = {}) -> None:
        """A purchase of the drug at 12.50 yuan a pack, and of so many packs of others."""
        at, visit = moment(day, hour, pharmacy), f"MP{pharmacy}-{day}-{hour}"
        lines = [
            Billed(str(number), at, item, float(many), 12.5 * many)
            for number, (item, many) in enumerate({TABLETS: packs, **others}.items(), 1)
        ]
        self.send(at, self.gateways[pharmacy].purchase(at, FAMILY[0], visit, f"S{visit}", lines))

    def refunded(self, pharmacy: int, day: int, hour: int, at: int) -> None:
        """What was `sold` is taken back."""
        visit = f"MP{pharmacy}-{day}-{hour}"
        self.send(at, self.gateways[pharmacy].refund_purchase(at, FAMILY[0], visit, f"S{visit}"))

    def sells(self, pharmacy: int, until: int, rise: Callable[[int], int]) -> None:
        """Its sales up to a day, each so many times what is usual."""
        for day in range(BEGUN, until):
            if pharmacy < self.daily:
                self.sold(pharmacy, day, 4 * rise(day))
            elif day % 7 in LOTS:
                self.sold(pharmacy, day, 14 * rise(day))

    def sells_all(self, until: int, rise: int, of_the_drug: int, range_: int) -> None:
        """The first pharmacy: so many other drugs in lots, all of them so many times what is usual from April 1st on."""
        for day in range(BEGUN, until):
            packs = 14 * since_april(rise)(day) if day % 7 in LOTS else 0
            others = {
                f"XC0{number % 10}AA{number:03d}" + TABLETS[9:]: packs for number in range(range_ if packs else 0)
            }
            self.sold(0, day, 4 * since_april(of_the_drug)(day), others=others)
        for pharmacy in range(1, len(self.codes)):
            self.sells(pharmacy, until, since_april(1))


def since_april(times: int) -> Callable[[int], int]:
    """So many times as much from April 1st on."""
    return lambda day: times if day >= RISEN else 1


def at_pharmacy(number: int, status: str = "open", **measured: float) -> Expected:
    """What is said of the drug there."""
    return {"status": status, "item": TABLETS, "institution": f"P330106{number:05d}", "measures": measured}


EXPLAINED = {
    "retraction": {"en": "the item rose at most other sellers of the region as well, which explains what was too much"}
}


@case
def wave() -> Case:
    told = Market(
        "correct-a-wave-at-eight-pharmacies",
        "From April 1st on eight pharmacies sell three times as much. Two sell daily and ring in the first days; on the 11th the "
        "seven others of each are known to have risen to 84 packs from 28, three times: taken back, and no later week rings.",
        at_pharmacy(1, "retracted") | EXPLAINED,
        at_pharmacy(2, "retracted") | EXPLAINED,
        pharmacies=8, daily=2,
    )  # fmt: skip
    for pharmacy in range(8):
        told.sells(pharmacy, TOLD + 3, since_april(3))
    return told.until(moment(TOLD + 4))


@case
def above_the_wave() -> Case:
    told = Market(
        "wave-five-times-the-others-rise",
        "The same wave; one pharmacy sells fifteen times as much, five times what the others' rise lets expect: it stays, with "
        "what lies above the wave.",
        at_pharmacy(1, others_rise=3.0),
        pharmacies=8,
    )  # fmt: skip
    told.sells(0, TOLD, since_april(15))
    for pharmacy in range(1, 8):
        told.sells(pharmacy, TOLD, since_april(3))
    return told.until(moment(TOLD + 1))


@case
def three_of_twelve() -> Case:
    told = Market(
        "hit-three-of-twelve-together",
        "Three of twelve pharmacies sell three times as much: of the eleven others of each most have not risen, and all three "
        "stay.",
        *(at_pharmacy(number) for number in (1, 2, 3)),
        pharmacies=12, daily=3,
    )  # fmt: skip
    for pharmacy in range(12):
        told.sells(pharmacy, TOLD, since_april(3 if pharmacy < 3 else 1))
    return told.until(moment(TOLD + 1))


@case
def wave_taken_back() -> Case:
    told = Market(
        "wave-that-was-taken-back",
        "Six pharmacies sold three times as much in the week from April 1st; at five of them two thirds of it are refunded "
        "(2103) on the 13th. Taken back on the 11th as a wave, the sixth's alert is there again after the look of the 18th.",
        at_pharmacy(1),
        pharmacies=6,
    )  # fmt: skip
    told.sells(0, 44, since_april(3))
    for pharmacy in range(1, 6):
        told.sells(pharmacy, 44, since_april(1))
        for day in range(RISEN, RISEN + 7):
            if day % 7 in LOTS:
                told.sold(pharmacy, day, 28, hour=15)
                told.refunded(pharmacy, day, 15, moment(42, 9, pharmacy + 10 * (day - RISEN)))
    return told.until(moment(49))


# -- beside the other items of the place ----------------------------------------------------------------------------

GROWN = {
    "retraction": {
        "en": "most other items of the institution rose as well, which explains what was too much; whether it grows too much as "
        "a whole is asked by spending_growth"
    }
}


@case
def a_place_that_grows() -> Case:
    told = Market(
        "correct-a-place-that-grows",
        "From April 1st on one pharmacy sells three times as much of all its thirteen drugs, its four peers sell as before. The "
        "one that it sells daily rings; on the 11th its twelve others are known to have risen three times: taken back, its "
        "growth is asked about as a whole.",
        at_pharmacy(1, "retracted") | GROWN,
        pharmacies=5,
    )  # fmt: skip
    told.sells_all(TOLD + 3, 3, 3, range_=12)
    return told.until(moment(TOLD + 4))


@case
def above_its_growth() -> Case:
    told = Market(
        "wave-five-times-its-own-rise",
        "The same pharmacy; of one drug it sells fifteen times as much, five times what its growth lets expect: it stays.",
        at_pharmacy(1, place_rise=3.0),
        pharmacies=5,
    )  # fmt: skip
    told.sells_all(TOLD, 3, 15, range_=12)
    return told.until(moment(TOLD + 1))


@case
def one_of_a_small_range() -> Case:
    told = Market(
        "hit-nine-others-rose-as-well",
        "Ten drugs, all sold three times as much: of so few half may be what is pushed, so it stays.",
        at_pharmacy(1),
        pharmacies=5,
    )  # fmt: skip
    told.sells_all(TOLD, 3, 3, range_=9)
    return told.until(moment(TOLD + 1))


@case
def growth_that_nobody_judges() -> Case:
    told = Market(
        "hit-nobody-to-judge-its-growth",
        "Thirteen drugs, all sold three times as much, at a pharmacy that has three peers: spending_growth cannot ask, so its "
        "drug stays.",
        at_pharmacy(1),
        pharmacies=4,
    )  # fmt: skip
    told.sells_all(TOLD, 3, 3, range_=12)
    return told.until(moment(TOLD + 1))


def priced(
    name: str, why: str, *expect: Expected, before: tuple[float, float], since: tuple[float, float], days: int
) -> Case:
    """A pharmacy's even sales, quantity and price of one, for fifty days and for so many ``since``."""
    told = Case("drug_volume", name, why, *expect)
    for day in range(50 + days):
        quantity, price = before if day < 50 else since
        at, visit = moment(day, 10), f"MP{day}"
        lines = [Billed("1", at, TABLETS, quantity, round(quantity * price, 2))]
        told.send(at, told.gateway.purchase(at, FAMILY[0], visit, f"S{visit}", lines))
    return told


DEARER: Expected = {
    "status": "open", "severity": "low", "item": TABLETS, "institution": HOSPITAL, "begin": "2026-04-21 00:00:00",
    "fund_at_risk": 84_000, "measures": {"price_of_pack": 3_000, "volume_since_begin": 48.0},
}  # fmt: skip


@case
def as_many_packs_and_dearer() -> Case:
    return priced(
        "hit-as-many-packs-and-dearer",
        "Four packs a day at 12.50 yuan for fifty days, then for twelve days as many at 30: 17.50 × 48 = 840 yuan too many.",
        DEARER, before=(4.0, 12.5), since=(4.0, 30.0), days=12,
    ).until(moment(62, 12))  # fmt: skip


@case
def a_few_dear_days() -> Case:
    return priced(
        "near-a-few-dear-days", "Four such days: 280 yuan too many, where 300 are asked for.",
        before=(4.0, 12.5), since=(4.0, 30.0), days=4,
    ).until(moment(60, 12))  # fmt: skip


@case
def packs_that_were_pieces() -> Case:
    return priced(
        "exclude-packs-that-were-pieces", "Forty tablets a day at 1.25 yuan, then four packs at 12.50: the money is the same.",
        before=(40.0, 1.25), since=(4.0, 12.5), days=20,
    ).until(moment(72, 12))  # fmt: skip


@case
def the_dear_sales_were_taken_back() -> Case:
    told = priced(
        "correct-dear-sales-taken-back", "The dear sales are all taken back (2103) on day 63: nothing stands.",
        {"status": "retracted"}, before=(4.0, 12.5), since=(4.0, 30.0), days=12,
    )  # fmt: skip
    for day in range(50, 62):
        at = moment(63, 9, day)
        told.send(at, told.gateway.refund_purchase(at, "", f"MP{day}", f"SMP{day}"))
    return told.until(moment(65))
