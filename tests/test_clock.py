"""How far time has come: one sender's clock moves nobody else's, and the slowest partition holds the watermark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.engine.clock import BEGINNING, StreamClock, Watermark
from detectors.engine.page import decode_page, encode_page
from schemas.china_time import DAY, HOUR
from schemas.snapshots import Mark
from tests.wire_messages import moment

NOW = moment(10, 9)


def clock_at(now: int = NOW) -> StreamClock:
    """Two institutions have spoken."""
    clock = StreamClock()
    clock.hear("a", now - 60)
    clock.hear("b", now)
    return clock


def test_time_begins_with_the_first_word() -> None:
    clock = StreamClock()
    assert clock.now == BEGINNING
    assert clock.hear("a", NOW)
    assert clock.now == NOW


def test_time_is_the_largest_that_was_said_and_never_goes_back() -> None:
    clock = clock_at()
    assert clock.hear("a", NOW - 5 * HOUR)
    assert clock.hear("c", NOW + HOUR)
    assert clock.now == NOW + HOUR


def test_one_institution_alone_does_not_move_time_by_more_than_a_day() -> None:
    clock = clock_at()
    assert not clock.hear("c", NOW + 30 * DAY)
    assert clock.now == NOW
    assert clock.hear("c", NOW + DAY)
    assert clock.now == NOW + DAY


def test_a_second_one_is_believed_as_far_as_the_two_agree() -> None:
    clock = clock_at()
    assert not clock.hear("c", NOW + 30 * DAY)
    assert clock.hear("b", NOW + 20 * DAY)
    assert clock.now == NOW + 20 * DAY


def test_the_same_one_saying_it_again_is_still_one() -> None:
    clock = clock_at()
    for days in range(2, 40):
        assert not clock.hear("c", NOW + days * DAY)
    assert clock.now == NOW


def test_where_nobody_else_has_spoken_within_a_day_a_jump_is_a_gap() -> None:
    clock = StreamClock()
    clock.hear("a", NOW)
    assert clock.hear("a", NOW + 400 * DAY)
    assert clock.now == NOW + 400 * DAY


def test_a_mark_is_the_platforms_own_word() -> None:
    clock = clock_at()
    clock.hear_mark(NOW + 300 * DAY)
    assert clock.now == NOW + 300 * DAY
    clock.hear_mark(NOW)
    assert clock.now == NOW + 300 * DAY


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 90 * DAY))))
def test_time_never_goes_back_and_is_never_ahead_of_all_that_was_said(said: list[tuple[str, int]]) -> None:
    clock, newest = StreamClock(), BEGINNING
    for institution, time in said:
        before = clock.now
        clock.hear(institution, time)
        newest = max(newest, time)
        assert before <= clock.now <= newest


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9 * DAY))), st.integers(0, 100))
def test_a_saved_clock_goes_on_alike(said: list[tuple[str, int]], cut: int) -> None:
    clock, restored = StreamClock(), StreamClock()
    for number, (institution, time) in enumerate(said):
        if number == cut:
            restored = decode_page(StreamClock, encode_page(restored))
        assert clock.hear(institution, time) == restored.hear(institution, time)
    assert clock == restored


def test_a_clock_of_ten_thousand_speakers_is_as_small_as_one_of_a_hundred() -> None:
    sizes = []
    for speakers in (100, 10_000):
        clock = StreamClock()
        for number in range(speakers):
            clock.hear(f"H{number:011d}", NOW + number)
        sizes.append(len(encode_page(clock)))
    assert sizes[1] <= sizes[0] + 64 * 20


def test_a_hundred_wrong_clocks_are_not_kept_for_ever() -> None:
    """Each of its own mind, a day apart: two that agree are believed, and who was overtaken is forgotten."""
    clock = clock_at()
    for number in range(10_000):
        clock.hear(f"H{number:011d}", NOW + 2 * DAY)
    assert clock.now == NOW + 2 * DAY
    assert len(encode_page(clock)) < 4_000


def test_the_watermark_is_the_least_of_all_sources_and_waits_for_each() -> None:
    watermark = Watermark()
    assert watermark.post(Mark(0, NOW, 0, 7))
    assert watermark.now(2) == BEGINNING
    assert watermark.post(Mark(1, NOW - DAY, 1, 7))
    assert watermark.now(2) == NOW - DAY
    assert not watermark.post(Mark(1, NOW - 2 * DAY, 1, 7))
    assert watermark.post(Mark(1, NOW + DAY, 1, 7))
    assert watermark.now(2) == NOW
    assert watermark.moved_by == (1, 7)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100)), max_size=40), st.randoms(use_true_random=False))
def test_marks_give_the_same_watermark_in_any_order(marks: list[tuple[int, int]], chance: object) -> None:
    ordered, shuffled = Watermark(), Watermark()
    for source, time in marks:
        ordered.post(Mark(source, time, 0, 0))
    again = [*marks, *marks]
    chance.shuffle(again)  # type: ignore[attr-defined]
    for source, time in again:
        shuffled.post(Mark(source, time, 0, 0))
    assert ordered.now(4) == shuffled.now(4)


def test_of_two_who_jump_the_one_that_is_nearly_as_far_is_believed_at_once() -> None:
    clock = clock_at()
    assert not clock.hear("c", NOW + 3 * DAY)
    assert clock.hear("d", NOW + 3 * DAY + 22 * HOUR)
    assert clock.now == NOW + 3 * DAY + 22 * HOUR


def test_who_agreed_with_another_has_spoken_and_a_third_is_doubted_still() -> None:
    clock = clock_at()
    assert not clock.hear("c", NOW + 3 * DAY)
    assert not clock.hear("d", NOW + 900 * DAY)
    assert clock.now == NOW + 3 * DAY
    assert not clock.hear("d", NOW + 900 * DAY)
    assert clock.now == NOW + 3 * DAY


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 12 * DAY))))
def test_a_word_that_comes_twice_moves_time_no_further_than_once(said: list[tuple[str, int]]) -> None:
    once, twice = StreamClock(), StreamClock()
    for institution, time in said:
        believed = once.hear(institution, time)
        assert twice.hear(institution, time) == believed
        assert twice.hear(institution, time) == believed
        assert twice.now == once.now
