"""Is an item's rise held against the others' rise, whatever comes in which order, and is it bounded?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from detectors.books.expected_in_wave import CARRIED, expected_in_wave
from detectors.books.indicators import FUND, GROWTH
from detectors.books.item import TELLING, ItemPage
from detectors.books.item_among_peers import KinPage, SoldMonth, SoldPage, sold_key
from detectors.books.item_looks import post_item
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.books.item_wave import Wave, kept_waves, post_rise, week_before
from detectors.books.member import CaseMix, Compared, MemberPage, Month
from detectors.books.peer_calendar import days_of, first_day, month_of, part_of, parts_of
from detectors.books.peer_groups import SpreadPage
from detectors.books.rises_beside import LEAST_ITEMS, compare_rises, count_rises, told_rises
from detectors.books.volumes import THOUSAND
from detectors.engine.page import decode_page, encode_page
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.peer_days import DayCounts
from schemas.peer_items import ItemMonth, PartTold
from schemas.returns import LARGEST_RISE, NO_RISE, RoseBeside, decode_return, encode_return
from tests.engine_run import EngineRun
from tests.golden_cases import DETECTORS
from tests.item_days import FIRST_DAY, Watch
from tests.test_peers import story
from tests.wire_messages import moment

MONTH = month_of(moment(0) // DAY)
PARTS = parts_of(MONTH)
THROUGH = first_day(MONTH) + 6
KINDS = (MemberPage, SpreadPage, ItemSpreadPage, RankPage, SoldPage, KinPage)
GOLDEN = DETECTORS / "by_item/drug_volume/golden"
WAVES = (
    "correct-a-wave-at-eight-pharmacies",
    "wave-five-times-the-others-rise",
    "hit-three-of-twelve-together",
    "wave-that-was-taken-back",
    "correct-a-place-that-grows",
    "wave-five-times-its-own-rise",
)


def rose(part: int, rise: int, at: int = 10**9, members: int = 7) -> RoseBeside:
    return RoseBeside("P1", "X1", part, rise, members, at)


# -- an institution's own page ----------------------------------------------------------------------------------------


def steady(days: int = 60, packs: float = 5.0) -> ItemPage:
    watch = Watch()
    watch.days([packs] * days)
    return watch.page


def test_what_was_expected_is_that_of_four_weeks_before() -> None:
    watch = Watch()
    watch.days([5.0] * 60)
    part = part_of(FIRST_DAY + 60)
    before = week_before(watch.page.days, days_of(part).start)
    watch.days([50.0] * 20, FIRST_DAY + 60)  # what comes then teaches it nothing
    assert week_before(watch.page.days, days_of(part).start) == before
    assert before is not None
    assert sum(before) == pytest.approx(35_000, rel=0.02)


def test_a_history_that_cannot_be_judged_yet_has_no_baseline() -> None:
    page = steady(40)
    assert page.days.born == FIRST_DAY
    first = next(day for day in range(FIRST_DAY, FIRST_DAY + 40) if week_before(page.days, day) is not None)
    assert page.days.history(first) == 14
    assert not post_rise(page.waves, page.days, rose(part_of(FIRST_DAY), 2_000))


def test_what_comes_twice_or_is_older_changes_nothing() -> None:
    page = steady()
    part = part_of(page.days.today)
    assert post_rise(page.waves, page.days, rose(part, 2_000, at=100))
    assert not post_rise(page.waves, page.days, rose(part, 2_000, at=100))
    assert not post_rise(page.waves, page.days, rose(part, 3_000, at=99))
    assert page.waves[part].rise == 2_000
    assert post_rise(page.waves, page.days, rose(part, NO_RISE, at=101, members=0))
    assert expected_in_wave(page.waves, page.days.today) == 0.0


def test_the_newest_rise_is_carried_on_for_two_weeks_or_until_another_is_told() -> None:
    part = part_of(FIRST_DAY + 60)
    waves = {part: Wave(2_000, 7, 1, (5_000,) * 7)}
    last = days_of(part)[-1]
    assert expected_in_wave(waves, days_of(part).start - 1) == 0.0
    assert [expected_in_wave(waves, day) for day in (last, last + 1, last + CARRIED)] == [10.0, 10.0, 10.0]
    assert expected_in_wave(waves, last + CARRIED + 1) == 0.0
    waves[part + 1] = Wave(NO_RISE, 0, 2, (5_000,) * 7)
    assert [expected_in_wave(waves, day) for day in (last, last + 1)] == [10.0, 0.0]


def test_a_page_keeps_the_waves_of_the_days_that_it_keeps() -> None:
    watch = Watch()
    day = watch.days([5.0] * 60)
    for _ in range(300):
        post_rise(watch.page.waves, watch.page.days, rose(part_of(day), 2_000, at=day))
        day = watch.days([5.0], day)
    assert 12 <= len(watch.page.waves) <= 16
    assert watch.page.waves == kept_waves(watch.page.waves, watch.page.days)
    assert len(encode_page(watch.page)) < 4_000
    assert decode_page(ItemPage, encode_page(watch.page)).waves == watch.page.waves


def test_what_is_forgotten_changes_no_alert_that_a_wave_has_changed() -> None:
    """Days on which the item rose lie back further and further; what stands of them goes on as it was."""
    watch = Watch()
    day = watch.days([5.0] * 60 + [40.0] * 7)
    for part in {part_of(each) for each in range(FIRST_DAY + 60, day)}:
        post_rise(watch.page.waves, watch.page.days, rose(part, 2_000, at=day))
    day = watch.days([5.0], day)
    (alert,) = watch.open
    assert next(m.value for m in alert.measures if m.name == "others_rise") == pytest.approx(2.0, abs=0.1)
    watch.days([5.0] * 120, day)
    (later,) = watch.open
    assert later.alert_id == alert.alert_id
    assert later.measures == alert.measures


# -- in the region ----------------------------------------------------------------------------------------------------


def region(quotients: Iterable[float], expected: int = 100 * THOUSAND, fen: int = 5 * TELLING) -> list[SoldPage]:
    """Sellers who told so many times what they expected of the month's first part; the pages behind them are ``pages``."""
    found = []
    for number, quotient in enumerate(quotients, 1):
        packs = round(expected * quotient)
        page = SoldPage(institution=f"P{number}", region="5001", item="X1")
        parts = (PartTold(0, packs, expected),)
        page.months[MONTH] = SoldMonth(THROUGH, 1, packs, round(fen * quotient), 9, parts=parts)
        found.append(page)
    return found


def told_to(sellers: list[SoldPage], which: int = 0, pages: Pages | None = None) -> list[tuple[int, int]]:
    """Rise and members that one of them hears of."""
    pages = pages or Pages({}, KINDS)
    for page in sellers:
        count_rises(pages, page, MONTH)
    return [(message.rise, message.members) for message in compare_rises(pages, sellers[which], None, MONTH, 1)]


def test_the_rise_is_the_median_of_the_others() -> None:
    [(rise, members)] = told_to(region([9.0, 1.0, 2.0, 2.0, 2.0, 5.0]))
    assert members == 5
    assert rise == pytest.approx(2_000, rel=0.03)


def test_three_that_rise_together_among_twelve_are_no_wave() -> None:
    for which in range(4):
        assert told_to(region([5.0, 5.0, 5.0, *[1.0] * 9]), which) == []


def test_three_others_are_too_few_and_four_are_enough() -> None:
    assert told_to(region([2.0] * 4)) == []
    assert len(told_to(region([2.0] * 5))) == 1


def test_a_rise_within_what_any_month_strays_is_not_told() -> None:
    assert told_to(region([1.2] * 8)) == []
    assert told_to(region([0.3] * 8)) == []


def test_whom_only_his_surge_made_tell_does_not_count() -> None:
    """Half of `TELLING` was to be expected of each."""
    assert told_to(region([3.0] * 8, fen=TELLING // 2)) == []
    assert told_to(region([3.0] * 8, fen=TELLING)) != []


RARE = {"fen": TELLING // 20, "expected": THOUSAND}  # a pack a week, for a twentieth of what is told: nobody's custom


def surging(quotient: float, before: int, now: int, known_since: int = MONTH - 1) -> list[tuple[int, int]]:
    """What the first of ``now`` sellers hears who told by their surge alone, ``before`` of whom had in the month before."""
    sellers, pages = region([quotient] * now, **RARE), Pages({}, KINDS)
    member = judged_by()
    member.months = dict.fromkeys(range(known_since, MONTH + 1), member.months[MONTH])
    for page in sellers[now - before :]:
        page.months[MONTH - 1] = page.months[MONTH]
        count_rises(pages, page, MONTH - 1)
        page.months[MONTH] = msgspec.structs.replace(page.months[MONTH], rises={})
    for page in sellers:
        count_rises(pages, page, MONTH)
    return [(message.rise, message.members) for message in compare_rises(pages, sellers[0], member, MONTH, 1)]


def test_a_rare_item_that_many_sell_at_once_is_a_wave() -> None:
    """Nobody's custom comes to what is told; of whom his surge made tell there are eleven others, where there was one."""
    [(rise, members)] = surging(30.0, before=1, now=12)
    assert members == 11
    assert rise == pytest.approx(30_000, rel=0.03)


@pytest.mark.parametrize(("before", "now"), [(4, 12), (0, 4)])
def test_as_many_as_ever_are_no_wave_nor_are_three_others(before: int, now: int) -> None:
    assert surging(30.0, before, now) == []


def test_at_the_beginning_of_a_history_nobody_is_known_to_have_told_less() -> None:
    assert surging(30.0, before=0, now=12) != []
    assert surging(30.0, before=0, now=12, known_since=MONTH) == []


def test_where_some_sell_it_by_custom_those_say_what_has_risen() -> None:
    sellers, pages = region([1.0] * 5) + region([30.0] * 12, **RARE), Pages({}, KINDS)
    member = judged_by()
    member.months[MONTH - 1] = member.months[MONTH]
    for number, page in enumerate(sellers):
        page.institution = f"P{number}"
        count_rises(pages, page, MONTH)
    assert compare_rises(pages, sellers[-1], member, MONTH, 1) == []


def beside(customary: Iterable[float], surged: Iterable[float]) -> list[tuple[int, int]]:
    """What the first of those hears whose custom comes to what is told."""
    sellers, pages = region(customary) + region(surged, **RARE), Pages({}, KINDS)
    for number, page in enumerate(sellers):
        page.institution = f"P{number}"
        count_rises(pages, page, MONTH)
    return [(message.rise, message.members) for message in compare_rises(pages, sellers[0], None, MONTH, 1)]


def test_two_customary_sellers_are_a_wave_where_others_surged_as_well() -> None:
    [(rise, members)] = beside([9.0, 4.0, 6.0], [8.0, 10.0, 12.0])
    assert members == 5
    assert rise == pytest.approx(4_000, rel=0.03)  # the lower of the two; all five have 8 in the middle


def test_nor_more_than_all_have_risen() -> None:
    [(rise, _)] = beside([9.0, 8.0, 8.0], [2.0, 2.0, 2.0])
    assert rise == pytest.approx(2_000, rel=0.03)


def test_surges_make_no_wave_where_custom_has_not_risen_nor_of_one_seller() -> None:
    assert beside([9.0, 1.0, 1.0], [8.0, 10.0, 12.0]) == []
    assert beside([9.0, 8.0], [8.0, 10.0, 12.0]) == []
    assert beside([9.0, 8.0, 8.0], [8.0]) == []


def test_who_is_nowhere_is_held_against_nobody() -> None:
    sellers = region([2.0] * 8)
    for page in sellers:
        page.region = ""
    assert told_to(sellers) == []


def test_a_rise_is_told_once_and_taken_back_when_it_is_none_any_more() -> None:
    pages, sellers = Pages({}, KINDS), region([2.0] * 6)
    assert len(told_to(sellers, 0, pages)) == 1
    assert told_to(sellers, 0, pages) == []
    for page in sellers[1:]:
        page.months[MONTH].parts = (PartTold(0, 100 * THOUSAND, 100 * THOUSAND),)
    assert told_to(sellers, 0, pages) == [(NO_RISE, 0)]
    assert [(one.rise, one.part) for one in told_rises(sellers[0], MONTH)] == [(NO_RISE, PARTS[0])]


def test_the_part_after_a_rise_is_told_though_it_has_none_once_it_has_closed() -> None:
    pages, sellers = Pages({}, KINDS), region([2.0] * 6)
    told_to(sellers, 0, pages)
    for page in sellers:
        month = page.months[MONTH]
        month.through, month.parts = THROUGH + 7, (*month.parts, PartTold(1, 100 * THOUSAND, 100 * THOUSAND))
    assert told_to(sellers, 0, pages) == [(NO_RISE, 0)]


def test_what_is_taken_back_leaves_nothing() -> None:
    pages, sellers = Pages({}, KINDS), region([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    told_to(sellers[:5], 0, pages)
    key = ItemSpreadPage.prefix + b"5001\0X1"
    before = encode_page(pages.get(ItemSpreadPage, key) or ItemSpreadPage())
    count_rises(pages, sellers[5], MONTH)
    assert encode_page(pages.get(ItemSpreadPage, key) or ItemSpreadPage()) != before
    sellers[5].months[MONTH].parts = ()
    count_rises(pages, sellers[5], MONTH)
    assert encode_page(pages.get(ItemSpreadPage, key) or ItemSpreadPage()) == before


def test_a_month_that_is_sent_again_is_answered_again() -> None:
    """The page of the item may have been lost with what it was told."""
    pages = Pages({}, KINDS)
    sellers = region([2.0] * 6)
    pages.put(sold_key("5001", "P1", "X1"), sellers[0])
    told_to(sellers, 0, pages)
    month = sellers[0].months[MONTH]
    again = ItemMonth(
        "P1",
        "5001",
        "X1",
        MONTH,
        THROUGH,
        0,
        1,
        (THROUGH + 4) * DAY,
        month.packs,
        month.fen,
        9,
        month.in_stays,
        month.parts,
    )
    posted = post_item(pages, again, (THROUGH + 5) * DAY)
    assert posted is not None
    assert [one.rise for one in posted.rises] == [month.told[PARTS[0]].rise]


def test_however_large_a_rise_is_it_can_be_told() -> None:
    sellers = region([1.0] * 8, expected=1)
    for page in sellers:
        month = page.months[MONTH]
        month.packs, month.fen, month.parts = 10**15, 10**15 * TELLING, (PartTold(0, 10**15, 1),)
    [(rise, _)] = told_to(sellers)
    assert rise == LARGEST_RISE
    message = rose(PARTS[0], rise)
    assert decode_return(encode_return(message)) == message


# -- at its own place -------------------------------------------------------------------------------------------------


def shelf(quotients: Iterable[float]) -> list[SoldPage]:
    """Items of one institution, each so many times what was expected of it."""
    found = region(quotients)
    for number, page in enumerate(found):
        page.institution, page.item = "P1", f"X{number}"
    return found


def judged_by(*indicators: str) -> MemberPage:
    """The institution beside its peers, by these indicators."""
    member = MemberPage(institution="P1", region="5001")
    seen = {name: Compared(1.0, 1.0, 0.0, 2.0, 0.0, "5001 B100", 7) for name in indicators}
    member.months[MONTH] = Month(THROUGH, 7, DayCounts(), CaseMix(), CaseMix(), seen=seen)
    return member


def told_at_place(items: list[SoldPage], member: MemberPage | None) -> list[tuple[int, int]]:
    """Rise and number of its institution's other items that the first one hears of."""
    pages = Pages({}, KINDS)
    for page in items:
        count_rises(pages, page, MONTH)
    return [(message.place_rise, message.items) for message in compare_rises(pages, items[0], member, MONTH, 1)]


@pytest.mark.parametrize("indicator", [FUND, GROWTH])
def test_the_rise_of_the_place_is_the_median_of_its_other_items(indicator: str) -> None:
    [(rise, items)] = told_at_place(shelf([9.0, *[1.0] * 4, *[2.0] * 7]), judged_by(indicator))
    assert items == 11
    assert rise == pytest.approx(2_000, rel=0.03)


def test_a_few_that_are_pushed_are_no_growth_of_the_place() -> None:
    assert told_at_place(shelf([5.0] * 6 + [1.0] * 7), judged_by(FUND)) == []


def test_nine_others_are_too_few_and_ten_are_enough() -> None:
    assert told_at_place(shelf([2.0] * LEAST_ITEMS), judged_by(FUND)) == []
    assert len(told_at_place(shelf([2.0] * (LEAST_ITEMS + 1)), judged_by(FUND))) == 1


def test_where_nobody_asks_whether_the_place_grows_its_items_ring() -> None:
    for member in (None, MemberPage(institution="P1", region="5001"), judged_by("inpatient_share")):
        assert told_at_place(shelf([2.0] * 13), member) == []


def test_the_higher_rise_counts() -> None:
    part = part_of(FIRST_DAY + 60)
    both = {part: Wave(2_000, 7, 1, (5_000,) * 7, 3_000, 12)}
    assert expected_in_wave(both, days_of(part).start) == 15.0
    assert both[part].is_of_place
    assert not Wave(3_000, 7, 1, (5_000,) * 7, 2_000, 12).is_of_place


# -- all of it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partitions", [1, 4, 16])
@pytest.mark.parametrize("name", WAVES)
def test_partitions_and_doubles_change_nothing(name: str, partitions: int) -> None:
    references, sent = story(GOLDEN / f"{name}.jsonl")
    doubled = [message for message in sent[:-1] for _ in range(2)]
    run = EngineRun(references, partitions=partitions).take(doubled, batch=20).mark(moment(50))
    assert run.open_alerts() == EngineRun(references).take(sent[:-1]).mark(moment(50)).open_alerts()


@pytest.mark.parametrize(
    "name", ["wave-five-times-the-others-rise", "wave-that-was-taken-back", "wave-five-times-its-own-rise"]
)
def test_it_goes_on_alike_from_saved_pages_though_the_first_stage_was_slower(name: str) -> None:
    references, sent = story(GOLDEN / f"{name}.jsonl")
    whole = EngineRun(references).take(sent, batch=1)
    for cut in (len(sent) // 2, len(sent) - 30, len(sent) - 4, len(sent) - 1):
        engine = EngineRun(references)
        records = [engine.record(message) for message in sent]
        half = cut // 2
        engine.take_records(records[:half], batch=1)
        engine.pipeline.save()
        engine.take_records(records[half:cut], batch=1)
        engine.save_later_stages()
        again = EngineRun(references, stores=engine.stores_as_saved())
        again.take_records(records[half:], batch=1)
        assert engine.then(again).open_alerts() == whole.open_alerts() != {}


def test_a_wave_that_goes_on_rings_no_more_once_it_was_told() -> None:
    references, sent = story(GOLDEN / "correct-a-wave-at-eight-pharmacies.jsonl")
    engine = EngineRun(references).take(sent, batch=1)
    alerts = [alert for alert in engine.published if alert.rule == "drug_volume"]
    assert {alert.institution[-1] for alert in alerts} == {"1", "2"}
    assert {alert.raised_at[:10] for alert in alerts} == {"2026-04-05"}
    assert [alert.status for alert in engine.newest().values() if alert.rule == "drug_volume"] == ["retracted"] * 2
