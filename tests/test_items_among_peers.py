"""What is told of an item, what counts of it in a group, and is it the same whatever the order in which it comes?"""

from __future__ import annotations

import json
from math import log

import pytest

from detectors.books.item import TELLING, ItemPage
from detectors.books.item_among_peers import KinPage, SoldMonth, SoldPage, sold_key
from detectors.books.item_bins import BILL, CASES, count_in, rows_of, size_bin
from detectors.books.item_comparing import compare_item, measure_item
from detectors.books.item_looks import post_item
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.books.member import CaseMix, MemberPage, Month, member_key
from detectors.books.peer_calendar import first_day, month_of, name_of, next_look
from detectors.books.peer_groups import SpreadPage
from detectors.engine.page import NEVER, encode_page
from detectors.engine.pages import Pages
from schemas.china_time import DAY, HOUR
from schemas.peer_days import DayCounts
from schemas.peer_items import InStays, ItemMonth
from tests.engine_run import EngineRun
from tests.golden_cases import DETECTORS
from tests.test_peers import story
from tests.wire_messages import TABLETS, Billed, Gateway, moment

MONTH = month_of(moment(0) // DAY)
THROUGH = first_day(MONTH) + 6
GROUP = "5001 A100 05"
GOLDEN = DETECTORS / "by_peers/drug_volume_peer/golden"
NO_STAYS = InStays()
KINDS = (MemberPage, SpreadPage, ItemSpreadPage, RankPage, SoldPage, KinPage)


# -- what is told ---------------------------------------------------------------------------------------------------


def bought(gateway: Gateway, day: int, packs: int, hour: int = 10) -> bytes:
    """A purchase of packs at 25 yuan."""
    at = moment(day, hour)
    lines = [Billed("1", at, TABLETS, float(packs), 25.0 * packs)]
    return gateway.purchase(at, "P1", f"M{day}-{hour}", f"S{day}-{hour}", lines)


def sold(engine: EngineRun) -> dict[str, tuple[int, int, int]]:
    """By month: packs, fen and sales that the peers' stage was told of."""
    [peers] = [stage for stage in engine.pipeline.stages if stage.name == "peers"]
    return {
        name_of(month): (known.packs // 1_000, known.fen, known.sales)
        for page in peers.pages.all_of(SoldPage)
        for month, known in page.months.items()
    }


def item_page(engine: EngineRun) -> ItemPage:
    [page] = engine.pipeline.stages[0].pages.all_of(ItemPage)
    return page


def test_a_month_below_200_yuan_is_never_told_and_its_page_never_woken() -> None:
    engine = EngineRun(rules=[]).take([bought(Gateway(), day, 1) for day in range(6)]).mark(moment(60))
    assert item_page(engine).tell_at == NEVER
    assert sold(engine) == {}


def test_it_is_told_at_the_look_after_its_days_have_closed() -> None:
    engine = EngineRun(rules=[]).take([bought(Gateway(), day, 5) for day in range(6)])  # 750 yuan until the 7th
    told_at = item_page(engine).tell_at
    assert moment(9) <= told_at < moment(9, 0, 40)  # the 11th, 72 hours after the 7th has ended
    engine.mark(told_at - 1)
    assert sold(engine) == {}
    engine.mark(told_at)
    assert sold(engine) == {"2026-03": (30, 75_000, 6)}


def test_what_comes_after_the_days_of_a_look_is_told_at_the_next() -> None:
    messages = [bought(Gateway(), day, 10) for day in (0, 1, 7)]
    engine = EngineRun(rules=[]).take(messages).mark(moment(9, 1))
    assert sold(engine) == {"2026-03": (20, 50_000, 2)}
    engine.mark(moment(16, 1))
    assert sold(engine) == {"2026-03": (30, 75_000, 3)}


def test_a_change_of_what_was_told_is_told_at_once() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([bought(gateway, day, 10) for day in range(4)]).mark(moment(9, 1))
    assert sold(engine) == {"2026-03": (40, 100_000, 4)}
    engine.take([gateway.refund_purchase(moment(9, 5), "P1", "M2-10", "S2-10")]).mark(moment(9, 6))
    assert sold(engine) == {"2026-03": (30, 75_000, 3)}
    for day in (0, 1, 3):
        engine.take([gateway.refund_purchase(moment(10, day), "P1", f"M{day}-10", f"S{day}-10")])
    engine.mark(moment(11))
    assert sold(engine) == {"2026-03": (0, 0, 0)}


def test_a_month_that_late_bills_bring_to_200_yuan_is_told_at_once() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([bought(gateway, 0, 5), bought(gateway, 8, 1)]).mark(moment(9, 1))
    assert sold(engine) == {}
    late = json.loads(bought(gateway, 5, 5))
    late["inf_time"] = "2026-03-11 08:00:00"
    engine.take([json.dumps(late).encode()]).mark(moment(9, 9))
    assert sold(engine) == {"2026-03": (10, 25_000, 2)}


def test_a_month_whose_first_days_are_forgotten_is_final() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([bought(gateway, day, 10) for day in range(0, 112, 4)]).mark(moment(112))
    told = sold(engine)
    engine.take([gateway.refund_purchase(moment(112, 5), "P1", "M28-10", "S28-10")]).mark(moment(113))
    assert sold(engine) == told
    assert "2026-03" in told


def test_an_item_of_an_institution_whose_region_was_wrong_is_taken_back_there() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([bought(gateway, day, 10) for day in range(4)]).mark(moment(9, 1))
    engine.pipeline.stages[0]._references.put_institution(  # type: ignore[attr-defined]
        json.dumps({"fixmedins_code": gateway.institution, "admdvs": "320106", "medins_type": "A100"}).encode()
    )
    engine.take([gateway.refund_purchase(moment(10), "P1", "M2-10", "S2-10")]).mark(moment(11))
    [peers] = [stage for stage in engine.pipeline.stages if stage.name == "peers"]
    assert {page.region: page.months[MONTH].fen for page in peers.pages.all_of(SoldPage)} == {"5001": 0, "3201": 75_000}


@pytest.mark.parametrize(("code", "region"), [("H50010600012", "5001"), ("PHARMACY-3", ""), ("H9999990001", "")])
def test_without_a_record_it_is_in_the_region_of_its_code(code: str, region: str) -> None:
    gateway = Gateway(code)
    engine = EngineRun(rules=[]).take([bought(gateway, day, 10) for day in range(4)]).mark(moment(9, 1))
    [peers] = [stage for stage in engine.pipeline.stages if stage.name == "peers"]
    assert {page.region for page in peers.pages.all_of(SoldPage)} == {region}


# -- what of it was given in stays ----------------------------------------------------------------------------------


def dose(gateway: Gateway, visit: str, day: int, *, hour: int = 10, sent: int = -1) -> bytes:
    """Five packs at 25 yuan for one who lies there; sent on that day unless said."""
    at = moment(day, hour)
    lines = [Billed(f"{visit}-{day}-{hour}", at, TABLETS, 5.0, 125.0)]
    return gateway.bill(at if sent < 0 else moment(sent, hour), "P1", visit, lines)


def in_stays(engine: EngineRun) -> dict[str, InStays]:
    """By month: what the peers' stage was told of stays."""
    [peers] = [stage for stage in engine.pipeline.stages if stage.name == "peers"]
    return {
        name_of(month): known.in_stays for page in peers.pages.all_of(SoldPage) for month, known in page.months.items()
    }


def test_a_stay_counts_once_a_month_however_many_doses_it_has() -> None:
    gateway = Gateway()
    sent = [dose(gateway, visit, day) for day in range(27, 36) for visit in ("M1", "M2")]
    sent += [bought(gateway, 35, 5, hour=11)]
    engine = EngineRun(rules=[]).take(sent).mark(moment(45))
    assert in_stays(engine) == {
        "2026-03": InStays(6, 75_000, 2),
        "2026-04": InStays(12, 150_000, 2),
    }  # April 1st is day 30
    assert sold(engine)["2026-04"] == (65, 162_500, 13)


def test_a_stay_counts_where_its_first_dose_lies_whichever_comes_last() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([bought(gateway, 0, 10), dose(gateway, "M1", 7), dose(gateway, "M1", 8)])
    engine.mark(moment(9, 1))
    assert in_stays(engine) == {"2026-03": InStays()}
    engine.take([dose(gateway, "M1", 5, sent=9)]).mark(moment(9, 12))
    assert in_stays(engine) == {"2026-03": InStays(1, 12_500, 1)}
    engine.mark(moment(17))
    assert in_stays(engine) == {"2026-03": InStays(3, 37_500, 1)}


def test_what_of_a_stay_is_taken_back_leaves_nothing_of_it() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([bought(gateway, 0, 10), dose(gateway, "M1", 3), dose(gateway, "M1", 4)])
    engine.take([gateway.cancel_lines(moment(5), "P1", "M1", ["M1-3-10"])])
    assert list(item_page(engine).in_stays.values()) == [(1, 12_500, 1)]
    engine.take([gateway.cancel_lines(moment(6), "P1", "M1")])
    assert item_page(engine).in_stays == {}


# -- what counts in a group -----------------------------------------------------------------------------------------


def group_of(members: dict[str, int]) -> Pages:
    """Members that served so many cases each, at 100 yuan."""
    pages = Pages({}, KINDS)
    for institution, cases in members.items():
        sizes = {CASES: size_bin(cases), BILL: size_bin(cases * 10_000)}
        month = Month(
            THROUGH, 7, DayCounts(visits=cases, total=cases * 10_000), CaseMix(), CaseMix(), {}, (GROUP,), sizes=sizes
        )  # fmt: skip
        page = MemberPage(institution=institution, region="5001", newest_day=THROUGH, months={MONTH: month})
        pages.put(member_key("5001", institution), page)
        count_in(pages, GROUP, MONTH, {}, sizes)
    return pages


def tell(
    pages: Pages, institution: str, fen: int, *, item: str = "X1", sales: int = 50, given: InStays = NO_STAYS
) -> SoldPage:  # fmt: skip
    """The institution's item counts with so much."""
    page = SoldPage(institution=institution, region="5001", item=item)
    page.months[MONTH] = SoldMonth(THROUGH, 1, 100_000, fen, sales, in_stays=given)
    measure_item(pages, page, pages.get(MemberPage, member_key("5001", institution)), MONTH)
    return page


def judge(pages: Pages, page: SoldPage) -> SoldMonth:
    compare_item(pages, page, pages.get(MemberPage, member_key("5001", page.institution)), MONTH)
    return page.months[MONTH]


def six(**fen: int) -> SoldMonth:
    """Six members of a hundred cases each; of whom H1 is judged, and the others have what is said, or told nothing."""
    pages = group_of({f"H{number}": 100 for number in range(1, 7)})
    pages_of = {institution: tell(pages, institution, money) for institution, money in fen.items()}
    return judge(pages, pages_of["H1"])


def test_who_told_nothing_counts_as_if_he_had_just_what_would_be_told() -> None:
    month = six(H1=1_000_000)
    assert month.far is not None
    assert (month.far.compared.peers, month.far.sellers) == (5, 0)
    assert month.far.compared.expected == pytest.approx(log(TELLING / 100), abs=0.05)


def test_who_is_told_with_less_than_that_counts_as_if_he_had_told_nothing() -> None:
    silent, cheap = six(H1=1_000_000), six(H1=1_000_000, H2=TELLING - 1, H3=0)
    assert cheap == silent


def test_a_drug_that_only_one_place_has_is_compared_with_all_that_have_none() -> None:
    some, nobody = six(H1=1_000_000, H2=200_000, H3=200_000, H4=200_000), six(H1=1_000_000)
    assert some.far is not None
    assert nobody.far is not None
    assert some.far.compared.peers == nobody.far.compared.peers == 5
    assert nobody.far.compared.deviation > some.far.compared.deviation


def test_chance_is_that_of_courses_not_of_daily_lines() -> None:
    """To the square of 0.4, the spread of five like peers, fifty sales add 1.5/50, fifty lines of two stays 2/2."""
    spreads = []
    for given in (NO_STAYS, InStays(50, 1_000_000, 2), InStays(50, 1_000_000, 50), InStays(25, 500_000, 25)):
        pages = group_of({f"H{number}": 100 for number in range(1, 7)})
        seen = judge(pages, tell(pages, "H1", 1_000_000, given=given)).far
        assert seen is not None
        spreads.append((seen.compared.value - seen.compared.expected) / seen.compared.deviation)
    variances = [spread**2 - 0.16 for spread in spreads]
    assert variances == pytest.approx([1.5 / 50, 2 / 2, 2 / 50, 0.25 * 1.5 / 25 + 0.25 * 2 / 25], abs=1e-9)


def test_one_other_that_does_the_same_hides_nothing() -> None:
    alone = six(H1=1_000_000, H2=60_000, H3=60_000, H4=60_000, H5=60_000, H6=60_000)
    with_another = six(H1=1_000_000, H2=60_000, H3=60_000, H4=60_000, H5=60_000, H6=1_500_000)
    assert alone.far is not None
    assert with_another.far is not None
    assert with_another.far.upper == alone.far.upper
    assert with_another.far.above == 1


def test_what_most_of_a_group_do_is_usual() -> None:
    month = six(H1=1_000_000, H2=900_000, H3=1_100_000, H4=1_000_000, H5=60_000, H6=60_000)
    assert month.far is None
    assert month.usual is not None


def test_a_brand_that_stands_for_others_is_known_by_its_class() -> None:
    """Each member has a brand of its own of one class, of another only the first has any."""
    pages = group_of({f"H{number}": 100 for number in range(1, 7)})
    brands = [tell(pages, f"H{number}", 1_000_000, item=f"XC08CA{number:03d}") for number in range(1, 7)]
    pushed = tell(pages, "H1", 1_000_000, item="XA02BC001")
    own, alone = judge(pages, brands[0]).far, judge(pages, pushed).far
    assert own is not None
    assert alone is not None
    assert own.compared.deviation == pytest.approx(alone.compared.deviation)
    assert own.kin == pytest.approx(0, abs=0.1)
    assert alone.kin > 3


def test_few_peers_are_none() -> None:
    pages = group_of({f"H{number}": 100 for number in range(1, 5)})
    assert not judge(pages, tell(pages, "H1", 1_000_000)).has_peers


def test_a_large_member_is_compared_by_the_case() -> None:
    pages = group_of({"H1": 1_000} | {f"H{number}": 100 for number in range(2, 7)})
    page = tell(pages, "H1", 1_000_000)
    for number in range(2, 7):
        tell(pages, f"H{number}", 100_000)
    month = judge(pages, page)
    assert month.far is None
    assert month.usual is not None
    assert month.usual[0] == pytest.approx(month.usual[1], abs=0.05)


def test_what_is_taken_back_leaves_nothing() -> None:
    pages = group_of({f"H{number}": 100 for number in range(1, 7)})
    page = tell(pages, "H1", 1_000_000)
    page.months[MONTH].fen = 0
    measure_item(pages, page, pages.get(MemberPage, member_key("5001", "H1")), MONTH)
    of_item, of_kin = (pages.get(ItemSpreadPage, f"Q{GROUP}\0{name}".encode()) for name in ("X1", "\0X1"))
    assert of_item is not None
    assert of_kin is not None
    [ranks] = pages.all_of(RankPage)
    assert of_item.months == of_kin.months == ranks.months == {MONTH: {}}


def test_ten_thousand_members_take_no_more_room_than_their_bins() -> None:
    sizes = {f"H{number}": 50 + number % 977 for number in range(10_000)}
    pages = group_of(sizes)
    for number, institution in enumerate(sizes):
        tell(pages, institution, TELLING + 1_000 * (number % 499))
    assert [len(encode_page(page)) < 4_000 for page in pages.all_of(ItemSpreadPage)] == [
        True
    ] * 3  # its class, and their sizes


def test_a_page_is_written_only_where_a_count_has_changed() -> None:
    pages = Pages({}, KINDS)
    count_in(pages, GROUP, MONTH, {}, {CASES: 3, BILL: 7})
    pages.flush()
    count_in(pages, GROUP, MONTH, {CASES: 3, BILL: 7}, {CASES: 3, BILL: 7})
    assert pages.flush() == []
    count_in(pages, GROUP, MONTH, {CASES: 3, BILL: 7}, {CASES: 4, BILL: 7})
    assert rows_of(pages, GROUP, MONTH) == {CASES: {4: 1}, BILL: {7: 1}}
    assert len(pages.flush()) == 1


def test_who_counted_in_a_month_that_is_forgotten_counts_whole() -> None:
    pages = Pages({}, KINDS)
    count_in(pages, GROUP, MONTH, {CASES: 3, BILL: 7}, {CASES: 3, BILL: 8})
    assert rows_of(pages, GROUP, MONTH) == {CASES: {3: 1}, BILL: {8: 1}}


def test_a_rank_is_by_money_among_what_the_institution_told_of() -> None:
    pages = group_of({f"H{number}": 100 for number in range(1, 7)})
    dearest, middle, least = (tell(pages, "H1", fen, item=f"X{fen}") for fen in (900_000, 300_000, 100_000))
    assert [judge(pages, page).rank for page in (dearest, middle, least)] == [1, 2, 3]
    assert judge(pages, least).before == 0, "nothing is known of the month before"


# -- versions and order ---------------------------------------------------------------------------------------------


def told(through: int, offset: int, fen: int) -> ItemMonth:
    return ItemMonth("H1", "5001", "X1", MONTH, through, 0, offset, (through + 4) * DAY, 1_000, fen, 1)


def test_an_older_snapshot_changes_nothing() -> None:
    pages = group_of({"H1": 100})
    now = (THROUGH + 12) * DAY
    for message in (
        told(THROUGH, 5, 60_000),
        told(THROUGH + 7, 5, 70_000),
        told(THROUGH, 6, 10),
        told(THROUGH + 7, 4, 20),
    ):
        post_item(pages, message, now)
    page = pages.get(SoldPage, sold_key("5001", "H1", "X1"))
    assert page is not None
    assert page.months[MONTH].fen == 70_000
    assert 60 <= page.measure_at - next_look(now).at < 60 + 10 * HOUR


@pytest.mark.parametrize("partitions", [1, 4, 16])
@pytest.mark.parametrize("name", ["hit-pushed-from-the-beginning", "hit-risen-to-the-top", "late-settlements"])
def test_partitions_and_doubles_change_nothing(name: str, partitions: int) -> None:
    references, sent = story(GOLDEN / f"{name}.jsonl")
    doubled = [message for message in sent[:-1] for _ in range(2)]
    run = EngineRun(references, partitions=partitions).take(doubled, batch=20).mark(moment(11))
    assert run.open_alerts() == EngineRun(references).take(sent).mark(moment(11)).open_alerts() != {}


def test_it_goes_on_alike_from_saved_pages() -> None:
    references, sent = story(GOLDEN / "late-settlements.jsonl")
    whole = EngineRun(references).take(sent, batch=1)
    for cut in (1, len(sent) // 2, len(sent) - 10, len(sent) - 1):
        engine = EngineRun(references)
        records = [engine.record(message) for message in sent]
        engine.take_records(records[:cut], batch=1)
        engine.pipeline.save()
        again = EngineRun(references, stores=engine.stores)
        again.take_records(records[max(cut - 20, 0) :], batch=1)
        assert engine.then(again).open_alerts() == whole.open_alerts() != {}
