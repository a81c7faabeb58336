"""Are an item's days counted so that order, corrections, lateness and saving change nothing that they should not?"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.books.item import MOST_CITED, ItemPage, item_key
from detectors.books.item_days import FORGOTTEN
from detectors.books.item_posting import post_volumes
from detectors.books.kept_days import KEPT, LAG
from detectors.books.volumes import VolumeDelta
from detectors.engine.page import decode_page, encode_page
from schemas.china_time import DAY, HOUR
from schemas.snapshots import Reference
from tests.item_days import FIRST_DAY

ITEM = "X1"
MESSAGE = Reference("2102", "M1", 0)


def blank() -> ItemPage:
    return ItemPage(institution="P1", item="X1")


def post(page: ItemPage, day: int, packs: float, at: int | None = None) -> None:
    change = VolumeDelta(ITEM, day, packs, round(packs * 100), MESSAGE)
    post_volumes(page, [change], day * DAY + 12 * HOUR if at is None else at)


def steady(days: int, packs: float = 5.0) -> ItemPage:
    page = blank()
    for day in range(FIRST_DAY, FIRST_DAY + days):
        post(page, day, packs)
    return page


def test_keys_tell_institutions_and_items_apart() -> None:
    assert item_key("P1", "2X") != item_key("P12", "X")
    assert item_key("P1", "X")[:1] == ItemPage.prefix


def test_a_correction_cancels_to_the_last_digit() -> None:
    page = steady(30)
    before = encode_page(page)
    parts = [0.1, 0.2, 0.3, 1e9, 0.7]
    day = FIRST_DAY + 29
    for part in parts:
        post(page, day, part)
    for part in reversed(parts):
        post(page, day, -part)
    page.days.pending, page.cited = decode_page(ItemPage, before).days.pending, {}
    undone = decode_page(ItemPage, before)
    undone.cited = {}
    assert encode_page(page) == encode_page(undone)


def test_what_is_judged_is_never_below_zero() -> None:
    page = steady(20)
    post(page, FIRST_DAY + 19, -50)
    assert page.days.volume(FIRST_DAY + 19) == 0
    assert page.days.told(FIRST_DAY + 19) == (0, 0)


def test_lines_are_counted_on_the_day_of_service() -> None:
    page = steady(20)
    post(page, FIRST_DAY + 17, 3, at=(FIRST_DAY + 19) * DAY + 18 * HOUR)
    assert page.days.volume(FIRST_DAY + 17) == 8
    assert page.days.volume(FIRST_DAY + 19) == 5
    assert page.days.volume(FIRST_DAY + 19, 3) == 18


def test_lines_after_72_hours_are_counted_and_not_learned() -> None:
    day = FIRST_DAY + 20
    end = (day + 1) * DAY
    on_time, late, none = steady(21), steady(21), steady(21)
    post(on_time, day, 4, at=end + 72 * HOUR)
    post(late, day, 4, at=end + 72 * HOUR + 1)
    for page in (on_time, late, none):
        page.advance(end + LAG * DAY)
    assert late.days.volume(day) == on_time.days.volume(day) == 9
    assert late.days.baseline == none.days.baseline
    assert late.days.baseline != on_time.days.baseline


def test_lines_for_a_closed_day_are_counted_and_not_learned() -> None:
    page = steady(40)
    learned = page.days.baseline.level
    post(page, FIRST_DAY + 10, 500, at=(FIRST_DAY + 39) * DAY + 20 * HOUR)
    assert page.days.volume(FIRST_DAY + 10) == 505
    assert page.days.baseline.level == learned


def test_a_day_closes_a_day_after_the_last_moment_for_its_lines() -> None:
    page = steady(20)
    day = FIRST_DAY + 19
    page.advance((day + LAG) * DAY - 1)
    assert page.days.learned == day - 1
    page.advance((day + LAG) * DAY)
    assert page.days.learned == day


def test_a_history_begins_with_the_first_volume_that_stands_when_its_day_is_closed() -> None:
    page = blank()
    post(page, FIRST_DAY, 5)
    assert page.days.born == FIRST_DAY
    post(page, FIRST_DAY, -5, at=(FIRST_DAY + 2) * DAY)
    assert page.days.born == -1
    assert page.days.history(FIRST_DAY + 60) == 0
    page.advance((FIRST_DAY + 60) * DAY)
    fresh = blank()
    for one in (page, fresh):
        post(one, FIRST_DAY + 60, 3)
        post(one, FIRST_DAY + 57, 2, at=(FIRST_DAY + 60) * DAY + 13 * HOUR)
    assert page.days == fresh.days
    assert page.days.born == FIRST_DAY + 57
    page.advance((FIRST_DAY + 57 + LAG) * DAY)
    post(page, FIRST_DAY + 57, -2, at=(FIRST_DAY + 57 + LAG) * DAY)
    assert page.days.born == page.days.first_day == FIRST_DAY + 57  # what was learned is not unlearned


@given(seed=st.integers(0, 10_000))
def test_what_is_taken_back_within_three_days_leaves_nothing_in_the_days(seed: int) -> None:
    chance = random.Random(seed)
    told: list[tuple[int, float, int, bool]] = []
    for _ in range(40):
        day, packs = (
            FIRST_DAY + chance.choice([0, 1, 2, 3, 20, 40]) + chance.randrange(9),
            chance.choice([1.0, 2.0, 30.0]),
        )
        at = day * DAY + chance.randrange(2 * DAY)
        is_ghost = chance.random() < 0.5
        told.append((day, packs, at, is_ghost))
        if is_ghost:
            told.append((day, -packs, at + chance.randrange(1, DAY), True))
    told.sort(key=lambda one: one[2])
    corrected, whole = blank(), blank()
    for day, packs, at, is_ghost in told:
        post(corrected, day, packs, at)
        if is_ghost:
            whole.advance(at)
        else:
            post(whole, day, packs, at)
    for page in (corrected, whole):
        page.advance((FIRST_DAY + 60) * DAY)
        if not any(page.days.volumes):  # none was true: such a page is forgotten, or there is none
            return
        page.days.active_day = 0
    assert corrected.days == whole.days


@given(seed=st.integers(0, 10_000))
def test_nothing_is_cited_of_which_nothing_stands(seed: int) -> None:
    """And a day's citations are few, whatever is billed, taken back and billed again."""
    chance = random.Random(seed)
    page, day = steady(30), FIRST_DAY + 30
    left = {Reference("2301", f"M{number}", 0): 0 for number in range(12)}
    for step in range(80):
        message = chance.choice(list(left))
        packs = -left[message] if left[message] and chance.random() < 0.6 else chance.choice([1, 5, 40])
        left[message] += packs
        post_volumes(page, [VolumeDelta(ITEM, day, packs, 0, message)], day * DAY + step)
        cited = page.cited.get(day)
        if cited is None:
            continue
        assert all(left[reference] > 0 for reference in cited.references)
        assert len(set(cited.references)) == len(cited.references) == len(cited.amounts) <= 2 * MOST_CITED
        assert (cited.crossing > 0) == (day in page.days.suspects)


@given(seed=st.integers(0, 10_000), eager=st.booleans())
def test_when_time_is_told_changes_nothing(seed: int, eager: bool) -> None:
    chance = random.Random(seed)
    told, untold = blank(), blank()
    time = FIRST_DAY * DAY
    for _ in range(60):
        time += chance.choice([600, HOUR, 9 * HOUR, DAY, 3 * DAY])
        change = VolumeDelta(
            ITEM, time // DAY - chance.choice([0, 0, 0, 1, 2, 6]), chance.choice([1, 2, 5, 40, -1]), 100, MESSAGE
        )
        if eager or chance.random() < 0.3:
            told.advance(time - chance.choice([0, 300]))
        post_volumes(told, [change], time)
        post_volumes(untold, [change], time)
        if chance.random() < 0.3:
            told.advance(time + 200)
    for page in (told, untold):
        page.advance(time + 9 * DAY)
    assert encode_page(told) == encode_page(untold)


@given(seed=st.integers(0, 10_000))
def test_small_disorder_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    moments = sorted(chance.randrange(FIRST_DAY * DAY, (FIRST_DAY + 50) * DAY) for _ in range(120))
    messages = [
        (at, VolumeDelta(ITEM, at // DAY - chance.choice([0, 0, 1, 3]), chance.choice([1, 2, 9]), 100, MESSAGE))
        for at in moments
    ]
    ordered, shuffled = blank(), blank()
    for page in (ordered, shuffled):  # the page begins on its first message, whichever way the rest comes
        post_volumes(page, [messages[0][1]], messages[0][0])
    for at, change in messages[1:]:
        post_volumes(ordered, [change], at)
    for at, change in sorted(messages[1:], key=lambda message: message[0] + chance.randrange(HOUR)):
        post_volumes(shuffled, [change], at)
    for page in (ordered, shuffled):
        page.advance((FIRST_DAY + 60) * DAY)
        page.cited = {}
    assert encode_page(ordered) == encode_page(shuffled)


@pytest.mark.parametrize("cut", [0, 1, 7, 14, 29, 44])
def test_saved_and_restored_it_goes_on_alike(cut: int) -> None:
    volumes = [5, 0, 7, 3, 0, 0, 40] * 7
    whole, halved = blank(), blank()
    for index, packs in enumerate(volumes):
        if index == cut:
            halved = decode_page(ItemPage, encode_page(halved))
        for page in (whole, halved):
            if packs:
                post(page, FIRST_DAY + index, packs)
    assert encode_page(whole) == encode_page(halved)


def test_numbers_are_told_when_the_day_is_over() -> None:
    page = steady(20)
    day = FIRST_DAY + 20
    post(page, day, 30, at=day * DAY + 9 * HOUR)
    post(page, day - 1, 2, at=day * DAY + 10 * HOUR)
    assert page.days.volume(day) == 30
    assert page.days.told(day) == (0, 0)
    assert page.days.told(day - 1) == (5, 500)
    page.advance((day + 1) * DAY)
    assert page.days.told(day) == (30, 3000)
    assert page.days.told(day - 1) == (7, 700)


def test_a_limit_does_not_move_while_its_day_runs() -> None:
    page = steady(30)
    day = FIRST_DAY + 29
    expected = page.days.expected(day)
    post(page, day, 500)
    post(page, day - 2, 100, at=day * DAY + 13 * HOUR)
    assert page.days.expected(day) == expected


def test_nothing_is_expected_before_anything_was_learned() -> None:
    page = steady(LAG)
    assert page.days.expected(FIRST_DAY + LAG - 1) is None
    assert steady(LAG + 1).days.expected(FIRST_DAY + LAG) is not None


def test_days_are_bounded_and_a_quiet_item_is_forgotten() -> None:
    short, long = steady(200), steady(800)  # sales are kept for 154 days
    assert len(encode_page(long)) <= len(encode_page(short)) + KEPT  # a day's spread takes a byte, or three
    assert len(long.days.volumes) <= KEPT + 4
    last = FIRST_DAY + 799
    assert long.forgets_at() == (last + FORGOTTEN) * DAY
    assert long.kept_from() <= (last - 50) * DAY


def test_a_page_is_small() -> None:
    assert len(encode_page(steady(200))) < 1_800


def test_days_that_are_not_kept_are_left_out_without_harm() -> None:
    page, now = steady(KEPT + 2), (FIRST_DAY + KEPT + 1) * DAY + 20 * HOUR
    before = page.days.volumes[:]
    post(page, FIRST_DAY, 50, at=now)
    post(page, FIRST_DAY + 500, 50, at=now)
    assert page.days.volumes == before


def test_lines_dated_tomorrow_are_judged_tomorrow() -> None:
    page = steady(40)
    tomorrow = FIRST_DAY + 40
    post(page, tomorrow, 400, at=tomorrow * DAY - HOUR)
    assert tomorrow not in page.days.suspects
    page.advance(tomorrow * DAY)
    assert tomorrow in page.days.suspects


@given(packs=st.lists(st.sampled_from([0.0, 1e-9, 1.0, 1e12, -1e12, 1e300]), min_size=1, max_size=80))
def test_any_finite_quantity_can_be_kept_and_saved(packs: list[float]) -> None:
    page = blank()
    for index, quantity in enumerate(packs):
        post_volumes(page, [VolumeDelta(ITEM, FIRST_DAY + index, quantity, 0, MESSAGE)], (FIRST_DAY + index) * DAY)
    page.advance((FIRST_DAY + len(packs) + LAG) * DAY)
    assert encode_page(decode_page(ItemPage, encode_page(page))) == encode_page(page)


def test_how_well_the_model_fits_is_counted_once() -> None:
    """Sales that vary by chance lie above the band on one day in twenty; after they have doubled for good, on most at first."""
    chance, page = random.Random(3), blank()
    for day in range(FIRST_DAY, FIRST_DAY + 400):
        post(page, day, sum(chance.random() < 0.2 for _ in range(100)))
    judged, above = page.take_judged()
    assert judged > 300
    assert 0.02 < above / judged < 0.08
    assert page.take_judged() == (0, 0)
    for day in range(FIRST_DAY + 400, FIRST_DAY + 414):
        post(page, day, sum(chance.random() < 0.4 for _ in range(100)))
    judged, above = page.take_judged()
    assert judged == 14
    assert above >= 7


def test_a_page_whose_suspects_are_over_and_of_which_nothing_waits_does_not_wake_at_midnight() -> None:
    page = ItemPage(institution="H1", item="X1")
    page.days.turn(FIRST_DAY + 9)
    page.days.suspects = [FIRST_DAY + 8]
    assert page.next_change() == page.forgets_at()
    page.days.suspects = [FIRST_DAY + 8, FIRST_DAY + 9]
    assert page.next_change() == (FIRST_DAY + 10) * DAY, "what ends today is told of tomorrow"
