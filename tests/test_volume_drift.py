"""Is what weeks of an item stray beyond chance told from what chance makes them stray?"""

from __future__ import annotations

import pytest

from benchmarks.made_series import Made, made_series
from detectors.models.baseline import VolumeBaseline
from tests.item_days import FIRST_DAY


def drifts(mean: int, drift: float) -> list[float]:
    """What forty baselines have learned after sixteen weeks of a custom that moves by so much."""
    found = []
    for seed in range(40):
        model = VolumeBaseline()
        for number, packs in enumerate(made_series(Made("none", 1), mean, 112, seed, drift)):
            model.learn(FIRST_DAY + number, packs)
        found.append(model.drift)
    return found


@pytest.mark.parametrize("mean", [3, 10, 30])
def test_what_chance_makes_weeks_stray_is_no_drift(mean: int) -> None:
    """Of lines of one to three packs; 0.025, 0.015 and 0.009 while weeks that strayed less than chance did not count."""
    assert sum(drifts(mean, 0.0)) / 40 < 0.011


def test_custom_that_moves_is_a_drift() -> None:
    assert sum(drifts(100, 0.2)) > 3 * sum(drifts(100, 0.0))
