"""Is the chance of so many refunds the binomial's, however many there are?"""

from __future__ import annotations

from fractions import Fraction
from math import comb, log10

import pytest

from detectors.by_person.refund_cycle.pairs import Cycle, Pair
from schemas.snapshots import Reference, Swipe

PAIR = Pair("V1", 0, Swipe("S1", 0, "03", 100, 100, 60, Reference("2102", "M1", 0), None), False)


@pytest.mark.parametrize(("made", "refunded"), [(1, 1), (3, 3), (10, 4), (40, 6), (200, 20)])
def test_it_is_the_binomials_tail(made: int, refunded: int) -> None:
    usual = Fraction(1, 20)
    exact = sum(comb(made, n) * usual**n * (1 - usual) ** (made - n) for n in range(refunded, made + 1))
    assert Cycle((PAIR,) * refunded, 0, made).improbability(0.05) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(("made", "refunded"), [(500, 500), (5_000, 5_000), (10_000, 9_000), (10_000, 0)])
def test_a_number_that_stands_for_many_persons_has_a_chance_too(made: int, refunded: int) -> None:
    chance = Cycle((PAIR,) * refunded, 0, made).improbability(0.05)
    assert 0 < chance <= 1
    assert -log10(chance) >= 0
