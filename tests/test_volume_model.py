"""Does the baseline expect what is ordinary, and is surprise honest about how rare a volume is?"""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.models.baseline import ACCEPTANCE, Expected, SavedBaseline, VolumeBaseline, silence
from detectors.models.shape import shape_of
from detectors.models.spring_festival import is_quiet, is_unsettled
from detectors.models.tail import LARGEST, limit, surprise
from schemas.china_time import DAY, parse_time, weekday

MONDAY = parse_time("2024-03-04") // DAY
AMOUNTS = st.one_of(st.just(0.0), st.just(-0.0), st.just(1e300), st.floats(0, 1e300), st.floats(0, 100))


def learned(volumes: list[float]) -> VolumeBaseline:
    model = VolumeBaseline()
    for index, volume in enumerate(volumes):
        model.learn(MONDAY + index, volume)
    return model


def tail_of_negative_binomial(value: int, mean: float, variance: float) -> float:
    """P(Y ≥ value), summed term by term."""
    size = mean * mean / (variance - mean)
    share = mean / (mean + size)
    below = sum(
        math.exp(
            math.lgamma(k + size)
            - math.lgamma(size)
            - math.lgamma(k + 1)
            + size * math.log(1 - share)
            + k * math.log(share)
        )
        for k in range(value)
    )
    return 1 - below


@pytest.mark.parametrize(("mean", "variance"), [(0.3, 0.5), (2.0, 4.0), (30.0, 60.0), (30.0, 300.0)])
@pytest.mark.parametrize("times", [2, 3, 5])
def test_surprise_never_overstates_how_rare_a_volume_is(mean: float, variance: float, times: int) -> None:
    value = math.ceil(mean * times) + 1
    assert math.exp(-surprise(value, mean, variance)) >= tail_of_negative_binomial(value, mean, variance) - 1e-12


def test_a_z_score_of_four_is_no_surprise_for_a_rare_item() -> None:
    mean, variance = 0.3, 0.5
    value = mean + 4 * math.sqrt(variance)  # 3.1 packs
    assert surprise(value, mean, variance) < math.log(1000)


def test_the_limit_is_where_surprise_is_as_asked() -> None:
    for mean, variance in ((0.3, 0.5), (2.0, 2.0), (30.0, 300.0), (1e9, 1e12)):
        assert surprise(limit(mean, variance, 11.5), mean, variance) == pytest.approx(11.5, rel=0.02)


@given(value=AMOUNTS, mean=AMOUNTS, variance=AMOUNTS, nats=st.floats(1, 70))
def test_surprise_and_limit_are_finite_for_any_finite_input(
    value: float, mean: float, variance: float, nats: float
) -> None:
    assert 0 <= surprise(value, mean, variance) < math.inf
    assert 0 < limit(mean, variance, nats) < math.inf


@given(volumes=st.lists(AMOUNTS, max_size=60))
def test_the_baseline_is_finite_after_any_finite_history(volumes: list[float]) -> None:
    model = learned(volumes)
    for day in range(7):
        expected = model.expected(MONDAY + len(volumes) + day)
        assert all(math.isfinite(number) and number >= 0 for number in expected)
        assert expected.mean > 0
        assert math.isfinite(expected.variance(28))


@pytest.mark.parametrize("constant", [0.0, 1.0, 5.0, 1e9, 1e300])
def test_a_constant_history_is_expected_to_go_on(constant: float) -> None:
    model = learned([constant] * 60)
    expected = model.expected(MONDAY + 60)
    assert expected.mean == pytest.approx(max(min(constant, LARGEST), 0.02), rel=0.01)
    assert surprise(constant * 1.01, expected.mean, expected.variance()) < 1.0


@given(
    volumes=st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    cut=st.integers(0, 40),
)
def test_saved_and_restored_at_any_cut_it_goes_on_alike(volumes: list[float], cut: int) -> None:
    model = VolumeBaseline()
    for index, volume in enumerate(volumes):
        if index == cut:
            saved = msgspec.msgpack.encode(model.saved())
            model = VolumeBaseline.restored(msgspec.msgpack.decode(saved, type=SavedBaseline))
            assert msgspec.msgpack.encode(model.saved()) == saved
        model.learn(MONDAY + index, volume)
    assert model.saved() == learned(volumes).saved()


def test_closed_sundays_and_full_mondays_are_learned() -> None:
    week = [40.0, 20.0, 20.0, 20.0, 20.0, 20.0, 0.0]
    model = learned(week * 10)
    for day in range(MONDAY + 70, MONDAY + 77):
        assert model.expected(day).mean == pytest.approx(week[weekday(day)], abs=4)


def test_an_outlier_is_not_learned_whole() -> None:
    ordinary, spoilt = learned([10.0, 12.0, 8.0] * 20), learned([10.0, 12.0, 8.0] * 20)
    spoilt.learn(MONDAY + 60, 1_000.0)
    assert spoilt.level - ordinary.level < 0.05 * ordinary.level
    assert spoilt.lumpiness < 1.5 * ordinary.lumpiness


def test_a_change_that_lasts_becomes_the_new_level() -> None:
    model = learned([10.0, 12.0, 8.0] * 20)
    for day in range(ACCEPTANCE - 1):
        model.learn(MONDAY + 60 + day, 60.0)
    assert model.level < 20
    for day in range(ACCEPTANCE - 1, 40):
        model.learn(MONDAY + 60 + day, 60.0)
    assert model.level == pytest.approx(60, rel=0.1)


def test_a_monthly_box_is_still_expected_weeks_later() -> None:
    box = [0.0] * 27 + [900.0]
    model = learned(box * 8 + [0.0] * 20)
    expected = model.expected(MONDAY + 28 * 8 + 20)
    assert surprise(900, expected.mean, expected.variance()) < math.log(1e4)
    assert expected.lumpiness > 500


def test_uncertainty_shrinks_as_history_grows() -> None:
    early, late = learned([5.0, 7.0, 3.0] * 3), learned([5.0, 7.0, 3.0] * 20)
    assert early.expected(MONDAY + 9).spread > late.expected(MONDAY + 60).spread


def test_the_variance_of_a_window_holds_days_and_drift() -> None:
    # 7 days of mean 2: 3·14 = 42 from day to day, (0.1·14)² = 1.96 of drift
    assert Expected(2.0, 3.0, 0.1, 0.1).variance(7) == pytest.approx(43.96)


def test_the_days_around_spring_festival_are_known() -> None:
    festival = parse_time("2026-02-17") // DAY
    assert is_quiet(festival)
    assert is_quiet(festival - 1)
    assert not is_quiet(festival + 7)
    assert is_unsettled(festival - 14)
    assert not is_unsettled(festival - 15)
    assert is_unsettled(festival + 20)
    assert not is_unsettled(festival + 21)
    assert not is_unsettled(parse_time("2061-02-17") // DAY)


def test_the_holiday_does_not_pull_the_level_down() -> None:
    festival = parse_time("2026-02-17") // DAY
    model = VolumeBaseline()
    for day in range(festival - 60, festival + 7):
        model.learn(day, 2.0 if is_quiet(day) else 20.0)
    assert model.level > 17


def test_shapes_are_named_by_length_and_rise() -> None:
    assert shape_of([9.0, 0.0, 9.0]) == "spike"
    assert shape_of([3.0] * 13) == "surge"
    assert shape_of([1.5] * 14) == "level_shift"
    assert shape_of([1.0 * 1.015**day for day in range(60)]) == "ramp"


def test_empty_days_that_are_no_chance_teach_nothing_for_four_weeks() -> None:
    usual = learned([20.0] * 60).level
    assert learned([20.0] * 60 + [0.0] * 4).level < 0.95 * usual, "four days may be chance"
    assert learned([20.0] * 60 + [0.0] * 20).level == pytest.approx(usual, abs=0.01)
    assert learned([20.0] * 60 + [0.0] * 50).level < 0.6 * usual, "it is not used any more"
    assert learned([2.0, 0.0, 0.0] * 20 + [0.0] * 6).level < learned([2.0, 0.0, 0.0] * 20).level, (
        "six of a rare item are chance"
    )


def test_nothing_at_all_is_as_rare_as_of_a_poisson_where_it_is_no_more_spread() -> None:
    assert silence(7.0, 7.0) == pytest.approx(7.0, rel=0.01)
    assert silence(70.0, 700.0) == pytest.approx(70 / 9 * 2.3026, rel=0.01)
